"""Incidents: what went wrong in the field, which release decided it, and what was done about it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class IncidentKind(models.TextChoices):
    """What kind of thing happened."""

    SPOOF_ACCEPTANCE = "spoof_acceptance", "Attack accepted"


class IncidentStatus(models.TextChoices):
    """What is known of it; what it may become is in :mod:`releases.monitoring.incidents.stages`."""

    SUSPECTED = "suspected", "Suspected"
    CONFIRMED = "confirmed", "Confirmed"
    DISMISSED = "dismissed", "Dismissed"


class Attribution(models.TextChoices):
    """How it is known which release decided."""

    STAMP = "stamp", "by the stamp of the decision"
    ARM = "arm", "by the arm that the subject belonged to"
    ASSIGNMENT = "assignment", "by what alone answered then"
    UNKNOWN = "unknown", "not known: more than one release answered then"
    NONE = "none", "no release of ours answered then"


class Incident(Governed):
    """Something that happened on a channel and that a release answers for.

    ``decision`` is the id of the decision, and ``subject`` its pseudonym, where known. ``revision`` is the
    one that decided, null where ``attribution`` says that it is not known; ``possible`` then holds the ids
    of those that may have. ``evidence`` holds text, links and digests. ``missed_by`` names the criterion of
    ``evaluation`` that ought to have caught it; empty beside a ``missed_reason``: none was looking.
    """

    stream_prefix: ClassVar[str] = "incident"
    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=40, choices=IncidentKind)
    status = models.CharField(max_length=12, choices=IncidentStatus)
    decision = models.UUIDField(null=True)
    subject = models.CharField(max_length=200, blank=True)
    happened_at = models.DateTimeField()
    revision = models.ForeignKey(
        "releases.Revision", on_delete=models.PROTECT, null=True, related_name="incidents"
    )
    attribution = models.CharField(max_length=12, choices=Attribution)
    possible = models.JSONField(default=list)
    stage = models.CharField(max_length=30, blank=True)
    species = models.CharField(max_length=100, blank=True)
    evidence = models.JSONField()
    reported_at = models.DateTimeField()
    reported_by_username = models.CharField(max_length=150)
    status_changed_at = models.DateTimeField()
    status_changed_by_username = models.CharField(max_length=150)
    conclusion = models.TextField(blank=True)
    report_due_at = models.DateTimeField()
    report_filed_at = models.DateTimeField(null=True)
    report_filed_by_username = models.CharField(max_length=150, blank=True)
    report_reference = models.CharField(max_length=1000, blank=True)
    reminded_at = models.DateTimeField(null=True)
    evaluation = models.ForeignKey(
        "releases.GateEvaluation", on_delete=models.PROTECT, null=True, related_name="incidents"
    )
    missed_by = models.CharField(max_length=64, blank=True)
    missed_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-reported_at", "-id"]
        indexes = [
            models.Index(fields=["channel", "-happened_at"], name="incident_channel_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "kind"],
                condition=~Q(status=IncidentStatus.DISMISSED),
                name="incident_once_per_decision",
            ),
            models.CheckConstraint(
                condition=Q(status__in=IncidentStatus.values), name="incident_status_known"
            ),
            models.CheckConstraint(
                condition=Q(attribution__in=[Attribution.UNKNOWN, Attribution.NONE], revision__isnull=True)
                | Q(
                    attribution__in=[Attribution.STAMP, Attribution.ARM, Attribution.ASSIGNMENT],
                    revision__isnull=False,
                ),
                name="incident_attributed",
            ),
            models.CheckConstraint(
                condition=Q(missed_by="") | Q(evaluation__isnull=False), name="incident_criterion_of_a_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: {self.get_kind_display().lower()} on {self.channel}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()


class FollowUp(Governed):
    """Something that somebody is to do about an incident by a day."""

    stream_prefix: ClassVar[str] = "incident"
    stream_column: ClassVar[str] = "incident_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths(
        "incident__channel__system", channels="incident__channel"
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="follow_ups")
    text = models.TextField()
    owner = models.ForeignKey("governance.Account", on_delete=models.PROTECT, related_name="+")
    owner_username = models.CharField(max_length=150)
    due_at = models.DateTimeField()
    added_at = models.DateTimeField()
    added_by_username = models.CharField(max_length=150)
    done_at = models.DateTimeField(null=True)
    done_by_username = models.CharField(max_length=150, blank=True)
    outcome = models.TextField(blank=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]

    def __str__(self) -> str:
        return f"follow-up of {self.incident_id} by {self.owner_username}"

    def access_scope(self) -> AccessScope:
        """That of the incident."""
        return self.incident.access_scope()

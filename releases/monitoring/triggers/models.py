"""How each trigger of a rollout stands, what it remembers between evaluations, and what it read."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed
from releases.monitoring.triggers.vocabulary import Lack, Phase

PHASES = [(phase.value, phase.value.capitalize()) for phase in Phase]
LACKS = [("", "Nothing"), ("no_data", "No data"), ("error", "Error")]


class TriggerStatus(Governed):
    """A measured trigger of the plan on a deployment, for one segment ('' is everybody).

    ``action`` is what it asks for now, '' for nothing. ``evidence`` is what its last change rested on, with
    its digest: an override names that. ``ends`` with the deployment; rows are kept.
    """

    stream_prefix: ClassVar[str] = "trigger"
    access_paths: ClassVar[AccessPaths] = AccessPaths(
        "deployment__release__system", channels="deployment__channel"
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    deployment = models.ForeignKey(
        "releases.Deployment", on_delete=models.PROTECT, related_name="trigger_statuses"
    )
    key = models.CharField(max_length=100)
    segment = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=20)  # no choices: a new kind is data, not a migration
    phase = models.CharField(max_length=12, choices=PHASES, default=Phase.INACTIVE)
    lack = models.CharField(max_length=8, choices=LACKS, blank=True, default=Lack.NOTHING)
    action = models.CharField(max_length=10, blank=True)
    latched = models.BooleanField(default=False)
    stage_number = models.PositiveSmallIntegerField(default=1)
    since = models.DateTimeField()
    sentence = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    evidence_digest = models.CharField(max_length=71, blank=True)
    changed_at = models.DateTimeField()
    changes = models.PositiveIntegerField(default=0)
    fired_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_username = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-changed_at"]
        verbose_name = "trigger"
        constraints = [
            models.UniqueConstraint(fields=["deployment", "key", "segment"], name="trigger_status_once"),
            models.CheckConstraint(
                condition=Q(phase__in=[phase.value for phase in Phase]), name="trigger_phase_known"
            ),
            models.CheckConstraint(
                condition=Q(lack__in=[lack.value for lack in Lack]), name="trigger_lack_known"
            ),
            models.CheckConstraint(
                condition=Q(action__in=["", "rollback", "hold", "notify"]), name="trigger_action_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.segment})" if self.segment else self.key

    def access_scope(self) -> AccessScope:
        """The channel of the deployment."""
        return self.deployment.access_scope()


class TriggerMemory(models.Model):
    """What a trigger remembers between evaluations, and when it was last evaluated. ``inputs`` and
    ``checked_at`` change with whatever is counted, ``memory`` with each window that is judged, and ``kept``,
    which is long, once an hour and is read where late data are judged."""

    status = models.OneToOneField(
        TriggerStatus, on_delete=models.PROTECT, primary_key=True, related_name="memory"
    )
    memory = models.JSONField(default=dict)
    kept = models.JSONField(default=dict)
    inputs = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)
    sentence = models.TextField(blank=True)
    judged_to = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"memory of {self.status_id}"


class TriggerReading(models.Model):
    """What a trigger read of one window: one point of its chart. Late data write it anew."""

    id = models.BigAutoField(primary_key=True)
    status = models.ForeignKey(TriggerStatus, on_delete=models.PROTECT, related_name="readings")
    at = models.DateTimeField()  # the end of the window, or the time of the evaluation
    judgement = models.CharField(max_length=10)
    value = models.FloatField(null=True)
    bound = models.FloatField(null=True)
    control = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    log_e = models.FloatField(null=True)
    log_e_limit = models.FloatField(null=True)
    subjects = models.BigIntegerField(null=True)
    control_subjects = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["status", "at"], name="trigger_reading_once")]

    def __str__(self) -> str:
        return f"{self.status_id} {self.at:%F %T}"

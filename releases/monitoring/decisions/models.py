"""Decisions as the decision service reported them, in batches whose digests stand in the ledger.

A batch is governed: its entry in the channel's stream holds the digest of all its decisions. A decision is
written once, with its batch; the application has no right to change or remove one, and a row that somebody
else changed no longer fits its batch's digest.

Decisions lie in one partition per day of ``at``. A database key over all days would have to hold the day, so
that a decision is stored once is the key of :class:`DecisionKey`; ``decision_days_make`` makes the days,
``decision_days_drop`` takes them away and ``decision_days_thin`` some of their decisions: functions of the
owner, since the application may do none of this.
"""

import hashlib
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.canonical import canonical_bytes
from governance.ledger.models import Governed

DOCUMENT = (
    "id",
    "at",
    "stamp",
    "subject",
    "scores",
    "band",
    "outcome",
    "latency_ms",
    "sdk",
    "shadow",
    "attributes",
)


class DecisionOutcome(models.TextChoices):
    """What the subject met: retry asks for another capture; error is no decision at all."""

    ACCEPT = "accept", "Accepted"
    RETRY = "retry", "Asked to try again"
    REJECT = "reject", "Refused"
    ERROR = "error", "Ended with an error"


class DecisionBatch(Governed):
    """The decisions of one channel that one report brought. ``digest`` is the SHA-256 of their canonical
    lines, each with its line feed, in the order of their ids. ``report`` is shared by the batches of a call.
    """

    stream_prefix: ClassVar[str] = "channel"
    stream_column: ClassVar[str] = "channel_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    report = models.UUIDField()
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey("governance.Entry", on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    reported_by_username = models.CharField(max_length=150)
    decisions_count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    unknown_stamps = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=71)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["report", "channel"], name="decision_batch_once_per_channel"),
            models.CheckConstraint(
                condition=Q(decisions_count__gte=1), name="decision_batch_holds_decisions"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decisions_count} decisions on {self.channel_id}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()


class Decision(models.Model):
    """One decision about one capture; ``id`` and ``at`` are the decision service's own.

    ``stamp`` is what the service says decided: a manifest digest. ``revision`` is the one of the channel's
    system with that digest, and null for a stamp that is nobody's. ``band`` is the band that the score fell
    into, before attempts were counted. ``line_digest`` is of the canonical line.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="decisions")
    batch = models.ForeignKey(DecisionBatch, on_delete=models.PROTECT, related_name="decisions")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    stamp = models.CharField(max_length=100)
    revision = models.ForeignKey(
        "releases.Revision", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    subject = models.CharField(max_length=200)
    scores = models.JSONField()
    band = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=10, choices=DecisionOutcome)
    latency_ms = models.FloatField()
    sdk = models.CharField(max_length=200, blank=True)
    shadow = models.JSONField(null=True)
    attributes = models.JSONField(default=dict)
    line_digest = models.CharField(max_length=71)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["channel", "-at"], name="decision_channel_at"),
            models.Index(fields=["subject", "-at"], name="decision_subject"),
            models.Index(fields=["stamp", "-at"], name="decision_stamp"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=DecisionOutcome.values), name="decision_outcome_known"
            ),
            models.CheckConstraint(condition=Q(latency_ms__gte=0), name="decision_latency"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()

    def document(self) -> dict[str, Any]:
        """The decision as it was reported; what was left out and what was sent empty are one."""
        return {"channel": self.channel_id, **{name: getattr(self, name) for name in DOCUMENT}}

    def line(self) -> bytes:
        """The canonical line of the decision, with its line feed."""
        return canonical_bytes(self.document()) + b"\n"


class DecisionKey(models.Model):
    """That a decision is stored, and in which day to look for it. Written once, with the decision; forgotten
    only when decisions of its age are no longer taken, so that none comes back after its day is gone.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


def digest_of_lines(lines: list[bytes]) -> str:
    """SHA-256 over the lines as they follow one another."""
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line)
    return f"sha256:{whole.hexdigest()}"

"""What came of recomputing a sample of decisions: counts per window, and each one that came out otherwise.

No evidence of its own: every row can be computed again from the decisions, which are. Rows are written once,
counts only grow.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id


class BatchReplay(models.Model):
    """That the sample of a batch was replayed; so no decision counts twice. ``problem`` says why none could
    be, where it was given up.
    """

    batch = models.OneToOneField(
        "releases.DecisionBatch", on_delete=models.PROTECT, primary_key=True, related_name="replay"
    )
    replayed_at = models.DateTimeField()
    sampled = models.PositiveIntegerField()
    problem = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"replay of {self.batch_id}"


class ReplayFailure(models.Model):
    """That the replay of a batch failed, first at ``since``, and how; gone once the batch waits no longer."""

    batch = models.OneToOneField(
        "releases.DecisionBatch", on_delete=models.PROTECT, primary_key=True, related_name="replay_failure"
    )
    since = models.DateTimeField()
    problem = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.batch_id} cannot be replayed"


class ReplayWindow(models.Model):
    """Sampled decisions of one revision on a channel in [``starts_at``, ``starts_at`` + window).

    ``sampled`` holds all three: those that came out the same, otherwise (``mismatched``), and those that
    cannot be recomputed. ``revision`` is null for stamps that are nobody's.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    sampled = models.PositiveIntegerField(default=0)
    mismatched = models.PositiveIntegerField(default=0)
    not_replayable = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "revision", "starts_at"],
                nulls_distinct=False,
                name="replay_window_once",
            ),
            models.CheckConstraint(
                condition=Q(sampled__gte=F("mismatched") + F("not_replayable")), name="replay_window_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sampled} replayed from {self.starts_at:%F %R}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()


class ReplayMismatch(models.Model):
    """A decision that came out otherwise, with what differs; its trace recomputes it once more.

    ``id`` is that of the decision.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    difference = models.CharField(max_length=300)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["channel", "-at"], name="replay_mismatch_channel_at")]

    def __str__(self) -> str:
        return f"{self.id}: {self.difference}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()

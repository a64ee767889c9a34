"""What was counted, and what was reported ready-made.

Counts of decisions are no evidence of their own: they can be made again from the decisions, whose batches are
governed, and late data is said in the channel's stream. Windows that a decision service counted itself cannot
be made again, so they come in governed batches like decisions, and their rows are written once.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed
from releases.bundles.arms import Arm

ARMS = [(arm.value, arm.value.capitalize()) for arm in Arm]


class RollUp(models.Model):
    """How far a channel's decisions are counted.

    ``stream_seq`` is the place in the channel's stream up to which its batches are: entries of a stream
    follow one another in the order in which they were committed, so none can appear before it later.
    ``waiting_since`` is when a round first found something new that none has counted to its end since, and
    ``problem`` how the last try failed.
    """

    channel = models.OneToOneField(
        "governance.Channel", on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    stream_seq = models.BigIntegerField(default=0)
    latest_at = models.DateTimeField(null=True)
    rolled_up_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    batches_counted = 0
    """Not stored: how many batches the call that answered this row has counted."""

    def __str__(self) -> str:
        return f"{self.channel_id} up to {self.stream_seq}"


class Counted(models.Model):
    """Where a count belongs: a window on a channel under one assignment's stage.

    ``stage_began_at`` is when the stage began to be shown, or what answers everybody began to; a window that
    holds that moment counts from then on. After a pause there are two rows: of the stay since, and of the
    stage. ``deployment`` is the one of the assignments then.
    """

    id = models.BigAutoField(primary_key=True)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")
    deployment = models.ForeignKey(
        "releases.Deployment", on_delete=models.PROTECT, null=True, related_name="+"
    )
    stage_began_at = models.DateTimeField()
    starts_at = models.DateTimeField()

    class Meta:
        abstract = True

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()


class Window(Counted):
    """One metric of one arm and segment: the stored form of :class:`WindowCounts`, of decisions."""

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    arm = models.CharField(max_length=10, choices=ARMS)
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="+")
    segment = models.CharField(max_length=100, blank=True)
    metric = models.CharField(max_length=30)
    subjects = models.PositiveIntegerField()
    events = models.FloatField()
    captures = models.PositiveIntegerField()
    capture_events = models.PositiveIntegerField()
    sketch = models.BinaryField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "stage_began_at", "starts_at", "arm", "revision", "segment", "metric"],
                name="window_once",
            ),
            models.CheckConstraint(
                condition=Q(capture_events__lte=F("captures"), events__gte=0), name="window_counts"
            ),
        ]
        indexes = [models.Index(fields=["deployment", "starts_at"], name="window_deployment")]

    def __str__(self) -> str:
        return f"{self.metric} of {self.arm} from {self.starts_at:%F %R}"


class StampCount(Counted):
    """How many decisions of a window carried a stamp that was not due, with the ids of some."""

    decisions = models.PositiveIntegerField()
    unknown_stamps = models.PositiveIntegerField()
    wrong_arm = models.PositiveIntegerField()
    examples = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "stage_began_at", "starts_at"], name="stamp_count_once"
            ),
        ]
        indexes = [models.Index(fields=["deployment", "starts_at"], name="stamp_count_deployment")]

    def __str__(self) -> str:
        return f"stamps from {self.starts_at:%F %R}"


class SubjectSeen(models.Model):
    """In which window of a stage a subject was first seen; it counts there and in no later one."""

    id = models.BigAutoField(primary_key=True)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")
    stage_began_at = models.DateTimeField()
    subject = models.CharField(max_length=200)
    starts_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "stage_began_at", "subject"], name="subject_seen_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} from {self.starts_at:%F %R}"


class ObservationBatch(Governed):
    """The ready-made windows of one channel that one report brought; ``digest`` is that of the list of their
    ``line_digest`` in the order of their ids. ``report`` is shared by the batches of a call.
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
    observations_count = models.PositiveIntegerField()
    digest = models.CharField(max_length=71)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["report", "channel"], name="observation_batch_once_per_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.observations_count} observations on {self.channel_id}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()


class Observation(models.Model):
    """A window that the decision service counted itself. ``n`` are subjects first seen in it, ``events`` the
    sum of their shares; of a distribution ``n`` are the values in ``sketch``.

    ``deployment``, ``stage_began_at`` and ``revision`` are those of the assignment that was in force.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(ObservationBatch, on_delete=models.PROTECT, related_name="observations")
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="observations")
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="+")
    deployment = models.ForeignKey(
        "releases.Deployment", on_delete=models.PROTECT, null=True, related_name="+"
    )
    stage_began_at = models.DateTimeField()
    arm = models.CharField(max_length=10, choices=ARMS)
    segment = models.CharField(max_length=100, blank=True)
    metric = models.CharField(max_length=30)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    n = models.PositiveIntegerField()
    events = models.FloatField()
    sketch = models.BinaryField(null=True)
    received_at = models.DateTimeField()
    line_digest = models.CharField(max_length=71)

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "release", "arm", "segment", "metric", "starts_at", "ends_at"],
                name="observation_once",
            ),
            models.CheckConstraint(condition=Q(events__gte=0, events__lte=F("n")), name="observation_events"),
        ]
        indexes = [models.Index(fields=["deployment", "starts_at"], name="observation_deployment")]

    def __str__(self) -> str:
        return f"{self.metric} of {self.arm} from {self.starts_at:%F %R}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()

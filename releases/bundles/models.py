"""Releases, their revisions with slots and channels, and what serves each channel at any time."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed
from governance.registry.models import NAME, Channel
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind


class RevisionState(models.TextChoices):
    """Where a revision stands; what it may become is in :mod:`releases.bundles.lifecycle`."""

    DRAFT = "draft", "Draft"
    FROZEN = "frozen", "Frozen"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Approval expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Release(Governed):
    """A decision stack that is to go live as one unit, through numbered revisions."""

    stream_prefix: ClassVar[str] = "release"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system", channels="revisions__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="releases")
    name = models.CharField(max_length=100, validators=[NAME])
    owner = models.ForeignKey("governance.Account", on_delete=models.PROTECT, related_name="+")
    owner_username = models.CharField(max_length=150)
    copied_from = models.ForeignKey(
        "releases.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="copies"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="release_name")]

    def __str__(self) -> str:
        return f"{self.system} {self.name}"

    def access_scope(self) -> AccessScope:
        """Acting on a release takes a grant on its system; reading is decided by :func:`visible_to`."""
        return AccessScope(self.system_id)


class Revision(Governed):
    """One numbered content of a release. A draft is edited; once frozen nothing changes but its state."""

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=RevisionState, default=RevisionState.DRAFT)
    channels: "models.ManyToManyField[Channel, RevisionChannel]" = models.ManyToManyField(
        "governance.Channel", through="RevisionChannel", related_name="revisions"
    )
    card = models.JSONField(default=dict)
    rollout_plan = models.JSONField(default=dict)
    rollback_plan = models.JSONField(default=dict)
    stack_digest = models.CharField(max_length=71, blank=True)
    manifest_digest = models.CharField(max_length=71, blank=True)
    edits = models.PositiveIntegerField(default=0)
    adopted = models.BooleanField(default=False)
    drafted_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    frozen_by_username = models.CharField(max_length=150, blank=True)
    state_changed_at = models.DateTimeField()

    class Meta:
        ordering = ["release", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["release", "number"], name="revision_number"),
            models.CheckConstraint(condition=Q(state__in=RevisionState.values), name="revision_state_known"),
            models.CheckConstraint(
                condition=Q(state=RevisionState.DRAFT)
                | Q(state=RevisionState.WITHDRAWN)
                | ~Q(manifest_digest=""),
                name="revision_frozen_has_manifest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release} revision {self.number}"

    def access_scope(self) -> AccessScope:
        """That of its release."""
        return self.release.access_scope()


class RevisionChannel(Governed):
    """A channel that a revision touches."""

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="channel_rows")
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "channel"], name="revision_channel")]

    def __str__(self) -> str:
        return f"{self.revision_id} {self.channel_id}"


class Slot(Governed):
    """A component in its place: slot = kind of component, channel for SDKs, role for datasets."""

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="slots")
    slot = models.CharField(max_length=30)
    component = models.ForeignKey(
        "governance.ComponentVersion", on_delete=models.PROTECT, related_name="slots"
    )
    channel = models.ForeignKey(
        "governance.Channel", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    role = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["slot", "channel__name", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "slot", "component", "channel", "role"],
                nulls_distinct=False,
                name="slot_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.slot} {self.component}"


class Assignment(Governed):
    """What answers on a channel during ``period``; periods of one channel never overlap.

    Without a candidate ``stable`` answers everybody. With one, ``stage``, shares, keys and salt decide who
    gets it (:func:`releases.bundles.arms.arm_of`), and ``deployment`` is the candidate's. ``stage_number``
    counts the stages of the plan from 1. ``control`` is what was live before, where the last stage leaves it
    to a small share of the subjects to compare with. While the rollout is ``paused`` the candidate is neither
    shown nor scored. One that ``waits_for_seal`` serves only from the first signed checkpoint that covers its
    ``entry``, and what answered before does until then (:mod:`releases.bundles.sealed`).
    """

    stream_prefix: ClassVar[str] = "channel"
    stream_column: ClassVar[str] = "channel_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="assignments")
    period = DateTimeRangeField()
    stable = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="stable_assignments")
    candidate = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, related_name="candidate_assignments"
    )
    control = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, related_name="control_assignments"
    )
    deployment = models.ForeignKey(
        "releases.Deployment", on_delete=models.PROTECT, null=True, related_name="assignments"
    )
    stage = models.CharField(max_length=30, default="general")
    stage_number = models.PositiveSmallIntegerField(default=1)
    treatment_share = models.FloatField(default=0)
    control_share = models.FloatField(default=0)
    internal_keys = models.JSONField(default=list)
    paused = models.BooleanField(default=False, db_default=False)
    salt = models.CharField(max_length=64, blank=True)
    entry = models.ForeignKey("governance.Entry", on_delete=models.PROTECT, related_name="+")
    waits_for_seal = models.BooleanField(default=False, db_default=False)

    serves: datetime
    pending_seal: bool
    """Only of what :func:`releases.bundles.queries.assignments_at` answers: since when it serves, and whether
    something newer waits for the ledger."""

    class Meta:
        ordering = ["channel", "period"]
        indexes = [
            models.Index(fields=["channel"], condition=Q(waits_for_seal=True), name="assignment_that_waits")
        ]
        constraints = [
            ExclusionConstraint(
                name="assignment_one_at_a_time",
                expressions=[("channel", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(treatment_share__gte=0, treatment_share__lte=1)
                & Q(control_share__gte=0, control_share__lte=1),
                name="assignment_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.stable}"

    @property
    def is_pause(self) -> bool:
        """Whether the candidate is there and meets nobody. What was assigned before 0012 says so by its
        shares alone; of a shadow stage they say nothing."""
        shown = self.treatment_share or self.internal_keys or self.stage == StageKind.SHADOW
        return self.paused or (self.candidate_id is not None and not shown)

    def answering(self, arm: Arm) -> Revision:
        """The revision that the subjects of the arm get."""
        if arm is Arm.CANDIDATE and self.candidate is not None:
            return self.candidate
        if arm is Arm.CONTROL and self.control is not None:
            return self.control
        return self.stable

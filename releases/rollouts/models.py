"""Deployments of approved revisions on channels, what watching found of them, rollbacks and drills."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class DeploymentState(models.TextChoices):
    """Where a deployment stands; what it may become is in :mod:`releases.rollouts.stages`."""

    NEW = "new", "New"
    ROLLING_OUT = "rolling_out", "Rolling out"
    HELD = "held", "Held"
    LIVE = "live", "Live"
    SUPERSEDED = "superseded", "Superseded"
    ROLLED_BACK = "rolled_back", "Rolled back"


class Deployment(Governed):
    """One row per approval and channel; an adopted release has no approval.

    ``stage_number`` counts the stages of the revision's plan from 1. A deployment that is held keeps its
    shares unless it is ``paused``. ``stage_entered_at`` is when the stage began to show the candidate, and
    begins anew after a pause.
    """

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="deployments")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="deployments")
    approval = models.ForeignKey(
        "releases.Approval", on_delete=models.PROTECT, null=True, related_name="deployments"
    )
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="deployments")
    state = models.CharField(max_length=20, choices=DeploymentState, default=DeploymentState.NEW)
    stage = models.CharField(max_length=30, default="general")
    stage_number = models.PositiveSmallIntegerField(default=1)
    stage_entered_at = models.DateTimeField(null=True)
    salt = models.CharField(max_length=64, blank=True)
    paused = models.BooleanField(default=False)
    held_reason = models.TextField(blank=True)
    started_at = models.DateTimeField()
    started_by_username = models.CharField(max_length=150)
    state_changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at"]
        verbose_name = "rollout"
        constraints = [
            models.UniqueConstraint(fields=["approval", "channel"], name="deployment_once_per_approval"),
            models.UniqueConstraint(
                fields=["revision", "channel"],
                condition=Q(approval__isnull=True),
                name="deployment_adopted_once",
            ),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state=DeploymentState.LIVE), name="deployment_one_live"
            ),
            models.UniqueConstraint(
                fields=["channel"],
                condition=Q(state__in=[DeploymentState.ROLLING_OUT, DeploymentState.HELD]),
                name="deployment_one_on_its_way",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeploymentState.values), name="deployment_state_known"
            ),
            models.CheckConstraint(
                condition=Q(paused=False) | Q(state__in=[DeploymentState.HELD, DeploymentState.ROLLED_BACK]),
                name="deployment_paused_is_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision} on {self.channel}"

    def access_scope(self) -> AccessScope:
        """The deployment's channel."""
        return AccessScope(self.release.system_id, frozenset({self.channel_id}))


class StageReading(models.Model):
    """What was found when a deployment was last looked at: overwritten each time, and no evidence by itself.
    The entry of what is done upon it carries it.

    ``checks`` are those of :mod:`releases.rollouts.readings` in their order. ``digest`` is that of the
    conclusions: it stays the same while nothing comes out otherwise. ``measured_at`` is when the counts were
    last judged. ``asked_digest`` is what people were last asked to decide upon. ``errors`` counts looks in a
    row that failed; ``error`` is the last one's.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths(
        "deployment__release__system", channels="deployment__channel"
    )

    deployment = models.OneToOneField(
        Deployment, on_delete=models.PROTECT, primary_key=True, related_name="reading"
    )
    stage_number = models.PositiveSmallIntegerField()
    entered_at = models.DateTimeField()
    read_at = models.DateTimeField()
    measured_at = models.DateTimeField(null=True)
    checks = models.JSONField(default=list)
    digest = models.CharField(max_length=71, blank=True)
    asked_digest = models.CharField(max_length=71, blank=True)
    errors = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"reading of {self.deployment_id}"


class StageApproval(Governed):
    """That a person approved what a stage has shown, seen under ``evidence_digest``: for this stay in this
    stage and while nothing comes out otherwise."""

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="deployment__channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="+")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="stage_approvals")
    stage_number = models.PositiveSmallIntegerField()
    entered_at = models.DateTimeField()
    role = models.CharField(max_length=30)
    account = models.ForeignKey("governance.Account", on_delete=models.PROTECT, related_name="+")
    username = models.CharField(max_length=150)
    evidence_digest = models.CharField(max_length=71)
    reason = models.TextField()
    approved_at = models.DateTimeField()
    auth_method = models.CharField(max_length=20)
    auth_mfa = models.BooleanField(default=False)
    auth_proved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["approved_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "stage_number", "entered_at", "evidence_digest", "account"],
                name="stage_approval_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.username} approves stage {self.stage_number}"

    def access_scope(self) -> AccessScope:
        """The deployment's channel."""
        return self.deployment.access_scope()


class Landing(models.TextChoices):
    """Whether every instance is seen to run what was gone back to; ``unwatched`` for what was taken back
    before anybody looked."""

    UNWATCHED = "", "Not watched"
    PENDING = "pending", "Waited for"
    ESCALATED = "escalated", "Not seen in time"
    LANDED = "landed", "Landed"


class Rollback(Governed):
    """That a deployment was taken back, to what, by whom and why.

    ``triggers`` are the keys of those that fired, where it was taken back by itself.
    """

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="deployment__channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="rollbacks")
    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="rollback")
    target = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    rolled_back_at = models.DateTimeField()
    rolled_back_by_username = models.CharField(max_length=150)
    triggers = models.JSONField(default=list)
    landing = models.CharField(max_length=20, choices=Landing, default=Landing.UNWATCHED, blank=True)
    landed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    missing = models.TextField(blank=True)

    class Meta:
        ordering = ["-rolled_back_at"]
        constraints = [
            models.CheckConstraint(condition=Q(landing__in=Landing.values), name="rollback_landing_known"),
            models.CheckConstraint(
                condition=Q(landing=Landing.LANDED, landed_at__isnull=False)
                | (~Q(landing=Landing.LANDED) & Q(landed_at__isnull=True)),
                name="rollback_landed_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} back to {self.target}"


class DrillState(models.TextChoices):
    """away → back → completed or failed; each leg is waited for until every instance is seen to follow."""

    AWAY = "away", "On the way to the target"
    BACK = "back", "On the way back"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


class Drill(Governed):
    """A rehearsal on a drill channel: from what is live to what a rollback would go back to, and back.

    ``away_landed_at`` and ``back_landed_at`` are when all instances were seen to follow, null where some did
    not in time; ``missing`` says who did not.
    """

    stream_prefix: ClassVar[str] = "channel"
    stream_column: ClassVar[str] = "channel_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="drills")
    drilled = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=DrillState, default=DrillState.AWAY)
    reason = models.TextField()
    started_at = models.DateTimeField()
    started_by_username = models.CharField(max_length=150)
    away_landed_at = models.DateTimeField(null=True)
    turned_at = models.DateTimeField(null=True)
    back_landed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    missing = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel"],
                condition=Q(state__in=[DrillState.AWAY, DrillState.BACK]),
                name="drill_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(state__in=DrillState.values), name="drill_state_known"),
        ]

    def __str__(self) -> str:
        return f"drill on {self.channel}"

    def access_scope(self) -> AccessScope:
        """The channel."""
        return self.channel.access_scope()

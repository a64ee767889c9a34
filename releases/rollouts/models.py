"""Deployments of approved revisions on channels, and rollbacks."""

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


class Rollback(Governed):
    """That a deployment was taken back, to what, by whom and why."""

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

    class Meta:
        ordering = ["-rolled_back_at"]

    def __str__(self) -> str:
        return f"{self.deployment} back to {self.target}"

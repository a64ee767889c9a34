"""What is known of one rollout, read once: the page's sentence, rail, checks and buttons derive from it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone

from governance.access.queries import visible_to
from governance.access.requests import actor_from
from releases.bundles.models import Assignment
from releases.bundles.queries import live_assignment
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.queries import Target, rollback_target
from releases.rollouts.readings import entered, last_reading
from releases.rollouts.stage_seats import stage_seats
from releases.rollouts.stages import (
    ON_ITS_WAY,
    Step,
    advance_at,
    legible_step,
    next_step,
    shown_step,
    steps_of,
)


@dataclass(frozen=True)
class RolloutFacts:
    """A deployment with its plan, what answers beside it, and where a rollback would land."""

    deployment: Deployment
    steps: tuple[Step, ...]
    here: Step
    following: Step | None
    assignment: Assignment | None
    """What answers on the channel now."""
    target: Target | None
    rollback: Rollback | None
    earliest: datetime
    """When the stage has lasted its minimum duration."""
    now: datetime

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is between its start and being live."""
        return self.deployment.state in ON_ITS_WAY

    @property
    def is_open(self) -> bool:
        """Whether it answers, or may yet."""
        return self.is_on_its_way or self.deployment.state == DeploymentState.LIVE

    @property
    def has_lasted(self) -> bool:
        """Whether the stage has lasted its minimum duration."""
        return self.now >= self.earliest

    @property
    def open_seats(self) -> tuple[str, ...]:
        """Roles whose approval of what the stage shows is missing; none where the plan cannot be read."""
        if not self.steps:
            return ()
        reading = last_reading(self.deployment)
        seats = stage_seats(self.deployment, reading.digest if reading else "")
        return tuple(seat.role for seat in seats if seat.approval is None)

    @property
    def name(self) -> str:
        """The release's name."""
        return self.deployment.release.name

    @property
    def channel(self) -> str:
        """The channel's name."""
        return self.deployment.channel.name


def rollouts() -> QuerySet[Deployment]:
    """Deployments with all that a page shows of one."""
    return Deployment.objects.select_related(
        "release__system",
        "revision__release__system",
        "channel__system",
        "approval__request__override",
        "rollback__target__release",
        "reading",
    ).prefetch_related("revision__slots__component", "stage_approvals")


def visible_rollout(request: HttpRequest, pk: UUID) -> Deployment:
    """The deployment, within the reader's reach.

    Raises:
        Http404: there is none, or none that the person may see.
    """
    found = visible_to(rollouts(), actor_from(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def rollout_facts(deployment: Deployment) -> RolloutFacts:
    """Read all of it."""
    is_legible = legible_step(deployment) is not None
    on_or_live = deployment.state in ON_ITS_WAY or deployment.state == DeploymentState.LIVE
    return RolloutFacts(
        deployment=deployment,
        steps=tuple(steps_of(deployment.revision)) if is_legible else (),
        here=shown_step(deployment),
        following=next_step(deployment) if is_legible else None,
        assignment=live_assignment(deployment.channel) if on_or_live else None,
        target=rollback_target(deployment) if on_or_live else None,
        rollback=getattr(deployment, "rollback", None),
        earliest=advance_at(deployment) if is_legible else entered(deployment),
        now=timezone.now(),
    )

"""What a deployment's triggers are evaluated on: which are in force, since when, on which traffic.

An evaluation is about the present stage: subjects count in it from its beginning. Of a release that is live
each week is a test of its own, so that alpha holds for a week and what is read does not grow for ever.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from governance.registry.models import Segment
from governance.registry.queries import segments_in_force
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment
from releases.bundles.queries import open_assignment
from releases.bundles.triggers import CountedTrigger, Spec, WordsTrigger, triggers_of
from releases.monitoring.replaying.waiting import replayed_to
from releases.monitoring.triggers.vocabulary import Lack
from releases.monitoring.vocabulary.series import (
    ALLOWED_LATENESS,
    EVERYBODY,
    OF_REPLAYS,
    WindowCounts,
    epoch_start,
)
from releases.monitoring.windows.queries import Counting, counting_of
from releases.monitoring.windows.stretches import runs_of
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import Step, current_step, steps_of


@dataclass(frozen=True)
class Place:
    """One trigger for one segment."""

    spec: Spec
    segment: str = EVERYBODY


@dataclass(frozen=True)
class Scene:
    """A deployment as its triggers see it at ``at``.

    ``began`` is where the data of this stage begin; ``exposed`` says that its release answers somebody and
    is the one whose traffic is counted (else no data are to be expected). ``tests`` may act in this rollout
    and share alpha. ``assignment`` is what answers on the channel now, ``counting`` how far it is counted.
    """

    deployment: Deployment
    step: Step
    at: datetime
    began: datetime
    exposed: bool
    places: tuple[Place, ...]
    words: tuple[str, ...]
    tests: int
    assignment: Assignment | None
    counting: Counting

    @property
    def counted_to(self) -> datetime:
        """The moment up to which windows are whole, ``at`` where nothing waits to be counted."""
        return self.counting.to

    @cached_property
    def replayed_to(self) -> datetime:
        """The same of replays; asked once, so that one evaluation stands on one answer."""
        return replayed_to(self.deployment.channel, self.at)

    def settled(self, metric: str) -> datetime:
        """The moment up to which windows are whole, of replays where the metric is: what is judged goes no
        further, since it would not be asked again."""
        if metric not in OF_REPLAYS:
            return self.counted_to
        return min(self.counted_to, self.replayed_to)

    def expects(self, spec: Spec, lack: Lack) -> bool:
        """Whether data for the trigger are to be expected by now. What is reported and waits to be counted is
        not absent, so nothing new follows from absence while counting is behind; but what lacked data before
        goes on lacking them."""
        may_be_uncounted = self.counting.is_behind and isinstance(spec, CountedTrigger)
        return self.exposed and (lack is Lack.NO_DATA or not may_be_uncounted)

    @property
    def why_not_counted(self) -> str:
        """Why nothing can be found out from counts any more; empty where it can be. It names no span, so that
        it is the same as long as it lasts."""
        if not (self.exposed and self.counting.is_stuck):
            return ""
        since = self.counted_to - ALLOWED_LATENESS
        return f"what was decided since {since:%F %R} UTC is not counted, and no try gets through."

    @property
    def has_control(self) -> bool:
        """Whether a control arm is answered beside the candidate now."""
        return self.assignment is not None and self.assignment.control_share > 0

    @property
    def expected_since(self) -> datetime:
        """Since when data are to be expected: what was answered by another release, or by none, gave none."""
        if self.assignment is None:
            return self.began
        answered_since: datetime = self.assignment.serves
        return max(self.began, answered_since)

    @property
    def due(self) -> frozenset[UUID]:
        """The revisions that may answer on the channel now."""
        if self.assignment is None:
            return frozenset()
        found = (self.assignment.stable_id, self.assignment.candidate_id, self.assignment.control_id)
        return frozenset(one for one in found if one is not None)

    def is_ours(self, row: WindowCounts) -> bool:
        """Whether the row counts the release that is watched.

        In the shadow the stable release answers, and what is counted is how often the candidate differs.
        """
        if row.arm is Arm.CANDIDATE:
            return True
        if row.arm is not Arm.STABLE:
            return False
        if self.step.stage.kind is StageKind.SHADOW:
            return True
        return self.step.is_last and row.revision in {None, self.deployment.revision_id}


def scene_of(deployment: Deployment, at: datetime) -> Scene:
    """The deployment's triggers in force and what they are about."""
    step = current_step(deployment)
    named = triggers_of(deployment.revision.rollback_plan)
    in_force = [one for one in named if one.key and one.key in step.stage.triggers]
    segments = _segments(deployment)
    assignment = open_assignment(deployment.channel)
    return Scene(
        deployment=deployment,
        step=step,
        at=at,
        began=_began(deployment, assignment, at),
        exposed=_is_exposed(deployment, assignment),
        places=tuple(
            place
            for one in in_force
            if not isinstance(one, WordsTrigger)
            for place in places_of(one, segments)
        ),
        words=tuple(one.key for one in in_force if isinstance(one, WordsTrigger)),
        tests=tests_of(deployment, segments),
        assignment=assignment,
        counting=counting_of(deployment.channel, at),
    )


def _segments(deployment: Deployment) -> list[Segment]:
    """The segments in force when the revision was frozen: all strata stand before the first subject."""
    return segments_in_force(deployment.release.system, deployment.revision.frozen_at)


def places_of(spec: Spec, segments: list[Segment]) -> list[Place]:
    """The trigger once for everybody, for each protected segment, or for each that it names."""
    if not isinstance(spec, CountedTrigger) or spec.segments == "everybody":
        return [Place(spec)]
    if spec.segments == "protected":
        return [Place(spec, segment.key) for segment in segments if segment.protected]
    return [Place(spec, key) for key in spec.segments]


def tests_of(deployment: Deployment, segments: list[Segment]) -> int:
    """How many sequential tests may act in this rollout: strata × triggers × stages in which they are in
    force, since a subject that comes again in a later stage counts there anew. At least 1."""
    specs = [one for one in triggers_of(deployment.revision.rollback_plan) if _is_sequential(one)]
    stages = [step.stage.triggers for step in steps_of(deployment.revision)]
    return max(
        1,
        sum(
            len(places_of(spec, segments)) * sum(spec.key in keys for keys in stages)
            for spec in specs
            if not isinstance(spec, WordsTrigger)
        ),
    )


def _is_sequential(spec: Spec | WordsTrigger) -> bool:
    acts = spec.action != "notify" and getattr(spec, "mode", "") == "enforce"
    return acts and getattr(spec, "test", "") == "e_process"


def _began(deployment: Deployment, assignment: Assignment | None, at: datetime) -> datetime:
    """Where the stage was first shown, whatever paused it since: its people count once and its evidence adds
    up. Of what is live, where the week began in which subjects count anew."""
    began = deployment.stage_entered_at or deployment.started_at
    if deployment.state != DeploymentState.LIVE:
        return min(began, *runs_of(deployment).stays.get(deployment.stage_number, (began,)))
    if assignment is not None and assignment.candidate_id is None:
        began = assignment.serves
    return epoch_start(began, max(began, at))


def _is_exposed(deployment: Deployment, assignment: Assignment | None) -> bool:
    if assignment is None or deployment.paused:
        return False
    if deployment.state == DeploymentState.LIVE:
        return assignment.candidate_id in {None, deployment.revision_id}
    return assignment.candidate_id == deployment.revision_id

"""What may follow what: the one table of a deployment's states, and the order of a plan's stages.

Verbs ask here; nothing else decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.errors import GovernanceError
from releases.bundles.assignments import Exposure
from releases.bundles.documents import WITH_ARMS, RolloutPlan, Stage, StageKind, stored_plan
from releases.bundles.models import Revision
from releases.bundles.triggers import KINDS, CountedTrigger
from releases.rollouts.models import Deployment, DeploymentState

S = DeploymentState

TRANSITIONS: dict[DeploymentState, frozenset[DeploymentState]] = {
    S.NEW: frozenset({S.ROLLING_OUT}),
    S.ROLLING_OUT: frozenset({S.HELD, S.LIVE, S.ROLLED_BACK}),
    S.HELD: frozenset({S.ROLLING_OUT, S.ROLLED_BACK}),
    S.LIVE: frozenset({S.SUPERSEDED, S.ROLLED_BACK}),
    S.SUPERSEDED: frozenset(),
    S.ROLLED_BACK: frozenset(),
}

ADOPTED: dict[DeploymentState, frozenset[DeploymentState]] = {S.NEW: frozenset({S.LIVE})}
"""Further transitions of a deployment without approval: what is adopted is live already."""

AS_TARGET: dict[DeploymentState, frozenset[DeploymentState]] = {S.SUPERSEDED: frozenset({S.LIVE})}
"""Further transitions of the target of a rollback."""

COUNTED_KINDS = frozenset(kind for kind, form in KINDS.items() if issubclass(form, CountedTrigger))
"""Kinds of triggers that are judged on counted windows."""

ON_ITS_WAY = (S.ROLLING_OUT, S.HELD)
"""States between the start and being live; at most one deployment of a channel is in one of them."""


class DeploymentInWrongState(GovernanceError):
    """The deployment's state does not allow this act."""

    code = "wrong_state"
    title = "Not in this state"
    next_step = "Read the rollout again; a new approval starts a new one."


class PlanUnreadable(GovernanceError):
    """A stored plan holds what this version does not know."""

    code = "plan_unreadable"
    title = "Its plan cannot be read"
    next_step = "Hold it, pause it or roll it back: that needs no plan. Then make a new revision."


def may_become(
    current: str, wanted: DeploymentState, *, adopted: bool = False, as_target: bool = False
) -> bool:
    """Whether the table allows the transition, for an adopted deployment and for a rollback's target too."""
    state = DeploymentState(current)
    allowed = TRANSITIONS[state]
    if adopted:
        allowed |= ADOPTED.get(state, frozenset())
    if as_target:
        allowed |= AS_TARGET.get(state, frozenset())
    return wanted in allowed


def check_transition(
    current: str, wanted: DeploymentState, *, adopted: bool = False, as_target: bool = False
) -> None:
    """Refuse a transition that the table does not hold.

    Raises:
        DeploymentInWrongState: naming the state found.
    """
    if not may_become(current, wanted, adopted=adopted, as_target=as_target):
        raise DeploymentInWrongState(
            f"A deployment that is {DeploymentState(current).label.lower()} cannot become "
            f"{wanted.label.lower()}."
        )


OF_COUNTS = frozenset({"integrity", "triggers", "traffic", "ratio", "min_subjects"})
"""Checks without which a number of people says nothing."""

OF_CRITERIA = OF_COUNTS | {"criteria"}
"""All that monitoring checks of a stage."""


@dataclass(frozen=True)
class Step:
    """A stage in its place in the plan, counted from 1; ``is_watched`` says whether a trigger that is
    measured is in force in it, ``is_counted`` whether one is that is judged on counted decisions."""

    number: int
    stage: Stage
    is_watched: bool = False
    is_counted: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the candidate answers everybody: the rollout ends here."""
        return self.stage.kind is StageKind.GENERAL

    @property
    def share(self) -> float:
        """Size of the treatment arm, and of the control arm beside it."""
        return float(self.stage.coverage or 0.0) if self.stage.kind in WITH_ARMS else 0.0

    @property
    def is_measured_wholly(self) -> bool:
        """Whether all that the plan asks the stage to show is measured, so that nobody answers for words."""
        return bool(self.stage.measures) and len(self.stage.measures) == len(self.stage.criteria)

    @property
    def asks_for(self) -> frozenset[str]:
        """Names of the checks that must be as they should be before the stage is left: what its plan asks
        monitoring to find out. Empty where it asks for nothing that is measured; a person answers for that.
        """
        if self.stage.measures:
            return OF_CRITERIA
        if self.stage.min_subjects:
            return OF_COUNTS
        # Quiet is what counted triggers are too while what was reported is not counted yet. What is about
        # incidents or heartbeats rests on no decisions, and these may be rare.
        found = (("integrity", self.is_counted), ("triggers", self.is_watched))
        return frozenset(name for name, is_asked in found if is_asked)

    def waits_for(self, check: str) -> bool:
        """Whether the stage is not left before a check of this name is as it should be."""
        return check in self.asks_for or check not in OF_CRITERIA

    @property
    def needs_reading(self) -> bool:
        """Whether leaving the stage rests on what monitoring finds."""
        return bool(self.asks_for or self.stage.requires_approval)

    @property
    def title(self) -> str:
        """The stage in words, with its coverage."""
        name = self.stage.kind.value.replace("_", " ")
        return f"{name} {self.share * 100:.4g} %" if self.share else name


def plan_of(revision: Revision) -> RolloutPlan:
    """The revision's plan.

    Raises:
        PlanUnreadable: it was fine when it was stored and is not now.
    """
    try:
        return stored_plan(revision.rollout_plan)
    except ValueError as error:
        raise PlanUnreadable(f"The rollout plan of {revision} is none that this version can read.") from error


def written_triggers(revision: Revision) -> list[dict[str, Any]]:
    """The measured triggers of the revision as they are written: for what must go on where they cannot be
    read."""
    found = (one for one in revision.rollback_plan.get("triggers", []) if isinstance(one, dict))
    return [one for one in found if one.get("kind") and one.get("key")]


def steps_of(revision: Revision) -> list[Step]:
    """The stages of the revision's plan, in order; raises what :func:`plan_of` does."""
    kinds = {one["key"]: one["kind"] for one in written_triggers(revision)}
    in_force = [
        (stage, {kinds[key] for key in stage.triggers if key in kinds}) for stage in plan_of(revision).stages
    ]
    return [
        Step(number, stage, bool(found), not COUNTED_KINDS.isdisjoint(found))
        for number, (stage, found) in enumerate(in_force, start=1)
    ]


def first_step(revision: Revision, *, has_stable: bool) -> Step:
    """Where a rollout begins. The gate's evaluation is the offline validation, so that stage is passed.

    Where nothing is live there is nothing to answer the rest of the subjects, to compare with, or to fall
    back to: the rollout goes to the last stage in one step.
    """
    steps = steps_of(revision)
    if not has_stable:
        return steps[-1]
    return next(step for step in steps if step.stage.kind is not StageKind.OFFLINE_VALIDATION)


ADOPTED_STEP = Step(1, Stage(kind=StageKind.GENERAL))
"""Where an adopted release stands: it went through no plan and answers everybody."""


def current_step(deployment: Deployment) -> Step:
    """The stage that the deployment is in."""
    if deployment.approval_id is None:
        return ADOPTED_STEP
    return steps_of(deployment.revision)[deployment.stage_number - 1]


def legible_step(deployment: Deployment) -> Step | None:
    """The same, for what must work without: None where the plan cannot be read."""
    try:
        return current_step(deployment)
    except PlanUnreadable:
        return None


def shown_step(deployment: Deployment) -> Step:
    """The same, for what only shows it: where the plan cannot be read, what the record has of it."""
    stage = Stage.model_construct(kind=StageKind(deployment.stage))
    return legible_step(deployment) or Step(deployment.stage_number, stage)


def next_step(deployment: Deployment) -> Step | None:
    """The stage after it; None in the last."""
    if deployment.approval_id is None:
        return None
    later = steps_of(deployment.revision)[deployment.stage_number :]
    return later[0] if later else None


def advance_at(deployment: Deployment) -> datetime:
    """When the stage has lasted its minimum duration."""
    entered = deployment.stage_entered_at or deployment.started_at
    return entered + timedelta(seconds=current_step(deployment).stage.min_duration_seconds)


def overdue_at(deployment: Deployment) -> datetime | None:
    """When a stage that nobody advanced is held, if its plan says so.

    Whoever resumes a rollout answers for it, so the longest duration counts from then on.
    """
    longest = current_step(deployment).stage.max_duration_seconds
    if longest is None or deployment.state != S.ROLLING_OUT:
        return None
    entered = deployment.stage_entered_at or deployment.started_at
    return max(entered, deployment.state_changed_at) + timedelta(seconds=longest)


def exposure_of(deployment: Deployment) -> Exposure:
    """Who gets the deployment's revision in its stage: nobody while it is paused, whatever its plan says."""
    step = None if deployment.paused else current_step(deployment)
    share = step.share if step else 0.0
    return Exposure(
        candidate=deployment.revision,
        stage=deployment.stage,
        stage_number=deployment.stage_number,
        salt=deployment.salt,
        treatment_share=share,
        control_share=share,
        internal_keys=tuple(step.stage.keys) if step else (),
        paused=deployment.paused,
    )

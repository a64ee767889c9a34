"""What an evaluation answers: who asks for what, how each stands, and what keeps the rollout from going on.
Pure, but for the rows it reads from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from releases.bundles.triggers import Spec
from releases.monitoring.triggers.judgements import Judgement
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.outcome import Outcome, state_of
from releases.monitoring.triggers.scene import Scene
from releases.monitoring.triggers.vocabulary import (
    Action,
    Blocked,
    Evaluated,
    Firing,
    Lack,
    Mode,
    Phase,
    Standing,
    State,
)


@dataclass(frozen=True)
class Weighed:
    """A trigger after its evaluation, until when an override goes past what it asks for, and the newest one
    that did and is over."""

    status: TriggerStatus
    spec: Spec
    outcome: Outcome
    sentence: str
    overridden_until: datetime | None = None
    after_override: UUID | None = None

    @property
    def state(self) -> State:
        """What is shown."""
        shown = state_of(Phase(self.status.phase), Lack(self.status.lack))
        return State.OVERRIDDEN if self.overridden_until and shown is not State.INACTIVE else shown


def answered(scene: Scene, weighed: list[Weighed]) -> Evaluated:
    """The answer to whoever asked for the evaluation."""
    asking = [(one, _firing(one)) for one in weighed if one.status.action]
    return Evaluated(
        at=scene.at,
        firings=tuple(firing for one, firing in asking if not one.overridden_until),
        overridden=tuple(firing for one, firing in asking if one.overridden_until),
        states=tuple(_standing(one) for one in weighed),
        blocked=tuple(found for one in weighed for found in [_blocked(one, scene)] if found is not None),
        not_measured=scene.words,
    )


def _firing(one: Weighed) -> Firing:
    status = one.status
    return Firing(
        key=status.key,
        segment=status.segment,
        action=Action(status.action),
        mode=Mode(one.spec.mode),
        sentence=one.sentence,
        evidence=status.evidence,
        digest=status.evidence_digest,
        since=status.fired_at or status.since,
        because=one.outcome.asked.because,
        latched=status.latched,
        trigger=status.pk,
        after_override=one.after_override,
    )


def _standing(one: Weighed) -> Standing:
    status = one.status
    return Standing(
        key=status.key,
        segment=status.segment,
        kind=status.kind,
        mode=Mode(one.spec.mode),
        state=one.state,
        sentence=one.sentence,
        since=status.since,
        overridden_until=one.overridden_until,
    )


def _blocked(one: Weighed, scene: Scene) -> Blocked | None:
    """Only what would act blocks: a trigger that is enforced and does more than notify."""
    acts = Mode(one.spec.mode) is Mode.ENFORCE and Action(one.spec.action) is not Action.NOTIFY
    if not acts or one.overridden_until:
        return None
    if one.state is not State.INACTIVE:
        return Blocked(one.status.key, one.status.segment, one.state, one.sentence)
    after = one.outcome.after
    judged_to = after.course.judged_to
    unheard = judged_to is None or judged_to <= scene.expected_since
    if unheard or after.judgement in (None, Judgement.WAITING):
        sentence = one.sentence or "Nothing of this stage was counted yet."
        return Blocked(one.status.key, one.status.segment, State.NO_DATA, sentence)
    return None

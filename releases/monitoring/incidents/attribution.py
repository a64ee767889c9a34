"""Which release decided what went wrong: by the decision's stamp, else by what answered at that moment.

What cannot be known is never guessed: where two releases answered side by side and the subject is not named,
both are kept as possible ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.access.queries import visible_to
from governance.actors import Actor
from governance.errors import GovernanceError, invalid
from governance.registry.models import Channel
from releases.bundles.arms import arm_of
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import assignments_at
from releases.monitoring.decisions.models import Decision
from releases.monitoring.incidents.models import Attribution


class DecisionNotReported(GovernanceError):
    """No decision of this id is on record for the channel."""

    code = "decision_not_reported"
    status = 400
    title = "No such decision"
    next_step = "Report the decision first, or leave it out and say when it happened and to which subject."


@dataclass(frozen=True)
class Named:
    """What the reporter knows: the decision, or else when it happened and to whom."""

    decision: UUID | None = None
    subject: str = ""
    happened_at: datetime | None = None


@dataclass(frozen=True)
class Decided:
    """When it happened, to whom, and which revision decided; ``possible`` where that is not known."""

    happened_at: datetime
    subject: str
    attribution: Attribution
    revision: Revision | None = None
    possible: tuple[str, ...] = ()
    stage: str = ""


def decided_by(actor: Actor, channel: Channel, named: Named, now: datetime) -> Decided:
    """Which release decided what ``named`` tells of.

    Raises:
        DecisionNotReported: the decision is not on record here, or not for the actor.
        InvalidInput: a time in the future, or facts beside the decision that it states itself.
    """
    if named.decision is not None:
        return _by_decision(actor, channel, named.decision, named)
    at = named.happened_at or now
    if at > now:
        raise invalid("happened_at", f"{at:%F %T} UTC lies in the future.")
    assignment = assignments_at(at).filter(channel=channel).first()
    return _by_assignment(assignment, named.subject, at)


def _by_decision(actor: Actor, channel: Channel, key: UUID, named: Named) -> Decided:
    if named.subject or named.happened_at is not None:
        field = "subject" if named.subject else "happened_at"
        raise invalid(field, "the decision states it; leave it out.")
    rows = Decision.objects.filter(id=key, channel=channel)
    found = visible_to(rows.select_related("revision__release"), actor).first()
    if found is None:
        raise DecisionNotReported(f"No decision {key} was reported on {channel}.")
    assignment = assignments_at(found.at).filter(channel=channel).first()
    stage = assignment.stage if assignment else ""
    if found.revision is not None:
        return Decided(found.at, found.subject, Attribution.STAMP, found.revision, stage=stage)
    # A stamp that is nobody's says nothing; whatever was to answer then may have decided.
    possible = _ids(_answering(assignment))
    how = Attribution.UNKNOWN if possible else Attribution.NONE
    return Decided(found.at, found.subject, how, possible=possible, stage=stage)


def _by_assignment(assignment: Assignment | None, subject: str, at: datetime) -> Decided:
    if assignment is None:
        return Decided(at, subject, Attribution.NONE)
    stage, answering = assignment.stage, _answering(assignment)
    if len(answering) == 1:
        return Decided(at, subject, Attribution.ASSIGNMENT, answering[0], stage=stage)
    if subject:
        found = assignment.answering(arm_of(assignment, subject))
        return Decided(at, subject, Attribution.ARM, found, stage=stage)
    return Decided(at, subject, Attribution.UNKNOWN, possible=_ids(answering), stage=stage)


def _answering(assignment: Assignment | None) -> tuple[Revision, ...]:
    """The revisions that answered somebody: the candidate, what a last stage keeps as its control, and what
    answers everybody else."""
    if assignment is None:
        return ()
    found = [assignment.candidate if _is_shown(assignment) else None]
    found.append(assignment.control if assignment.control_share else None)
    found.append(assignment.stable)
    return tuple({one.pk: one for one in found if one is not None}.values())


def _ids(revisions: Iterable[Revision]) -> tuple[str, ...]:
    return tuple(str(one.pk) for one in revisions)


def _is_shown(assignment: Assignment) -> bool:
    """Whether anybody was answered by the candidate."""
    if assignment.candidate_id is None:
        return False
    if assignment.stage == StageKind.INTERNAL_TESTING:
        return bool(assignment.internal_keys)
    return assignment.treatment_share > 0

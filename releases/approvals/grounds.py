"""What lets a request come about: a gate that is passed, or an override that goes past it.

An override must hold for every channel that is asked for when the request is made, and be in force when the
vote falls that decides. What became of it afterwards undoes nothing; it shows as a gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.errors import GovernanceError
from governance.registry.models import Channel
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Revision
from releases.gates.models import EvaluationStatus, GateEvaluation, Override, Verdict
from releases.gates.overrides.queries import newest_result, override_in_force
from releases.gates.overrides.standing import GOES_PAST, Standing, by_whom, overridden, standing_of
from releases.gates.queries import latest_evaluation


class GateNotPassed(GovernanceError):
    """The newest evaluation of the revision is no pass, and no override lets it past."""

    code = "gate_not_passed"
    title = "The gate is not passed"


class OverrideEnded(GovernanceError):
    """What let the request past its gate counts no longer."""

    code = "override_ended"
    title = "The override has ended"
    next_step = (
        "Withdraw this request. Read the newest evaluation; if the release must still go past its gate, give "
        "a new override and ask again."
    )


@dataclass(frozen=True)
class Ground:
    """The evaluation that a request is about and, where it is no pass, the override that goes past it."""

    evaluation: GateEvaluation
    override: Override | None = None


def ground_of(revision: Revision, channels: Iterable[Channel], at: datetime) -> Ground:
    """The newest evaluation if it is a pass, else the override in force with the result it was given for.

    Raises:
        GateNotPassed: saying what it is instead and what to do.
    """
    found = latest_evaluation(revision)
    if found is None:
        raise GateNotPassed(
            f"{revision} was never evaluated.",
            next_step="Have it evaluated (POST /api/v1/gate-evaluations/).",
        )
    if found.status == EvaluationStatus.REQUESTED:
        raise GateNotPassed(
            f"An evaluation of {revision} is running.", next_step="Wait for its verdict, then request again."
        )
    if found.status == EvaluationStatus.COMPLETED and found.verdict == Verdict.PASS:
        return Ground(found)
    override = override_in_force(revision, at)
    if override is None:
        raise _not_passed(revision, found)
    _check_channels(override, channels)
    return Ground(GateEvaluation.objects.get(overrides=override), override)


def _not_passed(revision: Revision, found: GateEvaluation) -> GateNotPassed:
    if found.status != EvaluationStatus.COMPLETED:
        return GateNotPassed(
            f"The newest evaluation of {revision} ended with an error, which counts as inconclusive: "
            f"{found.error}",
            next_step="Mend what the error names and have it evaluated again.",
        )
    who = "two persons" if found.verdict == Verdict.FAIL else "one person"
    return GateNotPassed(
        f"The gate's verdict on {revision} is {found.get_verdict_display().lower()}.",
        next_step="Read the evaluation's criteria; change the release, or bring the data they ask for. "
        f"Where it cannot wait, {who} who may can override it.",
    )


def _check_channels(override: Override, channels: Iterable[Channel]) -> None:
    held = set(override.channels)
    beyond = sorted(channel.name for channel in channels if str(channel.id) not in held)
    if beyond:
        raise GateNotPassed(
            f"The override of {override.revision} does not hold for {', '.join(beyond)}.",
            next_step="Ask for the channels that it names, or withdraw it and give one that holds for all.",
        )


def standing_of_override(request: ApprovalRequest, at: datetime) -> Standing | None:
    """How the override that the request rests on stands; None where it rests on a pass."""
    if request.override is None:
        return None
    newest = getattr(request, "newest_result", None)  # lists read it with the rows
    return standing_of(request.override, newest_result(request.revision) if newest is None else newest, at)


def check_override(request: ApprovalRequest, at: datetime) -> None:
    """Refuse an approving vote on a request whose override has ended; rejecting it stays possible.

    Raises:
        OverrideEnded: saying how it ended.
    """
    if standing_of_override(request, at) not in {None, Standing.IN_FORCE}:
        raise OverrideEnded(f"Gate of {request.revision}: {gate_in_words(request, at)}.")


def gate_in_words(request: ApprovalRequest, at: datetime) -> str:
    """The verdict that a request rests on, with its override: for lists, mails and the interface."""
    stands = standing_of_override(request, at)
    if request.override is None or stands is None:
        return str(request.evaluation.get_verdict_display()).lower()
    return overridden(request.override, stands)


def ground_in_words(request: ApprovalRequest) -> str:
    """``inconclusive, overridden by one person``: the result that a request was made on, whatever has become
    of its override since."""
    override = request.override
    if override is None:
        return str(request.evaluation.get_verdict_display()).lower()
    haste = ", expedited because of an active attack" if override.expedite else ""
    return f"{GOES_PAST[override.verdict]}, overridden by {by_whom(override)}{haste}"


def ends_with_override(request: ApprovalRequest) -> bool:
    """Whether the deadline is that of the override which the request rests on."""
    return request.override is not None and request.deadline_at == request.override.expires_at

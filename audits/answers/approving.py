"""Who approved the rollout? (S24): votes with seats and strength, who started it, who approved its stages."""

from collections.abc import Iterator

from audits.answers.answered import STATES, Answer, Fact, Question, Stands, day, listed, worded
from audits.answers.behind import Behind
from audits.trace.evidence import votes_of
from audits.trace.facts import VoteCast
from releases.approvals.models import Approval, ApprovalRequest, RequestState, VoteDecision
from releases.rollouts.models import Deployment

VOTED = {
    VoteDecision.APPROVE.value: "approved",
    VoteDecision.REJECT.value: "rejected",
    VoteDecision.REQUEST_CHANGES.value: "asked for changes",
}


def approved_answer(known: Behind) -> Answer:
    """The answer of S24."""
    stands, sentence = _sentence(known)
    return Answer(Question.APPROVED, stands, sentence, tuple(_support(known)), tuple(_facts(known)))


def _sentence(known: Behind) -> tuple[Stands, str]:
    if known.revision.adopted:
        return Stands.NOBODY, f"Nobody voted: it was adopted{_adopters(known)}."
    if known.approvals:
        newest = known.approvals[0]
        return (
            Stands.YES,
            f"{_voters(known, newest)} approved it on {day(newest.approved_at)}{_starts(known)}.",
        )
    request = known.requests[0] if known.requests else None
    if request is None and known.only:
        return Stands.NOT_YET, f"Nobody {known.only}: no approval was asked for there."
    if request is not None and request.state == RequestState.OPEN:
        return (
            Stands.NOT_YET,
            f"Nobody yet{_where(known)}: the request is open until {day(request.deadline_at)}"
            f"{_so_far(request)}.",
        )
    if request is not None:
        became = worded(RequestState(request.state).value)
        ended = f"the last request ended as {became}{_on(request)}{_so_far(request)}"
        return Stands.NOT_YET, f"Nobody{_where(known)}: {ended}."
    state = STATES[known.revision.state]
    return Stands.NOT_YET, f"Nobody yet: it is {state}, and no approval was asked for."


def _where(known: Behind) -> str:
    return f" {known.only}" if known.only else ""


def _adopters(known: Behind) -> str:
    entry = known.told.find("release.adopted", revision=known.revision.pk)
    if entry is None:
        return ""
    after = entry.document["after"]
    return f" on {day(entry.at)} by {after['proposed_by']} and {after['confirmed_by']}, who answer for it"


def _voters(known: Behind, approval: Approval) -> str:
    votes = votes_of(approval, known.told.with_seats())
    approving = [one for one in votes if one.decision == VoteDecision.APPROVE]
    return listed(f"{one.username} as {worded(one.role)}" for one in approving) or "A vote"


def _starts(known: Behind) -> str:
    started = [one for one in known.deployments if one.approval_id is not None]
    if not started:
        return f"; nobody has started it{_where(known) or ' yet'}"
    by = listed(one.started_by_username for one in started)
    return f"; {by} started it on {listed(one.channel.name for one in started)}"


def _on(request: ApprovalRequest) -> str:
    return f" on {day(request.closed_at)}" if request.closed_at else ""


def _so_far(request: ApprovalRequest) -> str:
    votes = list(request.votes.all())
    if not votes:
        return "; nobody has voted"
    return f"; {listed(f'{one.username} {VOTED[one.decision]}' for one in votes)}"


def _support(known: Behind) -> Iterator[str]:
    if known.revision.adopted:
        entry = known.told.find("release.adopted", revision=known.revision.pk)
        reason = str(entry.document.get("reason") or "") if entry else ""
        yield f"The reason given: {reason}" if reason else "No reason is on record."
        return
    for earlier in known.approvals[1:]:
        where = listed(row.channel.name for row in earlier.request.channel_rows.all())
        yield f"Before that, {_voters(known, earlier)} approved it for {where} on {day(earlier.approved_at)}."
    for row in known.rollbacks:
        yield (
            f"It was taken back to {row.target.release.name} on {day(row.rolled_back_at)} by "
            f"{row.rolled_back_by_username}: {row.reason}"
        )


def _facts(known: Behind) -> Iterator[Fact]:
    adopted = known.told.find("release.adopted", revision=known.revision.pk)
    if known.revision.adopted and adopted is not None:
        yield Fact("Adoption", "by two persons, without votes", adopted.at, adopted, known.revision)
    for request in reversed(known.requests):
        yield from _request(known, request)
    for row in known.deployments:
        if row.approval_id is not None:
            yield _start(known, row)
    for stage in known.stage_approvals:
        entry = known.told.find("rollout.stage_approved", stage_approval=stage.pk)
        said = f"{stage.username} as {worded(stage.role)}: {stage.reason}"
        yield Fact(f"Stage {stage.stage_number} approved", said, stage.approved_at, entry)
    for back in known.rollbacks:
        entry = known.told.find("rollout.rolled_back", deployment=back.deployment_id)
        yield Fact("Taken back", f"by {back.rolled_back_by_username}", back.rolled_back_at, entry)


def _request(known: Behind, request: ApprovalRequest) -> Iterator[Fact]:
    asked = known.told.find("approval.requested", request.stream())
    where = listed(row.channel.name for row in request.channel_rows.all())
    said = f"by {request.requested_by_username} for {where}; {worded(RequestState(request.state).value)}"
    yield Fact("Approval asked for", said, request.requested_at, asked, request, request.review_digest)
    for vote in _votes(known, request):
        seat = f" in the seat {vote.seat}" if vote.seat else ""
        reason = f": {vote.reason}" if vote.reason else ""
        text = f"{vote.username}{seat} {VOTED[vote.decision]}, by {vote.strength}{reason}"
        yield Fact(f"Vote as {worded(vote.role)}", text, vote.at, vote.entry, request)


def _votes(known: Behind, request: ApprovalRequest) -> tuple[VoteCast, ...]:
    approval = next((one for one in known.approvals if one.request_id == request.pk), None)
    # A vote is told of alike where the request led nowhere: then it filled no seat.
    return votes_of(approval or Approval(request=request), known.told.with_seats())


def _start(known: Behind, row: Deployment) -> Fact:
    entry = known.told.find("rollout.started", deployment=row.pk)
    return Fact(f"Started on {row.channel.name}", f"by {row.started_by_username}", row.started_at, entry, row)

"""Verbs on requests: request approval, vote, withdraw. How they lapse: :mod:`releases.approvals.lapsing`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from governance.notifications.withdrawing import stop_asking
from governance.registry.models import Channel
from releases.approvals.acknowledging import acknowledged
from releases.approvals.ballots import Ballot, ballot_of
from releases.approvals.closing import (
    Ending,
    end_request,
    lock_release_with_requests,
    lock_request,
    void_outdated,
)
from releases.approvals.eligibility import check_open, check_strength, check_voter, strength_needed
from releases.approvals.grounds import ground_of
from releases.approvals.models import (
    Approval,
    ApprovalRequest,
    RequestState,
    Vote,
    VoteDecision,
)
from releases.approvals.recipients import tell_of_approval, tell_of_end, tell_of_refusal, tell_of_request
from releases.approvals.requesting import (
    check_revision,
    checked_deadline,
    chosen_channels,
)
from releases.approvals.snapshots import record_request, store_request
from releases.bundles.models import Revision, RevisionState
from releases.bundles.steps import move_revision

APPROVAL_LASTS = timedelta(days=30)


class ReviewChanged(GovernanceError):
    """The voter saw something else than what the request is about."""

    code = "review_changed"
    title = "Not what you reviewed"
    next_step = "Read the request again, and vote on what it holds now."


@verb("approval.requested")
def request_approval(
    actor: Actor,
    *,
    revision: Revision,
    channels: Iterable[Channel] | None = None,
    reason: str = "",
    deadline_at: datetime | None = None,
) -> ApprovalRequest:
    """Ask for approval of the release's newest revision on ``channels`` (by default all it touches).

    What decides is kept as it is now: the rules with their matched categories, the people who could vote,
    the evaluation, and the override where the gate is not passed. The request's review digest names all of
    it and every vote is bound to it.

    Raises:
        NotNewestRevision, WrongState, AlreadyRequested, ComponentIsRevoked: the revision is not ready.
        GateNotPassed: its newest evaluation is no pass, and no override holds for the channels.
        NoRuleMatches, TooFewApprovers: nobody could approve it.
    """
    require(actor, Permission.REQUEST_APPROVAL, revision)
    opened = lock_release_with_requests(revision.release_id)
    revision = Revision.objects.select_related("release__system").get(id=revision.id)
    check_revision(revision)
    chosen = chosen_channels(revision, channels, moment())
    ground = ground_of(revision, chosen, moment())
    request = store_request(
        actor,
        revision,
        chosen,
        ground,
        reason=reason,
        deadline_at=checked_deadline(deadline_at, moment(), ground.override),
    )
    before = revision.state
    if revision.state == RevisionState.FROZEN:
        move_revision(revision, RevisionState.IN_REVIEW)
    record_request(request, before)
    void_outdated(opened)
    tell_of_request(request)
    return request


@verb("vote.cast")
def cast_vote(
    actor: Actor,
    *,
    request: ApprovalRequest,
    decision: str,
    reason: str,
    conflict_declared: bool = False,
    review_digest: str = "",
    acknowledge: Sequence[str] = (),
) -> Vote:
    """Cast the actor's one vote. A reject or a request for changes ends the request; the approval that
    fills the last seat approves the release for the request's channels for 30 days. ``review_digest`` is
    what the voter saw, ``acknowledge`` the codes of the doubts that an approval must acknowledge.

    Raises:
        VoteRefused: services, contributors, administrators, no seat; each its own error.
        NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: who votes is not proved well enough.
        RequestNotOpen: decided, lapsed, or void after a change.
        AlreadyVoted, SeatsTaken, ReviewChanged, OverrideEnded, NotAcknowledged: see the messages.
    """
    require(actor, Permission.VIEW, request)
    _check_words(decision, reason)
    request = lock_request(request.id)
    ballot = ballot_of(request, moment())
    account_id = check_voter(actor, request, ballot, decision=decision, at=moment())
    check_strength(actor, strength_needed(ballot, account_id))
    if review_digest and review_digest != request.review_digest:
        raise ReviewChanged(f"You reviewed {review_digest}; the request is about {request.review_digest}.")
    vote = Vote(
        request=request,
        account_id=account_id,
        decision=decision,
        reason=reason,
        conflict_declared=conflict_declared,
        acknowledged=acknowledged(request, decision, acknowledge),
    )
    _store_vote(actor, ballot, vote)
    stop_asking(request, because="The account has voted.", accounts=[account_id])
    _conclude(request, vote)
    return vote


def _check_words(decision: str, reason: str) -> None:
    if decision not in VoteDecision.values:
        raise invalid("decision", f"{decision!r} is none of {', '.join(VoteDecision.values)}.")
    if not reason.strip():
        raise invalid("reason", "say why you decide so; the record keeps it.")


def _store_vote(actor: Actor, ballot: Ballot, vote: Vote) -> None:
    """Complete the vote with who casts it in which role, and how strongly that is proved; then keep it."""
    vote.username = actor.username
    vote.role = _role_of_vote(ballot, vote.account_id, vote.decision)
    vote.review_digest = vote.request.review_digest
    vote.cast_at = moment()
    vote.auth_method = actor.auth.method
    vote.auth_mfa = actor.auth.mfa
    vote.auth_proved_at = actor.auth.proved_at
    vote.save(force_insert=True)


def _role_of_vote(ballot: Ballot, account_id: UUID, decision: str) -> str:
    """The role the voter acts in: that of the first seat the vote fills, else of the first rule."""
    rules = {rule.key: rule for rule in ballot.rules_of(account_id)}
    direct = [
        ballot.seats[index].rule
        for index in sorted(ballot.within_reach(account_id))
        if decision == VoteDecision.APPROVE and ballot.seats[index] in ballot.places_of(account_id)
    ]
    rule = rules[direct[0]] if direct else next(iter(rules.values()))
    return rule.role or min(ballot.electorate.people[account_id].all_roles)


ENDINGS = {
    VoteDecision.APPROVE: (RequestState.APPROVED, RevisionState.APPROVED, "release.approved"),
    VoteDecision.REJECT: (RequestState.REJECTED, RevisionState.REJECTED, "release.rejected"),
    VoteDecision.REQUEST_CHANGES: (
        RequestState.CHANGES_REQUESTED,
        RevisionState.FROZEN,
        "release.changes_requested",
    ),
}
"""What a concluding vote makes of the request and of its revision, and the event that tells it."""


def _conclude(request: ApprovalRequest, vote: Vote) -> None:
    """Record the vote and, if it decides the request, what follows from it."""
    ballot = ballot_of(request, moment())
    decides = vote.decision != VoteDecision.APPROVE or ballot.is_met
    refs = {"review": request.review_digest}
    ending = None
    if decides:
        state, revision_state, event = ENDINGS[VoteDecision(vote.decision)]
        ending = end_request(request, Ending(state, revision_state, vote.reason))
    record(request.stream(), after=_vote_document(request, vote, ballot), reason=vote.reason, refs=refs)
    if ending is None:
        return
    if vote.decision == VoteDecision.APPROVE:
        ending["approval"] = _approve(request, vote)
        ending["seats"] = [
            {
                "rule": seat.rule_key,
                "index": seat.index,
                "voter": seat.vote.username if seat.vote else None,
                **({"channel": seat.channel} if seat.channel else {}),
            }
            for seat in ballot.seat_list()
        ]
    record(request.release.stream(), event=event, after=ending, reason=vote.reason, refs=refs)
    if vote.decision == VoteDecision.APPROVE:
        tell_of_approval(Approval.objects.get(request=request), vote.reason)
    else:
        tell_of_refusal(event, request, vote.reason)


def _vote_document(request: ApprovalRequest, vote: Vote, ballot: Ballot) -> dict[str, Any]:
    """The vote, and for which rules and channels its voter counts."""
    covers = sorted(ballot.places_of(vote.account_id))
    return {
        "request": request.id,
        "vote": vote.id,
        "voter": {"id": vote.account_id, "username": vote.username, "role": vote.role},
        "decision": vote.decision,
        "auth": {"method": vote.auth_method, "mfa": vote.auth_mfa, "proved_at": vote.auth_proved_at},
        "conflict_declared": vote.conflict_declared,
        "acknowledged": vote.acknowledged,
        "covers": [{"rule": place.rule, "channel": place.channel or None} for place in covers],
        "request_state": request.state,
    }


def _approve(request: ApprovalRequest, vote: Vote) -> dict[str, Any]:
    approval = Approval.objects.create(
        release=request.release,
        revision=request.revision,
        request=request,
        review_digest=request.review_digest,
        approved_at=moment(),
        valid_until=moment() + APPROVAL_LASTS,
        last_voter_id=vote.account_id,
    )
    return {"id": approval.id, "approved_at": approval.approved_at, "valid_until": approval.valid_until}


@verb("approval_request.withdrawn")
def withdraw_request(actor: Actor, *, request: ApprovalRequest, reason: str) -> ApprovalRequest:
    """Take a request back; its revision is frozen again and its votes are void.

    Raises:
        RequestNotOpen: it was decided or has lapsed.
    """
    require(actor, Permission.WITHDRAW_REQUEST, request)
    if not reason.strip():
        raise invalid("reason", "say why the request is taken back.")
    request = lock_request(request.id)
    check_open(request, moment())
    document = end_request(request, Ending(RequestState.WITHDRAWN, RevisionState.FROZEN, reason))
    before = {"state": RequestState.OPEN}
    record(request.stream(), before=before, after=document, reason=reason)
    record(request.release.stream(), event="approval_request.withdrawn", after=document, reason=reason)
    tell_of_end("approval_request.withdrawn", request, reason)
    return request

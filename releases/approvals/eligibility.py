"""Who may cast a vote on a request, and the refusals that say why somebody may not and who can."""

from datetime import datetime
from uuid import UUID

from governance.access.models import Account
from governance.access.presence import require_strength, strength_of
from governance.access.queries import require
from governance.access.roles import Permission, Strength
from governance.access.scopes import AccessScope
from governance.actors import Actor, ActorKind
from governance.errors import GovernanceError
from releases.approvals.ballots import Ballot
from releases.approvals.grounds import check_override
from releases.approvals.models import ApprovalRequest, RequestState, VoteDecision
from releases.approvals.rulebook import AskedRule


class VoteRefused(GovernanceError):
    """The actor may not vote on this request."""

    code = "vote_refused"
    status = 403
    title = "Not your vote"


class ApproverIsContributor(VoteRefused):
    """Whoever contributed to a release never decides about it."""

    code = "approver_is_contributor"
    title = "Contributors do not vote"


class ApproverIsAuthor(ApproverIsContributor):
    """The release is the actor's own."""

    code = "approver_is_author"
    title = "Authors do not vote on their own release"


class ApproverIsAdministrator(VoteRefused):
    """Administrators decide who holds which role, so they hold no vote."""

    code = "approver_is_administrator"
    title = "Administrators do not vote"


class ApproverIsService(VoteRefused):
    """Only persons vote."""

    code = "approver_is_service"
    title = "Services do not vote"


class NoSeatForApprover(VoteRefused):
    """No seat of the request asks for a role the actor holds, or for the actor by name."""

    code = "no_seat_for_approver"
    title = "No seat for you"


class SeatsTaken(GovernanceError):
    """All seats the actor could fill are filled."""

    code = "seats_taken"
    title = "The seats are filled"


class AlreadyVoted(GovernanceError):
    """One person, one vote on a request."""

    code = "already_voted"
    title = "Voted before"
    next_step = "A vote is not changed; withdraw the request and make a new one if it must be."


class RequestNotOpen(GovernanceError):
    """The request takes no votes any more."""

    code = "request_not_open"
    title = "The request is not open"


def is_outdated(request: ApprovalRequest) -> bool:
    """Whether the release has changed since: a newer revision exists, or this one left the review."""
    newest = getattr(request, "newest_revision_id", None)  # lists read it with the rows
    if newest is None:
        newest = request.release.revisions.order_by("-number").values_list("id", flat=True).first()
    return newest != request.revision_id or request.revision.state not in {"in_review", "approved"}


def effective_state(request: ApprovalRequest, at: datetime) -> RequestState:
    """The state as it counts at ``at``: an open request lapses by a change or by its deadline at once,
    before the periodic task has closed it."""
    state = RequestState(request.state)
    if state is not RequestState.OPEN:
        return state
    if is_outdated(request):
        return RequestState.VOID
    return RequestState.EXPIRED if request.deadline_at <= at else state


def check_open(request: ApprovalRequest, at: datetime) -> None:
    """Refuse unless the request takes votes.

    Raises:
        RequestNotOpen: naming its state.
    """
    state = effective_state(request, at)
    if state is RequestState.OPEN:
        return
    if state is RequestState.VOID:
        raise RequestNotOpen(
            f"{request.release} changed after this request was made, so the request and its votes are void.",
            next_step="Freeze and evaluate the newest revision, and request approval for it.",
        )
    raise RequestNotOpen(
        f"The request is {state.label.lower()}.",
        next_step="Nothing more to decide here; a new request takes new votes.",
    )


def _who_can(ballot: Ballot) -> str:
    names = sorted({name for seat in ballot.seat_list() for name in seat.eligible})
    if not names:
        return "Nobody who may vote is left: ask an administrator for grants of the roles asked for."
    return f"These can vote: {', '.join(names)}."


def sought(asked: AskedRule) -> str:
    """Whom a rule asks for, and on which channels, for a sentence."""
    names = ", ".join(channel.name for channel in asked.channels)
    each = "each of " if len(asked.channels) > 1 else ""
    return f"{asked.rule.title}: {asked.rule.who()}" + (f" on {each}{names}" if names else "")


def check_person(actor: Actor, request: ApprovalRequest, ballot: Ballot) -> UUID:
    """Refuse services, contributors and administrators, each by name; answers the actor's account.

    Raises:
        ApproverIsService, ApproverIsAuthor, ApproverIsContributor, ApproverIsAdministrator
    """
    if actor.id is None or actor.kind is not ActorKind.USER:
        raise ApproverIsService(
            f"{actor.username} is no person; votes are cast by persons.", next_step=_who_can(ballot)
        )
    if actor.id == request.release.owner_id:
        raise ApproverIsAuthor(
            f"{actor.username} drafted {request.release} and cannot decide about it.",
            next_step=_who_can(ballot),
        )
    if actor.id in ballot.electorate.contributors:
        raise ApproverIsContributor(
            f"{actor.username} contributed to {request.release} (its revisions, reports or score tables) "
            "and cannot decide about it.",
            next_step=_who_can(ballot),
        )
    if actor.id in ballot.electorate.administrators:
        raise ApproverIsAdministrator(
            f"{actor.username} administers {request.system} and gives out the roles, so holds no vote.",
            next_step=_who_can(ballot),
        )
    return actor.id


def check_seat(account_id: UUID, request: ApprovalRequest, ballot: Ballot, decision: str) -> None:
    """Refuse who voted before, who fills no seat, and an approval that would fill no open one.

    A seat that is filled still lets its people reject or ask for changes.

    Raises:
        AlreadyVoted, NoSeatForApprover, SeatsTaken
    """
    username = Account.objects.values_list("username", flat=True).get(id=account_id)
    if any(vote.account_id == account_id for vote in ballot.votes):
        raise AlreadyVoted(f"{username} has voted on this request.")
    if not ballot.places_of(account_id):
        asked = "; ".join(sought(rule) for rule in ballot.rules)
        raise NoSeatForApprover(
            f"No seat of this request is for {username}. It asks for {asked}.", next_step=_who_can(ballot)
        )
    if decision == VoteDecision.APPROVE and not ballot.within_reach(account_id):
        raise SeatsTaken(
            f"Every seat that {username} could fill is filled.",
            next_step=f"{_who_can(ballot)} A reject or a request for changes is still possible.",
        )


def check_voter(
    actor: Actor, request: ApprovalRequest, ballot: Ballot, *, decision: str, at: datetime
) -> UUID:
    """All that decides whether the actor may cast this vote now, but the strength of proof.

    The permission is asked on the channels whose seats the actor could fill, and on the whole system where
    there is none: a role on one channel acts on that channel's seats only.
    """
    account_id = check_person(actor, request, ballot)
    channels = {UUID(place.channel) for place in ballot.places_of(account_id) if place.channel}
    whole = any(not place.channel for place in ballot.places_of(account_id))
    require(
        actor,
        Permission.VOTE,
        AccessScope(request.system_id, frozenset() if whole else frozenset(channels)),
    )
    check_open(request, at)
    if decision == VoteDecision.APPROVE:
        check_override(request, at)
    check_seat(account_id, request, ballot, decision)
    return account_id


def strength_needed(ballot: Ballot, account_id: UUID) -> Strength:
    """The strongest that a role of the person's seats asks for."""
    person = ballot.electorate.people[account_id]
    roles = {
        role
        for rule in ballot.rules_of(account_id)
        for role in ((rule.role,) if rule.role else person.all_roles)
    }
    return strength_of(roles)


def check_strength(actor: Actor, needed: Strength) -> None:
    """Refuse a vote without a recent proof: a session proved within 10 minutes, or a person's token
    minted after a second factor with scope ``approvals:vote`` at most 12 hours ago. Inside a verb.

    Raises:
        NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: saying what to do.
    """
    require_strength(actor, needed, "vote")

"""Who is told of a request: those whose vote it waits for, those who asked, and those who act on its end.

Who could vote is taken from the ballot as it stands when the message is written; nobody is asked for a vote
that would not count. ``notify`` leaves out whoever acted.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.access.models import Account, Proposal
from governance.access.queries import administrators_over, grants_in_force
from governance.access.roles import Permission, roles_with
from governance.access.scopes import AccessScope
from governance.actors import moment
from governance.notifications.services import notify
from governance.registry.models import System
from releases.approvals.ballots import Ballot, ballot_of
from releases.approvals.eligibility import sought
from releases.approvals.grounds import ends_with_override, gate_in_words
from releases.approvals.models import Approval, ApprovalRequest
from releases.approvals.queries import taken_back_on


def tell_of_request(request: ApprovalRequest) -> None:
    """Step of the verb that asks for approval, after its entry: everybody who could fill a seat."""
    ballot = ballot_of(request, moment())
    _tell(
        "approval.requested",
        request,
        Q(id__in=able(ballot)),
        {**_asked(request), "seats": [sought(rule) for rule in ballot.rules]},
    )


def tell_who_is_missing(request: ApprovalRequest, ballot: Ballot) -> None:
    """Step of the reminder, after its entry: those who could fill an open seat and have not voted."""
    facts = {**_asked(request), "seats": missing(ballot)}
    _tell("approval_request.reminded", request, Q(id__in=waited_for(ballot)), facts)


def tell_of_approval(approval: Approval, reason: str) -> None:
    """Step of the vote that approves, after its entries: who asked, and who can start the rollout."""
    request = approval.request
    facts: dict[str, Any] = {
        "channels": _channels(request),
        "reason": reason,
        "expires_at": approval.valid_until,
        "sentence": _sentence(request) if request.override else None,
    }
    _tell("release.approved", request, _asking(request) | may_start(request), facts)


def tell_of_refusal(event: str, request: ApprovalRequest, reason: str) -> None:
    """Step of the vote that ends a request without approval, after its entries: who asked, and who voted."""
    voters = Q(id__in=request.votes.values("account_id"))
    facts = {"channels": _channels(request), "reason": reason}
    _tell(event, request, _asking(request) | voters, facts)


def tell_of_end(event: str, request: ApprovalRequest, reason: str) -> None:
    """Step of what ends a request undecided, after its entry: who asked, and who could have voted."""
    ballot = ballot_of(request, moment())
    facts: dict[str, Any] = {"channels": _channels(request)}
    if event == "approval_request.expired":
        facts |= {"deadline_at": request.deadline_at, "seats": missing(ballot)}
    else:
        facts["reason"] = reason
    voters = Q(id__in=able(ballot) | {vote.account_id for vote in ballot.votes})
    _tell(event, request, _asking(request) | voters, facts)


def able(ballot: Ballot) -> set[UUID]:
    """Those who may vote and could fill a seat, open or not."""
    return {key for key in ballot.electorate.people if ballot.places_of(key)}


def waited_for(ballot: Ballot) -> set[UUID]:
    """Those who have not voted and whose vote would help to fill an open seat."""
    voted = {vote.account_id for vote in ballot.votes}
    return {key for key in able(ballot) - voted if ballot.within_reach(key)}


def missing(ballot: Ballot) -> list[str]:
    """The open seats in words, each rule and channel once."""
    names = [
        f"{seat.title} on {seat.channel_name}" if seat.channel_name else seat.title
        for seat in ballot.seat_list()
        if seat.vote is None
    ]
    return list(dict.fromkeys(names))


def may_start(request: ApprovalRequest) -> Q:
    """Accounts that can start the rollout on the whole system or on one of the request's channels."""
    channels = request.channel_rows.values("channel_id")
    there = Q(system_id=request.system_id) | Q(channel_id__in=channels)
    roles = [role.value for role in roles_with(Permission.START_ROLLOUT)]
    return Q(id__in=grants_in_force(moment()).filter(there, role__in=roles).values("account_id"))


def _asking(request: ApprovalRequest) -> Q:
    return Q(id=request.release.owner_id) | Q(username=request.requested_by_username)


def _tell(event: str, request: ApprovalRequest, whom: Q, facts: dict[str, Any]) -> None:
    accounts: QuerySet[Account] = Account.objects.filter(whom)
    revision = request.revision
    named = {
        "release": f"{request.release.name} revision {revision.number}",
        "system": str(request.release.system),
    }
    path = reverse("admin:review", args=[revision.pk])
    notify(
        event,
        subject=request,
        accounts=accounts,
        context={**named, **facts},
        path=path,
        scope=AccessScope(request.system_id, frozenset(_channel_ids(request))),
    )


def _channel_ids(request: ApprovalRequest) -> list[UUID]:
    return list(request.channel_rows.values_list("channel_id", flat=True))


def _asked(request: ApprovalRequest) -> dict[str, Any]:
    return {
        "channels": _channels(request),
        "deadline_at": request.deadline_at,
        "reason": request.reason or None,
        "until": "when the override of its gate ends" if ends_with_override(request) else None,
        "sentence": _sentence(request),
        "history": " ".join(taken_back_on(request)) or None,
    }


def _sentence(request: ApprovalRequest) -> str | None:
    """What the gate found; where it was overridden, that first."""
    if request.override is None:
        found: str | None = request.evaluation.result.get("sentence")
        return found
    return f"Gate: {gate_in_words(request, moment())}. {request.override.reason}"


def _channels(request: ApprovalRequest) -> list[str]:
    return sorted(request.channel_rows.values_list("channel__name", flat=True))


def tell_of_rules(proposal: Proposal, system: System) -> None:
    """Step of the verb that proposes new rules, after its entry: the administrators who may confirm them."""
    notify(
        "proposal.stored",
        subject=proposal,
        accounts=administrators_over(system.id, moment()),
        context={
            "act": f"change who approves releases of {system}",
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
            "system": str(system),
        },
        path=reverse("admin:releases_approvalruleset_confirm", args=[proposal.pk]),
    )

"""One reminder for each request, in time for the people it waits for."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.verbs import Unchanged, record, verb
from releases.approvals.ballots import ballot_of
from releases.approvals.closing import lock_request
from releases.approvals.eligibility import effective_state
from releases.approvals.models import ApprovalRequest, RequestState
from releases.approvals.recipients import missing, tell_who_is_missing, waited_for

logger = logging.getLogger(__name__)

REMINDED_SHARE = 4
"""A reminder is due when a quarter of a request's time is left: most have voted by then, and the rest can
still read the brief without haste."""
LEAST_LEFT = timedelta(hours=1)
"""Reading a brief takes its time; with less left a reminder would come too late."""
MOST_LEFT = timedelta(hours=24)
"""One working day: an earlier reminder of a long request would be forgotten again."""


def reminder_due_at(request: ApprovalRequest) -> datetime:
    """When the request's reminder falls due; one of under two hours is never reminded before its middle."""
    whole = request.deadline_at - request.requested_at
    left = min(max(whole / REMINDED_SHARE, LEAST_LEFT), MOST_LEFT, whole / 2)
    return request.deadline_at - left


def _is_due(request: ApprovalRequest, at: datetime) -> bool:
    """Whether the request takes votes, is near its deadline, and was not reminded of."""
    if request.reminded_at is not None or at < reminder_due_at(request):
        return False
    return effective_state(request, at) is RequestState.OPEN


@verb("approval_request.reminded")
def remind_voters(actor: Actor, *, request: ApprovalRequest) -> ApprovalRequest | Unchanged[ApprovalRequest]:
    """Remind those who could fill an open seat and have not voted: once, before the deadline."""
    require(actor, Permission.REMIND_VOTERS, request)
    request = lock_request(request.id)
    if not _is_due(request, moment()):
        return Unchanged(request)
    ballot = ballot_of(request, moment())
    request.reminded_at = moment()
    request.save(update_fields=["reminded_at"])
    names = sorted(ballot.electorate.people[key].username for key in waited_for(ballot))
    record(
        request.stream(),
        before={"reminded_at": None},
        after={
            "request": request.id,
            "reminded_at": request.reminded_at,
            "deadline_at": request.deadline_at,
            "waited_for": names,
            "seats": missing(ballot),
        },
    )
    tell_who_is_missing(request, ballot)
    return request


def remind(actor: Actor) -> int:
    """Remind of all requests that are near their deadline, each in its own transaction; answers how many.

    A beat that comes late finds the same requests. Somebody may decide one of them at the same moment.
    """
    now = timezone.now()
    opened = ApprovalRequest.objects.filter(
        state=RequestState.OPEN, reminded_at__isnull=True, deadline_at__gt=now
    )
    reminded = 0
    for request in [row for row in opened.select_related("release", "revision") if _is_due(row, now)]:
        try:
            reminded += remind_voters(actor, request=request).reminded_at is not None
        except GovernanceError as refusal:
            logger.warning("left for the next round: %s", refusal.message)
    return reminded

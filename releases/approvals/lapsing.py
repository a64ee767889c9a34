"""What ends by time or by a change: requests past their deadline, void requests, approvals never used."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.verbs import Unchanged, record, verb
from releases.approvals.closing import VOIDED, Ending, end_request, lock_request
from releases.approvals.eligibility import effective_state
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.recipients import tell_of_end
from releases.bundles.models import Revision, RevisionState
from releases.bundles.steps import lock_revision, move_revision

logger = logging.getLogger(__name__)

EXPIRED = Ending(
    RequestState.EXPIRED, RevisionState.FROZEN, "The deadline passed before the seats were filled."
)
UNUSED = "The approval ran out before the release went live anywhere."


@verb("approval_request.expired")
def expire_request(actor: Actor, *, request: ApprovalRequest) -> ApprovalRequest | Unchanged[ApprovalRequest]:
    """End a request whose deadline has passed; its revision is frozen again and its votes are void."""
    require(actor, Permission.EXPIRE_REQUEST, request)
    request = lock_request(request.id)
    if request.state != RequestState.OPEN or effective_state(request, moment()) is not RequestState.EXPIRED:
        return Unchanged(request)
    document = end_request(request, EXPIRED)
    before = {"state": RequestState.OPEN}
    record(request.stream(), before=before, after=document, reason=EXPIRED.reason)
    record(request.release.stream(), event="approval_request.expired", after=document, reason=EXPIRED.reason)
    tell_of_end("approval_request.expired", request, EXPIRED.reason)
    return request


@verb("approval_request.voided")
def void_request(actor: Actor, *, request: ApprovalRequest) -> ApprovalRequest | Unchanged[ApprovalRequest]:
    """End a request that a change of its release has overtaken. It counted no longer from the change on."""
    require(actor, Permission.EXPIRE_REQUEST, request)
    request = lock_request(request.id)
    if request.state != RequestState.OPEN or effective_state(request, moment()) is not RequestState.VOID:
        return Unchanged(request)
    document = end_request(request, VOIDED)
    record(request.stream(), before={"state": RequestState.OPEN}, after=document, reason=VOIDED.reason)
    tell_of_end("approval_request.voided", request, VOIDED.reason)
    return request


@verb("approval.expired")
def expire_approval(actor: Actor, *, revision: Revision) -> Revision | Unchanged[Revision]:
    """Mark a revision whose approvals have all run out before it went live anywhere.

    One that went live keeps its state: its deployments tell where it stands, and it may be what a
    rollback returns to. An approval that has run out starts nothing in either case.
    """
    require(actor, Permission.EXPIRE_REQUEST, revision)
    revision = lock_revision(revision)
    if not _unused(moment()).filter(id=revision.id).exists():
        return Unchanged(revision)
    move_revision(revision, RevisionState.EXPIRED)
    record(
        revision.stream(),
        before={"revision": revision.id, "state": RevisionState.APPROVED},
        after={"revision": revision.id, "state": revision.state},
        reason=UNUSED,
    )
    return revision


def lapse(actor: Actor) -> int:
    """End all that has lapsed, each in its own transaction; answers how many there were.

    Somebody may decide one of them at the same moment: that one is then left as it was decided.
    """
    now = timezone.now()
    opened = ApprovalRequest.objects.filter(state=RequestState.OPEN).select_related("release", "revision")
    states = [(request, effective_state(request, now)) for request in opened]
    ended = 0
    for request, state in states:
        if state is RequestState.VOID:
            ended += _attempt(partial(void_request, actor, request=request))
        elif state is RequestState.EXPIRED:
            ended += _attempt(partial(expire_request, actor, request=request))
    for revision in _unused(now):
        ended += _attempt(partial(expire_approval, actor, revision=revision))
    return ended


def _unused(now: datetime) -> QuerySet[Revision]:
    """Approved revisions whose approvals have all run out, that were never deployed or asked about again."""
    approvals = Approval.objects.filter(revision=OuterRef("pk"))
    return Revision.objects.filter(
        Exists(approvals),
        ~Exists(approvals.filter(valid_until__gt=now)),
        ~Exists(ApprovalRequest.objects.filter(revision=OuterRef("pk"), state=RequestState.OPEN)),
        state=RevisionState.APPROVED,
        deployments__isnull=True,
    ).select_related("release")


def _attempt(end: Callable[[], object]) -> bool:
    try:
        end()
    except GovernanceError as refusal:
        logger.warning("left for the next round: %s", refusal.message)
        return False
    return True

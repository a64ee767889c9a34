"""Steps that lock a request and bring it to an end.

Locks are always taken in this order: the request, then its release. Whoever holds both decides alone.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.actors import moment
from governance.ledger.verbs import record
from governance.notifications.withdrawing import stop_asking
from releases.approvals.eligibility import is_outdated
from releases.approvals.models import ApprovalRequest, RequestState
from releases.approvals.recipients import tell_of_end
from releases.bundles.models import RevisionState
from releases.bundles.steps import lock_release, move_revision


def lock_request(request_id: UUID) -> ApprovalRequest:
    """The request as it is now, with its release locked too."""
    locked = ApprovalRequest.objects.select_for_update(no_key=True).get(id=request_id)
    lock_release(locked.release_id)
    return ApprovalRequest.objects.select_related(
        "release__system", "revision__release__system", "evaluation", "override", "system"
    ).get(id=request_id)


def lock_release_with_requests(release_id: UUID) -> list[ApprovalRequest]:
    """Lock the release, and before it its open requests, which are answered as they are now."""
    opened = ApprovalRequest.objects.filter(release_id=release_id, state=RequestState.OPEN).order_by("id")
    held = [request.id for request in opened.select_for_update(no_key=True)]
    lock_release(release_id)
    still = ApprovalRequest.objects.filter(id__in=held, state=RequestState.OPEN).order_by("id")
    return list(still.select_related("release__system", "revision", "system"))


@dataclass(frozen=True)
class Ending:
    """How a request ends: its last state, what the revision becomes if the review holds it, and why."""

    state: RequestState
    revision_state: RevisionState | None
    reason: str


def end_request(request: ApprovalRequest, ending: Ending) -> dict[str, Any]:
    """Close the request and move its revision out of the review; answers what entries say about it.

    A revision that was approved before the request was made keeps its state.
    """
    request.state = ending.state
    request.closed_at = moment()
    request.closing_reason = ending.reason
    request.save(update_fields=["state", "closed_at", "closing_reason"])
    stop_asking(request, because=f"The request ended: it is {request.get_state_display().lower()}.")
    revision = request.revision
    before = revision.state
    if ending.revision_state is not None and revision.state == RevisionState.IN_REVIEW:
        move_revision(revision, ending.revision_state)
    return {
        "request": request.id,
        "request_state": request.state,
        "revision": revision.id,
        "revision_number": revision.number,
        "revision_state": {"before": before, "after": revision.state},
        "channels": request_channels(request),
    }


def request_channels(request: ApprovalRequest) -> list[str]:
    """Ids of the request's channels, sorted."""
    return sorted(str(channel) for channel in request.channel_rows.values_list("channel_id", flat=True))


VOIDED = Ending(RequestState.VOID, None, "The release changed after the request was made.")


def void_outdated(requests: list[ApprovalRequest]) -> None:
    """Close as void those requests that a change of their release has overtaken; a step of the verb that
    meets them, recorded as its consequence."""
    for request in [found for found in requests if is_outdated(found)]:
        document = end_request(request, VOIDED)
        record(
            request.stream(),
            event="approval_request.voided",
            before={"state": RequestState.OPEN},
            after=document,
            reason=VOIDED.reason,
        )
        tell_of_end("approval_request.voided", request, VOIDED.reason)

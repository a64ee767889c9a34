"""Reads across slices: seats, who may vote, which approval covers a channel."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from governance.actors import Actor, acting_as
from governance.errors import GovernanceError
from governance.registry.models import Channel
from releases.approvals.ballots import Seat, ballot_of
from releases.approvals.eligibility import (
    check_strength,
    check_voter,
    effective_state,
    is_outdated,
    strength_needed,
)
from releases.approvals.grounds import gate_in_words, standing_of_override
from releases.approvals.models import Approval, ApprovalRequest, RequestState, VoteDecision
from releases.bundles.models import Revision
from releases.gates.contributors import contributors
from releases.gates.overrides.queries import newest_result_of_row
from releases.gates.overrides.standing import Standing
from releases.gates.queries import latest_evaluation

__all__ = [
    "approval_covering",
    "contributors",
    "effective_state",
    "latest_approval",
    "listed_requests",
    "may_vote",
    "open_request",
    "seats",
    "taken_back_on",
    "warnings_of",
]


def listed_requests() -> QuerySet[ApprovalRequest]:
    """Requests with all that a list shows, in a fixed number of queries."""
    newest = Revision.objects.filter(release=OuterRef("release")).order_by("-number").values("id")[:1]
    rows = ApprovalRequest.objects.select_related(
        "system", "release__system", "revision", "evaluation", "override"
    )
    return rows.prefetch_related("channel_rows__channel", "votes").annotate(
        newest_revision_id=Subquery(newest), newest_result=newest_result_of_row()
    )


def seats(request: ApprovalRequest, at: datetime | None = None) -> tuple[Seat, ...]:
    """The request seat by seat: who sits there, or whose vote would fill it now."""
    return ballot_of(request, at or timezone.now()).seat_list()


def may_vote(actor: Actor, request: ApprovalRequest) -> tuple[bool, str]:
    """Whether the actor could approve this request now, and why or why not.

    A proof that is too old is no obstacle: the reason then says that it has to be renewed.
    """
    at = actor.at or timezone.now()
    ballot = ballot_of(request, at)
    try:
        account_id = check_voter(actor, request, ballot, decision=VoteDecision.APPROVE, at=at)
    except GovernanceError as refusal:
        return False, f"{refusal.message} {refusal.next_step}".strip()
    try:
        with acting_as(actor):
            check_strength(actor, strength_needed(ballot, account_id))
    except GovernanceError as refusal:
        return True, f"A seat is open for you, but: {refusal.message} {refusal.next_step}"
    return True, f"A seat is open for you: {'; '.join(ballot.described(account_id))}."


def latest_approval(revision: Revision, channel: Channel) -> Approval | None:
    """The newest approval of the revision for the channel, expired or not."""
    covering = Approval.objects.filter(revision=revision, request__channels=channel)
    return covering.select_related("request").order_by("-approved_at").first()


def approval_covering(revision: Revision, channel: Channel, at: datetime) -> Approval | None:
    """The newest approval of the revision for the channel that counts at ``at``: approved ≤ at < expiry."""
    covering = Approval.objects.filter(
        revision=revision, request__channels=channel, approved_at__lte=at, valid_until__gt=at
    )
    return covering.select_related("request").order_by("-approved_at").first()


def open_request(revision: Revision, at: datetime | None = None) -> ApprovalRequest | None:
    """The revision's request that takes votes at ``at``, if there is one."""
    found = ApprovalRequest.objects.filter(revision=revision, state=RequestState.OPEN).first()
    if found is None or effective_state(found, at or timezone.now()) is not RequestState.OPEN:
        return None
    return found


def taken_back_on(request: ApprovalRequest) -> list[str]:
    """That this release, in any of its revisions, was rolled back on a channel asked for, newest first.

    Only what had happened when the request was decided: a voter could not know more.
    """
    channels = request.channel_rows.values("channel_id")
    rows = request.release.rollbacks.filter(deployment__channel__in=channels)
    if request.closed_at is not None:
        rows = rows.filter(rolled_back_at__lte=request.closed_at)
    return [
        f"{_which(row.deployment.revision.number, request)} on {row.deployment.channel.name} on "
        f"{row.rolled_back_at:%-d %b %Y} by {row.rolled_back_by_username}: {row.reason.rstrip('.')}."
        for row in rows.select_related("deployment__channel", "deployment__revision")
    ]


def _which(number: int, request: ApprovalRequest) -> str:
    return "Rolled back" if number == request.revision.number else f"Revision {number} was rolled back"


def warnings_of(request: ApprovalRequest) -> tuple[str, ...]:
    """Sentences for the voter about what does not stop a vote but should be known."""
    found = []
    if is_outdated(request) and request.state == RequestState.OPEN:
        found.append("The release changed after this request was made; its votes are void.")
    found += taken_back_on(request)
    at = timezone.now()
    if standing_of_override(request, at) not in {None, Standing.IN_FORCE}:
        found.append(f"Gate: {gate_in_words(request, at)}.")
    latest = latest_evaluation(request.revision)
    if latest is not None and latest.id != request.evaluation_id:
        if not latest.result_digest:
            found.append(
                f"A newer evaluation of this revision exists: {latest.get_status_display().lower()}."
            )
        elif latest.result_digest != request.evaluation.result_digest:
            found.append(
                "A newer evaluation of this revision came to another result "
                f"({latest.get_verdict_display().lower()}); votes are about the one that was asked about."
            )
    declared = [vote.username for vote in request.votes.all() if vote.conflict_declared]
    if declared:
        found.append(f"A conflict of interest was declared by {', '.join(declared)}.")
    return tuple(found)

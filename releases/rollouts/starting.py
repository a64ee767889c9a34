"""Whether a revision may go live on a channel: the approval that covers it, and each refusal by its name."""

from datetime import UTC
from typing import Any

from governance.access.presence import require_presence
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.registry.models import Channel
from releases.approvals.models import Approval
from releases.approvals.queries import approval_covering, latest_approval
from releases.approvals.requesting import check_components
from releases.bundles.differences import ChannelDifference, difference
from releases.bundles.documents import StageKind
from releases.bundles.guarding import SHADOW_IS_NOT_ENOUGH, channel_reasons, guards, sentence_of
from releases.bundles.models import Revision, RevisionState
from releases.bundles.queries import revisions_with_content
from releases.gates.comparisons import baseline_on, compared_with
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress_queries import freeze_at
from releases.rollouts.queries import on_its_way, repeated_rollback
from releases.rollouts.stages import Step, steps_of


class ReleaseNotApproved(GovernanceError):
    """Nothing goes live before it is approved for that channel."""

    code = "release_not_approved"
    title = "Not approved"


class ApprovalExpired(GovernanceError):
    """The approval that covers the channel has run out."""

    code = "approval_expired"
    title = "The approval has expired"
    next_step = "Edit the release for a new revision, have it evaluated and request approval again."


class RevisionOutdated(GovernanceError):
    """The release was changed after this revision was approved."""

    code = "revision_outdated"
    title = "A newer revision exists"


class AlreadyStarted(GovernanceError):
    """The revision serves this channel, or did under this approval."""

    code = "already_started"
    title = "Started before"


class RolledBackIsFinal(GovernanceError):
    """What was rolled back goes forward again by a new approval only."""

    code = "rolled_back_is_final"
    title = "Rolled back under this approval"
    next_step = "Request approval for this channel again; the existing evaluation can be used."


class StarterCastLastVote(GovernanceError):
    """Whoever cast the deciding vote does not also start the rollout."""

    code = "starter_cast_last_vote"
    status = 403
    title = "Another person must start it"
    next_step = "Ask another release manager to start it."


class RolloutUnderWay(GovernanceError):
    """A channel takes one candidate at a time: two could not be told apart by what they change."""

    code = "rollout_under_way"
    title = "Another rollout is under way"
    next_step = "Let it go live or roll it back first."


class CalendarFrozen(GovernanceError):
    """The release's plan names a span in which nothing starts or advances, and it is running."""

    code = "calendar_frozen"
    title = "The calendar is frozen"


class GuardedStageMissing(GovernanceError):
    """Something else went live since the release was frozen, and against that it needs a guarded stage."""

    code = "guarded_stage_missing"
    title = "The plan needs a guarded stage"
    next_step = (
        "Edit the release and give its rollout plan a guarded stage; the new revision is evaluated and "
        "approved like any other."
    )


class BaselineMoved(GovernanceError):
    """Another release is live now than the gate compared the candidate with: its verdict is of the past."""

    code = "baseline_moved"
    title = "Compared with another release"


def check_compared(approval: Approval, channel: Channel, former: Deployment | None) -> None:
    """Refuse to start beside a release that the approved evaluation did not compare the candidate with.

    Where nothing is live there is nothing to compare with. A release that went live elsewhere changes nothing
    here, and one that the run compared with as live on another channel will do.

    Raises:
        BaselineMoved: naming both releases.
    """
    if former is None or compared_with(approval.request.evaluation, former.revision):
        return
    then = baseline_on(approval.request.evaluation, channel)
    against = f"with {then}, which was live there" if then else "with nothing, because nothing was live there"
    raise BaselineMoved(
        f"The gate compared {approval.revision} on {channel} {against}; {former.revision} is live there now.",
        next_step=f"Have it evaluated again, against what is live now, and request approval for {channel} "
        "again.",
    )


def check_calendar(revision: Revision) -> None:
    """Refuse to move forward in a span that the plan freezes; a step of the verb.

    Raises:
        CalendarFrozen: naming the span and its reason.
    """
    freeze = freeze_at(revision, moment())
    if freeze is not None:
        raise CalendarFrozen(
            f"Nothing of {revision} moves forward until {freeze.ends_at.astimezone(UTC):%F %R} UTC: "
            f"{freeze.reason.rstrip('.')}.",
            next_step="Wait for the end of the span. Hold, pause and roll back are possible throughout.",
        )


def check_guarded(revision: Revision, channel: Channel, former: Deployment | None) -> None:
    """Refuse a plan without a guarded stage where the release needs one against what is live now. Freezing
    asked already, about what was live then. Where nothing is live there is nothing to guard against.

    Raises:
        GuardedStageMissing: naming each reason.
    """
    if former is None or guards(revision.rollout_plan):
        return
    rows = revisions_with_content(Revision.objects.filter(id__in=[revision.id, former.revision_id]))
    by_id = {row.id: row for row in rows}
    live = by_id[former.revision_id]
    changed = difference(by_id[revision.id], live, channel=channel)
    reasons = tuple(channel_reasons(ChannelDifference(channel, live, changed)))
    if reasons:
        raise GuardedStageMissing(
            f"{revision} cannot start on {channel} without a guarded stage that lasts: "
            f"{sentence_of(reasons)}. "
            f"{SHADOW_IS_NOT_ENOUGH}."
        )


def passed_at_start(
    revision: Revision, first: Step, approval: Approval, *, has_stable: bool
) -> list[dict[str, Any]]:
    """The stages before the first one and by what each is passed, for the entry of the start."""
    by_gate = {"by": "gate_evaluation", "evaluation": approval.request.evaluation_id}
    by_emptiness = {"by": "nothing_live", "reason": "Nothing is live on the channel to compare with."}
    return [
        {
            "stage": step.stage.kind.value,
            "stage_number": step.number,
            **(by_gate if step.stage.kind is StageKind.OFFLINE_VALIDATION else by_emptiness),
        }
        for step in steps_of(revision)
        if step.number < first.number and (not has_stable or step.stage.kind is StageKind.OFFLINE_VALIDATION)
    ]


NEXT = {
    RevisionState.DRAFT: "Freeze it, have it evaluated, request approval and let the seats be filled.",
    RevisionState.FROZEN: "Have it evaluated and request approval; start it when its seats are filled.",
    RevisionState.IN_REVIEW: "Let its seats be filled first.",
}
"""What is left to do before a start, by the state of the revision."""


def covering_approval(revision: Revision, channel: Channel) -> Approval:
    """The approval under which the revision may start on the channel now; a step of the verb.

    Raises:
        InvalidInput: the revision does not touch the channel.
        RevisionOutdated, ReleaseNotApproved, ApprovalExpired: saying what is missing.
    """
    if not revision.channel_rows.filter(channel=channel).exists():
        raise invalid("channel", f"{revision} does not touch {channel}.")
    newest = revision.release.revisions.order_by("-number").values_list("number", flat=True)[0]
    if newest != revision.number:
        raise RevisionOutdated(
            f"{revision} is followed by revision {newest}; what was voted on it is void.",
            next_step=f"Bring revision {newest} through gate and approval.",
        )
    if revision.state == RevisionState.EXPIRED:
        raise ApprovalExpired(f"The approval of {revision} ran out before it went live.")
    if revision.state != RevisionState.APPROVED:
        raise ReleaseNotApproved(
            f"{revision} is {revision.get_state_display().lower()}, not approved.",
            next_step=NEXT.get(
                RevisionState(revision.state), "Bring a new revision through gate and approval."
            ),
        )
    approval = approval_covering(revision, channel, moment())
    if approval is not None:
        return approval
    expired = latest_approval(revision, channel)
    if expired is not None:
        raise ApprovalExpired(
            f"The approval of {revision} for {channel} was valid until {expired.valid_until:%F %R} UTC."
        )
    raise ReleaseNotApproved(
        f"{revision} is approved, but not for {channel}.",
        next_step=f"Request approval for {channel}; the existing evaluation can be used.",
    )


def _check_under(approval: Approval, channel: Channel) -> None:
    """An approval is used once on a channel."""
    under = Deployment.objects.filter(approval=approval, channel=channel).first()
    if under is None:
        return
    if under.state == DeploymentState.ROLLED_BACK:
        raise RolledBackIsFinal(f"{under.revision} was rolled back on {channel} under this approval.")
    raise AlreadyStarted(
        f"{under.revision} was started on {channel} at {under.started_at:%F %R} UTC and is "
        f"{under.get_state_display().lower()}.",
        next_step="Nothing to do; a superseded release goes live again by a new approval.",
    )


def check_start(actor: Actor, approval: Approval, channel: Channel, former: Deployment | None) -> None:
    """Refuse a start that its approval does not carry any more; ``former`` is what is live there.

    Raises:
        RolledBackIsFinal, AlreadyStarted, RolloutUnderWay, StarterCastLastVote, NotInPerson
        GuardedStageMissing, BaselineMoved, CalendarFrozen, ComponentIsRevoked
    """
    revision = approval.revision
    _check_under(approval, channel)
    other = on_its_way(channel)
    if other is not None:
        raise RolloutUnderWay(f"{other.revision} is {other.get_state_display().lower()} on {channel}.")
    if former is not None and former.revision_id == revision.id:
        raise AlreadyStarted(
            f"{revision} is live on {channel}.", next_step="Nothing to do; it answers there already."
        )
    if actor.id == approval.last_voter_id and not revision.release.system.starter_may_cast_last_vote:
        raise StarterCastLastVote(f"{actor.username} cast the deciding vote on {revision}.")
    if repeated_rollback(channel, former) is not None:
        require_presence(actor, f"go forward on {channel} after a rollback")
    check_guarded(revision, channel, former)
    check_compared(approval, channel, former)
    check_calendar(revision)
    check_components(revision)

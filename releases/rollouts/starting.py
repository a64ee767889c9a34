"""Whether a revision may go live on a channel: the approval that covers it, and each refusal by its name."""

from governance.access.presence import require_presence
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.registry.models import Channel
from releases.approvals.models import Approval
from releases.approvals.queries import approval_covering, latest_approval
from releases.approvals.requesting import check_components
from releases.bundles.models import Revision, RevisionState
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.queries import repeated_rollback


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
            next_step="Freeze it, have it evaluated, request approval and let the seats be filled.",
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
        RolledBackIsFinal, AlreadyStarted, StarterCastLastVote, NotInPerson, ComponentIsRevoked
    """
    revision = approval.revision
    _check_under(approval, channel)
    if former is not None and former.revision_id == revision.id:
        raise AlreadyStarted(
            f"{revision} is live on {channel}.", next_step="Nothing to do; it answers there already."
        )
    if actor.id == approval.last_voter_id and not revision.release.system.starter_may_cast_last_vote:
        raise StarterCastLastVote(f"{actor.username} cast the deciding vote on {revision}.")
    if repeated_rollback(channel, former) is not None:
        require_presence(actor, f"go forward on {channel} after a rollback")
    check_components(revision)

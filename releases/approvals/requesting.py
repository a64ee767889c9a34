"""Steps of a request: is the revision ready, whom does it take, what exactly is asked."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from governance.errors import GovernanceError, invalid
from governance.registry.models import Channel, ComponentStatus, ComponentVersion
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.queries import approval_covering
from releases.bundles.lifecycle import WrongState
from releases.bundles.models import Revision, RevisionState
from releases.bundles.queries import live_revision
from releases.bundles.steps import NotNewestRevision
from releases.gates.comparisons import compared_with
from releases.gates.models import Override
from releases.gates.queries import latest_evaluation

DEADLINE_AFTER = timedelta(hours=72)
LONGEST_DEADLINE = timedelta(days=90)
ROLLED_BACK = "rolled_back"  # a state of rollouts, the slice above this one


class AlreadyRequested(GovernanceError):
    """Approval of this revision, or of the channel, is asked for or given already."""

    code = "already_requested"
    title = "Asked for already"


class ComponentIsRevoked(GovernanceError):
    """The release holds a component that was revoked."""

    code = "component_revoked"
    title = "A component is revoked"
    next_step = "Make a new revision without the component."


def check_revoked(revision: Revision, held: Iterable[ComponentVersion]) -> None:
    """Refuse if one of the components that the revision holds is revoked.

    Raises:
        ComponentIsRevoked: naming each and the reason given.
    """
    revoked = [row for row in held if row.status == ComponentStatus.REVOKED]
    if revoked:
        names = ", ".join(sorted(f"{row} ({row.status_reason})" for row in revoked))
        raise ComponentIsRevoked(f"{revision} holds revoked components: {names}.")


def components_of(revision: Revision) -> QuerySet[ComponentVersion]:
    """The components in the revision's slots, each once."""
    return ComponentVersion.objects.filter(id__in=revision.slots.values("component"))


def check_components(revision: Revision) -> None:
    """Refuse a revision that holds a revoked component; none of them is revoked before the verb has ended.

    Raises:
        ComponentIsRevoked: naming each and the reason given.
    """
    check_revoked(revision, components_of(revision).select_for_update(no_key=True).order_by("id"))


def check_revision(revision: Revision) -> None:
    """Refuse an old revision, one in the wrong state, and one with a revoked component."""
    check_standing(revision)
    check_components(revision)


def check_standing(revision: Revision) -> None:
    """Refuse an old revision, one that is under review already, and one in the wrong state.

    Raises:
        NotNewestRevision, AlreadyRequested, WrongState: with the next step.
    """
    newest = revision.release.revisions.order_by("-number").first()
    if newest is not None and newest.id != revision.id:
        raise NotNewestRevision(
            f"{revision} is followed by revision {newest.number}.",
            next_step=f"Freeze and evaluate revision {newest.number}, and request approval for it.",
        )
    if ApprovalRequest.objects.filter(revision=revision, state=RequestState.OPEN).exists():
        raise AlreadyRequested(
            f"{revision} has an open request.", next_step="Vote on it, or withdraw it first."
        )
    if revision.state not in {RevisionState.FROZEN, RevisionState.APPROVED}:
        steps = {
            RevisionState.DRAFT: "Freeze it and have it evaluated first.",
            RevisionState.WITHDRAWN: "Draft a new release.",
        }
        state = RevisionState(revision.state)
        raise WrongState(
            f"{revision} is {state.label.lower()}; approval is requested for a frozen revision.",
            next_step=steps.get(state, "Edit the release: that makes a new revision to freeze and evaluate."),
        )


def chosen_channels(
    revision: Revision, channels: Iterable[Channel] | None, at: datetime
) -> tuple[Channel, ...]:
    """The channels asked for, by default all that the revision touches; sorted by name.

    For an approved revision these are channels where it was rolled back, that no approval covers, or where
    another release went live since and the newest evaluation compares with that one.

    Raises:
        InvalidInput: a channel that the revision does not touch, or none at all.
        AlreadyRequested: a channel on which the approval in force still serves.
    """
    touched = {channel.id: channel for channel in revision.channels.order_by("name")}
    if channels is None:
        chosen = [channel for channel in touched.values() if not _is_covered(revision, channel, at)]
    else:
        wanted = {channel.id: channel for channel in channels}
        foreign = sorted(str(channel) for key, channel in wanted.items() if key not in touched)
        if foreign:
            raise invalid("channels", f"{revision} does not touch {', '.join(foreign)}.")
        chosen = [channel for key, channel in touched.items() if key in wanted]
        covered = [str(channel) for channel in chosen if _is_covered(revision, channel, at)]
        if covered:
            raise AlreadyRequested(
                f"{revision} is approved for {', '.join(covered)} and was not rolled back there.",
                next_step="Start the rollout there; no new approval is needed.",
            )
    if not chosen and touched:
        raise AlreadyRequested(
            f"{revision} is approved for all its channels and was rolled back on none.",
            next_step="Start the rollout; no new approval is needed.",
        )
    if not chosen:
        raise invalid("channels", "name at least one channel that the revision touches.")
    return tuple(chosen)


def _is_covered(revision: Revision, channel: Channel, at: datetime) -> bool:
    approval = approval_covering(revision, channel, at)
    if approval is None:
        return False
    used = revision.deployments.filter(approval=approval, channel=channel).values_list("state", flat=True)
    return ROLLED_BACK not in used and (bool(used) or not _is_outlived(approval, channel))


def _is_outlived(approval: Approval, channel: Channel) -> bool:
    """Whether the approval starts nothing any more, because another release went live on the channel since it
    was evaluated, and a newer evaluation made up for that."""
    live = live_revision(channel)
    if live is None or compared_with(approval.request.evaluation, live):
        return False
    latest = latest_evaluation(approval.revision)
    return latest is not None and compared_with(latest, live)


def checked_deadline(deadline_at: datetime | None, at: datetime, override: Override | None) -> datetime:
    """The deadline asked for, or 72 hours from ``at``; never after the ``override`` that it rests on has
    ended, since nobody could approve it then.

    Raises:
        InvalidInput: it has passed, lies more than 90 days away, or after the override's end.
    """
    ends = override.expires_at if override else None
    if deadline_at is None:
        return min(at + DEADLINE_AFTER, ends or at + DEADLINE_AFTER)
    if not at < deadline_at <= at + LONGEST_DEADLINE:
        raise invalid(
            "deadline_at", f"{deadline_at:%F %R} is not within the next {LONGEST_DEADLINE.days} days."
        )
    if ends and deadline_at > ends:
        raise invalid(
            "deadline_at",
            f"{deadline_at.astimezone(UTC):%F %R} UTC lies after the override's end, "
            f"{ends.astimezone(UTC):%F %R} UTC.",
            next_step="Name an earlier time, or leave it out: votes are then taken until the override ends.",
        )
    return deadline_at

"""Steps on revisions: for verbs of this slice and of those above it, inside their transaction."""

from dataclasses import replace
from uuid import UUID

from governance.actors import moment
from governance.errors import GovernanceError
from governance.registry.models import ComponentVersion
from releases.bundles.content import ReleaseContent, content_of
from releases.bundles.lifecycle import check_transition
from releases.bundles.manifest import stack_digest
from releases.bundles.models import Release, Revision, RevisionChannel, RevisionState, Slot


class NotNewestRevision(GovernanceError):
    """A newer revision exists; only the newest is edited, frozen or reviewed."""

    code = "not_newest_revision"
    title = "There is a newer revision"
    next_step = "Read the release again and go on with its newest revision."


class EditedMeanwhile(GovernanceError):
    """Somebody changed the revision since it was read."""

    code = "edited_meanwhile"
    status = 412
    title = "Changed since you read it"
    next_step = "Read the release again, and repeat your change on what it holds now."


def lock_release(release_id: UUID) -> Release:
    """Lock a release: all verbs on it, its revisions, approvals and deployments wait for one another."""
    return Release.objects.select_for_update(no_key=True).get(id=release_id)


def lock_revision(revision: Revision) -> Revision:
    """The revision as it is now, under the lock of its release."""
    release = lock_release(revision.release_id)
    locked = Revision.objects.get(id=revision.id)
    locked.release = release
    return locked


def move_revision(revision: Revision, to: RevisionState, *, next_step: str = "") -> Revision:
    """Bring a locked revision into another state; the calling verb records it.

    Raises:
        WrongState: the table of transitions does not allow it.
    """
    check_transition(revision.state, to, next_step=next_step)
    revision.state = to
    revision.state_changed_at = moment()
    revision.save(update_fields=["state", "state_changed_at"])
    return revision


def lock_newest(revision: Revision, expected_edits: int | None) -> Revision:
    """The revision as it is now, locked, if it is the newest and still the one that was read.

    Raises:
        EditedMeanwhile: ``expected_edits`` is given and the release has moved on.
        NotNewestRevision: another revision follows it.
    """
    locked = lock_revision(revision)
    newest = locked.release.revisions.order_by("-number").values_list("number", flat=True)[0]
    current = newest == locked.number
    if expected_edits is not None and (not current or locked.edits != expected_edits):
        raise EditedMeanwhile(f"{locked} was changed since you read it.")
    if not current:
        raise NotNewestRevision(f"Revision {locked.number} of {locked.release} is followed by {newest}.")
    return locked


def lock_content(revision: Revision) -> ReleaseContent:
    """What the draft holds, with its components locked: none can be revoked while it is frozen."""
    content = content_of(revision)
    ids = {slot.component.id for slot in content.slots}
    rows = ComponentVersion.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
    locked = {row.id: row for row in rows}
    slots = tuple(replace(slot, component=locked[slot.component.id]) for slot in content.slots)
    return replace(content, slots=slots)


def store_content(revision: Revision, content: ReleaseContent) -> None:
    """Make the draft hold ``content`` and nothing else. Its rows are no evidence before it is frozen."""
    revision.slots.all().delete()
    revision.channel_rows.all().delete()
    RevisionChannel.objects.bulk_create(
        RevisionChannel(release_id=revision.release_id, revision=revision, channel=channel)
        for channel in content.channels
    )
    Slot.objects.bulk_create(
        Slot(
            release_id=revision.release_id,
            revision=revision,
            slot=slot.slot,
            component=slot.component,
            channel=slot.channel,
            role=slot.role,
        )
        for slot in content.slots
    )


def new_revision(release: Release, number: int, content: ReleaseContent) -> Revision:
    """Store a revision as a draft; the calling verb records it."""
    revision = Revision.objects.create(
        release=release,
        number=number,
        card=content.card,
        rollout_plan=content.rollout_plan,
        rollback_plan=content.rollback_plan,
        stack_digest=stack_digest(content.slots),
        drafted_at=moment(),
        state_changed_at=moment(),
    )
    store_content(revision, content)
    return revision

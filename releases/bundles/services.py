"""Verbs on releases: draft, edit, revise, freeze, withdraw."""

from django.db.models import Q

from governance.access.proposals import account_of
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import canonical_bytes
from governance.ledger.entries import store_blob
from governance.ledger.idempotency import actor_key
from governance.ledger.models import IdempotencyRecord
from governance.ledger.verbs import record, verb
from governance.registry.models import System
from governance.registry.services import check_fields
from releases.bundles.completeness import check_complete
from releases.bundles.consistency import checked_content
from releases.bundles.content import ReleaseContent, content_of
from releases.bundles.guarding import reasons_of
from releases.bundles.lifecycle import WrongState, check_transition
from releases.bundles.manifest import manifest_digest, manifest_document, stack_digest
from releases.bundles.models import Assignment, Release, Revision, RevisionState
from releases.bundles.sealed import in_effect
from releases.bundles.snapshots import snapshot, store_documents
from releases.bundles.steps import (
    lock_content,
    lock_newest,
    lock_revision,
    move_revision,
    new_revision,
    store_content,
)

ENDED_DEPLOYMENTS = ("superseded", "rolled_back")
"""States in which a deployment serves nobody (``releases.rollouts.models.DeploymentState``)."""


class ReleaseNameTaken(GovernanceError):
    """The system has a release of this name; a change of it is a new revision."""

    code = "release_name_taken"
    title = "There is a release of this name"
    next_step = "Choose another name, or edit that release: it gets a new revision."


class StillDeployed(GovernanceError):
    """A deployment of the revision has not ended."""

    code = "still_deployed"
    title = "Still deployed"
    next_step = "Roll it back, or let another release take its place, then withdraw it."


def _new_release(actor: Actor, system: System, name: str, copied_from: Revision | None) -> Release:
    release = Release(
        system=system,
        name=name,
        owner=account_of(actor),
        owner_username=actor.username,
        copied_from=copied_from,
        created_at=moment(),
    )
    check_fields(release)
    return release


@verb("release.drafted")
def draft_release(
    actor: Actor,
    *,
    system: System,
    name: str,
    content: ReleaseContent,
    copied_from: Revision | None = None,
) -> Revision:
    """Draft a release: its first revision, which may be incomplete but not contradictory.

    ``copied_from`` is the revision whose slots the content was made from.

    Raises:
        ReleaseNameTaken: the system has a release of this name.
        InvalidInput: naming every field that cannot be taken.
    """
    require(actor, Permission.DRAFT_RELEASE, system)
    if Release.objects.filter(system=system, name=name).exists():
        raise ReleaseNameTaken(f"{system} has a release {name} already.")
    if copied_from is not None and copied_from.release.system_id != system.id:
        raise invalid("from_live", f"{copied_from} belongs to another system.")
    release = _new_release(actor, system, name, copied_from)
    checked = checked_content(system, content)
    release.save(force_insert=True)
    revision = new_revision(release, 1, checked)
    record(
        release.stream(),
        after={
            "system": system.id,
            "name": name,
            "copied_from": copied_from.id if copied_from else None,
            **snapshot(revision, checked),
        },
        refs=store_documents(checked),
    )
    return revision


def edit_release(
    actor: Actor, *, revision: Revision, content: ReleaseContent, expected_edits: int | None = None
) -> Revision:
    """Change a release: a draft is edited, anything later gets a new revision as a draft.

    ``content`` is the whole content, not a part of it. ``expected_edits`` is the revision's count of edits
    that the writer has read. A call repeated with its idempotency key goes to the verb that answered it.

    Raises:
        EditedMeanwhile: the revision is no longer what the writer has read.
        NotNewestRevision, WrongState, InvalidInput, PermissionDenied: see the messages.
    """
    state = Revision.objects.values_list("state", flat=True).get(id=revision.id)
    # The state is read before the key: whoever sees the draft a first call made also sees its key.
    named = _answered_before(actor)
    verb_name = named or ("release.edited" if state == RevisionState.DRAFT else "release.revised")
    change = edit_draft if verb_name == "release.edited" else revise_release
    return change(actor, revision=revision, content=content, expected_edits=expected_edits)


def _answered_before(actor: Actor) -> str | None:
    """The verb that answered this idempotency key before, if one did."""
    if actor.idempotency is None:
        return None
    known = IdempotencyRecord.objects.filter(actor=actor_key(actor), key=actor.idempotency.key)
    return known.values_list("verb", flat=True).first()


@verb("release.edited")
def edit_draft(
    actor: Actor, *, revision: Revision, content: ReleaseContent, expected_edits: int | None = None
) -> Revision:
    """Make a draft hold ``content``; see :func:`edit_release`."""
    require(actor, Permission.DRAFT_RELEASE, revision)
    revision = lock_newest(revision, expected_edits)
    if revision.state != RevisionState.DRAFT:
        raise WrongState(
            f"{revision} is {revision.get_state_display().lower()} and is not edited.",
            next_step="Read the release again; the same change then makes a new revision.",
        )
    checked = checked_content(revision.release.system, content)
    before = snapshot(revision, content_of(revision))
    store_content(revision, checked)
    revision.card = checked.card
    revision.rollout_plan = checked.rollout_plan
    revision.rollback_plan = checked.rollback_plan
    revision.stack_digest = stack_digest(checked.slots)
    revision.edits += 1
    revision.save(update_fields=["card", "rollout_plan", "rollback_plan", "stack_digest", "edits"])
    record(revision.stream(), before=before, after=snapshot(revision, checked), refs=store_documents(checked))
    return revision


@verb("release.revised")
def revise_release(
    actor: Actor, *, revision: Revision, content: ReleaseContent, expected_edits: int | None = None
) -> Revision:
    """Make the next revision as a draft with ``content``; see :func:`edit_release`.

    The old revision keeps its results and its votes. One in review goes back to frozen: its votes are
    void, since a request counts only while its revision is in review and the newest.
    """
    require(actor, Permission.DRAFT_RELEASE, revision)
    old = lock_newest(revision, expected_edits)
    if old.state in {RevisionState.DRAFT, RevisionState.WITHDRAWN}:
        raise WrongState(
            f"{old} is {old.get_state_display().lower()}; no revision follows it.",
            next_step="Edit the draft itself; in place of a withdrawn release draft a new one.",
        )
    checked = checked_content(old.release.system, content)
    before = snapshot(old, content_of(old))
    if old.state == RevisionState.IN_REVIEW:
        move_revision(old, RevisionState.FROZEN)
    new = new_revision(old.release, old.number + 1, checked)
    record(
        new.stream(),
        before=before,
        after={**snapshot(new, checked), "previous": {"revision": old.id, "state": old.state}},
        refs=store_documents(checked),
    )
    return new


@verb("release.frozen")
def freeze_release(actor: Actor, *, revision: Revision) -> Revision:
    """Freeze a complete draft: slots, channels, card and plans change no more and get their digests.

    Raises:
        WrongState: the revision is no draft.
        ReleaseIncomplete: naming every part that is missing.
    """
    require(actor, Permission.FREEZE_RELEASE, revision)
    revision = lock_newest(revision, None)
    if revision.state != RevisionState.DRAFT:
        raise WrongState(
            f"{revision} is {revision.get_state_display().lower()}; only a draft is frozen.",
            next_step="Edit the release to get a new draft, then freeze that.",
        )
    content = lock_content(revision)
    check_complete(content, reasons_of(revision))
    before = snapshot(revision, content)
    document = manifest_document(revision)
    revision.stack_digest = stack_digest(content.slots)
    revision.manifest_digest = manifest_digest(document)
    revision.frozen_at = moment()
    revision.frozen_by_username = actor.username
    revision.edits += 1  # what somebody read of the draft is no longer what an edit would start from
    revision.save(
        update_fields=["stack_digest", "manifest_digest", "frozen_at", "frozen_by_username", "edits"]
    )
    move_revision(revision, RevisionState.FROZEN)
    record(
        revision.stream(),
        before={"revision": revision.id, "state": before["state"]},
        after=snapshot(revision, content),
        refs={"manifest": store_blob(canonical_bytes(document)), **store_documents(content)},
    )
    return revision


@verb("release.withdrawn")
def withdraw_release(actor: Actor, *, revision: Revision, reason: str) -> Revision:
    """Withdraw a revision for good; its record stays.

    Raises:
        StillDeployed: a deployment of it has not ended.
        WrongState: it is withdrawn already.
    """
    require(actor, Permission.WITHDRAW_RELEASE, revision)
    if not reason.strip():
        raise invalid("reason", "say why the release is withdrawn.")
    revision = lock_revision(revision)
    check_transition(revision.state, RevisionState.WITHDRAWN)
    running = revision.deployments.exclude(state__in=ENDED_DEPLOYMENTS).select_related("channel")
    if running:
        where = ", ".join(f"{row.channel} ({row.get_state_display().lower()})" for row in running)
        raise StillDeployed(f"{revision} is deployed on {where}.")
    answers = Q(stable=revision) | Q(candidate=revision) | Q(control=revision)
    kept = Assignment.objects.filter(in_effect()).filter(answers).select_related("channel").first()
    if kept is not None:
        whom = "the control" if kept.control_id == revision.id else "people, until the ledger is signed,"
        raise StillDeployed(f"{revision} answers {whom} on {kept.channel}.")
    before = revision.state
    move_revision(revision, RevisionState.WITHDRAWN)
    record(
        revision.stream(),
        before={"revision": revision.id, "state": before},
        after={"revision": revision.id, "number": revision.number, "state": revision.state},
        reason=reason,
    )
    return revision

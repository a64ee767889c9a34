"""Adopt a release: record what serves channels already, without gate and approval, by two persons.

An adopted release is the baseline of the first comparison and what the first rollback returns to. It is
marked adopted wherever it is shown, and its missing parts stand in the entry as gaps.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from governance.access.models import Proposal
from governance.access.proposals import confirm_proposal, record_confirmation, store_proposal
from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import AccessScope
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import canonical_bytes
from governance.ledger.entries import store_blob
from governance.ledger.verbs import record, touching, verb
from governance.registry.models import Channel
from releases.bundles.completeness import ReleaseIncomplete, check_complete
from releases.bundles.content import ReleaseContent
from releases.bundles.guarding import guards
from releases.bundles.lifecycle import WrongState
from releases.bundles.manifest import manifest_digest, manifest_document, stack_digest
from releases.bundles.models import Revision, RevisionState
from releases.bundles.queries import live_revision
from releases.bundles.snapshots import store_documents
from releases.bundles.steps import lock_content, lock_newest, move_revision
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.recipients import tell_of_adoption
from releases.rollouts.steps import lock_channels, move_deployment, new_deployment, serve

VERB = "release.adopted"
NO_GUARDED_ROLLOUT = "no guarded rollout: everybody got it at once"


class AdoptionNeedsSecondPerson(GovernanceError):
    """Adoption passes no gate, so two persons answer for it."""

    code = "second_person_needed"
    title = "A second person is needed"
    next_step = (
        "A release manager proposes it; another one or an approver repeats the call with the proposal."
    )


class ChannelServedAlready(GovernanceError):
    """Something that is on record serves the channel; adopting is for what was live before that."""

    code = "channel_served_already"
    title = "Something is live there"
    next_step = "Bring the release through gate and approval; that supersedes what is live."


def _scope(channels: Iterable[Channel]) -> AccessScope:
    rows = list(channels)
    if not rows:
        raise invalid("channels", "name the channels that the release serves already.")
    if len({channel.system_id for channel in rows}) > 1:
        raise invalid("channels", "they belong to several systems.")
    return AccessScope(rows[0].system_id, frozenset(channel.id for channel in rows))


def _arguments(revision: Revision, channels: Iterable[Channel]) -> dict[str, Any]:
    """What two persons agree on: the very content, not only its number."""
    return {
        "revision": revision.id,
        "edits": revision.edits,
        "stack_digest": revision.stack_digest,
        "channels": sorted({str(channel.id) for channel in channels}),
    }


def _check(revision: Revision, channels: Iterable[Channel], reason: str) -> None:
    if not reason.strip():
        raise invalid("reason", "say since when and on what grounds the release serves these channels.")
    if revision.state not in {RevisionState.DRAFT, RevisionState.FROZEN} or revision.adopted:
        state = "adopted already" if revision.adopted else revision.get_state_display().lower()
        raise WrongState(
            f"{revision} is {state}; only a draft or a frozen revision is adopted.",
            next_step="Draft a release that describes what is live.",
        )
    touched = set(revision.channel_rows.values_list("channel_id", flat=True))
    foreign = sorted(str(channel) for channel in channels if channel.id not in touched)
    if foreign:
        raise invalid("channels", f"{revision} does not touch {', '.join(foreign)}.")
    for channel in channels:
        serving = live_revision(channel)
        if serving is not None:
            raise ChannelServedAlready(f"{serving} serves {channel}.")


@verb("proposal.stored")
def propose_adoption(
    actor: Actor, *, revision: Revision, channels: Iterable[Channel], reason: str
) -> Proposal:
    """First of two persons: propose that a revision is what serves the channels already."""
    chosen = list(channels)
    require(actor, Permission.PROPOSE_ADOPTION, _scope(chosen))
    touching(revision.stream())
    revision = Revision.objects.select_related("release").get(id=revision.id)
    _check(revision, chosen, reason)
    proposal = store_proposal(
        VERB, _arguments(revision, chosen), system_id=revision.release.system_id, reason=reason
    )
    tell_of_adoption(proposal, revision, sorted(channel.name for channel in chosen))
    return proposal


@verb("release.adopted")
def adopt_release(
    actor: Actor,
    *,
    revision: Revision,
    channels: Iterable[Channel],
    reason: str,
    proposal: UUID | None = None,
) -> Revision:
    """Second of two persons: the release is frozen as it is, marked adopted, and live on the channels.

    Raises:
        AdoptionNeedsSecondPerson: no proposal is named.
        ProposerConfirms, ProposalNotOpen, ProposalDiffers: the proposal does not carry this call.
        ChannelServedAlready, WrongState, InvalidInput: see the messages.
    """
    chosen = sorted(channels, key=lambda channel: channel.id)
    require(actor, Permission.CONFIRM_ADOPTION, _scope(chosen))
    touching(revision.stream())
    if proposal is None:
        raise AdoptionNeedsSecondPerson(f"{actor.username} cannot adopt {revision} alone.")
    locked = lock_channels(channel.id for channel in chosen)
    revision = lock_newest(revision, None)
    confirmed = confirm_proposal(proposal, VERB, _arguments(revision, locked))
    _check(revision, locked, reason)
    content = lock_content(revision)
    before = {"revision": revision.id, "state": revision.state}
    refs = _freeze(actor, revision, content)
    deployments = [_deploy(actor, revision, channel) for channel in locked]
    after = _document(actor, revision, deployments, confirmed, content)
    record(revision.stream(), before=before, after=after, reason=reason, refs=refs)
    record_confirmation(confirmed)
    for deployment in deployments:
        serve(deployment, reason)
    return revision


def _document(
    actor: Actor,
    revision: Revision,
    deployments: Iterable[Deployment],
    confirmed: Proposal,
    content: ReleaseContent,
) -> dict[str, Any]:
    return {
        "revision": revision.id,
        "number": revision.number,
        "state": revision.state,
        "adopted": True,
        "edits": revision.edits,
        "manifest_digest": revision.manifest_digest,
        "stack_digest": revision.stack_digest,
        "deployments": [{"id": row.id, "channel": row.channel_id} for row in deployments],
        "proposed_by": confirmed.proposed_by_username,
        "confirmed_by": actor.username,
        "gaps": gaps_of(content),
    }


def gaps_of(content: ReleaseContent) -> list[dict[str, str]]:
    """What a release governed from the start would hold and this content does not."""
    gaps = []
    if not guards(content.rollout_plan):
        gaps.append({"field": "rollout_plan.stages", "message": NO_GUARDED_ROLLOUT})
    try:
        check_complete(content)
    except ReleaseIncomplete as incomplete:
        gaps += [{"field": gap.field, "message": gap.message} for gap in incomplete.field_errors]
    return gaps


def _freeze(actor: Actor, revision: Revision, content: ReleaseContent) -> dict[str, str]:
    """Mark the revision adopted, and freeze it if it is a draft; answers what the entry refers to."""
    document = manifest_document(revision)
    was_draft = revision.state == RevisionState.DRAFT
    revision.adopted = True
    if was_draft:
        revision.stack_digest = stack_digest(content.slots)
        revision.manifest_digest = manifest_digest(document)
        revision.frozen_at = moment()
        revision.frozen_by_username = actor.username
        revision.edits += 1
    revision.save()
    if was_draft:
        move_revision(revision, RevisionState.FROZEN)
    return {"manifest": store_blob(canonical_bytes(document)), **store_documents(content)}


def _deploy(actor: Actor, revision: Revision, channel: Channel) -> Deployment:
    deployment = new_deployment(actor, revision, channel)
    move_deployment(deployment, DeploymentState.LIVE)
    return deployment


def submit_adoption(
    actor: Actor,
    *,
    revision: Revision,
    channels: Iterable[Channel],
    reason: str,
    proposal: UUID | None = None,
) -> Revision | Proposal:
    """Adopt if ``proposal`` names what another person proposed, else propose it."""
    if proposal is None:
        return propose_adoption(actor, revision=revision, channels=channels, reason=reason)
    return adopt_release(actor, revision=revision, channels=channels, reason=reason, proposal=proposal)

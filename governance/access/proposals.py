"""Acts that need a second person: store what is proposed, confirm exactly that.

Steps for verbs of any slice. The proposal holds the digest of the arguments; the confirming call repeats
them, so nobody confirms something else than what was proposed.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from governance.access.models import Account, ApiToken, Proposal
from governance.actors import Actor, current_actor, moment
from governance.errors import GovernanceError, InvalidInput, NotFound
from governance.ledger.canonical import digest_of, plain
from governance.ledger.verbs import record

LIFETIME = timedelta(hours=24)


class ProposerConfirms(GovernanceError):
    """The second person must be another account than the first."""

    code = "proposer_confirms"
    status = 403
    title = "A second person is needed"
    next_step = "Ask another account with the role to confirm the proposal."


class ProposalNotOpen(GovernanceError):
    """The proposal was confirmed before or has expired."""

    code = "proposal_not_open"
    title = "The proposal is no longer open"
    next_step = "Make a new proposal."


class ProposalDiffers(GovernanceError):
    """The confirming call does not repeat the arguments that were proposed."""

    code = "proposal_differs"
    title = "Not what was proposed"
    next_step = "Repeat the proposed arguments exactly, or make a new proposal."


def account_of(actor: Actor) -> Account:
    """The actor's account.

    Raises:
        InvalidInput: the actor has none (a task or a command).
    """
    if actor.id is None:
        raise InvalidInput(f"{actor.kind} actors hold no account; a person must do this.")
    return Account.objects.get(id=actor.id)


def store_proposal(verb: str, arguments: dict[str, Any], *, system_id: UUID | None, reason: str) -> Proposal:
    """Store a proposal by the acting account and record it as the running verb's entry."""
    actor = current_actor()
    proposal = Proposal.objects.create(
        verb=verb,
        arguments=plain(arguments),
        arguments_digest=digest_of(arguments),
        system_id=system_id,
        reason=reason,
        proposed_by=account_of(actor),
        proposed_by_username=actor.username,
        proposed_at=moment(),
        expires_at=moment() + LIFETIME,
    )
    record(
        proposal.stream(),
        after={"verb": verb, "arguments": arguments, "system": system_id, "expires_at": proposal.expires_at},
        reason=reason,
    )
    return proposal


def _is_proposers_token(actor: Actor, proposal: Proposal) -> bool:
    """Whether the actor uses a token that the proposer issued: then one person would act as two."""
    if actor.auth.token_id is None:
        return False
    issued = ApiToken.objects.filter(
        id=actor.auth.token_id, created_by_username=proposal.proposed_by_username
    )
    return issued.exists()


def confirm_proposal(proposal_id: UUID, verb: str, arguments: dict[str, Any]) -> Proposal:
    """Check that the acting account may confirm this proposal for these arguments, and mark it confirmed.

    The caller records its own event first and then calls :func:`record_confirmation`.

    Raises:
        NotFound: no such proposal for this verb.
        ProposerConfirms: first and second person are the same, or the second uses a token of the first.
        ProposalNotOpen: confirmed before, or older than 24 hours.
        ProposalDiffers: other arguments than proposed.
    """
    proposal = Proposal.objects.select_for_update(no_key=True).filter(id=proposal_id, verb=verb).first()
    if proposal is None:
        raise NotFound(f"There is no proposal {proposal_id} for {verb}.")
    actor = current_actor()
    if actor.id == proposal.proposed_by_id:
        raise ProposerConfirms(f"{actor.username} made this proposal and cannot confirm it.")
    if _is_proposers_token(actor, proposal):
        raise ProposerConfirms(f"{proposal.proposed_by_username} issued the token that would confirm this.")
    if proposal.confirmed_at is not None or proposal.expires_at <= moment():
        ended = "was confirmed" if proposal.confirmed_at else "expired"
        raise ProposalNotOpen(
            f"The proposal {ended} at {proposal.confirmed_at or proposal.expires_at:%F %R} UTC."
        )
    if proposal.arguments_digest != digest_of(arguments):
        raise ProposalDiffers("The arguments differ from those that were proposed.")
    proposal.confirmed_by = account_of(actor)
    proposal.confirmed_by_username = actor.username
    proposal.confirmed_at = moment()
    proposal.save(update_fields=["confirmed_by", "confirmed_by_username", "confirmed_at"])
    return proposal


def record_confirmation(proposal: Proposal) -> None:
    """Record the confirmation in the proposal's stream, as a consequence of the verb's own entry."""
    record(
        proposal.stream(),
        event="proposal.confirmed",
        after={"confirmed_by": proposal.confirmed_by_username, "confirmed_at": proposal.confirmed_at},
    )

"""Verbs on overrides: propose, give, withdraw. An override lets a release past its gate, and the verdict
stays what it is."""

from typing import Any
from uuid import UUID

from governance.access.models import Proposal
from governance.access.proposals import confirm_proposal, record_confirmation, store_proposal
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from governance.notifications.withdrawing import stop_asking
from releases.bundles.models import Revision
from releases.bundles.steps import lock_release
from releases.gates.models import Override, Verdict
from releases.gates.overrides.people import (
    check_still_answerable,
    permission_over,
    require_answerable,
    scope_of,
)
from releases.gates.overrides.queries import VERB, completed, is_used, listed_overrides, stands_at
from releases.gates.overrides.recipients import tell_of_override, tell_of_proposal, tell_of_withdrawal
from releases.gates.overrides.standing import Standing, overridden
from releases.gates.overrides.terms import Case, OverrideTerms, check_terms, lock_case


class OverrideNeedsSecondPerson(GovernanceError):
    """Past a fail, and in an active attack, two persons answer."""

    code = "second_person_needed"
    title = "A second person is needed"
    next_step = "Propose it; another approver or security reviewer repeats the call with the proposal's id."


class OverrideOver(GovernanceError):
    """The override lets nothing past any more."""

    code = "override_over"
    title = "The override is over"
    next_step = "Nothing is left to withdraw."


class OverrideUsed(GovernanceError):
    """An approval rests on the override: it is part of a decision that was made."""

    code = "override_used"
    title = "The override was used"
    next_step = "Take the release back where it is live or on its way; the record keeps the override."


@verb("proposal.stored")
def propose_override(actor: Actor, *, revision: Revision, terms: OverrideTerms) -> Proposal:
    """First of two persons: propose to let the revision past its gate."""
    require(actor, Permission.VIEW, revision)
    case = _answered(actor, revision, terms)
    proposal = store_proposal(
        VERB, case.arguments, system_id=case.revision.release.system_id, reason=terms.reason
    )
    tell_of_proposal(proposal, case)
    return proposal


@verb("override.given")
def give_override(
    actor: Actor, *, revision: Revision, terms: OverrideTerms, proposal: UUID | None = None
) -> Override:
    """Let the revision past its gate: for an inconclusive one a person alone, past a fail and for an
    expedite the second person, who confirms the ``proposal`` of the first by repeating its terms.

    The verdict stays what it is. The override counts for the result it names, until it expires, is
    withdrawn, or a newer evaluation comes to another result.

    Raises:
        NotNewestRevision, WrongState, NothingToOverride, EvidenceChanged, AlreadyOverridden
        OverrideRefused, PermissionDenied, NotInPerson, ReauthenticationNeeded: who may, and how well proved.
        OverrideNeedsSecondPerson, ProposerConfirms, ProposalNotOpen, ProposalDiffers
        InvalidInput: a field does not fit.
    """
    require(actor, Permission.VIEW, revision)
    case = _answered(actor, revision, terms)
    confirmed = _second_person(case, proposal)
    override = _store(actor, case, confirmed)
    _record(actor, override, case)
    if confirmed is not None:
        record_confirmation(confirmed)
        stop_asking(confirmed, because="Somebody has confirmed it.")
    tell_of_override(override, case)
    return override


def _answered(actor: Actor, revision: Revision, terms: OverrideTerms) -> Case:
    """The case, locked, if the actor may answer for it and its terms fit."""
    case = lock_case(revision, terms)
    act = "answer for an expedited release" if terms.expedite else "override a gate"
    require_answerable(actor, case.permission, case.scope, revision=case.revision, act=act)
    check_terms(case)
    return case


def _second_person(case: Case, proposal: UUID | None) -> Proposal | None:
    """The confirmed proposal where there is one; a case that takes two is refused without."""
    if proposal is None:
        if case.takes_two:
            what = "An expedited release" if case.terms.expedite else "A failed gate"
            raise OverrideNeedsSecondPerson(f"{what} takes two persons, and nobody has proposed this.")
        return None
    confirmed = confirm_proposal(proposal, VERB, case.arguments)
    check_still_answerable(confirmed.proposed_by, case.permission, case.scope, revision=case.revision)
    return confirmed


def _store(actor: Actor, case: Case, confirmed: Proposal | None) -> Override:
    terms = case.terms
    return Override.objects.create(
        release=case.revision.release,
        revision=case.revision,
        evaluation=case.evaluation,
        manifest_digest=case.revision.manifest_digest,
        result_digest=case.evaluation.result_digest,
        verdict=case.evaluation.verdict,
        criteria=list(case.criteria),
        channels=case.arguments["channels"],
        reason=terms.reason,
        expedite=terms.expedite,
        given_at=moment(),
        given_by_username=confirmed.proposed_by_username if confirmed else actor.username,
        confirmed_by_username=actor.username if confirmed else "",
        expires_at=moment() + case.lasts,
        review_due_at=moment() + case.review_after if terms.expedite else None,
    )


def _record(actor: Actor, override: Override, case: Case) -> None:
    """In the override's own stream and, as the consequence, in its release's."""
    refs = {"manifest": override.manifest_digest, "result": override.result_digest}
    after = {
        "override": override.id,
        "release": override.release_id,
        "revision": override.revision_id,
        "revision_number": case.revision.number,
        "evaluation": override.evaluation_id,
        "verdict": override.verdict,
        "criteria": override.criteria,
        "channels": override.channels,
        "expedite": override.expedite,
        "given_by": override.given_by_username,
        "confirmed_by": override.confirmed_by_username or None,
        "auth": {"method": actor.auth.method, "mfa": actor.auth.mfa, "proved_at": actor.auth.proved_at},
        "expires_at": override.expires_at,
        "review_due_at": override.review_due_at,
    }
    record(override.stream(), after=after, reason=override.reason, refs=refs)
    record(override.release.stream(), event="override.given", after=after, reason=override.reason, refs=refs)


def submit_override(
    actor: Actor, *, revision: Revision, terms: OverrideTerms, proposal: UUID | None = None
) -> Override | Proposal:
    """Give the override where one person may or ``proposal`` names what another proposed, else propose it."""
    newest = completed(revision).values_list("verdict", flat=True).first()
    if proposal is None and (terms.expedite or newest == Verdict.FAIL):
        return propose_override(actor, revision=revision, terms=terms)
    return give_override(actor, revision=revision, terms=terms, proposal=proposal)


@verb("override.withdrawn")
def withdraw_override(actor: Actor, *, override: Override, reason: str) -> Override:
    """Take an override back before an approval rests on it; whoever may give one may take it back.

    Raises:
        OverrideUsed, OverrideOver: see the messages.
    """
    require(actor, Permission.VIEW, override)
    lock_release(override.release_id)
    override = listed_overrides().get(id=override.id)
    require(actor, permission_over(override), scope_of(override))
    if not reason.strip():
        raise invalid("reason", "say why the override is taken back.")
    if is_used(override):
        raise OverrideUsed(f"{override.revision} was approved under this override.")
    stands = stands_at(override, moment())
    if stands is not Standing.IN_FORCE:
        raise OverrideOver(f"{override.revision}: {overridden(override, stands)}.")
    override.withdrawn_at = moment()
    override.withdrawn_by_username = actor.username
    override.withdrawal_reason = reason
    override.save(update_fields=["withdrawn_at", "withdrawn_by_username", "withdrawal_reason"])
    after: dict[str, Any] = {
        "override": override.id,
        "release": override.release_id,
        "revision": override.revision_id,
        "revision_number": override.revision.number,
        "withdrawn_at": override.withdrawn_at,
    }
    record(override.stream(), before={"withdrawn_at": None}, after=after, reason=reason)
    record(override.release.stream(), event="override.withdrawn", after=after, reason=reason)
    tell_of_withdrawal(override)
    return override

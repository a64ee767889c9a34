"""Verbs on grants: give and revoke. Powerful roles need a second administrator."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from governance.access.administrators import lock_administrators, refuse_without_administrator
from governance.access.models import Account, AccountKind, Grant, Proposal
from governance.access.presence import require_presence
from governance.access.projection import project_grants
from governance.access.proposals import account_of, confirm_proposal, record_confirmation, store_proposal
from governance.access.queries import administrators_over, require
from governance.access.roles import GRANTABLE, INSTALLATION_WIDE, PERSONS_ONLY, POWERFUL, Permission, Role
from governance.access.scopes import INSTALLATION, AccessScope
from governance.actors import Actor, acting_as, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, verb
from governance.outbox.services import enqueue

VERB = "grant.given"
TELL = "governance.notifications.proposal_stored"  # a task of the slice above


class SecondPersonNeeded(GovernanceError):
    """The act changes who holds power; one person alone cannot do it."""

    code = "second_person_needed"
    title = "A second person is needed"
    next_step = "Propose it; another administrator then repeats the call with the proposal's id."


class AlreadyGranted(GovernanceError):
    """The account holds exactly this grant, without an end."""

    code = "already_granted"
    title = "Granted before"
    next_step = "Nothing needs to be done; to change its end or reason, revoke it and grant it anew."


class GrantToSelf(GovernanceError):
    """Nobody grants to himself."""

    code = "grant_to_self"
    status = 403
    title = "Nobody grants to himself"
    next_step = "Ask another administrator."


@dataclass(frozen=True)
class GrantTerms:
    """What is granted: the role, to whom, where, until when and why."""

    account: Account
    role: str
    reason: str
    system_id: UUID | None = None
    channel_id: UUID | None = None
    channel_system_id: UUID | None = None
    ends_at: datetime | None = None

    def access_scope(self) -> AccessScope:
        """Where the grant is made; its administrator must administer that system or the installation."""
        system = self.system_id or self.channel_system_id
        return AccessScope(system) if system else INSTALLATION

    def arguments(self) -> dict[str, Any]:
        """The terms as a proposal stores them."""
        return {
            "account": self.account.id,
            "role": self.role,
            "system": self.system_id,
            "channel": self.channel_id,
            "ends_at": self.ends_at,
        }


def _check_scope(role: Role, terms: GrantTerms) -> None:
    if terms.system_id is None and terms.channel_id is None and role not in INSTALLATION_WIDE:
        raise invalid("system", f"{role.value} is granted on a system or a channel; name one.")
    if terms.system_id is not None and terms.channel_id is not None:
        raise invalid("channel", "a grant is on a system or on a channel, not both.")
    if role is Role.ADMINISTRATOR and terms.channel_id is not None:
        raise invalid("channel", "administrators administer a system or the installation.")


def _check_receiver(actor: Actor, role: Role, account: Account) -> None:
    if account.id == actor.id:
        raise GrantToSelf(f"{actor.username} cannot give a role to the same account.")
    if account.kind == AccountKind.SERVICE and role in PERSONS_ONLY:
        raise invalid("role", f"{role.value} is for persons; {account.username} is a service.")
    if not account.is_active:
        raise invalid("account", f"{account.username} is deactivated.")


def _check_terms(actor: Actor, terms: GrantTerms) -> Role:
    require(actor, Permission.MANAGE_GRANTS, terms.access_scope())
    require_presence(actor, "give a role")
    if terms.role not in {role.value for role in GRANTABLE}:
        raise invalid("role", f"{terms.role!r} is none of {', '.join(GRANTABLE)}.")
    role = Role(terms.role)
    _check_scope(role, terms)
    _check_receiver(actor, role, terms.account)
    if terms.ends_at is not None and terms.ends_at <= moment():
        raise invalid("ends_at", f"{terms.ends_at:%F %R} has passed.")
    if not terms.reason.strip():
        raise invalid("reason", "say why the role is given.")
    return role


def _acts_alone(actor: Actor, terms: GrantTerms) -> bool:
    """Whether nobody else administers where the grant is made, so that nobody could confirm it."""
    over = administrators_over(terms.access_scope().system_id, moment())
    return not over.exclude(Q(id=actor.id)).exists()


@verb("proposal.stored")
def propose_grant(actor: Actor, *, terms: GrantTerms) -> Proposal:
    """First of two persons: propose a grant of a powerful role."""
    _check_terms(actor, terms)
    proposal = store_proposal(
        VERB, terms.arguments(), system_id=terms.access_scope().system_id, reason=terms.reason
    )
    enqueue(TELL, proposal=str(proposal.id))
    return proposal


def _second_person(
    actor: Actor, role: Role, terms: GrantTerms, proposal: UUID | None
) -> tuple[Proposal | None, bool]:
    """The confirmed proposal, and whether the sole administrator acts alone."""
    if proposal is not None:
        return confirm_proposal(proposal, VERB, terms.arguments()), False
    if role not in POWERFUL:
        return None, False
    if _acts_alone(actor, terms):
        return None, True
    raise SecondPersonNeeded(f"{role.value} is a powerful role.")


@verb("grant.given")
def grant_role(actor: Actor, *, terms: GrantTerms, proposal: UUID | None = None) -> Grant:
    """Give a role. A powerful one takes the ``proposal`` of another administrator.

    While nobody else administers there, the one administrator acts alone and the entry says
    ``sole_administrator``.

    Raises:
        SecondPersonNeeded: a powerful role without a proposal.
        GrantToSelf, AlreadyGranted, NotInPerson, InvalidInput, PermissionDenied: see the messages.
    """
    role = _check_terms(actor, terms)
    lock_administrators()
    account = Account.objects.select_for_update(no_key=True).get(id=terms.account.id)
    _check_receiver(actor, role, account)
    confirmed, sole = _second_person(actor, role, terms, proposal)
    grant = _store(actor, role, replace(terms, account=account), confirmed=confirmed, sole=sole)
    project_grants(account)
    record(
        account.stream(),
        after={
            **terms.arguments(),
            "grant": grant.id,
            "starts_at": grant.starts_at,
            "granted_by": grant.granted_by_username,
            "confirmed_by": grant.confirmed_by_username or None,
            "sole_administrator": sole,
        },
        reason=terms.reason,
    )
    if confirmed is not None:
        record_confirmation(confirmed)
    return grant


def offer_grant(actor: Actor, *, terms: GrantTerms, proposal: UUID | None = None) -> Grant | Proposal:
    """Give the role if one person may, else propose it: the one call behind the forms and the API."""
    if proposal is None and terms.role in POWERFUL:
        with acting_as(actor):
            alone = _acts_alone(actor, terms)
        if not alone:
            return propose_grant(actor, terms=terms)
    return grant_role(actor, terms=terms, proposal=proposal)


def _store(actor: Actor, role: Role, terms: GrantTerms, *, confirmed: Proposal | None, sole: bool) -> Grant:
    same = Grant.objects.filter(
        Q(system_id=terms.system_id, channel_id=terms.channel_id),
        account=terms.account,
        role=role,
        ends_at__isnull=True,
    )
    if terms.ends_at is None and same.exists():
        raise AlreadyGranted(f"{terms.account.username} holds {role.value} there already, without an end.")
    return Grant.objects.create(
        account=terms.account,
        role=role,
        system_id=terms.system_id,
        channel_id=terms.channel_id,
        starts_at=moment(),
        ends_at=terms.ends_at,
        reason=terms.reason,
        granted_by=confirmed.proposed_by if confirmed else _account_or_none(actor),
        granted_by_username=confirmed.proposed_by_username if confirmed else actor.username,
        confirmed_by_username=actor.username if confirmed else "",
        sole_administrator=sole,
    )


def _account_or_none(actor: Actor) -> Account | None:
    return account_of(actor) if actor.id else None


def _scope_of(grant: Grant) -> AccessScope:
    if grant.channel is not None:
        return AccessScope(grant.channel.system_id)
    return AccessScope(grant.system_id) if grant.system_id else INSTALLATION


@verb("grant.revoked")
def revoke_grant(actor: Actor, *, grant: Grant, reason: str) -> Grant | Unchanged[Grant]:
    """End a grant now. Taking power away is the safe direction and needs no second person.

    Raises:
        LastAdministrator: nobody would be left to administer the installation.
        InvalidInput: no reason.
    """
    require(actor, Permission.MANAGE_GRANTS, _scope_of(grant))
    if not reason.strip():
        raise invalid("reason", "say why the role is taken away.")
    lock_administrators()
    account = Account.objects.select_for_update(no_key=True).get(id=grant.account_id)
    grant = Grant.objects.select_related("channel").get(id=grant.id)
    if not grant.is_in_force(moment()):
        return Unchanged(grant)
    before = grant.ends_at
    grant.ends_at = moment()
    grant.save(update_fields=["ends_at"])
    if grant.role == Role.ADMINISTRATOR and grant.system_id is None:
        refuse_without_administrator()
    project_grants(account)
    record(
        account.stream(),
        before={"grant": grant.id, "ends_at": before},
        after={"grant": grant.id, "ends_at": grant.ends_at},
        reason=reason,
    )
    return grant

"""Asking the grants: ``require()`` for acts, ``visible_to()`` for lists. Both read Grant rows in force."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from governance.access.models import Account, ApiToken, Grant, Proposal
from governance.access.roles import PERMISSIONS, SCOPE_OF, Permission, Role, Scope, roles_with
from governance.access.scopes import AccessPaths, AccessScope, Scoped
from governance.actors import Actor, ActorKind
from governance.errors import GovernanceError
from governance.ledger.models import Governed
from governance.ledger.verbs import touching

M = TypeVar("M", bound=Model)

BUILT_IN = {ActorKind.TASK: Role.ENGINE, ActorKind.COMMAND: Role.OPERATOR}
"""Machines without an account act in these roles; only the task wrapper and commands make such actors."""


class PermissionDenied(GovernanceError):
    """No grant in force gives the actor this permission on this object."""

    code = "permission_denied"
    status = 403
    title = "Not permitted"
    next_step = "Ask an administrator for a grant of a role that carries this permission, on this scope."


@dataclass(frozen=True)
class Reach:
    """Where an account holds one of some roles: everywhere, on whole systems, on single channels."""

    everywhere: bool
    systems: frozenset[UUID]
    channels: dict[UUID, UUID]
    """channel id → id of its system"""

    def acts_on(self, scope: AccessScope) -> bool:
        """Whether acting on ``scope`` is covered: its system, or every one of its channels."""
        if self.everywhere or scope.system_id in self.systems:
            return True
        return bool(scope.channel_ids) and scope.channel_ids <= self.channels.keys()

    def reads(self, scope: AccessScope) -> bool:
        """Whether reading is covered: a channel's grant also reads its system and what touches it."""
        if self.everywhere or scope.system_id in self.systems:
            return True
        if scope.channel_ids:
            return bool(scope.channel_ids & self.channels.keys())
        return scope.system_id in self.channels.values()


EVERYWHERE = Reach(True, frozenset(), {})
_known: ContextVar[dict[tuple[UUID, frozenset[Role]], Reach] | None] = ContextVar("known", default=None)


def grants_in_force(at: datetime) -> QuerySet[Grant]:
    """Grants of active accounts that count at ``at``: start ≤ at < end."""
    ends = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    return Grant.objects.filter(ends, starts_at__lte=at, account__is_active=True)


def readers_of(scope: AccessScope, at: datetime) -> QuerySet[Account]:
    """Accounts that may read the scope at ``at``: what :meth:`Reach.reads` decides for one, in one query."""
    where = Q(system__isnull=True, channel__isnull=True)
    if scope.system_id is not None:
        where |= Q(system_id=scope.system_id)
        touched = Q(channel_id__in=scope.channel_ids) if scope.channel_ids else Q()
        where |= touched & Q(channel__system_id=scope.system_id)
    roles = [role.value for role in roles_with(Permission.VIEW)]
    grants = grants_in_force(at).filter(where, role__in=roles)
    return Account.objects.filter(id__in=grants.values("account_id"))


def reach_of(account_id: UUID, roles: frozenset[Role], at: datetime) -> Reach:
    """Where the account holds one of ``roles`` at ``at``."""
    rows: list[tuple[UUID | None, UUID | None, UUID | None]] = list(
        grants_in_force(at)
        .filter(account_id=account_id, role__in=[role.value for role in roles])
        .order_by()
        .values_list("system_id", "channel_id", "channel__system_id")
    )
    return Reach(
        everywhere=any(system is None and channel is None for system, channel, _ in rows),
        systems=frozenset(system for system, _, _ in rows if system is not None),
        channels={channel: owner for _, channel, owner in rows if channel is not None and owner is not None},
    )


def reach(actor: Actor, permission: Permission, *, through: Scope | None = None) -> Reach | None:
    """Where the actor has the permission now; None when a token's scopes exclude it altogether.

    ``through`` is the scope asked of a token instead of the permission's own: what an administrator may
    see takes the scope ``read`` only.
    """
    if actor.auth.scopes is not None and (through or SCOPE_OF[permission]) not in actor.auth.scopes:
        return None
    built_in = BUILT_IN.get(actor.kind)
    if built_in is not None:
        return EVERYWHERE if permission in PERMISSIONS[built_in] else None
    if actor.id is None:
        return None
    known = _known.get()
    if known is None or actor.at is not None:
        return reach_of(actor.id, roles_with(permission), actor.at or timezone.now())
    key = (actor.id, roles_with(permission))
    if key not in known:
        known[key] = reach_of(actor.id, key[1], timezone.now())
    return known[key]


@contextmanager
def reading(known: Mapping[tuple[UUID, frozenset[Role]], Reach] | None = None) -> Iterator[None]:
    """While a page or an answer is put together and nothing is written, each reach is asked for once.

    ``known`` are those that were read with the request, by account and roles.
    """
    token = _known.set(dict(known or {}))
    try:
        yield
    finally:
        _known.reset(token)


def has_permission(actor: Actor, permission: Permission, target: Scoped | AccessScope) -> bool:
    """Whether the actor has the permission on the object, now."""
    found = reach(actor, permission)
    if found is None:
        return False
    scope = target if isinstance(target, AccessScope) else target.access_scope()
    return found.reads(scope) if permission is Permission.VIEW else found.acts_on(scope)


def require(actor: Actor, permission: Permission, target: Scoped | AccessScope) -> None:
    """Refuse unless the actor has the permission on the object; the first line of every service.

    Raises:
        PermissionDenied: naming the permission, the roles that carry it and, for a token, its scope.
    """
    if isinstance(target, Governed):
        touching(target.stream())
    if has_permission(actor, permission, target):
        return
    scopes = actor.auth.scopes
    if scopes is not None and SCOPE_OF[permission] not in scopes:
        raise PermissionDenied(
            f"The token lacks the scope {SCOPE_OF[permission].value}.",
            next_step="Ask for a token with this scope; the account's role must carry the permission too.",
        )
    carriers = ", ".join(sorted(role.value for role in roles_with(permission) - set(BUILT_IN.values())))
    raise PermissionDenied(
        f"{actor.username} may not {permission.value.replace('_', ' ')} here: "
        f"it takes {carriers or 'the engine'} on this scope."
    )


def visible_to(queryset: QuerySet[M], actor: Actor) -> QuerySet[M]:
    """The rows of ``queryset`` that the actor may see; its model declares ``access_paths``."""
    paths: AccessPaths = queryset.model.access_paths  # type: ignore[attr-defined]  # the Listed protocol; a QuerySet cannot be bound to it
    found = reach(actor, Permission.VIEW)
    if found is None:
        return queryset.none()
    if found.everywhere:
        return queryset
    allowed = Q(**{f"{paths.system}__in": found.systems})
    if paths.channels is None:
        return queryset.filter(allowed | Q(**{f"{paths.system}__in": set(found.channels.values())}))
    if not found.channels:
        return queryset.filter(allowed)
    touched = Q(**{f"{paths.channels}__in": list(found.channels)})
    keys = queryset.model._default_manager.filter(touched).values("pk")
    return queryset.filter(allowed | Q(pk__in=keys))


def active_administrators(at: datetime) -> QuerySet[Account]:
    """Accounts that administer the installation at ``at``."""
    grants = grants_in_force(at).filter(role=Role.ADMINISTRATOR, system__isnull=True, channel__isnull=True)
    return Account.objects.filter(id__in=grants.values("account_id"))


def administrators_over(system_id: UUID | None, at: datetime) -> QuerySet[Account]:
    """Accounts that administer the system, or the installation if None, at ``at``."""
    everywhere = Q(system__isnull=True, channel__isnull=True)
    over = everywhere | Q(system_id=system_id) if system_id else everywhere
    grants = grants_in_force(at).filter(over, role=Role.ADMINISTRATOR)
    return Account.objects.filter(id__in=grants.values("account_id"))


def accounts_visible_to(actor: Actor) -> QuerySet[Account]:
    """Administrators see the accounts of their reach; everybody sees their own."""
    found = reach(actor, Permission.MANAGE_ACCOUNTS, through=Scope.READ)
    if found is not None and found.everywhere:
        return Account.objects.all()
    own = Q(id=actor.id)
    if found is None:
        return Account.objects.filter(own)
    granted = Grant.objects.filter(_grant_reach(found))
    return Account.objects.filter(own | Q(id__in=granted.values("account_id")))


def grantable_accounts(actor: Actor) -> QuerySet[Account]:
    """Accounts the actor may name in a grant: all for whoever administers anything, else those visible."""
    found = reach(actor, Permission.MANAGE_GRANTS)
    if found is not None and (found.everywhere or found.systems):
        return Account.objects.all()
    return accounts_visible_to(actor)


def _grant_reach(found: Reach) -> Q:
    on_system = Q(system__in=found.systems) | Q(channel__system__in=found.systems)
    return on_system | Q(channel__in=list(found.channels))


def grants_visible_to(actor: Actor) -> QuerySet[Grant]:
    """Who may do what in the actor's reach, and the actor's own grants."""
    grants = Grant.objects.select_related("account", "system", "channel__system")
    found = reach(actor, Permission.VIEW)
    if found is None:
        return grants.none()
    if found.everywhere:
        return grants
    return grants.filter(_grant_reach(found) | Q(account_id=actor.id))


def tokens_visible_to(actor: Actor) -> QuerySet[ApiToken]:
    """One's own tokens; those of everybody for administrators of the installation."""
    tokens = ApiToken.objects.select_related("account", "use")
    found = reach(actor, Permission.MANAGE_TOKENS, through=Scope.READ)
    if found is not None and found.everywhere:
        return tokens
    return tokens.filter(Q(account_id=actor.id))


def proposals_visible_to(actor: Actor) -> QuerySet[Proposal]:
    """Proposals of grants that the actor could confirm or has made."""
    found = reach(actor, Permission.MANAGE_GRANTS, through=Scope.READ)
    if found is not None and found.everywhere:
        return Proposal.objects.all()
    systems = found.systems if found is not None else frozenset()
    return Proposal.objects.filter(Q(proposed_by_id=actor.id) | Q(system__in=systems))

"""Who may let a release past its gate: persons with the role, who neither contributed nor administer.

Steps, inside a verb. A second person confirms what the first proposed; both are asked the same, the first
once more when the second confirms.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from governance.access.models import Account, AccountKind
from governance.access.presence import require_strength, strength_of
from governance.access.queries import administrators_over, grants_in_force, reach_of, require
from governance.access.roles import Permission, roles_with
from governance.access.scopes import AccessScope
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError
from releases.bundles.models import Revision
from releases.gates.contributors import contributors, took_part
from releases.gates.models import Override, Verdict


class OverrideRefused(GovernanceError):
    """The actor answers for no override of this release."""

    code = "override_refused"
    status = 403
    title = "Not yours to override"
    next_step = "Somebody with the role who neither contributed to the release nor administers it may."


class GiverIsService(OverrideRefused):
    """Only persons answer for an override."""

    code = "giver_is_service"
    title = "Services do not override"


class GiverIsContributor(OverrideRefused):
    """Whoever contributed to a release never lets it past its gate."""

    code = "giver_is_contributor"
    title = "Contributors do not override"


class GiverIsAdministrator(OverrideRefused):
    """Administrators decide who holds which role, so they override nothing."""

    code = "giver_is_administrator"
    title = "Administrators do not override"


def permission_over(override: Override) -> Permission:
    """What giving it took, and what taking it back takes."""
    takes_two = override.verdict == Verdict.FAIL or override.expedite or override.critical
    return Permission.OVERRIDE_FAIL if takes_two else Permission.OVERRIDE_INCONCLUSIVE


def scope_of(override: Override) -> AccessScope:
    """The channels that it holds for."""
    return AccessScope(override.release.system_id, frozenset(UUID(key) for key in override.channels))


def require_answerable(
    actor: Actor, permission: Permission, scope: AccessScope, *, revision: Revision, act: str
) -> None:
    """Refuse unless the actor is a person with the permission who may answer for the act (a phrase after
    "to") and has proved who they are as for a vote.

    Raises:
        PermissionDenied, OverrideRefused, NotInPerson, ReauthenticationNeeded, SecondFactorNeeded
    """
    if actor.id is None or actor.kind is not ActorKind.USER:
        raise GiverIsService(f"{actor.username} is no person; it takes persons to {act}.")
    require(actor, permission, scope)
    _check_free(actor.id, actor.username, revision)
    require_strength(actor, strength_of(_roles(actor.id, permission, scope)), act)


def check_still_answerable(
    account: Account, permission: Permission, scope: AccessScope, *, revision: Revision
) -> None:
    """The same for the first person when the second confirms, but for the proof, which was given then.

    Raises:
        OverrideRefused: the role was lost, or the person contributed or administers since.
    """
    if not reach_of(account.id, roles_with(permission), moment()).acts_on(scope):
        raise OverrideRefused(
            f"{account.username}, who proposed this, holds no role for it any more.",
            next_step="Two persons who hold the role propose and confirm it anew.",
        )
    _check_free(account.id, account.username, revision)


def _check_free(account_id: UUID, username: str, revision: Revision) -> None:
    release = revision.release
    if took_part(revision, account_id):
        raise GiverIsContributor(
            f"{username} contributed to {release} (its revisions, reports or score tables) and cannot let it "
            "past its gate."
        )
    if administrators_over(release.system_id, moment()).filter(id=account_id).exists():
        raise GiverIsAdministrator(
            f"{username} administers {release.system} and gives out the roles, so overrides nothing."
        )


def _roles(account_id: UUID, permission: Permission, scope: AccessScope) -> set[str]:
    """The roles in which the account may, on the system or on one of the channels."""
    there = Q(system_id=scope.system_id) | Q(channel_id__in=scope.channel_ids)
    roles = [role.value for role in roles_with(permission)]
    rows = grants_in_force(moment()).filter(there, account_id=account_id, role__in=roles)
    return set(rows.values_list("role", flat=True))


def answerable(revision: Revision, permission: Permission, scope: AccessScope, at: datetime) -> set[UUID]:
    """Accounts of persons who could answer for an override on the whole scope, as grants stand at ``at``."""
    system_id, wanted = scope.system_id, scope.channel_ids
    roles = [role.value for role in roles_with(permission)]
    rows = grants_in_force(at).filter(
        Q(system_id=system_id) | Q(channel_id__in=wanted),
        role__in=roles,
        account__kind=AccountKind.PERSON,
    )
    covered: dict[UUID, set[UUID]] = {}
    for account, channel in rows.values_list("account_id", "channel_id"):
        covered.setdefault(account, set()).update(wanted if channel is None else {channel})
    barred = contributors(revision) | set(administrators_over(system_id, at).values_list("id", flat=True))
    barred.add(revision.release.owner_id)
    return {account for account, channels in covered.items() if channels >= wanted} - barred

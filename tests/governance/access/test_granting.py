"""Giving and taking roles: who may, to whom and on what."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.access.granting import (
    AlreadyGranted,
    GrantTerms,
    GrantToSelf,
    grant_role,
    propose_grant,
    revoke_grant,
)
from governance.access.models import Account, Grant
from governance.access.presence import NotInPerson
from governance.access.queries import PermissionDenied
from governance.access.roles import GRANTABLE, PERSONS_ONLY, Role
from governance.access.services import deactivate_account
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.errors import InvalidInput
from governance.identifiers import new_id
from governance.ledger.models import Entry
from tests.factories.cast import (
    REASON,
    Cast,
    actor,
    service,
)


def on_system(team: Cast, account: Account, role: str = Role.APPROVER, **changes: Any) -> GrantTerms:
    """Terms of a grant on the team's system."""
    return GrantTerms(account, role, **{"reason": REASON, "system_id": team.system.id, **changes})


@pytest.mark.parametrize("role", GRANTABLE)
def test_nobody_grants_to_himself(team: Cast, role: str) -> None:
    with pytest.raises(GrantToSelf):
        grant_role(actor(team.admin), terms=on_system(team, team.admin, role))
    with pytest.raises(GrantToSelf):
        propose_grant(actor(team.admin), terms=on_system(team, team.admin, role))


@pytest.mark.parametrize("role", sorted(PERSONS_ONLY))
def test_a_service_holds_no_role_of_persons(team: Cast, role: str) -> None:
    with pytest.raises(InvalidInput, match=f"role: {role} is for persons; integration is a service"):
        propose_grant(actor(team.admin), terms=on_system(team, team.integration, role))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "emperor"}, "role"),
        ({"role": "engine"}, "role"),
        ({"role": "operator"}, "role"),
        ({"system_id": None}, "system"),
        ({"reason": " "}, "reason"),
        ({"ends_at": timezone.now() - timedelta(days=1)}, "ends_at"),
    ],
)
def test_terms_that_do_not_fit_are_refused_by_field(team: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        grant_role(
            actor(team.admin), terms=on_system(team, team.stranger, **{"role": Role.AUTHOR, **changes})
        )

    assert [item.field for item in refused.value.field_errors] == [field]


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.ADMINISTRATOR])
def test_a_grant_stands_on_one_scope_and_administrators_on_no_channel(team: Cast, role: Role) -> None:
    channel = team.channel()
    both = {Role.AUTHOR: team.system.id, Role.ADMINISTRATOR: None}
    terms = on_system(
        team,
        team.stranger,
        role,
        system_id=both[role],
        channel_id=channel.id,
        channel_system_id=channel.system_id,
    )

    with pytest.raises(InvalidInput) as refused:
        grant_role(actor(team.admin), terms=terms)

    assert [item.field for item in refused.value.field_errors] == ["channel"]


def test_a_closed_account_receives_nothing(team: Cast) -> None:
    deactivate_account(actor(team.admin), account=team.stranger, reason="Left the company")

    with pytest.raises(InvalidInput, match="stranger is deactivated"):
        grant_role(actor(team.admin), terms=on_system(team, team.stranger, Role.AUTHOR))


def test_the_same_grant_is_not_given_twice(team: Cast) -> None:
    with pytest.raises(AlreadyGranted, match="author holds author there already"):
        grant_role(actor(team.admin), terms=on_system(team, team.author, Role.AUTHOR))


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "stranger"])
def test_only_administrators_grant(team: Cast, name: str) -> None:
    terms = on_system(team, team.integration, Role.INTEGRATION)

    with pytest.raises(PermissionDenied):
        grant_role(actor(getattr(team, name)), terms=terms)


def with_token_of(account: Account, *, mfa: bool, scopes: frozenset[str], age: timedelta) -> Actor:
    """The account acting by a token that it minted."""
    proof = Authentication(
        AuthMethod.TOKEN, mfa=mfa, proved_at=timezone.now() - age, scopes=scopes, token_id=new_id()
    )
    return Actor(ActorKind.USER, account.username, proof, id=account.id)


BOTH = frozenset({"administration:write", "approvals:vote"})
FRESH = timedelta(hours=11)


@pytest.mark.parametrize(
    ("mfa", "scopes", "age"),
    [
        (False, BOTH, FRESH),
        (True, frozenset({"administration:write"}), FRESH),
        (True, BOTH, timedelta(hours=12, seconds=1)),
    ],
)
def test_a_token_that_does_not_stand_for_its_person_gives_no_role(
    team: Cast, mfa: bool, scopes: frozenset[str], age: timedelta
) -> None:
    acting = with_token_of(team.admin, mfa=mfa, scopes=scopes, age=age)

    with pytest.raises(NotInPerson):
        grant_role(acting, terms=on_system(team, team.stranger, Role.AUTHOR))


def test_a_fresh_token_minted_with_a_second_factor_stands_for_its_person(team: Cast) -> None:
    acting = with_token_of(team.admin, mfa=True, scopes=BOTH, age=FRESH)

    given = grant_role(acting, terms=on_system(team, team.stranger, Role.AUTHOR))

    assert given.granted_by_username == "admin"


def test_revoking_twice_changes_nothing_and_records_nothing(team: Cast) -> None:
    held = Grant.objects.get(account=team.author)
    first = revoke_grant(actor(team.admin), grant=held, reason="Left the team")
    entries = Entry.objects.count()

    second = revoke_grant(actor(team.admin_two), grant=held, reason="Again")

    assert second.ends_at == first.ends_at
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("name", ["author", "release_manager", "stranger"])
def test_only_administrators_revoke(team: Cast, name: str) -> None:
    held = Grant.objects.get(account=team.auditor)

    with pytest.raises(PermissionDenied):
        revoke_grant(actor(getattr(team, name)), grant=held, reason="Because")


def test_a_grant_can_be_given_again_after_it_was_revoked(team: Cast) -> None:
    revoke_grant(actor(team.admin), grant=Grant.objects.get(account=team.author), reason="Leave")

    again = grant_role(actor(team.admin), terms=on_system(team, team.author, Role.AUTHOR))

    assert again.is_in_force(timezone.now())


def test_a_role_is_given_to_a_service_that_may_hold_it(team: Cast) -> None:
    robot = service("robot")

    given = grant_role(actor(team.admin), terms=on_system(team, robot, Role.AUTHOR))

    assert given.account_id == robot.id

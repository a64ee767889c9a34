"""There is one first administrator and always one left."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.access.administrators import LastAdministrator
from governance.access.granting import GrantTerms, grant_role, revoke_grant
from governance.access.models import Account, Grant
from governance.access.queries import PermissionDenied, active_administrators
from governance.access.roles import Role
from governance.access.services import (
    AdministratorExists,
    create_first_administrator,
    deactivate_account,
)
from governance.errors import InvalidInput
from tests.database import in_threads
from tests.factories.cast import PASSWORD, REASON, actor, administrator, operator, second_administrator


def test_the_shell_makes_one_first_administrator_only(db: None) -> None:
    administrator()

    with pytest.raises(AdministratorExists, match="has had an administrator"):
        create_first_administrator(operator(), username="another", password=PASSWORD)


def test_nobody_but_the_shell_makes_the_first_administrator(db: None) -> None:
    first = administrator()

    with pytest.raises(AdministratorExists, match="Only the command"):
        create_first_administrator(actor(first), username="another", password=PASSWORD)


def test_two_commands_at_once_make_one_administrator(committed_db: str) -> None:
    outcomes = in_threads(
        lambda: create_first_administrator(operator(), username="first", password=PASSWORD),
        lambda: create_first_administrator(operator(), username="second", password=PASSWORD),
    )

    assert {type(outcome) for outcome in outcomes} == {Account, AdministratorExists}
    assert Account.objects.count() == 1


def test_the_last_administrator_keeps_the_role(db: None) -> None:
    first = administrator()

    with pytest.raises(LastAdministrator):
        revoke_grant(actor(first), grant=Grant.objects.get(account=first), reason="Resigning")

    assert active_administrators(timezone.now()).get() == first


def test_an_administrator_for_a_time_is_not_enough_to_let_the_last_one_go(db: None) -> None:
    first, deputy = administrator(), second_administrator()
    revoke_grant(actor(first), grant=Grant.objects.get(account=deputy), reason="Only a deputy")
    terms = GrantTerms(deputy, Role.ADMINISTRATOR, REASON, ends_at=timezone.now() + timedelta(days=1))
    grant_role(actor(first), terms=terms)

    with pytest.raises(LastAdministrator):
        revoke_grant(actor(deputy), grant=Grant.objects.get(account=first), reason="Alone at last")


def test_nobody_closes_their_own_account(db: None) -> None:
    first = administrator()
    second_administrator()

    with pytest.raises(InvalidInput, match="their own account"):
        deactivate_account(actor(first), account=first, reason="Leaving")


def test_two_administrators_who_close_each_other_at_once_leave_one(committed_db: str) -> None:
    first, second = administrator(), second_administrator()

    outcomes = in_threads(
        lambda: deactivate_account(actor(first), account=second, reason="Quarrel"),
        lambda: deactivate_account(actor(second), account=first, reason="Quarrel"),
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, LastAdministrator | PermissionDenied)]
    assert len(refused) == 1
    assert active_administrators(timezone.now()).count() == 1

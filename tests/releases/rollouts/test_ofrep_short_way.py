"""The short way's statement lets through whom the long way's rules let through, and nobody else."""

from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from django.utils import timezone

from governance.access.callers import caller_of
from governance.access.granting import GrantTerms, grant_role
from governance.access.models import Account
from governance.access.roles import Role, Scope
from governance.access.scopes import AccessScope
from governance.access.services import deactivate_account, hash_token, issue_token, revoke_token
from governance.registry.models import Channel
from releases.rollouts.ofrep.at_once import Question, row_of
from releases.rollouts.ofrep.views import ASKING
from tests.factories.cast import Cast, actor, service, system_with_channels

INSTANT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def may_by_rule(secret: str, channel: Channel, at: datetime) -> bool:
    """What the models and the grants' reach say."""
    caller = caller_of(hash_token(secret), at)
    assert caller is not None
    reach = caller.reach(ASKING)
    return (
        caller.token.is_valid(at)
        and caller.token.account.is_active
        and Scope.FLAGS in caller.token.scopes
        and reach.acts_on(AccessScope(channel.system_id, frozenset({channel.id})))
    )


def may_by_statement(secret: str, channel: Channel, at: datetime) -> bool:
    question = Question(hash_token(secret), channel.system.slug, channel.name, "a")
    return row_of(question, at) is not None


def asking(
    team: Cast, role: str, scope: str, name: str, outlives: timedelta = HOUR, **terms: UUID
) -> tuple[Account, str]:
    """A service with one grant of an hour, and a token that outlives it by an hour, or ends before it."""
    account = service(name)
    admin, ends = actor(team.admin), timezone.now() + HOUR
    grant_role(admin, terms=GrantTerms(account, role, "Asks", ends_at=ends, **terms))
    token = issue_token(admin, account=account, name="asks", scopes=(scope,), expires_at=ends + outlives)
    return account, token.secret


def moments(now: datetime) -> list[datetime]:
    """An hour before the grant, while it holds, after its end, and after the token's end."""
    return [now - HOUR, now, now + HOUR - HOUR / 60, now + 1.5 * HOUR, now + 3 * HOUR]


PLACES = {"system": ("system_id",), "channel": ("channel_id", "channel_system_id")}


@pytest.mark.parametrize(
    ("role", "scope", "place", "times"),
    [
        pytest.param(Role.INTEGRATION, Scope.FLAGS, "system", 6, id="the whole system"),
        pytest.param(Role.INTEGRATION, Scope.FLAGS, "channel", 2, id="one channel"),
        pytest.param(Role.AUDITOR, Scope.FLAGS, "system", 0, id="another role"),
        pytest.param(Role.INTEGRATION, Scope.READ, "system", 0, id="another scope of the token"),
    ],
)
def test_both_ways_let_the_same_through(team: Cast, role: str, scope: str, place: str, times: int) -> None:
    own, other = team.channel("android"), system_with_channels("branch-kiosk").channels.get(name="android")
    values = {"system_id": own.system_id, "channel_id": own.id, "channel_system_id": own.system_id}
    where = {one: values[one] for one in PLACES[place]}
    _account, secret = asking(team, role, scope, "asking", HOUR, **where)
    channels = [own, team.channel("ios"), team.channel("mobile_web"), other]
    asked = list(product(channels, moments(timezone.now())))

    by_statement = [may_by_statement(secret, channel, at) for channel, at in asked]

    assert by_statement == [may_by_rule(secret, channel, at) for channel, at in asked]
    assert sum(by_statement) == times


def test_at_its_end_a_grant_opens_nothing_by_either_way(team: Cast) -> None:
    channel = team.channel("android")
    account, secret = asking(team, Role.INTEGRATION, Scope.FLAGS, "asking", system_id=channel.system_id)
    ends = account.grants.get().ends_at
    assert ends is not None
    around = [ends - INSTANT, ends, ends + INSTANT]

    by_statement = [may_by_statement(secret, channel, at) for at in around]

    assert by_statement == [may_by_rule(secret, channel, at) for at in around] == [True, False, False]


def test_at_its_end_a_token_opens_nothing_by_either_way_though_the_grant_goes_on(team: Cast) -> None:
    channel, place = team.channel("android"), {"system_id": team.channel("android").system_id}
    account, secret = asking(team, Role.INTEGRATION, Scope.FLAGS, "asking", -HOUR / 2, **place)
    ends = account.tokens.get().expires_at
    around = [ends - INSTANT, ends, ends + INSTANT]

    by_statement = [may_by_statement(secret, channel, at) for at in around]

    assert by_statement == [may_by_rule(secret, channel, at) for at in around] == [True, False, False]


def test_a_closed_account_and_a_revoked_token_open_nothing_by_either_way(team: Cast) -> None:
    channel = team.channel("android")
    account, closed = asking(team, Role.INTEGRATION, Scope.FLAGS, "asking", system_id=channel.system_id)
    other, revoked = asking(team, Role.INTEGRATION, Scope.FLAGS, "second", system_id=channel.system_id)
    before = [may_by_statement(secret, channel, timezone.now()) for secret in (closed, revoked)]

    deactivate_account(actor(team.admin), account=account, reason="Left")
    revoke_token(actor(team.admin), token=other.tokens.get(), reason="Lost")

    now = timezone.now()
    by_statement = [may_by_statement(secret, channel, now) for secret in (closed, revoked)]
    assert before == [True, True]
    assert (
        by_statement == [may_by_rule(secret, channel, now) for secret in (closed, revoked)] == [False, False]
    )

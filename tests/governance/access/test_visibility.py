"""Lists show what the grants in force let the actor see, model by model."""

from typing import Any

import pytest
from django.db.models import QuerySet

from governance.access.models import Account, Grant
from governance.access.queries import (
    accounts_visible_to,
    grantable_accounts,
    grants_visible_to,
    proposals_visible_to,
    tokens_visible_to,
    visible_to,
)
from governance.access.roles import Role
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.registry.models import Channel, ComponentVersion, Segment, System
from tests.factories.cast import Cast, actor, grant, person, system_with_channels, token_for
from tests.factories.registry import component, segment

EVERY_CHANNEL = {
    "onboarding-liveness android",
    "onboarding-liveness ios",
    "onboarding-liveness mobile_web",
}


@pytest.fixture
def two_systems(team: Cast) -> Cast:
    """The team's system and another one, each with a segment and a component."""
    other = system_with_channels("branch-kiosk", kinds=["kiosk"])
    maker, definer = person("other_author"), person("other_qa_lead")
    grant(maker, Role.AUTHOR, system=other)
    grant(definer, Role.QA_LEAD, system=other)
    component(team.author, team.system)
    component(maker, other)
    segment(team.qa_lead, team.system)
    segment(definer, other)
    return team


def systems_of(rows: QuerySet[Any]) -> set[str]:
    """The systems that the rows belong to."""
    return {getattr(row, "system", row).slug for row in rows}


@pytest.mark.parametrize("model", [System, Channel, Segment, ComponentVersion])
@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("author", {"onboarding-liveness"}),
        ("integration", {"onboarding-liveness"}),
        ("security_reviewer", {"onboarding-liveness"}),
        ("admin", {"onboarding-liveness", "branch-kiosk"}),
        ("stranger", set()),
    ],
)
def test_an_actor_sees_the_systems_of_its_grants(
    two_systems: Cast, model: type[System], name: str, seen: set[str]
) -> None:
    rows = visible_to(model.objects.all(), actor(getattr(two_systems, name)))

    assert systems_of(rows) == seen


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("author", EVERY_CHANNEL),
        ("security_reviewer", {"onboarding-liveness mobile_web"}),
        ("admin", EVERY_CHANNEL | {"branch-kiosk kiosk"}),
        ("stranger", set()),
    ],
)
def test_a_grant_on_a_channel_shows_that_channel_alone(two_systems: Cast, name: str, seen: set[str]) -> None:
    rows = visible_to(Channel.objects.select_related("system"), actor(getattr(two_systems, name)))

    assert {f"{channel.system} {channel.name}" for channel in rows} == seen


def test_a_token_without_the_scope_read_sees_nothing(team: Cast) -> None:
    proof = Authentication(AuthMethod.TOKEN, scopes=frozenset({"registry:write"}))
    acting = Actor(ActorKind.USER, "author", proof, id=team.author.id)

    assert not visible_to(System.objects.all(), acting).exists()
    assert not grants_visible_to(acting).exists()


def test_administrators_see_all_accounts_and_others_themselves(team: Cast) -> None:
    assert set(accounts_visible_to(actor(team.admin))) == set(Account.objects.all())
    assert set(accounts_visible_to(actor(team.auditor))) == {team.auditor}


def test_an_administrators_token_for_reading_shows_all_accounts(team: Cast) -> None:
    proof = Authentication(AuthMethod.TOKEN, scopes=frozenset({"read"}))
    acting = Actor(ActorKind.USER, "admin", proof, id=team.admin.id)

    assert set(accounts_visible_to(acting)) == set(Account.objects.all())
    assert not grantable_accounts(acting).exclude(id__in=accounts_visible_to(acting)).exists()


def test_an_administrator_of_a_system_sees_who_is_granted_there_and_may_name_anybody(team: Cast) -> None:
    other = system_with_channels("branch-kiosk", kinds=["kiosk"])
    local, member = person("local_administrator"), person("member")
    grant(local, Role.ADMINISTRATOR, system=other)
    grant(member, Role.AUDITOR, channel=Channel.objects.get(system=other))

    seen = accounts_visible_to(actor(local))

    assert set(seen) == {local, member}
    assert set(grantable_accounts(actor(local))) == set(Account.objects.all())


@pytest.mark.parametrize(("name", "count"), [("admin", 11), ("auditor", 9), ("stranger", 0)])
def test_grants_are_seen_in_the_actors_reach(team: Cast, name: str, count: int) -> None:
    assert grants_visible_to(actor(getattr(team, name))).count() == count


def test_a_channels_reviewer_sees_grants_of_that_channel_and_own_ones(team: Cast) -> None:
    seen = grants_visible_to(actor(team.security_reviewer))

    assert set(seen) == set(Grant.objects.filter(account=team.security_reviewer))


def test_tokens_are_seen_by_their_owner_and_by_administrators(team: Cast) -> None:
    token_for(team.author)
    token_for(team.auditor)

    assert {token.account for token in tokens_visible_to(actor(team.author))} == {team.author}
    assert {token.account for token in tokens_visible_to(actor(team.admin))} == {team.author, team.auditor}
    assert not tokens_visible_to(actor(team.stranger)).exists()


def test_proposals_are_seen_by_those_who_may_confirm_them(team: Cast) -> None:
    assert proposals_visible_to(actor(team.admin_two)).count() > 0
    assert not proposals_visible_to(actor(team.approver)).exists()

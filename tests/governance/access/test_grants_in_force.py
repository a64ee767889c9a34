"""Which grants count: from when until when, on which scope, and for whom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role, revoke_grant
from governance.access.models import Grant
from governance.access.queries import has_permission, reach_of
from governance.access.roles import PERMISSIONS, Permission, Role
from governance.access.scopes import INSTALLATION
from governance.access.services import deactivate_account
from governance.registry.services import register_channel
from tests.factories.cast import Cast, actor, person, system_with_channels

INSTANT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("since_start", "counts"),
    [(-INSTANT, False), (timedelta(0), True), (HOUR - INSTANT, True), (HOUR, False), (HOUR + INSTANT, False)],
)
def test_a_grant_counts_from_its_start_up_to_but_not_at_its_end(
    team: Cast, since_start: timedelta, counts: bool
) -> None:
    guest = person("guest")
    terms = GrantTerms(
        guest, Role.AUDITOR, "An audit of one hour", system_id=team.system.id, ends_at=timezone.now() + HOUR
    )
    grant = grant_role(actor(team.admin), terms=terms)
    assert grant.ends_at is not None
    at = grant.ends_at - HOUR + since_start if since_start > timedelta(0) else grant.starts_at + since_start

    reach = reach_of(guest.id, frozenset({Role.AUDITOR}), at)

    assert (team.system.id in reach.systems) is counts
    assert grant.is_in_force(at) is counts


@pytest.mark.parametrize(
    "name",
    ["author", "qa_lead", "security_all", "approver", "release_manager", "auditor", "integration"],
)
def test_a_role_carries_its_permissions_on_its_own_system_and_nowhere_else(team: Cast, name: str) -> None:
    role = {"security_all": Role.SECURITY_REVIEWER}.get(name) or Role(name)
    other = system_with_channels("branch-kiosk")
    acting = actor(getattr(team, name))

    own = {permission for permission in Permission if has_permission(acting, permission, team.system)}
    elsewhere = {
        permission
        for permission in Permission
        if has_permission(acting, permission, other) or has_permission(acting, permission, INSTALLATION)
    }

    assert own == PERMISSIONS[role]
    assert elsewhere == set()


def test_a_stranger_may_do_nothing(team: Cast) -> None:
    acting = actor(team.stranger)

    may = [permission for permission in Permission if has_permission(acting, permission, team.system)]

    assert may == []


def test_a_grant_on_a_system_covers_channels_registered_later(team: Cast) -> None:
    later = register_channel(actor(team.admin), system=team.system, name="kiosk", kind="kiosk")

    assert has_permission(actor(team.release_manager), Permission.START_ROLLOUT, later)
    assert not has_permission(actor(team.security_reviewer), Permission.ROLL_BACK, later)


@pytest.mark.parametrize(("channel", "may"), [("mobile_web", True), ("ios", False), ("android", False)])
def test_a_grant_on_a_channel_acts_on_that_channel_only(team: Cast, channel: str, may: bool) -> None:
    acting = actor(team.security_reviewer)

    assert has_permission(acting, Permission.ROLL_BACK, team.channel(channel)) is may
    assert has_permission(acting, Permission.VIEW, team.channel(channel)) is may


def test_a_grant_on_a_channel_reads_its_system_and_acts_on_nothing_of_it(team: Cast) -> None:
    acting = actor(team.security_reviewer)

    may = {permission for permission in Permission if has_permission(acting, permission, team.system)}

    assert may == {Permission.VIEW}


def test_revoking_takes_effect_at_once(team: Cast) -> None:
    grant = Grant.objects.get(account=team.author)

    revoke_grant(actor(team.admin), grant=grant, reason="Left the team")

    assert not has_permission(actor(team.author), Permission.VIEW, team.system)
    assert reach_of(team.author.id, frozenset({Role.AUTHOR}), timezone.now()).systems == frozenset()


def test_the_grants_of_a_closed_account_count_no_longer(team: Cast) -> None:
    deactivate_account(actor(team.admin), account=team.author, reason="Left the company")

    assert not has_permission(actor(team.author), Permission.VIEW, team.system)

"""guardian's rows equal the grants in force, after any sequence of giving, taking and closing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.access.granting import AlreadyGranted, GrantTerms, grant_role, revoke_grant
from governance.access.models import Account, ChannelObjectPermission, Grant, SystemObjectPermission
from governance.access.projecting import projection_findings
from governance.access.projection import project_all_grants
from governance.access.queries import has_permission, visible_to
from governance.access.roles import PERMISSIONS, Permission, Role
from governance.access.services import deactivate_account
from governance.errors import InvalidInput
from governance.identifiers import new_id
from governance.registry.models import Channel, System
from tests.examples import EXAMPLES
from tests.factories.cast import actor, administrator, person, system_with_channels

ROLES = (Role.AUTHOR, Role.AUDITOR, Role.INTEGRATION, Role.APPROVER, Role.RELEASE_MANAGER)
SLUG = "onboarding-liveness"


@dataclass(frozen=True)
class Act:
    """One step: what is done, with which role, on the system (None) or on a channel."""

    kind: str
    role: Role
    channel: str | None


acts = st.lists(
    st.builds(
        Act,
        st.sampled_from(["give", "give", "give", "take", "close"]),
        st.sampled_from(ROLES),
        st.sampled_from([None, "android", "ios"]),
    ),
    max_size=8,
)


def perform(sequence: list[Act], account: Account, system: System) -> None:
    """Do one step after the other."""
    for act in sequence:
        _perform(act, account, system)


def _perform(act: Act, account: Account, system: System) -> None:
    """Do one step; a step that the state refuses changes nothing."""
    by = actor(administrator())
    channel = Channel.objects.filter(system=system, name=act.channel).first()
    held = Grant.objects.filter(account=account, role=act.role, channel=channel, ends_at__isnull=True).first()
    if act.kind == "give":
        terms = GrantTerms(
            account,
            act.role,
            "A step of a random sequence",
            system_id=None if channel else system.id,
            channel_id=channel.id if channel else None,
            channel_system_id=channel.system_id if channel else None,
        )
        try:
            grant_role(by, terms=terms)
        except (AlreadyGranted, InvalidInput):
            return
    elif act.kind == "take" and held is not None:
        revoke_grant(by, grant=held, reason="A step of a random sequence")
    elif act.kind == "close":
        deactivate_account(by, account=account, reason="A step of a random sequence")


def rows_of(account: Account) -> set[tuple[str, UUID, str]]:
    """guardian's rows as (model, object, permission)."""
    tables: dict[str, Any] = {"system": SystemObjectPermission, "channel": ChannelObjectPermission}
    return {
        (name, row.content_object_id, row.permission.codename)
        for name, table in tables.items()
        for row in table.objects.filter(user=account).select_related("permission")
    }


def rows_by_grants(account: Account) -> set[tuple[str, UUID, str]]:
    """What the rows should be, worked out from the open grants alone."""
    account.refresh_from_db()
    grants = Grant.objects.filter(account=account, ends_at__isnull=True) if account.is_active else ()
    return {
        ("channel", grant.channel_id, permission.value)
        if grant.channel_id
        else ("system", grant.system_id, permission.value)  # type: ignore[misc]  # a grant of these roles has one of the two
        for grant in grants
        for permission in PERMISSIONS[Role(grant.role)]
    }


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts)
def test_guardians_rows_equal_the_grants_in_force(db: None, sequence: list[Act]) -> None:
    system = System.objects.filter(slug=SLUG).first() or system_with_channels(SLUG)
    account = person(f"person-{new_id()}")

    perform(sequence, account, system)

    assert rows_of(account) == rows_by_grants(account)
    assert list(projection_findings()) == []


def test_an_upgrade_writes_what_roles_may_do_since(db: None) -> None:
    system = system_with_channels(SLUG)
    holder = person("holder")
    grant_role(actor(administrator()), terms=GrantTerms(holder, Role.AUTHOR, "A member", system_id=system.id))
    SystemObjectPermission.objects.filter(user=holder, permission__codename=Permission.VIEW).delete()

    project_all_grants()

    assert rows_of(holder) == rows_by_grants(holder)


def test_guardians_rows_alone_give_no_right(db: None) -> None:
    system = system_with_channels(SLUG)
    holder, other = person("holder"), person("other")
    grant_role(actor(administrator()), terms=GrantTerms(holder, Role.AUTHOR, "A member", system_id=system.id))

    moved = SystemObjectPermission.objects.filter(user=holder).update(user=other)

    found = [(one.kind, one.row, one.sentence.rpartition(": ")[2]) for one in projection_findings()]
    assert moved == len(PERMISSIONS[Role.AUTHOR])
    assert found == [
        ("projection", f"{holder.id} {system.id}", "a grant in force gives it, and the row is missing."),
        ("projection", f"{other.id} {system.id}", "no grant gives it."),
    ]
    assert not has_permission(actor(other), Permission.VIEW, system)
    assert not visible_to(System.objects.all(), actor(other)).exists()

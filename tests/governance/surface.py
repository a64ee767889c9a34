"""The addresses of the governance app's HTTP interface, and objects behind each of them.

Tests that must hold for every address are parametrised over these tables; another test compares the
tables with the router, so that a new address without cases fails.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.access.models import Account, ApiToken, Grant
from governance.access.roles import Scope
from governance.access.services import issue_token
from governance.registry.models import Channel, ComponentVersion, Segment, System
from tests.factories.cast import REASON, actor, person
from tests.factories.registry import ATTRIBUTES, PREDICATE, component, segment

LISTS = (
    "systems/",
    "channels/",
    "segments/",
    "components/",
    "accounts/",
    "grants/",
    "grants/proposals/",
    "tokens/",
)
OBJECTS = ("systems", "channels", "segments", "components", "accounts", "grants", "tokens")
VERBS = (
    "systems/{system}/log-before-act/",
    "components/{component}/deprecate/",
    "components/{component}/revoke/",
    "accounts/{account}/deactivate/",
    "accounts/{account}/password/",
    "grants/{grant}/revoke/",
    "tokens/{token}/revoke/",
)
CREATING = ("systems/", "channels/", "segments/", "components/", "accounts/", "grants/", "tokens/")
REAUTHENTICATE = "reauthenticate/"
POSTS = (*CREATING, *VERBS, REAUTHENTICATE)
PASSWORD_AFTER = "harbour-lantern-oak"


@dataclass(frozen=True)
class World:
    """One system with an object of every kind, all made by the real services."""

    ids: dict[str, UUID]

    def address(self, template: str) -> str:
        """The address of a verb, with this world's ids."""
        return f"/api/v1/{template.format(**self.ids)}"

    def object_address(self, plural: str) -> str:
        """The address of this world's object of a list."""
        return f"/api/v1/{plural}/{self.ids[plural.removesuffix('s')]}/"


def populate(system: System, maker: Account) -> None:
    """Objects on ``system`` made by ``maker``, who holds every role there, and a member with a token."""
    member = person(member_name(system))
    issue_token(
        actor(member),
        account=member,
        name="Member's",
        scopes=[Scope.READ],
        expires_at=timezone.now() + timedelta(days=1),
    )
    segment(maker, system)
    component(maker, system)


def member_name(system: System) -> str:
    """The username of the member of a populated system."""
    return f"member_of_{system.slug.replace('-', '_')}"


def world(system: System) -> World:
    """The objects of a populated system; the grant is one of its own."""
    member = Account.objects.get(username=member_name(system))
    return World(
        {
            "system": system.id,
            "channel": Channel.objects.filter(system=system).order_by("name")[0].id,
            "segment": Segment.objects.get(system=system).id,
            "component": ComponentVersion.objects.get(system=system).id,
            "account": member.id,
            "grant": Grant.objects.filter(system=system).order_by("id")[0].id,
            "token": ApiToken.objects.get(account=member).id,
        }
    )


def bodies(ids: dict[str, UUID]) -> dict[str, dict[str, Any]]:
    """A body that fits, for every POST."""
    expires = (timezone.now() + timedelta(days=1)).isoformat()
    reason = {"reason": REASON}
    return {
        "systems/": {"slug": "airport-gates", "name": "Airport gates"},
        "channels/": {"system": str(ids["system"]), "name": "kiosk", "kind": "kiosk"},
        "segments/": {
            "system": str(ids["system"]),
            "key": "older_women",
            "title": "Older women",
            "predicate": PREDICATE,
            "protected": True,
            **reason,
        },
        "components/": {
            "system": str(ids["system"]),
            "kind": "fusion",
            "name": "f1",
            "version": "1",
            "attributes": ATTRIBUTES["fusion"],
        },
        "accounts/": {"username": "newcomer", "password": PASSWORD_AFTER},
        "grants/": {
            "account": str(ids["account"]),
            "role": "auditor",
            "system": str(ids["system"]),
            **reason,
        },
        "tokens/": {"name": "For CI", "scopes": ["read"], "expires_at": expires},
        "systems/{system}/log-before-act/": {"on": False, **reason},
        "components/{component}/deprecate/": reason,
        "components/{component}/revoke/": reason,
        "accounts/{account}/deactivate/": reason,
        "accounts/{account}/password/": {"password": PASSWORD_AFTER},
        "grants/{grant}/revoke/": reason,
        "tokens/{token}/revoke/": reason,
        REAUTHENTICATE: {"password": PASSWORD_AFTER},
    }

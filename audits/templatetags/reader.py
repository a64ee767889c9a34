"""Who reads: the roles that the signed-in person holds now, and where; shown at the foot of the sidebar."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from governance.access.models import Account
from governance.access.queries import grants_in_force

register = template.Library()


@dataclass(frozen=True)
class Held:
    """A role and the places where it is held."""

    role: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        """``security reviewer · mobile_web, desktop_web``."""
        return f"{self.role.replace('_', ' ')} · {', '.join(self.places)}"


def roles_held(account_id: UUID | None) -> tuple[Held, ...]:
    """The account's roles in force, each once, with systems whole or channels by name."""
    if account_id is None:
        return ()
    rows = (
        grants_in_force(timezone.now())
        .filter(account_id=account_id)
        .order_by("role", "system__slug", "channel__system__slug", "channel__name")
        .values_list("role", "system__slug", "channel__name")
    )
    places: dict[str, list[str]] = {}
    for role, system, channel in rows:
        places.setdefault(role, []).append(channel or system or "everywhere")
    return tuple(Held(role, tuple(dict.fromkeys(found))) for role, found in places.items())


@register.simple_tag(takes_context=True)
def reader_roles(context: dict[str, Any]) -> tuple[Held, ...]:
    """The roles of whoever is signed in."""
    user = context.get("user")
    return roles_held(user.pk) if isinstance(user, Account) else ()

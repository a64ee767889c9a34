"""Who may still read a notification: whoever may view, now, what it is about.

A notification holds names, reasons and numbers of its subject. The scope of the subject is kept with them
when they are written, and is asked again whenever they are to be shown or sent: a message that its reader may
no longer view, because a grant ended or never reached that channel, is not listed, not counted and not
sent. It comes back with the grant; the ledger's entry behind it stays the record in any case. A row that does
not say where it belongs is read by nobody but administrators of the installation.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.access.models import Account
from governance.access.queries import Reach, reach, reach_of
from governance.access.roles import Permission, roles_with
from governance.access.scopes import INSTALLATION, AccessScope
from governance.actors import Actor
from governance.notifications.models import Notification

SCOPE = "scope"
"""Where the facts of a notification keep the scope of its subject; no fact of the texts bears this name."""


def scope_document(scope: AccessScope) -> dict[str, Any]:
    """The scope as it is kept with the facts."""
    system = str(scope.system_id) if scope.system_id else None
    return {"system": system, "channels": sorted(map(str, scope.channel_ids))}


def scope_of(notification: Notification) -> AccessScope:
    """The scope of what the notification is about."""
    kept = notification.context.get(SCOPE)
    if not kept or kept["system"] is None:
        return INSTALLATION
    return AccessScope(UUID(kept["system"]), frozenset(map(UUID, kept["channels"])))


def may_read(account: Account, notification: Notification, at: datetime) -> bool:
    """Whether the account may view at ``at`` what the notification is about."""
    held = reach_of(account.id, roles_with(Permission.VIEW), at)
    return held.reads(scope_of(notification))


def readable_by(rows: QuerySet[Notification], actor: Actor) -> QuerySet[Notification]:
    """The rows whose subject the actor may view now."""
    held = reach(actor, Permission.VIEW)
    if held is None:
        return rows.none()
    return rows if held.everywhere else rows.filter(_within(held))


def _within(held: Reach) -> Q:
    """:meth:`Reach.reads` over the scopes that are kept with the facts."""
    systems = [str(system) for system in held.systems]
    channels = [str(channel) for channel in held.channels]
    around = [str(system) for system in set(held.channels.values())]
    whole = Q(context__scope__system__in=systems)
    touched = Q(context__scope__channels__has_any_keys=channels)
    return whole | touched | Q(context__scope__channels=[], context__scope__system__in=around)

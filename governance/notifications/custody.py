"""All administrators are told when a key of the ledger comes or goes, or a new epoch begins.

Whoever else holds a verifier key must be told by people, by another way than this installation; and who did
not expect such a change is to ask at once.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from governance.access.queries import administrators_over
from governance.access.scopes import INSTALLATION
from governance.actors import Actor
from governance.ledger.custody_models import Epoch, KeySuccession
from governance.ledger.models import Governed
from governance.ledger.notes import vkey_id
from governance.ledger.queries import entry_of
from governance.notifications.services import notify_afterwards


def tell_of_custody(actor: Actor, event: str, row_id: UUID) -> None:
    """Tell the administrators of the installation of ``event``, which is recorded in the row's stream.

    Whoever the task acts for has done it and is not told; for an act at the shell without an account that is
    nobody.
    """
    row, facts = FACTS[event](row_id)
    entry = entry_of(row.stream(), event)
    if entry is None:
        return
    notify_afterwards(
        actor,
        event,
        cause=entry.id,
        subject=row,
        accounts=administrators_over(None, timezone.now()),
        context={**facts, "reason": entry.document["reason"]},
        path=reverse("admin:ledger_keys"),
        scope=INSTALLATION,
    )


def _keys(row: KeySuccession) -> dict[str, Any]:
    return {"old": vkey_id(row.old_vkey), "new": vkey_id(row.new_vkey)}


def _rotated(row_id: UUID) -> tuple[Governed, dict[str, Any]]:
    row = KeySuccession.objects.get(id=row_id)
    return row, {**_keys(row), "actor": row.began_by_username, "overlaps_until_at": row.overlap_until}


def _retired(row_id: UUID) -> tuple[Governed, dict[str, Any]]:
    row = KeySuccession.objects.get(id=row_id)
    return row, {**_keys(row), "actor": row.ended_by_username, "compromised": row.is_compromised}


def _replaced(row_id: UUID) -> tuple[Governed, dict[str, Any]]:
    row = KeySuccession.objects.get(id=row_id)
    confirmed = row.confirmed_by_username or None
    return row, {**_keys(row), "actor": row.began_by_username, "second": confirmed}


def _begun(row_id: UUID) -> tuple[Governed, dict[str, Any]]:
    row = Epoch.objects.get(id=row_id)
    return row, {
        "actor": row.began_by_username,
        "second": row.confirmed_by_username or None,
        "number": row.number,
        "origin": row.origin,
        "signed": row.old_size,
        "found": row.found_size,
    }


FACTS: dict[str, Callable[[UUID], tuple[Governed, dict[str, Any]]]] = {
    "ledger_key.rotated": _rotated,
    "ledger_key.retired": _retired,
    "ledger_key.replaced": _replaced,
    "ledger_epoch.begun": _begun,
}
"""By event: the row, and what its text needs beside the reason."""

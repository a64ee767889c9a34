"""What entries say of the ledger's own keys and epochs."""

import base64
from typing import Any

from governance.ledger.custody_models import Epoch, KeySuccession
from governance.ledger.reconciling.declared import Reconciled, Told, const


def in_base64(value: Any) -> str:
    """Bytes as entries write them."""
    return base64.b64encode(value).decode()


KEYS = Reconciled(
    KeySuccession,
    told=(
        Told(
            ("ledger_key.rotated", "ledger_key.replaced"),
            {
                "old_vkey": "old_vkey",
                "new_vkey": "new_vkey",
                "began_at": "began_at",
                "overlap_until": "overlap_until",
                "ended_at": "ended_at",
                "is_lost": "is_lost",
                "is_compromised": const(False),
                "reason": "@reason",
                "began_by_username": "began_by",
                "confirmed_by_username": "confirmed_by",
                "sole_administrator": "sole_administrator",
                "ended_by_username": const(""),
            },
            is_first=True,
        ),
        Told(
            ("ledger_key.retired",),
            {"ended_at": "ended_at", "is_compromised": "is_compromised", "ended_by_username": "ended_by"},
        ),
    ),
)

EPOCHS = Reconciled(
    Epoch,
    told=(
        Told(
            ("ledger_epoch.begun",),
            {
                "number": "number",
                "origin": "origin",
                "old_origin": "given_up.origin",
                "old_number": "given_up.number",
                "old_size": "given_up.size",
                "old_root": "given_up.root",
                "found_size": "found_size",
                "began_at": "began_at",
                "reason": "@reason",
                "began_by_username": "began_by",
                "confirmed_by_username": "confirmed_by",
                "sole_administrator": "sole_administrator",
                "entry_id": "@id",
            },
            is_first=True,
        ),
    ),
    through={"old_root": in_base64},
)

RECONCILED = (KEYS, EPOCHS)

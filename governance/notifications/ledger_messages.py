"""Messages about the ledger itself: which keys sign it, and where it began anew."""

from governance.notifications.message import Message

KEYS = ("old", "new", "reason")
TO_THE_KEYS = "See which keys sign"

LEDGER_MESSAGES = (
    Message(
        "ledger_key.rotated",
        "A rotation of the ledger's key began",
        "The ledger's key is rotated: {{ new }} signs beside the old one",
        (*KEYS, "overlaps_until_at"),
        link=TO_THE_KEYS,
    ),
    Message(
        "ledger_key.retired",
        "A rotation of the ledger's key ended",
        "The rotation of the ledger's key is over: {{ new }} signs alone",
        KEYS,
        ("compromised",),
        link=TO_THE_KEYS,
    ),
    Message(
        "ledger_key.replaced",
        "A lost key of the ledger was replaced",
        "A lost key of the ledger was replaced: {{ new }} signs now",
        KEYS,
        ("second",),
        link=TO_THE_KEYS,
    ),
    Message(
        "ledger_epoch.begun",
        "A new epoch of the ledger began",
        "Epoch {{ number }} of the ledger began: signed entries are given up",
        ("number", "origin", "signed", "found", "reason"),
        ("second",),
        link=TO_THE_KEYS,
    ),
)

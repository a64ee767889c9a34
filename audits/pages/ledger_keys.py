"""The ledger's keys, to be printed: what somebody needs who checks without us, and how it is done."""

import hashlib
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

import audits.verification
from audits.pages.frame import draw
from governance.access.custody_proposals import act_of, confirming_command, open_custody_proposals
from governance.access.models import Proposal
from governance.access.requests import actor_from
from governance.ledger.custody import LOST, NAMED, OVERLAPS, RETIRED, SIGNS, UNUSED, KeyFact, list_keys
from governance.ledger.sealing import newest_signed
from governance.ledger.signing import LEDGER

TITLE = "Ledger keys"
SCRIPT = Path(audits.verification.__file__).with_name("standalone.py")
LOOKS = {
    SIGNS: ("pass", "Signs", "verified_user"),
    OVERLAPS: ("open", "Signs beside its successor", "sync_alt"),
    RETIRED: ("void", "Retired", "history"),
    LOST: ("inc", "Lost", "key_off"),
    NAMED: ("inc", "On record, has not signed yet", "hourglass_top"),
    UNUSED: ("inc", "In the file, on no record", "help"),
}
PURPOSES = {"ledger": "Checkpoints of the ledger", "statements": "Statements about gate runs"}


def ledger_keys(request: HttpRequest) -> HttpResponse:
    """The page. Public keys tell nothing, so whoever has signed in may see it.

    What waits for a second administrator is shown to administrators of the installation alone.
    """
    now = timezone.now()
    found = list_keys()
    signed = newest_signed()
    context = {
        "now": now,
        "waiting": [_proposed(row) for row in open_custody_proposals(actor_from(request), now)],
        "in_use": [key for key in found if key.purpose == LEDGER and key.state in (SIGNS, OVERLAPS)],
        "keys": [(key, PURPOSES.get(key.purpose, key.purpose), LOOKS[key.state]) for key in found],
        "head": signed.note.partition("\n\n")[0] if signed else "",
        "signed": signed,
        "script_digest": script_digest(),
        "lead": _lead(found),
    }
    crumbs = [("Ledger", reverse("admin:ledger")), (TITLE, "")]
    return draw(request, "countersign/ledger_keys.html", context, title=TITLE, crumbs=crumbs)


def script_digest() -> str:
    """The SHA-256 of ``verify.py`` as it stands in every dossier."""
    return hashlib.sha256(SCRIPT.read_bytes()).hexdigest() if SCRIPT.exists() else ""


def _proposed(row: Proposal) -> dict[str, Any]:
    return {"row": row, "act": act_of(row), "command": confirming_command(row)}


def _lead(found: list[KeyFact]) -> str:
    in_use = [key for key in found if key.purpose == LEDGER and key.state in (SIGNS, OVERLAPS)]
    if not in_use:
        return "No key signs the ledger"
    if len(in_use) == 1:
        return "One key signs the ledger"
    return "Two keys sign the ledger, the new one beside the old one"

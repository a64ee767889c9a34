"""The ledger's keys as outsiders need to know them: which sign now, which did, since when and until when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from governance.ledger.custody_models import KeySuccession
from governance.ledger.epochs import list_eras, origin_at
from governance.ledger.keys import signing_keys
from governance.ledger.models import SignedCheckpoint
from governance.ledger.notes import VerifierKey, verifier_key, verifier_of
from governance.ledger.sealing import newest_signed
from governance.ledger.signing import LEDGER, STATEMENTS, KeyFileUnfit
from governance.ledger.successions import signers_of, successions

SIGNS, OVERLAPS, RETIRED, LOST, UNUSED = "signs", "overlaps", "retired", "lost", "unused"
NAMED = "named"
"""An entry puts it in the place of the one before, and it has not signed the newest checkpoint."""


@dataclass(frozen=True)
class KeyFact:
    """A verifier key, what it is for, and from when to when it signed (planned, while it overlaps)."""

    purpose: str
    vkey: str
    state: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def name(self) -> str:
        """What signatures call the key."""
        return self.vkey.partition("+")[0]


def list_keys() -> list[KeyFact]:
    """All keys of this installation: those for statements, then the ledger's, the newest first."""
    try:
        filed = signing_keys()
    except KeyFileUnfit:
        filed = ()
    statements = [KeyFact(key.purpose, key.vkey, SIGNS) for key in filed if key.purpose == STATEMENTS]
    signed = newest_signed()
    # What a holder sees in checkpoints is the name of the epoch, which is not that in the key file.
    origin = origin_at(signed.checkpoint_id if signed else 0, list_eras(), "")
    rows = successions()
    if rows:
        return [*statements, *_succession(rows, origin, signed.note if signed else "")]
    of_ledger = [verifier_of(key) for key in filed if key.purpose == LEDGER]
    signers = signers_of(signed.note, of_ledger) if signed else {key.public for key in of_ledger}
    since = _first_signed_at()
    return [
        *statements,
        *(
            KeyFact(LEDGER, _named(key, origin), SIGNS, since)
            if key.public in signers
            else KeyFact(LEDGER, key.text(), UNUSED)
            for key in of_ledger
        ),
    ]


def log_keys_of(note: str) -> list[VerifierKey]:
    """The keys that have signed this checkpoint, by the name that they have in it."""
    origin = note.partition("\n")[0]
    try:
        known = [verifier_of(key) for key in signing_keys() if key.purpose == LEDGER]
    except KeyFileUnfit:
        known = []
    for row in successions():
        known += [verifier_key(row.old_vkey), verifier_key(row.new_vkey)]
    signers = signers_of(note, known)
    return [
        VerifierKey(origin, public)
        for public in dict.fromkeys(key.public for key in known)
        if public in signers
    ]


def _succession(rows: list[KeySuccession], origin: str, note: str) -> Iterator[KeyFact]:
    """The newest key, then each that it or another took the place of. It signs if it has signed ``note``, the
    newest checkpoint: whoever may write entries may name a key of theirs, and that is not to be handed out.
    """
    newest = rows[-1]
    key = verifier_key(newest.new_vkey)
    signs = SIGNS if signers_of(note, [key]) else NAMED
    yield KeyFact(LEDGER, _named(key, origin), signs, newest.began_at)
    for row, before in zip(reversed(rows), [*reversed(rows[:-1]), None], strict=True):
        since = before.began_at if before else _first_signed_at()
        state = LOST if row.is_lost else RETIRED if row.ended_at else OVERLAPS
        vkey = _named(verifier_key(row.old_vkey), origin) if state == OVERLAPS else row.old_vkey
        yield KeyFact(LEDGER, vkey, state, since, row.ended_at or row.overlap_until)


def _named(key: VerifierKey, origin: str) -> str:
    return VerifierKey(origin or key.name, key.public).text()


def _first_signed_at() -> datetime | None:
    first = SignedCheckpoint.objects.order_by("checkpoint_id").first()
    return first.signed_at if first else None

"""Which of the keys in the file may sign: never one of which no entry and no earlier signature knows.

A file that was swapped for another would otherwise go on signing as if nothing had happened. The first key
needs no entry: it signs a ledger that nobody has signed yet, and is known by its signatures afterwards.
"""

from collections.abc import Sequence

from governance.ledger.custody_models import KeySuccession
from governance.ledger.notes import NoteFails, VerifierKey, open_note, verifier_key, vkey_id
from governance.ledger.signing import SigningKey


class KeyNotOnRecord(Exception):
    """The file holds no key that may sign this ledger."""


def newest_succession() -> KeySuccession | None:
    """The succession that decides which keys sign; None while the first key does."""
    return KeySuccession.objects.order_by("-began_at", "-id").first()


def open_succession() -> KeySuccession | None:
    """The rotation whose two keys sign side by side now."""
    return KeySuccession.objects.filter(ended_at__isnull=True).first()


def keys_that_sign(
    keys: Sequence[SigningKey], note: str | None, newest: KeySuccession | None
) -> tuple[SigningKey, ...]:
    """Those of ``keys`` that sign the next checkpoint; ``note`` is the one that was signed last.

    Raises:
        KeyNotOnRecord: there are keys, and none of them may.
    """
    if newest is None:
        known = {key.public for key in keys} if note is None else signers_of(note, keys)
    else:
        known = _known_by(newest, keys)
    found = tuple(key for key in keys if key.public in known)
    if keys and not found:
        raise KeyNotOnRecord(
            f"{' and '.join(key.id for key in keys)} has never signed this ledger and stands in none of its "
            "entries. Bring back the key that signed so far. Only if it is lost, two administrators put the "
            "new one in its place: manage.py replace_ledger_key."
        )
    return found


def _known_by(newest: KeySuccession, keys: Sequence[SigningKey]) -> set[bytes]:
    """Public keys that a succession lets sign, if the file holds the newest of them.

    While two sign, the old one alone signs nothing: its signature would vouch for a key that somebody may
    only have put into the database.
    """
    try:
        new, old = verifier_key(newest.new_vkey), verifier_key(newest.old_vkey)
    except NoteFails as fault:
        raise KeyNotOnRecord(f"What stands on record of the newest key is damaged: {fault}") from fault
    if keys and newest.ended_at is None and new.public not in {key.public for key in keys}:
        raise KeyNotOnRecord(
            f"A rotation to {vkey_id(newest.new_vkey)} stands on record, and the file has no such "
            "key. Put it below the old one. If nobody here began the rotation, somebody has put it into "
            "the database: two administrators put a key of yours in its place, manage.py replace_ledger_key."
        )
    return {new.public} if newest.ended_at else {new.public, old.public}


def signers_of(note: str, keys: Sequence[SigningKey | VerifierKey]) -> set[bytes]:
    """Public keys of those of ``keys`` that have signed the note, under the origin that it has."""
    origin = note.partition("\n")[0]
    try:
        opened = open_note(note, [VerifierKey(origin, key.public) for key in keys])
    except NoteFails:
        return set()
    return {signer.public for signer in opened.signers}

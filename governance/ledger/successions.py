"""Which of the keys in the file may sign: never one of which no entry and no earlier signature knows.

A file that was swapped for another would otherwise go on signing as if nothing had happened. The first key
needs no entry: it signs a ledger that nobody has signed yet, and is known by its signatures afterwards.
"""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from governance.ledger.custody_models import KeySuccession
from governance.ledger.namings import Naming, chained, counting, read_namings
from governance.ledger.notes import NoteFails, VerifierKey, open_note, verifier_key, vkey_id
from governance.ledger.signing import SigningKey


class KeyNotOnRecord(Exception):
    """The file holds no key that may sign this ledger."""


def newest_succession() -> KeySuccession | None:
    """The succession that decides which keys sign; None while the first key does. Not to be written to."""
    found = successions()
    return found[-1] if found else None


def successions() -> list[KeySuccession]:
    """Those that count, in the order of their entries: keys are as the entries say, and so is which comes
    after which. Of its row is taken when a rotation ended. Where somebody wrote an entry without a row, it is
    one that has not ended and is not stored.
    """
    return _successions(read_namings(waiting=True))


def _successions(read: Iterable[Naming]) -> list[KeySuccession]:
    namings = list(chained(counting(read)))
    rows = {row.stream(): row for row in KeySuccession.objects.all()} if namings else {}
    return [_as_said(naming, rows.get(naming.stream)) for naming in namings]


def _as_said(naming: Naming, row: KeySuccession | None) -> KeySuccession:
    found = row or KeySuccession(began_at=timezone.now())
    found.old_vkey, found.new_vkey = naming.texts
    found.is_lost = naming.is_lost
    if naming.is_lost:
        found.ended_at = found.ended_at or found.began_at
    return found


def open_succession() -> KeySuccession | None:
    """The rotation whose two keys sign side by side now."""
    return KeySuccession.objects.filter(ended_at__isnull=True).first()


def keys_that_sign(keys: Sequence[SigningKey], note: str | None) -> tuple[SigningKey, ...]:
    """Those of ``keys`` that sign the next checkpoint, the older one first; ``note`` is the one that was
    signed last.

    Raises:
        KeyNotOnRecord: there are keys, and none of them may; or one that may would vouch for a key of
            somebody else's, because the tree holds an entry that puts that one in its place.
    """
    namings = list(read_namings(waiting=True))
    standing = _successions(namings)
    newest = standing[-1] if standing else None
    found = _keys_of(keys, note, newest)
    if newest is not None:
        last = verifier_key(newest.new_vkey).public
        found = tuple(sorted(found, key=lambda key: key.public == last))
    for one in namings:
        check_vouches(one, found)
    return found


def check_vouches(one: Naming, signers: Sequence[SigningKey]) -> None:
    """That the signers, the older one first, may sign a tree with this entry.

    Raises:
        KeyNotOnRecord: one of them would vouch for a key that does not come after it.
    """
    signs = [key.public for key in signers]
    if one.old in signs and one.new not in signs[signs.index(one.old) :]:
        old, new = (vkey_id(text) for text in one.texts)
        raise KeyNotOnRecord(
            f"An entry puts {new} in the place of {old}, which signs, and another key has taken that "
            "place or the file has no such key: somebody has put the entry into the database. Two "
            "administrators put a new key in the place of all: manage.py replace_ledger_key."
        )


def _keys_of(
    keys: Sequence[SigningKey], note: str | None, newest: KeySuccession | None
) -> tuple[SigningKey, ...]:
    if newest is None:
        known = {key.public for key in keys} if note is None else signers_of(note, keys)
    else:
        known = _known_by(newest, keys)
    found = tuple(key for key in keys if key.public in known)
    if keys and not found:
        ids = " and ".join(key.id for key in keys)
        if newest is not None:
            raise KeyNotOnRecord(
                f"{ids} may not sign: on record {vkey_id(newest.new_vkey)} does. Bring that key back. If it "
                "is lost, or none of you put it on record, two administrators put a new one in its place: "
                f"manage.py replace_ledger_key --lost {newest.new_vkey}"
            )
        raise KeyNotOnRecord(
            f"{ids} has never signed this ledger and stands in none of its "
            "entries. Bring back the key that signed so far. Only if it is lost, two administrators put the "
            "new one in its place: manage.py replace_ledger_key."
        )
    return found


def _known_by(newest: KeySuccession, keys: Sequence[SigningKey]) -> set[bytes]:
    """Public keys that a succession lets sign, if the file holds the newest of them.

    While two sign, the old one alone signs nothing: its signature would vouch for a key that somebody may
    only have put into the database.
    """
    new, old = verifier_key(newest.new_vkey), verifier_key(newest.old_vkey)
    if keys and newest.ended_at is None and new.public not in {key.public for key in keys}:
        raise KeyNotOnRecord(
            f"A rotation to {vkey_id(newest.new_vkey)} stands on record, and the file has no such "
            "key. Put it below the old one. If nobody here began the rotation, somebody has put it into "
            "the database: two administrators put a new key in its place, manage.py replace_ledger_key."
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

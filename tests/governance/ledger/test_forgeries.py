"""What somebody who owns the database, or acts as the application, puts into it so that the ledger would sign
or take it, and what keeps it from that.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from governance.access.ledger_epochs import begin_epoch, propose_epoch
from governance.access.ledger_keys import (
    propose_key_replacement,
    replace_lost_ledger_key,
    rotate_ledger_key,
)
from governance.actors import acting_as
from governance.ledger.checkpoints import TreeHead
from governance.ledger.custody import list_keys
from governance.ledger.custody_models import Epoch, KeySuccession
from governance.ledger.entries import append_entry
from governance.ledger.fsck.checking import check_record
from governance.ledger.heads import EpochUnknown, Head, HeadDisagrees, head_file, read_head
from governance.ledger.models import Entry, SignedCheckpoint
from governance.ledger.namings import Naming, list_namings
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key, verifier_of
from governance.ledger.reconciled import KEYS
from governance.ledger.reconciling.checking import reconcile
from governance.ledger.sealing import check_head
from governance.ledger.signing import SigningKey, generate_key
from governance.ledger.trusting import Note, Trust
from governance.registry.models import System
from tests.factories.cast import actor, administrator, operator, second_administrator
from tests.governance.ledger.acts import person
from tests.governance.ledger.keeping import (
    another_key,
    faults,
    go_on,
    has_signed,
    ledger_keys,
    notes,
    number_and_sign,
    replace_keys,
    run,
)
from tests.governance.ledger.reading import append, let_sign, refused_transaction, tamper
from tests.governance.ledger.test_key_custody import MONTH, REASON

ORIGIN = "example.org/countersign/ledger"
REWRITTEN = """
DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile; UPDATE tree_state SET tiled = 0;
UPDATE entry SET body = convert_to(replace(convert_from(body, 'UTF8'), 'Renamed', 'Reforged'), 'UTF8');
UPDATE leaf SET hash = sha256('\\x00'::bytea || entry.body) FROM entry WHERE entry.id = leaf.entry_id
"""
UNSIGNED = """
DELETE FROM signed_checkpoint WHERE size = (SELECT max(size) FROM checkpoint);
UPDATE checkpoint SET made_at = {made_at}
"""
REWRITES = (
    *("DELETE FROM key_succession", "DELETE FROM ledger_epoch"),
    *("UPDATE key_succession SET new_vkey = 'a'", "UPDATE ledger_epoch SET origin = 'a'"),
    *("LOCK TABLE key_succession IN ACCESS EXCLUSIVE MODE", "LOCK TABLE ledger_epoch IN SHARE MODE"),
)
"""What no verb does. A lock would keep the integrator from asking which keys sign, and leave no trace."""
DAMAGED = """
ALTER TABLE key_succession DISABLE TRIGGER ledger_guard; UPDATE key_succession SET new_vkey = 'nonsense';
ALTER TABLE key_succession ENABLE ALWAYS TRIGGER ledger_guard
"""
ANOTHER_NAME = """
ALTER TABLE entry ALTER COLUMN document DROP EXPRESSION;
UPDATE entry SET document = jsonb_set(document, '{{after,old_vkey}}', '"{vkey}"')
    WHERE stream LIKE 'ledger_key:%';
CREATE OR REPLACE FUNCTION ledger_document(body bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE
    AS 'SELECT document FROM entry WHERE entry.body = $1'
"""


@pytest.fixture
def signing(system: System, tmp_path: Path, settings: Settings) -> System:
    """A system whose first entries are signed by the first key, at two sizes."""
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    assert go_on(system, "Renamed again") == ""
    return system


def outside() -> Head:
    head = read_head(head_file())
    assert head is not None
    return head


def forged_epoch(given_up: Head, origin: str, *, number: int = 2, old_origin: str = ORIGIN) -> Epoch:
    """An epoch that nobody has begun, without its entry."""
    return Epoch(
        number=number,
        origin=origin,
        old_origin=old_origin,
        old_number=1,
        old_size=given_up.size,
        old_root=given_up.root,
        found_size=given_up.size,
        began_at=timezone.now(),
        reason=REASON,
        began_by_username="ada",
    )


def entry_of_epoch(epoch: Epoch, **otherwise: Any) -> Entry:
    """An entry that says what the row says, but for ``otherwise``; in the running transaction."""
    old = {"number": 1, "origin": epoch.old_origin, "size": epoch.old_size}
    root = base64.b64encode(epoch.old_root).decode()
    after = {"number": epoch.number, "origin": epoch.origin, "given_up": {**old, "root": root}, **otherwise}
    return append_entry("ledger_epoch.begun", epoch.stream(), after=after, reason=REASON)


def put_in_an_epoch(given_up: Head, origin: str, said: dict[str, Any] | None = None, **row: Any) -> None:
    """An epoch's row with an entry, which the guard lets the application write."""
    epoch = forged_epoch(given_up, origin, **row)
    with acting_as(person()), transaction.atomic():
        epoch.entry = entry_of_epoch(epoch, **(said or {}))
        epoch.save(force_insert=True)


def begun() -> Epoch:
    """Two administrators begin an epoch."""
    first, second = actor(administrator()), actor(second_administrator())
    proposal = propose_epoch(first, reason=REASON)
    return begin_epoch(second, reason=REASON, proposal=proposal.id)


def test_an_epoch_that_the_application_puts_in_is_not_signed_and_another_one_ends_it(signing: System) -> None:
    before = notes()
    put_in_an_epoch(outside(), "example.org/of-my-own/ledger")

    trouble = number_and_sign()

    assert "knows nothing of it: begin_epoch" in trouble
    assert notes() == before
    with pytest.raises(EpochUnknown):
        check_head(head_file())
    assert begun().number == 3
    assert number_and_sign() == ""
    assert notes()[-1].startswith("example.org/countersign/epoch-3/ledger\n")
    report = check_record([verifier_of(*ledger_keys())], head_file())
    assert report.findings == ()
    assert [line.partition(":")[0] for line in report.epochs] == ["epoch 2", "epoch 3"]


@pytest.mark.parametrize(
    ("words", "forged"),
    [
        ("no entry of its own in this transaction that says so", {"said": {"number": 3}}),
        ("too far from the one before", {"number": 32767}),
        ("gives up example.org/of-my-own, and the log was called", {"old_origin": "example.org/of-my-own"}),
    ],
)
def test_an_epoch_after_which_none_could_begin_is_refused(
    signing: System, words: str, forged: dict[str, Any]
) -> None:
    with refused_transaction(words):
        put_in_an_epoch(outside(), "example.org/countersign/epoch-2/ledger", **forged)

    assert not Epoch.objects.exists()


@pytest.mark.parametrize("meanwhile", [number_and_sign, str], ids=["signed", "waiting"])
def test_an_epoch_does_not_begin_with_an_entry_that_was_written_before(
    signing: System, meanwhile: Callable[[], str]
) -> None:
    epoch = forged_epoch(outside(), "example.org/countersign/epoch-2/ledger")
    with acting_as(person()), transaction.atomic():
        epoch.entry = entry_of_epoch(epoch)
    assert meanwhile() == ""

    with acting_as(person()), refused_transaction("no entry of its own in this transaction"):
        entry_of_epoch(epoch)
        epoch.save(force_insert=True)

    assert number_and_sign() == ""
    assert faults(*ledger_keys()) == []


def test_a_history_that_the_owner_writes_anew_is_not_signed_as_an_epoch(signing: System) -> None:
    lost = outside()
    tamper(REWRITTEN)
    put_in_an_epoch(lost, "example.org/countersign/epoch-2/ledger")

    trouble = number_and_sign()

    assert "knows nothing of it: begin_epoch" in trouble
    assert (notes(), outside()) == ([], lost)
    with pytest.raises(HeadDisagrees):
        check_head(head_file())
    assert any("knows nothing of it" in one for one in faults(*ledger_keys()))


def test_a_head_of_before_the_epoch_is_not_taken_for_one_that_is_ahead(signing: System) -> None:
    before = head_file().read_bytes()
    with head_file().open("ab") as file:
        file.write(Head(99, bytes(32)).line())
    begun()
    assert number_and_sign() == ""
    head_file().write_bytes(before)

    trouble = go_on(signing, "Renamed once more")

    assert "is of epoch 1 with 3 entries; the database is in epoch 2" in trouble


def signed_by(size: int, *keys: SigningKey) -> Note:
    """A checkpoint of a tree whose root says its size."""
    return size, TreeHead(ORIGIN, size, bytes([size] * 32)).signed(keys)


def counts(trust: Trust, size: int, note: str) -> bool:
    try:
        trust.check(size, note, bytes([size] * 32))
    except NoteFails:
        return False
    return True


def test_a_key_that_made_room_counts_for_no_later_tree_and_vouches_for_nobody_in_it() -> None:
    first, second, third = (generate_key(ORIGIN) for _ in range(3))
    true = Naming(4, first.public, second.public)
    unchained, chained = (Naming(8, old.public, third.public) for old in (first, second))
    lost = Naming(8, second.public, third.public, is_lost=True)
    genuine = [signed_by(4, first), signed_by(6, first, second)]

    def taken(given: SigningKey, namings: list[Naming], *later: Note) -> list[int]:
        """Sizes whose notes count for whoever holds one key."""
        all_notes = [*genuine, *later]
        roots = {size: bytes([size] * 32) for size, _note in all_notes}
        trust = Trust([verifier_of(given)], (), namings).vouched(all_notes, roots)
        return [size for size, note in all_notes if counts(trust, size, note)]

    assert taken(second, [true], signed_by(9, second)) == [4, 6, 9]
    assert taken(first, [true], signed_by(9, second)) == [4, 6, 9]
    assert taken(second, [true], signed_by(9, first)) == [4, 6]
    assert taken(second, [true, unchained], signed_by(9, first, third)) == [4, 6]
    assert taken(second, [true, chained], signed_by(9, first, third)) == [4, 6]
    assert taken(second, [true, chained], signed_by(9, second, third), signed_by(12, third)) == [4, 6, 9, 12]
    assert taken(second, [true, lost], signed_by(9, second, third)) == [4, 6]
    assert taken(third, [true, lost], signed_by(9, third)) == [4, 6, 9]


def test_whoever_holds_the_retired_key_signs_no_other_end_of_the_history(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    go_on(signing)
    old, new = ledger_keys()
    run("rotate_ledger_key", end=True, compromised=True, reason=REASON)
    go_on(signing, "Renamed once more")
    whole = faults(new)

    newest = SignedCheckpoint.objects.select_related("checkpoint").latest("checkpoint_id")
    head = TreeHead(old.name, newest.checkpoint_id, bytes(newest.checkpoint.root))
    tamper(f"UPDATE signed_checkpoint SET note = '{head.signed([old])}' WHERE size = {head.size}")

    assert whole == []
    (found,) = faults(new)
    assert f"The signature of the checkpoint of {head.size} entries: No known key has signed this" in found


def test_what_a_rotation_names_is_read_from_the_signed_body(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    go_on(signing)
    named = list_namings()

    tamper(ANOTHER_NAME.format(vkey=another_key().vkey))

    assert [one.old for one in named] == [ledger_keys()[0].public]
    assert list_namings() == named
    assert [one.kind for one in reconcile(()).findings] == ["shown"]


def test_a_rotation_to_a_key_that_stands_in_no_file_keeps_the_tree_from_vouching_for_it(
    signing: System,
) -> None:
    (old,), foreign, before = ledger_keys(), another_key(), notes()
    rotate_ledger_key(operator(), old=old.vkey, new=foreign.vkey, overlap=MONTH, reason=REASON)

    trouble = number_and_sign()

    assert f"A rotation to {foreign.id} stands on record, and the file has no such key" in trouble
    assert notes() == before


def put_in_a_succession(event: str, old: str, new: str, **row: Any) -> None:
    """What the application can write without any verb: an entry that names a key, and a row if ``row`` says
    how it differs from one that a rotation makes.
    """
    succession = KeySuccession(
        old_vkey=old, new_vkey=new, began_at=timezone.now(), reason=REASON, began_by_username="ada"
    )
    after = {"old_vkey": old, "new_vkey": new, "began_by": "ada"}
    with acting_as(person()), transaction.atomic():
        append_entry(event, succession.stream(), after=after, reason=REASON)
        for name, value in row.items():
            setattr(succession, name, value)
        if row:
            succession.save(force_insert=True)


def two_replace(old: str, new: str) -> None:
    """Two administrators put a key in the place of one that is lost."""
    first, second = actor(administrator()), actor(second_administrator())
    proposal = propose_key_replacement(first, old=old, new=new, reason=REASON)
    replace_lost_ledger_key(second, old=old, new=new, reason=REASON, proposal=proposal.id)


LONG_AGO, FAR_OFF = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


def of_the_true_key(vkey: str) -> str:
    """Another text of the key that signs, which no row holds yet."""
    return VerifierKey("example.org/other/ledger", verifier_key(vkey).public).text()


FORGED_ROWS: dict[str, Callable[[str], dict[str, Any]]] = {
    "an entry alone": lambda true: {},
    "a row that began long ago": lambda true: {"began_at": LONG_AGO, "ended_at": LONG_AGO},
    "a row that begins in the far future": lambda true: {"began_at": FAR_OFF},
    "a row that names the true key": lambda true: {"new_vkey": of_the_true_key(true)},
}


@pytest.mark.parametrize("event", ["ledger_key.rotated", "ledger_key.replaced"])
@pytest.mark.parametrize("row", FORGED_ROWS.values(), ids=FORGED_ROWS)
def test_no_tree_is_signed_that_names_a_key_which_the_file_does_not_hold_and_two_administrators_cure_it(
    signing: System, row: Callable[[str], dict[str, Any]], event: str
) -> None:
    run("rotate_ledger_key", reason=REASON)
    go_on(signing)
    run("rotate_ledger_key", end=True, compromised=True, reason=REASON)
    assert go_on(signing) == ""
    (true,), foreign, before = ledger_keys(), another_key(), notes()
    put_in_a_succession(event, true.vkey, foreign.vkey, **row(true.vkey))

    trouble = number_and_sign()

    assert foreign.id in trouble
    assert notes() == before
    ours = another_key()
    replace_keys(ours.text())
    two_replace(foreign.vkey, ours.vkey)
    assert number_and_sign() == ""
    assert [has_signed(key, notes()[-1]) for key in (ours, true, foreign)] == [True, False, False]
    assert [fact.vkey for fact in list_keys() if fact.state == "signs"] == [ours.vkey]
    assert [one for one in faults(ours) if "signature" in one] == []


@pytest.mark.parametrize("event", ["ledger_key.rotated", "ledger_key.replaced"])
def test_while_two_keys_sign_the_old_one_signs_no_tree_that_names_another_successor(
    signing: System, event: str
) -> None:
    run("rotate_ledger_key", reason=REASON)
    assert go_on(signing) == ""
    (old, new), foreign, before = ledger_keys(), another_key(), notes()
    put_in_a_succession(event, old.vkey, foreign.vkey)

    trouble = number_and_sign()

    assert f"An entry puts {foreign.id} in the place of {old.id}, which signs" in trouble
    assert notes() == before
    ours = another_key()
    replace_keys(ours.text())
    two_replace(new.vkey, ours.vkey)
    assert number_and_sign() == ""
    assert faults(ours) == []


def test_the_first_key_signs_no_tree_that_names_a_successor_before_it_has_signed_at_all(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    (true,), foreign = ledger_keys(), another_key()
    put_in_a_succession("ledger_key.rotated", true.vkey, foreign.vkey)

    assert foreign.id in number_and_sign()
    assert notes() == []


def test_a_successor_of_a_key_that_never_signed_changes_nothing(signing: System) -> None:
    stranger, foreign = another_key(), another_key()
    put_in_a_succession("ledger_key.rotated", stranger.vkey, foreign.vkey)

    assert number_and_sign() == ""
    assert list_namings() == []
    assert faults(*ledger_keys()) == []


@pytest.mark.parametrize("statement", REWRITES)
def test_the_application_takes_back_or_rewrites_no_key_and_no_epoch_even_with_an_entry(
    signing: System, statement: str
) -> None:
    run("rotate_ledger_key", reason=REASON)
    put_in_an_epoch(outside(), "example.org/countersign/epoch-2/ledger")

    with refused_transaction("permission denied"):
        append(KeySuccession.objects.get().stream())
        append(Epoch.objects.get().stream())
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_application_ends_a_rotation_and_nothing_else_of_it(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    go_on(signing)

    run("rotate_ledger_key", end=True, compromised=True, reason=REASON)

    assert KeySuccession.objects.get().is_compromised


def test_a_row_that_was_damaged_decides_nothing_and_is_named(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    tamper(DAMAGED)

    assert go_on(signing) == ""
    assert [has_signed(key, notes()[-1]) for key in ledger_keys()] == [True, True]
    (found,) = reconcile((KEYS,)).findings
    assert "new_vkey" in str(found)


@pytest.mark.parametrize("made_at", ["made_at - interval '2 minutes'", "made_at + interval '1 day'"])
def test_a_tail_whose_signature_was_taken_out_is_found(signing: System, made_at: str) -> None:
    tamper(UNSIGNED.format(made_at=made_at))

    (found,) = [one for one in faults(*ledger_keys()) if "was made at" in one]

    assert "The last that was signed covers 2 entries; one of 3 entries was made at" in found


def test_bytes_that_an_entry_names_and_that_were_taken_out_are_named(system: System) -> None:
    gone = "sha256:" + "0" * 64
    with transaction.atomic():
        append("system:a", refs={"policy": gone, "evidence": gone})

    (found,) = reconcile(()).findings

    assert found.kind == "blob"
    assert (
        str(found) == f"Entry 1 of system:a names its policy, {gone}, and nothing is kept under that digest."
    )

"""What somebody who owns the database, or acts as the application, puts into it so that the ledger would sign
or take it, and what keeps it from that.
"""

import base64
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from governance.access.ledger_epochs import begin_epoch, propose_epoch
from governance.access.ledger_keys import rotate_ledger_key
from governance.actors import acting_as
from governance.ledger.checkpoints import TreeHead
from governance.ledger.custody_models import Epoch, KeySuccession
from governance.ledger.entries import append_entry
from governance.ledger.fsck.checking import check_record
from governance.ledger.heads import EpochUnknown, Head, HeadDisagrees, head_file, read_head
from governance.ledger.models import SignedCheckpoint, TreeState
from governance.ledger.notes import NoteFails, verifier_of
from governance.ledger.reconciling.checking import reconcile
from governance.ledger.sealing import check_head
from governance.ledger.signing import SigningKey, generate_key
from governance.ledger.trusting import Naming, Note, Trust, list_namings
from governance.registry.models import System
from tests.factories.cast import actor, administrator, operator, second_administrator
from tests.governance.ledger.acts import person
from tests.governance.ledger.keeping import (
    another_key,
    faults,
    go_on,
    ledger_keys,
    notes,
    number_and_sign,
    run,
)
from tests.governance.ledger.reading import append, let_sign, tamper
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


def put_in_an_epoch(given_up: Head, origin: str) -> None:
    """An epoch's row with a consistent entry, which the guard lets the application write."""
    old = {"number": 1, "origin": ORIGIN, "size": given_up.size}
    root = base64.b64encode(given_up.root).decode()
    after = {"number": 2, "origin": origin, "given_up": {**old, "root": root}}
    epoch = Epoch(
        number=2,
        origin=origin,
        old_origin=ORIGIN,
        old_number=1,
        old_size=given_up.size,
        old_root=given_up.root,
        found_size=given_up.size,
        began_at=timezone.now(),
        reason=REASON,
        began_by_username="ada",
    )
    with acting_as(person()), transaction.atomic():
        epoch.entry = append_entry("ledger_epoch.begun", epoch.stream(), after=after, reason=REASON)
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
    named = list(list_namings())

    tamper(ANOTHER_NAME.format(vkey=another_key().vkey))

    assert [one.old for one in named] == [ledger_keys()[0].public]
    assert list(list_namings()) == named
    assert [one.kind for one in reconcile(()).findings] == ["shown"]


def test_a_rotation_to_a_key_that_stands_in_no_file_keeps_the_tree_from_vouching_for_it(
    signing: System,
) -> None:
    (old,), foreign, before = ledger_keys(), another_key(), notes()
    rotate_ledger_key(operator(), old=old.vkey, new=foreign.vkey, overlap=MONTH, reason=REASON)

    trouble = number_and_sign()

    assert f"A rotation to {foreign.id} stands on record, and the file has no such key" in trouble
    assert notes() == before


def test_a_damaged_key_on_record_keeps_nothing_from_being_numbered(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    tamper(DAMAGED)

    trouble = go_on(signing)

    assert "What stands on record of the newest key is damaged" in trouble
    assert TreeState.objects.get().size == 5
    assert KeySuccession.objects.count() == 1


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

"""Entries about keys and epochs that the ledger is not to sign, or that are not to decide for good."""

from django.db import connection, transaction

from governance.actors import acting_as
from governance.ledger.custody import list_keys
from governance.ledger.custody_models import Epoch
from governance.ledger.heads import Head, head_file
from governance.ledger.namings import Naming, chained, list_namings
from governance.ledger.signing import generate_key
from governance.registry.models import System
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
from tests.governance.ledger.reading import refused_transaction, tamper
from tests.governance.ledger.test_forgeries import (
    begun,
    entry_of_epoch,
    forged_epoch,
    outside,
    put_in_a_succession,
    signing,
    two_replace,
)
from tests.governance.ledger.test_key_custody import REASON

__all__ = ["signing"]

NO_PLACE = """
INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT gen_random_uuid(), 'ledger_key:1', 1, convert_to(%s, 'UTF8'), now()
"""
NAMES = '{"after":{"new_vkey":"%s","old_vkey":"%s"},"stream":"ledger_key:1","type":"ledger_key.rotated"}'
UNSEEN = """
ALTER TABLE entry ALTER COLUMN document DROP EXPRESSION;
UPDATE entry SET document = jsonb_set(document, '{type}', '"system.renamed"')
    WHERE document ->> 'type' LIKE 'ledger_key.%' AND id IN (SELECT entry_id FROM pending);
"""


def test_an_entry_that_never_gets_a_place_decides_nothing(signing: System) -> None:
    (true,), foreign = ledger_keys(), another_key()
    with acting_as(person()), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NO_PLACE, [NAMES % (foreign.vkey, true.vkey)])

    assert go_on(signing) == ""
    assert has_signed(true, notes()[-1])


def test_the_old_key_of_a_rotation_does_not_come_back(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    assert go_on(signing) == ""
    (old, new), ours, before = ledger_keys(), another_key(), notes()
    put_in_a_succession("ledger_key.rotated", new.vkey, old.vkey)

    trouble = number_and_sign()

    assert f"An entry puts {old.id} in the place of {new.id}, which signs" in trouble
    assert notes() == before
    replace_keys(ours.text())
    two_replace(new.vkey, ours.vkey)
    assert number_and_sign() == ""
    assert faults(ours) == []


def test_an_entry_that_the_database_shows_otherwise_is_not_signed(signing: System) -> None:
    (true,), foreign, before = ledger_keys(), another_key(), notes()
    put_in_a_succession("ledger_key.rotated", true.vkey, foreign.vkey)
    tamper(UNSEEN)

    trouble = number_and_sign()

    assert foreign.id in trouble
    assert notes() == before


def test_two_epochs_at_once_do_not_vouch_for_each_others_number(signing: System) -> None:
    pair = [
        forged_epoch(outside(), f"example.org/countersign/epoch-{number}/ledger", number=number)
        for number in (32766, 32767)
    ]
    with refused_transaction("ledger guard"), acting_as(person()):
        pair[0].entry = entry_of_epoch(pair[0])
        pair[0].save(force_insert=True)
        pair[1].entry = entry_of_epoch(pair[1])
        pair[1].save(force_insert=True)

    assert not Epoch.objects.exists()


def test_a_retired_key_that_an_entry_brings_back_counts_for_nothing_later(signing: System) -> None:
    first, second = (generate_key("example.org/log") for _ in range(2))
    there, back = Naming(2, first.public, second.public), Naming(4, second.public, first.public)

    assert list(chained([there, back])) == [there]


def test_that_a_key_takes_its_own_place_says_nothing(signing: System) -> None:
    (true,) = ledger_keys()
    put_in_a_succession("ledger_key.replaced", true.vkey, true.vkey)

    assert number_and_sign() == ""
    assert list_namings() == []
    assert [fact.state for fact in list_keys() if fact.purpose == "ledger"] == ["signs"]


def test_an_epoch_gives_up_the_first_log_again_where_no_checkpoint_of_it_is_left(signing: System) -> None:
    head = head_file().read_bytes()
    tamper("DELETE FROM signed_checkpoint; DELETE FROM checkpoint WHERE size < 3")
    with head_file().open("ab") as file:
        file.write(Head(99, bytes(32)).line())
    begun()
    assert number_and_sign() == ""
    head_file().write_bytes(head)

    assert begun().number == 3
    assert number_and_sign() == ""

"""The static export: files of tlog-tiles that grow with the tree, the same however they came about."""

from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection
from pytest_django import Settings

from governance.ledger.checkpoints import TreeHead, open_checkpoint
from governance.ledger.merkle.growing import root_from
from governance.ledger.merkle.hashing import EMPTY_ROOT, leaf_hash
from governance.ledger.models import Leaf
from governance.ledger.notes import verifier_of
from governance.ledger.signing import generate_key
from tests.governance.ledger.keeping import ledger_keys, notes, number_and_sign, run
from tests.governance.ledger.reading import let_sign, tamper

MANY = """
WITH written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT gen_random_uuid(), 'many:1', n, convert_to('{"n":' || n || '}', 'UTF8'), now()
    FROM generate_series(%s::int, %s::int) AS n RETURNING id, stream_seq
)
INSERT INTO pending (entry_id) SELECT id FROM written ORDER BY stream_seq
"""


@pytest.fixture
def signed(committed_db: str, tmp_path: Path, settings: Settings) -> Path:
    """A tree of 300 entries that is signed, and where to export it."""
    let_sign(settings, tmp_path)
    grow(1, 300)
    return tmp_path / "export"


def grow(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, [first, last])
    assert number_and_sign() == ""


def files(directory: Path) -> dict[str, bytes]:
    """What a directory holds, by its path."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def split(bundle: bytes) -> list[bytes]:
    """The bodies of an entry bundle, as tlog-tiles has them: each behind its length as two bytes."""
    bodies = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        bodies.append(bundle[2:end])
        bundle = bundle[end:]
    return bodies


def test_an_export_is_a_log_that_is_checked_with_its_files_and_the_verifier_key_alone(signed: Path) -> None:
    said = run("export_ledger", str(signed), entries=True)

    found = files(signed)
    (key,) = ledger_keys()
    head = open_checkpoint(found["checkpoint"].decode(), key.name, [verifier_of(key)])
    tiles = {(0, 1): found["tile/0/001.p/44"], (1, 0): found["tile/1/000.p/1"]}
    bodies = [*split(found["tile/entries/000"]), *split(found["tile/entries/001.p/44"])]
    assert root_from(300, tiles) == head.root
    assert b"".join(map(leaf_hash, bodies)) == found["tile/0/000"] + found["tile/0/001.p/44"]
    assert (head.size, len(found)) == (300, 6)
    assert said.startswith("300 entries, 5 files written")


def test_an_export_that_goes_on_is_the_same_as_a_new_one(signed: Path) -> None:
    run("export_ledger", str(signed), entries=True)
    grow(301, 301)
    run("export_ledger", str(signed))
    again = run("export_ledger", str(signed))
    grow(302, 520)

    run("export_ledger", str(signed))
    run("export_ledger", str(signed.with_name("new")), entries=True)

    assert "301 entries, 0 files written" in again
    assert files(signed) == files(signed.with_name("new"))
    assert "tile/0/001.p/44" not in files(signed)
    assert "tile/entries/002.p/8" in files(signed)


def test_bodies_are_written_only_where_they_are_asked_for_and_all_of_them_then(signed: Path) -> None:
    run("export_ledger", str(signed))
    without = set(files(signed))
    grow(301, 302)

    run("export_ledger", str(signed), entries=True)

    assert without == {"checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"}
    bodies = [*split(files(signed)["tile/entries/000"]), *split(files(signed)["tile/entries/001.p/46"])]
    assert [leaf_hash(body) for body in bodies] == [bytes(one.hash) for one in Leaf.objects.order_by("index")]


def test_what_an_export_that_was_cut_off_has_left_goes_with_the_next(signed: Path) -> None:
    run("export_ledger", str(signed))
    kept = files(signed)
    (signed / "tile/0/001.p/45").write_bytes(b"from an export that wrote no checkpoint")
    grow(301, 303)

    run("export_ledger", str(signed))

    assert set(files(signed)) - set(kept) == {"tile/0/001.p/47"}
    assert set(kept) - set(files(signed)) == {"tile/0/001.p/44"}


def test_a_directory_of_another_log_or_another_past_is_left_alone(signed: Path) -> None:
    other = generate_key("example.com/other")
    signed.mkdir()
    (signed / "letters.txt").write_text("not ours")
    with pytest.raises(CommandError, match="holds something else"):
        run("export_ledger", str(signed))
    (signed / "checkpoint").write_text(TreeHead(other.name, 3, EMPTY_ROOT).signed([other]))
    with pytest.raises(CommandError, match=r"of the log example\.com/other"):
        run("export_ledger", str(signed))
    (signed / "checkpoint").write_text(TreeHead(ledger_keys()[0].name, 3, EMPTY_ROOT).signed([other]))
    with pytest.raises(CommandError, match="another past"):
        run("export_ledger", str(signed))
    (signed / "checkpoint").write_text("no note")
    with pytest.raises(CommandError, match="is no checkpoint"):
        run("export_ledger", str(signed))

    assert set(files(signed)) == {"letters.txt", "checkpoint"}


def test_a_damaged_tree_is_not_exported_and_an_unsigned_one_neither(signed: Path) -> None:
    tamper("DELETE FROM tile WHERE level = 1")
    with pytest.raises(CommandError, match=r"Tile 1/000\.p/1 of the tree of 300 leaves is missing"):
        run("export_ledger", str(signed))
    assert "checkpoint" not in files(signed)
    assert len(notes()) == 1

    tamper("DELETE FROM signed_checkpoint")
    with pytest.raises(CommandError, match="No checkpoint has been signed"):
        run("export_ledger", str(signed))

"""Checkpoints are signed over what is stored, written down outside first, and never over a second history."""

import base64
import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError
from pytest_django import Settings

from governance.checks.readiness import seal_part
from governance.ledger.checkpoints import open_checkpoint
from governance.ledger.heads import Head, HeadDisagrees, HeadLocked, HeadMissing, advance, read_head
from governance.ledger.integrator import integrate_all
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.models import Checkpoint, Tile, TreeState
from governance.ledger.notes import verifier_of
from governance.ledger.sealing import RecordDamaged, check_head, newest_checkpoint, seal, seal_newest
from governance.ledger.signing import (
    LEDGER,
    SigningKey,
    generate_key,
    read_key_file,
)
from governance.ledger.stored_tree import add_leaves, root_at
from governance.management.commands import run_integrator
from governance.management.commands.run_integrator import STOPPED_SECONDS
from governance.project.embedded.directories import write_private
from governance.project.embedded.keys import make_signing_keys
from governance.registry.models import System
from tests.governance.ledger.acts import person, rename
from tests.governance.ledger.reading import (
    as_integrator,
    eventually,
    integrator,
    let_sign,
    number_the_rest,
    signed,
    tamper,
    tree_faults,
)

ORIGIN = "example.org/countersign"
UNHINDERED = """
ALTER TABLE tile DISABLE TRIGGER ledger_tile_grows;
UPDATE tile SET hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0));
ALTER TABLE tile ENABLE ALWAYS TRIGGER ledger_tile_grows;
"""


@pytest.fixture
def key() -> SigningKey:
    return generate_key(f"{ORIGIN}/{LEDGER}")


@pytest.fixture
def head(tmp_path: Path) -> Path:
    return tmp_path / "ledger-head"


@pytest.fixture
def sealed(system: System, key: SigningKey, head: Path) -> System:
    """A system whose first entries are numbered and signed."""
    rename(person(), system=system, name="Renamed")
    number_and_seal(key, head)
    return system


def number_and_seal(key: SigningKey, head: Path) -> None:
    with as_integrator():
        integrate_all()
        seal(key, head)


def go_on(system: System) -> None:
    """One entry more, numbered."""
    rename(person(), system=system, name="Renamed again")
    with as_integrator():
        integrate_all()


def test_the_newest_checkpoint_is_signed_and_its_head_stands_outside(
    sealed: System, key: SigningKey, head: Path
) -> None:
    newest = Checkpoint.objects.order_by("-size")[0]

    (note,) = [one.note for one in signed()]

    opened = open_checkpoint(note, key.name, [verifier_of(key)])
    assert (opened.size, opened.root) == (newest.size, bytes(newest.root))
    assert read_head(head) == Head(opened.size, opened.root)
    assert tree_faults() == []


def test_who_signs_again_after_a_crash_writes_the_same_letters_and_no_second_head(
    sealed: System, key: SigningKey, head: Path
) -> None:
    before, outside = [one.note for one in signed()], head.read_bytes()
    tamper("DELETE FROM signed_checkpoint")

    number_and_seal(key, head)

    assert ([one.note for one in signed()], head.read_bytes()) == (before, outside)


def test_what_is_signed_already_is_not_signed_again(sealed: System, key: SigningKey, head: Path) -> None:
    with as_integrator():
        assert seal(key, head) is None


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        pytest.param("UPDATE entry SET body = '{}' WHERE stream_seq = 3", "Entry 2 was changed", id="a body"),
        pytest.param("DELETE FROM leaf WHERE index = 2", "Leaf 2 is missing", id="a leaf is gone"),
        pytest.param(UNHINDERED, "no longer give the root", id="a tile"),
        pytest.param(
            "UPDATE leaf SET index = 100 + index WHERE index = 2", "Leaf 2 is missing", id="a leaf has moved"
        ),
        pytest.param(
            "UPDATE checkpoint SET root = sha256('') WHERE size = 3", "do not give the root", id="a root"
        ),
    ],
)
def test_a_damaged_record_is_not_signed(
    sealed: System, key: SigningKey, head: Path, statement: str, sentence: str
) -> None:
    go_on(sealed)
    tamper(statement)

    with as_integrator(), pytest.raises(RecordDamaged, match=sentence):
        seal(key, head)

    assert len(signed()) == 1


def test_signing_stops_is_named_and_goes_on_once_the_record_is_whole_again(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    go_on(system)
    tamper("UPDATE entry SET body = body || ' ' WHERE stream_seq = 1")

    with as_integrator():
        trouble = seal_newest()
    go_on(system)
    part = seal_part()
    tamper("UPDATE entry SET body = substring(body FROM 1 FOR length(body) - 1) WHERE stream_seq = 1")
    with as_integrator():
        mended = seal_newest()

    assert "Entry 0 was changed after it was numbered" in trouble
    assert TreeState.objects.get().size == 3
    assert (part["ok"], part["reason"]) == (False, f"no checkpoint is signed: {trouble}")
    assert (mended, seal_part()["ok"], len(signed())) == ("", True, 1)


def test_entries_are_numbered_beside_damaged_tiles_and_find_theirs_once_these_are_mended(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    go_on(system)
    tamper("CREATE TABLE kept AS SELECT * FROM tile; DELETE FROM tile")

    go_on(system)
    go_on(system)
    damaged, trouble = TreeState.objects.get(), seal_newest_as_integrator()
    tamper("INSERT INTO tile SELECT * FROM kept; DROP TABLE kept")
    with as_integrator():
        integrate_all()
    mended = seal_newest_as_integrator()

    assert (damaged.size, damaged.tiled) == (4, 2)
    assert "The tiles of the tree of 2 leaves" in trouble == damaged.trouble
    assert (mended, TreeState.objects.get().tiled, [one.checkpoint_id for one in signed()]) == ("", 4, [4])
    assert tree_faults() == []


def seal_newest_as_integrator() -> str:
    with as_integrator():
        return seal_newest()


def test_an_older_copy_of_the_database_does_not_start_and_both_sizes_are_named(
    sealed: System, database_urls: dict[str, str], head: Path, key: SigningKey
) -> None:
    advance(head, Head(5, EMPTY_ROOT), None, root_at)

    with pytest.raises(Exception, match="run_integrator") as stopped:
        number_the_rest({**database_urls, "COUNTERSIGN_LEDGER_HEAD": str(head)})

    said = stopped.value.stderr.decode()  # type: ignore[attr-defined]  # a CalledProcessError
    assert "a tree of 5 entries was signed; the database holds 2. 3 entries are missing" in said


def test_another_history_of_equal_or_larger_size_is_refused(
    sealed: System, head: Path, key: SigningKey
) -> None:
    head.write_bytes(Head(2, EMPTY_ROOT).line())

    with pytest.raises(HeadDisagrees, match="different roots at 2 entries"):
        check_head(head)
    go_on(sealed)
    with as_integrator(), pytest.raises(HeadDisagrees, match="different roots at 2 entries"):
        seal(key, head)


def test_a_line_that_a_crash_has_cut_off_counts_for_nothing(
    sealed: System, head: Path, key: SigningKey
) -> None:
    whole = read_head(head)
    with head.open("ab") as file:
        file.write(b"3 abc")

    cut = read_head(head)
    go_on(sealed)
    number_and_seal(key, head)

    assert cut == whole
    assert [line.split(b" ")[0] for line in head.read_bytes().splitlines()] == [b"2", b"3", b"3"]
    assert read_head(head) == Head(3, root_at(3))


@pytest.mark.parametrize("line", [b"three abc\n", b"3\n", b"3 " + base64.b64encode(b"short") + b"\n"])
def test_a_file_that_is_no_head_is_refused(head: Path, line: bytes) -> None:
    head.write_bytes(line)

    with pytest.raises(HeadDisagrees, match="size and root are wanted"):
        read_head(head)


def test_leaves_from_before_there_were_tiles_get_theirs(sealed: System, key: SigningKey, head: Path) -> None:
    go_on(sealed)
    before = {one.size: bytes(one.root) for one in Checkpoint.objects.all()}
    tamper("DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile")
    tamper("UPDATE tree_state SET tiled = 0")

    number_and_seal(key, head)

    assert {one.size: bytes(one.root) for one in Checkpoint.objects.all()} == {3: before[3]}
    assert tree_faults() == []
    assert [one.checkpoint_id for one in signed()] == [3]


def test_who_seals_second_and_smaller_finds_the_larger_one_signed_and_nothing_wrong(
    sealed: System, key: SigningKey, head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(sealed)
    slower = newest_checkpoint()
    go_on(sealed)
    number_and_seal(key, head)
    tamper("DELETE FROM signed_checkpoint WHERE size = 4")
    monkeypatch.setattr("governance.ledger.sealing.newest_checkpoint", lambda: slower)

    with as_integrator():
        assert seal(key, head) is None

    assert read_head(head) == Head(4, root_at(4))


def test_a_head_that_is_gone_although_something_was_signed_is_missed(
    sealed: System, key: SigningKey, head: Path
) -> None:
    line = head.read_text()
    head.unlink()
    go_on(sealed)

    with as_integrator(), pytest.raises(HeadMissing, match="a tree of 2 entries was signed") as missing:
        seal(key, head)
    head.write_text(str(missing.value).rpartition(": ")[2])
    number_and_seal(key, head)

    assert head.read_text().startswith(line)
    assert [one.checkpoint_id for one in signed()] == [2, 3]


def test_a_head_that_somebody_holds_keeps_nobody_waiting_for_good(
    sealed: System, key: SigningKey, head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.ledger.heads.LOCK_WAIT_SECONDS", 0)
    go_on(sealed)

    with head.open("a") as held, as_integrator():
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HeadLocked, match="held by another process"):
            seal(key, head)


def test_a_checkpoint_that_waits_for_its_signature_is_named_and_signed_without_a_new_entry(
    sealed: System, database_urls: dict[str, str], key: SigningKey, head: Path, tmp_path: Path
) -> None:
    go_on(sealed)
    tamper("UPDATE checkpoint SET made_at = now() - interval '1 minute' WHERE size = 3")
    write_private(tmp_path / "keys", key.text() + "\n")
    files = {"COUNTERSIGN_SIGNING_KEY_FILE": str(tmp_path / "keys"), "COUNTERSIGN_LEDGER_HEAD": str(head)}

    waiting = seal_part()
    with integrator({**database_urls, **files}):
        is_signed = eventually(lambda: [one.checkpoint_id for one in signed()] == [2, 3])

    assert "has waited 6" in str(waiting["reason"])
    assert is_signed
    assert seal_part()["ok"]


def test_a_key_file_that_others_can_read_signs_nothing_and_is_named(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    settings.SIGNING_KEY_FILE.chmod(0o644)
    go_on(system)

    trouble = seal_newest_as_integrator()

    assert "is open to others (mode 0644)" in trouble
    assert (signed(), trouble in str(seal_part()["reason"])) == ([], True)


def test_an_integrator_numbers_on_where_the_head_cannot_be_written(
    sealed: System, database_urls: dict[str, str], key: SigningKey, tmp_path: Path
) -> None:
    write_private(tmp_path / "keys", key.text() + "\n")
    (tmp_path / "a-file").write_text("")
    files = {
        "COUNTERSIGN_SIGNING_KEY_FILE": str(tmp_path / "keys"),
        "COUNTERSIGN_LEDGER_HEAD": str(tmp_path / "a-file" / "head"),
    }

    with integrator({**database_urls, **files}) as process:
        rename(person(), system=sealed, name="Renamed again")
        is_numbered = eventually(lambda: TreeState.objects.get().size == 3)
        is_named = eventually(lambda: "a-file" in TreeState.objects.get().trouble)

    assert (is_numbered, is_named, process.returncode) == (True, True, 0)


def failing_with(error: Exception) -> Callable[[], int]:
    """What fails as a batch may that nobody foresaw."""

    def integrate() -> int:
        raise error

    return integrate


@pytest.mark.parametrize("error", [RuntimeError("no room"), ValueError()])
def test_a_batch_that_fails_is_named_and_tried_again(
    system: System, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    rename(person(), system=system, name="Renamed")
    command = run_integrator.Command()

    with as_integrator(), monkeypatch.context() as failing:
        failing.setattr(run_integrator, "integrate", failing_with(error))
        rests = command._pass()
    trouble = TreeState.objects.get().trouble
    with as_integrator():
        command._pass()

    assert (rests, trouble) == (STOPPED_SECONDS, f"a batch failed: {type(error).__name__} {error}".strip())
    assert (TreeState.objects.get().size, TreeState.objects.get().trouble) == (2, "")


def test_a_tile_only_gets_longer_whoever_asks(sealed: System) -> None:
    with as_integrator(), pytest.raises(DatabaseError, match="only gets longer"):
        Tile.objects.filter(level=0, index=0).update(hashes=EMPTY_ROOT)
    with pytest.raises(DatabaseError, match="permission denied"):
        Tile.objects.filter(level=0, index=0).update(hashes=EMPTY_ROOT)
    with as_integrator():
        assert root_at(2) == bytes(Checkpoint.objects.get(size=2).root)
        add_leaves(2, [EMPTY_ROOT])


def test_a_key_file_of_an_earlier_version_gets_the_key_that_it_lacks(tmp_path: Path) -> None:
    before = generate_key(f"{ORIGIN}/statements").text()
    write_private(tmp_path / "signing-keys", before + "\n")

    make_signing_keys(tmp_path, tmp_path / "ledger-head")
    make_signing_keys(tmp_path, tmp_path / "ledger-head")

    statements, ledger = read_key_file(tmp_path / "signing-keys")
    assert (statements.text(), ledger.name) == (before, f"{ORIGIN}/ledger")

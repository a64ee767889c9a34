"""What the check of the record finds, and by what means (L7): each damage, named by its first index."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from governance.ledger.fsck import checking
from governance.ledger.fsck.checking import check_record
from governance.ledger.fsck.findings import Report
from governance.ledger.heads import Head, head_file
from governance.ledger.integrator import integrate, integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.models import Checkpoint, SignedCheckpoint
from governance.ledger.notes import verifier_of
from governance.ledger.sealing import seal, seal_newest
from governance.ledger.signing import LEDGER, generate_key
from tests.database import servers
from tests.governance.ledger.reading import as_integrator, let_sign, tamper
from tests.governance.test_metrics import without_database
from tests.servers import ROOT

ENTRIES = 600
"""Two whole tiles, a begun one, and a second level."""

WRITTEN = """
WITH numbered AS (
    SELECT gen_random_uuid() AS id, 'test:' || number %% 3 AS stream, number / 3 + 1 AS seq,
        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
    FROM generate_series(%s, %s) AS number
), written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT id, stream, seq, convert_to(json_build_object(
        'id', id, 'type', 'test.written', 'seq', seq, 'stream', stream, 'at', at)::text, 'UTF8'), now()
    FROM numbered
    RETURNING id, stream, stream_seq
)
INSERT INTO pending (entry_id) SELECT id FROM written ORDER BY stream_seq, stream
"""
FREE_TILES = "ALTER TABLE tile DISABLE TRIGGER ledger_tile_grows;"


@pytest.fixture
def record(committed_db: str, tmp_path: Path, settings: Settings) -> None:
    """Six hundred entries in three streams, numbered in batches and signed."""
    let_sign(settings, tmp_path)
    written(0, ENTRIES - 1)
    with as_integrator():
        integrate(200)
        seal_newest()
        integrate(300)
        integrate_all()
        seal_newest()


def written(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [first, last])


def checked() -> Report:
    key = signing_key(LEDGER)
    assert key is not None
    return check_record([verifier_of(key)], head_file())


def test_a_record_that_nobody_has_touched_is_whole(record: None) -> None:
    report = checked()

    assert (report.leaves, report.checkpoints, report.signatures) == (ENTRIES, 3, 2)
    assert report.findings == ()
    assert report.unchecked == ()


SWAPPED = """
UPDATE entry AS one SET body = other.body FROM entry AS other
WHERE (one.stream, one.stream_seq, other.stream, other.stream_seq) IN
    (('test:0', 5, 'test:0', 6), ('test:0', 6, 'test:0', 5));
UPDATE leaf SET hash = sha256('\\x00'::bytea || entry.body) FROM entry WHERE entry.id = leaf.entry_id
"""
LAST_TEN = """
ALTER TABLE tile DISABLE TRIGGER ledger_tile_grows;
UPDATE tile SET hashes = substring(hashes FROM 1 FOR 78 * 32) WHERE level = 0 AND index = 2;
DELETE FROM signed_checkpoint WHERE size > 590; DELETE FROM checkpoint WHERE size > 590;
DELETE FROM leaf WHERE index >= 590;
DELETE FROM entry WHERE NOT EXISTS (SELECT FROM leaf WHERE leaf.entry_id = entry.id);
UPDATE tree_state SET size = 590, tiled = 590
"""


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        pytest.param(
            "UPDATE entry SET body = body || ' ' WHERE stream = 'test:0' AND stream_seq = 101",
            [("body", 300), ("checkpoint", 499), ("tile", 300)],
            id="a body",
        ),
        pytest.param(
            "UPDATE leaf SET hash = sha256('x') WHERE index = 300", [("body", 300)], id="a leaf's hash"
        ),
        pytest.param(
            SWAPPED,
            [("place", 12), ("stream", 12), ("checkpoint", 199), ("tile", 12)],
            id="two entries swapped with their leaves",
        ),
        pytest.param(
            "DELETE FROM leaf WHERE index = 599", [("leaf", 599), ("lost", None)], id="the last leaf"
        ),
        pytest.param(LAST_TEN, [("head", None)], id="the last ten entries"),
        pytest.param(
            FREE_TILES
            + "UPDATE tile SET hashes = set_byte(hashes, 100 * 32, 255 - get_byte(hashes, 100 * 32)) "
            "WHERE level = 0 AND index = 1",
            [("tile", 356)],
            id="a tile",
        ),
        pytest.param(
            FREE_TILES + "UPDATE tile SET hashes = set_byte(hashes, 32, 255 - get_byte(hashes, 32)) "
            "WHERE level = 1",
            [("tile", 256)],
            id="a tile of the second level",
        ),
        pytest.param("DELETE FROM tile WHERE level = 0 AND index = 1", [("tile", 256)], id="a tile is gone"),
        pytest.param(
            "UPDATE checkpoint SET root = sha256('x') WHERE size = 500", [("checkpoint", 499)], id="a root"
        ),
        pytest.param(
            "UPDATE signed_checkpoint SET note = replace(note, '600', '601') WHERE size = 600",
            [("signature", 599)],
            id="a signed size",
        ),
        pytest.param(
            "UPDATE signed_checkpoint SET note = (SELECT note FROM signed_checkpoint WHERE size = 200) "
            "WHERE size = 600",
            [("signature", 599)],
            id="a signature of another checkpoint",
        ),
        pytest.param("DELETE FROM pending; DELETE FROM leaf WHERE index > 599", [], id="nothing"),
        pytest.param(
            "UPDATE entry SET stream = 'test:9' WHERE stream = 'test:1' AND stream_seq = 100",
            [("place", 298)],
            id="a stream",
        ),
    ],
)
def test_damage_is_named_by_its_first_index(
    record: None, damage: str, found: list[tuple[str, int | None]]
) -> None:
    tamper(damage)

    assert [(one.kind, one.index) for one in checked().findings] == found


def test_an_entry_that_waits_for_its_place_is_no_finding_and_one_that_does_not_is(record: None) -> None:
    written(600, 601)

    waiting = checked()
    tamper("DELETE FROM pending")
    lost = checked()

    assert waiting.is_whole
    assert [str(one) for one in lost.findings] == [
        "Entry 201 of test:0 is neither in the tree nor waits for its place in it."
    ]


REWRITTEN = """
UPDATE entry SET body = convert_to(json_build_object('seq', 201, 'stream', 'test:0', 'by', 'x')::text, 'UTF8')
WHERE stream = 'test:0' AND stream_seq = 1;
DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile; UPDATE tree_state SET tiled = 0;
UPDATE entry SET body = convert_to(replace(convert_from(body, 'UTF8'), '201', '1'), 'UTF8')
WHERE stream = 'test:0' AND stream_seq = 1;
UPDATE leaf SET hash = sha256('\\x00'::bytea || entry.body) FROM entry WHERE entry.id = leaf.entry_id
"""


def test_who_rewrites_everything_and_signs_again_with_the_key_is_found_by_the_head_alone(
    record: None, tmp_path: Path
) -> None:
    key = signing_key(LEDGER)
    assert key is not None
    tamper(REWRITTEN)
    with as_integrator():
        integrate_all()
        seal(key, tmp_path / "another-head")

    with_the_head = checked()
    without = check_record([verifier_of(key)], tmp_path / "another-head")

    assert SignedCheckpoint.objects.count() == Checkpoint.objects.count() == 1
    assert without.findings == ()
    assert [(one.kind, "different roots at 600 entries" in str(one)) for one in with_the_head.findings] == [
        ("head", True)
    ]


def test_the_command_says_what_it_found_and_ends_with_an_error(
    record: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_ledger")
    whole = capsys.readouterr().out
    tamper("UPDATE leaf SET hash = sha256('x') WHERE index = 300")

    with pytest.raises(CommandError, match="not as it was written"):
        call_command("verify_ledger")

    assert "600 entries, 3 checkpoints, 2 signed, 0 rows\nsigned: 600 of 600 entries, at " in whole
    assert "whole: every entry is in the tree" in whole
    told = capsys.readouterr().out
    assert "FOUND      Entry 300 was changed after it was numbered" in told
    assert "What it says now is not evidence." in told


def test_signatures_are_checked_with_the_key_that_was_handed_out(
    record: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "vkey"
    other.write_text(
        f"# of the ledger\n{verifier_of(generate_key('example.org/countersign/ledger')).text()}\n"
    )

    with pytest.raises(CommandError):
        call_command("verify_ledger", vkey=other)

    assert "No known key has signed this" in capsys.readouterr().out


def test_a_file_without_a_verifier_key_is_refused_by_name(record: None, tmp_path: Path) -> None:
    (tmp_path / "vkey").write_text("no key\n")

    with pytest.raises(CommandError, match=r"vkey: A verifier key looks like") as refusal:
        call_command("verify_ledger", vkey=tmp_path / "vkey")

    assert refusal.value.returncode == 2
    (tmp_path / "vkey").write_text("# none\n\n")
    with pytest.raises(CommandError, match="names no verifier key") as empty:
        call_command("verify_ledger", vkey=tmp_path / "vkey")
    assert empty.value.returncode == 2


def test_what_cannot_be_checked_has_another_exit_status_than_what_was_found(record: None) -> None:
    with without_database(), pytest.raises(CommandError, match="cannot be checked") as refusal:
        call_command("verify_ledger")

    assert refusal.value.returncode == 2


def test_without_any_key_the_report_says_that_signatures_were_not_looked_at(record: None) -> None:
    report = check_record([], head_file())

    assert report.is_whole
    assert report.unchecked == ("signatures: no verifier key of the ledger is known here",)


def test_what_is_signed_while_the_check_lasts_is_no_finding(record: None, settings: Settings) -> None:
    def meanwhile(*_told: object) -> None:
        """Another process numbers and signs; it has a connection of its own, and so is its snapshot."""
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "run_integrator", "--once"],
            cwd=ROOT,
            env={
                **os.environ,
                **servers().environment(str(connection.settings_dict["NAME"])),
                "COUNTERSIGN_SIGNING_KEY_FILE": str(settings.SIGNING_KEY_FILE),
                "COUNTERSIGN_LEDGER_HEAD": str(settings.LEDGER_HEAD_FILE),
            },
            check=True,
            capture_output=True,
        )

    written(600, 601)
    key = signing_key(LEDGER)
    assert key is not None

    report = check_record([verifier_of(key)], head_file(), progress=meanwhile)

    assert (report.findings, report.leaves) == ((), 600)
    assert SignedCheckpoint.objects.count() == 3
    assert checked().leaves == 602


def test_whoever_watches_is_told_how_far_tree_and_signatures_are(
    record: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SIGNATURES_AT_ONCE", 1)
    told: list[tuple[str, int, int]] = []
    key = signing_key(LEDGER)
    assert key is not None

    check_record([verifier_of(key)], head_file(), progress=lambda *far: told.append(far))

    assert told == [("entries and their tree", 600, 600), ("signatures", 1, 2), ("signatures", 2, 2)]


def test_the_heads_file_alone_tells_of_a_larger_tree(record: None) -> None:
    with head_file().open("ab") as file:
        file.write(Head(700, bytes(32)).line())

    assert [one.kind for one in checked().findings] == ["head"]

"""The commands of the witness: a key, a log, another key of it, what was seen, and a checkpoint's check."""

import stat
from pathlib import Path

import pytest

from governance.ledger.notes import verifier_key, verifier_of
from governance.ledger.signing import COSIGNATURE, KeyFileUnfit, generate_key, read_key_file, read_witness_key
from governance.witness.answering import Witness
from tests.governance.ledger.merkle.trees import leaves_of
from tests.governance.witness.watching import NAME, NOWHERE, SmallLog, awake, begun, made, run

Captured = pytest.CaptureFixture[str]
# transparency-dev/formats, note/note_cosigv1_test.go: a verifier key of a witness.
PUBLISHED_VKEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"


def test_a_key_is_made_for_its_owner_alone_and_its_public_half_printed(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "key"

    status = run("make-key", path, "--name", NAME)

    key = read_witness_key(path)
    assert status == 0
    assert capsys.readouterr().out == f"{key.vkey}\n"
    assert verifier_key(key.vkey, COSIGNATURE) == verifier_of(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.name == NAME


def test_a_key_that_exists_is_not_replaced(tmp_path: Path, capsys: Captured) -> None:
    before = made(tmp_path).read_text()

    status = run("make-key", tmp_path / "witness-key", "--name", NAME)

    assert status == 2
    assert "exists" in capsys.readouterr().err
    assert (tmp_path / "witness-key").read_text() == before


def test_a_key_with_a_name_that_no_note_can_hold_is_not_made(tmp_path: Path, capsys: Captured) -> None:
    assert run("make-key", tmp_path / "key", "--name", "a witness") == 2
    assert "without spaces" in capsys.readouterr().err
    assert not (tmp_path / "key").exists()


def test_a_published_key_of_a_witness_is_read_and_is_none_of_a_log() -> None:
    assert verifier_key(PUBLISHED_VKEY, COSIGNATURE).text() == PUBLISHED_VKEY
    with pytest.raises(ValueError, match="of type Ed25519"):
        verifier_key(PUBLISHED_VKEY)


def test_a_witness_signs_with_no_key_of_a_log_nor_the_other_way_round(tmp_path: Path) -> None:
    log_key, witness_key = tmp_path / "log", made(tmp_path)
    log_key.write_text(generate_key("example.org/ledger").text())
    log_key.chmod(0o600)

    with pytest.raises(KeyFileUnfit, match="only keys of witnesses"):
        read_witness_key(log_key)
    with pytest.raises(KeyFileUnfit, match="only Ed25519 keys"):
        read_key_file(witness_key)


def test_a_key_file_that_others_can_read_or_with_two_keys_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.write_text(path.read_text() + generate_key("b", COSIGNATURE).text())
    with pytest.raises(KeyFileUnfit, match="2 keys"):
        read_witness_key(path)

    path.chmod(0o640)
    with pytest.raises(KeyFileUnfit, match="open to others"):
        read_witness_key(path)


def test_the_witnesss_own_key_is_none_of_a_log(tmp_path: Path, capsys: Captured) -> None:
    path = made(tmp_path)
    same = SmallLog(read_witness_key(path))
    log_vkey = type(same.key)("example.org/log", same.key.private).vkey

    status = run("begin", tmp_path / "state", "--key", path, "--log", log_vkey)

    assert status == 2
    assert "is the witness's own key" in capsys.readouterr().err


def test_another_key_of_a_log_is_trusted_once_the_log_is_watched(
    log: SmallLog, key_file: Path, capsys: Captured
) -> None:
    successor, stranger = generate_key(log.key.name), generate_key("example.org/other")
    directory = key_file.parent / "state"

    trusted = [
        run("trust", directory, "--key", key_file, "--log", one.vkey)
        for one in (successor, successor, stranger)
    ]

    assert trusted == [0, 0, 2]
    assert "is missing" in capsys.readouterr().err
    assert awake(key_file).logs == {log.key.name: (verifier_of(log.key), verifier_of(successor))}


def test_a_head_of_another_log_is_nothing_to_begin_with(
    tmp_path: Path, log: SmallLog, capsys: Captured
) -> None:
    key = made(tmp_path)
    (tmp_path / "head").write_text(SmallLog(generate_key("example.org/other")).checkpoint(7))
    head = ("--head", tmp_path / "head")

    status = run("begin", tmp_path / "state", "--key", key, "--log", log.key.vkey, *head)

    assert status == 2
    assert "is of the log example.org/other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nonsense", "line 2: A verifier key looks like"),
        ("{vkey}", "line 2: the key stands there twice"),
        (PUBLISHED_VKEY, "line 2: A verifier key looks like"),
    ],
)
def test_a_list_of_logs_with_a_wrong_line_is_refused(
    log: SmallLog, key_file: Path, capsys: Captured, line: str, sentence: str
) -> None:
    with (key_file.parent / "state" / "logs").open("a") as file:
        file.write(line.format(vkey=log.key.vkey))

    status = run("serve", key_file.parent / "state", "--key", key_file, "--bind", NOWHERE)

    assert status == 2
    assert sentence in capsys.readouterr().err


def test_a_witness_that_watches_nothing_does_not_serve(tmp_path: Path, capsys: Captured) -> None:
    key = made(tmp_path)

    assert run("serve", tmp_path / "state", "--key", key, "--bind", NOWHERE) == 2
    assert "names no log" in capsys.readouterr().err


def test_what_was_cosigned_last_is_shown(
    witness: Witness, log: SmallLog, key_file: Path, capsys: Captured
) -> None:
    begun(Witness(witness.directory, witness.key, witness.logs, clock=lambda: 1_700_000_000), log, 7)
    capsys.readouterr()

    run("show", witness.directory, "--key", key_file)

    expected = f"{witness.key.vkey}\n{log.key.name}: 7 entries, 2023-11-14 22:13:20 UTC\n"
    assert capsys.readouterr().out == expected


def test_a_cosigned_checkpoint_is_checked_with_both_keys(
    tmp_path: Path, witness: Witness, log: SmallLog, capsys: Captured
) -> None:
    line = witness.add_checkpoint(log.request(0, 7)).body
    other = SmallLog(log.key, leaves_of(300)[::-1])
    (tmp_path / "cosigned").write_text(log.checkpoint(7) + line)
    (tmp_path / "plain").write_text(log.checkpoint(7))
    (tmp_path / "other").write_text(other.checkpoint(7) + line)
    keys = ("--log", log.key.vkey, "--witness", witness.key.vkey)
    capsys.readouterr()

    statuses = [run("check", tmp_path / name, *keys) for name in ("cosigned", "plain", "other")]

    assert statuses == [0, 1, 1]
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith(f"7 entries of {log.key.name}, signed by the log, and seen by {NAME} at ")
    assert second.startswith("not shown: No known key has signed this")
    assert third.startswith(f"not shown: The signature of {NAME} does not hold")

"""What a witness remembers is never lost without a word: first use, torn files, crashes."""

import os
import signal
import threading
from http.client import HTTPException
from pathlib import Path

import pytest

from governance.ledger.checkpoints import TreeHead
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.signing import read_witness_key
from governance.witness.answering import Witness
from governance.witness.remembering import StateUnfit, begin, remembered, state_file
from governance.witness.serving import application
from tests.governance.ledger.reading import eventually
from tests.governance.witness.watching import (
    NOWHERE,
    ORIGIN,
    SmallLog,
    awake,
    begun,
    free_port,
    listens,
    made,
    post,
    rewritten,
    run,
    served,
)


def together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_what_was_cosigned_is_known_after_a_start(witness: Witness, log: SmallLog, key_file: Path) -> None:
    begun(witness, log, 7)

    again = awake(key_file)

    again.check()
    assert again.add_checkpoint(log.request(0, 7)).body == "7\n"
    assert again.add_checkpoint(log.request(7, 9)).status == 200


def test_a_cosignature_that_never_arrived_was_written_down_before(
    witness: Witness, log: SmallLog, key_file: Path
) -> None:
    """The client is gone, or the process ends, just when the answer is to be sent."""

    def gone(_status: str, _headers: list[tuple[str, str]]) -> None:
        raise ConnectionResetError

    with (key_file.parent / "body").open("w+b") as body:
        body.write(log.request(0, 7))
        body.seek(0)
        environ = {"PATH_INFO": "/add-checkpoint", "REQUEST_METHOD": "POST", "wsgi.input": body}
        with pytest.raises(ConnectionResetError):
            application(witness)(environ, gone)

    again = awake(key_file)
    assert again.add_checkpoint(rewritten(log).request(0, 9)).body == "7\n"
    assert again.add_checkpoint(rewritten(log).request(7, 9)).status == 422
    assert again.add_checkpoint(log.request(7, 7)).status == 200


def test_a_disk_that_takes_nothing_leaves_no_cosignature_and_no_other_state(
    witness: Witness, log: SmallLog, caplog: pytest.LogCaptureFixture
) -> None:
    begun(witness, log, 7)
    state_file(witness.directory, ORIGIN).with_suffix(".new").mkdir()

    answer = witness.add_checkpoint(log.request(7, 9))

    assert answer.status == 503
    assert "—" not in answer.body
    assert "nothing is cosigned" in caplog.text
    assert remembered(witness.directory, ORIGIN, witness.key).size == 7


def test_what_a_crash_left_beside_the_state_is_passed_over(
    witness: Witness, log: SmallLog, key_file: Path
) -> None:
    begun(witness, log, 7)
    state_file(witness.directory, ORIGIN).with_suffix(".new").write_text("example.org/coun")

    assert awake(key_file).add_checkpoint(log.request(7, 9)).status == 200


@pytest.mark.parametrize("cut", [0, 1, 20, 100, 200, -1])
def test_a_state_that_was_cut_off_is_refused_and_not_begun_anew(
    witness: Witness, log: SmallLog, key_file: Path, cut: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = state_file(begun(witness, log, 7).directory, ORIGIN)
    path.write_bytes(path.read_bytes()[:cut])

    status = run("serve", witness.directory, "--key", key_file, "--bind", NOWHERE)

    assert status == 2
    assert "is not what this witness wrote" in capsys.readouterr().err
    assert witness.add_checkpoint(log.request(0, 9)).status == 503
    assert run("begin", witness.directory, "--key", key_file, "--log", log.key.vkey) == 2


def test_a_state_with_another_size_in_it_is_refused(witness: Witness, log: SmallLog) -> None:
    path = state_file(begun(witness, log, 7).directory, ORIGIN)
    path.write_text(path.read_text().replace("\n7\n", "\n6\n"))

    with pytest.raises(StateUnfit, match="is not what this witness wrote"):
        witness.check()


def test_the_state_of_another_log_is_refused(tmp_path: Path, log: SmallLog) -> None:
    key, directory = read_witness_key(made(tmp_path, log.key.vkey)), tmp_path / "state"
    begin(directory, TreeHead("example.org/other", 0, EMPTY_ROOT), key, 1)
    state_file(directory, "example.org/other").replace(state_file(directory, ORIGIN))

    with pytest.raises(StateUnfit, match=r"of the log example.org/other, not of"):
        remembered(directory, ORIGIN, key)


def test_the_state_of_another_witness_is_refused(tmp_path: Path, witness: Witness, log: SmallLog) -> None:
    (tmp_path / "other").mkdir()
    other = read_witness_key(made(tmp_path / "other"))
    begun(witness, log, 7)

    with pytest.raises(StateUnfit, match="written under another key"):
        remembered(witness.directory, ORIGIN, other)


def test_a_state_that_is_gone_is_refused_and_not_begun_anew(
    witness: Witness, log: SmallLog, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state_file(begun(witness, log, 7).directory, ORIGIN).unlink()

    status = run("serve", witness.directory, "--key", key_file, "--bind", NOWHERE)

    assert status == 2
    assert "is missing: what was cosigned last of" in capsys.readouterr().err
    assert witness.add_checkpoint(log.request(0, 9)).status == 503


def test_a_log_that_is_watched_cannot_be_begun_again(
    witness: Witness, log: SmallLog, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(witness, log, 7)

    status = run("begin", witness.directory, "--key", key_file, "--log", log.key.vkey)

    assert status == 2
    assert "is watched already, with 7 entries" in capsys.readouterr().err


def test_whoever_begins_may_vouch_for_a_first_head_from_paper(tmp_path: Path, log: SmallLog) -> None:
    key = made(tmp_path)
    (tmp_path / "head").write_text(log.checkpoint(7).partition("\n\n")[0])

    begin_at = ("begin", tmp_path / "state", "--key", key, "--log", log.key.vkey, "--head", tmp_path / "head")
    status = run(*begin_at)

    assert status == 0
    assert awake(key).add_checkpoint(log.request(0, 9)).body == "7\n"
    assert awake(key).add_checkpoint(rewritten(log).request(7, 9)).status == 422
    assert awake(key).add_checkpoint(log.request(7, 9)).status == 200


def test_many_requests_at_once_never_give_two_trees_of_one_size(witness: Witness, log: SmallLog) -> None:
    """Eight histories of one log want to be the first, then go on; only one ever does."""
    histories = [log, *(rewritten(log, index) for index in range(7))]
    accepted: dict[int, set[int]] = {}

    def submit(number: int) -> None:
        for old, size in zip([0, *range(10, 60, 10)], range(10, 70, 10), strict=True):
            if witness.add_checkpoint(histories[number].request(old, size)).status == 200:
                accepted.setdefault(size, set()).add(number)

    threads = [threading.Thread(target=submit, args=[number]) for number in range(8) for _ in range(2)]
    together(threads)

    assert [len(numbers) for numbers in accepted.values()] == [1] * len(accepted)
    assert len(set().union(*accepted.values())) == 1
    assert set(accepted) == set(range(10, 70, 10))


@pytest.mark.parametrize("many", [1, 8, 40])
def test_no_cosignature_that_arrived_is_forgotten_when_the_witness_is_killed(
    log: SmallLog, key_file: Path, many: int
) -> None:
    port, arrived = free_port(), [0]

    def submit(url: str) -> None:
        for size in range(1, 300):
            try:
                answer = post(f"{url}/add-checkpoint", log.request(arrived[-1], size))
            except (OSError, HTTPException):
                return
            assert answer.status == 200
            arrived.append(size)

    with served(key_file, port) as (url, process):
        asking = threading.Thread(target=submit, args=[url])
        asking.start()
        assert eventually(lambda: len(arrived) > many, every=0.001)
        os.killpg(process.pid, signal.SIGKILL)
        assert eventually(lambda: not listens(port))
        asking.join()
    with served(key_file, port) as (url, _process):
        known = int(post(f"{url}/add-checkpoint", log.request(299, 299)).body)
        another = post(f"{url}/add-checkpoint", rewritten(log).request(known, 299))
        gone_on = post(f"{url}/add-checkpoint", log.request(known, 299))

    assert known - arrived[-1] in (0, 1)
    assert (another.status, gone_on.status) == (422, 200)

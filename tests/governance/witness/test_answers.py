"""What the witness answers to each kind of request, as https://c2sp.org/tlog-witness has it (L9)."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger.checkpoints import TreeHead
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.notes import (
    NoteFails,
    cosign,
    open_note,
    sign_note,
    signed_at,
    split_note,
    verifier_of,
)
from governance.ledger.signing import COSIGNATURE, generate_key
from governance.witness.answering import SIZE, TEXT, Witness
from governance.witness.logs import add_log
from governance.witness.remembering import remembered
from governance.witness.submissions import Malformed, read_submission
from tests.governance.ledger.ed25519 import verifies
from tests.governance.witness.watching import NAME, ORIGIN, SmallLog, begun, rewritten

HASH = base64.b64encode(bytes(32)).decode()
CHECKPOINT = SmallLog().checkpoint(7)
WITH_A_GAP = f"{ORIGIN}\n7\n{HASH}\n\nmore\n"
TOO_LARGE = sign_note(f"{ORIGIN}\n{2**63}\n{HASH}\n", [generate_key(ORIGIN)])


def size_of(witness: Witness) -> int:
    return remembered(witness.directory, ORIGIN, witness.key).size


def test_a_checkpoint_that_contains_the_one_before_is_cosigned(witness: Witness, log: SmallLog) -> None:
    first = witness.add_checkpoint(log.request(0, 7))
    second = witness.add_checkpoint(log.request(7, 123))

    cosigned = log.checkpoint(123) + second.body
    assert (first.status, second.status, second.kind) == (200, 200, TEXT)
    assert second.body.startswith(f"— {NAME} ")
    assert second.body.endswith("\n")
    assert (
        open_note(cosigned, [verifier_of(witness.key)]).text
        == log.checkpoint(123).partition("\n\n")[0] + "\n"
    )
    assert size_of(witness) == 123


def test_the_cosignature_tells_when_the_checkpoint_was_seen(witness: Witness, log: SmallLog) -> None:
    later = Witness(witness.directory, witness.key, witness.logs, clock=lambda: 1_679_315_147.9)

    answer = later.add_checkpoint(log.request(0, 7))

    assert signed_at(log.checkpoint(7) + answer.body, verifier_of(witness.key)) == 1_679_315_147


def test_the_bytes_are_those_of_the_specification(witness: Witness, log: SmallLog) -> None:
    """Laid out by hand as https://c2sp.org/tlog-cosignature has them, and verified by code of our tests."""
    later = Witness(witness.directory, witness.key, witness.logs, clock=lambda: 1_679_315_147)

    dash, name, encoded = later.add_checkpoint(log.request(0, 7)).body.rstrip("\n").split(" ")

    given, public = base64.b64decode(encoded), witness.key.public
    text = log.checkpoint(7).partition("\n\n")[0] + "\n"
    message = b"cosignature/v1\ntime 1679315147\n" + text.encode()
    assert (dash, name) == ("\u2014", NAME)
    assert given[:4] == sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert given[4:12] == bytes.fromhex("00000000641850cb")
    assert verifies(public, message, given[12:])
    assert witness.key.vkey == f"{NAME}+{given[:4].hex()}+{base64.b64encode(bytes([4]) + public).decode()}"


def test_a_time_beyond_all_times_is_none() -> None:
    """https://c2sp.org/tlog-cosignature: it must not exceed 2^63 - 1."""
    key, text = generate_key(NAME, COSIGNATURE), CHECKPOINT.partition("\n\n")[0] + "\n"
    notes = [f"{text}\n{cosign(text, key, at)}" for at in (2**63 - 1, 2**63)]

    assert signed_at(notes[0], verifier_of(key)) == 2**63 - 1
    with pytest.raises(NoteFails, match="does not hold"):
        signed_at(notes[1], verifier_of(key))


def test_the_same_checkpoint_is_cosigned_again(witness: Witness, log: SmallLog) -> None:
    answer = begun(witness, log, 7).add_checkpoint(log.request(7, 7))

    assert answer.status == 200
    assert size_of(witness) == 7


@pytest.mark.parametrize(("old", "size"), [(0, 9), (6, 9), (8, 9), (9, 9)])
def test_another_old_size_than_that_cosigned_last_is_answered_with_that_size(
    witness: Witness, log: SmallLog, old: int, size: int
) -> None:
    answer = begun(witness, log, 7).add_checkpoint(log.request(old, size))

    assert (answer.status, answer.body, answer.kind) == (409, "7\n", SIZE)
    assert size_of(witness) == 7


def test_another_tree_of_the_size_cosigned_last_is_refused_and_kept_in_the_log(
    witness: Witness, log: SmallLog, caplog: pytest.LogCaptureFixture
) -> None:
    request = rewritten(log).request(7, 7)

    answer = begun(witness, log, 7).add_checkpoint(request)

    assert (answer.status, answer.body, answer.kind) == (409, "7\n", SIZE)
    assert f"{ORIGIN} has two trees of 7 entries" in caplog.text
    assert rewritten(log).checkpoint(7).splitlines()[-1] in caplog.text


@pytest.mark.parametrize("size", [8, 64, 299])
def test_a_tree_that_does_not_contain_the_one_cosigned_is_refused(
    witness: Witness, log: SmallLog, size: int
) -> None:
    answer = begun(witness, log, 7).add_checkpoint(rewritten(log, 3).request(7, size))

    assert answer.status == 422
    assert "another root" in answer.body
    assert size_of(witness) == 7


@pytest.mark.parametrize(
    ("old", "size", "lines"),
    [
        pytest.param(7, 12, [], id="no proof"),
        pytest.param(7, 12, [HASH] * 63, id="a longer one"),
        pytest.param(7, 7, [HASH], id="a proof of nothing"),
        pytest.param(0, 12, [HASH], id="a proof from nothing on"),
    ],
)
def test_a_proof_that_shows_nothing_is_refused(
    witness: Witness, log: SmallLog, old: int, size: int, lines: list[str]
) -> None:
    known = begun(witness, log, 7) if old else witness
    body = "\n".join([f"old {old}", *lines, "", log.checkpoint(size)]).encode()

    assert known.add_checkpoint(body).status == 422
    assert size_of(witness) == old


def test_a_log_that_is_not_watched_is_not_found(witness: Witness) -> None:
    other = SmallLog(generate_key("example.org/other"))

    answer = witness.add_checkpoint(other.request(0, 7))

    assert (answer.status, answer.body) == (404, "The log example.org/other is not watched here.\n")


def test_a_checkpoint_without_a_trusted_signature_is_forbidden(witness: Witness, log: SmallLog) -> None:
    stranger = generate_key(ORIGIN)

    assert witness.add_checkpoint(log.request(0, 7, stranger)).status == 403
    assert witness.add_checkpoint(log.request(0, 7, stranger, log.key)).status == 200


def test_a_signature_of_a_trusted_key_that_does_not_hold_is_forbidden(
    witness: Witness, log: SmallLog
) -> None:
    body = log.request(0, 7).replace(b"\n7\n", b"\n8\n")

    answer = witness.add_checkpoint(body)

    assert answer.status == 403
    assert "does not hold" in answer.body


def test_a_signature_of_the_witness_itself_is_nobodys_who_signs_for_the_log(
    witness: Witness, log: SmallLog
) -> None:
    text = log.checkpoint(7).partition("\n\n")[0] + "\n"

    answer = witness.add_checkpoint(f"old 0\n\n{text}\n{cosign(text, witness.key, 1)}".encode())

    assert answer.status == 403


def test_an_old_size_above_the_checkpoints_is_a_bad_request(witness: Witness, log: SmallLog) -> None:
    answer = begun(witness, log, 7).add_checkpoint(log.request(8, 7))

    assert answer.status == 400
    assert "old size 8 is above the checkpoint's, 7" in answer.body


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"", "no empty line", id="nothing"),
        pytest.param(b"old 0\n", "no empty line", id="cut off behind the first line"),
        pytest.param(
            f"old 0\n\n{CHECKPOINT}".encode()[:-20], "a note is a text", id="cut off in a signature"
        ),
        pytest.param(f"old 0\n\n{CHECKPOINT.partition(chr(10) * 2)[0]}\n".encode(), "a note", id="unsigned"),
        pytest.param(b"old 0\n\n\xff", "not UTF-8", id="no letters"),
        pytest.param(f"old 07\n\n{CHECKPOINT}".encode(), "line 1", id="a leading nought"),
        pytest.param(f"old -1\n\n{CHECKPOINT}".encode(), "line 1", id="a negative size"),
        pytest.param(f"old \n\n{CHECKPOINT}".encode(), "line 1", id="no size"),
        pytest.param(f"old  0\n\n{CHECKPOINT}".encode(), "line 1", id="two spaces"),
        pytest.param(f"0\n\n{CHECKPOINT}".encode(), "line 1", id="no word"),
        pytest.param(f"old 0\r\n\n{CHECKPOINT}".encode(), "line 1", id="a line that ends otherwise"),
        pytest.param(f"old 3\nQUJD\n\n{CHECKPOINT}".encode(), "line 2", id="a short hash"),
        pytest.param(f"old 3\n{HASH}\n{HASH[:-2]}\n\n{CHECKPOINT}".encode(), "line 3", id="a cut hash"),
        pytest.param(("old 3\n" + f"{HASH}\n" * 64 + f"\n{CHECKPOINT}").encode(), "64 lines", id="64 hashes"),
        pytest.param(b"old 0\n\na\n7\n\n\xe2\x80\x94 a AAAAAAA=\n", "three lines", id="no root"),
        pytest.param(
            f"old 0\n\n{TOO_LARGE}".encode(),
            "at most",
            id="too large a tree",
        ),
        pytest.param(
            f"old 0\n\n{CHECKPOINT}".encode() + CHECKPOINT.encode().splitlines(True)[-1] * 100,
            "101 signatures",
            id="too many signatures",
        ),
        pytest.param(
            f"old 0\n\n{sign_note(WITH_A_GAP, [generate_key('a')])}".encode(),
            "empty lines",
            id="an empty line in the text",
        ),
    ],
)
def test_a_body_of_another_form_is_a_bad_request(witness: Witness, body: bytes, sentence: str) -> None:
    answer = witness.add_checkpoint(body)

    assert answer.status == 400
    assert sentence.lower() in answer.body.lower()


@given(st.data())
def test_no_body_that_is_cut_or_changed_is_read_as_something_else_or_breaks_the_reader(
    data: st.DataObject,
) -> None:
    whole = SmallLog().request(7, 123)
    cut = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:cut] + data.draw(st.binary(max_size=8)) + whole[cut + data.draw(st.integers(0, 8)) :]

    def form(body: bytes) -> str:
        try:
            return "" if read_submission(body).note else "empty"
        except Malformed as fault:
            return str(fault)

    assert form(whole) == ""
    assert form(whole[:cut]) != ""
    assert isinstance(form(changed), str)


def test_extension_lines_are_cosigned_with_the_rest(witness: Witness, log: SmallLog) -> None:
    text = log.checkpoint(7).partition("\n\n")[0] + "\nan extension\n"

    answer = witness.add_checkpoint(f"old 0\n\n{sign_note(text, [log.key])}".encode())

    assert answer.status == 200
    assert open_note(sign_note(text, [log.key]) + answer.body, [verifier_of(witness.key)]).text == text
    assert size_of(witness) == 7


def test_the_empty_tree_is_a_tree_too(witness: Witness, log: SmallLog) -> None:
    wrong = TreeHead(ORIGIN, 0, bytes(32)).signed([log.key])

    assert log.checkpoint(0) == TreeHead(ORIGIN, 0, EMPTY_ROOT).signed([log.key])
    assert witness.add_checkpoint(log.request(0, 0)).status == 200
    assert witness.add_checkpoint(f"old 0\n\n{wrong}".encode()).status == 409


def test_a_log_that_rotates_its_key_is_known_by_either(witness: Witness, log: SmallLog) -> None:
    successor = generate_key(ORIGIN)
    before = begun(witness, log, 7).add_checkpoint(log.request(7, 9, successor))
    add_log(witness.directory, successor.vkey, witness.key)
    both = (verifier_of(log.key), verifier_of(successor))
    after = Witness(witness.directory, witness.key, {ORIGIN: both})

    assert before.status == 403
    assert after.add_checkpoint(log.request(7, 9, successor)).status == 200
    assert after.add_checkpoint(log.request(9, 12, log.key)).status == 200


def test_logs_are_watched_apart(witness: Witness, log: SmallLog) -> None:
    other = SmallLog(generate_key("example.org/other"))
    begun(witness, log, 7)

    answers = [witness.add_checkpoint(one.request(0, 9)).status for one in (log, other)]

    assert answers == [409, 404]


def test_only_signatures_that_count_are_kept(witness: Witness, log: SmallLog) -> None:
    """A line in the witness's own name, which anybody can add, must not spoil what it remembers."""
    forged = generate_key(NAME, COSIGNATURE)
    text = log.checkpoint(7).partition("\n\n")[0] + "\n"
    broken = cosign(text, witness.key, 1).replace("AAAA", "BBBB", 1)
    note = log.checkpoint(7) + cosign(text, forged, 1) + broken

    answer = witness.add_checkpoint(f"old 0\n\n{note}".encode())

    (kept,) = witness.directory.glob("*.checkpoint")
    _, lines = split_note(kept.read_text())
    assert answer.status == 200
    assert [name for name, _ in lines] == [ORIGIN, NAME]
    assert size_of(witness) == 7

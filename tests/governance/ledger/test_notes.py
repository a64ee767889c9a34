"""Signed notes and checkpoints: a published example, and what is not taken."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger.checkpoints import TreeHead, open_checkpoint, read_head
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.notes import (
    Note,
    NoteFails,
    open_note,
    sign_note,
    verifier_key,
    verifier_of,
    vkey_id,
)
from governance.ledger.signing import SigningKey, generate_key

# golang.org/x/mod/sumdb/note: the example of the package's documentation.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLISHED_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PUBLISHED_NOTE = (
    f"{PUBLISHED_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# A plus is a letter of base64 too: about half of all keys hold one.
WITH_PLUS = "example.org/countersign/ledger+61bb956a+AROY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK"
ORIGIN = "example.org/countersign/ledger"
KEY = generate_key(ORIGIN)
KNOWN = [verifier_of(KEY)]
HEAD = TreeHead(ORIGIN, 7, EMPTY_ROOT)


def test_a_published_note_opens_with_its_published_key() -> None:
    key = verifier_key(PUBLISHED_KEY)

    assert open_note(PUBLISHED_NOTE, [key]) == Note(PUBLISHED_TEXT, (key,))
    assert key.text() == PUBLISHED_KEY


@pytest.mark.parametrize("vkey", [PUBLISHED_KEY, WITH_PLUS])
def test_a_key_is_named_by_its_name_and_hash(vkey: str) -> None:
    key = verifier_key(vkey)

    assert key.text() == vkey
    assert vkey_id(vkey) == f"{key.name}+{key.key_id.hex()}"


def test_the_published_text_is_signed_to_the_letter() -> None:
    seed = base64.b64decode(PUBLISHED_SEED)[1:]
    key = SigningKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(seed))

    assert sign_note(PUBLISHED_TEXT, [key]) == PUBLISHED_NOTE


def test_of_two_keys_in_a_rotation_one_that_is_known_is_enough() -> None:
    new = generate_key(ORIGIN)
    note = HEAD.signed([KEY, new])

    assert open_checkpoint(note, ORIGIN, [verifier_of(new)]) == HEAD
    assert open_note(note, [*KNOWN, verifier_of(new)]).signers == (*KNOWN, verifier_of(new))


def test_signing_again_gives_the_same_letters() -> None:
    assert HEAD.signed([KEY]) == HEAD.signed([KEY])


def other(key: SigningKey) -> SigningKey:
    """A key of the same name."""
    return generate_key(key.name)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        pytest.param(HEAD.signed([other(KEY)]), "No known key has signed this", id="another's key"),
        pytest.param(HEAD.signed([KEY]).replace("\n7\n", "\n8\n"), "does not hold", id="another size"),
        pytest.param(HEAD.text(), "lines of signatures", id="no signature"),
        pytest.param(HEAD.signed([]), "lines of signatures", id="none of the keys"),
        pytest.param(HEAD.signed([KEY]).rstrip("\n"), "lines of signatures", id="cut off"),
        pytest.param(HEAD.signed([KEY]).replace("— ", "- "), "no line of a signature", id="another dash"),
        pytest.param(
            HEAD.signed([KEY]).replace("\n7", "\r\n7"), "control characters", id="two letters a line end"
        ),
        pytest.param(HEAD.signed([KEY] * 101), "at most 100", id="a flood of signatures"),
    ],
)
def test_a_note_that_does_not_hold_gives_no_text(note: str, sentence: str) -> None:
    with pytest.raises(NoteFails, match=sentence):
        open_note(note, KNOWN)


def test_a_wrong_signature_of_a_known_key_spoils_a_note_that_another_has_signed() -> None:
    second = generate_key("example.org/witness")
    wrong = TreeHead(ORIGIN, 8, EMPTY_ROOT).signed([KEY]).rpartition("\n\n")[2]

    with pytest.raises(NoteFails, match="does not hold"):
        open_note(HEAD.signed([second]) + wrong, [*KNOWN, verifier_of(second)])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a\n7\n", "three lines", id="no root"),
        pytest.param(HEAD.text() + "more\n", "three lines", id="an extension"),
        pytest.param(HEAD.text().replace("\n7\n", "\n07\n"), "no size", id="a leading nought"),
        pytest.param(HEAD.text().replace("\n7\n", "\n-7\n"), "no size", id="a negative size"),
        pytest.param(HEAD.text().replace("\n7\n", "\n٧\n"), "no size", id="a digit of another script"),
        pytest.param("a\n7\nQUJD\n", "no root", id="a short root"),
        pytest.param("a\n7\n!\n", "no root", id="no base64"),
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(NoteFails, match=sentence):
        read_head(text)


def test_the_checkpoint_of_another_log_is_refused() -> None:
    note = TreeHead("example.org/other", 7, EMPTY_ROOT).signed([KEY])

    with pytest.raises(NoteFails, match=r"of the log example.org/other, not of example.org/countersign"):
        open_checkpoint(note, ORIGIN, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "a+00000000+AQ==",
        PUBLISHED_KEY.replace("c74", "c75"),
        PUBLISHED_KEY.replace("Peter", "Pe ter"),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteFails):
        verifier_key(text)


@given(st.integers(0, len(PUBLISHED_NOTE.encode()) * 8 - 1))
def test_a_note_with_one_bit_turned_over_opens_nothing_else(bit: int) -> None:
    changed = bytearray(PUBLISHED_NOTE.encode())
    changed[bit // 8] ^= 1 << (bit % 8)

    with pytest.raises(ValueError):
        open_note(changed.decode(), [verifier_key(PUBLISHED_KEY)])

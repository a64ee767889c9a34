"""Signing keys in their text forms, key files that are refused, and envelopes that others can check."""

import base64
import hashlib
import stat
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.checks.signing import check_signing_keys
from governance.ledger.envelopes import signed_envelope
from governance.ledger.keys import signing_key
from governance.ledger.signing import (
    KeyFileUnfit,
    SigningKey,
    generate_key,
    generate_key_file,
    read_key_file,
)
from tests.governance.ledger.ed25519 import encoding, opened, verifies

# The example key of golang.org/x/mod/sumdb/note, also in C2SP's signed-note.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def written(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "keys"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def only_key(directory: Path, text: str) -> SigningKey:
    (key,) = read_key_file(written(directory, text))
    return key


def test_the_example_key_of_signed_notes_gives_its_verifier_key(tmp_path: Path) -> None:
    key = only_key(tmp_path, f"# an example\n\n{PRIVATE}\n")

    assert key.vkey == VERIFIER
    assert key.text() == PRIVATE
    assert "AYEKFA" not in repr(key)


def test_the_reference_verifier_knows_the_vector_of_the_standard() -> None:
    # RFC 8032, 7.1, test 2.
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    assert verifies(public, b"\x72", signature)
    assert not verifies(public, b"\x73", signature)


def test_the_encoding_of_the_envelope_is_that_of_the_standard() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"

    assert encoding(b"http://example.com/HelloWorld", b"hello world") == expected


def test_an_envelope_is_checked_by_an_implementation_of_its_own_and_signed_alike_again() -> None:
    key = generate_key("example.org/statements")

    envelope = signed_envelope(b'{"a":1}', "application/vnd.in-toto+json", key)

    assert opened(envelope, key.vkey) == {"a": 1}
    assert signed_envelope(b'{"a":1}', "application/vnd.in-toto+json", key) == envelope


def test_an_envelope_of_another_type_or_key_is_not_taken() -> None:
    key, other = generate_key("example.org/statements"), generate_key("example.org/statements")
    envelope = signed_envelope(b"{}", "application/vnd.in-toto+json", key)

    with pytest.raises(AssertionError):
        opened(envelope.replace(b"in-toto", b"in-tota"), key.vkey)
    with pytest.raises(AssertionError):
        opened(envelope, other.vkey)


def test_each_purpose_has_a_key_of_its_own_whose_name_says_it(tmp_path: Path) -> None:
    keys = read_key_file(written(tmp_path, generate_key_file("example.org/x")))

    assert [(key.name, key.purpose) for key in keys] == [
        ("example.org/x/statements", "statements"),
        ("example.org/x/ledger", "ledger"),
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644], ids=oct)
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, generate_key_file("example.org/x"), mode)

    with pytest.raises(KeyFileUnfit, match="chmod 600"):
        read_key_file(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "no signing key"),
        (PRIVATE.replace("PeterNeumann", "PeterNewmann"), "hash"),
        (PRIVATE[:-6], "no Ed25519 key"),
        (PRIVATE.replace("+AYEK", "+AoEK"), "type 1"),
        ("PRIVATE+KEY++c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "no Ed25519 key"),
        (f"{PRIVATE}\n{PRIVATE}", "two keys"),
        ("klüssel", "cannot be read"),
    ],
)
def test_a_damaged_key_file_is_refused_and_says_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(KeyFileUnfit, match=why):
        read_key_file(written(tmp_path, text))


@pytest.mark.parametrize("name", ["", "with space", "plus+plus", "dübel"])
def test_a_name_that_no_signed_note_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        generate_key(name)


def test_without_a_usable_key_nothing_is_signed_and_the_check_says_why(
    tmp_path: Path, settings: Settings
) -> None:
    settings.SIGNING_KEY_FILE = written(tmp_path, generate_key_file("example.org/x"), 0o644)
    readable, errors = signing_key("statements"), check_signing_keys(None)
    settings.SIGNING_KEY_FILE.chmod(0o600)
    private, silent = signing_key("statements"), check_signing_keys(None)
    settings.SIGNING_KEY_FILE = None
    settings.VAR_DIR = tmp_path
    missing, warnings = signing_key("statements"), check_signing_keys(None)

    assert (readable, [one.id for one in errors]) == (None, ["countersign.E001"])
    assert private is not None
    assert private.purpose == "statements"
    assert silent == []
    assert (missing, [one.id for one in warnings]) == (None, ["countersign.W001"] * 2)
    assert "create_signing_key" in (warnings[0].hint or "")


def test_a_key_file_that_is_named_and_missing_is_an_error(tmp_path: Path, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "nowhere"

    assert [one.id for one in check_signing_keys(None)] == ["countersign.E001"]


def test_keys_that_make_up_left_are_found_without_a_setting(tmp_path: Path, settings: Settings) -> None:
    path = written(tmp_path, generate_key_file("example.org/x")).rename(tmp_path / "signing-keys")
    settings.SIGNING_KEY_FILE, settings.VAR_DIR = None, tmp_path

    found = signing_key("statements")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert found is not None
    assert found.hash == hashlib.sha256(b"example.org/x/statements\n\x01" + found.public).hexdigest()[:8]
    assert base64.b64decode(found.vkey.split("+", 2)[2]) == b"\x01" + found.public

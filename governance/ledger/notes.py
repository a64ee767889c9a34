"""Signed notes: a text with signatures of keys that the reader knows (https://c2sp.org/signed-note).

A text is only handed out once a known key's signature over it was checked. Signatures of unknown keys are
ignored; one of a known key that does not hold makes the whole note worthless.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.ledger.cosignatures import cosigned_message, timed
from governance.ledger.letters import read_bytes
from governance.ledger.signing import COSIGNATURE, ED25519, SigningKey

DASH = "— "
MOST_SIGNATURES = 100
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64


class NoteFails(ValueError):
    """The note is malformed, or no known key has signed it."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What a reader knows of a key: its name, its 32 bytes, and the type of signature that it makes."""

    name: str
    public: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names the key, beside its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:KEY_ID_BYTES]

    def text(self) -> str:
        """``<name>+<hash>+<base64>``, the form to hand to those who check."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Whether the bytes are this key's signature over the text: 64 of them, of a witness behind 8 that
        tell the time."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            at, signature = timed(signature)
            message = cosigned_message(text, at)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Note:
    """A text, and the known keys whose signatures over it hold."""

    text: str
    signers: tuple[VerifierKey, ...]


def verifier_key(text: str, kind: bytes = ED25519) -> VerifierKey:
    """The key that ``text`` describes, which is of the type ``kind``: by default one that signs for a log.

    Raises:
        NoteFails: it is no such verifier key, or its hash is another key's: a letter was changed.
    """
    name, _, rest = text.strip().partition("+")
    given, _, encoded = rest.partition("+")
    decoded = read_bytes(encoded)
    if not name or _has_space(name) or decoded is None or decoded[:1] != kind or len(decoded) != 33:
        wanted = "Ed25519" if kind == ED25519 else "timestamped Ed25519 (4, that of a witness)"
        raise NoteFails(f"A verifier key looks like <name>+<8 hex digits>+<base64>, of type {wanted}.")
    key = VerifierKey(name, decoded[1:], kind)
    if key.key_id.hex() != given:
        raise NoteFails(f"The hash {given} is not that of the key; a letter was changed or lost.")
    return key


def vkey_id(vkey: str) -> str:
    """``<name>+<hash>`` of a verifier key's text. Its base64 may hold a plus as well."""
    return "+".join(vkey.split("+", 2)[:2])


def verifier_of(key: SigningKey) -> VerifierKey:
    """What readers get of a signing key."""
    return VerifierKey(key.name, key.public, key.kind)


def sign_note(text: str, keys: Iterable[SigningKey]) -> str:
    """The text with a signature of each key; signing again gives the same letters.

    Raises:
        NoteFails: the text cannot stand in a note.
    """
    _check_letters(text)
    if not text.endswith("\n") or not text.strip():
        raise NoteFails("A note's text ends with a newline.")
    lines = [signature_line(verifier_of(key), key.private.sign(text.encode())) for key in keys]
    return "\n".join([text, *lines, ""])


def cosign(text: str, key: SigningKey, at: int) -> str:
    """The line, with its newline, by which a witness says what it saw at ``at``, in seconds since 1970.

    Raises:
        NoteFails: the text cannot stand in a note.
    """
    _check_letters(text)
    signature = key.private.sign(cosigned_message(text, at))
    return signature_line(verifier_of(key), at.to_bytes(8, "big") + signature) + "\n"


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """The line of a signature, without its newline."""
    return f"{DASH}{key.name} " + base64.b64encode(key.key_id + signature).decode()


def open_note(note: str, known: Sequence[VerifierKey]) -> Note:
    """The note's text, if at least one known key signed it and none of the known keys' signatures is wrong.

    Raises:
        NoteFails: with the first reason.
    """
    text, lines = split_note(note)
    keys = {(key.name, key.key_id): key for key in known}
    signers: list[VerifierKey] = []
    for name, signature in lines:
        key = keys.get((name, signature[:KEY_ID_BYTES]))
        if key is None:
            continue
        if not key.has_signed(text, signature[KEY_ID_BYTES:]):
            raise NoteFails(f"The signature of {name} does not hold: the text or the signature was changed.")
        signers.append(key)
    if not signers:
        names = ", ".join(key.name for key in known) or "nobody"
        raise NoteFails(f"No known key has signed this; known is {names}.")
    return Note(text, tuple(dict.fromkeys(signers)))


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text, and of each signature the name of its key, and key id and signature as bytes. Nothing
    is verified yet.

    Raises:
        NoteFails: it is no note.
    """
    _check_letters(note)
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not text or not signatures.endswith("\n"):
        raise NoteFails("A note is a text, an empty line, and lines of signatures.")
    lines = signatures[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteFails(f"The note has {len(lines)} signatures; at most {MOST_SIGNATURES} are read.")
    return text + "\n", [_parts(line) for line in lines]


def signed_at(note: str, witness: VerifierKey) -> int:
    """When a witness has seen a checkpoint that it cosigned, at the latest, in seconds since 1970.

    Raises:
        NoteFails: it has not cosigned it.
    """
    open_note(note, [witness])
    named = (witness.name, witness.key_id)
    lines = split_note(note)[1]
    return max(
        timed(given[KEY_ID_BYTES:])[0] for name, given in lines if (name, given[:KEY_ID_BYTES]) == named
    )


def _parts(line: str) -> tuple[str, bytes]:
    """The name and the decoded signature of a line."""
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    decoded = read_bytes(encoded)
    bad_name = not name or "+" in name or _has_space(name)
    if not line.startswith(DASH) or bad_name or decoded is None or len(decoded) <= KEY_ID_BYTES:
        raise NoteFails(f"This is no line of a signature: {line[:100]!r}.")
    return name, decoded


def _check_letters(text: str) -> None:
    if any(letter < " " and letter != "\n" for letter in text):
        raise NoteFails("A note holds no control characters but newlines.")


def _has_space(name: str) -> bool:
    return any(letter.isspace() for letter in name)

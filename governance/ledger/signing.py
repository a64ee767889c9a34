"""Signing keys: Ed25519 in the text forms of C2SP signed-note, kept outside the database.

A key file holds one private key a line, ``PRIVATE+KEY+<name>+<hash>+<base64>`` (the form of Go's
``sumdb/note``); lines that start with ``#`` are comments. A name ends with the purpose it serves, such as
``example.org/countersign/statements``: what one purpose signs is never taken for what another does, because
names, key hashes and seeds all differ. Free of Django's database, so that ``manage.py up`` makes a key before
anything else runs.

https://c2sp.org/signed-note (verifier keys) and golang.org/x/mod/sumdb/note (private keys).
"""

import base64
import binascii
import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
"""The signature type of C2SP signed-note that all keys of the log have."""

COSIGNATURE = b"\x04"
"""That of witnesses: timestamped Ed25519 over a checkpoint (https://c2sp.org/tlog-cosignature)."""

SEED_BYTES = 32
PREFIX = "PRIVATE+KEY+"
STATEMENTS = "statements"
LEDGER = "ledger"
PURPOSES = (STATEMENTS, LEDGER)
"""What keys are for: the last part of their names. Each purpose has a key of its own."""
MOST_KEYS = {LEDGER: 2}
"""While the ledger's key is rotated the file holds the old one and, below it, the new one."""


class KeyFileUnfit(Exception):
    """A key file cannot be used: it is missing, readable by others, or malformed."""


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name; never shown, never stored in the database."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)
    kind: bytes = ED25519

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def hash(self) -> str:
        """The key hash of C2SP: SHA-256(name ‖ newline ‖ type ‖ public key), first four bytes in hex."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).hexdigest()[:8]

    @property
    def id(self) -> str:
        """``<name>+<hash>``: what a signature names its key by."""
        return f"{self.name}+{self.hash}"

    @property
    def vkey(self) -> str:
        """The verifier key: what others need to check a signature."""
        return f"{self.id}+{base64.b64encode(self.kind + self.public).decode()}"

    @property
    def purpose(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    def text(self) -> str:
        """The private form, as it stands in a key file."""
        seed = base64.b64encode(self.kind + self.private.private_bytes_raw()).decode()
        return f"{PREFIX}{self.id}+{seed}"


def generate_key(name: str, kind: bytes = ED25519) -> SigningKey:
    """A new key; ``kind`` is its signature type.

    Raises:
        ValueError: the name has no place in a signed note.
    """
    return SigningKey(_checked_name(name), Ed25519PrivateKey.generate(), kind)


def generate_key_file(origin: str) -> str:
    """The text of a key file with a new key for every purpose, named ``<origin>/<purpose>``."""
    keys = [generate_key(f"{origin}/{purpose}").text() for purpose in PURPOSES]
    return "\n".join([f"# Signing keys of {origin}. Keep this file secret and back it up.", *keys, ""])


def missing_keys(keys: Sequence[SigningKey]) -> list[str]:
    """Lines with new keys for the purposes that a key file does not serve yet, named as its others are."""
    served = {key.purpose for key in keys}
    origin = keys[0].name.removesuffix(f"/{keys[0].purpose}") if keys else ""
    return [generate_key(f"{origin}/{one}").text() for one in PURPOSES if origin and one not in served]


def read_key_file(path: Path) -> tuple[SigningKey, ...]:
    """The keys of a file that only its owner can read.

    Raises:
        KeyFileUnfit: naming the file, what is wrong with it, and what to do.
    """
    keys = _keys_in(path, ED25519)
    for purpose in {key.purpose for key in keys}:
        of_it = [key for key in keys if key.purpose == purpose]
        if len({key.public for key in of_it}) < len(of_it) or len(of_it) > MOST_KEYS.get(purpose, 1):
            raise KeyFileUnfit(f"{path} holds two keys for {purpose}; keep the one in use.")
        if len({key.name for key in of_it}) > 1:
            raise KeyFileUnfit(f"{path}: both keys for {purpose} must bear one name, that of the log.")
    return keys


def read_witness_key(path: Path) -> SigningKey:
    """The one key of a witness's file, which only its owner can read.

    Raises:
        KeyFileUnfit: naming the file, what is wrong with it, and what to do.
    """
    keys = _keys_in(path, COSIGNATURE)
    if len(keys) != 1:
        raise KeyFileUnfit(f"{path} holds {len(keys)} keys; a witness signs with just one.")
    return keys[0]


def _keys_in(path: Path, kind: bytes) -> tuple[SigningKey, ...]:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnfit(f"{path} cannot be read: {error}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileUnfit(
            f"{path} is open to others (mode {stat.S_IMODE(mode):04o}). Run: chmod 600 {path}; if somebody "
            "may have read it, make a new key."
        )
    lines = [line.strip() for line in text.splitlines()]
    return tuple(_parsed(path, number, line, kind) for number, line in enumerate(lines, 1) if _is_key(line))


def _is_key(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def _parsed(path: Path, number: int, line: str, kind: bytes) -> SigningKey:
    where = f"{path}, line {number}"
    name, plus, rest = line.removeprefix(PREFIX).partition("+")
    given_hash, _, encoded = rest.partition("+")
    if not line.startswith(PREFIX) or not plus:
        raise KeyFileUnfit(f"{where} is no signing key: it starts with {PREFIX}<name>+<hash>+<base64>.")
    try:
        kind_and_seed = base64.b64decode(encoded, validate=True)
        private = Ed25519PrivateKey.from_private_bytes(kind_and_seed[1:])
        key = SigningKey(_checked_name(name), private, kind)
    except (binascii.Error, ValueError) as error:
        raise KeyFileUnfit(
            f"{where} holds no Ed25519 key: is a letter missing or wrong? Put the file's backup in its place."
        ) from error
    if kind_and_seed[:1] != kind:
        wanted = "Ed25519 keys (type 1)" if kind == ED25519 else "keys of witnesses (type 4)"
        raise KeyFileUnfit(f"{where}: only {wanted} sign here.")
    if key.hash != given_hash:
        raise KeyFileUnfit(f"{where}: the hash {given_hash} is not that of the key; the line is damaged.")
    return key


def _checked_name(name: str) -> str:
    if not name or "+" in name or any(letter.isspace() for letter in name) or not name.isascii():
        raise ValueError(f"{name!r}: a key's name is ASCII without spaces and plus signs")
    return name

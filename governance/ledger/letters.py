"""Numbers and bytes as notes, checkpoints and proofs write them: in one form only, so that no other letters
say the same.
"""

import base64
import binascii

from governance.ledger.merkle.hashing import HASH_SIZE

MOST_DIGITS = 19
"""More than 2^63 has."""


def read_bytes(text: str) -> bytes | None:
    """What base64 of RFC 4648 stands for; None where it is none, or is padded with other bits."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def read_hash(text: str) -> bytes | None:
    """A hash in base64; None where it is none."""
    found = read_bytes(text)
    return found if found is not None and len(found) == HASH_SIZE else None


def read_number(text: str) -> int | None:
    """A number in ASCII digits without leading noughts; None where it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number and (text == "0" or text[0] != "0") else None

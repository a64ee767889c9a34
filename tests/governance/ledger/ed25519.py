"""Verification of Ed25519 signatures and DSSE envelopes, written from RFC 8032 and the DSSE protocol alone.

Slow and short on purpose: it shares no line with the libraries that sign, so that it can contradict them.
"""

import base64
import hashlib
import json
from typing import Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int]


def _x_of(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0, "no point of the curve"
    return x if x % 2 == sign else P - x


def _decoded(encoded: bytes) -> Point:
    number = int.from_bytes(encoded, "little")
    y = number & ((1 << 255) - 1)
    return _x_of(y, number >> 255), y


def _added(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P)
    return x % P, y % P


def _times(point: Point, factor: int) -> Point:
    found: Point = (0, 1)
    while factor:
        found = _added(found, point) if factor & 1 else found
        point, factor = _added(point, point), factor >> 1
    return found


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of the message is of the key (RFC 8032, 5.1.7)."""
    base_y = 4 * pow(5, P - 2, P) % P
    base = (_x_of(base_y, 0), base_y)
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    left = _times(base, int.from_bytes(signature[32:], "little"))
    right = _times(_decoded(public), int.from_bytes(hashed, "little") % L)
    return left == _added(_decoded(signature[:32]), right)


def encoding(payload_type: bytes, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b" ".join(
        [b"DSSEv1", str(len(payload_type)).encode(), payload_type, str(len(payload)).encode(), payload]
    )


def opened(envelope: bytes, vkey: str) -> Any:
    """The payload of an envelope signed by the key, as JSON."""
    document = json.loads(envelope)
    name, key_hash, key = vkey.split("+", 2)
    payload = base64.b64decode(document["payload"])
    (signature,) = document["signatures"]
    assert signature["keyid"] == f"{name}+{key_hash}"
    message = encoding(document["payloadType"].encode(), payload)
    assert verifies(base64.b64decode(key)[1:], message, base64.b64decode(signature["sig"]))
    return json.loads(payload)

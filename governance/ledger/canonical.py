"""Canonical bytes and digests.

Everything that is hashed is first brought to RFC 8785 (JSON Canonicalization Scheme): identifiers are
lower-case UUIDs, times are ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, digests are ``sha256:<64 hex>``, rates are
IEEE doubles and counts are integers below 2^53. Values outside that are refused, never rounded. Text is
taken as it is: two spellings of one letter (NFC and NFD) are two texts. −0.0 is written 0, as the RFC says.
A key that a JSON text repeats is decided by whoever parses that text; here a key stands once.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

import rfc8785

from governance.errors import InvalidInput

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class NotCanonical(InvalidInput):
    """A value has no canonical form: NaN, an integer of 2^53 or more, a lone surrogate, or too deep."""

    code = "not_canonical"
    title = "No canonical form"
    next_step = "Send finite numbers, integers below 2^53 as numbers and larger ones as text."


def format_time(at: datetime) -> str:
    """``at`` in UTC with microseconds; a naive time is refused."""
    if at.tzinfo is None:
        raise NotCanonical(f"The time {at.isoformat()} names no time zone.")
    # Not strftime: its %Y leaves out the leading zeros of early years on some systems.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def plain(value: Any, depth: int = 0) -> Json:
    """``value`` as plain JSON values: UUIDs, times, enums, dataclasses, sets and tuples are translated.

    Raises:
        NotCanonical: for a type or a number that has no canonical form.
    """
    if depth > MAX_DEPTH:
        raise NotCanonical(f"The value is nested more than {MAX_DEPTH} levels deep.")
    kind = type(value)
    if kind in _AS_THEY_ARE:  # nearly all of a document is text, objects and lists of Python's own
        return value  # type: ignore[no-any-return]  # one of the types just asked for
    if kind is dict:
        return _object(value, depth)
    if kind is list or kind is tuple:
        return [plain(item, depth + 1) for item in value]
    return _translated(value, depth)


_AS_THEY_ARE = frozenset({str, bool, float, type(None)})


def _translated(value: Any, depth: int) -> Json:
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=_bytes_of)
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name), depth + 1) for item in fields(value)}
    return _scalar(value)


def _object(value: Mapping[Any, Any], depth: int) -> dict[str, Json]:
    translated: dict[str, Json] = {}
    for key, item in value.items():
        name = key if type(key) is str else _name(key)
        if name in translated:
            raise NotCanonical(f"Two keys of an object are both written {name!r}.")
        translated[name] = plain(item, depth + 1)
    return translated


def _name(key: Any) -> str:
    name = _scalar(key)
    if name is None or isinstance(name, bool | float):
        raise NotCanonical(f"The key {key!r} of an object is neither text, a whole number nor an id.")
    return str(name)


def _scalar(value: Any) -> Json:
    if isinstance(value, Enum):
        return _scalar(value.value)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(f"The integer {value} does not fit 2^53 − 1.")
        return value
    if isinstance(value, float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return format_time(value)
    raise NotCanonical(f"A {type(value).__name__} has no canonical form.")


def canonical_bytes(value: Any) -> bytes:
    """The RFC 8785 bytes of ``value``.

    Raises:
        NotCanonical: see :func:`plain`; also for NaN, infinities and lone surrogates.
    """
    return _bytes_of(plain(value))


def _bytes_of(value: Json) -> bytes:
    written: list[str] = []
    try:
        _write(value, written.append)
        return "".join(written).encode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        # UnicodeEncodeError: a lone surrogate.
        raise NotCanonical(f"The value has no canonical form: {error}.") from error


def _write(value: Json, put: Callable[[str], None]) -> None:
    """The same text as ``rfc8785.dumps``, in a third of its time; what is rare is left to that library."""
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None or isinstance(value, bool):
        put(_WORDS[value])
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, dict):
        _write_object(value, put)
    elif isinstance(value, list):
        before = "["
        for item in value:
            put(before)
            _write(item, put)
            before = ","
        put("]" if value else "[]")
    elif USUAL_LEAST <= abs(value) < USUAL_MOST:
        put(float.__repr__(value).removesuffix(".0"))  # numpy's doubles have a repr of their own
    else:
        put(rfc8785.dumps(value).decode())


def _write_object(value: dict[str, Json], put: Callable[[str], None]) -> None:
    is_ascii = all(map(str.isascii, value))
    before = "{"
    for key in sorted(value) if is_ascii else sorted(value, key=_utf16):
        put(f"{before}{encode_basestring(key)}:")
        _write(value[key], put)
        before = ","
    put("}" if value else "{}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16be")


_WORDS = {None: "null", True: "true", False: "false"}
USUAL_LEAST, USUAL_MOST = 1e-4, 1e16
"""Between these Python writes a double as ECMAScript does, but for the ``.0`` of a whole one."""


def digest_of_bytes(data: bytes) -> str:
    """``sha256:<64 hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of(value: Any) -> str:
    """The digest of the canonical bytes of ``value``."""
    return digest_of_bytes(canonical_bytes(value))


def is_digest(text: str) -> bool:
    """Whether ``text`` is a well-formed ``sha256:<64 hex>``."""
    return DIGEST.fullmatch(text) is not None

"""``dossier.json``: what the dossier says of itself. It is believed once a later check has anchored it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from audits.verification.documents import Value, is_number, is_text, read_json, within
from audits.verification.files import DESCRIPTION, Files
from audits.verification.refusals import Unfit
from governance.ledger.canonical import NotCanonical, canonical_bytes, is_digest

SCHEMA = "countersign.dossier.v1"
RELEASE, DECISION, PERIOD = "release", "decision", "period"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Stream:
    """Which entries of a stream are here: the first ``last``, or some by their numbers."""

    name: str
    last: int | None
    some: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """The dossier in its own words."""

    kind: str
    id: str
    subject: dict[str, Any]
    streams: tuple[Stream, ...]
    included: tuple[str, ...]
    left_out: frozenset[str]
    issued_at_size: int
    period: tuple[int, int] | None
    previous: tuple[int, str] | None
    words: tuple[str, ...]

    @property
    def own_stream(self) -> str:
        """The stream that holds the entries about the dossier itself."""
        return f"dossier:{self.id}"


def read_description(files: Files) -> Description:
    """What ``dossier.json`` says.

    Raises:
        Unfit: it is missing, not canonical, or not of the schema; named is the first part that is not.
    """
    data = files.bytes_of(DESCRIPTION)
    value = read_json(data, DESCRIPTION)
    if _has_fraction(value):
        raise Unfit(f"{DESCRIPTION} holds a number that is not whole.")
    try:
        is_canonical = canonical_bytes(value) == data
    except NotCanonical as fault:
        raise Unfit(f"{DESCRIPTION} has no canonical form: {fault}") from None
    if not is_canonical:
        raise Unfit(f"{DESCRIPTION} is not in canonical form (RFC 8785).")
    for part, is_right in PARTS.items():
        if not is_right(value):
            raise Unfit(f"{DESCRIPTION}: {part} is missing, or not what it should be.")
    names = [row["stream"] for row in value["streams"]]
    if names != sorted(set(names)):
        raise Unfit(f"{DESCRIPTION}: streams stand twice or are not sorted.")
    return _description(value)


def _description(value: dict[str, Any]) -> Description:
    period, previous = value.get("range"), value.get("previous")
    return Description(
        kind=value["kind"],
        id=value["id"],
        subject=value["subject"],
        streams=tuple(
            Stream(row["stream"], row["last"])
            if row["whole"]
            else Stream(row["stream"], None, tuple(row["entries"]))
            for row in value["streams"]
        ),
        included=tuple(value["blobs"]["included"]),
        left_out=frozenset(row["digest"] for row in value["blobs"]["left_out"]),
        issued_at_size=value["issued_at_size"],
        period=(period["first"], period["end"]) if period else None,
        previous=(previous["size"], previous["root"]) if previous else None,
        words=tuple(value["words"]),
    )


def _has_fraction(value: Value) -> bool:
    """Without recursion: how deep it goes is the sender's choice."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, float):
            return True
        waiting += found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return False


def _rows(value: Value) -> Iterator[Value]:
    """The members of a list; of anything else one thing that no check lets pass."""
    yield from value if isinstance(value, list) else (None,)


def _is_stream(row: Value) -> bool:
    if not is_text(within(row, "stream")):
        return False
    if row.get("whole") is True:
        return is_number(row.get("last"), 1)
    some = _rows(row.get("entries"))
    return (
        row.get("whole") is False
        and isinstance(row.get("why"), str)
        and all(is_number(one, 1) for one in some)
    )


def _is_left_out(row: Value) -> bool:
    return _is_digest(within(row, "digest")) and isinstance(within(row, "why"), str)


def _is_digest(value: Value) -> bool:
    return isinstance(value, str) and is_digest(value)


def _is_range(value: Value) -> bool:
    span = within(value, "range")
    if within(value, "kind") != PERIOD:
        return span is None
    first = within(span, "first")
    return is_number(first) and is_number(within(span, "end"), first)


def _is_previous(value: Value) -> bool:
    before = within(value, "previous")
    return before is None or (is_number(within(before, "size")) and isinstance(within(before, "root"), str))


def _is_id(value: Value) -> bool:
    found = within(value, "id")
    return isinstance(found, str) and UUID.fullmatch(found) is not None


PARTS: dict[str, Callable[[Value], bool]] = {
    "schema": lambda value: within(value, "schema") == SCHEMA,
    "kind": lambda value: within(value, "kind") in (RELEASE, DECISION, PERIOD),
    "id": _is_id,
    "subject": lambda value: isinstance(within(value, "subject"), dict),
    "streams": lambda value: all(map(_is_stream, _rows(within(value, "streams")))),
    "blobs.included": lambda value: all(map(_is_digest, _rows(within(value, "blobs", "included")))),
    "blobs.left_out": lambda value: all(map(_is_left_out, _rows(within(value, "blobs", "left_out")))),
    "range": _is_range,
    "issued_at_size": lambda value: is_number(within(value, "issued_at_size")),
    "previous": _is_previous,
    "words": lambda value: all(isinstance(one, str) for one in _rows(within(value, "words"))),
}
"""What the schema asks of each part, in the order in which they are looked at."""

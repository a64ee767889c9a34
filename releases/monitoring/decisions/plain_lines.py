"""The quick way to read a line: what is usual goes to a compiled decoder, all else is left to the slow way.

Whatever is taken here would be taken by :func:`releases.monitoring.decisions.lines.read_value` too, and comes
out the same to the byte: a test compares the two on what Hypothesis thinks up. A line that has anything
unusual about it (a letter beyond ASCII, an escape, a key twice, a number that is written otherwise in its
canonical form, a value out of bounds) is answered None. So refusals are only ever worded in one place.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from releases.monitoring.decisions.limits import (
    AHEAD,
    LONGEST_ATTRIBUTE,
    MOST_NAMES,
    OLDEST,
)
from releases.monitoring.decisions.rows import NewDecision, Pieces, plain_decision

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IN_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00:00)")
_EXPONENT, _LONG = re.compile(r"e[-+\d]"), re.compile(r":-?\d{16}")
"""What may be a number that the encoder writes in another way than RFC 8785, or one beyond 2^53. Apart, and
each with a first letter of its own: an expression of all of them took as long as all else here.
"""

_PLAIN_INTEGER = 2**53
_OUTCOMES = frozenset({"accept", "retry", "reject", "error"})
_QUOTES = 28
"""Quotation marks around the keys that every line has and around their values, scores apart."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Stamp = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Scores = Annotated[dict[_Name, float], msgspec.Meta(max_length=MOST_NAMES)]
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_ATTRIBUTE)]
_Attributes = Annotated[dict[_Name, _Text | bool | int | float | None], msgspec.Meta(max_length=MOST_NAMES)]


class _Shadow(msgspec.Struct, forbid_unknown_fields=True):
    outcome: str
    scores: _Scores
    stamp: _Stamp


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    at: str
    channel: str
    stamp: _Stamp
    subject: _Name
    scores: _Scores
    outcome: str
    latency_ms: float
    band: Annotated[str, msgspec.Meta(max_length=100)] | msgspec.UnsetType = msgspec.UNSET
    sdk: Annotated[str, msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    shadow: _Shadow | msgspec.UnsetType | None = msgspec.UNSET
    attributes: _Attributes | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(_Line)
_ENCODER = msgspec.json.Encoder(order="sorted")


def read_plain(number: int, data: bytes, now: datetime) -> NewDecision | None:
    """The decision that the line holds, or None: the line is to be read the slow way."""
    if not data.isascii() or b"\\" in data:
        return None
    try:
        line = _DECODER.decode(data)
    except msgspec.MsgspecError:
        return None
    at = _time(line.at, now)
    if (
        at is None
        or line.outcome not in _OUTCOMES
        or not _UUID.fullmatch(line.id)
        or not _UUID.fullmatch(line.channel)
        or line.latency_ms < 0
    ):
        return None
    latency = _number(line.latency_ms)
    scores = _object(line.scores)
    attributes = _object(line.attributes) if line.attributes else "{}"
    shadow = _shadow(line.shadow) if line.shadow else None
    if latency is None or scores is None or attributes is None or shadow == "":
        return None
    if data.count(b'"') != _quotes(line, scores, attributes, shadow):
        return None
    pieces = Pieces(
        line.id,
        at,
        line.channel,
        latency,
        scores,
        shadow,
        attributes,
        line.stamp,
        line.subject,
        line.band or "",
        line.outcome,
        line.sdk or "",
    )
    return plain_decision(number, pieces)


def _quotes(line: _Line, scores: str, attributes: str, shadow: str | None) -> int:
    """How many quotation marks a line with these values has, if no key stands in it twice: the decoder
    takes the last of two without a word.
    """
    return (
        _QUOTES
        + scores.count('"')
        + (0 if line.band is msgspec.UNSET else 4)
        + (0 if line.sdk is msgspec.UNSET else 4)
        + (0 if line.attributes is msgspec.UNSET else 2 + attributes.count('"'))
        + (0 if line.shadow is msgspec.UNSET else 2)
        + (shadow.count('"') if shadow else 0)
    )


def _time(text: str, now: datetime) -> str | None:
    """The time in its canonical form."""
    found = _IN_UTC.fullmatch(text)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not now - OLDEST <= at <= now + AHEAD:
        return None
    seconds, fraction = found.groups("")
    return f"{seconds}.{fraction:0<6}Z"


def _number(value: float) -> str | None:
    if value.is_integer():
        return str(int(value)) if value < _PLAIN_INTEGER else None
    text = repr(value)
    return None if "e" in text else text


def _object(values: Mapping[str, object]) -> str | None:
    """The object as canonical JSON; None where a number is too large or to be written with an exponent."""
    text = _ENCODER.encode(values).decode()
    if not (".0," in text or ".0}" in text or _EXPONENT.search(text) or _LONG.search(text)):
        return text
    plain: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, bool | str) or value is None:
            plain[name] = value
            continue
        assert isinstance(value, int | float)
        if not -_PLAIN_INTEGER < value < _PLAIN_INTEGER:
            return None
        plain[name] = int(value) if value == int(value) else value
        if "e" in repr(plain[name]):
            return None
    return _ENCODER.encode(plain).decode()


def _shadow(shadow: _Shadow) -> str:
    """The shadow's answer as canonical JSON; empty where it is to be read the slow way."""
    scores = _object(shadow.scores)
    if scores is None or shadow.outcome not in _OUTCOMES:
        return ""
    return f'{{"outcome":"{shadow.outcome}","scores":{scores},"stamp":"{shadow.stamp}"}}'

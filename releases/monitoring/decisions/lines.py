"""Reported decisions as they arrive: one JSON object each, checked before anything is stored.

A report is JSON lines, so each line is judged alone: a bad one is refused by number, field and reason and
never loses a good one. What cannot be read as lines at all is refused as a whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints
from rest_framework.exceptions import ParseError

from governance.access.parsing import parse_json
from governance.documents import checked
from governance.errors import GovernanceError, InvalidInput, invalid
from releases.bundles.documents import Document

MOST_LINES = 20_000
"""About 20 s of a busy worker: each line is checked, brought to its canonical form and hashed."""

LARGEST_LINE = 64 * 1024
LARGEST_REPORT = 50 * 1024**2
MOST_NAMES = 50
LONGEST_ATTRIBUTE = 1000
AHEAD = timedelta(minutes=5)
"""How far the decision service's clock may be ahead of ours."""
OLDEST = timedelta(days=90)
"""Older decisions are refused: nobody could have been watching them."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not TIME.fullmatch(value):
        raise ValueError("a time with its zone is wanted, such as 2026-11-23T05:54:32.120Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{value} is no moment of the calendar") from None


def _identifier(value: object) -> UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError("a UUID is wanted, written with hyphens")
    try:
        return UUID(value)
    except ValueError:
        raise ValueError("a UUID is wanted, written with hyphens") from None


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_ATTRIBUTE:
        return value
    raise ValueError(
        f"a text of at most {LONGEST_ATTRIBUTE} characters, a number, true, false or null is wanted"
    )


Identifier = Annotated[UUID, BeforeValidator(_identifier)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Stamp = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Scores = Annotated[dict[Name, FiniteFloat], Field(max_length=MOST_NAMES)]
Outcome = Literal["accept", "retry", "reject", "error"]
Scalar = Annotated[str | bool | int | float | None, BeforeValidator(_plain)]


class ShadowBody(Document):
    """What the candidate of a shadow stage would have done with the same capture."""

    stamp: Stamp
    scores: Scores
    outcome: Outcome


class DecisionBody(Document):
    """One decision. Attributes are plain values: what segments, use cases and attempts are read from."""

    id: Identifier
    at: Annotated[datetime, BeforeValidator(_time)]
    channel: Identifier
    stamp: Stamp
    subject: Name
    scores: Scores
    band: Annotated[str, StringConstraints(max_length=100)] = ""
    outcome: Outcome
    latency_ms: Annotated[FiniteFloat, Field(ge=0)]
    sdk: Annotated[str, StringConstraints(max_length=200)] = ""
    shadow: ShadowBody | None = None
    attributes: Annotated[dict[Name, Scalar], Field(max_length=MOST_NAMES)] = Field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a line was not taken: its number from 1, its id if it has one, the field and what is wrong."""

    line: int
    id: str | None
    field: str
    message: str
    code: str = "invalid_input"


@dataclass(frozen=True)
class Line:
    """A line that could be read."""

    number: int
    body: DecisionBody


def read_line(number: int, data: bytes, now: datetime) -> Line | Refusal:
    """A line of a report, or why it is refused."""
    if len(data) > LARGEST_LINE:
        return Refusal(number, None, "line", f"a line has at most {LARGEST_LINE // 1024} KiB.")
    try:
        value = parse_json(data)
    except (ParseError, InvalidInput) as error:
        return _refusal(number, None, error)
    return read_value(number, value, now)


def read_value(number: int, value: Any, now: datetime) -> Line | Refusal:
    """A decision as a JSON value, or why it is refused."""
    try:
        body = checked(DecisionBody, value, field="decision", title="The decision")
        _check_time(body.at, now)
    except InvalidInput as error:
        return _refusal(number, value, error)
    return Line(number, body)


def _check_time(at: datetime, now: datetime) -> None:
    if at > now + AHEAD:
        raise invalid("at", f"{at:%F %T} UTC lies more than {AHEAD.seconds // 60} minutes in the future.")
    if at < now - OLDEST:
        raise invalid("at", f"{at:%F %T} UTC lies more than {OLDEST.days} days in the past.")


def _refusal(number: int, value: Any, error: Exception) -> Refusal:
    named = value.get("id") if isinstance(value, dict) else None
    known = named[:36] if isinstance(named, str) else None
    if isinstance(error, GovernanceError) and error.field_errors:
        first = error.field_errors[0]
        field = first.field.removeprefix("decision.")
        return Refusal(number, known, field[:200], _written(first.message))
    return Refusal(number, known, "line", _written(str(error)))


def _written(message: str) -> str:
    """A message may quote what was sent: what cannot be written in UTF-8 stands as an escape."""
    return message.encode("utf-8", "backslashreplace").decode()[:500]


def numbered(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines in the chunks, numbered from 1; blank ones are counted and left out. One that is too long
    comes cut off, one byte longer than allowed.

    Raises:
        InvalidInput: there are too many lines.
    """
    for number, line in enumerate(_lines(chunks), start=1):
        if number > MOST_LINES:
            raise invalid(
                "body", f"a report has at most {MOST_LINES} lines.", next_step="Send it in several parts."
            )
        if line.strip():
            yield number, line


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line[: LARGEST_LINE + 1] for line in whole)
        rest = rest[: LARGEST_LINE + 1]
    if rest:
        yield rest

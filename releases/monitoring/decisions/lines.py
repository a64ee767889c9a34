"""Reported decisions as they arrive: one JSON object each, checked before anything is stored.

A report is JSON lines, so each line is judged alone: a bad one is refused by number, field and reason and
never loses a good one. What cannot be read as lines at all is refused as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from rest_framework.exceptions import ParseError

from governance.access.parsing import parse_json
from governance.documents import checked
from governance.errors import GovernanceError, InvalidInput, invalid
from governance.ledger.canonical import canonical_bytes, format_time
from releases.bundles.document_parts import Document
from releases.monitoring.decisions.limits import LARGEST_LINE, MOST_LINES, MOST_NAMES
from releases.monitoring.decisions.plain_lines import read_plain
from releases.monitoring.decisions.rows import NewDecision, Pieces, any_decision
from releases.monitoring.decisions.values import (
    Identifier,
    Moment,
    Name,
    Outcome,
    Real,
    Scalar,
    Scores,
    Stamp,
    check_time,
)


class ShadowBody(Document):
    """What the candidate of a shadow stage would have done with the same capture."""

    stamp: Stamp
    scores: Scores
    outcome: Outcome


class DecisionBody(Document):
    """One decision. Attributes are plain values: what segments, use cases and attempts are read from."""

    id: Identifier
    at: Moment
    channel: Identifier
    stamp: Stamp
    subject: Name
    scores: Scores
    band: Annotated[str, StringConstraints(max_length=100)] = ""
    outcome: Outcome
    latency_ms: Annotated[Real, Field(ge=0)]
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


def read_line(number: int, data: bytes, now: datetime) -> NewDecision | Refusal:
    """A line of a report, or why it is refused."""
    if len(data) > LARGEST_LINE:
        return Refusal(number, None, "line", f"a line has at most {LARGEST_LINE // 1024} KiB.")
    if plain := read_plain(number, data, now):
        return plain
    try:
        value = parse_json(data)
    except (ParseError, InvalidInput) as error:
        return refusal(number, None, error)
    return read_value(number, value, now)


def read_value(number: int, value: Any, now: datetime) -> NewDecision | Refusal:
    """A decision as a JSON value, or why it is refused."""
    try:
        body = checked(DecisionBody, value, field="decision", title="The decision")
        check_time(body.at, now, "at")
    except InvalidInput as error:
        return refusal(number, value, error)
    document = body.model_dump()
    pieces = Pieces(
        id=str(body.id),
        at=format_time(body.at),
        channel=str(body.channel),
        latency=_canonical(body.latency_ms),
        scores=_canonical(body.scores),
        shadow=_canonical(document["shadow"]) if body.shadow else None,
        attributes=_canonical(body.attributes),
        stamp=body.stamp,
        subject=body.subject,
        band=body.band,
        outcome=body.outcome,
        sdk=body.sdk,
    )
    return any_decision(number, canonical_bytes(document) + b"\n", pieces)


def _canonical(value: object) -> str:
    return canonical_bytes(value).decode()


def refusal(number: int, value: Any, error: Exception, root: str = "decision") -> Refusal:
    """Why a line that holds ``value`` is refused; fields are named as they stand below ``root``."""
    named = value.get("id") if isinstance(value, dict) else None
    known = named[:36] if isinstance(named, str) else None
    if isinstance(error, GovernanceError) and error.field_errors:
        first = error.field_errors[0]
        field = first.field.removeprefix(f"{root}.")
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

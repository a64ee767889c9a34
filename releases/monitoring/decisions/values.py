"""The values that decision services report, as pydantic checks them: ids, times, scores, attributes."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints

from governance.errors import invalid
from governance.ledger.canonical import MAX_INTEGER
from releases.monitoring.decisions.limits import AHEAD, LONGEST_ATTRIBUTE, MOST_NAMES, OLDEST, TIME


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
    if isinstance(value, int | float) and abs(value) > MAX_INTEGER:
        raise ValueError("numbers lie between −(2^53 − 1) and 2^53 − 1")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_ATTRIBUTE:
        return value
    raise ValueError(
        f"a text of at most {LONGEST_ATTRIBUTE} characters, a number, true, false or null is wanted"
    )


def check_time(at: datetime, now: datetime, field: str) -> None:
    """Refuse a time that a right clock cannot have sent, or that nobody could have been watching.

    Raises:
        InvalidInput: naming ``field``.
    """
    if at > now + AHEAD:
        raise invalid(field, f"{at:%F %T} UTC lies more than {AHEAD.seconds // 60} minutes in the future.")
    if at < now - OLDEST:
        raise invalid(field, f"{at:%F %T} UTC lies more than {OLDEST.days} days in the past.")


Identifier = Annotated[UUID, BeforeValidator(_identifier)]
Moment = Annotated[datetime, BeforeValidator(_time)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Stamp = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Real = Annotated[FiniteFloat, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
"""Beyond these, the canonical form of a double is a whole number that no reader takes."""
Scores = Annotated[dict[Name, Real], Field(max_length=MOST_NAMES)]
Outcome = Literal["accept", "retry", "reject", "error"]
Scalar = Annotated[str | bool | int | float | None, BeforeValidator(_plain)]

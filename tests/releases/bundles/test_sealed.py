"""Which of a channel's assignments served, from when to when: whatever the ledger made them wait."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from releases.bundles.sealed import spans

ZERO = datetime(2026, 3, 1, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """An assignment made at ``made``, which serves from ``serves``."""

    made: int
    serves: datetime | None


def at(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Assignments in their order; each serves at once, later, or not yet."""
    made = sorted(draw(st.sets(st.integers(0, 50), max_size=8)))
    waits = draw(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=len(made), max_size=len(made)))
    return [Row(one, None if wait is None else at(one + wait)) for one, wait in zip(made, waits, strict=True)]


@given(histories(), st.integers(0, 90))
def test_the_newest_that_may_serve_is_the_one_that_does(rows: list[Row], minute: int) -> None:
    may = [row for row in rows if row.serves is not None and row.serves <= at(minute)]

    does = [
        row
        for row, lower, upper in spans(rows)
        if lower <= at(minute) and (upper is None or at(minute) < upper)
    ]

    assert does == may[-1:]


def test_one_that_waited_until_the_next_one_served_never_answered() -> None:
    first, overtaken, third = Row(0, at(0)), Row(1, at(9)), Row(5, at(5))

    found = spans([first, overtaken, third])

    assert found == [(first, at(0), at(5)), (third, at(5), None)]


def test_one_that_would_serve_in_the_moment_of_the_next_one_never_answered() -> None:
    first, overtaken, third = Row(0, at(0)), Row(1, at(5)), Row(5, at(5))

    assert spans([first, overtaken, third]) == [(first, at(0), at(5)), (third, at(5), None)]


def test_one_that_still_waits_ends_nothing() -> None:
    first, waiting = Row(0, at(0)), Row(1, None)

    assert spans([first, waiting]) == [(first, at(0), None)]

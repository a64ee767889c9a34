"""Moments that a reader asks about."""

from datetime import UTC, datetime

import pytest

from governance.errors import InvalidInput
from releases.bundles.times import asked_moment


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_beyond_the_calendar_in_utc_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no time"):
        asked_moment(text)


def test_a_time_is_answered_in_utc() -> None:
    found = asked_moment("2026-03-18T09:30:00+02:00")

    assert found == datetime(2026, 3, 18, 7, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_read_in_the_given_one() -> None:
    found = asked_moment("2026-03-18T09:30", zone=UTC)

    assert found == datetime(2026, 3, 18, 9, 30, tzinfo=UTC)


def test_a_time_ahead_is_refused_also_without_a_zone() -> None:
    with pytest.raises(InvalidInput, match="lies in the future"):
        asked_moment("2999-01-01T00:00", zone=UTC)

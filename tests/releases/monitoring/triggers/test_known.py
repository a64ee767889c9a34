"""What a trigger keeps to go back to, where late data change an hour."""

from datetime import timedelta
from itertools import pairwise

from releases.monitoring.triggers.given import NOTHING, Sums
from releases.monitoring.triggers.known import Known, thinned
from tests.factories.triggers import T0

HOUR = timedelta(hours=1)


def kept(hours: int) -> tuple[Sums, ...]:
    """What is kept after so many hours, thinned with each of them."""
    found: tuple[Sums, ...] = (NOTHING,)
    for hour in range(1, hours + 1):
        found = thinned([*found, Sums(to=T0 + hour * HOUR)])
    return found


def test_a_week_is_kept_in_ten_places_and_the_newer_the_nearer_they_are() -> None:
    found = kept(168)
    ages = [168 - (one.to - T0) // HOUR for one in found if one.to is not None]

    assert found[0] is NOTHING
    assert len(ages) <= 10
    assert (ages[-1], ages[-2]) == (0, 1)
    assert all(older <= 4 * newer + 1 for older, newer in pairwise(ages))


def test_going_back_takes_the_newest_sums_without_what_changed() -> None:
    known = Known().after(NOTHING, kept(9), {}, None)

    assert known.before(T0 + 8 * HOUR).to == T0 + 8 * HOUR
    assert known.before(T0 + 8 * HOUR - timedelta(seconds=1)).to != T0 + 8 * HOUR
    assert known.before(T0) is NOTHING

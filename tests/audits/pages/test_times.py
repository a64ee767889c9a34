"""Times on pages as they stand before a script shows them in the reader's zone, and on paper."""

from datetime import UTC, datetime

import pytest
import time_machine

from audits.templatetags.countersign import when


@pytest.mark.parametrize(
    ("at", "form", "shown"),
    [
        (datetime(2026, 11, 2, 9, 5, tzinfo=UTC), "time", "2 Nov, 09:05 UTC"),
        (datetime(2025, 11, 2, 9, 5, tzinfo=UTC), "time", "2 Nov 2025, 09:05 UTC"),
        (datetime(2026, 11, 2, tzinfo=UTC), "date", "2 Nov"),
        (datetime(2027, 1, 2, tzinfo=UTC), "date", "2 Jan 2027"),
    ],
)
def test_another_year_than_this_is_named(at: datetime, form: str, shown: str) -> None:
    with time_machine.travel(datetime(2026, 12, 31, 23, 59, tzinfo=UTC), tick=False):
        found = when(at, form)

    assert found.endswith(f">{shown}</time>")

"""The quick way and the slow way of reading a line come to the same bytes, or the quick way stands back."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.ledger.canonical import canonical_bytes
from releases.monitoring.decisions.lines import read_value
from releases.monitoring.decisions.plain_lines import read_plain
from releases.monitoring.decisions.rows import NewDecision

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "id": "01a216c0-a22a-7741-a273-4f2133693393",
    "at": "2026-11-23T11:00:00.120Z",
    "channel": "01a216c0-a22a-7741-a273-4f2133693394",
    "stamp": "sha256:" + "0" * 64,
    "subject": "person-001",
    "scores": {"depth": 0.2, "texture": 1},
    "outcome": "accept",
    "latency_ms": 118.5,
}

texts = st.text(max_size=12)
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**54), 2**54),
    st.floats(0, 2),
    st.sampled_from([0.0, -0.0, 1e-3, 1e-4, 1e-7, 5e-324, 2.0**53, 1e16, 1e21, 123456789.25]),
)
scalars = st.one_of(texts, numbers, st.booleans(), st.none())
changes = st.fixed_dictionaries(
    {},
    optional={
        "subject": texts,
        "stamp": texts,
        "band": texts,
        "sdk": texts,
        "scores": st.dictionaries(texts, numbers, max_size=4),
        "latency_ms": numbers,
        "attributes": st.dictionaries(texts, scalars, max_size=5),
        "shadow": st.none()
        | st.fixed_dictionaries(
            {
                "stamp": texts,
                "scores": st.dictionaries(texts, numbers, max_size=3),
                "outcome": st.sampled_from(["accept", "reject", "maybe"]),
            }
        ),
        "at": st.sampled_from(
            [
                "2026-11-23T11:00:00Z",
                "2026-11-23T13:00:00.123456789+02:00",
                "2026-11-23 11:00:00Z",
                "2026-11-23T11:00:00",
                "2026-02-30T11:00:00Z",
                "2026-11-23T12:05:00.000001Z",
                "2026-08-25T11:59:59Z",
            ]
        ),
        "id": st.sampled_from(["01A216C0-A22A-7741-A273-4F2133693393", "x", str(uuid4())]),
        "outcome": st.sampled_from(["retry", "reject", "error", "ACCEPT"]),
        "more": texts,
    },
)


@given(changes, st.booleans())
@example({"attributes": {"a": 1e-5, "b": 5.0, "z": True}}, True)
def test_what_the_quick_way_takes_the_slow_way_takes_to_the_same_bytes(
    change: dict[str, Any], escaped: bool
) -> None:
    value = {**GOOD, **change}
    data = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")

    quick = read_plain(7, data, NOW)

    slow = read_value(7, value, NOW)
    assert quick is None or quick == slow


@given(changes)
def test_the_line_put_together_from_pieces_is_the_canonical_one(change: dict[str, Any]) -> None:
    found = read_value(1, {**GOOD, **change}, NOW)

    assert not isinstance(found, NewDecision) or found.line == canonical_bytes(json.loads(found.line)) + b"\n"


def test_a_usual_line_goes_the_quick_way() -> None:
    value = {**GOOD, "attributes": {"capture_device": "phone", "attempt": 1, "age": 61.5}, "band": "accept"}

    assert read_plain(1, json.dumps(value).encode(), NOW) is not None


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(GOOD)[:-1] + ', "subject": "person-002"}',
        json.dumps(GOOD).replace('"depth": 0.2', '"depth": 0.2, "depth": 0.3'),
        json.dumps(GOOD).replace("0.2", "NaN"),
        json.dumps(GOOD).replace("0.2", "1e999"),
        json.dumps(GOOD).replace("person-001", "person\\u0000"),
        json.dumps(GOOD) + " x",
        json.dumps(GOOD).replace("118.5", "true"),
        json.dumps(GOOD).replace("118.5", '"118.5"'),
        json.dumps(GOOD).replace("118.5", "-1"),
    ],
    ids=["key", "inner_key", "nan", "overflow", "nul", "rest", "boolean", "text", "negative"],
)
def test_a_line_that_is_to_be_refused_is_left_to_the_slow_way(line: str) -> None:
    assert read_plain(1, line.encode(), NOW) is None

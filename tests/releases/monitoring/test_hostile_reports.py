"""Reports as careless and hostile clients send them: refused by line, field and reason, never a 500."""

import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of_bytes
from releases.monitoring.decisions import lines, ndjson
from releases.monitoring.decisions.limits import LARGEST_LINE
from releases.monitoring.decisions.lines import Refusal, numbered, read_line, read_value
from releases.monitoring.decisions.models import Decision
from releases.monitoring.decisions.rows import NewDecision
from tests.factories.cast import Cast
from tests.factories.http import with_token
from tests.releases.monitoring.lines import NDJSON, URL, decision, post_lines, post_one, without

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "id": str(uuid4()),
    "at": "2026-11-23T05:54:32.120Z",
    "channel": str(uuid4()),
    "stamp": "sha256:" + "0" * 64,
    "subject": "person-001",
    "scores": {"depth": 0.2},
    "band": "accept",
    "outcome": "accept",
    "latency_ms": 118.5,
}


@pytest.fixture
def reporter(team: Cast) -> Client:
    """The decision service with its token."""
    return with_token(team.integration)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "band"])
def test_each_field_that_is_missing_is_named(name: str) -> None:
    found = read_value(1, without(GOOD, name), NOW)

    assert isinstance(found, Refusal)
    assert (found.field, found.message) == (name, "is missing and is needed")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "7"}, "id"),
        ({"id": 7}, "id"),
        ({"id": "{" + str(uuid4())[:-2] + "}"}, "id"),
        ({"at": 1764000000}, "at"),
        ({"at": "1764000000"}, "at"),
        ({"at": "2026-11-23T05:54:32"}, "at"),
        ({"at": "2026-11-31T05:54:32Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "at"),
        ({"at": "2026-11-23T12:05:01Z"}, "at"),
        ({"at": "2026-08-25T11:59:59Z"}, "at"),
        ({"channel": "android"}, "channel"),
        ({"stamp": ""}, "stamp"),
        ({"stamp": "x" * 101}, "stamp"),
        ({"subject": ""}, "subject"),
        ({"subject": ["a"]}, "subject"),
        ({"scores": [0.5]}, "scores"),
        ({"scores": {"depth": "0.5"}}, "scores.depth"),
        ({"scores": {"depth": True}}, "scores.depth"),
        ({"scores": {"": 0.5}}, "scores..[key]"),
        ({"scores": {f"s{number}": 0.5 for number in range(51)}}, "scores"),
        ({"outcome": "maybe"}, "outcome"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"latency_ms": None}, "latency_ms"),
        ({"shadow": {"stamp": "s", "scores": {}, "outcome": "accept", "more": 1}}, "shadow.more"),
        ({"attributes": {"a": {"b": 1}}}, "attributes.a"),
        ({"attributes": {f"a{number}": 1 for number in range(51)}}, "attributes"),
        ({"relase": "v3.1"}, "relase"),
    ],
)
def test_each_field_that_does_not_fit_is_named(change: dict[str, Any], field: str) -> None:
    found = read_value(3, {**GOOD, **change}, NOW)

    assert isinstance(found, Refusal), found
    assert (found.line, found.field) == (3, field)
    assert found.message


def test_five_minutes_ahead_and_ninety_days_back_are_taken() -> None:
    ahead = read_value(1, {**GOOD, "at": "2026-11-23T12:05:00Z"}, NOW)
    back = read_value(1, {**GOOD, "at": "2026-08-25T12:00:00+00:00"}, NOW)

    assert isinstance(ahead, NewDecision)
    assert isinstance(back, NewDecision)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ('{"scores": {"a": NaN}}', "NaN"),
        ('{"scores": {"a": -Infinity}}', "Infinity"),
        ('{"scores": {"a": 1e999}}', "too large"),
        ('{"subject": "\\ud800"}', "surrogate"),
        ('{"subject": "\\u0000"}', "NUL"),
        ('{"a": 9007199254740993}', "2^53"),
        ('{"id": 1, "id": 2}', "twice"),
        ("[" * 5000, "nested"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested"),
        ("7", "an object is wanted"),
        ("null", "an object is wanted"),
        ('"text"', "an object is wanted"),
    ],
)
def test_a_line_that_is_no_object_with_a_canonical_form_is_refused(text: str, why: str) -> None:
    found = read_line(1, text.encode(), NOW)

    assert isinstance(found, Refusal)
    assert why in found.message


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert isinstance(read_line(1, b'{"subject": "\xff"}', NOW), Refusal)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(field=st.sampled_from([*GOOD, "sdk", "shadow", "attributes", "other"]), value=json_values)
def test_whatever_stands_in_a_field_it_is_taken_or_refused(field: str, value: Any) -> None:
    data = json.dumps({**GOOD, field: value}).encode()

    found = read_line(1, data, NOW)

    assert isinstance(found, NewDecision | Refusal)


@given(data=st.binary(max_size=200))
def test_whatever_a_line_is_it_is_taken_or_refused(data: bytes) -> None:
    assert isinstance(read_line(1, data, NOW), NewDecision | Refusal)


@given(
    parts=st.lists(st.binary(max_size=6).map(lambda part: part.replace(b"\n", b"")), max_size=8),
    size=st.integers(1, 7),
)
def test_lines_are_the_same_however_they_are_cut_into_chunks(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts)
    chunks = iter([data[start : start + size] for start in range(0, len(data), size)])

    found = list(numbered(chunks))

    assert found == [(number, part) for number, part in enumerate(parts, 1) if part.strip()]


def test_a_line_that_is_too_long_is_refused_and_the_next_one_is_taken(team: Cast, reporter: Client) -> None:
    good = decision(team.channel("ios"))

    answer = post_lines(reporter, ["x" * (3 * LARGEST_LINE), good])

    assert answer.json()["accepted"] == 1
    assert [(row["line"], row["message"]) for row in answer.json()["refused"]] == [
        (1, "a line has at most 64 KiB.")
    ]


def test_too_many_lines_are_refused_as_a_whole(
    team: Cast, reporter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_LINES", 3)

    answer = post_lines(reporter, [decision(team.channel("ios")) for _ in range(4)])

    assert answer.status_code == 400
    assert "at most 3 lines" in answer.json()["detail"]
    assert Decision.objects.count() == 0


def test_a_report_that_unpacks_to_more_than_allowed_is_refused_while_it_is_read(
    team: Cast, reporter: Client
) -> None:
    bomb = gzip.compress(b"\n" * (80 * 1024**2), compresslevel=9)

    answer = reporter.post(URL, bomb, content_type=NDJSON, headers={"content-encoding": "gzip"})

    assert len(bomb) < 200_000
    assert answer.status_code in {400, 413}
    assert Decision.objects.count() == 0


def test_the_bound_counts_bytes_after_unpacking() -> None:
    packed = io.BytesIO(gzip.compress(b"x" * (60 * 1024**2)))
    chunks = ndjson._bounded(ndjson._gunzipped(packed))

    with pytest.raises(ndjson.ReportTooLarge) as refused:
        sum(len(chunk) for chunk in chunks)

    assert refused.value.status == 413


@given(data=st.binary(max_size=3000), size=st.integers(1, 400), parts=st.integers(1, 3))
def test_gzip_of_several_members_gives_back_what_was_packed(data: bytes, size: int, parts: int) -> None:
    packed = io.BytesIO(b"".join(gzip.compress(data) for _ in range(parts)))
    packed_in_pieces = iter(lambda: packed.read(size), b"")

    class Stream(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            return next(packed_in_pieces, b"")

    found = b"".join(ndjson._gunzipped(Stream()))  # type: ignore[arg-type]  # all that is read is read()

    assert digest_of_bytes(found) == digest_of_bytes(data * parts)


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"no gzip at all", "gzip", 400),
        (gzip.compress(b'{"a": 1}\n' * 50)[:-9], "gzip", 400),
        (gzip.compress(b"{}") + b"trailing", "gzip", 400),
        (b"{}", "br", 415),
        (b"", "identity", 400),
        (b"\n\n  \n", "identity", 400),
    ],
    ids=["no gzip", "cut off", "trailing bytes", "unknown encoding", "empty", "blank lines"],
)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(
    reporter: Client, body: bytes, encoding: str, code: int
) -> None:
    answer = reporter.post(URL, body, content_type=NDJSON, headers={"content-encoding": encoding})

    assert answer.status_code == code, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("value", [[], "text", 7, None, {}, [{"id": 1}]])
def test_one_decision_that_is_none_is_refused(reporter: Client, value: Any) -> None:
    answer = post_one(reporter, json.dumps(value))

    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "query",
    ["at_from=yesterday", "outcome=maybe", "channel=android", "subject=%00", "relase=1", "ordering=stamp"],
)
def test_a_filter_that_does_not_fit_is_refused(reporter: Client, query: str) -> None:
    assert reporter.get(f"{URL}?{query}").status_code == 400


def test_many_refusals_are_counted_and_the_first_thousand_listed(team: Cast, reporter: Client) -> None:
    answer = post_lines(reporter, ["{"] * 1005)

    assert answer.json()["refused_total"] == 1005
    assert len(answer.json()["refused"]) == 1000


def test_a_decision_without_a_moment_in_its_future_is_judged_by_the_servers_clock(
    team: Cast, reporter: Client
) -> None:
    late = (timezone.now() + timedelta(minutes=6)).isoformat()

    answer = post_one(reporter, decision(team.channel("ios"), at=late))

    assert answer.status_code == 400
    assert "5 minutes in the future" in answer.json()["detail"]


def test_reading_stops_at_the_first_line_too_many() -> None:
    endless = iter(lambda: b"x\n" * 1000, b"")

    with pytest.raises(InvalidInput, match="at most"):
        sum(1 for _ in numbered(endless))

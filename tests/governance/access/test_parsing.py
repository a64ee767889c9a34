"""Bodies: what has no canonical form is refused by its place before anything else looks at it."""

import io
import json
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.exceptions import ParseError

from governance.access.parsing import StrictJSONParser, parse_json
from governance.errors import InvalidInput
from governance.ledger.canonical import MAX_DEPTH, MAX_INTEGER, canonical_bytes

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(-float(MAX_INTEGER), float(MAX_INTEGER))
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_a_value_with_a_canonical_form_arrives_unchanged(value: Any) -> None:
    parsed = parse_json(json.dumps(value).encode())

    assert parsed == value
    assert canonical_bytes(parsed) == canonical_bytes(value)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"a": {"b": [1, 9007199254740992]}}', "a.b[1]"),
        (b'{"a": -9007199254740992}', "a"),
        (b'{"a": 9007199254740992.0}', "a"),
        (b'{"a": -1e20}', "a"),
        (b'{"a": 1e308}', "a"),
        (b'{"a": 1e999}', "a"),
        (b'{"a": [-1e999]}', "a[0]"),
        (b'{"a": "x\\u0000y"}', "a"),
        (b'{"a": "\\ud800"}', "a"),
        (b'{"a": {"\\u0000": 1}}', "a"),
        (b'{"\\udfff": 1}', "body"),
        (b'"\\u0000"', "body"),
    ],
)
def test_a_value_without_a_canonical_form_is_refused_by_its_place(body: bytes, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_json(body)

    assert [item.field for item in refused.value.field_errors] == [field]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"[Infinity]", "Infinity is no JSON number"),
        (b'{"a": 1, "b": 2, "a": 3}', "The key 'a' stands twice"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "more than 64 levels"),
        (b"[" * 200_000, "more than 64 levels"),
        (b"9" * 5000, "5,000 digits; send it as text"),
    ],
)
def test_a_body_that_is_not_strict_json_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse_json(body)


def test_the_deepest_body_allowed_is_taken() -> None:
    assert parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "body", [b'{"a": 9007199254740991}', b'{"a": -9007199254740991}', b'{"a": 9007199254740991.0}']
)
def test_the_largest_numbers_allowed_are_taken(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


def test_a_body_of_the_size_allowed_is_taken_and_one_byte_more_is_not(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert StrictJSONParser().parse(io.BytesIO(b'"12345678"')) == "12345678"
    with pytest.raises(RequestDataTooBig):
        StrictJSONParser().parse(io.BytesIO(b'"123456789"'))

"""Canonical bytes (L11): RFC 8785's own cases, and what has no canonical form."""

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger.canonical import (
    NotCanonical,
    canonical_bytes,
    digest_of,
    digest_of_bytes,
    format_time,
    is_digest,
    plain,
)
from tests.servers import ROOT

# RFC 8785, appendix B: the bits of a double and how it is written.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


PUBLISHED = json.loads((ROOT / "tests" / "data" / "ledger" / "canonical.json").read_text())
"""Cases of the RFC's author, see README.md beside them."""


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: float
    tags: frozenset[str]


@pytest.mark.parametrize(("bits", "written"), NUMBERS.items())
def test_doubles_are_written_as_the_rfc_says(bits: str, written: str) -> None:
    [number] = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical_bytes(number) == written.encode()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e21, b"1e+21"),
        (1e-7, b"1e-7"),
        (-0.0, b"0"),
        (4.50, b"4.5"),
        (2e-3, b"0.002"),
        (1e30, b"1e+30"),
        (1e-27, b"1e-27"),
        (1.0, b"1"),
        (2**53 - 1, b"9007199254740991"),
        (-(2**53) + 1, b"-9007199254740991"),
        (True, b"true"),
        (None, b"null"),
        ([], b"[]"),
        ({}, b"{}"),
        ([56, {"d": True, "10": None, "1": []}], b'[56,{"1":[],"10":null,"d":true}]'),
    ],
)
def test_values_are_written_as_the_rfc_says(value: Any, written: bytes) -> None:
    assert canonical_bytes(value) == written


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_text_is_written_as_published(name: str) -> None:
    case = PUBLISHED[name]

    assert canonical_bytes(json.loads(case["input"])) == case["output"].encode()


def test_keys_are_sorted_by_utf16_units() -> None:
    """The RFC's own example, section 3.2.3: U+1F600 stands before U+FB33, as its first unit is D83D."""
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    assert list(json.loads(canonical_bytes(value))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_text_is_escaped_as_the_rfc_says() -> None:
    """The RFC's own example, section 3.2.2, and the shortest form of each control character."""
    value = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/\b\f\t\u0000\u007f\u2028</script>"

    assert canonical_bytes(value) == (
        '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\\b\\f\\t\\u0000\u007f\u2028</script>"'.encode()
    )


def test_two_spellings_of_one_letter_stay_two_texts() -> None:
    composed, decomposed = "\u00e9", "e\u0301"

    assert canonical_bytes({composed: 1, decomposed: 2}) == '{"e\u0301":2,"\u00e9":1}'.encode()
    assert digest_of(composed) != digest_of(decomposed)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (-float("inf"), "inf"),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        ({"a": [2**64]}, "18446744073709551616"),
        ("\ud800", "no canonical form"),
        ({"\udfff": 1}, "no canonical form"),
        ({"\ud800": 1, "a": 2}, "no canonical form"),
        (b"bytes", "bytes"),
        pytest.param(object(), "object", id="object"),
        (1j, "complex"),
        (datetime(2026, 1, 1), "time zone"),
        ({1.5: "a"}, "1.5"),
        ({None: "a"}, "None"),
        ({True: "a"}, "True"),
        ({1: "a", "1": "b"}, "'1'"),
        ({(1, 2): "a"}, "tuple"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(NotCanonical, match=named) as caught:
        canonical_bytes(value)

    assert caught.value.status == 400
    assert caught.value.next_step


def test_depth_2000_is_refused_and_depth_64_is_not() -> None:
    with pytest.raises(NotCanonical, match="64 levels"):
        canonical_bytes(json.loads("[" * 500 + "]" * 500))
    with pytest.raises(NotCanonical, match="64 levels"):
        canonical_bytes(nested(2000))

    assert canonical_bytes(nested(64)) == b"[" * 64 + b"1" + b"]" * 64


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_ids_times_enums_dataclasses_and_sets_are_translated() -> None:
    value = {
        UUID("0190F1C2-0000-7000-8000-00000000ABCD"): Colour.RED,
        "point": Point(0.5, frozenset({"b", "a"})),
        "numbers": {10, 9, 1},
        6: "skin tone",
    }

    assert plain(value) == {
        "0190f1c2-0000-7000-8000-00000000abcd": "red",
        "point": {"x": 0.5, "tags": ["a", "b"]},
        "numbers": [1, 10, 9],
        "6": "skin tone",
    }


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000000Z"),
        (
            datetime(2026, 3, 1, 0, 30, 0, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-02-28T22:30:00.000001Z",
        ),
        (datetime(33, 1, 1, tzinfo=UTC), "0033-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_utc_with_microseconds(at: datetime, written: str) -> None:
    assert format_time(at) == written


def test_a_digest_is_sha256_of_the_bytes() -> None:
    assert digest_of_bytes(b"abc") == (
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert digest_of({"b": 1, "a": 2}) == digest_of_bytes(b'{"a":2,"b":1}')


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sha256:" + "0a" * 32, True),
        ("sha256:" + "0A" * 32, False),
        ("sha256:" + "0a" * 31, False),
        ("0a" * 32, False),
        ("sha256:" + "0a" * 32 + "\n", False),
    ],
)
def test_a_digest_is_recognised(text: str, is_one: bool) -> None:
    assert is_digest(text) is is_one


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON)
def test_reading_canonical_bytes_and_writing_them_again_changes_nothing(value: Any) -> None:
    written = canonical_bytes(value)

    assert canonical_bytes(json.loads(written)) == written


@given(JSON, st.floats(allow_nan=False, allow_infinity=False))
def test_every_value_is_written_as_the_library_writes_it(value: Any, double: float) -> None:
    assert canonical_bytes([value, double]) == rfc8785.dumps([value, double])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_back_exactly(value: float) -> None:
    assert float(canonical_bytes(value)) == value

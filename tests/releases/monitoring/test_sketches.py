"""Sketches: quantiles within one per cent, also after adding up; what cannot be added up is refused."""

import math

import pytest
from ddsketch import DDSketch
from ddsketch.pb.proto import DDSketchProto
from hypothesis import given
from hypothesis import strategies as st

from releases.monitoring.vocabulary.sketches import (
    UnfitSketch,
    above,
    count_of,
    merged,
    quantile_of,
    sketch_of,
)

values = st.lists(st.floats(0.01, 1e8), min_size=1, max_size=60)
shares = st.floats(0.001, 0.999)


def exact(numbers: list[float], share: float) -> float:
    return sorted(numbers)[max(1, math.ceil(share * len(numbers) - 1e-9)) - 1]


@given(values, values, shares)
def test_a_quantile_of_added_sketches_is_within_one_per_cent(
    first: list[float], second: list[float], share: float
) -> None:
    found = quantile_of(merged([sketch_of(first), sketch_of(second)]), share)

    truth = exact(first + second, share)
    assert found is not None
    assert found.count == len(first) + len(second)
    assert found.value == pytest.approx(truth, rel=0.0101)
    assert found.lower * (1 - 1e-9) <= truth <= found.upper * (1 + 1e-9)


@given(values, st.floats(0.02, 1e7))
def test_what_lies_above_a_limit_is_bounded_from_both_sides(numbers: list[float], limit: float) -> None:
    found = above(sketch_of(numbers), limit)

    assert found.surely <= sum(number > limit for number in numbers) <= found.possibly
    assert found.count == len(numbers)


def of_the_library(numbers: list[float], accuracy: float = 0.01) -> bytes:
    """What a client of the library sends."""
    theirs = DDSketch(accuracy)
    for number in numbers:
        theirs.add(number)
    message = DDSketchProto.to_proto(theirs)  # type: ignore[no-untyped-call]  # annotated in comments
    return bytes(message.SerializeToString())


@given(values)
def test_the_librarys_own_sketch_is_read_the_same(numbers: list[float]) -> None:
    assert merged([of_the_library(numbers)]) == sketch_of(numbers)


def test_zeros_count_and_an_absurd_value_costs_nobody_else_his_accuracy() -> None:
    sketch = sketch_of([0.0, 1e-300, 1.0, 100.0, 1e300])

    middle = quantile_of(sketch, 0.6)

    assert count_of(sketch) == 5
    assert middle is not None
    assert middle.value == pytest.approx(1.0, rel=0.01)
    assert len(sketch) < 13_000


def test_an_empty_sketch_has_no_quantile() -> None:
    assert quantile_of(sketch_of([]), 0.5) is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -1.0])
def test_values_that_are_no_latency_are_refused(number: float) -> None:
    with pytest.raises(UnfitSketch):
        sketch_of([number])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xff", "no DDSketch message"),
        (b"", "accuracy of 0.01"),
        (of_the_library([1.0], accuracy=0.02), "accuracy of 0.01"),
        (of_the_library([-1.0]), "negative values"),
    ],
    ids=["noise", "empty", "accuracy", "negative"],
)
def test_a_sketch_that_cannot_be_added_up_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UnfitSketch, match=why):
        count_of(data)


@pytest.mark.parametrize("count", [math.nan, -1.0, 0.5, 2.0**53])
def test_counts_that_mean_nothing_are_refused(count: float) -> None:
    theirs = DDSketch(0.01)
    theirs._store.add(10, 1.0)
    message = DDSketchProto.to_proto(theirs)  # type: ignore[no-untyped-call]  # annotated in comments
    message.zeroCount = count

    with pytest.raises(UnfitSketch, match="whole numbers"):
        count_of(message.SerializeToString())

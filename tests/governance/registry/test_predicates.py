"""Predicates of segments hold against anything that JSON can say; their meaning is tested with the scores."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InvalidInput
from governance.registry.predicates import (
    WORDS,
    Predicate,
    as_json,
    attributes_of,
    matches,
    parse_predicate,
    sentence,
)

names = st.sampled_from(["sex", "age", "skin_tone"])
texts = st.sampled_from(["female", "60", "60.0", " 7", "é"])
numbers = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9)
conditions = st.one_of(
    st.fixed_dictionaries(
        {"attribute": names, "operator": st.sampled_from(["eq", "ne"]), "value": texts | numbers}
    ),
    st.fixed_dictionaries(
        {"attribute": names, "operator": st.sampled_from(["lt", "le", "gt", "ge"]), "value": numbers}
    ),
    st.fixed_dictionaries(
        {
            "attribute": names,
            "operator": st.just("in"),
            "value": st.lists(texts | numbers, min_size=1, max_size=4),
        }
    ),
    st.fixed_dictionaries({"attribute": names, "operator": st.just("exists"), "value": st.booleans()}),
)
predicates = st.recursive(
    conditions,
    lambda inner: (
        st.fixed_dictionaries({"not": inner})
        | st.dictionaries(
            st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=1
        )
    ),
    max_leaves=5,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "attribute", "operator", "value", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
samples = st.dictionaries(names, texts | st.just("") | st.none())


def outcome_of(value: Any) -> Predicate | InvalidInput:
    """The parsed predicate, or its refusal."""
    try:
        return parse_predicate(value)
    except InvalidInput as refusal:
        return refusal


@given(anything | predicates)
def test_any_json_is_a_predicate_or_refused_by_its_place(value: Any) -> None:
    outcome = outcome_of(value)

    places = [error.field for error in getattr(outcome, "field_errors", ())]
    assert all(place.startswith("predicate") for place in places)
    assert isinstance(outcome, InvalidInput) or sentence(outcome)
    assert isinstance(outcome, InvalidInput) == bool(places)


@given(predicates)
def test_what_is_stored_reads_back_to_the_same_predicate(raw: dict[str, Any]) -> None:
    outcome = outcome_of(raw)
    assert not isinstance(outcome, InvalidInput) or "nested" in outcome.message

    assert isinstance(outcome, InvalidInput) or parse_predicate(as_json(outcome)) == outcome


@given(conditions, samples)
def test_the_opposite_of_a_predicate_never_holds_beside_it(
    raw: dict[str, Any], sample: dict[str, Any]
) -> None:
    predicate, opposite = parse_predicate(raw), parse_predicate({"not": raw})

    answers = (matches(predicate, sample), matches(opposite, sample))

    assert answers in {(True, False), (False, True), (None, None)}


@given(predicates, samples, st.text(max_size=3))
def test_an_attribute_that_a_predicate_does_not_name_changes_nothing(
    raw: dict[str, Any], sample: dict[str, Any], other: str
) -> None:
    outcome = outcome_of(raw)
    assert isinstance(outcome, InvalidInput) or attributes_of(outcome) <= {"sex", "age", "skin_tone"}

    assert isinstance(outcome, InvalidInput) or matches(outcome, sample) == matches(
        outcome, {**sample, "unnamed": other}
    )


def test_every_operator_is_tried() -> None:
    assert set(WORDS) == {"eq", "ne", "in", "lt", "le", "gt", "ge", "exists"}

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InvalidInput
from governance.registry.predicates import as_json, attributes_of, matches, parse_predicate, sentence
from releases.scores.selection import selection

TONE_6 = {"attribute": "skin_tone", "operator": "eq", "value": 6}
FEMALE = {"attribute": "sex", "operator": "eq", "value": "female"}
SENIOR = {"attribute": "age", "operator": "ge", "value": 60.5}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (TONE_6, "skin_tone is 6"),
        ({"not": FEMALE}, "not (sex is female)"),
        (
            {"all": [TONE_6, {"any": [FEMALE, SENIOR]}]},
            "skin_tone is 6 and (sex is female or age is at least 60.5)",
        ),
        ({"attribute": "age", "operator": "in", "value": ["young", 7]}, "age is one of young, 7"),
        ({"attribute": "age", "operator": "exists", "value": True}, "age is known"),
        ({"attribute": "age", "operator": "exists", "value": False}, "age is unknown"),
        ({"attribute": "age", "operator": "lt", "value": 18}, "age is below 18"),
        ({"attribute": "age", "operator": "ne", "value": "young"}, "age is not young"),
    ],
)
def test_a_predicate_prints_as_a_sentence(raw: dict[str, Any], words: str) -> None:
    assert sentence(parse_predicate(raw)) == words


DEEP: dict[str, Any] = {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": TONE_6}}}}}}}}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("skin_tone = 6", "predicate: an object is wanted"),
        ({}, "predicate.attribute: the name"),
        ({**TONE_6, "all": []}, "unknown key 'all'"),
        ({"all": [TONE_6], "any": [TONE_6]}, "unknown key 'all'"),
        ({"all": []}, "predicate.all: a list with at least one part"),
        ({"all": TONE_6}, "predicate.all: a list"),
        ({"any": [TONE_6, {"attribute": "", "operator": "eq", "value": 1}]}, "predicate.any.1.attribute"),
        ({**TONE_6, "operator": "eval"}, "predicate.operator: 'eval' is none of eq, ne, in"),
        ({**TONE_6, "operator": ["eq"]}, "predicate.operator"),
        ({**TONE_6, "value": True}, "predicate.value: a text"),
        ({**TONE_6, "value": ""}, "predicate.value: a text"),
        ({**TONE_6, "value": None}, "predicate.value: a text"),
        ({**TONE_6, "value": float("nan")}, "predicate.value: a text"),
        ({**TONE_6, "value": 10**400}, "predicate.value: a text"),
        ({**TONE_6, "operator": "lt", "value": "6"}, "a number is wanted with lt"),
        ({**TONE_6, "operator": "in"}, "a list of 1 to 200"),
        ({**TONE_6, "operator": "in", "value": []}, "a list of 1 to 200"),
        ({**TONE_6, "operator": "in", "value": [1, [2]]}, "predicate.value.1: a text"),
        ({**TONE_6, "operator": "exists", "value": 1}, "true .known. or false"),
        (DEEP, "nested deeper than 8 levels"),
        ({"all": [TONE_6] * 200}, "more than 200 parts"),
    ],
)
def test_a_predicate_that_is_wrong_is_refused_at_its_place(raw: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_predicate(raw)


NAMES = st.sampled_from(["sex", "age", "absent"])
VALUES = st.sampled_from(["female", "5", "7.0", "x"]) | st.sampled_from([5, 7, 6.5])
EQUALITIES = st.builds(
    lambda name, operator, value: {"attribute": name, "operator": operator, "value": value},
    NAMES,
    st.sampled_from(["eq", "ne"]),
    VALUES,
)
ORDERS = st.builds(
    lambda name, operator, value: {"attribute": name, "operator": operator, "value": value},
    NAMES,
    st.sampled_from(["lt", "le", "gt", "ge"]),
    st.sampled_from([5, 7, 6.5]),
)
LISTS = st.builds(
    lambda name, values: {"attribute": name, "operator": "in", "value": values},
    NAMES,
    st.lists(VALUES, min_size=1, max_size=3),
)
KNOWN = st.builds(
    lambda name, value: {"attribute": name, "operator": "exists", "value": value}, NAMES, st.booleans()
)
PREDICATES = st.recursive(
    EQUALITIES | ORDERS | LISTS | KNOWN,
    lambda inner: (
        st.builds(lambda part: {"not": part}, inner)
        | st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        )
    ),
    max_leaves=6,
)
CELLS = st.sampled_from([None, "female", "5", " 7 ", "7", "6.5", "x", " "])


@given(PREDICATES, st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_the_expression_and_the_plain_function_give_the_same_answers(
    raw: dict[str, Any], rows: list[tuple[str | None, str | None]]
) -> None:
    predicate = parse_predicate(raw)
    frame = pl.DataFrame(rows, schema={"attr.sex": pl.String, "attr.age": pl.String}, orient="row")

    by_column = frame.with_columns(selection(predicate, frame.columns).alias("inside"))["inside"].to_list()

    assert by_column == [matches(predicate, {"sex": sex, "age": age}) for sex, age in rows]


@given(PREDICATES)
def test_a_predicate_survives_its_json_form(raw: dict[str, Any]) -> None:
    predicate = parse_predicate(raw)

    assert parse_predicate(as_json(predicate)) == predicate


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ({"attribute": "sex", "operator": "eq", "value": "female"}, None),
        ({"attribute": "sex", "operator": "ne", "value": "female"}, None),
        ({"not": {"attribute": "sex", "operator": "eq", "value": "female"}}, None),
        ({"attribute": "sex", "operator": "exists", "value": False}, True),
        ({"any": [FEMALE, TONE_6]}, True),
        ({"all": [FEMALE, TONE_6]}, None),
        ({"all": [FEMALE, {"not": TONE_6}]}, False),
    ],
)
def test_an_unknown_attribute_belongs_to_no_comparison(raw: dict[str, Any], answer: bool | None) -> None:
    assert matches(parse_predicate(raw), {"skin_tone": "6"}) is answer


def test_attributes_of_names_all_that_are_read() -> None:
    assert attributes_of(parse_predicate({"all": [TONE_6, {"not": FEMALE}]})) == {"skin_tone", "sex"}

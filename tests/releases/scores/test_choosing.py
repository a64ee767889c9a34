from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.registry.predicates import matches, parse_predicate
from releases.scores.choosing import chosen

VALUES = st.sampled_from(["1", "2.5", "female", " ", "x"])
CONDITIONS = st.one_of(
    st.builds(
        lambda name, operator, value: {"attribute": name, "operator": operator, "value": value},
        st.sampled_from(["sex", "age", "absent"]),
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(["female", 1, 2.5]),
    ),
    st.builds(
        lambda name, limit: {"attribute": name, "operator": "ge", "value": limit},
        st.sampled_from(["sex", "age", "absent"]),
        st.sampled_from([0, 2]),
    ),
    st.builds(
        lambda name, there: {"attribute": name, "operator": "exists", "value": there},
        st.sampled_from(["sex", "age", "absent"]),
        st.booleans(),
    ),
)
PREDICATES = st.recursive(
    CONDITIONS,
    lambda part: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(part, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(part, min_size=1, max_size=3)),
        st.builds(lambda one: {"not": one}, part),
    ),
    max_leaves=5,
)
ROWS = st.lists(st.tuples(st.one_of(st.none(), VALUES), st.one_of(st.none(), VALUES)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=150)
@given(PREDICATES, ROWS)
def test_a_predicate_over_codes_chooses_the_rows_it_matches(
    raw: dict[str, Any], rows: list[tuple[str | None, str | None]]
) -> None:
    predicate = parse_predicate(raw)
    kind = pl.Enum(["1", "2.5", "female", " ", "x"])
    facts = pl.DataFrame(rows, schema={"attr.sex": kind, "attr.age": kind}, orient="row")

    found = chosen(predicate, facts)

    attributes = [
        {name: text for name, text in (("sex", sex), ("age", age)) if text is not None} for sex, age in rows
    ]
    assert found.tolist() == [matches(predicate, one) is True for one in attributes]

"""Attacks accepted, species by species: order, places and words."""

from typing import Any

import pytest

from audits.pages.evidence import lines_of
from audits.pages.species_rates import SpeciesRates, species_rates
from tests.audits.pages.figures import NAMES, rate, stack
from tests.audits.pages.results import criterion, line, result


def limiting(verdict: str, limit: float, name: str = "mask", **given: Any) -> dict[str, Any]:
    """A criterion that limits one species, with bounds of its own."""
    said = line(name, verdict, kind="species", baseline=None, limit=limit, lower=0.4, upper=0.6, n=50)
    numbers = {key: given.pop(key) for key in ("lower", "upper", "n", "reason_code") if key in given}
    plain = {"kind": "absolute", "spec": {"metric": "apcer"}}
    return criterion(f"limit {limit}", "apcer", verdict, {**said, **numbers}, **{**plain, **given})


def limited_by(*criteria: dict[str, Any]) -> SpeciesRates:
    found = species_rates((stack(), stack("baseline")), NAMES, lines_of(result("fail", *criteria)))
    assert found is not None
    return found


LIMITED = lines_of(result("fail", limiting("fail", 0.3)))


def drawn(*stacks: dict[str, object]) -> SpeciesRates:
    found = species_rates(stacks or (stack(), stack("baseline")), NAMES, LIMITED)
    assert found is not None
    return found


def test_the_worst_upper_bound_stands_first_and_species_with_too_few_last() -> None:
    assert [row.name for row in drawn().rows] == ["mask", "print low", "makeup"]


def test_of_too_few_no_statement_and_no_bound_is_shown() -> None:
    last = drawn().rows[-1]

    assert (last.few, last.bounds, last.candidate_interval, last.other_interval) == (
        "No statement possible",
        "",
        None,
        None,
    )
    assert last.label == "Makeup: no statement possible from 4 captures, 4 subjects."


def test_bounds_and_limit_stand_on_one_scale() -> None:
    found = drawn()

    mask = found.rows[0]
    assert (found.axis.low, found.axis.high) == (0, 60)
    assert mask.candidate_interval is not None
    assert (mask.candidate_interval.left, mask.candidate_interval.right) == (66.67, 100)
    assert (found.limit, mask.limit_x, mask.look) == ("limit 30 %", 50, "fail")


def test_a_species_without_a_limit_has_none_drawn() -> None:
    second = drawn().rows[1]

    assert (second.limit_x, second.verdict, second.worse_width) == (None, "", 0)


FAILING = limiting("fail", 0.07)


@pytest.mark.parametrize(
    "beside",
    [
        limiting("pass", 0.9, severity="advisory"),
        limiting("pass", 0.9, mode="observe"),
        limiting("pass", 0.9, spec={"metric": "apcer", "where": {"attribute": "sex"}}),
        limiting("pass", 0.9, kind="max_errors"),
        limiting("pass", 0.9),
        limiting("fail", 0.08),
        limiting("inconclusive", 0.01),
    ],
    ids=["advisory", "observed", "narrowed", "another kind", "passes", "looser", "inconclusive"],
)
def test_of_several_lines_the_worst_of_the_whole_species_stands_in_any_order(beside: dict[str, Any]) -> None:
    after, before = limited_by(FAILING, beside), limited_by(beside, FAILING)

    assert (after.rows[0].verdict, after.limit) == ("fail", "limit 7 %")
    assert "the limit is 7 %" in after.label
    assert before == after


@pytest.mark.parametrize(
    "alone",
    [
        limiting("pass", 0.9, severity="advisory"),
        limiting("pass", 0.9, spec={"metric": "apcer", "where": {"attribute": "sex"}}),
        limiting("pass", 0.001, kind="max_errors"),
    ],
)
def test_a_line_that_is_no_limit_on_the_whole_species_draws_none(alone: dict[str, Any]) -> None:
    found = limited_by(alone)

    assert (found.limit, found.rows[0].verdict, found.rows[0].limit_x) == ("", "", None)
    assert "limit" not in found.label


def test_the_bar_is_that_of_the_verdict_and_not_of_another_criterions_plan() -> None:
    found = limited_by(limiting("inconclusive", 0.55, lower=0.35, upper=0.65, n=40))

    row = found.rows[0]
    assert (row.bounds, row.verdict, row.captures) == ("35.0 to 65.0", "inconclusive", 40)
    assert row.candidate_interval is not None
    assert row.candidate_interval.right > (row.limit_x or 0)


def test_a_line_with_enough_for_its_own_minima_is_a_statement_and_one_of_too_few_is_none() -> None:
    enough = limited_by(limiting("fail", 0.1, "makeup", n=4, lower=0.2, upper=1.0))
    too_few = limited_by(limiting("inconclusive", 0.3, reason_code="too_few_subjects"))

    assert {row.name: row.few for row in enough.rows}["makeup"] == ""
    assert {row.name: row.few for row in too_few.rows}["mask"] == "No statement possible"


def test_a_row_is_told_with_both_rates_bounds_and_limit() -> None:
    assert drawn().rows[0].label == (
        "Mask: 50.0 % accepted, 40.0 to 60.0 %, 50.0 % with old; the limit is 30 % "
        "(50 captures, 50 subjects)."
    )


def test_a_candidate_without_a_live_stack_stands_alone() -> None:
    found = drawn(stack())

    assert found.other == ""
    assert found.rows[0].other_interval is None


def test_forty_species_are_forty_rows() -> None:
    many = {
        f"species_{number:02}": rate(100, number, number / 100, number / 100 + 0.1) for number in range(40)
    }

    found = drawn(stack(species=many, judged=list(many), curves={}))

    assert len(found.rows) == 40
    assert found.rows[0].name == "species 39"


def test_attacks_without_a_species_have_no_picture() -> None:
    assert species_rates([stack(species={})], NAMES, []) is None

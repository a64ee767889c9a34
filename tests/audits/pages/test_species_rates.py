"""Attacks accepted, species by species: order, places and words."""

from audits.pages.evidence import lines_of
from audits.pages.species_rates import SpeciesRates, species_rates
from tests.audits.pages.figures import NAMES, rate, stack
from tests.audits.pages.results import criterion, line, result

LIMITED = lines_of(
    result(
        "fail",
        criterion(
            "benchmark",
            "apcer",
            "fail",
            line("mask", "fail", kind="species", baseline=None, limit=0.3, lower=0.4, upper=0.6, n=50),
        ),
    )
)


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

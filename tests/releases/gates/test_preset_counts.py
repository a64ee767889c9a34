"""Count rules of presets: what their counts show, and where they differ from the published share."""

import pytest

from releases.gates.policies.presets import presets
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima, Verdict
from releases.statistics.max_errors import (
    MaxErrorsRule,
    check_max_errors,
    decide_max_errors,
    rule_bound,
)
from releases.statistics.rates import RateCounts


@pytest.mark.parametrize(("key", "errors"), [("ibeta_level_1", 0), ("ibeta_level_2", 1)])
def test_the_bound_of_a_count_is_computed_for_many_and_for_few_subjects(key: str, errors: int) -> None:
    rule = MaxErrorsRule(errors, 150)
    many, some, few = (100 * rule_bound(rule, subjects=subjects) for subjects in (None, 15, 6))

    (said,) = presets()[key].bounds()

    assert said.startswith(f"{errors} of 150 attacks accepted is at most {many:.2f} % from 150 subjects")
    assert f"{some:.2f} % from 15 subjects and {few:.2f} % from 6 subjects" in said


def test_no_error_in_150_shows_what_the_specification_says() -> None:
    assert "0 of 150 attacks accepted is at most 1.98 % from 150" in presets()["ibeta_level_1"].bounds()[0]


@pytest.mark.parametrize(("errors", "expected"), [(1, Verdict.PASS), (2, Verdict.FAIL), (3, Verdict.FAIL)])
def test_ibeta_level_2_says_that_one_error_is_allowed_however_many_attacks_there_are(
    errors: int, expected: Verdict
) -> None:
    preset = presets()["ibeta_level_2"]
    rule = preset.examples()[0].spec.model_dump()
    counts = RateCounts((1,) * errors + (0,) * (300 - errors), (1,) * 300)

    found = check_max_errors(counts, MaxErrorsRule(rule["max_errors"], rule["presentations"]), ClusterPlan())

    assert decide_max_errors(found, Minima()).verdict is expected
    assert (
        "so with 300 attacks of a species, where 1 % would allow three, a second one fails"
        in (preset.cannot_check[-1])
    )

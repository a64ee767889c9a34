"""Specifications that would make a sham of a criterion are refused, and the field is named."""

from typing import Any

import pytest

from governance.documents import checked
from governance.errors import InvalidInput
from releases.gates.criteria import absolute, noninferiority
from tests.releases.gates.contexts import absolute_spec, paired_spec


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strata": {"pooled": True}, "stratum_rule": "pooled"}, "for every species"),
        ({"stratum_rule": "worst"}, "stratum by stratum"),
        ({"strata": {"species": ["print"], "pooled": True}}, "exactly one"),
        ({"strata": {"species": ["print", "print"]}}, "twice"),
        ({"planned_deff": 4}, "planned_deff_reason"),
        ({"planned_icc": 0.05}, "planned_icc_reason"),
        ({"planned_icc": 0.05, "planned_icc_reason": "Measured", "planned_icc_subjects": 29}, "at least 30"),
        ({"cluster_by": "subject"}, "cannot be clustered"),
        ({"where": {"attribute": "sex", "operator": "like", "value": "f"}}, "none of"),
        ({"alpha_pass": 0.2}, "less than or equal to 0.05"),
        ({"margin": 0}, "greater than 0"),
        ({"margin_reason": " "}, "at least 1 character"),
        ({"margin": "0.1"}, "a number is wanted"),
        ({"baseline": {"kind": "pinned"}}, "names its release"),
        ({"baseline": {"kind": "live", "release": "00000000-0000-7000-8000-000000000001"}}, "names none"),
        ({"metric": "eer"}, "'apcer', 'bpcer'"),
    ],
)
def test_a_specification_that_would_be_a_sham_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked(noninferiority.KIND.spec, paired_spec(**changes), field="spec", title="A comparison")


@pytest.mark.parametrize("limit", [0, 1, -0.1, float("nan")])
def test_a_limit_that_limits_nothing_is_refused(limit: float) -> None:
    with pytest.raises(InvalidInput, match=r"spec\.limit"):
        checked(absolute.KIND.spec, absolute_spec(limit=limit), field="spec", title="A limit")

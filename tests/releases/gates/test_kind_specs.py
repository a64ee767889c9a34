"""Specifications of the kinds that would make a sham of them are refused, and the field is named."""

from typing import Any

import pytest

from governance.documents import checked
from governance.errors import InvalidInput
from releases.gates.criteria import KIND_OF
from tests.releases.gates.contexts import (
    pooled_spec,
)

REASON = "A test's"


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("superiority", {"margin": -0.1}, "greater than or equal to 0"),
        ("superiority", {"margin": 0.1, "margin_reason": " "}, "at least 1 character"),
        ("noninferiority", {"pairing": "independent"}, "needs a pairing_reason"),
        ("noninferiority", {"pairing_reason": "Because"}, "needs a pairing_reason"),
        ("max_errors", {"max_errors": 75, "presentations": 150}, "would let half of them be wrong"),
        ("max_errors", {"max_errors": -1, "presentations": 150}, "greater than or equal to 0"),
        ("ratio_to_whole", {"max_ratio": 1, "ratio_reason": REASON}, "greater than 1"),
        ("absolute", {"limit": 0.1, "strata": {"species": ["print"], "channels": ["a"]}}, "exactly one"),
        (
            "absolute",
            {"limit": 0.1, "strata": {"crossing": {"first": {}, "second": {}}}},
            "exactly one of species",
        ),
        (
            "absolute",
            {
                "limit": 0.1,
                "strata": {"crossing": {"first": {"species": ["a"]}, "second": {"species": ["b"]}}},
            },
            "cross two different ones",
        ),
        (
            "absolute",
            {
                "metric": "bpcer",
                "limit": 0.1,
                "strata": {"crossing": {"first": {"species": ["a"]}, "second": {"segments": ["b"]}}},
            },
            "only attacks have a species",
        ),
    ],
)
def test_a_rate_or_difference_that_would_be_a_sham_is_refused(
    kind: str, changes: dict[str, Any], said: str
) -> None:
    plain = {"metric": "apcer", "strata": {"species": ["print"]}}
    if_compared = {"margin": 0.1, "margin_reason": REASON, "baseline": {"kind": "live"}}
    compared = kind in {"superiority", "noninferiority"}

    with pytest.raises(InvalidInput, match=said):
        checked(
            KIND_OF[kind].spec,
            {**plain, **(if_compared if compared else {}), **changes},
            field="spec",
            title=kind,
        )


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("retry_rate", pooled_spec(limit=0.6), "less than or equal to 0.5"),
        ("retry_rate", pooled_spec(limit=0.1, population="all"), "is wanted, found"),
        ("latency_quantile", pooled_spec(budget_ms=0), "greater than 0"),
        ("latency_quantile", pooled_spec(budget_ms=500, probability=0.1), "greater than or equal to 0.5"),
        ("latency_quantile", pooled_spec(budget_ms=500, cluster_by="instrument"), "is wanted, found"),
        (
            "disagreement",
            pooled_spec(limit=0.1, baseline={"kind": "live"}),
            "limit_reason: is missing and is needed",
        ),
        ("attestation", {"attestation": "horoscope"}, "is wanted, found"),
        ("completeness", {"max_drill_age_days": 90}, "belongs to readiness rollback_path"),
        ("completeness", {"readiness": ["luck"]}, "is wanted, found"),
    ],
)
def test_a_specification_of_another_kind_that_would_be_a_sham_is_refused(
    kind: str, spec: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=f"(?i){said}"):
        checked(KIND_OF[kind].spec, spec, field="spec", title=kind)

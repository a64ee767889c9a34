"""Criteria to compare: one of each kind, changed field by field, and which way each field moved."""

from typing import Any

from releases.gates.judging.criterion import Criterion
from releases.gates.policies.comparing import compared
from releases.gates.policies.parsing import CriterionInput, parsed_criterion

LIVE = {"kind": "live"}
PINNED = {"kind": "pinned", "release": "01990000-0000-7000-8000-000000000001"}
REASON = "So."
BASES: dict[str, dict[str, Any]] = {
    "absolute": {"metric": "bpcer", "strata": {"segments": ["a", "b"]}, "limit": 0.1, "limit_reason": REASON},
    "noninferiority": {
        "metric": "bpcer",
        "strata": {"segments": ["a", "b"]},
        "baseline": LIVE,
        "margin": 0.05,
        "margin_reason": REASON,
    },
    "superiority": {
        "metric": "bpcer",
        "strata": {"segments": ["a", "b"]},
        "baseline": LIVE,
        "margin": 0.05,
        "margin_reason": REASON,
    },
    "max_errors": {
        "metric": "apcer",
        "strata": {"species": ["print"]},
        "max_errors": 1,
        "presentations": 150,
    },
    "latency_quantile": {"strata": {"pooled": True}, "stratum_rule": "pooled", "budget_ms": 800},
    "attestation": {"attestation": "error_analysis", "max_age_days": 30},
    "completeness": {"card": ["why"], "readiness": ["rollback_path"]},
    "calibration": {"baseline": LIVE, "margin": 0.05, "margin_reason": REASON},
}


def criterion(
    kind: str, key: str = "one", mode: str = "enforce", severity: str = "blocking", **changes: Any
) -> Criterion:
    given = CriterionInput(key, kind, "One", {**BASES[kind], **changes}, mode=mode, severity=severity)
    return parsed_criterion(given, "criterion")


def ways(then: Criterion, now: Criterion) -> dict[str, str]:
    (found,) = compared([then], [now])["changed"]
    return {field["field"]: field["change"] for field in found["fields"]}

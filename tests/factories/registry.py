"""Components and segments, registered by an account that may."""

from typing import Any

from governance.access.models import Account
from governance.ledger.canonical import digest_of
from governance.registry.components import register_component
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion, Segment, System
from governance.registry.services import define_segment
from tests.factories.cast import actor
from tests.factories.snapshot import remembered

STACK = "sha256:" + "0" * 64
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "model": {
        "architecture": "CNN with auxiliary supervision",
        "framework": "torch 2.7",
        "input": "RGB 256x256",
        "training_datasets": ["dataset_2026_q1_r1"],
        "calibration": "none",
    },
    "fusion": {"strategy": "weighted", "inputs": ["depth", "hf"], "weights": {"depth": 0.75, "hf": 0.25}},
    "threshold_policy": {
        "polarity": "higher_is_attack",
        "at_threshold": "bona_fide",
        "bands": [{"accept": 0.57, "retry": 0.7282}, {"use_case": "payment", "accept": 0.5}],
        "attempts_allowed": 3,
    },
    "sdk": {"platform": "web", "semantic_version": "2.3.0-rc.1+build.7"},
    "dataset": {"role": "test", "counts_by_label": {"bona_fide": 900, "attack": 1800}},
    "evaluation_report": {
        "dataset": "dataset_2026_q1_r2",
        "threshold_policy": "policy_risk_a_v4",
        "stack_digest": STACK,
        "claimed": {"apcer": 0.02},
    },
}
"""Attributes that fit, by kind."""

PREDICATE: dict[str, Any] = {
    "all": [
        {"attribute": "sex", "operator": "eq", "value": "female"},
        {"attribute": "age", "operator": "ge", "value": 60},
    ]
}


@remembered
def component(
    by: Account, system: System, kind: str = "model", name: str = "m1", version: str = "1", **changes: Any
) -> ComponentVersion:
    """A registered component; ``changes`` are further arguments of the service."""
    declared = {} if KINDS[kind].is_content else {"digest": digest_of([kind, name, version])}
    terms = {"attributes": ATTRIBUTES[kind], **declared, **changes}
    return register_component(actor(by), system=system, kind=kind, name=name, version=version, **terms)


@remembered
def segment(by: Account, system: System, key: str = "women_over_60", **changes: Any) -> Segment:
    """A defined segment, or its next version."""
    terms: dict[str, Any] = {
        "title": "Women over 60",
        "predicate": PREDICATE,
        "protected": True,
        "reason": "Presented less often while collecting",
        **changes,
    }
    return define_segment(actor(by), system=system, key=key, **terms)

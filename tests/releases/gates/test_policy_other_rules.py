"""A number is called stricter only where it is a number of the same rule, and of one that decides."""

from dataclasses import replace
from typing import Any

import pytest

from releases.bundles.models import Revision
from releases.gates.criteria import KINDS
from releases.gates.policies.comparing import (
    CHANGED,
    LOOSER,
    ORDERED,
    SAME_RULE,
    STRICTER,
    compared,
    headline,
)
from releases.gates.policies.policy_page import comparison_document
from releases.gates.vocabulary.cuts import Strata
from tests.factories.cast import Cast
from tests.factories.gates import SMALL, criteria, locked_policy, segment
from tests.releases.gates.policy_moves import PINNED, REASON, criterion, ways

FEMALE = {"attribute": "sex", "operator": "eq", "value": "female"}
DATASET = "sha256:" + "da" * 32
CROSSED = {"first": {"segments": ["a", "b"]}, "second": {"channels": ["ios"]}}
OTHER_CROSSING = {"first": {"segments": ["a"]}, "second": {"channels": ["ios", "web"]}}
ANOTHER_RULE: list[tuple[str, str, dict[str, Any]]] = [
    ("absolute", "metric", {"metric": "bpnrr", "limit": 0.05}),
    ("absolute", "where", {"where": FEMALE, "limit": 0.05}),
    ("absolute", "dataset", {"dataset": DATASET, "limit": 0.05}),
    ("absolute", "segments", {"strata": {"segments": ["a", "c"]}, "limit": 0.05}),
    ("absolute", "channels", {"strata": {"channels": ["ios"]}, "limit": 0.05}),
    ("absolute", "crossing", {"strata": {"crossing": CROSSED}, "limit": 0.05}),
    ("absolute", "pooled", {"strata": {"pooled": True}, "stratum_rule": "pooled", "limit": 0.05}),
    ("absolute", "stratum_rule", {"stratum_rule": "worst", "limit": 0.05}),
    ("max_errors", "species", {"strata": {"species": ["mask"]}, "max_errors": 0}),
    ("max_errors", "cluster_by", {"metric": "bpcer", "strata": {"segments": ["a"]}, "max_errors": 0}),
    ("noninferiority", "baseline", {"baseline": PINNED, "margin": 0.02}),
    ("noninferiority", "pairing", {"pairing": "independent", "pairing_reason": REASON, "margin": 0.02}),
    ("latency_quantile", "population", {"population": "attack", "budget_ms": 500}),
    ("latency_quantile", "values", {"values": "one_per_subject", "budget_ms": 500}),
    ("calibration", "bins", {"bins": 20, "margin": 0.02}),
    ("attestation", "attestation", {"attestation": "calibration_review", "max_age_days": 7}),
    ("completeness", "dataset", {"dataset": DATASET, "min_presentations": 9}),
]
"""Beside a number that would be stricter by itself, the field that makes it a number of something else."""


@pytest.mark.parametrize(("kind", "field", "changes"), ANOTHER_RULE)
def test_a_lower_number_of_another_rule_is_not_called_stricter(
    kind: str, field: str, changes: dict[str, Any]
) -> None:
    then, now = criterion(kind), criterion(kind, **changes)

    found = ways(then, now)
    assert any(field in path for path in found)
    assert len(found) > 1
    assert set(found.values()) == set(ways(now, then).values()) == {CHANGED}
    assert "nothing became stricter or looser" in headline(compared([then], [now]), "v1", "v2")


def test_every_field_of_every_kind_has_a_direction_or_makes_another_rule() -> None:
    fields = {name for kind in KINDS for name in (*kind.spec.model_fields, *Strata.model_fields)}

    told = {name for name in fields if name in SAME_RULE or name.endswith("reason")}
    pins = {"strata", "pinned", "pinned_segments"}
    assert fields - ORDERED - told - pins == {field for _, field, _ in ANOTHER_RULE} - ORDERED


def test_the_least_captures_of_other_species_are_not_comparable() -> None:
    then = criterion("completeness", species=["print"])
    now = criterion("completeness", species=["mask"], min_presentations=9)

    assert set(ways(then, now).values()) == {CHANGED}


def test_a_crossing_with_more_on_one_side_and_less_on_the_other_is_another_rule() -> None:
    then = criterion("absolute", strata={"crossing": CROSSED})
    now = criterion("absolute", strata={"crossing": OTHER_CROSSING}, limit=0.05)

    assert set(ways(then, now).values()) == {CHANGED}


@pytest.mark.parametrize("field", [{"severity": "advisory"}, {"mode": "observe"}])
def test_what_decides_no_more_is_looser_alone_whatever_its_numbers_say(field: dict[str, Any]) -> None:
    then, now = criterion("absolute"), criterion("absolute", limit=0.01, **field)

    (name,) = field
    assert ways(then, now) == {name: LOOSER, "spec.limit": CHANGED}
    assert ways(now, then) == {name: STRICTER, "spec.limit": CHANGED}
    assert headline(compared([then], [now]), "v1", "v2") == "v2 is looser in 1 place than v1."


def test_severity_and_mode_of_what_decides_neither_before_nor_after_only_change() -> None:
    then = criterion("absolute", mode="observe")
    now = criterion("absolute", severity="advisory")

    assert ways(then, now) == {"severity": CHANGED, "mode": CHANGED}


def test_a_lower_limit_on_another_version_of_a_segment_is_not_called_stricter(
    people: Cast, reference: Revision
) -> None:
    written = criteria(SMALL, reference)
    first = locked_policy(people, written)
    segment(people, "skin_tone", "6")
    second = locked_policy(people, [replace(one, spec=smaller(one.spec)) for one in written])

    moved = {one["key"]: one["fields"] for one in comparison_document(first, second)["changed"]}
    assert {field["field"]: field["change"] for field in moved["bpcer_reference"]} == {
        "spec.margin": CHANGED,
        "pinned.skin_tone_6": CHANGED,
    }
    assert {field["field"]: field["change"] for field in moved["apcer_live"]} == {"spec.margin": STRICTER}


def smaller(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with a smaller margin, if it has one."""
    return {**spec, "margin": spec["margin"] / 2} if "margin" in spec else spec

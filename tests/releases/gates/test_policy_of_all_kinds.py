"""All kinds in one policy, through the real services: drafted, locked with its names pinned, and judged."""

import pytest

from governance.errors import InvalidInput
from releases.gates.criteria import KINDS
from releases.gates.models import GatePolicy
from releases.gates.policies.services import CriterionInput, lock_policy
from releases.gates.queries import criteria_of, evaluation_document
from tests.factories.cast import actor
from tests.factories.gates import (
    SMALL,
    Gate,
    criteria,
    csv_of,
    drafted_policy,
    imported,
    locked_policy,
    table_rows,
)
from tests.releases.gates.contexts import pooled_spec, timed

REASON = "A test's"
LIVE = {"kind": "live"}
BOTH = {"segments": ["skin_tone_1", "skin_tone_6"]}
CHANNELS = {"crossing": {"first": BOTH, "second": {"channels": ["android"]}}}
MORE = [
    CriterionInput(
        "count",
        "max_errors",
        "Count",
        {"metric": "bpcer", "strata": BOTH, "max_errors": 12, "presentations": 40},
    ),
    CriterionInput(
        "ratio",
        "ratio_to_whole",
        "Ratio",
        {"metric": "bpcer", "strata": BOTH, "max_ratio": 1.9, "ratio_reason": REASON},
    ),
    CriterionInput("fast", "latency_quantile", "Fast", pooled_spec(budget_ms=500)),
    CriterionInput("retries", "retry_rate", "Retries", pooled_spec(limit=0.1)),
    CriterionInput(
        "same", "disagreement", "Same", pooled_spec(limit=0.3, limit_reason=REASON, baseline=LIVE)
    ),
    CriterionInput(
        "shares", "calibration", "Shares", {"margin": 0.4, "margin_reason": REASON, "baseline": LIVE}
    ),
    CriterionInput(
        "reviewed", "attestation", "Reviewed", {"attestation": "calibration_review"}, severity="advisory"
    ),
    CriterionInput(
        "better",
        "superiority",
        "Better",
        {"metric": "bpcer", "strata": CHANNELS, "margin": 0, "margin_reason": REASON, "baseline": LIVE},
        severity="advisory",
    ),
]
HEADER = ("sample_id", "subject_id", "label", "species", "skin_tone", "score", "ms")


def written(gate: Gate) -> list[CriterionInput]:
    return [*criteria(SMALL, gate.live), *MORE]


def locked(gate: Gate) -> GatePolicy:
    return locked_policy(gate.cast, written(gate), name="everything")


def test_every_kind_is_judged_and_says_why(small: Gate) -> None:
    locked(small)
    revision = small.candidate("second")
    content = csv_of(timed(table_rows({"print": 4, "mask": 4, "1": 4, "6": 4})), HEADER)
    mapping = {
        "sample": "sample_id",
        "subject": "subject_id",
        "label": {"column": "label", "bona_fide": ["bona_fide"]},
        "species": "species",
        "score": "score",
        "attributes": ["skin_tone"],
        "latency_ms": "ms",
        "channel": {"constant": "android"},
    }
    imported(small.cast, revision, content, small.dataset, mapping=mapping)

    document = evaluation_document(small.evaluated(revision))

    found = {one["kind"]: one for one in document["criteria"]}
    assert set(found) == {kind.key for kind in KINDS}
    assert document["verdict"] == "pass"
    assert {kind: one["verdict"] for kind, one in found.items() if one["verdict"] != "pass"} == {
        "attestation": "inconclusive",
        "superiority": "inconclusive",
    }
    assert all(one["sentence"].endswith(".") and one["asks"].endswith(".") for one in found.values())


def test_segments_are_pinned_wherever_they_stand_and_the_next_version_stays_the_same(small: Gate) -> None:
    policy = locked(small)

    better = next(one for one in criteria_of(policy) if one.key == "better")
    again = drafted_policy(small.cast, written(small), name="everything")

    assert better.spec.is_pinned()
    assert better.spec_document()["strata"]["crossing"]["first"]["pinned"][0]["key"] == "skin_tone_1"
    assert [one.version for one in criteria_of(again)] == [one.version for one in criteria_of(policy)]


def test_a_channel_that_does_not_exist_is_refused_when_the_policy_is_locked(small: Gate) -> None:
    cut = {"metric": "bpcer", "strata": {"channels": ["android", "teletext"]}, "limit": 0.4}
    line = CriterionInput("channels", "absolute", "Channels", cut, severity="advisory")
    policy = drafted_policy(small.cast, [*written(small), line], name="channels")

    with pytest.raises(InvalidInput, match="teletext: no such channel"):
        lock_policy(actor(small.cast.qa_lead), policy=policy)

"""Two policies side by side: what came, went and changed, and which way where that is beyond doubt."""

from dataclasses import replace
from typing import Any

import pytest

from governance.registry.services import register_system
from releases.bundles.models import Revision
from releases.gates.models import GatePolicy
from releases.gates.policies.comparing import CHANGED, LOOSER, STRICTER, compared, headline
from releases.gates.policies.policy_page import comparison_document, policy_before
from releases.gates.policies.services import draft_policy
from tests.factories.cast import Cast, actor
from tests.factories.gates import SMALL, criteria, drafted_policy, locked_policy, segment
from tests.releases.gates.policy_moves import LIVE, PINNED, REASON, criterion, ways


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("absolute", {"limit": 0.05}, {"spec.limit": STRICTER}),
        ("absolute", {"limit": 0.2}, {"spec.limit": LOOSER}),
        ("absolute", {"limit_reason": "Otherwise."}, {"spec.limit_reason": CHANGED}),
        ("absolute", {"alpha_pass": 0.01}, {"spec.alpha_pass": STRICTER}),
        ("absolute", {"alpha_fail": 0.01}, {"spec.alpha_fail": CHANGED}),
        ("absolute", {"min_subjects": 50}, {"spec.min_subjects": STRICTER}),
        ("absolute", {"max_evidence_age_days": 90.0}, {"spec.max_evidence_age_days": STRICTER}),
        ("absolute", {"strata": {"segments": ["a", "b", "c"]}}, {"spec.strata.segments": STRICTER}),
        ("absolute", {"strata": {"segments": ["a"]}}, {"spec.strata.segments": LOOSER}),
        ("absolute", {"strata": {"segments": ["a", "c"]}}, {"spec.strata.segments": CHANGED}),
        (
            "absolute",
            {"strata": {"channels": ["ios"]}},
            {"spec.strata.channels": CHANGED, "spec.strata.segments": CHANGED},
        ),
        (
            "absolute",
            {"where": {"attribute": "sex", "operator": "eq", "value": "female"}},
            {"spec.where": CHANGED},
        ),
        (
            "absolute",
            {"planned_deff": 1, "planned_deff_reason": REASON},
            {"spec.planned_deff": LOOSER, "spec.planned_deff_reason": CHANGED},
        ),
        ("noninferiority", {"margin": 0.02}, {"spec.margin": STRICTER}),
        ("superiority", {"margin": 0.02}, {"spec.margin": LOOSER}),
        (
            "noninferiority",
            {"baseline": {**LIVE, "when_no_baseline": "absolute_only"}},
            {"spec.baseline.when_no_baseline": LOOSER},
        ),
        (
            "noninferiority",
            {"baseline": PINNED},
            {"spec.baseline.kind": CHANGED, "spec.baseline.release": CHANGED},
        ),
        ("max_errors", {"max_errors": 0}, {"spec.max_errors": STRICTER}),
        ("max_errors", {"presentations": 300}, {"spec.presentations": STRICTER}),
        ("latency_quantile", {"budget_ms": 500}, {"spec.budget_ms": STRICTER}),
        ("latency_quantile", {"probability": 0.9}, {"spec.probability": LOOSER}),
        ("attestation", {"max_age_days": None}, {"spec.max_age_days": LOOSER}),
        ("completeness", {"card": ["why", "known_risks"]}, {"spec.card": STRICTER}),
        (
            "completeness",
            {"readiness": ["rollback_path", "owners_and_approvers"]},
            {"spec.readiness": STRICTER},
        ),
        ("completeness", {"readiness": None}, {"spec.readiness": LOOSER}),
        ("max_errors", {"alpha_pass": 0.01}, {"spec.alpha_pass": CHANGED}),
        ("max_errors", {"planned_icc": 0.5}, {"spec.planned_icc": CHANGED}),
        (
            "absolute",
            {"limit": 0.05, "limit_reason": "Otherwise."},
            {"spec.limit": STRICTER, "spec.limit_reason": CHANGED},
        ),
        (
            "absolute",
            {"limit": 0.05, "alpha_fail": 0.01},
            {"spec.limit": STRICTER, "spec.alpha_fail": CHANGED},
        ),
    ],
)
def test_each_field_says_which_way_it_moved(
    kind: str, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    assert ways(criterion(kind), criterion(kind, **changes)) == expected


def test_what_decides_no_more_is_looser_and_what_never_did_only_changes() -> None:
    enforced, observed = criterion("absolute"), criterion("absolute", mode="observe")
    lower = criterion("absolute", mode="observe", limit=0.01)

    assert ways(enforced, observed) == {"mode": LOOSER}
    assert ways(observed, lower) == {"spec.limit": CHANGED}


def test_another_kind_under_the_same_key_is_neither_stricter_nor_looser() -> None:
    found = ways(criterion("noninferiority"), criterion("superiority", margin=0.01))

    assert set(found.values()) == {CHANGED}
    assert {"kind", "spec.margin"} <= set(found)


def test_criteria_come_and_go_by_their_keys_and_the_rest_is_unchanged() -> None:
    watched = criterion("absolute", "c", mode="observe")
    then = [criterion("absolute", "a"), criterion("absolute", "b"), watched]
    now = [criterion("absolute", "b"), criterion("absolute", "d")]

    found = compared(then, now)

    assert [(one["key"], one["change"]) for one in found["added"]] == [("d", STRICTER)]
    assert [(one["key"], one["change"]) for one in found["removed"]] == [("a", LOOSER), ("c", CHANGED)]
    assert (found["changed"], found["unchanged"]) == ([], ["One"])
    assert headline(found, "v1", "v2") == "v2 is stricter in 1 place and looser in 1 place than v1."


def test_equal_policies_ask_for_the_same() -> None:
    found = compared([criterion("absolute")], [criterion("absolute")])

    assert headline(found, "v1", "v2") == "v2 asks for exactly what v1 asks for."


def test_both_sentences_stand_beside_the_fields() -> None:
    (found,) = compared([criterion("absolute")], [criterion("absolute", limit=0.05)])["changed"]

    assert "at most 10 %" in found["then"]
    assert "at most 5 %" in found["now"]
    assert [(one["label"], one["then_text"], one["now_text"]) for one in found["fields"]] == [
        ("Limit", "0.1", "0.05")
    ]


def test_a_draft_is_compared_with_what_it_would_replace_and_a_lock_with_what_it_replaced(
    people: Cast, reference: Revision
) -> None:
    first = locked_policy(people, criteria(SMALL, reference), name="first")
    second = locked_policy(people, criteria(SMALL, reference), name="second")
    draft = drafted_policy(people, criteria(SMALL, reference), name="first")

    assert [policy_before(one) for one in (first, second, draft)] == [None, first, second]


def test_pins_of_two_locks_are_compared_and_those_of_a_draft_are_not_missed(
    people: Cast, reference: Revision
) -> None:
    first = locked_policy(people, criteria(SMALL, reference))
    draft = drafted_policy(people, criteria(SMALL, reference), name="draft")
    segment(people, "skin_tone", "6")
    second = locked_policy(people, criteria(SMALL, reference))

    moved = comparison_document(first, second)["changed"]
    same = comparison_document(first, draft)

    assert [field["label"] for field in moved[0]["fields"]] == ["Version of skin_tone_6"]
    assert (moved[0]["fields"][0]["then"], moved[0]["fields"][0]["now"]) == (1, 2)
    assert (same["changed"], same["added"], same["removed"]) == ([], [], [])


def test_what_is_out_of_scope_is_compared_too(people: Cast, reference: Revision) -> None:
    makeup = {"what": "makeup", "reason": "Too few"}
    written = criteria(SMALL, reference)
    then = drafted_policy(people, written, name="then")
    now = draft_policy(
        actor(people.qa_lead),
        system=people.system,
        name="now",
        criteria=written,
        description="Without makeup",
        out_of_scope=[makeup],
    )

    found = comparison_document(then, now)

    assert found["out_of_scope"] == {"added": [makeup], "removed": []}
    assert found["description_changed"]


def test_policies_of_other_systems_are_never_before(people: Cast, reference: Revision) -> None:
    locked_policy(people, criteria(SMALL, reference))
    other = register_system(actor(people.admin), slug="elsewhere", name="Elsewhere")
    policy = GatePolicy.objects.get()

    assert policy_before(replace_system(policy, other)) is None


def replace_system(policy: GatePolicy, system: Any) -> GatePolicy:
    """The same policy as if it were another system's; nothing is stored."""
    policy.system = system
    return policy


def test_names_are_shown_for_the_ids_of_releases() -> None:
    then, now = criterion("noninferiority"), criterion("noninferiority", baseline=PINNED)

    (found,) = compared([then], [replace(now)], names={PINNED["release"]: "first"})["changed"]

    assert "first" in [one["now_text"] for one in found["fields"]]

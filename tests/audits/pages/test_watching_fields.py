"""Presets of triggers in the form of a release: what a tick writes into both plans, and what it leaves."""

from typing import Any

from audits.pages.watching_fields import budget_of, ticked, watched_stages, watched_triggers
from releases.bundles.documents import checked_document
from releases.monitoring.triggers.presets import NAMES

STAGES: list[dict[str, Any]] = [
    {"kind": "shadow"},
    {"kind": "guarded", "coverage": 0.25, "triggers": ["mine"]},
    {"kind": "general"},
]
MINE = {"key": "mine", "kind": "event", "description": "Ours", "owner": "author"}


def test_ticked_presets_stand_in_the_plan_and_in_the_stages_in_which_they_look() -> None:
    triggers = watched_triggers({}, ["retry_spike", "disagreement"], owner="author", budget=None)
    stages = watched_stages(STAGES, ["retry_spike", "disagreement"], [])

    assert [(one["key"], one["owner"]) for one in triggers] == [
        ("retry_spike", "author"),
        ("disagreement", "author"),
    ]
    assert [stage.get("triggers") for stage in stages] == [
        ["disagreement"],
        ["mine", "retry_spike"],
        ["retry_spike"],
    ]


def test_a_comparison_is_not_put_where_no_stage_has_a_control_arm() -> None:
    assert watched_stages([{"kind": "general"}], ["retry_spike"], []) == [{"kind": "general"}]


def test_a_preset_that_was_changed_stays_as_it_is() -> None:
    plan = {
        "triggers": [
            {"key": "retry_spike", "kind": "vs_control", "metric": "retry", "effect_floor": 0.05},
            MINE,
        ]
    }

    kept = watched_triggers(plan, ["retry_spike"], owner="somebody", budget=None)

    assert ticked(plan) == ["retry_spike"]
    assert kept == [plan["triggers"][0]]


def test_a_preset_that_is_ticked_no_more_leaves_both_plans() -> None:
    stages = [{"kind": "guarded", "coverage": 0.25, "triggers": ["mine", "retry_spike"]}]

    assert watched_stages(stages, [], ["retry_spike"]) == [
        {"kind": "guarded", "coverage": 0.25, "triggers": ["mine"]}
    ]


def test_a_budget_is_written_and_read_again() -> None:
    (trigger,) = watched_triggers({}, ["p95_latency"], owner="author", budget=350.0)

    assert budget_of({"triggers": [trigger]}) == 350.0


def test_what_all_ticks_write_is_a_plan_that_is_taken() -> None:
    triggers = watched_triggers({}, NAMES, owner="author", budget=350.0)

    stored = checked_document("rollback_plan", {"triggers": triggers})

    assert len(stored["triggers"]) == len(NAMES)

"""What a stage may ask: measures, approvals, hours, a control in the last stage; and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.bundles.documents import checked_document, hours_of, stages_of, stays_behind, stored_plan
from releases.bundles.stage_terms import AdvanceHours

GENERAL = {"kind": "general"}
RETRY = {"key": "retry", "measure": {"metric": "retry", "margin": 0.02}}
BERLIN = {"time_zone": "Europe/Berlin"}


def plan(*stages: dict[str, Any], **further: Any) -> dict[str, Any]:
    return checked_document("rollout_plan", {"stages": [*stages, GENERAL], **further})


def guarded(**terms: Any) -> dict[str, Any]:
    return {"kind": "guarded", "coverage": 0.25, **terms}


def test_what_an_older_plan_does_not_say_is_not_filled_in() -> None:
    older = {"stages": [guarded(criteria=["retry"], min_subjects=500), GENERAL], "freezes": []}

    stored = checked_document("rollout_plan", older)

    assert stored == {**older, "stages": [guarded(criteria=[{"key": "retry"}], min_subjects=500), GENERAL]}
    assert hours_of(stored) is None
    assert stages_of(stored)[0].measures == ()


def test_a_plan_keeps_what_it_measures_and_whom_it_asks() -> None:
    stored = plan(guarded(criteria=[RETRY, "words"], requires_approval=["qa_lead"]), advance_hours=BERLIN)

    stage = stages_of(stored)[0]
    assert stored["stages"][0]["criteria"] == [RETRY, {"key": "words"}]
    assert [one.key for one in stage.measures] == ["retry"]
    assert stage.requires_approval == ["qa_lead"]
    assert hours_of(stored) == AdvanceHours(time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (guarded(criteria=[{"key": "a", "measure": {"metric": "retry"}}]), "state either margin"),
        (
            guarded(criteria=[{"key": "a", "measure": {"metric": "retry", "margin": 0.1, "limit": 0.2}}]),
            "state either margin",
        ),
        (
            guarded(criteria=[{"key": "a", "measure": {"metric": "disagreement", "margin": 0.1}}]),
            "has no counterpart in the control arm",
        ),
        (guarded(criteria=[{"key": "a", "measure": {"metric": "luck", "margin": 0.1}}]), "metric"),
        (guarded(criteria=[RETRY, RETRY]), "stands twice"),
        ({"kind": "shadow", "criteria": [RETRY]}, "or a margin of not_accepted, which compares both answers"),
        (
            {"kind": "shadow", "criteria": [{"key": "a", "measure": {"metric": "retry", "limit": 0.1}}]},
            "only disagreement can be measured there",
        ),
        ({"kind": "offline_validation", "criteria": [RETRY]}, "after which nothing waits for it"),
        ({"kind": "offline_validation", "requires_approval": ["qa_lead"]}, "would wait for nothing"),
        (guarded(requires_approval=["administrator"]), "approves no stage; it is one of approver, qa_lead"),
        (guarded(control=0.05), "control belongs to the last stage"),
    ],
)
def test_what_a_stage_cannot_give_is_refused_with_what_to_do(stage: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        plan(stage)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "is no time zone"),
        ({**BERLIN, "starts": "17:00", "ends": "09:00"}, "must lie after starts"),
        ({**BERLIN, "starts": "9:00"}, "starts"),
        ({**BERLIN, "days": []}, "days"),
        ({**BERLIN, "days": ["monday"]}, "days"),
    ],
)
def test_hours_that_are_none_are_refused(hours: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        plan(guarded(), advance_hours=hours)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (datetime(2026, 11, 27, 8, 0, tzinfo=UTC), True),  # Friday, nine in Berlin
        (datetime(2026, 11, 27, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 7, 0, tzinfo=UTC), True),  # in summer an hour earlier
        (datetime(2026, 11, 28, 10, 0, tzinfo=UTC), False),  # Saturday
    ],
)
def test_hours_are_those_of_the_clock_where_people_are(at: datetime, inside: bool) -> None:
    assert AdvanceHours(time_zone="Europe/Berlin").hold_at(at) is inside


def test_a_stored_plan_stays_readable_when_rules_became_stricter_and_a_time_zone_is_gone() -> None:
    stage = guarded(coverage=0.7, requires_approval=["administrator"], control=0.05)
    stored = {"stages": [GENERAL, stage], "advance_hours": {"time_zone": "Mars/Olympus"}}

    stages, hours = stages_of(stored), stored_plan(stored).advance_hours

    assert (stages[1].coverage, stages[1].requires_approval) == (0.7, ["administrator"])
    assert hours is not None
    assert hours_of(stored) is None
    assert hours.sentence.endswith("which is no time zone any more: it waits for a person")
    with pytest.raises(InvalidInput):
        checked_document("rollout_plan", stored)


def test_the_last_stage_may_keep_a_small_control() -> None:
    assert stages_of(checked_document("rollout_plan", {"stages": [{**GENERAL, "control": 0.05}]}))[0].control
    with pytest.raises(InvalidInput, match="control"):
        checked_document("rollout_plan", {"stages": [{**GENERAL, "control": 0.1}]})


def test_a_rollback_plan_says_what_is_not_switched_at_once() -> None:
    stored = checked_document("rollback_plan", {"not_switchable": ["model"]})

    assert stays_behind(stored) == ("sdk", "model")
    assert stays_behind(checked_document("rollback_plan", {})) == ("sdk",)
    with pytest.raises(InvalidInput, match="not_switchable"):
        checked_document("rollback_plan", {"not_switchable": ["sdk"]})

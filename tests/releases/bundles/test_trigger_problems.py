"""What the triggers of a plan must hold before the release is frozen."""

from dataclasses import replace
from typing import Any

import pytest

from releases.bundles.trigger_problems import trigger_problems
from tests.factories.bundles import Parts, rollback_plan
from tests.factories.gates import segment

MEASURED: dict[str, Any] = {
    "key": "retry",
    "kind": "vs_control",
    "metric": "retry",
    "description": "Retries rise.",
    "owner": "author",
}
GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}


def problems(
    given: Parts, *triggers: dict[str, Any], stages: tuple[dict[str, Any], ...] = (GUARDED, GENERAL)
) -> dict[str, str]:
    content = replace(
        given.content,
        rollback_plan=rollback_plan(given.cast, triggers=list(triggers)),
        rollout_plan={"stages": list(stages)},
    )
    return {one.field: one.message for one in trigger_problems(content)}


def test_a_measured_trigger_with_an_owner_lacks_nothing(here: Parts) -> None:
    assert problems(here, MEASURED, stages=({**GUARDED, "triggers": ["retry"]}, GENERAL)) == {}


def test_a_plan_without_a_trigger_is_not_complete(here: Parts) -> None:
    assert "rollback_plan.triggers" in problems(here)


@pytest.mark.parametrize(
    ("owner", "said"), [("", "name the account"), ("nobody", "'nobody' is no active account")]
)
def test_a_measured_trigger_needs_an_owner_who_is_there(here: Parts, owner: str, said: str) -> None:
    found = problems(here, {**MEASURED, "owner": owner})

    assert said in found["rollback_plan.triggers[0].owner"]


def test_a_trigger_in_words_needs_no_owner(here: Parts) -> None:
    assert problems(here, {"description": "People complain."}) == {}


def test_a_segment_that_is_not_there_is_named(here: Parts) -> None:
    segment(here.cast, "tone", "1")

    found = problems(here, {**MEASURED, "segments": ["tone_1", "tone_7"]})

    assert found == {
        "rollback_plan.triggers[0].segments[1]": f"{here.system} has no segment 'tone_7'; there is tone_1"
    }


def test_protected_segments_must_be_there(here: Parts) -> None:
    found = problems(here, {**MEASURED, "segments": "protected"})

    assert "has no protected segment" in found["rollback_plan.triggers[0].segments"]


def test_a_comparison_where_no_control_arm_ever_is_is_refused(here: Parts) -> None:
    shadow = {"kind": "shadow", "triggers": ["retry"]}

    with_arms = problems(here, MEASURED, stages=(shadow, GUARDED, GENERAL))
    without = problems(here, MEASURED, stages=({**GENERAL, "triggers": ["retry"]},))

    assert "a stage 'shadow' has none" in with_arms["rollout_plan.stages[0].triggers"]
    assert "nor has any stage of the plan" in without["rollout_plan.stages[0].triggers"]


def test_a_key_that_names_two_triggers_is_refused(here: Parts) -> None:
    found = problems(here, MEASURED, {"key": "retry", "description": "Also."})

    assert "names several triggers" in found["rollback_plan.triggers[0].key"]

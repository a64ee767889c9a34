"""A guarded stage that shows the release to nobody is none (decision 0009)."""

from dataclasses import replace
from typing import Any

import pytest

from governance.errors import FieldError
from releases.bundles.completeness import ReleaseIncomplete
from releases.bundles.content import ReleaseContent
from releases.bundles.models import RevisionState
from releases.bundles.services import freeze_release
from tests.factories.bundles import Parts, complete_content, draft

GENERAL = {"kind": "general"}
HOUR = 3600


def guarded(coverage: float, seconds: int | None = None) -> dict[str, Any]:
    lasts = {} if seconds is None else {"min_duration_seconds": seconds}
    return {"kind": "guarded", "coverage": coverage, **lasts}


def planned(content: ReleaseContent, *stages: dict[str, Any]) -> ReleaseContent:
    return replace(content, rollout_plan={"stages": [*stages, GENERAL]})


def problems(here: Parts, *stages: dict[str, Any]) -> list[FieldError]:
    with pytest.raises(ReleaseIncomplete) as refused:
        freeze_release(here.author, revision=draft(here.cast, planned(here.content, *stages), name="next"))
    return list(refused.value.field_errors)


def test_a_guarded_stage_that_shows_it_to_nobody_is_refused(here: Parts) -> None:
    (problem,) = problems(here, guarded(1e-9, HOUR))

    assert problem.field == "rollout_plan.stages[0].coverage"
    assert "shows the release to 1e-09 of the people; show it to at least 0.01" in problem.message
    assert "mobile_web is a web channel" in problem.message


def test_the_widest_guarded_stage_is_the_one_that_is_named(here: Parts) -> None:
    (problem,) = problems(here, guarded(1e-9), guarded(1e-8))

    assert problem.field == "rollout_plan.stages[1].coverage"


def test_a_guarded_stage_may_be_short(here: Parts) -> None:
    """How long it lasts is for the people; what went live sooner than in an hour is a gap."""
    revision = draft(here.cast, planned(here.content, guarded(0.1)), name="next")

    assert freeze_release(here.author, revision=revision).state == RevisionState.FROZEN


@pytest.mark.parametrize(
    "stages",
    [(guarded(0.01, HOUR),), (guarded(0.001), guarded(0.1, HOUR)), (guarded(0.1, HOUR), guarded(0.2))],
    ids=["just enough", "after a smaller one", "before another"],
)
def test_one_guarded_stage_before_enough_people_is_enough(
    here: Parts, stages: tuple[dict[str, Any], ...]
) -> None:
    revision = draft(here.cast, planned(here.content, *stages), name="next")

    assert freeze_release(here.author, revision=revision).state == RevisionState.FROZEN


def test_a_release_that_needs_none_may_plan_a_short_one(here: Parts) -> None:
    apps = complete_content(here.cast, "android", "ios", tag="7")

    revision = draft(here.cast, planned(apps, guarded(0.001)), name="next")

    assert freeze_release(here.author, revision=revision).state == RevisionState.FROZEN

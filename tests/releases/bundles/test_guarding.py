"""Which releases need a guarded stage (S18), and what the refusal says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.errors import FieldError
from releases.bundles.completeness import ReleaseIncomplete
from releases.bundles.content import ReleaseContent, SlotInput
from releases.bundles.guarding import reasons_of
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import freeze_release
from tests.factories.bundles import Parts, changed, complete_content, component, draft, frozen, go_live
from tests.factories.cast import actor

GENERAL = {"kind": "general"}
GUARDED = {"kind": "guarded", "coverage": 0.1}
SHADOW = {"kind": "shadow", "min_duration_seconds": 3600}
Change = Callable[[Parts], SlotInput]


def planned(content: ReleaseContent, *stages: dict[str, Any]) -> ReleaseContent:
    return replace(content, rollout_plan={"stages": list(stages)})


def on_apps(here: Parts) -> ReleaseContent:
    """A complete release for both apps, and none for the web."""
    return complete_content(here.cast, "android", "ios", tag="7")


def serving(here: Parts, *names: str) -> ReleaseContent:
    """What is live on the channels named: a release for both apps."""
    content = on_apps(here)
    revision = frozen(here.cast, content, name="now")
    for name in names:
        go_live(actor(here.cast.release_manager), revision=revision, channel=here.cast.channel(name))
    return content


def problems(here: Parts, content: ReleaseContent) -> list[FieldError]:
    with pytest.raises(ReleaseIncomplete) as refused:
        freeze_release(here.author, revision=draft(here.cast, content, name="next"))
    return list(refused.value.field_errors)


def freezes(here: Parts, content: ReleaseContent) -> Revision:
    return freeze_release(here.author, revision=draft(here.cast, content, name="next"))


@pytest.mark.parametrize("stages", [(GENERAL,), (SHADOW, GENERAL)], ids=["general", "shadow"])
def test_a_web_channel_needs_a_guarded_stage_and_a_shadow_stage_does_not_replace_it(
    here: Parts, stages: tuple[dict[str, Any], ...]
) -> None:
    (problem,) = problems(here, planned(here.content, *stages))

    assert problem.field == "rollout_plan.stages"
    assert "mobile_web is a web channel" in problem.message
    assert "A shadow stage does not replace it" in problem.message


def new_fusion(here: Parts) -> SlotInput:
    fusion = component(
        here.cast, "fusion", "fusion", "2", strategy="rule", inputs=["depth", "texture"], weights={}
    )
    return SlotInput("fusion", fusion)


def new_threshold(here: Parts) -> SlotInput:
    return SlotInput("threshold_policy", here.policy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (new_fusion, "new fusion logic on android (strategy weighted → rule"),
        (new_threshold, "threshold or policy update on android (bands"),
    ],
    ids=["fusion", "threshold"],
)
def test_another_fusion_or_threshold_than_the_live_one_needs_a_guarded_stage(
    here: Parts, change: Change, words: str
) -> None:
    content = changed(here.cast, serving(here, "android"), change(here), tag="next")

    (problem,) = problems(here, planned(content, SHADOW, GENERAL))

    assert problem.field == "rollout_plan.stages"
    assert words in problem.message
    assert "on ios" not in problem.message
    assert "web channel" not in problem.message


def test_every_channel_on_which_it_changes_is_named(here: Parts) -> None:
    content = changed(here.cast, serving(here, "android", "ios"), new_threshold(here), tag="next")

    (problem,) = problems(here, planned(content, GENERAL))

    assert "threshold or policy update on android" in problem.message
    assert "threshold or policy update on ios" in problem.message


def test_another_model_on_apps_alone_needs_none(here: Parts) -> None:
    model = SlotInput("model", component(here.cast, "model", "live", "2"))
    content = changed(here.cast, serving(here, "android", "ios"), model, tag="next")

    revision = freezes(here, planned(content, SHADOW, GENERAL))

    assert revision.state == RevisionState.FROZEN
    assert reasons_of(revision) == ()


def test_where_nothing_is_live_apps_need_none(here: Parts) -> None:
    assert freezes(here, planned(on_apps(here), GENERAL)).state == RevisionState.FROZEN


def test_with_a_guarded_stage_it_is_frozen(here: Parts) -> None:
    revision = freezes(here, planned(here.content, SHADOW, GUARDED, GENERAL))

    assert [reason.key for reason in reasons_of(revision)] == ["web_channel"]
    assert revision.state == RevisionState.FROZEN

"""What a release must hold before it is frozen: each missing part is named, and all of them at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.access.services import deactivate_account
from governance.registry.components import revoke_component
from governance.registry.kinds import KINDS
from releases.bundles.completeness import ReleaseIncomplete
from releases.bundles.content import ReleaseContent, SlotInput
from releases.bundles.documents import CARD_TEXTS
from releases.bundles.services import freeze_release
from tests.factories.bundles import Parts, component, draft
from tests.factories.cast import actor

Change = Callable[[ReleaseContent], ReleaseContent]


def without(kind: str) -> Change:
    return lambda content: replace(content, slots=tuple(slot for slot in content.slots if slot.slot != kind))


def without_one_sdk(content: ReleaseContent) -> ReleaseContent:
    return replace(content, slots=tuple(slot for slot in content.slots if str(slot.channel) != "ios"))


def card(**changed: Any) -> Change:
    return lambda content: replace(content, card={**content.card, **changed})


def plan(**changed: Any) -> Change:
    return lambda content: replace(content, rollback_plan={**content.rollback_plan, **changed})


def stages(*given: dict[str, Any]) -> Change:
    return lambda content: replace(content, rollout_plan={"stages": list(given)})


MISSING: list[tuple[Change, str, str]] = [
    *((without(kind), f"slots.{kind}", "needs") for kind in KINDS),
    (without_one_sdk, "slots.sdk", "the channel ios needs one SDK"),
    *((card(**{name: "  "}), f"card.{name}", "say") for name in CARD_TEXTS),
    (lambda content: replace(content, card={}), "card.why", "why the change is made"),
    (stages(), "rollout_plan.stages", "at least the last stage, 'general'"),
    (stages({"kind": "guarded", "coverage": 0.1}), "rollout_plan.stages", "the last one is 'guarded'"),
    (
        stages({"kind": "guarded", "coverage": 0.1, "triggers": ["spoof"]}, {"kind": "general"}),
        "rollout_plan.stages[0].triggers[0]",
        "no trigger 'spoof'; there is none with a key",
    ),
    (
        plan(triggers=[{"description": "A spoof", "key": "spoof"}, {"description": "Two", "key": "spoof"}]),
        "rollback_plan.triggers[1].key",
        "names several triggers",
    ),
    (lambda content: replace(content, rollback_plan={}), "rollback_plan.owner", "name the account"),
    (plan(steps=" "), "rollback_plan.steps", "before the release"),
    (plan(triggers=[]), "rollback_plan.triggers", "at least one"),
    (plan(triggers=[{"description": " "}]), "rollback_plan.triggers[0].description", "when it fires"),
    (lambda content: replace(without("sdk")(content), channels=()), "channels", "at least one channel"),
]


def refusal(here: Parts, content: ReleaseContent) -> dict[str, str]:
    revision = draft(here.cast, content)
    with pytest.raises(ReleaseIncomplete) as refused:
        freeze_release(here.author, revision=revision)
    return {error.field: error.message for error in refused.value.field_errors}


@pytest.mark.parametrize(("change", "field", "words"), MISSING)
def test_each_missing_part_is_named(here: Parts, change: Change, field: str, words: str) -> None:
    named = refusal(here, change(here.content))

    assert words in named[field]


def test_everything_that_is_missing_is_named_at_once(here: Parts) -> None:
    named = refusal(here, ReleaseContent())

    assert set(named) == {
        "channels",
        *(f"slots.{kind}" for kind in KINDS if kind != "sdk"),
        *(f"card.{name}" for name in CARD_TEXTS),
        "rollout_plan.stages",
        "rollback_plan.owner",
        "rollback_plan.steps",
        "rollback_plan.triggers",
    }


def test_a_revoked_component_is_refused_with_its_reason(here: Parts) -> None:
    revision = draft(here.cast, here.content)
    model = here.slot("model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="it leaks")

    with pytest.raises(ReleaseIncomplete, match="is revoked: it leaks") as refused:
        freeze_release(here.author, revision=revision)

    assert [error.field for error in refused.value.field_errors] == ["slots[0].component"]


def test_a_report_of_another_stack_is_refused_naming_both_digests(here: Parts) -> None:
    report = component(here.cast, "evaluation_report", "eval_release", "other")
    slots = without("evaluation_report")(here.content).slots
    revision = draft(here.cast, replace(here.content, slots=(*slots, SlotInput("evaluation_report", report))))

    with pytest.raises(ReleaseIncomplete) as refused:
        freeze_release(here.author, revision=revision)

    (error,) = refused.value.field_errors
    assert report.attributes["stack_digest"] in error.message
    assert revision.stack_digest in error.message


def test_one_report_of_another_stack_beside_a_right_one_is_refused(here: Parts) -> None:
    report = SlotInput(
        "evaluation_report", component(here.cast, "evaluation_report", "eval_release", "other")
    )

    named = refusal(here, replace(here.content, slots=(*here.content.slots, report)))

    assert list(named) == [f"slots[{len(here.content.slots)}].component"]


def test_a_rollback_owner_who_left_since_the_draft_is_refused(here: Parts) -> None:
    revision = draft(here.cast, here.content)
    deactivate_account(actor(here.cast.admin), account=here.cast.release_manager, reason="left")

    with pytest.raises(ReleaseIncomplete, match="is no active account"):
        freeze_release(here.author, revision=revision)

"""What even a draft may not hold: every contradiction is refused, and the field is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from governance.errors import InvalidInput
from governance.registry.services import register_channel
from releases.bundles.consistency import MOST_SLOTS, checked_content
from releases.bundles.content import ReleaseContent, SlotInput, parse_content
from tests.factories.bundles import Parts, component, draft
from tests.factories.cast import actor, administrator, system_with_channels

Change = Callable[[Parts], ReleaseContent]


def adding(slot: Callable[[Parts], SlotInput]) -> Change:
    return lambda here: replace(here.content, slots=(*here.content.slots, slot(here)))


def given(**parts: Any) -> Change:
    return lambda here: replace(here.content, **parts)


def placed(
    kind: str, source: str, channel: str | None = None, role: str = ""
) -> Callable[[Parts], SlotInput]:
    return lambda here: SlotInput(
        kind, here.slot(source).component, here.cast.channel(channel) if channel else None, role
    )


STAGES = {"stages": [{"kind": "guarded"}]}
LAST = 8
CONTRADICTIONS: list[tuple[Change, str, str]] = [
    (adding(placed("model", "fusion")), f"slots[{LAST}].component", "is a fusion, not a model"),
    (adding(placed("engine", "model")), f"slots[{LAST}].slot", "'engine' is none of model"),
    (adding(placed("model", "model")), f"slots[{LAST}].component", "stands in this place already"),
    (adding(placed("model", "model", "ios")), f"slots[{LAST}].channel", "leave the channel out"),
    (adding(placed("sdk", "sdk")), f"slots[{LAST}].channel", "stands per channel"),
    (adding(placed("sdk", "sdk", "ios")), f"slots[{LAST}].slot", "at most 1 SDK on ios"),
    (
        adding(placed("dataset", "dataset", role="train")),
        f"slots[{LAST}].role",
        "registered as 'test', not 'train'",
    ),
    (adding(placed("model", "model", role="x" * 31)), f"slots[{LAST}].role", "at most 30"),
    (
        lambda here: replace(here.content, channels=here.content.channels[:2]),
        "slots[6].channel",
        "none of the channels",
    ),
    (
        lambda here: replace(here.content, channels=(*here.content.channels, here.content.channels[0])),
        "channels[3]",
        "named twice",
    ),
    (given(card={"what_chnged": "a typo"}), "card.what_chnged", "there is no such field"),
    (given(card={"why": 3}), "card.why", "a text is wanted, found 3"),
    (given(card={"references": ["javascript:alert(1)"]}), "card.references[0]", "pattern"),
    (given(rollout_plan=STAGES), "rollout_plan.stages[0]", "coverage of a stage 'guarded' lies above 0"),
    (
        given(rollout_plan={"stages": [{"kind": "canary"}]}),
        "rollout_plan.stages[0].kind",
        "is wanted, found 'canary'",
    ),
    (given(rollout_plan={"stages": [{"kind": "general"}] * 2}), "rollout_plan.stages", "stands twice"),
    (given(rollback_plan={"owner": "nobody"}), "rollback_plan.owner", "'nobody' is no active account"),
    (given(rollback_plan={"target": str(uuid4())}), "rollback_plan.target", "there is no release"),
    (given(rollback_plan={"target": "the last one"}), "rollback_plan.target", "pattern"),
    (
        given(rollback_plan={"triggers": [{"description": "x", "action": "shout"}]}),
        "rollback_plan.triggers[0].action",
        "'rollback'",
    ),
]


@pytest.mark.parametrize(("change", "field", "words"), CONTRADICTIONS)
def test_a_contradiction_is_refused_by_its_field(here: Parts, change: Change, field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        draft(here.cast, change(here))

    named = {error.field: error.message for error in refused.value.field_errors}
    assert list(named) == [field]
    assert words in named[field]


def test_all_contradictions_are_named_at_once(here: Parts) -> None:
    content = replace(here.content, card={"why": 3}, rollback_plan={"owner": "nobody"}, channels=())

    with pytest.raises(InvalidInput) as refused:
        checked_content(here.system, content)

    named = [error.field for error in refused.value.field_errors]
    assert named == [
        "card.why",
        "slots[4].channel",
        "slots[5].channel",
        "slots[6].channel",
        "rollback_plan.owner",
    ]


def test_a_second_fusion_is_refused(here: Parts) -> None:
    second = SlotInput("fusion", component(here.cast, "fusion", "another", rules="second"))

    with pytest.raises(InvalidInput, match="at most 1 Fusion"):
        draft(here.cast, replace(here.content, slots=(*here.content.slots, second)))


def test_parts_of_another_system_are_refused(here: Parts) -> None:
    other = system_with_channels("another-system", ["android"])
    foreign = replace(here.cast, system=other)
    stranger = foreign.channel("android")

    with pytest.raises(InvalidInput) as refused:
        checked_content(other, here.content)
    with pytest.raises(InvalidInput, match=f"there is no channel of onboarding-liveness {stranger.id}"):
        parse_content(here.system, channels=[stranger.id])

    named = {error.field for error in refused.value.field_errors}
    assert {"channels[0]", "slots[0].component"} <= named


def test_unknown_ids_of_a_request_are_named_with_their_place(here: Parts) -> None:
    model, sdk = here.slot("model").component.id, here.slot("sdk").component.id

    with pytest.raises(InvalidInput) as refused:
        parse_content(
            here.system,
            channels=[uuid4()],
            slots=[
                {"slot": "model", "component": model},
                {"slot": "model", "component": uuid4()},
                {"slot": "sdk", "component": sdk, "channel": uuid4()},
            ],
        )

    assert [error.field for error in refused.value.field_errors] == [
        "channels[0]",
        "slots[1].component",
        "slots[2].channel",
    ]


def test_a_drill_channel_stands_alone(here: Parts) -> None:
    drill = register_channel(
        actor(administrator()), system=here.system, name="drill", kind="android", drill=True
    )

    with pytest.raises(InvalidInput, match="drill is for drills only"):
        draft(here.cast, replace(here.content, channels=(*here.content.channels, drill)))

    alone = draft(here.cast, ReleaseContent(channels=(drill,)), name="drill-1")
    assert list(alone.channels.all()) == [drill]


def test_more_slots_than_an_entry_can_name_are_refused(here: Parts) -> None:
    slots = tuple(
        SlotInput("model", here.slot("model").component, role=str(number)) for number in range(MOST_SLOTS + 1)
    )

    with pytest.raises(InvalidInput, match="61 slots; at most 60 fit"):
        draft(here.cast, ReleaseContent(slots=slots))


def test_as_many_slots_as_are_allowed_fit_in_an_entry_before_and_after(here: Parts) -> None:
    slots = tuple(
        SlotInput("model", here.slot("model").component, role=f"{number:030}") for number in range(MOST_SLOTS)
    )
    revision = draft(here.cast, ReleaseContent(slots=slots))

    assert revision.slots.count() == MOST_SLOTS


def test_a_list_of_texts_is_taken_as_lines_and_a_text_as_a_trigger(here: Parts) -> None:
    content = checked_content(
        here.system,
        ReleaseContent(card={"channels_tested": ["android", "ios"]}, rollback_plan={"triggers": ["a spoof"]}),
    )

    assert content.card == {"channels_tested": "android\nios"}
    assert content.rollback_plan == {"triggers": [{"description": "a spoof"}]}


def test_a_dataset_stands_in_the_role_it_was_registered_with(here: Parts) -> None:
    dataset = SlotInput("dataset", here.slot("dataset").component)

    revision = draft(here.cast, ReleaseContent(slots=(dataset,)))

    assert revision.slots.get().role == "test"

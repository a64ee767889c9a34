"""Which kinds of change need a formal review: one case for each row of the table, and none of it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from governance.registry.models import Channel, ComponentVersion
from releases.bundles.categories import CATEGORIES, Category, Grounds, categories_of, merged
from releases.bundles.changes import SlotChange, slot_changes
from releases.bundles.content import SlotInput
from tests.factories.bundles import ATTRIBUTES

ANDROID = Channel(id=UUID("00000000-0000-7000-8000-00000000000a"), name="android")
KNOWN = "sha256:" + "a" * 64
RENEWED = "sha256:" + "b" * 64
SAMPLES = {
    KNOWN: frozenset(str(number) for number in range(100)),
    RENEWED: frozenset(str(number) for number in range(11, 111)),
    "sha256:" + "c" * 64: frozenset(str(number) for number in range(10, 110)),
}


def slot(kind: str, name: str = "one", role: str = "", **attributes: Any) -> SlotInput:
    component = ComponentVersion(
        id=uuid4(),
        kind=kind,
        name=name,
        version="1",
        digest=f"sha256:{uuid4().hex * 2}",
        attributes={**ATTRIBUTES[kind], **attributes},
    )
    return SlotInput(kind, component, ANDROID if kind == "sdk" else None, role)


def changes(old: list[SlotInput], new: list[SlotInput]) -> tuple[SlotChange, ...]:
    return slot_changes(new, old, {ANDROID.id: "android"})


def found(old: list[SlotInput], new: list[SlotInput]) -> tuple[Category, ...]:
    architectures = frozenset(
        item.component.attributes["architecture"] for item in old if item.slot == "model"
    )
    return categories_of(changes(old, new), Grounds(0.1, SAMPLES, architectures))


def keys(old: list[SlotInput], new: list[SlotInput]) -> list[str]:
    return [category.key for category in found(old, new)]


BAND = {"use_case": "default", "channel": None, "segment": None, "accept": 0.57, "retry": 0.7282}
CASES = {
    "new_model_architecture": (slot("model"), slot("model", architecture="transformer")),
    "new_fusion_logic": (slot("fusion"), slot("fusion", weights={"depth": 0.4, "texture": 0.6})),
    "threshold_or_policy_update": (
        slot("threshold_policy", bands=[BAND]),
        slot("threshold_policy", bands=[{**BAND, "accept": 0.5884}]),
    ),
    "sdk_major_change": (slot("sdk"), slot("sdk", semantic_version="3.0.0")),
    "major_dataset_refresh": (
        slot("dataset", sample_hashes=KNOWN),
        slot("dataset", sample_hashes=RENEWED),
    ),
    "other": (slot("model"), slot("model")),
}


@pytest.mark.parametrize("key", CASES)
def test_each_kind_of_change_falls_into_its_category(key: str) -> None:
    old, new = CASES[key]

    assert keys([old], [new]) == [key]


@pytest.mark.parametrize("key", CASES)
def test_the_same_component_is_no_change(key: str) -> None:
    kept = CASES[key][0]

    assert changes([kept], [kept]) == ()
    assert keys([kept], [kept]) == []


def test_every_category_is_reached_by_a_case_or_by_a_new_channel() -> None:
    assert set(CATEGORIES) == {*CASES, "new_channel"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (slot("fusion"), slot("fusion", strategy="meta_model")),
        (slot("fusion"), slot("fusion", inputs=["depth", "texture", "motion"])),
        (slot("fusion"), slot("fusion", rules="depth first")),
        (slot("threshold_policy"), slot("threshold_policy", attempts_allowed=3)),
        (slot("threshold_policy"), slot("threshold_policy", quality_gate=0.2)),
        (slot("threshold_policy"), slot("threshold_policy", at_threshold="attack")),
        (
            slot("threshold_policy", bands=[BAND]),
            slot("threshold_policy", bands=[BAND, {**BAND, "segment": "dark"}]),
        ),
        (slot("sdk"), slot("sdk", platform="ios")),
    ],
)
def test_any_part_of_the_logic_counts(old: SlotInput, new: SlotInput) -> None:
    assert keys([old], [new]) == [
        {"fusion": "new_fusion_logic", "threshold_policy": "threshold_or_policy_update"}.get(
            old.slot, "sdk_major_change"
        )
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (slot("fusion"), slot("fusion", name="renamed")),
        (slot("threshold_policy"), slot("threshold_policy", chosen_by="another run")),
        (slot("sdk"), slot("sdk", semantic_version="2.9.1")),
        (slot("dataset", sample_hashes=KNOWN), slot("dataset", sample_hashes="sha256:" + "c" * 64)),
        (slot("dataset", sample_set=KNOWN), slot("dataset", sample_set=KNOWN)),
        (slot("evaluation_report"), slot("evaluation_report")),
    ],
)
def test_what_moves_no_decision_is_another_change(old: SlotInput, new: SlotInput) -> None:
    assert keys([old], [new]) == ["other"]


def test_exactly_the_limit_of_new_samples_is_no_major_refresh() -> None:
    at_limit = slot("dataset", sample_hashes="sha256:" + "c" * 64)
    grounds = Grounds(0.1, SAMPLES, frozenset())

    categories = categories_of(changes([slot("dataset", sample_hashes=KNOWN)], [at_limit]), grounds)

    assert [category.key for category in categories] == ["other"]


def test_a_dataset_whose_samples_are_unknown_counts_as_renewed_and_says_why() -> None:
    (category,) = found([slot("dataset", sample_hashes=KNOWN)], [slot("dataset")])

    assert category.key == "major_dataset_refresh"
    assert "not known" in category.evidence[0].sentence


def test_a_dataset_in_another_role_is_new_there() -> None:
    assert keys([slot("dataset", role="test")], [slot("dataset", role="challenge")]) == [
        "major_dataset_refresh"
    ]


def test_a_further_model_of_a_known_architecture_is_another_change() -> None:
    kept = slot("model")

    assert keys([kept], [kept, slot("model", name="second")]) == ["other"]
    assert keys([kept], [kept, slot("model", name="second", architecture="transformer")]) == [
        "new_model_architecture"
    ]


def test_a_model_that_is_gone_is_another_change() -> None:
    kept = slot("model")

    assert keys([kept, slot("model", name="second")], [kept]) == ["other"]


def test_a_new_report_beside_another_change_adds_no_category() -> None:
    old, new = CASES["new_fusion_logic"]

    assert keys([old, slot("evaluation_report")], [new, slot("evaluation_report")]) == ["new_fusion_logic"]


def test_several_changes_give_their_categories_in_the_order_of_the_table() -> None:
    old, new = zip(*CASES.values(), strict=True)

    assert keys(list(old), list(new)) == [key for key in CATEGORIES if key in CASES]


def test_evidence_names_what_changed_from_what_to_what() -> None:
    (category,) = found(*([item] for item in CASES["threshold_or_policy_update"]))

    (evidence,) = category.evidence
    assert evidence.sentence == "bands.default.accept 0.57 → 0.5884"
    assert (evidence.old, evidence.new) == ("one_1", "one_1")
    assert category.reason


def test_the_numbers_of_a_policy_stand_side_by_side_and_changed_ones_are_marked() -> None:
    (change,) = changes(*([item] for item in CASES["threshold_or_policy_update"]))

    numbers = {value.name: (value.old, value.new, value.changed) for value in change.values}
    assert numbers["bands.default.accept"] == (0.57, 0.5884, True)
    assert numbers["bands.default.retry"] == (0.7282, 0.7282, False)


def test_models_in_one_place_are_paired_by_name() -> None:
    old = [slot("model", "depth"), slot("model", "texture")]
    new = [slot("model", "texture"), slot("model", "depth"), slot("model", "motion")]

    pairs = [(change.old and change.old.name, change.new and change.new.name) for change in changes(old, new)]

    assert sorted(pairs, key=str) == [("depth", "depth"), ("texture", "texture"), (None, "motion")]


def test_equal_evidence_of_several_channels_stands_once() -> None:
    old, new = CASES["new_fusion_logic"]
    one = found([old], [new])

    assert merged([one, one]) == one

"""The bytes that are frozen: written out by hand once, and independent of any order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.registry.models import Channel, ComponentVersion
from releases.bundles.content import SlotInput
from releases.bundles.manifest import assemble_manifest, manifest_digest, stack_digest

ANDROID = Channel(id=UUID("00000000-0000-7000-8000-00000000000a"), name="android")
IOS = Channel(id=UUID("00000000-0000-7000-8000-000000000001"), name="ios")


@dataclass(frozen=True)
class Documents:
    card: dict[str, Any] = field(default_factory=lambda: {"why": "é", "what_changed": "masks"})
    rollout_plan: dict[str, Any] = field(default_factory=lambda: {"stages": [{"kind": "general"}]})
    rollback_plan: dict[str, Any] = field(default_factory=lambda: {"owner": "release_manager"})


def placed(slot: str, digit: str, channel: Channel | None = None, role: str = "") -> SlotInput:
    return SlotInput(slot, ComponentVersion(kind=slot, digest="sha256:" + digit * 64), channel, role)


SLOTS = [
    placed("threshold_policy", "4"),
    placed("model", "2"),
    placed("model", "1"),
    placed("sdk", "5", ANDROID),
    placed("sdk", "6", IOS),
    placed("fusion", "3"),
    placed("dataset", "7", role="test"),
    placed("evaluation_report", "8"),
]
STACK_BYTES = (
    '{"fusion":"sha256:' + "3" * 64 + '",'
    '"model":["sha256:' + "1" * 64 + '","sha256:' + "2" * 64 + '"],'
    '"sdk":{"00000000-0000-7000-8000-000000000001":"sha256:' + "6" * 64 + '",'
    '"00000000-0000-7000-8000-00000000000a":"sha256:' + "5" * 64 + '"},'
    '"threshold_policy":["sha256:' + "4" * 64 + '"]}'
)


def sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def row(slot: str, digit: str, channel: str = "null", role: str = "null") -> str:
    return f'{{"channel":{channel},"component":"sha256:{digit * 64}","role":{role},"slot":"{slot}"}}'


MANIFEST_BYTES = (
    '{"card":"' + sha256('{"what_changed":"masks","why":"é"}') + '",'
    '"channels":["00000000-0000-7000-8000-000000000001","00000000-0000-7000-8000-00000000000a"],'
    '"rollback_plan":"' + sha256('{"owner":"release_manager"}') + '",'
    '"rollout_plan":"' + sha256('{"stages":[{"kind":"general"}]}') + '",'
    '"slots":['
    + ",".join(
        [
            row("dataset", "7", role='"test"'),
            row("evaluation_report", "8"),
            row("fusion", "3"),
            row("model", "1"),
            row("model", "2"),
            row("sdk", "6", channel='"00000000-0000-7000-8000-000000000001"'),
            row("sdk", "5", channel='"00000000-0000-7000-8000-00000000000a"'),
            row("threshold_policy", "4"),
        ]
    )
    + "]}"
)


def test_the_stack_digest_is_the_hash_of_the_bytes_written_out_by_hand() -> None:
    assert stack_digest(SLOTS) == sha256(STACK_BYTES)


def test_the_manifest_digest_is_the_hash_of_the_bytes_written_out_by_hand() -> None:
    document = assemble_manifest(Documents(), [ANDROID.id, IOS.id], SLOTS)

    assert manifest_digest(document) == sha256(MANIFEST_BYTES)


def test_the_stack_digest_of_an_empty_draft_names_what_is_absent() -> None:
    assert stack_digest([]) == sha256('{"fusion":null,"model":[],"sdk":{},"threshold_policy":[]}')


@given(st.permutations(SLOTS), st.permutations([ANDROID.id, IOS.id]))
def test_the_order_of_slots_and_channels_changes_no_digest(
    slots: Sequence[SlotInput], channels: Sequence[UUID]
) -> None:
    document = assemble_manifest(Documents(), channels, slots)

    assert stack_digest(slots) == sha256(STACK_BYTES)
    assert manifest_digest(document) == sha256(MANIFEST_BYTES)


@given(st.integers(0, len(SLOTS) - 1))
def test_another_component_in_any_slot_changes_the_manifest_digest(index: int) -> None:
    slot = SLOTS[index]
    other = placed(slot.slot, "9", slot.channel, slot.role)
    slots = [*SLOTS[:index], other, *SLOTS[index + 1 :]]

    assert manifest_digest(assemble_manifest(Documents(), [ANDROID.id, IOS.id], slots)) != sha256(
        MANIFEST_BYTES
    )


@pytest.mark.parametrize("slot", [placed("dataset", "9", role="train"), placed("evaluation_report", "9")])
def test_what_stands_outside_the_stack_leaves_its_digest_alone(slot: SlotInput) -> None:
    assert stack_digest([*SLOTS, slot]) == sha256(STACK_BYTES)


@pytest.mark.parametrize(
    "changed",
    [
        Documents(card={"why": "other"}),
        Documents(rollout_plan={}),
        Documents(rollback_plan={"owner": "somebody"}),
    ],
)
def test_another_card_or_plan_changes_the_manifest_digest(changed: Documents) -> None:
    assert manifest_digest(assemble_manifest(changed, [ANDROID.id, IOS.id], SLOTS)) != sha256(MANIFEST_BYTES)

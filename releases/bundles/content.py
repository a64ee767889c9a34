"""What a revision holds, before it is stored: channels, slots, card and plans.

``parse_content`` turns the ids of a request into objects; every verb that stores content then asks
:func:`releases.bundles.consistency.checked_content`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from governance.documents import sentence
from governance.errors import FieldError, InvalidInput
from governance.registry.models import Channel, ComponentVersion, System
from releases.bundles.models import Revision

PARTS = ("channels", "slots", "card", "rollout_plan", "rollback_plan")


@dataclass(frozen=True)
class SlotInput:
    """A component in its place: ``channel`` for SDKs, ``role`` for datasets (else the dataset's own)."""

    slot: str
    component: ComponentVersion
    channel: Channel | None = None
    role: str = ""

    @property
    def channel_id(self) -> UUID | None:
        """The channel's id, named as on a stored slot."""
        return self.channel.id if self.channel else None

    @property
    def place(self) -> tuple[str, UUID | None, str]:
        """Where it stands; a slot given to a copy takes the place of those copied there."""
        return self.slot, self.channel_id, self.role


@dataclass(frozen=True)
class ReleaseContent:
    """All that a revision holds; card and plans as documents of :mod:`releases.bundles.documents`."""

    channels: tuple[Channel, ...] = ()
    slots: tuple[SlotInput, ...] = ()
    card: dict[str, Any] = field(default_factory=dict)
    rollout_plan: dict[str, Any] = field(default_factory=dict)
    rollback_plan: dict[str, Any] = field(default_factory=dict)


def content_of(revision: Revision) -> ReleaseContent:
    """What a stored revision holds."""
    slots = revision.slots.select_related("component", "channel").order_by("id")
    return ReleaseContent(
        channels=tuple(revision.channels.order_by("name")),
        slots=tuple(SlotInput(slot.slot, slot.component, slot.channel, slot.role) for slot in slots),
        card=revision.card,
        rollout_plan=revision.rollout_plan,
        rollback_plan=revision.rollback_plan,
    )


def copy_of(revision: Revision) -> ReleaseContent:
    """What a release made from ``revision`` starts with.

    The card is left empty, since it tells what is new; the rollback target is left out, since the one of
    the copied release lies before it.
    """
    copied = content_of(revision)
    plan = {key: value for key, value in copied.rollback_plan.items() if key != "target"}
    return replace(copied, card={}, rollback_plan=plan)


def with_slots(content: ReleaseContent, slots: tuple[SlotInput, ...]) -> ReleaseContent:
    """The content with ``slots`` in place of those that stood in the same places."""
    taken = {slot.place for slot in slots}
    kept = tuple(slot for slot in content.slots if slot.place not in taken)
    return replace(content, slots=(*kept, *slots))


def parse_content(
    system: System,
    *,
    channels: Iterable[UUID] = (),
    slots: Iterable[Mapping[str, Any]] = (),
    card: Mapping[str, Any] | None = None,
    rollout_plan: Mapping[str, Any] | None = None,
    rollback_plan: Mapping[str, Any] | None = None,
) -> ReleaseContent:
    """Content from the ids of a request; ``slots`` are ``{slot, component, channel?, role?}``.

    Raises:
        InvalidInput: naming each channel or component that is none of ``system``.
    """
    problems: list[FieldError] = []
    rows = list(slots)
    found_channels = {row.id: row for row in Channel.objects.filter(system=system)}
    wanted = [row["component"] for row in rows]
    found = {row.id: row for row in ComponentVersion.objects.filter(system=system, id__in=wanted)}
    touched = []
    for index, touched_id in enumerate(channels):
        if touched_id in found_channels:
            touched.append(found_channels[touched_id])
        else:
            problems.append(_unknown(f"channels[{index}]", touched_id, f"channel of {system}"))
    inputs = []
    for index, row in enumerate(rows):
        channel_id = row.get("channel")
        if row["component"] not in found:
            problems.append(_unknown(f"slots[{index}].component", row["component"], f"component of {system}"))
        elif channel_id is not None and channel_id not in found_channels:
            problems.append(_unknown(f"slots[{index}].channel", channel_id, f"channel of {system}"))
        else:
            component = found[row["component"]]
            channel = found_channels[channel_id] if channel_id is not None else None
            inputs.append(slot_input(row["slot"], component, channel, row.get("role") or ""))
    refuse(problems)
    return ReleaseContent(
        tuple(touched), tuple(inputs), dict(card or {}), dict(rollout_plan or {}), dict(rollback_plan or {})
    )


def _unknown(field_name: str, found: object, wanted: str) -> FieldError:
    return FieldError(field_name, f"there is no {wanted} {found}")


def slot_input(slot: str, component: ComponentVersion, channel: Channel | None, role: str) -> SlotInput:
    """A slot whose role, unless it is given, is the one the component was registered with."""
    return SlotInput(slot, component, channel, role or str(component.attributes.get("role", "")))


def refuse(problems: list[FieldError]) -> None:
    """Raise :class:`InvalidInput` with all ``problems``, if there are any."""
    if problems:
        raise InvalidInput(f"The content does not fit: {sentence(problems)}.", field_errors=tuple(problems))


def composed(
    system: System, base: ReleaseContent, given: Mapping[str, Any], *, keep_slots: bool = False
) -> ReleaseContent:
    """``base`` with the parts of a request's body in place of its own.

    ``keep_slots``: given slots take their places only, and the rest of the copied slots stay, without
    those of channels that are no longer touched.

    Raises:
        InvalidInput: see :func:`parse_content`.
    """
    parts = {name: given[name] for name in PARTS if name in given}
    parsed = parse_content(system, **parts)
    content = replace(base, **{name: getattr(parsed, name) for name in parts if name != "slots"})
    if keep_slots:
        touched = {None, *(channel.id for channel in content.channels)}
        kept = tuple(slot for slot in content.slots if slot.channel_id in touched)
        return with_slots(replace(content, slots=kept), parsed.slots)
    return replace(content, slots=parsed.slots) if "slots" in parts else content

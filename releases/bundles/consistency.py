"""What content may never be, not even as a draft: of another system, of another kind, twice, contradictory.

A draft may be incomplete, but since it never contradicts itself its stack digest is always defined. Every
field that cannot be taken is named at once.
"""

from typing import Any
from uuid import UUID

from governance.access.models import Account
from governance.errors import FieldError, InvalidInput
from governance.registry.kinds import KINDS
from governance.registry.models import Channel, System
from releases.bundles.content import ReleaseContent, SlotInput, refuse, slot_input
from releases.bundles.documents import DOCUMENTS, checked_document
from releases.bundles.models import Release

MOST_SLOTS = 60
MOST_CHANNELS = 40
LONGEST_ROLE = 30


def checked_content(system: System, content: ReleaseContent) -> ReleaseContent:
    """The content in the form in which it is stored.

    Raises:
        InvalidInput: naming every field that contradicts another, its kind or its system.
    """
    problems: list[FieldError] = []
    slots = tuple(slot_input(s.slot, s.component, s.channel, s.role) for s in content.slots)
    documents = {}
    for name in DOCUMENTS:
        try:
            documents[name] = checked_document(name, getattr(content, name))
        except InvalidInput as error:
            problems += error.field_errors
    problems += _channel_problems(system, content.channels)
    problems += _slot_problems(system, content.channels, slots)
    if "rollback_plan" in documents:
        problems += _rollback_problems(system, documents["rollback_plan"])
    refuse(problems)
    return ReleaseContent(content.channels, slots, **documents)


def _channel_problems(system: System, channels: tuple[Channel, ...]) -> list[FieldError]:
    problems = []
    if len(channels) > MOST_CHANNELS:
        problems.append(FieldError("channels", f"{len(channels)} channels; at most {MOST_CHANNELS} fit"))
    seen = set()
    for index, channel in enumerate(channels):
        if channel.system_id != system.id:
            problems.append(FieldError(f"channels[{index}]", f"{channel} is no channel of {system}"))
        if channel.id in seen:
            problems.append(FieldError(f"channels[{index}]", f"{channel} is named twice"))
        seen.add(channel.id)
    if len({channel.drill for channel in channels}) > 1:
        drill = ", ".join(str(channel) for channel in channels if channel.drill)
        problems.append(
            FieldError("channels", f"{drill} is for drills only; a release touches it alone or not at all")
        )
    return problems


def _slot_problems(
    system: System, channels: tuple[Channel, ...], slots: tuple[SlotInput, ...]
) -> list[FieldError]:
    problems = []
    if len(slots) > MOST_SLOTS:
        problems.append(FieldError("slots", f"{len(slots)} slots; at most {MOST_SLOTS} fit"))
    touched = {channel.id for channel in channels}
    seen: set[tuple[object, ...]] = set()
    held: dict[tuple[str, UUID | None], int] = {}
    for index, slot in enumerate(slots):
        found = _one_slot(system, touched, slot)
        kind = KINDS.get(slot.slot)
        identity = (*slot.place, slot.component.id)
        place = (slot.slot, slot.channel_id)
        held[place] = held.get(place, 0) + 1
        if identity in seen:
            found.append(("component", f"{slot.component} stands in this place already"))
        elif kind is not None and kind.at_most is not None and held[place] == kind.at_most + 1:
            where = f" on {slot.channel}" if slot.channel else ""
            found.append(("slot", f"a release holds at most {kind.at_most} {kind.title}{where}"))
        seen.add(identity)
        problems += [FieldError(f"slots[{index}].{name}", message) for name, message in found]
    return problems


def _one_slot(system: System, touched: set[UUID], slot: SlotInput) -> list[tuple[str, str]]:
    kind = KINDS.get(slot.slot)
    if kind is None:
        return [("slot", f"{slot.slot!r} is none of {', '.join(KINDS)}")]
    found = []
    if slot.component.system_id != system.id:
        found.append(("component", f"{slot.component} is no component of {system}"))
    if slot.component.kind != kind.name:
        found.append(("component", f"{slot.component} is a {slot.component.kind}, not a {kind.name}"))
    if kind.per_channel and slot.channel is None:
        found.append(("channel", f"{kind.title} stands per channel; name one"))
    if not kind.per_channel and slot.channel is not None:
        found.append(("channel", f"{kind.title} stands for all channels; leave the channel out"))
    if kind.per_channel and slot.channel_id is not None and slot.channel_id not in touched:
        found.append(("channel", f"{slot.channel} is none of the channels that the release touches"))
    own = str(slot.component.attributes.get("role", ""))
    if own and slot.role != own:
        found.append(("role", f"{slot.component} is registered as {own!r}, not {slot.role!r}"))
    if len(slot.role) > LONGEST_ROLE:
        found.append(("role", f"at most {LONGEST_ROLE} characters"))
    return found


def _rollback_problems(system: System, plan: dict[str, Any]) -> list[FieldError]:
    problems = []
    owner, target = plan.get("owner"), plan.get("target")
    if owner and not Account.objects.filter(username=owner, is_active=True).exists():
        problems.append(FieldError("rollback_plan.owner", f"{owner!r} is no active account"))
    if target and not Release.objects.filter(system=system, id=target).exists():
        problems.append(FieldError("rollback_plan.target", f"there is no release of {system} {target}"))
    return problems

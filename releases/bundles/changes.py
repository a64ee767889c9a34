"""Which slots differ between two stacks, and by what. Pure: slots in, changes out.

A slot is unchanged when the very same registered component stands in it; the same bytes registered anew
may carry other attributes, so they count as a change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion
from releases.bundles.manifest import Placed

UNSTATED = ("chosen_by", "notes", "description")
"""Attributes that say where something came from; they take part in no decision."""


@dataclass(frozen=True)
class ValueChange:
    """One attribute side by side; ``None`` where it is not stated."""

    name: str
    old: Any
    new: Any

    @property
    def changed(self) -> bool:
        """Whether the two differ; a policy's numbers are all shown, these are marked."""
        return bool(self.old != self.new)


@dataclass(frozen=True)
class SlotChange:
    """A place whose component differs: ``old`` is None where one was added, ``new`` where it was removed."""

    slot: str
    channel_id: UUID | None
    channel_name: str
    role: str
    old: ComponentVersion | None
    new: ComponentVersion | None
    values: tuple[ValueChange, ...]

    @property
    def place(self) -> str:
        """The place in words: ``SDK on android``, ``Dataset (test)``."""
        where = f" on {self.channel_name}" if self.channel_name else ""
        role = f" ({self.role})" if self.role else ""
        return f"{KINDS[self.slot].title}{where}{role}"

    @property
    def sentence(self) -> str:
        """What happened to the place."""
        if self.old is None:
            return f"{self.place}: {self.new} is new"
        if self.new is None:
            return f"{self.place}: {self.old} is gone"
        return f"{self.place}: {self.old} → {self.new}"


@dataclass(frozen=True)
class _Place:
    slot: str
    channel_id: UUID | None
    channel_name: str
    role: str


def slot_changes(
    new: Iterable[Placed], old: Iterable[Placed], channel_names: dict[UUID, str]
) -> tuple[SlotChange, ...]:
    """The places whose components differ, in the order of the table of kinds."""
    places: dict[_Place, tuple[list[ComponentVersion], list[ComponentVersion]]] = {}
    for side, slots in enumerate((old, new)):
        for slot in slots:
            channel_id = slot.channel_id
            name = channel_names.get(channel_id, "") if channel_id else ""
            place = _Place(slot.slot, channel_id, name, slot.role)
            places.setdefault(place, ([], []))[side].append(slot.component)
    return tuple(
        SlotChange(
            place.slot,
            place.channel_id,
            place.channel_name,
            place.role,
            before,
            after,
            value_changes(place.slot, before, after),
        )
        for place in sorted(places, key=_order)
        for before, after in _pairs(*places[place])
    )


def _order(place: _Place) -> tuple[int, str, str]:
    return list(KINDS).index(place.slot), place.channel_name, place.role


def _pairs(
    old: list[ComponentVersion], new: list[ComponentVersion]
) -> list[tuple[ComponentVersion | None, ComponentVersion | None]]:
    """Old and new components of one place, paired by name, the rest in order of their names."""
    kept = {item.id for item in old} & {item.id for item in new}
    gone = sorted((item for item in old if item.id not in kept), key=str)
    come = sorted((item for item in new if item.id not in kept), key=str)
    pairs: list[tuple[ComponentVersion | None, ComponentVersion | None]] = []
    for item in list(come):
        same = next((other for other in gone if other.name == item.name), None)
        if same is not None:
            gone.remove(same)
            come.remove(item)
            pairs.append((same, item))
    longest = max(len(gone), len(come))
    pairs += zip(_padded(gone, longest), _padded(come, longest), strict=True)
    return pairs


def _padded(items: list[ComponentVersion], length: int) -> list[ComponentVersion | None]:
    return [*items, *[None] * (length - len(items))]


def value_changes(
    slot: str, old: ComponentVersion | None, new: ComponentVersion | None
) -> tuple[ValueChange, ...]:
    """Attributes side by side: all numbers of a threshold policy, and what differs of everything else."""
    before = flat(old.attributes if old else {})
    after = flat(new.attributes if new else {})
    names = [*before, *(name for name in after if name not in before)]
    values = (ValueChange(name, before.get(name), after.get(name)) for name in names)
    return tuple(value for value in values if value.changed or slot == "threshold_policy")


def flat(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes by dotted name. A band is named by its use case, channel and segment, not by its index."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if name == "bands":
            for band in value:
                found |= {f"bands.{band_name(band)}.{cut}": band.get(cut) for cut in ("accept", "retry")}
        elif isinstance(value, dict):
            found |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            found[name] = value
    return found


def band_name(band: dict[str, Any]) -> str:
    """A band's place: its use case and, where it is narrower, its channel and segment."""
    return "/".join(str(band[key]) for key in ("use_case", "channel", "segment") if band.get(key))

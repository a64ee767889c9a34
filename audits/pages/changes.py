"""What changed, side by side, ready to print. Pure but for the objects it is given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion
from releases.bundles.categories import merged
from releases.bundles.changes import SlotChange
from releases.bundles.differences import ChannelDifference
from releases.bundles.models import Revision, Slot

Piece = tuple[str, bool]
"""A run of words, and whether it differs from the other side."""

SHOWN_VALUES = 6


@dataclass(frozen=True)
class Side:
    """One side of a changed slot."""

    version: str
    pieces: tuple[Piece, ...]
    status: str


@dataclass(frozen=True)
class Changed:
    """A changed slot: what stood there, what stands there now, and which review that asks for."""

    place: str
    categories: tuple[str, ...]
    old: Side | None
    new: Side | None
    details: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A revision against what is live on channels that share their baseline."""

    channels: tuple[str, ...]
    baseline: str
    baseline_adopted: bool
    changed: tuple[Changed, ...]
    unchanged: tuple[str, ...]
    reviews: tuple[tuple[str, str], ...]

    @property
    def on(self) -> str:
        """The channels in words."""
        return " and ".join(self.channels)


def comparisons(revision: Revision, differences: Iterable[ChannelDifference]) -> list[Comparison]:
    """One comparison for each distinct baseline, in the order of the channels."""
    groups: dict[Any, list[ChannelDifference]] = {}
    for difference in differences:
        key = difference.baseline.id if difference.baseline else None
        groups.setdefault(key, []).append(difference)
    return [_comparison(revision, group) for group in groups.values()]


def _comparison(revision: Revision, group: Sequence[ChannelDifference]) -> Comparison:
    baseline = group[0].baseline
    changes: dict[tuple[Any, ...], SlotChange] = {}
    for difference in group:
        for change in difference.changes:
            changes.setdefault((change.place, str(change.old), str(change.new)), change)
    categories = merged(difference.categories for difference in group)
    titles: dict[tuple[str, Any], list[str]] = {}
    for category in categories:
        for evidence in category.evidence:
            titles.setdefault((evidence.slot, evidence.channel_id), []).append(category.title)
    return Comparison(
        channels=tuple(difference.channel.name for difference in group),
        baseline=baseline.release.name if baseline else "",
        baseline_adopted=bool(baseline and baseline.adopted),
        changed=tuple(_changed(change, titles) for change in changes.values()),
        unchanged=_unchanged(revision, changes.values(), {difference.channel.id for difference in group}),
        reviews=tuple((category.title, category.reason) for category in categories),
    )


def _changed(change: SlotChange, titles: dict[tuple[str, Any], list[str]]) -> Changed:
    old, new = _phrase(change.slot, change.old), _phrase(change.slot, change.new)
    before, after = marked(old, new) if change.old and change.new else (((old, False),), ((new, False),))
    return Changed(
        place=change.place,
        categories=tuple(dict.fromkeys(titles.get((change.slot, change.channel_id), []))),
        old=_side(change.old, before),
        new=_side(change.new, after),
        details=_details(change),
    )


def _side(component: ComponentVersion | None, pieces: tuple[Piece, ...]) -> Side | None:
    if component is None:
        return None
    return Side(str(component), pieces, component.status)


def _phrase(slot: str, component: ComponentVersion | None) -> str:
    if component is None:
        return ""
    return KINDS[slot].summary(component.attributes)


def _details(change: SlotChange) -> tuple[str, ...]:
    """Changed numbers that the phrase does not tell, as text; long lists are cut and say so."""
    if change.slot not in {"threshold_policy", "fusion"} or not (change.old and change.new):
        return ()
    found = [
        f"{value.name}: {_shown(value.old)} → {_shown(value.new)}" for value in change.values if value.changed
    ]
    told = found[:SHOWN_VALUES]
    return (*told, f"and {len(found) - SHOWN_VALUES} more") if len(found) > SHOWN_VALUES else tuple(told)


def _shown(value: Any) -> str:
    if value is None:
        return "not stated"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _unchanged(revision: Revision, changes: Iterable[SlotChange], channels: set[Any]) -> tuple[str, ...]:
    changed = {change.new.id for change in changes if change.new}
    slots = [slot for slot in revision.slots.all() if slot.channel_id is None or slot.channel_id in channels]
    return tuple(dict.fromkeys(str(slot.component) for slot in slots if slot.component_id not in changed))


def marked(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both phrases as runs of words; what differs is marked on its side."""
    before, after = old.split(), new.split()
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, start, end, begin, stop in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        differs = kind != "equal"
        if end > start:
            left.append((" ".join(before[start:end]), differs))
        if stop > begin:
            right.append((" ".join(after[begin:stop]), differs))
    return tuple(left), tuple(right)


@dataclass(frozen=True)
class StackRow:
    """A slot of the decision stack with how it compares with what is live."""

    place: str
    component: ComponentVersion
    what: str
    changes: tuple[str, ...]
    is_changed: bool


def stack_rows(revision: Revision, compared: Sequence[Comparison]) -> list[StackRow]:
    """Every slot of the revision, with the categories of its changes."""
    changed: dict[str, tuple[str, ...]] = {}
    for comparison in compared:
        for row in comparison.changed:
            if row.new is not None:
                changed[f"{row.place}|{row.new.version}"] = row.categories or ("Changed",)
    rows = []
    for slot in revision.slots.all():
        found = changed.get(f"{_place(slot)}|{slot.component}", ())
        what = KINDS[slot.slot].summary(slot.component.attributes)
        rows.append(StackRow(_place(slot), slot.component, what, found, bool(found)))
    order = list(KINDS)
    return sorted(
        rows,
        key=lambda row: [KINDS[name].title for name in order].index(
            row.place.split(" on ")[0].split(" (")[0]
        ),
    )


def _place(slot: Slot) -> str:
    where = f" on {slot.channel.name}" if slot.channel else ""
    role = f" ({slot.role})" if slot.role else ""
    return f"{KINDS[slot.slot].title}{where}{role}"

"""Kinds of change that need a formal review (S17), as a table: what finds each, and why it is reviewed.

Pure. A detector answers a sentence of evidence for one changed slot, or None. What no detector claims is
``other``: it needs a review like everything that goes live, only no special one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from releases.bundles.changes import SlotChange, flat

Samples = dict[str, frozenset[str]]
"""Hashed sample ids by the digest of the blob that lists them."""


@dataclass(frozen=True)
class Grounds:
    """What detectors need beside the change: the limit of a dataset's renewal, known samples, old models."""

    dataset_limit_rate: float
    samples: Samples
    architectures: frozenset[str]


@dataclass(frozen=True)
class Evidence:
    """Why a category applies: the place, what stood there and what stands there now."""

    slot: str
    channel_id: UUID | None
    old: str | None
    new: str | None
    sentence: str


@dataclass(frozen=True)
class Category:
    """A category that applies, why it is reviewed, and each piece of evidence."""

    key: str
    title: str
    reason: str
    evidence: tuple[Evidence, ...]


Detector = Callable[[SlotChange, Grounds], str | None]


@dataclass(frozen=True)
class CategoryRule:
    """One row of the table. ``slot`` is the kind it looks at; None is found by other means."""

    key: str
    title: str
    reason: str
    slot: str | None = None
    detect: Detector | None = None


def _new_architecture(change: SlotChange, grounds: Grounds) -> str | None:
    old = change.old.attributes.get("architecture") if change.old else None
    if change.new is None:
        return None
    new = change.new.attributes.get("architecture")
    if change.old is None:
        if new in grounds.architectures:
            return None
        return f"architecture {new!r} is new"
    return None if old == new else f"architecture {old!r} → {new!r}"


def _new_fusion(change: SlotChange, grounds: Grounds) -> str | None:
    return _differing(change, ("strategy", "inputs", "weights", "rules"))


def _new_numbers(change: SlotChange, grounds: Grounds) -> str | None:
    return _differing(change, ("polarity", "at_threshold", "bands", "attempts_allowed", "quality_gate"))


def _differing(change: SlotChange, names: tuple[str, ...]) -> str | None:
    if change.old is None or change.new is None:
        return change.sentence
    before = flat(
        {
            name: change.old.attributes.get(name)
            for name in names
            if change.old.attributes.get(name) is not None
        }
    )
    after = flat(
        {
            name: change.new.attributes.get(name)
            for name in names
            if change.new.attributes.get(name) is not None
        }
    )
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not differing:
        return None
    return "; ".join(f"{name} {_shown(before.get(name))} → {_shown(after.get(name))}" for name in differing)


def _shown(value: Any) -> str:
    if value is None:
        return "not stated"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sdk_major(change: SlotChange, grounds: Grounds) -> str | None:
    if change.old is None:
        return f"{change.new} is the first SDK known on {change.channel_name}"
    if change.new is None:
        return f"{change.old} is gone from {change.channel_name}"
    old, new = change.old.attributes, change.new.attributes
    if old["platform"] != new["platform"]:
        return f"platform {old['platform']} → {new['platform']}"
    if _major(old["semantic_version"]) != _major(new["semantic_version"]):
        return f"version {old['semantic_version']} → {new['semantic_version']}"
    return None


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _dataset_refresh(change: SlotChange, grounds: Grounds) -> str | None:
    if change.old is None or change.new is None:
        return change.sentence
    if change.old.digest == change.new.digest:
        return None
    old, new = change.old.attributes, change.new.attributes
    if old.get("sample_set") is not None and old.get("sample_set") == new.get("sample_set"):
        return None
    before = grounds.samples.get(str(old.get("sample_hashes")))
    after = grounds.samples.get(str(new.get("sample_hashes")))
    if not before or not after:
        return "the samples of one version are not known, so nobody can say how many changed"
    added, removed = len(after - before) / len(after), len(before - after) / len(before)
    if max(added, removed) <= grounds.dataset_limit_rate:
        return None
    return (
        f"{added:.1%} of its samples are new and {removed:.1%} of the old ones are gone;"
        f" the limit is {grounds.dataset_limit_rate:.1%}"
    )


NEW_CHANNEL = "new_channel"
OTHER = "other"

_TABLE = (
    CategoryRule(
        "new_model_architecture",
        "New model architecture",
        "Another architecture can behave differently anywhere, also where nobody measured.",
        "model",
        _new_architecture,
    ),
    CategoryRule(
        "new_fusion_logic",
        "New fusion logic",
        "The way from sub-scores to a decision is another one.",
        "fusion",
        _new_fusion,
    ),
    CategoryRule(
        "threshold_or_policy_update",
        "Threshold or policy update",
        "Moved cuts change what genuine users go through and what fraud gets through.",
        "threshold_policy",
        _new_numbers,
    ),
    CategoryRule(
        "sdk_major_change",
        "SDK major change",
        "Captures may be taken in another way than those that were measured.",
        "sdk",
        _sdk_major,
    ),
    CategoryRule(
        NEW_CHANNEL,
        "New channel",
        "Other devices and other ways to attack than on the channels known so far.",
    ),
    CategoryRule(
        "major_dataset_refresh",
        "Major dataset refresh",
        "Calibration, and what may have leaked between training and test, must be looked at anew.",
        "dataset",
        _dataset_refresh,
    ),
    CategoryRule(
        OTHER,
        "Other change",
        "No category of its own, but the stack is not the one that is live.",
    ),
)

CATEGORIES: dict[str, CategoryRule] = {rule.key: rule for rule in _TABLE}
"""The categories by key, in the order in which they are shown."""

SECONDARY_SLOTS = frozenset({"evaluation_report"})
"""A new stack always brings a new report; alone it counts as ``other``, beside another change it does not."""


def categories_of(changes: Iterable[SlotChange], grounds: Grounds) -> tuple[Category, ...]:
    """The categories of the changed slots, in the order of the table."""
    found: dict[str, list[Evidence]] = {}
    unclaimed: list[SlotChange] = []
    for change in changes:
        claims = [(rule.key, text) for rule in _TABLE if (text := _found(rule, change, grounds))]
        for key, text in claims:
            found.setdefault(key, []).append(_evidence(change, text))
        if not claims:
            unclaimed.append(change)
    primary = [change for change in unclaimed if change.slot not in SECONDARY_SLOTS]
    others = primary or ([] if found else unclaimed)
    if others:
        found[OTHER] = [_evidence(change, change.sentence) for change in others]
    return named(found)


def named(found: dict[str, list[Evidence]]) -> tuple[Category, ...]:
    """Evidence by key as categories, in the order of the table."""
    return tuple(
        Category(rule.key, rule.title, rule.reason, tuple(found[rule.key]))
        for rule in _TABLE
        if rule.key in found
    )


def merged(parts: Iterable[tuple[Category, ...]]) -> tuple[Category, ...]:
    """The categories of several channels as one list; equal evidence stands once."""
    found: dict[str, dict[Evidence, None]] = {}
    for categories in parts:
        for category in categories:
            found.setdefault(category.key, {}).update(dict.fromkeys(category.evidence))
    return named({key: list(evidence) for key, evidence in found.items()})


def _found(rule: CategoryRule, change: SlotChange, grounds: Grounds) -> str | None:
    if rule.detect is None or rule.slot != change.slot:
        return None
    return rule.detect(change, grounds)


def _evidence(change: SlotChange, text: str) -> Evidence:
    return Evidence(
        change.slot,
        change.channel_id,
        str(change.old) if change.old else None,
        str(change.new) if change.new else None,
        text,
    )

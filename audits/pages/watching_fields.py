"""The triggers that the form of a release offers: presets with a tick each, written into both plans. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html

from releases.bundles.documents import WITH_ARMS
from releases.monitoring.triggers.presets import Preset, preset, presets

BUDGET = "p95_latency"
"""The preset whose limit only the writer knows."""

ARMED = frozenset(kind.value for kind in WITH_ARMS)


def choices() -> list[tuple[str, Any]]:
    """Each preset with the sentence that says what it does."""
    return [
        (one.key, format_html("<span><strong>{}.</strong> {}</span>", one.title, one.sentence))
        for one in presets()
    ]


def is_preset(trigger: Mapping[str, Any]) -> bool:
    """Whether the trigger of a plan came from a preset, changed or not."""
    return bool(trigger.get("kind")) and trigger.get("key") in {one.key for one in presets()}


def ticked(plan: Mapping[str, Any]) -> list[str]:
    """The presets that stand in a rollback plan."""
    return [str(one["key"]) for one in plan.get("triggers", []) if is_preset(one)]


def budget_of(plan: Mapping[str, Any]) -> float | None:
    """The budget in milliseconds that the plan states."""
    found = [one for one in plan.get("triggers", []) if is_preset(one) and one["key"] == BUDGET]
    return float(found[0]["limit"]) if found else None


def watched_triggers(
    plan: Mapping[str, Any], chosen: Collection[str], *, owner: str, budget: float | None
) -> list[dict[str, Any]]:
    """The triggers of the ticked presets: as they stood in the plan, else as the preset has them."""
    before = {str(one["key"]): dict(one) for one in plan.get("triggers", []) if is_preset(one)}
    found = [before.get(key) or {**preset(key).document, "owner": owner} for key in chosen]
    for one in found:
        if one["key"] == BUDGET and budget is not None:
            one["limit"] = budget
    return found


def watched_stages(
    stages: Sequence[Mapping[str, Any]], chosen: Collection[str], before: Collection[str]
) -> list[dict[str, Any]]:
    """The stages with the keys of newly ticked presets where they have something to look at, and without
    those that are ticked no more. What stood there before stays as it was."""
    has_arms = any(stage["kind"] in ARMED for stage in stages)
    new = [preset(key) for key in chosen if key not in before]
    gone = set(before) - set(chosen)
    return [_stage(stage, new, gone, has_arms=has_arms) for stage in stages]


def _stage(
    stage: Mapping[str, Any], new: Iterable[Preset], gone: Collection[str], *, has_arms: bool
) -> dict[str, Any]:
    kept = [key for key in stage.get("triggers", []) if key not in gone]
    added = [one.key for one in new if _looks_at(one, stage, has_arms=has_arms) and one.key not in kept]
    rest = {key: value for key, value in stage.items() if key != "triggers"}
    return {**rest, **({"triggers": [*kept, *added]} if kept or added else {})}


def _looks_at(one: Preset, stage: Mapping[str, Any], *, has_arms: bool) -> bool:
    needs_arms = one.document["kind"] == "vs_control"
    return stage["kind"] in one.stages and (has_arms or not needs_arms)

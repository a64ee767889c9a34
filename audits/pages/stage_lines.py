"""The stages of a rollout plan as lines that a person writes: ``guarded 25 %, at least 24 h``.

One stage per line. What a line cannot say (criteria, triggers, numbers of people) is kept from the stage of
the same kind that stood there before.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError

from releases.bundles.documents import StageKind

UNITS = {"day": 86_400, "h": 3_600, "hour": 3_600, "min": 60, "minute": 60, "s": 1, "second": 1}
DURATION = r"(\d+(?:\.\d+)?)\s*(days?|hours?|h|minutes?|min|seconds?|s)"
KINDS = frozenset(kind.value for kind in StageKind)
LINE = re.compile(
    r"(?P<kind>[a-z_ ]+?)"
    r"(?:\s+(?P<share>\d+(?:\.\d+)?)\s*%)?"
    rf"(?:,?\s+at least\s+(?P<least>{DURATION}))?"
    rf"(?:,?\s+held after\s+(?P<most>{DURATION}))?"
    r"(?:,?\s+keys:\s*(?P<keys>.+))?",
    re.IGNORECASE,
)
HELP = (
    "One stage per line, in order: internal testing, shadow, guarded, segment monitoring, general.\n"
    "Like “guarded 25 %, at least 24 h, held after 7 days”. Internal testing names its keys: "
    "“internal testing, at least 2 days, keys: tester-1 tester-2”."
)


def lines_of(stages: Sequence[dict[str, Any]]) -> str:
    """The stages as text."""
    return "\n".join(_line(stage) for stage in stages)


def _line(stage: dict[str, Any]) -> str:
    parts = [str(stage["kind"]).replace("_", " ")]
    if stage.get("coverage") and stage["kind"] != StageKind.GENERAL:
        parts[0] += f" {stage['coverage'] * 100:.6g} %"
    if stage.get("min_duration_seconds"):
        parts.append(f"at least {_duration(stage['min_duration_seconds'])}")
    if stage.get("max_duration_seconds"):
        parts.append(f"held after {_duration(stage['max_duration_seconds'])}")
    if stage.get("keys"):
        parts.append(f"keys: {' '.join(stage['keys'])}")
    return ", ".join(parts)


def _duration(seconds: int) -> str:
    for word, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0 and seconds > size * (word == "days"):
            return f"{seconds // size} {word}"
    return f"{seconds} s"


def stages_from(text: str, before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The text as stages; ``before`` are those that stood there.

    Raises:
        ValidationError: naming each line that is none, and how one is written.
    """
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if not _parsed(line)]
    if wrong:
        how = "Write it like “guarded 25 %, at least 24 h”."
        raise ValidationError([f"“{line[:60]}” is no stage. {how}" for line in wrong])
    left = list(before)
    return [_kept(stage, left) for line in lines if (stage := _parsed(line))]


def _parsed(line: str) -> dict[str, Any] | None:
    found = LINE.fullmatch(line)
    kind = found["kind"].strip().lower().replace(" ", "_") if found else ""
    if found is None or kind not in KINDS:
        return None
    stage: dict[str, Any] = {"kind": kind}
    if found["share"]:
        stage["coverage"] = float(found["share"]) / 100
    for name, field in (("least", "min_duration_seconds"), ("most", "max_duration_seconds")):
        if found[name]:
            stage[field] = _seconds(found[name])
    if found["keys"]:
        stage["keys"] = found["keys"].replace(",", " ").split()
    return stage


def _seconds(text: str) -> int:
    number, unit = re.fullmatch(DURATION, text.strip(), re.IGNORECASE).groups()  # type: ignore[union-attr]  # LINE holds the same pattern
    return round(float(number) * UNITS[unit.lower() if unit in UNITS else unit.lower().removesuffix("s")])


def _kept(stage: dict[str, Any], left: list[dict[str, Any]]) -> dict[str, Any]:
    """The stage with what its line cannot say, taken from the first of its kind that is left."""
    same = next((one for one in left if one["kind"] == stage["kind"]), None)
    if same is None:
        return stage
    left.remove(same)
    said = {"kind", "coverage", "min_duration_seconds", "max_duration_seconds", "keys"}
    return {**{name: value for name, value in same.items() if name not in said}, **stage}

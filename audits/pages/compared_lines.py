"""Two results side by side as rows: the worst change first, figures as other pages write them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from audits.pages.plots import counted, limit_text, signed
from releases.gates.runs.comparison import BETTER, GONE, NEW, RANK, SAME, WORSE

LOOKS = {"pass": "pass", "fail": "fail", "inconclusive": "inc"}
ORDER = {WORSE: 0, GONE: 1, NEW: 2, BETTER: 3, SAME: 4}


def compared_criteria(found: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The criteria that came out differently in anything, worst first; and the titles of all others."""
    criteria = [_criterion(one) for one in found["criteria"]]
    moved = [one for one in criteria if one["change"] != SAME or one["moved"] or one["asks_changed"]]
    return sorted(moved, key=_badness), [one["title"] for one in criteria if one not in moved]


def _badness(one: Mapping[str, Any]) -> tuple[int, int, float]:
    """Sorts what got worse first, then by the verdict now, then by how far the estimate rose."""
    now, then = one["now"], one["then"]
    risen = [side.get("estimate") for side in (now, then) if side]
    rise = float(risen[0] - risen[1]) if len(risen) == 2 and None not in risen else 0.0
    return ORDER[one["change"]], RANK[(now or then)["verdict"]], -rise


def _criterion(one: Mapping[str, Any]) -> dict[str, Any]:
    """The lines whose verdict changed stand open; those whose figures moved alone stand behind them."""
    lines = [_line(line, str(one["kind"])) for line in one["strata"] if line["then"] != line["now"]]
    moved = sorted(lines, key=_badness)
    return {
        **one,
        **_looks(one),
        "moved": moved,
        "groups": [group for group in _grouped(moved) if group["lines"]],
        "unmoved": len(one["strata"]) - len(moved),
    }


def _grouped(moved: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    changed = [line for line in moved if line["change"] != SAME]
    kept = [line for line in moved if line["change"] == SAME]
    many = f"{len(kept)} lines keep their verdict, and their figures moved"
    only = "One line keeps its verdict, and its figures moved"
    return [{"lines": changed, "title": ""}, {"lines": kept, "title": only if len(kept) == 1 else many}]


def _line(line: Mapping[str, Any], kind: str) -> dict[str, Any]:
    against = bool(line["baseline_now"] or line["baseline_then"])
    write = _writer(line, is_difference=against and kind != "disagreement")
    names = ("n", "value", "bounds", "limit")
    cells = [(name, _cell(line["then"], name, write), _cell(line["now"], name, write)) for name in names]
    return {**line, **_looks(line), "cells": cells}


def _looks(one: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{side}_look": LOOKS.get(one[side]["verdict"], "open") if one[side] else "open"
        for side in ("then", "now")
    }


def _cell(figures: Mapping[str, Any] | None, name: str, write: Any) -> str:
    if figures is None:
        return "–"
    if name == "n":
        return "–" if figures["n"] is None else counted(figures["n"])
    if name == "bounds":
        lower, upper = figures["lower"], figures["upper"]
        return "–" if lower is None and upper is None else f"{write(lower)} to {write(upper)}"
    return str(write(figures["estimate" if name == "value" else "limit"], stated=name == "limit"))


def _writer(line: Mapping[str, Any], *, is_difference: bool) -> Any:
    """How a figure of the line is written: points with their sign, percent, milliseconds or a ratio."""
    unit = (line["now"] or line["then"]).get("unit") or "share"

    def write(value: float | None, stated: bool = False) -> str:
        if value is None:
            return "–"
        if unit == "ms":
            return f"{counted(value)} ms"
        if unit == "ratio":
            return f"{value:.2f} ×"
        if stated:
            return limit_text(100 * value, is_difference=is_difference) + ("" if is_difference else " %")
        return signed(100 * value, 1) if is_difference else f"{100 * value:.1f} %"

    return write

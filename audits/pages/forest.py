"""The forest plot of a result: groups of lines on shared scales, worst first. Pure.

Differences share one scale, rates another. What is measured in a unit of its own (answer times, ratios to the
whole) has a panel of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.confidence import bounds_head, bounds_said
from audits.pages.evidence import Line, Tally, badness, tally, worst_first
from audits.pages.plots import (
    Axis,
    Interval,
    Tick,
    axis_for,
    counted,
    difference_ticks,
    interval,
    limit_text,
    rate_ticks,
    signed,
)
from audits.pages.standing import listed

METRIC_ORDER = ("bpcer", "bpcer_with_non_response", "apcer", "apcer_with_retry", "bpnrr", "apnrr")
BY = {
    "segment": "by protected segment",
    "species": "by attack species",
    "channel": "by channel",
    "pooled": "all together",
    "segment × species": "by protected segment and attack species",
    "species × segment": "by attack species and protected segment",
    "segment × segment": "by two protected segments at once",
}
ROOM = 4.0
"""How many limits wide the panel of a unit may get; what lies beyond is cut off."""


@dataclass(frozen=True)
class Row:
    """One line with its picture; texts are ready to print."""

    line: Line
    interval: Interval | None
    live: str
    candidate: str
    estimate: str
    bounds: str
    verdict_note: str
    label: str


@dataclass(frozen=True)
class Group:
    """Lines of one metric against one baseline, with their limit on the shared scale."""

    title: str
    abbreviation: str
    against: str
    perceived: bool
    limit: str
    limit_x: float
    tally: Tally
    rows: tuple[Row, ...]
    bounds: str
    """What its bounds are, as the head of their column."""

    @property
    def worse_width(self) -> float:
        """Width of the zone beyond the limit, in percent."""
        return round(100 - self.limit_x, 2)

    @property
    def is_open(self) -> bool:
        """Whether the group is shown unfolded: where something does not pass."""
        return self.tally.total != self.tally.passed


@dataclass(frozen=True)
class Heads:
    """The title, and the heads of the columns; an empty one is a column that is not there."""

    title: str
    baseline: str
    candidate: str
    estimate: str
    unit: str
    value_unit: str


@dataclass(frozen=True)
class Forest:
    """Groups on one scale; ``zero_x`` is where nothing would differ, or nothing at all is."""

    axis: Axis
    ticks: tuple[Tick, ...]
    zero_x: float
    groups: tuple[Group, ...]
    heads: Heads

    @property
    def tally(self) -> Tally:
        """All of its lines."""
        return tally(row.line for group in self.groups for row in group.rows)

    @property
    def bounds(self) -> str:
        """What the bars are, of all of its lines together."""
        return bounds_said(row.line for group in self.groups for row in group.rows)


def difference_forest(lines: Sequence[Line]) -> Forest | None:
    """Candidate minus baseline in points, one scale for all; None without such lines."""
    differences = [line for line in lines if line.is_difference and line.is_drawn]
    return _forest(differences, difference_ticks, HEADS["difference"])


def rate_forest(lines: Sequence[Line]) -> Forest | None:
    """Rates with their limit, on an axis of their own; None without such lines."""
    rates = [line for line in lines if not line.is_difference and line.is_drawn]
    return _forest([line for line in rates if line.number("limit") is not None], rate_ticks, HEADS["share"])


def unit_forests(lines: Sequence[Line]) -> list[Forest]:
    """A panel for each other unit that lines are measured in: answer times, then ratios to the whole."""
    panels = (_unit_forest([line for line in lines if line.unit == unit], unit) for unit in ("ms", "ratio"))
    return [panel for panel in panels if panel is not None]


HEADS = {
    "difference": Heads(
        "Candidate minus baseline, line by line",
        "Live\n%",
        "Cand.\n%",
        "Diff.\npoints",
        "percentage points",
        "",
    ),
    "share": Heads(
        "Rates with a limit of their own", "", "Cand.\n%", "", "percent of captures, whatever is live", " %"
    ),
    "ms": Heads("Answer times", "", "Cand.\nms", "", "milliseconds, of the candidate alone", " ms"),
    "ratio": Heads(
        "Groups against all together", "All\n%", "Group\n%", "Ratio\n×", "times the rate of all together", ""
    ),
}


def _forest(lines: Sequence[Line], ticks: Any, heads: Heads) -> Forest | None:
    if not lines:
        return None
    axis = axis_for(_bounds_of(lines))
    groups = [_group(axis, key, members) for key, members in _grouped(lines).items()]
    return Forest(axis, ticks(axis), axis.x(0), tuple(sorted(groups, key=_place)), heads)


def _unit_forest(lines: Sequence[Line], unit: str) -> Forest | None:
    limits = [value for line in lines if (value := line.number("limit")) is not None]
    if not limits:
        return None
    axis = axis_for(_bounds_of(lines), most_beyond=ROOM * max(limits))
    groups = [_group(axis, key, members) for key, members in _grouped(lines).items()]
    nothing = 1.0 if unit == "ratio" else 0.0
    return Forest(axis, rate_ticks(axis), axis.x(nothing), tuple(sorted(groups, key=_place)), HEADS[unit])


def _bounds_of(lines: Iterable[Line]) -> list[float]:
    values = (line.scaled(key) for line in lines for key in ("lower", "upper", "limit"))
    return [value for value in values if value is not None]


def _grouped(lines: Iterable[Line]) -> dict[tuple[str, ...], list[Line]]:
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        found.setdefault(_key(line), []).append(line)
    return found


def _key(line: Line) -> tuple[str, ...]:
    baseline = line.baseline or {}
    named = (str(baseline.get("kind", "")), str(baseline.get("name", "")), str(baseline.get("revision", "")))
    return line.criterion, line.metric, line.kind, line.dataset, *named


def _place(group: Group) -> tuple[bool, tuple[int, bool, float], int]:
    first = group.rows[0].line
    metric = METRIC_ORDER.index(first.metric) if first.metric in METRIC_ORDER else len(METRIC_ORDER)
    pinned = (first.baseline or {}).get("kind") == "pinned"
    return pinned, badness(first) if group.is_open else (3, False, 0.0), metric


def _group(axis: Axis, key: tuple[str, ...], members: Sequence[Line]) -> Group:
    ordered = worst_first(members)
    first = ordered[0]
    limit = next((value for line in ordered if (value := line.scaled("limit")) is not None), 0.0)
    return Group(
        title=f"{first.wording.heading}, {BY.get(first.kind, f'by {first.kind}')}",
        abbreviation=_abbreviation(first),
        against=against(first.baseline),
        perceived=any(line.perceived for line in ordered),
        limit=_limit(first, limit),
        limit_x=axis.x(limit),
        tally=tally(ordered),
        rows=tuple(_row(axis, line) for line in ordered),
        bounds=bounds_head(ordered),
    )


def _abbreviation(line: Line) -> str:
    probability = line.number("probability")
    return line.wording.abbreviation if probability is None else f"{100 * probability:g} % are faster"


def _limit(line: Line, limit: float) -> str:
    if not line.is_drawn:
        return f"{counted(limit)} ms" if line.unit == "ms" else f"{limit:g} ×"
    return limit_text(limit, is_difference=line.is_difference) + ("" if line.is_difference else " %")


def against(baseline: Mapping[str, Any] | None) -> str:
    """With what a group compares: ``against quality_rbf, live on android``."""
    if not baseline:
        return ""
    channels = listed(baseline.get("channels", []))
    if baseline.get("kind") == "pinned":
        return f"against the reference release {baseline.get('name', '')}"
    if not baseline.get("name"):
        return f"nothing is live on {channels}"
    return f"against {baseline['name']}, live on {channels}"


def _row(axis: Axis, line: Line) -> Row:
    single = not line.is_difference and line.unit != "ratio"
    return Row(
        line=line,
        interval=interval(axis, line.scaled("lower"), line.scaled("upper"), line.scaled("estimate")),
        live=_rate(line, "whole_rate" if line.unit == "ratio" else "baseline_rate"),
        candidate=_value(line, "estimate") if single else _rate(line, "candidate_rate"),
        estimate=_value(line, "estimate"),
        bounds=_bounds(line),
        verdict_note=_note(line),
        label=line.sentence,
    )


def _rate(line: Line, key: str) -> str:
    value = line.points(key)
    return "" if value is None else f"{value:.1f}"


def _value(line: Line, key: str) -> str:
    value = line.scaled(key)
    if value is None:
        return ""
    if line.unit == "ms":
        return counted(value)
    if line.unit == "ratio":
        return f"{value:.2f}"
    return signed(value, 1) if line.is_difference else f"{value:.1f}"


def _bounds(line: Line) -> str:
    if line.is_suppressed:
        return "not shown"
    lower, upper = _value(line, "lower"), _value(line, "upper")
    return f"{lower} to {upper}" if lower and upper else "not measured"


def _note(line: Line) -> str:
    if line.verdict == "fail":
        lower = _value(line, "lower")
        unit = {"ms": " ms", "ratio": " ×"}.get(line.unit, "" if line.is_difference else " %")
        return f"at least {lower}{unit}" if lower else line.settle
    return line.settle

"""The forest plot of a result: groups of lines on shared scales, worst first. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.evidence import Line, Tally, badness, tally, worst_first
from audits.pages.plots import (
    Axis,
    Interval,
    Tick,
    axis_for,
    difference_ticks,
    interval,
    limit_text,
    rate_ticks,
    signed,
)

METRIC_ORDER = ("bpcer", "bpcer_with_non_response", "apcer", "apcer_with_retry", "bpnrr", "apnrr")
BY = {"segment": "by protected segment", "species": "by attack species", "pooled": "all together"}


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

    @property
    def worse_width(self) -> float:
        """Width of the zone beyond the limit, in percent."""
        return round(100 - self.limit_x, 2)

    @property
    def is_open(self) -> bool:
        """Whether the group is shown unfolded: where something does not pass."""
        return self.tally.total != self.tally.passed


@dataclass(frozen=True)
class Forest:
    """Groups on one scale."""

    axis: Axis
    ticks: tuple[Tick, ...]
    zero_x: float
    groups: tuple[Group, ...]

    @property
    def tally(self) -> Tally:
        """All of its lines."""
        return tally(row.line for group in self.groups for row in group.rows)


def difference_forest(lines: Sequence[Line]) -> Forest | None:
    """Candidate minus baseline in points, one scale for all; None without such lines."""
    return _forest([line for line in lines if line.is_difference and line.is_drawn], difference_ticks)


def rate_forest(lines: Sequence[Line]) -> Forest | None:
    """Rates with their limit, on an axis of their own; None without such lines."""
    rates = [line for line in lines if not line.is_difference and line.is_drawn]
    return _forest([line for line in rates if line.number("limit") is not None], rate_ticks)


def _forest(lines: Sequence[Line], ticks: Any) -> Forest | None:
    if not lines:
        return None
    bounds = [
        value for line in lines for key in ("lower", "upper", "limit") if _known(value := line.points(key))
    ]
    axis = axis_for([value for value in bounds if value is not None])
    groups = [_group(axis, key, members) for key, members in _grouped(lines).items()]
    return Forest(axis, ticks(axis), axis.x(0), tuple(sorted(groups, key=_place)))


def _known(value: float | None) -> bool:
    return value is not None


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
    limit = next((value for line in ordered if (value := line.points("limit")) is not None), 0.0)
    return Group(
        title=f"{first.wording.heading}, {BY.get(first.kind, first.kind)}",
        abbreviation=first.wording.abbreviation,
        against=against(first.baseline),
        perceived=any(line.perceived for line in ordered),
        limit=limit_text(limit, is_difference=first.is_difference) + ("" if first.is_difference else " %"),
        limit_x=axis.x(limit),
        tally=tally(ordered),
        rows=tuple(_row(axis, line) for line in ordered),
    )


def against(baseline: Mapping[str, Any] | None) -> str:
    """With what a group compares: ``against quality_rbf, live on android``."""
    if not baseline:
        return ""
    channels = " and ".join(baseline.get("channels", []))
    if baseline.get("kind") == "pinned":
        return f"against the reference release {baseline.get('name', '')}"
    if not baseline.get("name"):
        return f"nothing is live on {channels}"
    return f"against {baseline['name']}, live on {channels}"


def _row(axis: Axis, line: Line) -> Row:
    return Row(
        line=line,
        interval=interval(axis, line.points("lower"), line.points("upper"), line.points("estimate")),
        live=_rate(line, "baseline_rate"),
        candidate=_rate(line, "candidate_rate"),
        estimate=_value(line, "estimate"),
        bounds=_bounds(line),
        verdict_note=_note(line),
        label=line.sentence,
    )


def _rate(line: Line, key: str) -> str:
    value = line.points(key)
    return "" if value is None else f"{value:.1f}"


def _value(line: Line, key: str) -> str:
    value = line.points(key)
    if value is None:
        return ""
    return signed(value, 1) if line.is_difference else f"{value:.1f}"


def _bounds(line: Line) -> str:
    lower, upper = _value(line, "lower"), _value(line, "upper")
    return f"{lower} to {upper}" if lower and upper else "not measured"


def _note(line: Line) -> str:
    if line.verdict == "fail":
        lower = _value(line, "lower")
        unit = "" if line.is_difference else " %"
        return f"at least {lower}{unit}" if lower else ""
    return line.settle

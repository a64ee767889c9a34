"""Attacks accepted, species by species: the candidate beside the other stack, each with its bounds. Pure.

Where a line of the gate limits a species as a whole, the candidate's figures are those of the line, so that
its bar and its verdict are of the same statement. A species without such a line has bounds of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.confidence import bounds_said
from audits.pages.det import words_of
from audits.pages.evidence import ORDER, Line
from audits.pages.plots import Axis, Interval, Tick, axis_for, interval, rate_ticks
from releases.gates.vocabulary.outcomes import ReasonCode

NO_STATEMENT = "No statement possible"


@dataclass(frozen=True)
class SpeciesRow:
    """One species. ``look`` is the verdict on its limit; ``few`` says why nothing can be said."""

    name: str
    captures: int
    subjects: float
    candidate: str
    other: str
    bounds: str
    candidate_interval: Interval | None
    other_interval: Interval | None
    limit_x: float | None
    look: str
    verdict: str
    few: str
    label: str

    @property
    def worse_width(self) -> float:
        """Width of the zone beyond the limit, in percent."""
        return 0.0 if self.limit_x is None else round(100 - self.limit_x, 2)


@dataclass(frozen=True)
class SpeciesRates:
    """All species on one scale, worst first; those with too few stand last."""

    axis: Axis
    ticks: tuple[Tick, ...]
    rows: tuple[SpeciesRow, ...]
    limit: str
    limit_x: float | None
    other: str
    judged: int
    label: str
    bounds: str
    """What the bars of species with a limit are."""


def species_rates(
    stacks: Sequence[Mapping[str, Any]], names: Mapping[str, str], lines: Sequence[Line]
) -> SpeciesRates | None:
    """The picture; None where no attack names a species."""
    if not stacks or not stacks[0]["species"]:
        return None
    first, other = stacks[0], stacks[1] if len(stacks) > 1 else None
    limits = _limits(lines)
    ours = {name: _rate(rate, limits.get(name)) for name, rate in first["species"].items()}
    few = {name for name in ours if not _is_enough(limits.get(name), name in first["judged"])}
    shown = [ours, *([other["species"]] if other else [])]
    rates = [rate for rated in shown for name, rate in rated.items() if name not in few]
    stated = {value for line in limits.values() if (value := line.points("limit")) is not None}
    axis = axis_for([*_bounds(rates), *stated], most_beyond=100)
    common = stated.pop() if len(stated) == 1 else None
    theirs = (other, names[other["of"]]) if other else None
    worst_first = sorted(ours, key=lambda name: (name in few, -(ours[name]["upper"] or 0.0), words_of(name)))
    rows = tuple(
        _row(name, axis, ours[name], theirs, (limits.get(name), name in few)) for name in worst_first
    )
    judged = [row for row in rows if not row.few]
    return SpeciesRates(
        axis=axis,
        ticks=rate_ticks(axis),
        rows=rows,
        limit="" if common is None else f"limit {common:g} %",
        limit_x=None if common is None else axis.x(common),
        other=names[other["of"]] if other else "",
        judged=len(judged),
        label=f"Worst: {judged[0].label}" if judged else "No species has enough captures for a statement.",
        bounds=bounds_said(limits.values()),
    )


def _limits(lines: Sequence[Line]) -> dict[str, Line]:
    """Of each species the line that decides on the whole of it: of several the worst, then the strictest."""
    found: dict[str, Line] = {}
    for line in sorted(lines, key=lambda line: (ORDER[line.verdict], line.points("limit") or 0.0)):
        if name := _species_of(line):
            found.setdefault(name, line)
    return found


def _species_of(line: Line) -> str:
    """The species that a line limits as such, and for the gate; empty for any other line."""
    is_rate = line.metric == "apcer" and line.criterion_kind == "absolute" and line.baseline is None
    if not (is_rate and line.decides and line.is_drawn) or line.is_narrowed:
        return ""
    stratum: Mapping[str, str] = line.numbers.get("stratum", {})
    return stratum.get("species", "") if len(stratum) == 1 else ""


def _is_enough(line: Line | None, is_judged: bool) -> bool:
    """Whether a statement is possible: by the minima of the line, without one by those of the policy."""
    if line is None:
        return is_judged
    return _has_bounds(line) and line.reason_code != ReasonCode.TOO_FEW_SUBJECTS


def _has_bounds(line: Line) -> bool:
    return line.number("lower") is not None and line.number("upper") is not None


def _rate(rate: Mapping[str, Any], line: Line | None) -> Mapping[str, Any]:
    """The figures of the line where it has any: it counts, groups and bounds as its criterion says."""
    if line is None or not _has_bounds(line):
        return rate
    own = {"estimate": line.number("estimate"), "captures": line.n, "subjects": line.number("subjects")}
    known = {key: value for key, value in own.items() if value is not None}
    return {**rate, **known, "lower": line.number("lower"), "upper": line.number("upper")}


def _bounds(rates: Sequence[Mapping[str, Any]]) -> list[float]:
    return [100 * rate[key] for rate in rates for key in ("lower", "upper") if rate[key] is not None]


def _row(
    name: str,
    axis: Axis,
    rate: Mapping[str, Any],
    other: tuple[Mapping[str, Any], str] | None,
    said: tuple[Line | None, bool],
) -> SpeciesRow:
    limited, few = said
    theirs = other[0]["species"].get(name) if other else None
    limit = limited.points("limit") if limited else None
    return SpeciesRow(
        name=words_of(name),
        captures=rate["captures"],
        subjects=rate["subjects"],
        candidate=_percent(rate),
        other=_percent(theirs),
        bounds="" if few else _span(rate),
        candidate_interval=None if few else _interval(axis, rate),
        other_interval=None if few or theirs is None else _interval(axis, theirs),
        limit_x=None if limit is None else axis.x(limit),
        look=limited.look if limited else "open",
        verdict=limited.verdict if limited else "",
        few=NO_STATEMENT if few else "",
        label=_label(words_of(name).capitalize(), rate, limit, few, _beside(theirs, other)),
    )


def _interval(axis: Axis, rate: Mapping[str, Any]) -> Interval | None:
    values = [None if rate[key] is None else 100 * rate[key] for key in ("lower", "upper", "estimate")]
    return interval(axis, *values)


def _percent(rate: Mapping[str, Any] | None) -> str:
    return "" if rate is None or rate["estimate"] is None else f"{100 * rate['estimate']:.1f}"


def _span(rate: Mapping[str, Any]) -> str:
    if rate["lower"] is None or rate["upper"] is None:
        return "not known"
    return f"{100 * rate['lower']:.1f} to {100 * rate['upper']:.1f}"


def _beside(theirs: Mapping[str, Any] | None, other: tuple[Mapping[str, Any], str] | None) -> str:
    return f", {_percent(theirs)} % with {other[1]}" if other and _percent(theirs) else ""


def _label(name: str, rate: Mapping[str, Any], limit: float | None, few: bool, beside: str) -> str:
    rests = f"{rate['captures']} captures, {rate['subjects']:.0f} subjects"
    if few:
        return f"{name}: no statement possible from {rests}."
    against = f"; the limit is {limit:g} %" if limit is not None else ""
    return f"{name}: {_percent(rate)} % accepted, {_span(rate)} %{beside}{against} ({rests})."

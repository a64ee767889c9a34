"""Attacks accepted, species by species: the candidate beside the other stack, each with its bounds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.det import words_of
from audits.pages.evidence import Line
from audits.pages.plots import Axis, Interval, Tick, axis_for, interval, rate_ticks

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


def species_rates(
    stacks: Sequence[Mapping[str, Any]], names: Mapping[str, str], lines: Sequence[Line]
) -> SpeciesRates | None:
    """The picture; None where no attack names a species."""
    if not stacks or not stacks[0]["species"]:
        return None
    first, other = stacks[0], stacks[1] if len(stacks) > 1 else None
    limits = {name: line for line in lines if (name := _species_of(line))}
    rates = [rate for stack in stacks for name, rate in stack["species"].items() if name in first["judged"]]
    stated = {value for line in limits.values() if (value := line.points("limit")) is not None}
    axis = axis_for([*_bounds(rates), *stated], most_beyond=100)
    common = stated.pop() if len(stated) == 1 else None
    theirs = (other, names[other["of"]]) if other else None
    drawn = (_row(name, axis, first, theirs, limits.get(name)) for name in first["species"])
    rows = tuple(sorted(drawn, key=lambda row: (bool(row.few), -_upper(first, row), row.name)))
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
    )


def _upper(stack: Mapping[str, Any], row: SpeciesRow) -> float:
    found = next(rate for name, rate in stack["species"].items() if words_of(name) == row.name)
    return float(found["upper"] or 0.0)


def _bounds(rates: Sequence[Mapping[str, Any]]) -> list[float]:
    return [100 * rate[key] for rate in rates for key in ("lower", "upper") if rate[key] is not None]


def _species_of(line: Line) -> str:
    """The species of a line that limits APCER as such; empty for any other line."""
    if line.metric != "apcer" or line.baseline is not None or not line.is_drawn:
        return ""
    stratum: Mapping[str, str] = line.numbers.get("stratum", {})
    return stratum.get("species", "")


def _row(
    name: str,
    axis: Axis,
    first: Mapping[str, Any],
    other: tuple[Mapping[str, Any], str] | None,
    limited: Line | None,
) -> SpeciesRow:
    rate = first["species"][name]
    few = name not in first["judged"]
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

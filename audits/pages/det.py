"""The DET picture: attacks accepted over genuine users refused, on axes scaled by the normal quantile. Pure.

Positions are in pixels of the drawing, which is drawn at the width shown. The curve of a stack is that of its
worst species at every threshold; the operating point is where its policy's threshold stands on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audits.pages.probit import Frame, ProbitAxis, axis_of, probit

LABEL = 104.0
"""Room that an operating point's label takes."""


Pair = tuple[float, float]


@dataclass(frozen=True)
class Point:
    """An operating point with its one-sided bounds; an end is None where no bound is known."""

    x: float
    y: float
    left: float | None
    right: float | None
    top: float | None
    bottom: float | None
    numbers: str
    label_x: float = 0.0
    label_y: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True)
class Trace:
    """One stack's curve and point; ``look`` is candidate or live."""

    look: str
    name: str
    path: str
    point: Point | None


@dataclass(frozen=True)
class Small:
    """The curves of one species."""

    name: str
    rests: str
    traces: tuple[Trace, ...]
    label: str


@dataclass(frozen=True)
class Det:
    """The whole picture with its sentence, and the rows of the table behind it."""

    frame: Frame
    traces: tuple[Trace, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    label: str
    notes: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str, str], ...]
    small_frame: Frame
    small_ticks: tuple[tuple[float, str], ...]
    small_levels: tuple[tuple[float, str], ...]
    smalls: tuple[Small, ...]


MAIN, SMALL = Frame(274, 262), Frame(150, 104)


def det(stacks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Det | None:
    """The picture of a comparison's stacks, ``names`` by ``of``; None where no stack has a curve."""
    drawn = [stack for stack in stacks if stack["curve"]]
    if not drawn:
        return None
    xs, ys = _axes(drawn)
    smalls, small_axes = _smalls(drawn, names)
    return Det(
        frame=MAIN,
        traces=labelled(MAIN, [_trace(MAIN, xs, ys, stack, names) for stack in reversed(drawn)]),
        x_ticks=tuple(xs.ticks(MAIN.width)),
        y_ticks=tuple((round(MAIN.height - place, 1), text) for place, text in ys.ticks(MAIN.height, 20)),
        label=f"DET curve. {' '.join(_said(stack, names) for stack in drawn)}",
        notes=tuple(_notes(drawn, names)),
        rows=tuple(row for stack in drawn for row in _rows(stack, names)),
        small_frame=SMALL,
        small_ticks=tuple(small_axes[0].ticks(SMALL.width, 30)),
        small_levels=tuple(
            (round(SMALL.height - place, 1), text) for place, text in small_axes[1].ticks(SMALL.height, 22)
        ),
        smalls=smalls,
    )


def _axes(stacks: Iterable[Mapping[str, Any]]) -> tuple[ProbitAxis, ProbitAxis]:
    xs: list[float] = []
    ys: list[float] = []
    for stack in stacks:
        xs += [one[2] for one in stack["curve"]]
        ys += [one[3] for one in stack["curve"]]
        if stack["point"]:
            xs += [probit(share) for share in _stated(stack["point"]["bpcer"])]
            ys += [probit(share) for share in _stated(_worst(stack))]
    return axis_of(xs), axis_of(ys)


def _stated(rate: Mapping[str, Any]) -> list[float]:
    """A rate and its bounds, those of 0 and 1 left out: they lie beyond every axis."""
    values = (rate.get(key) for key in ("lower", "estimate", "upper"))
    return [share for share in values if share is not None and 0 < share < 1]


def _trace(
    frame: Frame, xs: ProbitAxis, ys: ProbitAxis, stack: Mapping[str, Any], names: Mapping[str, str]
) -> Trace:
    path = path_of(frame, xs, ys, [(one[2], one[3]) for one in stack["curve"]])
    found = stack["point"]
    point = point_of(frame, xs, ys, found["bpcer"], _worst(stack)) if found else None
    return Trace(look_of(stack), names[stack["of"]], path, point)


def _worst(stack: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rate of the species that most attacks of were accepted, with its own bounds.

    The bounds of APCER itself are the highest of all species, which may be those of another one.
    """
    species = stack["point"]["apcer"]["species"]
    return {**stack["species"][species], "species": species}


def look_of(stack: Mapping[str, Any]) -> str:
    """How a stack is drawn everywhere."""
    return "candidate" if stack["of"] == "candidate" else "live"


def path_of(frame: Frame, xs: ProbitAxis, ys: ProbitAxis, curve: Iterable[Pair]) -> str:
    """The curve's vertices; neighbours at the same pixel are one."""
    found: list[Pair] = []
    for x, y in curve:
        place = frame.x(xs, x), frame.y(ys, y)
        if not found or found[-1] != place:
            found.append(place)
    return " ".join(f"{x:g},{y:g}" for x, y in found)


def point_of(
    frame: Frame, xs: ProbitAxis, ys: ProbitAxis, bpcer: Mapping[str, Any], apcer: Mapping[str, Any]
) -> Point:
    """Where both rates stand, with their bounds; no error, and nothing but errors, at half an error."""
    x, y = frame.x(xs, _place(bpcer)), frame.y(ys, _place(apcer))
    return Point(
        x=x,
        y=y,
        left=_end(bpcer["lower"], lambda value: frame.x(xs, value)),
        right=_end(bpcer["upper"], lambda value: frame.x(xs, value)),
        top=_end(apcer["upper"], lambda value: frame.y(ys, value)),
        bottom=_end(apcer["lower"], lambda value: frame.y(ys, value)),
        numbers=f"{100 * bpcer['estimate']:.1f} % · {100 * apcer['estimate']:.1f} %",
    )


def _place(rate: Mapping[str, Any]) -> float:
    half = 0.5 / max(1, rate["captures"])
    return probit(min(1 - half, max(half, rate["estimate"])))


def labelled(frame: Frame, traces: Sequence[Trace]) -> tuple[Trace, ...]:
    """The traces with their points' labels where curves leave room: the point farthest up and right has its
    label there, the others down and left of theirs.
    """
    points = [trace.point for trace in traces if trace.point]
    outer = max(points, key=lambda point: point.x - point.y, default=None)
    single = len(points) == 1
    return tuple(
        replace(trace, point=_labelled(frame, trace.point, above=not single and trace.point is outer))
        if trace.point
        else trace
        for trace in traces
    )


def _labelled(frame: Frame, point: Point, *, above: bool) -> Point:
    if above:
        fits = point.x + LABEL <= frame.width
        x, y = (point.x + 9, point.y - 20) if fits else (frame.width - 4, point.y - 30)
        return replace(point, label_x=x, label_y=max(14.0, y), anchor="start" if fits else "end")
    fits = point.x >= LABEL
    x, y = (point.x - 9, point.y + 20) if fits else (5.0, point.y + 34)
    y = min(y, frame.height - 20)
    return replace(point, label_x=round(x, 1), label_y=round(y, 1), anchor="end" if fits else "start")


def _end(share: float | None, place: Any) -> float | None:
    return None if share is None else place(probit(share))


def _smalls(
    stacks: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> tuple[tuple[Small, ...], tuple[ProbitAxis, ProbitAxis]]:
    """One picture for each judged species, the worst first, all on the same axes."""
    curves = [curve for stack in stacks for curve in stack["curves"].values()]
    xs = axis_of(one[0] for curve in curves for one in curve)
    ys = axis_of(one[1] for curve in curves for one in curve)
    first = stacks[0]
    order = sorted(first["judged"], key=lambda name: -(first["species"][name]["upper"] or 0))
    return tuple(_small(name, stacks, names, (xs, ys)) for name in order), (xs, ys)


def _small(
    name: str,
    stacks: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    axes: tuple[ProbitAxis, ProbitAxis],
) -> Small:
    traces, said = [], []
    for stack in reversed([one for one in stacks if one["curves"].get(name)]):
        path = path_of(SMALL, *axes, [(one[0], one[1]) for one in stack["curves"][name]])
        rate = stack["species"][name]
        point = point_of(SMALL, *axes, stack["bpcer"], rate) if _is_known(stack["bpcer"], rate) else None
        traces.append(Trace(look_of(stack), names[stack["of"]], path, point))
        said.append(f"{names[stack['of']]} {point.numbers if point else 'not known'}")
    rate = stacks[0]["species"][name]
    title = words_of(name)
    rests = f"{rate['captures']:,} / {rate['subjects']:,.0f}".replace(",", " ")
    return Small(title, rests, tuple(traces), f"DET curve of {title}: {'; '.join(reversed(said))}.")


def _is_known(*rates: Mapping[str, Any]) -> bool:
    return all(rate["estimate"] is not None for rate in rates)


def words_of(species: str) -> str:
    """``print medium``."""
    return species.replace("_", " ")


def _said(stack: Mapping[str, Any], names: Mapping[str, str]) -> str:
    found, name = stack["point"], names[stack["of"]]
    if not found:
        return f"{name} has no operating point."
    bpcer, apcer, worst = found["bpcer"], _worst(stack), words_of(found["apcer"]["species"])
    return (
        f"{name} refuses {100 * bpcer['estimate']:.1f} % of genuine users{_bounded(bpcer)} and accepts "
        f"{100 * apcer['estimate']:.1f} % of its worst species, {worst}{_bounded(apcer)}."
    )


def _bounded(rate: Mapping[str, Any]) -> str:
    if rate["lower"] is None or rate["upper"] is None:
        return ""
    return f" (at least {100 * rate['lower']:.1f} %, at most {100 * rate['upper']:.1f} %)"


def _notes(stacks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Iterable[str]:
    left_out = [words_of(name) for name in stacks[0]["species"] if name not in stacks[0]["judged"]]
    if left_out:
        yield f"Left out, too few for a statement: {', '.join(left_out)}."
    for stack in stacks:
        bands = len(stack["bands"])
        if bands > 1:
            yield f"{names[stack['of']]} decides by {bands} bands, so its point lies off its curve."
        if stack["by_transaction"]:
            yield f"The point of {names[stack['of']]} counts transactions, its curve single captures."


ROWS = 9


def _rows(stack: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str, str, str]]:
    """The operating point, then places evenly along the curve."""
    name, curve, found = names[stack["of"]], stack["curve"], stack["point"]
    rows = []
    if found:
        bpcer, apcer = found["bpcer"], _worst(stack)
        at = f"its threshold, worst: {words_of(apcer['species'])}"
        rows.append(
            (name, at, _percent(bpcer["estimate"]), _percent(apcer["estimate"]), _spans(bpcer, apcer))
        )
    step = max(1, (len(curve) - 1) // ROWS)
    rows += [(name, "along the curve", _percent(one[0]), _percent(one[1]), "") for one in curve[::step]]
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _spans(bpcer: Mapping[str, Any], apcer: Mapping[str, Any]) -> str:
    known = [rate for rate in (bpcer, apcer) if rate["lower"] is not None and rate["upper"] is not None]
    return " and ".join(f"{100 * rate['lower']:.1f} to {100 * rate['upper']:.1f} %" for rate in known)

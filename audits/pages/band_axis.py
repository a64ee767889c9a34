"""The bands of a threshold policy on the axis of scores, with one decision on it. Pure.

Positions are in percent of the drawing's width, as in :mod:`audits.pages.plots`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audits.pages.plots import Axis, Tick, nice_step
from releases.scores.bands import Band
from releases.statistics.thresholds import Polarity

ROOM = 0.6
"""How much of the span stays free beyond the outermost of cuts and score."""

NARROW = 9.0
LINES = (12, 28)
"""Where the labels of the limits stand: two lines, so that near ones never cover each other."""

SCORE_LINE = 107
CLOSE = 4.0
"""A tick so near to the score would be struck through by its mark."""

MOST_TICKS = 6
SAME_LINE = 1e-12
NOTHING = 1e-9
"""A span that no picture could show."""


@dataclass(frozen=True)
class Zone:
    """One band of the axis; ``name`` is empty where there is no room for it."""

    look: str
    x: float
    width: float
    name: str


@dataclass(frozen=True)
class Cut:
    """A limit or the score with its label, which stands on the side with more room; ``y`` is its line, and
    ``more`` what stands on the line below it."""

    x: float
    label: str
    anchor: str
    y: int
    more: str = ""


@dataclass(frozen=True)
class BandAxis:
    """The picture, and the sentence that says the same."""

    zones: tuple[Zone, ...]
    cuts: tuple[Cut, ...]
    ticks: tuple[Tick, ...]
    score: Cut
    label: str


def number(value: float) -> str:
    """A score or a limit with four decimals, as people compare them."""
    return f"{value:.4f}".replace("-", "−")


def zones_between(cuts: Sequence[float], end: float, narrow: float, *, attack_high: bool) -> tuple[Zone, ...]:
    """The bands from 0 to ``end``, cut at one place, with a retry band at two; a narrow one has no name."""
    names = ["accept", *(["retry"] if len(cuts) > 1 else []), "reject"]
    edges = [0.0, *sorted(cuts), end]
    return tuple(
        Zone(name, start, round(stop - start, 2), name if stop - start >= narrow else "")
        for name, start, stop in zip(names if attack_high else names[::-1], edges, edges[1:], strict=False)
    )


def limits_said(accept: float, retry: float | None, *, attack_high: bool) -> list[str]:
    """``accept ≤ 0.2500``, and the same of a retry band."""
    sign = "≤" if attack_high else "≥"
    found = [f"accept {sign} {number(accept)}"]
    return found if retry is None else [*found, f"retry {sign} {number(retry)}"]


def band_axis(band: Band, polarity: Polarity, score: float) -> BandAxis:
    """The picture of a score in its band."""
    cuts = [band.accept, *([band.retry] if band.retry is not None else [])]
    axis = _axis([*cuts, score])
    attack_high = polarity is Polarity.HIGHER_IS_ATTACK
    said = limits_said(band.accept, band.retry, attack_high=attack_high)
    drawn = [_cut(axis, cut, label, line) for cut, label, line in zip(cuts, said, LINES[::-1], strict=False)]
    over = _distance(score, nearest(band, score), band)
    return BandAxis(
        zones_between([axis.x(cut) for cut in cuts], 100.0, NARROW, attack_high=attack_high),
        tuple(drawn),
        tuple(_tick(axis, tick) for tick in axis.ticks if abs(axis.x(tick) - axis.x(score)) > CLOSE),
        replace(_cut(axis, score, f"this decision: {number(score)}", SCORE_LINE), more=over),
        f"Score axis: {', '.join(cut.label for cut in drawn)}, else reject; "
        f"this decision at {number(score)}.",
    )


def nearest(band: Band, score: float) -> float:
    """The limit that is nearest to the score."""
    cuts = [band.accept, *([band.retry] if band.retry is not None else [])]
    return min(cuts, key=lambda cut: abs(cut - score))


def _distance(score: float, cut: float, band: Band) -> str:
    away, name = abs(score - cut), "accept" if cut == band.accept else "retry"
    if away < SAME_LINE:
        return f"on {name}"
    return f"{number(away)} {'above' if score > cut else 'below'} {name}"


def _axis(values: list[float]) -> Axis:
    low, high = min(values), max(values)
    span = high - low
    if span < NOTHING * max(1.0, abs(high)):
        span = max(abs(high) * 0.1, 0.01)
    low, high = low - ROOM * span, high + ROOM * span
    step = nice_step(high - low, MOST_TICKS)
    first = int(low // step) + 1
    ticks = tuple(round(step * place, 10) for place in range(first, int(high // step) + 1))
    return Axis(low, high, ticks)


def _cut(axis: Axis, value: float, label: str, y: int) -> Cut:
    x = axis.x(value)
    return Cut(x, label, "end" if x > 50 else "start", y)


def _tick(axis: Axis, value: float) -> Tick:
    return Tick(axis.x(value), _short(value, axis))


def _short(tick: float, axis: Axis) -> str:
    step = axis.ticks[1] - axis.ticks[0] if len(axis.ticks) > 1 else 1.0
    digits = next((places for places in range(6) if abs(round(step, places) - step) < SAME_LINE), 6)
    return f"{tick:.{digits}f}".replace("-", "−")

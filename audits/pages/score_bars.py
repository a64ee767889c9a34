"""The histogram of a stack's scores around its bands: genuine users upwards, attacks downwards. Pure.

Right decisions are grey, wrong ones red, retries amber. Red above are the captures that BPCER counts. Red
below are accepted attacks of all species together, also of those with too few for a statement: their share
of all attacks is no APCER and is never said. Heights are percent of the class; where errors would then be too
low to be seen, they are logarithms of counts.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.band_axis import Zone, limits_said, number, zones_between
from audits.pages.plots import counted, nice_step

WIDTH, HALF, STRIP = 288.0, 54.0, 18.0
"""Width of the axis, height of either side, and height of the strip of bands between them."""

BAND = {"bona_fide": -8.0, "attack": 2 * HALF + STRIP + 13.0}
"""Lines for words above and below the bars, so that no word lies on a bar."""
ARROW, NAMED = 4.0, 88.0
"""Half the width of the arrow that points to a bar, and the room that the name of a class takes."""

CLASSES = ("bona_fide", "attack")
LOOKS = {
    "bona_fide": (("accept", "right"), ("retry", "again"), ("reject", "wrong")),
    "attack": (("reject", "right"), ("retry", "again"), ("accept", "wrong")),
}
"""By class, decisions from the strip outwards, and how they look."""

WORDS = {"bona_fide": "genuine users", "attack": "attacks"}
UNSEEN = 1.0
UNSEEN_SHARE = 0.5
"""Where more of the errors than this would be in bars of less than a pixel, heights are logarithms."""
NARROW = 42.0
MOST_TICKS = 6
ROOM = 1.5


@dataclass(frozen=True)
class Bar:
    """A piece of a bin: its look and its place."""

    look: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Mark:
    """A label at a place."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class ScoreBars:
    """One stack's histogram."""

    look: str
    name: str
    cuts_text: str
    bars: tuple[Bar, ...]
    zones: tuple[Zone, ...]
    cuts: tuple[float, ...]
    ticks: tuple[Mark, ...]
    levels: tuple[Mark, ...]
    over: tuple[Mark, ...]
    names: tuple[Mark, ...]
    label: str
    notes: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str, str], ...]


@dataclass(frozen=True)
class Scale:
    """From a count to a height: linear up to ``top`` percent of the class, or logarithmic up to ``most``."""

    is_log: bool
    top: float
    most: int

    def height(self, count: float, total: int) -> float:
        """Height in pixels, held at the half's."""
        if not count or not total:
            return 0.0
        if self.is_log:
            return HALF * min(1.0, math.log10(1 + count) / math.log10(1 + self.most))
        return HALF * min(1.0, 100 * count / total / self.top)

    def levels(self) -> list[tuple[float, str]]:
        """Heights with their labels."""
        if self.is_log:
            powers = range(int(math.log10(max(1, self.most))) + 1)
            return [(self.height(10**power, 1), counted(10**power)) for power in powers]
        return [(HALF / 2, f"{self.top / 2:g}"), (HALF, f"{self.top:g}")]


def scale_of(histograms: Sequence[Mapping[str, Any]]) -> Scale:
    """One scale for all stacks and both classes, so that they can be compared."""
    shares: list[float] = []
    most, wrong, unseen = 1, 0, 0
    for histogram in histograms:
        for label in CLASSES:
            sums = _sums(histogram, label)
            total = max(1, sum(sums))
            shares += [100 * one / total for one in sums if one]
            most = max(most, *sums)
    top = _top(shares)
    for histogram in histograms:
        for label in CLASSES:
            total = max(1, sum(_sums(histogram, label)))
            errors = [one for one in histogram["counts"][label][LOOKS[label][-1][0]] if one]
            wrong += sum(errors)
            unseen += sum(one for one in errors if HALF * 100 * one / total / top < UNSEEN)
    return Scale(unseen > UNSEEN_SHARE * wrong, top, most)


def _top(shares: Iterable[float]) -> float:
    """A round height that holds nine bars of ten with room to spare; taller ones carry their share."""
    ordered = sorted(shares)
    wanted = ROOM * ordered[(len(ordered) - 1) * 9 // 10] if ordered else 1.0
    step = nice_step(max(wanted, 0.5), 2)
    return min(100.0, round(step * math.ceil(wanted / step - 1e-9), 6))


def _sums(histogram: Mapping[str, Any], label: str) -> list[int]:
    counts = histogram["counts"][label]
    return [sum(one) for one in zip(*counts.values(), strict=True)]


def score_bars(stack: Mapping[str, Any], name: str, scale: Scale) -> ScoreBars:
    """The picture of one stack."""
    histogram = stack["histogram"]
    bars, over = [], []
    for label in CLASSES:
        found, beyond = _side(histogram, label, scale)
        bars += found
        over += beyond
    zones, cuts, words = _zones(stack)
    return ScoreBars(
        look="candidate" if stack["of"] == "candidate" else "live",
        name=name,
        cuts_text=words,
        bars=tuple(bars),
        zones=zones,
        cuts=cuts,
        ticks=_ticks(histogram["low"], histogram["high"]),
        levels=_levels(scale),
        over=tuple(over),
        names=tuple(_name(key, over) for key in CLASSES),
        label=_label(name, stack, words),
        notes=tuple(_notes(stack)),
        rows=tuple(_rows(name, histogram)),
    )


def _side(histogram: Mapping[str, Any], label: str, scale: Scale) -> tuple[list[Bar], list[Mark]]:
    counts, total = histogram["counts"][label], sum(_sums(histogram, label))
    width = WIDTH / histogram["bins"]
    bars: list[Bar] = []
    over: list[Mark] = []
    for place, whole in enumerate(_sums(histogram, label)):
        if not whole:
            continue
        bars += _pieces(counts, label, place, (whole, scale.height(whole, total)))
        if not scale.is_log and 100 * whole / total > scale.top * 1.005:
            x = round(width * (place + 0.5), 1)
            left = x < WIDTH / 2
            share = f"{100 * whole / total:.0f} %"
            arrow = "↓" if label == "bona_fide" else "↑"
            text, anchor = (f"{arrow} {share}", "start") if left else (f"{share} {arrow}", "end")
            over.append(Mark(round(x + (-ARROW if left else ARROW), 1), BAND[label], text, anchor))
    # Of bars over the top only the first on the left and the last on the right have room for their words.
    lefts = [one for one in over if one.anchor == "start"]
    rights = [one for one in over if one.anchor == "end"]
    return bars, lefts[:1] + rights[-1:]


def _name(label: str, over: Sequence[Mark]) -> Mark:
    """The name of the class in the band beyond its bars, where no share of a bar stands."""
    taken = {mark.anchor: mark.x for mark in over if mark.y == BAND[label]}
    if taken.get("start", WIDTH) > NAMED:
        return Mark(0.0, BAND[label], WORDS[label], "start")
    if taken.get("end", 0.0) < WIDTH - NAMED:
        return Mark(WIDTH, BAND[label], WORDS[label], "end")
    return Mark(WIDTH / 2, BAND[label], WORDS[label])


def _pieces(
    counts: Mapping[str, Sequence[int]], label: str, place: int, bar: tuple[int, float]
) -> Iterable[Bar]:
    """A bin's decisions as parts of its height, the wrong ones outermost."""
    whole, height = bar
    width = WIDTH / len(counts["accept"])
    base = 0.0
    for decision, look in LOOKS[label]:
        if not counts[decision][place]:
            continue
        part = height * counts[decision][place] / whole
        y = HALF - base - part if label == "bona_fide" else HALF + STRIP + base
        yield Bar(look, round(width * place, 2), round(y, 2), round(width - 0.4, 2), round(part, 2))
        base += part


def _zones(stack: Mapping[str, Any]) -> tuple[tuple[Zone, ...], tuple[float, ...], str]:
    """The bands that hold where nothing more specific does; none where every band has a condition."""
    plain = [one for one in stack["bands"] if not (one["use_case"] or one["channel"] or one["segment"])]
    if not plain:
        return (), (), f"{len(stack['bands'])} bands, each under a condition"
    band, attack_high = plain[0], stack["polarity"] == "higher_is_attack"
    accept, retry = band["accept"], None if band["retry"] == band["accept"] else band["retry"]
    cuts = [accept, *([retry] if retry is not None else [])]
    places = sorted(_x(cut, stack["histogram"]) for cut in cuts)
    zones = zones_between(places, WIDTH, NARROW, attack_high=attack_high)
    return zones, tuple(places), ", ".join(limits_said(accept, retry, attack_high=attack_high))


def _x(score: float, histogram: Mapping[str, Any]) -> float:
    low, high = float(histogram["low"]), float(histogram["high"])
    return round(WIDTH * min(1.0, max(0.0, (score - low) / (high - low))), 1)


def _ticks(low: float, high: float) -> tuple[Mark, ...]:
    step = nice_step(high - low, MOST_TICKS)
    first = math.ceil(low / step - 1e-9)
    values = [step * place for place in range(first, math.floor(high / step + 1e-9) + 1)]
    return tuple(
        Mark(round(WIDTH * (value - low) / (high - low), 1), 2 * HALF + STRIP + 28, f"{value:.6g}")
        for value in values
    )


def _levels(scale: Scale) -> tuple[Mark, ...]:
    """Lines on either side; ``x`` is not used."""
    found = []
    for height, text in scale.levels():
        found.append(Mark(-6, round(HALF - height, 1), text, "end"))
        found.append(Mark(-6, round(HALF + STRIP + height, 1), text, "end"))
    return tuple(found)


def _label(name: str, stack: Mapping[str, Any], cuts: str) -> str:
    said = [f"{WORDS[label]}: {_decided(stack['histogram'], label)}" for label in CLASSES]
    return f"Scores of {name} with its bands, {cuts}. {'; '.join(said)}."


DECISIONS = {"accept": "accepted", "retry": "asked to retry", "reject": "rejected"}


def _decided(histogram: Mapping[str, Any], label: str) -> str:
    """Shares of genuine users; of attacks counts, for a share of several species pooled would be no rate."""
    sums = {key: sum(counts) for key, counts in histogram["counts"][label].items()}
    total = sum(sums.values())
    if not total:
        return "no capture"
    told = {key: word for key, word in DECISIONS.items() if key != "retry" or sums[key]}
    if label == "attack":
        parts = ", ".join(f"{counted(sums[key])} {word}" for key, word in told.items())
        return f"{parts}, all species together"
    parts = ", ".join(f"{100 * sums[key] / total:.1f} % {word}" for key, word in told.items())
    return f"{parts} of {counted(total)}"


def _notes(stack: Mapping[str, Any]) -> Iterable[str]:
    yield f"{WORDS['bona_fide'].capitalize()}: {_decided(stack['histogram'], 'bona_fide')}."
    yield f"{WORDS['attack'].capitalize()}: {_decided(stack['histogram'], 'attack')}."
    more = len(stack["bands"]) - 1
    if more:
        bands = "further bands decide" if more > 1 else "further band decides"
        yield f"{more} {bands} under a condition; colours follow them."
    if stack["left_out"]:
        yield f"{counted(stack['left_out'])} captures without a score or a decision are not drawn."


def _rows(name: str, histogram: Mapping[str, Any]) -> Iterable[tuple[str, str, str, str, str]]:
    """Class and bin with the decisions; empty bins are left out."""
    width = (histogram["high"] - histogram["low"]) / histogram["bins"]
    for label in CLASSES:
        counts = histogram["counts"][label]
        for place, whole in enumerate(_sums(histogram, label)):
            if whole:
                low = histogram["low"] + width * place
                span = f"{number(low)} to {number(low + width)}"
                accept, retry, reject = (counted(counts[key][place]) for key in ("accept", "retry", "reject"))
                yield f"{name}, {WORDS[label]}", span, accept, retry, reject

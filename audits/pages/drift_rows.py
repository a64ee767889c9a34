"""Measures of drift as rows of a page: each with a bar of its index beside its limit. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from releases.monitoring.drift.shown import people, verdict

WIDEST = 4.0
"""A bar is full at so many times its limit."""

LOOKS = {
    True: ("inc", "moved", "contrast"),
    False: ("pass", "has not moved", "check_circle"),
    None: ("open", "not compared", "help"),
}


@dataclass(frozen=True)
class Bar:
    """Places in percent of the width: where the index ends, and where its limit stands."""

    value: float
    limit: float
    label: str

    @property
    def rest(self) -> float:
        """The width beyond the limit."""
        return 100 - self.limit


@dataclass(frozen=True)
class MeasureRow:
    """One measure: what it is, what came out, and the bins or categories behind it."""

    title: str
    stands: tuple[str, str, str]
    verdict: str
    people: str
    value: float | None
    limit: float | None
    bar: Bar | None
    bins: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class ChannelRows:
    """The measures of one channel, what moved first."""

    name: str
    moved: int
    rows: tuple[MeasureRow, ...]
    left: tuple[MeasureRow, ...]
    """Measures that could not be compared."""

    @property
    def left_names(self) -> str:
        """Their titles."""
        return ", ".join(one.title for one in self.left)


def channels_of(figures: Mapping[str, Any]) -> list[ChannelRows]:
    """The channels of a review's figures."""
    return [_channel(one) for one in figures["channels"]]


def _channel(channel: Mapping[str, Any]) -> ChannelRows:
    measures = sorted(channel["sheet"]["measures"], key=_rank)
    compared = tuple(_row(one) for one in measures if one["moved"] is not None)
    left = tuple(_row(one) for one in measures if one["moved"] is None)
    return ChannelRows(channel["name"], sum(bool(one["moved"]) for one in measures), compared, left)


def _rank(measure: Mapping[str, Any]) -> int:
    return list(LOOKS).index(measure["moved"])


def _row(measure: Mapping[str, Any]) -> MeasureRow:
    value, limit = measure["value"], measure["limit"]
    bar = None
    if value is not None and limit is not None:
        label = f"{measure['title']}: index {value:.3f}, limit {limit:.3f}"
        bar = Bar(min(100.0, value / limit / WIDEST * 100), 100 / WIDEST, label)
    return MeasureRow(
        title=measure["title"],
        stands=LOOKS[measure["moved"]],
        verdict=verdict(measure),
        people=people(measure),
        value=value,
        limit=limit,
        bar=bar,
        bins=[(one["name"], _share(one["before"]), _share(one["now"])) for one in measure["rows"]],
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"

"""Counts laid out for resampling: one row per subject, one column per count, however many ratios share it.

A report shows the spread of many rates and differences at once. Each is a ratio of sums of per-subject
counts, and many use the same counts (the rows of a stratum serve its error rate, its ceiling and the
difference), so a column stands in the table once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from releases.scores.choosing import Flags
from releases.scores.counting import Metric, events_of, usable
from releases.scores.kinds import Kinds, Tally, smallest
from releases.scores.scan import Scan
from releases.scores.strata import Label, Population, Strata, Stratum

View = Literal["candidate", "baseline", "difference"]


@dataclass(frozen=True, slots=True)
class RatioWanted:
    """A metric in every stratum of a cut: of one stack, or as candidate minus baseline on the same units."""

    population: Population
    strata: Strata
    metric: Metric
    view: View


@dataclass(frozen=True, slots=True)
class RatioLine:
    """What a column of ``numerators`` and ``denominators`` is of. ``without_subject`` units name no subject
    and take no part in the resampling.
    """

    wanted: RatioWanted
    stratum: Stratum
    without_subject: int


@dataclass(frozen=True, eq=False)
class ResamplingTable:
    """``counts`` [subjects, columns]; the ratio of line i is counts·numerators[:, i] over
    counts·denominators[:, i].
    """

    counts: npt.NDArray[Any]
    numerators: npt.NDArray[np.int8]
    denominators: npt.NDArray[np.int8]
    lines: tuple[RatioLine, ...]


@dataclass
class _Columns:
    """The columns so far, each once; subjects are in the order of their codes."""

    subjects: int
    place: dict[tuple[Label, Stratum, bytes], int] = field(default_factory=dict)
    columns: list[npt.NDArray[Any]] = field(default_factory=list)

    def of(self, label: Label, tally: Tally, kinds: Flags) -> int:
        key = (label, tally.stratum, kinds.tobytes())
        if key not in self.place:
            column = np.zeros(self.subjects, dtype=np.int64)
            column[tally.subject.codes] = tally.subject.counts[kinds].sum(axis=0, dtype=np.int64)
            self.place[key] = len(self.columns)
            self.columns.append(smallest(column))
        return self.place[key]


def resampling_table(scan: Scan, wanted: Sequence[RatioWanted]) -> ResamplingTable:
    """The counts behind all ratios wanted, from the one scan. Raises ValueError without a needed baseline."""
    columns = _Columns(int(scan.subject.max(initial=-1)) + 1)
    lines: list[RatioLine] = []
    parts: list[tuple[dict[int, int], int]] = []
    kinds = scan.tallies.kinds_of(scan)
    for one in wanted:
        if one.view != "candidate":
            scan.arm("baseline")
        above, below = _masks(kinds, one)
        for tally in scan.tallies.cut(scan, one.population, one.strata).strata:
            signs = {columns.of(one.population.label, tally, mask): sign for mask, sign in above}
            parts.append((signs, columns.of(one.population.label, tally, below)))
            lines.append(RatioLine(one, tally.stratum, int(tally.subject.without[below].sum())))
    numerators = np.zeros((len(columns.columns), len(lines)), dtype=np.int8)
    denominators = np.zeros_like(numerators)
    for number, (signs, rows) in enumerate(parts):
        for column, sign in signs.items():
            numerators[column, number] += sign
        denominators[rows, number] = 1
    return ResamplingTable(_together(columns), numerators, denominators, tuple(lines))


def _masks(kinds: Kinds, wanted: RatioWanted) -> tuple[list[tuple[Flags, int]], Flags]:
    """Kinds in the numerator with their sign, and kinds in the denominator."""
    metric, label = wanted.metric, wanted.population.label
    ours, theirs = kinds.candidate, kinds.baseline
    if wanted.view == "difference":
        used = usable(ours, metric) & usable(theirs, metric)
        mine, other = events_of(ours, metric, label), events_of(theirs, metric, label)
        return [(used & mine & ~other, 1), (used & ~mine & other, -1)], used
    arm = ours if wanted.view == "candidate" else theirs
    used = arm.present & usable(arm, metric)
    return [(used & events_of(arm, metric, label), 1)], used


def _together(columns: _Columns) -> npt.NDArray[Any]:
    if not columns.columns:
        return np.zeros((columns.subjects, 0), dtype=np.uint8)
    table = np.empty((columns.subjects, len(columns.columns)), dtype=np.result_type(*columns.columns))
    for place, column in enumerate(columns.columns):
        table[:, place] = column
    return table

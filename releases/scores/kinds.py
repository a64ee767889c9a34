"""What counting works on: the kinds of units that occur, each unit's cell, and the counts of a stratum.

A kind is one combination of both stacks' states (and of "is a transaction"); a table has a few dozen. How
many units of each kind every subject has in a stratum is all that any metric needs: errors, pairs, retries,
non-response and disagreements are sums over kinds.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.choosing import Flags
from releases.scores.outcomes import Arm
from releases.scores.strata import MOST_STRATA, Stratum

Integers = npt.NDArray[np.int64]
Small = npt.NDArray[np.unsignedinteger]


class Units(Protocol):
    """What is counted; a Scan is one."""

    @property
    def facts(self) -> pl.DataFrame: ...
    @property
    def subject(self) -> npt.NDArray[np.signedinteger]: ...
    @property
    def instrument(self) -> npt.NDArray[np.signedinteger]: ...
    @property
    def transaction(self) -> Flags: ...
    @property
    def candidate(self) -> Arm: ...
    @property
    def baseline(self) -> Arm | None: ...


@dataclass(frozen=True)
class Kinds:
    """The combinations that occur: one entry per kind in ``candidate``, ``baseline`` (all absent where none
    was scanned) and ``transaction``; ``of_unit`` says which kind each unit is.
    """

    candidate: Arm
    baseline: Arm
    transaction: Flags
    of_unit: Small

    def __len__(self) -> int:
        return len(self.transaction)

    @property
    def set_threshold(self) -> Flags:
        """Kinds of units of which a capture also set the threshold."""
        return self.candidate.set_threshold | self.baseline.set_threshold


@dataclass(frozen=True)
class Cells:
    """Each unit's cluster and kind in one number; units without a cluster stand behind the last one."""

    clusters: int
    kinds: int
    of_unit: npt.NDArray[np.signedinteger]

    @property
    def size(self) -> int:
        return (self.clusters + 1) * self.kinds

    def counted(self, rows: Flags | None = None) -> Integers:
        """How many of the rows each cluster has of each kind; the last row is of those without a cluster."""
        chosen = self.of_unit if rows is None else self.of_unit[rows]
        return np.bincount(chosen, minlength=self.size).reshape(-1, self.kinds)

    def counted_by(self, places: npt.NDArray[np.integer], number: int) -> npt.NDArray[np.integer]:
        """The same for each of a number of places, in one pass."""
        keys = places.astype(self.of_unit.dtype)
        keys *= self.size
        keys += self.of_unit
        counted = np.bincount(keys, minlength=self.size * number)
        return smallest(counted).reshape(number, -1, self.kinds)


@dataclass(frozen=True)
class Part:
    """The units of one class, or of both: ``rows`` of the scan, and their cells. ``instrument`` is None where
    no unit of the scan names one.
    """

    rows: Flags
    subject: Cells
    instrument: Cells | None


@dataclass(frozen=True)
class ByCluster:
    """``counts`` has a row per kind and a column per cluster that has a unit, in the order of ``codes``,
    which are those of the scan; ``without`` counts the units that name no cluster.
    """

    codes: npt.NDArray[np.int32]
    counts: Small
    without: Integers


@dataclass(frozen=True)
class Tally:
    """The units of one stratum by kind: ``total`` in all, and by subject and by instrument."""

    stratum: Stratum
    total: Integers
    subject: ByCluster
    instrument: ByCluster

    @property
    def nbytes(self) -> int:
        return self.subject.counts.nbytes + self.instrument.counts.nbytes


@dataclass(frozen=True)
class Cut:
    """All strata of a cut; ``outside`` counts by kind the population's units that lie in none of them."""

    strata: tuple[Tally, ...]
    outside: Integers

    @property
    def nbytes(self) -> int:
        return sum(tally.nbytes for tally in self.strata)


def kinds_among(units: Units) -> Kinds:
    """The kinds that occur."""
    together = units.candidate.state.astype(np.uint32)
    if units.baseline is not None:
        together |= units.baseline.state.astype(np.uint32) << np.uint32(8)
    together |= units.transaction.astype(np.uint32) << np.uint32(16)
    seen = np.flatnonzero(np.bincount(together, minlength=1 << 17))
    places: Small = np.zeros(1 << 17, dtype=np.uint8 if len(seen) <= 256 else np.uint32)
    places[seen] = np.arange(len(seen))
    of_unit: Small = places[together]
    return Kinds(
        candidate=Arm((seen & 255).astype(np.uint8)),
        baseline=Arm((seen >> 8 & 255).astype(np.uint8)),
        transaction=(seen >> 16) != 0,
        of_unit=of_unit,
    )


def part_among(units: Units, kinds: Kinds, rows: Flags) -> Part:
    """The cells of some units."""
    instrument = _cells(units.instrument, kinds, rows)
    return Part(rows, _cells(units.subject, kinds, rows), instrument if instrument.clusters else None)


def tally_of(stratum: Stratum, subject: npt.NDArray[Any], instrument: npt.NDArray[Any] | None) -> Tally:
    """A stratum's tally from its counts per cluster and kind."""
    total = subject.sum(axis=0, dtype=np.int64)
    by_instrument = total[np.newaxis] if instrument is None else instrument
    return Tally(stratum, total, _by_cluster(subject), _by_cluster(by_instrument))


def smallest(counted: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The same numbers in the smallest type that holds them."""
    return counted.astype(np.min_scalar_type(int(counted.max(initial=0))))


def _cells(codes: npt.NDArray[np.signedinteger], kinds: Kinds, rows: Flags) -> Cells:
    clusters = int(codes.max(initial=-1)) + 1
    large = (clusters + 1) * len(kinds) * MOST_STRATA >= 2**31
    cells: npt.NDArray[np.signedinteger] = codes[rows].astype(np.int64 if large else np.int32)
    cells[cells < 0] = clusters
    cells *= len(kinds)
    cells += kinds.of_unit[rows]
    return Cells(clusters, len(kinds), cells)


def _by_cluster(counted: npt.NDArray[Any]) -> ByCluster:
    named, without = counted[:-1], counted[-1].astype(np.int64)
    codes = np.flatnonzero(named.any(axis=1))
    return ByCluster(codes.astype(np.int32), smallest(np.ascontiguousarray(named[codes].T)), without)

"""Sufficient counts per stratum and subject, the only thing the statistics ever see of a score table.

Rates count the rows that the stack answered, pairs the rows that both did; what is missing is counted beside
them and has a metric of its own, so that silence on hard captures is not rewarded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from releases.scores.choosing import Flags
from releases.scores.kinds import ByCluster, Kinds, Tally
from releases.scores.outcomes import Arm
from releases.scores.scan import ArmName, Scan
from releases.scores.strata import Label, Population, Strata, Stratum, is_pinned
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts
from releases.statistics.subject_counts import SubjectCounts


class Metric(StrEnum):
    """What counts as an event on a unit."""

    ERROR = "error"  # attack accepted (APCER), bona fide not accepted (BPCER)
    ERROR_IF_RETRY_ACCEPTED = "error_if_retry_accepted"  # the ceiling of APCER where retries are allowed
    RETRY = "retry"  # a retry was asked at an allowed attempt
    NON_RESPONSE = "non_response"  # APNRR, BPNRR
    ERROR_OR_NON_RESPONSE = "error_or_non_response"  # bona fide: no answer is a rejection


class CountingUnit(StrEnum):
    """What one unit of a stratum's counts is."""

    PRESENTATION = "presentation"
    TRANSACTION = "transaction"
    MIXED = "mixed"  # the table names transactions for some rows only


class Cluster(StrEnum):
    """Whose captures resemble each other in a stratum."""

    SUBJECT = "subject"
    INSTRUMENT = "instrument"
    NONE = "none"  # no row names either


@dataclass(frozen=True, slots=True)
class RateStratum:
    """Counts of one stack. ``rows`` = counts.presentations + ``not_answered`` (unless the metric uses those
    rows) + ``no_band`` + ``ambiguous_band``. ``set_threshold`` of the rows used also set the threshold;
    ``transactions`` of the rows are whole transactions.
    """

    stratum: Stratum
    cluster: Cluster
    counts: RateCounts
    rows: int
    not_answered: int
    no_band: int
    ambiguous_band: int
    set_threshold: int
    transactions: int = 0

    @property
    def unit(self) -> CountingUnit:
        return counting_unit(self.rows, self.transactions)


@dataclass(frozen=True, slots=True)
class PairStratum:
    """Counts of two stacks on the same captures. ``rows`` are those in either table.

    ``candidate_missing`` and ``baseline_missing`` are rows that the one did not answer, absent ones included;
    ``both_missing`` is their overlap. ``no_band`` and ``ambiguous_band`` count rows that both answered and at
    least one could not decide.
    """

    stratum: Stratum
    cluster: Cluster
    counts: PairedCounts
    rows: int
    candidate_missing: int
    baseline_missing: int
    both_missing: int
    candidate_absent: int
    baseline_absent: int
    no_band: int
    ambiguous_band: int
    set_threshold: int
    transactions: int = 0

    @property
    def unit(self) -> CountingUnit:
        return counting_unit(self.rows, self.transactions)


@dataclass(frozen=True, slots=True)
class RatesCounted:
    """All strata in order; ``outside`` rows of the population lie in none."""

    strata: tuple[RateStratum, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class PairsCounted:
    """As RatesCounted."""

    strata: tuple[PairStratum, ...]
    outside: int


def count_rates(
    scan: Scan, population: Population, strata: Strata, metric: Metric, arm: ArmName = "candidate"
) -> RatesCounted:
    """Events of one stack per stratum and cluster. Raises ValueError for a baseline that was not scanned."""
    scan.arm(arm)
    kinds = scan.tallies.kinds_of(scan)
    cut = scan.tallies.cut(scan, population, strata)
    stack = kinds.candidate if arm == "candidate" else kinds.baseline
    found = [_rate_stratum(kinds, stack, one, metric=metric, label=population.label) for one in cut.strata]
    there = [one for one in found if one.rows or is_pinned(strata)]
    return RatesCounted(tuple(there), outside=_count(cut.outside, stack.present))


def has_retry(scan: Scan, arm: ArmName = "candidate") -> bool:
    """Whether a score can mean "try again" under the stack's threshold policy."""
    bands = [band for table in scan.tables.get(arm, ()) for band in table.bands.bands]
    return any(band.retry not in {None, band.accept} for band in bands)


def is_by_transaction(scan: Scan, arm: ArmName = "candidate") -> bool:
    """Whether every unit that the stack has is a whole transaction."""
    return bool(scan.transaction[scan.arm(arm).present].all())


def count_pairs(scan: Scan, population: Population, strata: Strata, metric: Metric) -> PairsCounted:
    """Events of both stacks per stratum and cluster. Raises ValueError without a scanned baseline."""
    scan.arm("baseline")
    kinds = scan.tallies.kinds_of(scan)
    cut = scan.tallies.cut(scan, population, strata)
    found = [_pair_stratum(kinds, one, metric=metric, label=population.label) for one in cut.strata]
    return PairsCounted(tuple(found), outside=int(cut.outside.sum()))


def _rate_stratum(kinds: Kinds, arm: Arm, tally: Tally, *, metric: Metric, label: Label) -> RateStratum:
    used = arm.present & usable(arm, metric)
    cluster, held = clustered(tally, used, label)
    events = used & events_of(arm, metric, label)
    known, unknown = per_cluster(held, used, (used, events))
    total = tally.total
    return RateStratum(
        stratum=tally.stratum,
        cluster=cluster,
        counts=RateCounts(
            subject_rows=known[0],
            subject_events=known[1],
            rows_without_cluster=unknown[0],
            events_without_cluster=unknown[1],
        ),
        rows=_count(total, arm.present),
        not_answered=_count(total, arm.present & ~arm.answered),
        no_band=_count(total, arm.answered & arm.no_band),
        ambiguous_band=_count(total, arm.answered & arm.ambiguous_band),
        set_threshold=_count(total, used & kinds.set_threshold),
        transactions=_count(total, arm.present & kinds.transaction),
    )


def _pair_stratum(kinds: Kinds, tally: Tally, *, metric: Metric, label: Label) -> PairStratum:
    candidate, baseline = kinds.candidate, kinds.baseline
    used = usable(candidate, metric) & usable(baseline, metric)
    cluster, held = clustered(tally, used, label)
    ours, theirs = events_of(candidate, metric, label), events_of(baseline, metric, label)
    cells = (used, used & ours & theirs, used & ours & ~theirs, used & ~ours & theirs)
    known, unknown = per_cluster(held, used, cells)
    return PairStratum(
        stratum=tally.stratum,
        cluster=cluster,
        counts=PairedCounts(
            subject_rows=known[0],
            subject_both=known[1],
            subject_candidate_only=known[2],
            subject_baseline_only=known[3],
            rows_without_cluster=unknown[0],
            both_without_cluster=unknown[1],
            candidate_only_without_cluster=unknown[2],
            baseline_only_without_cluster=unknown[3],
        ),
        **pair_exclusions(kinds, tally, used),
    )


def pair_exclusions(kinds: Kinds, tally: Tally, used: Flags) -> dict[str, int]:
    """What of a stratum's rows is missing on which side, and what else is said beside paired counts."""
    candidate, baseline, total = kinds.candidate, kinds.baseline, tally.total
    both = candidate.answered & baseline.answered
    return {
        "rows": int(total.sum()),
        "candidate_missing": _count(total, ~candidate.answered),
        "baseline_missing": _count(total, ~baseline.answered),
        "both_missing": _count(total, ~candidate.answered & ~baseline.answered),
        "candidate_absent": _count(total, ~candidate.present),
        "baseline_absent": _count(total, ~baseline.present),
        "no_band": _count(total, both & (candidate.no_band | baseline.no_band)),
        "ambiguous_band": _count(total, both & (candidate.ambiguous_band | baseline.ambiguous_band)),
        "set_threshold": _count(total, used & kinds.set_threshold),
        "transactions": _count(total, kinds.transaction),
    }


def counting_unit(rows: int, transactions: int) -> CountingUnit:
    """What the rows of a stratum are; presentations where there is none."""
    if not transactions:
        return CountingUnit.PRESENTATION
    return CountingUnit.TRANSACTION if transactions == rows else CountingUnit.MIXED


def usable(arm: Arm, metric: Metric) -> Flags:
    """Units on which the metric is defined for a stack; a unit its table lacks counts as not answered."""
    if metric is Metric.NON_RESPONSE:
        return np.ones_like(arm.answered)
    if metric is Metric.ERROR_OR_NON_RESPONSE:
        return arm.decided | ~arm.answered
    return arm.decided


def events_of(arm: Arm, metric: Metric, label: Label) -> Flags:
    """Units on which the metric's event happened."""
    if metric is Metric.NON_RESPONSE:
        return ~arm.answered
    if metric is Metric.RETRY:
        return arm.retried
    passed = arm.accepted_or_retry if metric is Metric.ERROR_IF_RETRY_ACCEPTED else arm.accepted
    # Without an answer nothing was accepted, so ERROR_OR_NON_RESPONSE needs no case of its own.
    return passed if label == "attack" else ~passed


def clustered(tally: Tally, used: Flags, label: Label) -> tuple[Cluster, ByCluster]:
    """For attacks, of instrument and subject the id with fewer distinct values; on a tie the subject."""
    subjects, instruments = _distinct(tally.subject, used), _distinct(tally.instrument, used)
    if label == "attack" and instruments and (not subjects or instruments < subjects):
        return Cluster.INSTRUMENT, tally.instrument
    return (Cluster.SUBJECT if subjects else Cluster.NONE), tally.subject


def per_cluster(
    held: ByCluster, used: Flags, cells: Sequence[Flags]
) -> tuple[list[SubjectCounts], list[int]]:
    """For each cell its count per cluster that has a used unit, and its count over units without an id."""
    there = _sums(held.counts, used) > 0
    known = [SubjectCounts(_sums(held.counts, cell)[there]) for cell in cells]
    return known, [_count(held.without, cell) for cell in cells]


def _distinct(held: ByCluster, used: Flags) -> int:
    return int(np.count_nonzero(_sums(held.counts, used)))


def _sums(counts: npt.NDArray[np.unsignedinteger], kinds: Flags) -> npt.NDArray[np.int64]:
    sums: npt.NDArray[np.int64] = counts[kinds].sum(axis=0, dtype=np.int64)
    return sums


def _count(by_kind: npt.NDArray[np.int64], kinds: Flags) -> int:
    return int(by_kind[kinds].sum())

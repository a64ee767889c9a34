"""Counts that compare: where two stacks decide differently, and a part of the population beside the rest."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from releases.scores.choosing import Flags
from releases.scores.counting import (
    Cluster,
    CountingUnit,
    Metric,
    clustered,
    counting_unit,
    events_of,
    pair_exclusions,
    per_cluster,
    usable,
)
from releases.scores.kinds import ByCluster, Kinds, Tally
from releases.scores.outcomes import Arm, Outcome
from releases.scores.scan import ArmName, Scan
from releases.scores.strata import Label, Pooled, Population, Strata, Stratum, is_pinned
from releases.statistics.part_of_whole import PartCounts
from releases.statistics.rates import RateCounts
from releases.statistics.subject_counts import SubjectCounts


@dataclass(frozen=True, slots=True)
class Move:
    """``count`` units went from the baseline's outcome to the candidate's; equal outcomes are no move."""

    candidate: Outcome
    baseline: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class DisagreementStratum:
    """Units that both stacks decided; the event is that accept, retry or reject differ. All else as in
    PairStratum.
    """

    stratum: Stratum
    cluster: Cluster
    counts: RateCounts
    moves: tuple[Move, ...]
    rows: int
    candidate_missing: int
    baseline_missing: int
    both_missing: int
    candidate_absent: int
    baseline_absent: int
    no_band: int
    ambiguous_band: int
    set_threshold: int
    transactions: int

    @property
    def unit(self) -> CountingUnit:
        return counting_unit(self.rows, self.transactions)


@dataclass(frozen=True, slots=True)
class DisagreementsCounted:
    """All strata in their order; ``outside`` rows of the population lie in none of them."""

    strata: tuple[DisagreementStratum, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class PartStratum:
    """A stratum beside the rest of its population, subject by subject. ``rows`` are the stratum's."""

    stratum: Stratum
    cluster: Cluster
    counts: PartCounts
    rows: int
    not_answered: int
    no_band: int
    ambiguous_band: int
    set_threshold: int
    transactions: int

    @property
    def unit(self) -> CountingUnit:
        return counting_unit(self.rows, self.transactions)


@dataclass(frozen=True, slots=True)
class PartsCounted:
    """All strata in their order; ``outside`` rows of the population lie in none of them."""

    strata: tuple[PartStratum, ...]
    outside: int


def count_disagreements(scan: Scan, population: Population, strata: Strata) -> DisagreementsCounted:
    """Units on which the two stacks decide differently. Raises ValueError without a scanned baseline."""
    scan.arm("baseline")
    kinds = scan.tallies.kinds_of(scan)
    cut = scan.tallies.cut(scan, population, strata)
    found = tuple(_disagreements(kinds, one, population.label) for one in cut.strata)
    return DisagreementsCounted(found, outside=int(cut.outside.sum()))


def count_parts(
    scan: Scan, population: Population, strata: Strata, metric: Metric, arm: ArmName = "candidate"
) -> PartsCounted:
    """Each stratum beside the rest of the population, for "no group much worse than all together"."""
    scan.arm(arm)
    kinds = scan.tallies.kinds_of(scan)
    whole = scan.tallies.cut(scan, population, Pooled()).strata[0]
    cut = scan.tallies.cut(scan, population, strata)
    stack = kinds.candidate if arm == "candidate" else kinds.baseline
    found = [_part(kinds, stack, one, whole, metric=metric, label=population.label) for one in cut.strata]
    there = tuple(one for one in found if one.rows or is_pinned(strata))
    return PartsCounted(there, outside=int(cut.outside[stack.present].sum()))


def _disagreements(kinds: Kinds, tally: Tally, label: Label) -> DisagreementStratum:
    ours, theirs = _outcomes(kinds.candidate), _outcomes(kinds.baseline)
    used = kinds.candidate.decided & kinds.baseline.decided
    same = np.logical_or.reduce([ours[one] & theirs[one] for one in Outcome])
    cluster, held = clustered(tally, used, label)
    known, unknown = per_cluster(held, used, (used, used & ~same))
    moves = [
        Move(mine, other, int(tally.total[used & ours[mine] & theirs[other]].sum()))
        for mine in Outcome
        for other in Outcome
        if mine is not other
    ]
    return DisagreementStratum(
        stratum=tally.stratum,
        cluster=cluster,
        counts=RateCounts(
            subject_rows=known[0],
            subject_events=known[1],
            rows_without_cluster=unknown[0],
            events_without_cluster=unknown[1],
        ),
        moves=tuple(move for move in moves if move.count),
        **pair_exclusions(kinds, tally, used),
    )


def _outcomes(arm: Arm) -> dict[Outcome, Flags]:
    """What each decided kind ends in; a transaction that was accepted after a retry is accepted."""
    return {
        Outcome.ACCEPT: arm.accepted,
        Outcome.RETRY: arm.accepted_or_retry & ~arm.accepted,
        Outcome.REJECT: ~arm.accepted_or_retry,
    }


def _part(kinds: Kinds, arm: Arm, tally: Tally, whole: Tally, *, metric: Metric, label: Label) -> PartStratum:
    used = arm.present & usable(arm, metric)
    events = used & events_of(arm, metric, label)
    cluster, everyone = clustered(whole, used, label)
    held = tally.instrument if cluster is Cluster.INSTRUMENT else tally.subject
    all_rows, all_events = _sums(everyone, used), _sums(everyone, events)
    rows, part_events = (_placed(_sums(held, one), held, everyone) for one in (used, events))
    there = all_rows > 0
    without = [int(one.without[mask].sum()) for one in (held, everyone) for mask in (used, events)]
    total = tally.total
    return PartStratum(
        stratum=tally.stratum,
        cluster=cluster,
        counts=PartCounts(
            subject_part_events=SubjectCounts(part_events[there]),
            subject_part_rows=SubjectCounts(rows[there]),
            subject_rest_events=SubjectCounts((all_events - part_events)[there]),
            subject_rest_rows=SubjectCounts((all_rows - rows)[there]),
            part_rows_without_cluster=without[0],
            part_events_without_cluster=without[1],
            rest_rows_without_cluster=without[2] - without[0],
            rest_events_without_cluster=without[3] - without[1],
        ),
        rows=int(total[arm.present].sum()),
        not_answered=int(total[arm.present & ~arm.answered].sum()),
        no_band=int(total[arm.answered & arm.no_band].sum()),
        ambiguous_band=int(total[arm.answered & arm.ambiguous_band].sum()),
        set_threshold=int(total[used & kinds.set_threshold].sum()),
        transactions=int(total[arm.present & kinds.transaction].sum()),
    )


def _sums(held: ByCluster, kinds: Flags) -> npt.NDArray[np.int64]:
    sums: npt.NDArray[np.int64] = held.counts[kinds].sum(axis=0, dtype=np.int64)
    return sums


def _placed(sums: npt.NDArray[np.int64], held: ByCluster, everyone: ByCluster) -> npt.NDArray[np.int64]:
    """A part's sums in the places of the whole's clusters."""
    placed = np.zeros(len(everyone.codes), dtype=np.int64)
    placed[np.searchsorted(everyone.codes, held.codes)] = sums
    return placed

"""Sufficient counts per stratum and subject, the only thing the statistics ever see of a score table.

Rates count the rows that the stack answered, pairs the rows that both did; what is missing is counted beside
them and has a metric of its own, so that silence on hard captures is not rewarded.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from releases.scores.scan import Arm, Codes, Flags, Scan
from releases.scores.strata import Label, Population, Strata, Stratum, population_rows, stratum_rows
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts


class Metric(StrEnum):
    """What counts as an event on a unit."""

    ERROR = "error"  # attack accepted (APCER), bona fide not accepted (BPCER)
    ERROR_IF_RETRY_ACCEPTED = "error_if_retry_accepted"  # the ceiling of APCER where retries are allowed
    RETRY = "retry"
    NON_RESPONSE = "non_response"  # APNRR, BPNRR
    ERROR_OR_NON_RESPONSE = (
        "error_or_non_response"  # bona fide: no answer is a rejection; attacks: none either
    )


ArmName = Literal["candidate", "baseline"]


class Cluster(StrEnum):
    """Whose captures resemble each other in a stratum."""

    SUBJECT = "subject"
    INSTRUMENT = "instrument"
    NONE = "none"  # no row names either


@dataclass(frozen=True, slots=True)
class RateStratum:
    """Counts of one stack. ``rows`` = counts.presentations + ``not_answered`` (unless the metric uses those
    rows) + ``no_band`` + ``ambiguous_band``. ``set_threshold`` of the rows used also set the threshold.
    """

    stratum: Stratum
    cluster: Cluster
    counts: RateCounts
    rows: int
    not_answered: int
    no_band: int
    ambiguous_band: int
    set_threshold: int


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


@dataclass(frozen=True, slots=True)
class RatesCounted:
    """All strata in their order; ``outside`` rows of the population lie in none of them."""

    strata: tuple[RateStratum, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class PairsCounted:
    """All strata in their order; ``outside`` rows of the population lie in none of them."""

    strata: tuple[PairStratum, ...]
    outside: int


def count_rates(
    scan: Scan, population: Population, strata: Strata, metric: Metric, arm: ArmName = "candidate"
) -> RatesCounted:
    """Events of one stack per stratum and cluster. Raises ValueError for a baseline that was not scanned."""
    stack = _arm(scan, arm)
    inside = population_rows(scan.facts, population) & stack.present
    covered = np.zeros_like(inside)
    found = []
    for stratum, rows in stratum_rows(scan.facts, inside, strata):
        covered |= rows
        found.append(_rate_stratum(scan, stack, stratum, rows, metric=metric, label=population.label))
    return RatesCounted(tuple(found), outside=_count(inside & ~covered))


def count_pairs(scan: Scan, population: Population, strata: Strata, metric: Metric) -> PairsCounted:
    """Events of both stacks per stratum and cluster. Raises ValueError without a scanned baseline."""
    _arm(scan, "baseline")
    inside = population_rows(scan.facts, population)
    covered = np.zeros_like(inside)
    found = []
    for stratum, rows in stratum_rows(scan.facts, inside, strata):
        covered |= rows
        found.append(_pair_stratum(scan, stratum, rows, metric=metric, label=population.label))
    return PairsCounted(tuple(found), outside=_count(inside & ~covered))


def _arm(scan: Scan, arm: ArmName) -> Arm:
    found = scan.candidate if arm == "candidate" else scan.baseline
    if found is None:
        raise ValueError("no baseline was scanned: pass its table to scan_tables")
    return found


def _rate_stratum(
    scan: Scan, arm: Arm, stratum: Stratum, rows: Flags, *, metric: Metric, label: Label
) -> RateStratum:
    used = rows & _usable(arm, metric)
    cluster, codes = _cluster(scan, used, label)
    events = used & _events(arm, metric, label)
    known, unknown = _per_cluster(codes, used, (used, events))
    return RateStratum(
        stratum=stratum,
        cluster=cluster,
        counts=RateCounts(
            subject_rows=known[0],
            subject_events=known[1],
            rows_without_cluster=unknown[0],
            events_without_cluster=unknown[1],
        ),
        rows=_count(rows),
        not_answered=_count(rows & ~arm.answered),
        no_band=_count(rows & arm.answered & arm.no_band),
        ambiguous_band=_count(rows & arm.answered & arm.ambiguous_band),
        set_threshold=_count(used & scan.set_threshold),
    )


def _pair_stratum(scan: Scan, stratum: Stratum, rows: Flags, *, metric: Metric, label: Label) -> PairStratum:
    candidate, baseline = _arm(scan, "candidate"), _arm(scan, "baseline")
    used = rows & _usable(candidate, metric) & _usable(baseline, metric)
    cluster, codes = _cluster(scan, used, label)
    ours, theirs = _events(candidate, metric, label), _events(baseline, metric, label)
    cells = (used, used & ours & theirs, used & ours & ~theirs, used & ~ours & theirs)
    known, unknown = _per_cluster(codes, used, cells)
    both_answered = rows & candidate.answered & baseline.answered
    return PairStratum(
        stratum=stratum,
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
        rows=_count(rows),
        candidate_missing=_count(rows & ~candidate.answered),
        baseline_missing=_count(rows & ~baseline.answered),
        both_missing=_count(rows & ~candidate.answered & ~baseline.answered),
        candidate_absent=_count(rows & ~candidate.present),
        baseline_absent=_count(rows & ~baseline.present),
        no_band=_count(both_answered & (candidate.no_band | baseline.no_band)),
        ambiguous_band=_count(both_answered & (candidate.ambiguous_band | baseline.ambiguous_band)),
        set_threshold=_count(used & scan.set_threshold),
    )


def _usable(arm: Arm, metric: Metric) -> Flags:
    """Rows on which the metric is defined for a stack; a row its table lacks counts as not answered."""
    if metric is Metric.NON_RESPONSE:
        return np.ones_like(arm.answered)
    if metric is Metric.ERROR_OR_NON_RESPONSE:
        return arm.decided | ~arm.answered
    return arm.decided


def _events(arm: Arm, metric: Metric, label: Label) -> Flags:
    if metric is Metric.NON_RESPONSE:
        return ~arm.answered
    if metric is Metric.RETRY:
        return arm.accepted_or_retry & ~arm.accepted
    passed = arm.accepted_or_retry if metric is Metric.ERROR_IF_RETRY_ACCEPTED else arm.accepted
    # Without an answer nothing was accepted, so ERROR_OR_NON_RESPONSE needs no case of its own.
    return passed if label == "attack" else ~passed


def _cluster(scan: Scan, used: Flags, label: Label) -> tuple[Cluster, Codes]:
    """For attacks, of instrument and subject the id with fewer distinct values; on a tie the subject."""
    subjects, instruments = _distinct(scan.subject, used), _distinct(scan.instrument, used)
    if label == "attack" and instruments and (not subjects or instruments < subjects):
        return Cluster.INSTRUMENT, scan.instrument
    return (Cluster.SUBJECT if subjects else Cluster.NONE), scan.subject


def _distinct(codes: Codes, used: Flags) -> int:
    return int(np.unique(codes[used & (codes >= 0)]).size)


def _per_cluster(
    codes: Codes, used: Flags, cells: tuple[Flags, ...]
) -> tuple[list[tuple[int, ...]], list[int]]:
    """For each cell its count in every cluster that has a used row, and its count over rows without an id."""
    named = codes >= 0
    width = int(codes.max(initial=-1)) + 1
    present = np.bincount(codes[used & named], minlength=width) > 0
    known = [tuple(np.bincount(codes[cell & named], minlength=width)[present].tolist()) for cell in cells]
    return known, [_count(cell & ~named) for cell in cells]


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))

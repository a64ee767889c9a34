"""Seeded simulation of clustered presentations: how often the one-sided bounds hold the truth.

Subjects differ: a subject's own error probabilities come from a beta (rates) or Dirichlet (pairs)
distribution whose concentration gives the intraclass correlation asked for.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from releases.statistics.clusters import ClusterPlan
from releases.statistics.paired import PairedCounts, compare_paired
from releases.statistics.rates import RateCounts, bound_rate

Integers = npt.NDArray[np.int64]

PLAN = ClusterPlan(planned_deff=4, planned_icc=0.2)


@dataclass(frozen=True)
class Design:
    """Rows per subject, the share of rows that lost their id, and the plan that reads them."""

    rows: tuple[int, ...]
    lost_ids: float = 0.0
    plan: ClusterPlan = PLAN


@dataclass(frozen=True)
class Coverage:
    lower: float
    upper: float


EVEN = Design(rows=(5,) * 30)
FEW = Design(rows=(12,) * 8)
HEAVY = Design(rows=(90, 70, 50) + (2,) * 25)
LOST = Design(rows=(10,) * 40, lost_ids=0.75)


def rate_coverage(design: Design, *, rate: float, icc: float, replicates: int, seed: int) -> Coverage:
    random = np.random.default_rng(seed)
    spread = 1 / icc - 1
    held = np.zeros(2)
    for _ in range(replicates):
        known, lost = _split(random, design)
        shares = random.beta(rate * spread, (1 - rate) * spread, size=known.size)
        with_id, without_id = random.binomial(known, shares), random.binomial(lost, shares)
        kept = known > 0
        counts = RateCounts(
            tuple(with_id[kept].tolist()), tuple(known[kept].tolist()), int(without_id.sum()), int(lost.sum())
        )
        result = bound_rate(counts, design.plan)
        held += ((result.lower or 0.0) <= rate, rate <= (1.0 if result.upper is None else result.upper))
    return Coverage(*(held / replicates).tolist())


def paired_coverage(
    design: Design, *, worse: float, better: float, icc: float, replicates: int, seed: int
) -> Coverage:
    random = np.random.default_rng(seed)
    weights = np.array([worse, better, 1 - worse - better]) * (1 / icc - 1)
    held = np.zeros(2)
    for _ in range(replicates):
        known, lost = _split(random, design)
        shares = random.dirichlet(weights, size=known.size)
        with_id = random.multinomial(known, shares)[known > 0]
        without_id = random.multinomial(lost, shares).sum(axis=0)
        result = compare_paired(_pairs(known[known > 0], with_id, lost, without_id), design.plan)
        lower, upper = result.lower, result.upper
        truth = worse - better
        held += (lower is None or lower <= truth, upper is None or truth <= upper)
    return Coverage(*(held / replicates).tolist())


def _split(random: np.random.Generator, design: Design) -> tuple[Integers, Integers]:
    rows = np.array(design.rows)
    lost = random.binomial(rows, design.lost_ids)
    return rows - lost, lost


def _pairs(known: Integers, with_id: Integers, lost: Integers, without_id: Integers) -> PairedCounts:
    return PairedCounts(
        subject_rows=tuple(known.tolist()),
        subject_both=(0,) * known.size,
        subject_candidate_only=tuple(with_id[:, 0].tolist()),
        subject_baseline_only=tuple(with_id[:, 1].tolist()),
        rows_without_cluster=int(lost.sum()),
        candidate_only_without_cluster=int(without_id[0]),
        baseline_only_without_cluster=int(without_id[1]),
    )

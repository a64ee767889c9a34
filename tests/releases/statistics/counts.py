"""Builders of counts for tests: no two captures of the same subject; and the demo's plan."""

from releases.statistics.clusters import ClusterPlan
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts

Pair = tuple[float, float]
Table = tuple[int, int, int, int]  # a, b, c, d

DEMO_PLAN = ClusterPlan(planned_deff=1, planned_icc=0.2)


def independent_rate(events: int, rows: int) -> RateCounts:
    """Every capture is of a subject of its own."""
    return RateCounts((1,) * events + (0,) * (rows - events), (1,) * rows)


def independent_pairs(a: int, b: int, c: int, d: int) -> PairedCounts:
    """Every pair of decisions is on a capture of a subject of its own."""
    n = a + b + c + d
    return PairedCounts(
        subject_rows=(1,) * n,
        subject_both=(1,) * a + (0,) * (n - a),
        subject_candidate_only=(0,) * a + (1,) * b + (0,) * (c + d),
        subject_baseline_only=(0,) * (a + b) + (1,) * c + (0,) * d,
    )

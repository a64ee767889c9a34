"""How much a sample of repeated captures is worth: the design effect of clustered counts.

Captures of one subject resemble each other, so N captures of K subjects carry less information than N
independent ones. This module turns per-subject sums into a design effect and an effective sample size
``n_eff = N / deff_used``; the rates and the paired differences are then bounded as if n_eff independent
captures had been seen.

The variance is the ratio estimator with the K/(K − 1) correction (the same number as a cluster-robust least
squares fit of a constant). It is read with a t quantile on K − 1 degrees of freedom, which the squared ratio
of t quantiles brings into the design effect. A floor from a planned intraclass correlation guards against
the estimate being too low by luck when there are few subjects; it uses the row-weighted mean cluster size
Σn²/N because N/K hides that a few subjects may own most rows.

All sums are exact integers, so a result depends neither on the order of the subjects nor on the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from scipy.special import stdtrit

from releases.statistics.subject_counts import PerSubject, as_array, product_sum, total

T_QUANTILE = 0.95


class DesignSource(StrEnum):
    """Where the design effect in use comes from; printed with every bound."""

    ESTIMATED = "estimated"
    FLOOR = "floor"
    MINIMUM = "minimum"  # estimate and floor are both at most 1
    SINGLETONS = "singletons"  # every row has an id of its own: nothing is repeated
    PLANNED = "planned"  # no row has an id: planned_deff alone
    UNKNOWN = "unknown"  # rows without an id and no planned_deff: n_eff cannot be stated
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What the policy assumes about clusters before it sees data.

    ``planned_deff``: a row without a cluster id weighs 1/planned_deff of a subject; None means the policy
    makes no such assumption, and then rows without an id leave the stratum without bounds.
    ``planned_icc``: intraclass correlation behind the floor of the design effect, in [0, 1].
    """

    planned_deff: float | None = None
    planned_icc: float = 0.2

    def __post_init__(self) -> None:
        if self.planned_deff is not None and not 1 <= self.planned_deff < float("inf"):
            raise ValueError(
                f"planned_deff is {self.planned_deff!r}: state a number of at least 1, or None for no plan"
            )
        if not 0 <= self.planned_icc <= 1:
            raise ValueError(f"planned_icc is {self.planned_icc!r}: state a correlation between 0 and 1")


@dataclass(frozen=True, slots=True)
class DesignEffect:
    """The design effect of one stratum and how it came about.

    ``subjects`` is K: clusters known + rows_without_cluster / planned_deff, so it may be fractional (rows
    without an id count as nothing while planned_deff is unset). ``weighted_cluster_size`` is Σn²/N.
    ``estimated`` and ``floor`` are None where they do not exist; ``used`` and ``n_eff`` are None when the
    source is unknown or no_data.
    """

    presentations: int
    clusters_known: int
    rows_without_cluster: int
    subjects: float
    weighted_cluster_size: float | None
    estimated: float | None
    floor: float | None
    used: float | None
    n_eff: float | None
    source: DesignSource


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sufficient sums for a design effect; all integers.

    With N rows in all and the total S of a row value (error 0/1, or candidate − baseline −1/0/1):
    ``squared_residuals_known`` = Σ over clusters of (N·s_i − S·n_i)²; ``squared_residuals_without`` = the
    same sum over the rows without an id, each row on its own; ``spread`` = N²·(variance of one row value),
    which is X(N − X) for errors and (b + c)N − (b − c)² for pairs.
    """

    cluster_rows: PerSubject
    rows_without_cluster: int
    squared_residuals_known: int
    squared_residuals_without: int
    spread: int


def design_effect(sums: ClusterSums, plan: ClusterPlan) -> DesignEffect:
    """Design effect, floor and effective sample size of one stratum."""
    known, without = len(sums.cluster_rows), sums.rows_without_cluster
    rows = total(sums.cluster_rows) + without
    subjects = known + (without / plan.planned_deff if plan.planned_deff is not None else 0.0)

    def result(source: DesignSource, used: float | None, **parts: float | None) -> DesignEffect:
        return DesignEffect(
            presentations=rows,
            clusters_known=known,
            rows_without_cluster=without,
            subjects=subjects,
            weighted_cluster_size=parts.get("size"),
            estimated=parts.get("estimated"),
            floor=parts.get("floor"),
            used=used,
            n_eff=None if used is None else rows / used,
            source=source,
        )

    if rows == 0:
        return result(DesignSource.NO_DATA, None)
    if without and plan.planned_deff is None:
        return result(DesignSource.UNKNOWN, None)
    if known == 0:
        return result(DesignSource.PLANNED, plan.planned_deff)
    if without == 0 and as_array(sums.cluster_rows).max() == 1:
        return result(DesignSource.SINGLETONS, 1.0, size=1.0)

    squares = product_sum(sums.cluster_rows, sums.cluster_rows)
    size = (squares + (plan.planned_deff or 0.0) * without) / rows
    floor = 1 + (size - 1) * plan.planned_icc
    estimated = _estimated(sums, rows, subjects, plan.planned_deff or 0.0)
    used, source = _largest(estimated, floor)
    return result(source, used, size=size, floor=floor, estimated=estimated)


def _estimated(sums: ClusterSums, rows: int, subjects: float, planned_deff: float) -> float | None:
    """Variance of the clustered mean over that of a simple random sample; None where inestimable."""
    if sums.spread == 0 or subjects <= 1:
        return None
    squares = sums.squared_residuals_known + Fraction(planned_deff) * sums.squared_residuals_without
    residuals = float(squares / (rows * sums.spread))
    ratio = float(stdtrit(subjects - 1, T_QUANTILE)) / float(stdtrit(rows - 1, T_QUANTILE))
    return subjects / (subjects - 1) * residuals * ratio**2


def _largest(estimated: float | None, floor: float) -> tuple[float, DesignSource]:
    if estimated is not None and estimated > max(1.0, floor):
        return estimated, DesignSource.ESTIMATED
    if floor > 1:
        return floor, DesignSource.FLOOR
    return 1.0, DesignSource.MINIMUM


def choose_cluster(*, distinct_subjects: int, distinct_instruments: int) -> Literal["subject", "instrument"]:
    """Which id clusters the attacks of a stratum: the coarser one (fewer distinct values).

    On a tie the subject. An id that no row carries (0 distinct values) is no choice; with neither present it
    is the subject.
    """
    if distinct_instruments and (distinct_subjects == 0 or distinct_instruments < distinct_subjects):
        return "instrument"
    return "subject"


def check_counts(**columns: Sequence[int]) -> None:
    """Refuse columns of per-subject counts that are negative or of different length."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"per-subject columns differ in length: {lengths}; give one number per subject in each"
        )
    for name, values in columns.items():
        lowest = as_array(values).min(initial=0)
        if lowest < 0:
            raise ValueError(f"{name} holds {lowest}: counts cannot be negative; count the rows again")


def check_alpha(**alphas: float) -> None:
    """Refuse an error rate outside (0, 0.5)."""
    for name, alpha in alphas.items():
        if not 0 < alpha < 0.5:
            raise ValueError(
                f"{name} is {alpha!r}: state a one-sided error rate between 0 and 0.5, such as 0.05"
            )

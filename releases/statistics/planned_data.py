"""A stratum as it is planned, and what follows from the size that it needs.

Clusters of size m give the design effect 1 + (m − 1)·planned_icc, so K subjects are never worth more than
K / planned_icc presentations.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima
from releases.statistics.sizes import LARGEST_N_EFF


@dataclass(frozen=True, slots=True)
class PlannedData:
    """Subjects and presentations of one stratum, equally many presentations of each subject.

    ``known_design_effect``: what the likeness of a subject's captures was found to cost, where it was
    measured; it stands in place of what follows from ``planned_icc``.
    Raises ValueError for negative numbers, fewer presentations than subjects, an impossible correlation, or a
    design effect below 1.
    """

    subjects: int
    presentations: int
    planned_icc: float = 0.2
    known_design_effect: float | None = None

    def __post_init__(self) -> None:
        ClusterPlan(planned_deff=self.known_design_effect, planned_icc=self.planned_icc)
        if not 0 <= self.subjects <= self.presentations or (self.presentations and not self.subjects):
            raise ValueError(
                f"subjects is {self.subjects} of {self.presentations} presentations: "
                "each subject has at least one, and each presentation a subject"
            )

    @property
    def rows_per_subject(self) -> float:
        """Presentations per subject; 1 where none are planned yet."""
        return self.presentations / self.subjects if self.subjects else 1.0

    @property
    def design_effect(self) -> float:
        if self.known_design_effect is not None:
            return self.known_design_effect
        return 1 + (self.rows_per_subject - 1) * self.planned_icc

    @property
    def correlation(self) -> float:
        """The intraclass correlation that gives the design effect at these presentations per subject."""
        more = self.rows_per_subject - 1
        if self.known_design_effect is None or more <= 0:
            return self.planned_icc
        return (self.known_design_effect - 1) / more

    @property
    def n_eff(self) -> float:
        return self.presentations / self.design_effect


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What the planned data can decide in one stratum.

    ``power`` is the probability of a pass with the data as planned. ``n_eff_needed`` reaches the power asked
    for; it and all that follows from it are None when the assumed rates do not meet the limit
    (``impossible``: no amount of data passes). ``subjects_needed`` and ``presentations_needed`` keep the
    presentations per subject; ``rows_per_subject_needed`` keeps the subjects instead, None where that cannot
    help.
    """

    n_eff: float
    n_eff_needed: float | None
    power: float
    decidable: bool
    impossible: bool
    subjects_needed: int | None
    subjects_missing: int | None
    presentations_needed: int | None
    presentations_missing: int | None
    rows_per_subject_needed: int | None


def line_of(data: PlannedData, needed: float | None, chance: float, minima: Minima, power: float) -> PlanLine:
    """Everything that follows from the size needed, minima included."""
    blocked = data.subjects < max(2, minima.min_subjects) or data.presentations < minima.min_presentations
    chance = 0.0 if blocked else chance
    if needed is None or needed > LARGEST_N_EFF:
        return PlanLine(data.n_eff, None, chance, False, True, None, None, None, None, None)
    rows = data.rows_per_subject
    subjects = max(
        _ceil(needed * data.design_effect / rows),
        minima.min_subjects,
        _ceil(minima.min_presentations / rows),
        2,  # one subject says nothing about the spread between subjects
    )
    presentations = _ceil(subjects * rows)
    return PlanLine(
        n_eff=data.n_eff,
        n_eff_needed=needed,
        power=chance,
        decidable=chance >= power,
        impossible=False,
        subjects_needed=subjects,
        subjects_missing=max(0, subjects - data.subjects),
        presentations_needed=presentations,
        presentations_missing=max(0, presentations - data.presentations),
        rows_per_subject_needed=_rows_needed(data, needed, minima),
    )


def _rows_needed(data: PlannedData, needed: float, minima: Minima) -> int | None:
    """Captures of each present subject that give the size, from m·K/(1 + (m − 1)·icc) = n."""
    spare = data.subjects - needed * data.correlation
    if data.subjects < max(2, minima.min_subjects) or spare <= 0:
        return None
    return max(
        1, _ceil(needed * (1 - data.correlation) / spare), _ceil(minima.min_presentations / data.subjects)
    )


def _ceil(number: float) -> int:
    return math.ceil(number - 1e-9)


def z_of(alpha: float) -> float:
    return float(-ndtri(alpha))


def check_share(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share!r}: state a share between 0 and 1")

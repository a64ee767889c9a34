"""What there is, or is planned, of one stratum: presentations, subjects, and what their likeness costs."""

import math
from dataclasses import dataclass, replace

from releases.statistics.clusters import DesignEffect
from releases.statistics.planned_data import PlannedData

GIVEN, MEASURED = "given", "measured"


@dataclass(frozen=True, slots=True)
class Sample:
    """One stratum as a criterion counts it.

    ``design_effect`` is what the likeness of a subject's captures costs as measured or assumed,
    ``least_design_effect`` what it costs when not one error is seen; None where captures lack their subject
    and the policy plans no weight for them. ``rate`` is the measured release's on these captures, with
    ``events`` of them; ``whole_rate`` and ``share`` are of the population that a group is a part of.
    """

    presentations: int = 0
    subjects: float = 0.0
    design_effect: float | None = 1.0
    least_design_effect: float | None = 1.0
    source: str = GIVEN
    rate: float | None = None
    events: int | None = None
    rest_rate: float | None = None
    share: float | None = None
    planned_icc: float = 0.2

    @property
    def n_eff(self) -> float | None:
        """Effective presentations; None where subjects are unknown."""
        return None if self.design_effect is None else self.presentations / self.design_effect

    @property
    def at_best(self) -> float | None:
        """Effective presentations when not one error is seen."""
        return None if self.least_design_effect is None else self.presentations / self.least_design_effect

    def data(self) -> PlannedData:
        """As the arithmetic takes it."""
        return self._data(self.design_effect)

    def data_at_best(self) -> PlannedData:
        """The same with nothing but the planned likeness."""
        return self._data(self.least_design_effect)

    def without_rate(self) -> "Sample":
        """The same without what was measured on it."""
        return replace(self, rate=None, events=None, rest_rate=None)

    def at_its_best(self) -> "Sample":
        """The same where nothing but the planned likeness counts."""
        return replace(self, design_effect=self.least_design_effect)

    def at_least(self, design_effect: float | None) -> "Sample":
        """The same where likeness costs no less than this."""
        if design_effect is None or self.design_effect is None:
            return self
        return replace(self, design_effect=max(self.design_effect, design_effect))

    def _data(self, design_effect: float | None) -> PlannedData:
        # Captures without their subject weigh parts of one; only whole subjects are counted.
        subjects = min(max(1, math.floor(self.subjects + 1e-9)), self.presentations)
        return PlannedData(subjects, self.presentations, self.planned_icc, design_effect)


def sample_of(
    design: DesignEffect,
    planned_icc: float,
    rate: float | None,
    events: int | None,
    *,
    rest_rate: float | None = None,
    share: float | None = None,
) -> Sample:
    """A stratum that was measured, with the errors of the release it was measured on."""
    if not design.presentations:
        return Sample(source=MEASURED, share=share, planned_icc=planned_icc)
    return Sample(
        presentations=design.presentations,
        subjects=design.subjects,
        design_effect=design.used,
        least_design_effect=design.used if design.floor is None else max(1.0, design.floor),
        source=MEASURED,
        rate=rate,
        events=events,
        rest_rate=rest_rate,
        share=share,
        planned_icc=planned_icc,
    )


def even_sample(presentations: int, subjects: int, planned_icc: float, design_effect: float | None) -> Sample:
    """A stratum that is planned: as many captures of each subject as evenness allows.

    ``design_effect`` is what the planner assumes; it counts where it is the larger one.
    """
    if not presentations:
        return Sample(planned_icc=planned_icc)
    each, more = divmod(presentations, subjects)
    squares = (subjects - more) * each**2 + more * (each + 1) ** 2
    floor = 1 + (squares / presentations - 1) * planned_icc
    used = max(floor, design_effect or 1.0)
    return Sample(presentations, float(subjects), used, floor, planned_icc=planned_icc)

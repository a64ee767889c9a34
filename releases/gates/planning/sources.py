"""Where the counts of a plan come from: what a person wrote, or (measuring.py) a score table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from releases.gates.criteria.calibration import CalibrationSpec
from releases.gates.criteria.latency_quantile import LatencyQuantileSpec
from releases.gates.criteria.ratio_to_whole import RatioToWholeSpec
from releases.gates.planning.samples import Sample, even_sample
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.scores.strata import Label

Key = tuple[str, str]
"""Kind and key of a stratum: ("species", "print"); of all together ("pooled", "all")."""

ALL: Key = ("pooled", "all")
BOTH = "both"


class Source(Protocol):
    """What there is of each stratum, as a criterion counts it."""

    def samples(self, spec: ClusteredSpec) -> dict[str, Sample]:
        """By the key of the stratum; one that is not there has nothing."""

    def covered(self, label: Label, strata: Strata) -> dict[str, tuple[int, int]]:
        """Presentations and subjects of each stratum, however they were answered."""

    @property
    def below(self) -> int:
        """Of groups with fewer subjects no figures are shown."""


@dataclass(frozen=True)
class Written:
    """Counts that somebody wrote, by class and stratum, and the design effect that is assumed for them."""

    counts: Mapping[tuple[str, Key], tuple[int, int]]
    design_effect: float | None = None
    below: int = 0

    def samples(self, spec: ClusteredSpec) -> dict[str, Sample]:
        """The strata of the criterion; ``where`` is not applied: the counts are meant as they stand."""
        kind, label = spec.strata.kind(), label_of(spec)
        return {key: self._sample(spec, label, (kind, key)) for key in spec.strata.names()}

    def covered(self, label: Label, strata: Strata) -> dict[str, tuple[int, int]]:
        """As written."""
        return {key: self._found(label, (strata.kind(), key)) for key in strata.names()}

    def _sample(self, spec: ClusteredSpec, label: str, key: Key) -> Sample:
        presentations, subjects = self._found(label, key)
        if isinstance(spec, LatencyQuantileSpec) and spec.values == "one_per_subject":
            presentations = subjects
        sample = even_sample(presentations, subjects, spec.planned_icc, self.design_effect)
        if isinstance(spec, RatioToWholeSpec):
            whole, _ = self._found(label, ALL)
            share = presentations / whole if whole > presentations > 0 else None
            return replace(sample, share=share)
        return sample

    def _found(self, label: str, key: Key) -> tuple[int, int]:
        if label != BOTH:
            return self.counts.get((label, key), (0, 0))
        found = [self.counts.get((one, key), (0, 0)) for one in ("bona_fide", "attack")]
        # The same people may have given both; fewer subjects is the careful reading.
        return sum(rows for rows, _ in found), max(subjects for _, subjects in found)


NOUNS = {"attack": "attack presentations", "bona_fide": "genuine presentations", BOTH: "presentations"}


def noun_of(spec: ClusteredSpec) -> str:
    """What a criterion counts, as it is collected; answer times are a matter of their own."""
    if isinstance(spec, LatencyQuantileSpec):
        whose = "attacks" if spec.population == "attack" else "genuine users"
        return f"answer times of {whose}"
    return NOUNS[label_of(spec)]


def label_of(spec: ClusteredSpec) -> str:
    """Which presentations a criterion looks at."""
    return BOTH if isinstance(spec, CalibrationSpec) else spec.gate_metric.label

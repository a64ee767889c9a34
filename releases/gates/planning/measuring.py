"""Counts and rates of a plan from the score tables of one release on one dataset, in one scan.

The captures are counted exactly as a criterion counts them; the release's own errors on them give the rates
and what the likeness of a subject's captures costs.
"""

from dataclasses import dataclass, field

import numpy as np

from releases.gates.criteria.calibration import CalibrationSpec
from releases.gates.criteria.latency_quantile import SEED, LatencyQuantileSpec
from releases.gates.criteria.ratio_to_whole import RatioToWholeSpec
from releases.gates.judging.context import Context
from releases.gates.judging.differences import DifferenceSpec
from releases.gates.judging.lines import population_of
from releases.gates.planning.pairs import Pairs
from releases.gates.planning.samples import Sample, sample_of
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.specs import ClusteredSpec, CountedSpec
from releases.scores.comparing import count_parts
from releases.scores.counting import Metric, count_rates
from releases.scores.scan import Scan
from releases.scores.strata import BothClasses, Label, Population
from releases.scores.values import ValuesStratum, latency_values, score_values
from releases.statistics.part_of_whole import compare_part
from releases.statistics.quantiles import bound_quantile, one_value_per_subject
from releases.statistics.rates import RateCounts, bound_rate


@dataclass
class MeasuredTable:
    """``knows_rates``: whether the table's thresholds are known; without them captures alone are counted."""

    context: Context
    dataset: DatasetInput
    pairs: Pairs
    knows_rates: bool = True
    below: int = 0
    _found: dict[str, dict[str, Sample]] = field(default_factory=dict)

    def samples(self, spec: ClusteredSpec) -> dict[str, Sample]:
        """The strata of the criterion, each counted once however often it is asked for."""
        key = f"{type(spec).__name__} {spec.model_dump_json()}"
        if key not in self._found:
            found = self._counted(spec)
            self._found[key] = (
                found if self.knows_rates else {name: one.without_rate() for name, one in found.items()}
            )
        return self._found[key]

    def covered(self, label: Label, strata: Strata) -> dict[str, tuple[int, int]]:
        """Presentations and subjects of each stratum, answered or not."""
        found = count_rates(self._scan, Population(label), strata.strata(), Metric.NON_RESPONSE).strata
        return {
            one.stratum.key: (
                one.counts.presentations,
                len(one.counts.subject_rows) + one.counts.rows_without_cluster,
            )
            for one in found
        }

    @property
    def _scan(self) -> Scan:
        return self.context.candidate_scan(self.dataset, None)

    def _counted(self, spec: ClusteredSpec) -> dict[str, Sample]:
        if isinstance(spec, RatioToWholeSpec):
            return self._parts(spec)
        if isinstance(spec, LatencyQuantileSpec):
            return self._times(spec)
        if isinstance(spec, CalibrationSpec):
            return self._scores(spec)
        metric = spec.gate_metric.counted if isinstance(spec, CountedSpec) else Metric.ERROR
        counted = count_rates(self._scan, population_of(spec), spec.strata.strata(), metric).strata
        found = {one.stratum.key: _rate_sample(one.counts, spec) for one in counted}
        return self._compared(spec, found) if not _is_of_one_stack(spec) else found

    def _compared(self, spec: ClusteredSpec, found: dict[str, Sample]) -> dict[str, Sample]:
        """A comparison on the same captures: its likeness is that of the differences, where it is known."""
        return {key: self._of_pairs(spec, key, sample) for key, sample in found.items()}

    def _of_pairs(self, spec: ClusteredSpec, key: str, sample: Sample) -> Sample:
        known = self.pairs.of(spec, key)
        return sample.at_its_best().at_least(known.design_effect if known else None)

    def _parts(self, spec: RatioToWholeSpec) -> dict[str, Sample]:
        counted = count_parts(
            self._scan, population_of(spec), spec.strata.strata(), spec.gate_metric.counted
        ).strata
        results = {one.stratum.key: compare_part(one.counts, spec.plan) for one in counted}
        return {
            key: sample_of(
                one.part_design,
                spec.planned_icc,
                one.part_rate,
                one.events,
                rest_rate=one.rest_rate,
                share=one.share,
            )
            for key, one in results.items()
        }

    def _times(self, spec: LatencyQuantileSpec) -> dict[str, Sample]:
        found = latency_values(self._scan, population_of(spec), spec.strata.strata()).strata
        return {one.stratum.key: _time_sample(one, spec) for one in found}

    def _scores(self, spec: CalibrationSpec) -> dict[str, Sample]:
        found = score_values(self._scan, BothClasses(spec.condition), spec.strata.strata()).strata
        return {one.stratum.key: _rate_sample(_counts(one), spec).without_rate() for one in found}


def _is_of_one_stack(spec: ClusteredSpec) -> bool:
    """Whether the criterion's figure is the candidate's own, or of captures of its own."""
    if isinstance(spec, DifferenceSpec):
        return not spec.is_paired
    return isinstance(spec, CountedSpec)


def _rate_sample(counts: RateCounts, spec: ClusteredSpec) -> Sample:
    result = bound_rate(counts, spec.plan)
    return sample_of(result.design, spec.planned_icc, result.estimate, result.events)


def _time_sample(found: ValuesStratum, spec: LatencyQuantileSpec) -> Sample:
    values, clusters = found.values, found.clusters
    if spec.values == "one_per_subject":
        values, clusters = one_value_per_subject(values, clusters, seed=SEED)
    result = bound_quantile(values, clusters, spec.plan, probability=spec.probability, budget=spec.budget_ms)
    many = result.presentations
    slow = result.over_budget or 0
    return sample_of(result.design, spec.planned_icc, slow / many if many else None, slow)


def _counts(found: ValuesStratum) -> RateCounts:
    """How many captures of each subject, without an event."""
    known = found.clusters[found.clusters >= 0]
    rows = tuple(int(many) for many in np.unique(known, return_counts=True)[1])
    return RateCounts(
        subject_events=(0,) * len(rows),
        subject_rows=rows,
        rows_without_cluster=int(found.clusters.size - known.size),
    )

"""Error rates in the words of ISO/IEC 30107-3, on top of the arithmetic of rates and pairs.

* APCER of a species: share of its attack presentations classified as bona fide; the headline is the largest
  over species, never a pooled or averaged one.
* BPCER: share of bona fide presentations classified as attack.
* APNRR, BPNRR: share of attack, of bona fide presentations without a response, over all presentations; they
  are reported apart and do not enter the denominators of APCER and BPCER.
* Conservative BPCER: a bona fide presentation without a response counts as rejected, over all presentations.
* Retry rate: share of presentations that were asked to try again. Disagreement: share of the presentations
  both stacks answered on which they decide differently.

BPCER, APNRR, BPNRR, the conservative view and the retry rate are single rates: count their events and rows
per subject, then ``rates.bound_rate`` and ``decisions.decide_rate``. What needs more stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from releases.statistics.clusters import ClusterPlan
from releases.statistics.multiplicity import WorstBounds, worst_bounds
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts, RateResult, bound_rate
from releases.statistics.subject_counts import SubjectCounts, as_array


@dataclass(frozen=True, slots=True)
class SpeciesRate:
    """APCER of one species with its bounds."""

    species: str
    result: RateResult


@dataclass(frozen=True, slots=True)
class Apcer:
    """APCER by species in the order given, and the headline maximum.

    ``headline`` and ``headline_species`` are None while a species has no answered presentation: a maximum
    over the rest could hide it. ``bounds`` of the maximum: the largest upper bound, and the largest lower
    bound at alpha_fail / species; None where a species has none.
    """

    species: tuple[SpeciesRate, ...]
    headline: float | None
    headline_species: str | None
    bounds: WorstBounds | None


def apcer_by_species(
    counts: Mapping[str, RateCounts], plan: ClusterPlan, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> Apcer:
    """APCER of each species and their maximum; of equal maxima the first is named."""
    rates = tuple(
        SpeciesRate(name, bound_rate(one, plan, alpha_pass=alpha_pass, alpha_fail=alpha_fail))
        for name, one in counts.items()
    )
    headline, species = None, None
    measured = [(one.result.estimate, one.species) for one in rates if one.result.estimate is not None]
    if measured and len(measured) == len(rates):
        headline, species = max(measured, key=lambda pair: pair[0])
    bounds = worst_bounds(counts, plan, alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    return Apcer(rates, headline, species, bounds)


def disagreement_counts(pairs: PairedCounts) -> RateCounts:
    """Presentations on which the two stacks decide differently (b + c per subject), as a rate to be bounded.

    With "error" standing for any decision (accepted, retried) the same pairs give the disagreement on it.
    """
    changed = as_array(pairs.subject_candidate_only) + as_array(pairs.subject_baseline_only)
    return RateCounts(
        subject_events=SubjectCounts(changed),
        subject_rows=pairs.subject_rows,
        events_without_cluster=pairs.candidate_only_without_cluster + pairs.baseline_only_without_cluster,
        rows_without_cluster=pairs.rows_without_cluster,
    )

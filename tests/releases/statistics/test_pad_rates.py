import pytest

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima, Verdict, decide_rate
from releases.statistics.multiplicity import worst_bounds
from releases.statistics.pad_rates import apcer_by_species, disagreement_counts
from releases.statistics.paired import PairedCounts, compare_paired
from releases.statistics.rates import RateCounts, bound_rate
from tests.releases.statistics.counts import independent_pairs, independent_rate
from tests.releases.statistics.psychiatry import PSYCHIATRY

PLAN = ClusterPlan(planned_icc=0.2)
SPECIES = {
    "print": independent_rate(3, 100),
    "mask": independent_rate(2, 10),
    "replay": independent_rate(9, 300),
}


def test_the_headline_apcer_is_the_largest_species_and_never_a_pooled_rate() -> None:
    apcer = apcer_by_species(SPECIES, PLAN)

    assert (apcer.headline, apcer.headline_species) == (0.2, "mask")
    assert apcer.headline != pytest.approx(14 / 410)
    assert [one.species for one in apcer.species] == list(SPECIES)
    assert apcer.species[0].result == bound_rate(SPECIES["print"], PLAN)


def test_the_bounds_of_the_headline_are_those_of_the_worst_species() -> None:
    apcer = apcer_by_species(SPECIES, PLAN, alpha_pass=0.01, alpha_fail=0.1)

    assert apcer.bounds == worst_bounds(SPECIES, PLAN, alpha_pass=0.01, alpha_fail=0.1)


def test_of_equal_rates_the_first_species_is_named() -> None:
    twins = {"b": independent_rate(1, 10), "a": independent_rate(2, 20)}

    assert apcer_by_species(twins, PLAN).headline_species == "b"


def test_a_species_without_an_answered_presentation_leaves_no_headline() -> None:
    apcer = apcer_by_species(SPECIES | {"silicone": RateCounts()}, PLAN)

    assert (apcer.headline, apcer.headline_species, apcer.bounds) == (None, None, None)
    assert len(apcer.species) == 4


def test_no_species_have_no_headline() -> None:
    apcer = apcer_by_species({}, PLAN)

    assert (apcer.species, apcer.headline, apcer.bounds) == ((), None, None)


def test_disagreement_is_the_share_of_pairs_decided_differently_in_either_direction() -> None:
    rate = bound_rate(disagreement_counts(independent_pairs(a=5, b=21, c=3, d=58)), PLAN)

    assert (rate.events, rate.presentations) == (24, 87)
    assert rate.estimate == compare_paired(independent_pairs(5, 21, 3, 58), PLAN).discordant_rate


def test_disagreement_is_clustered_by_subject_and_bounded_by_the_effective_size() -> None:
    counts = disagreement_counts(PSYCHIATRY)

    assert counts.subject_rows == PSYCHIATRY.subject_rows
    assert bound_rate(counts, PLAN).events == 71
    assert (bound_rate(counts, PLAN).n_eff or 135) < 135


def test_disagreement_keeps_rows_without_an_id() -> None:
    counts = disagreement_counts(PairedCounts((4,), (0,), (1,), (2,), 9, 1, 3, 2))

    assert counts == RateCounts((3,), (4,), 5, 9)


def test_a_disagreement_limit_is_decided_like_any_rate() -> None:
    rate = bound_rate(disagreement_counts(independent_pairs(40, 2, 2, 456)), PLAN)

    assert decide_rate(rate, 0.05, Minima()).verdict is Verdict.PASS
    assert decide_rate(rate, 0.001, Minima()).verdict is Verdict.FAIL

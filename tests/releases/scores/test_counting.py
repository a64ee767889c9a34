from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from governance.registry.predicates import parse_predicate
from releases.scores.bands import Band, Bands, single_threshold
from releases.scores.counting import Cluster, Metric, count_pairs, count_rates
from releases.scores.refusals import CountingRefused
from releases.scores.scan import ScoredTable, scan_tables
from releases.scores.strata import ByColumn, BySegments, Pooled, Population, Stratum
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import AtThreshold, Polarity
from tests.releases.scores import recount
from tests.releases.scores.recount import Policy, Shot
from tests.releases.scores.tables import HEADER, frame_of, scored, threshold

SCORES = st.sampled_from([0.2, 0.5, 0.8, None, "absent"])
SHOTS = st.builds(
    Shot,
    subject=st.sampled_from(["", "a", "b", "c", "d"]),
    instrument=st.sampled_from(["", "t1", "t2"]),
    label=st.sampled_from(["bona_fide", "attack"]),
    species=st.sampled_from(["print", "mask"]),
    sex=st.sampled_from(["", "female", "male"]),
    candidate=SCORES,
    baseline=SCORES,
)
TABLES = st.lists(SHOTS, min_size=1, max_size=25)
POLICIES = st.builds(
    Policy, st.sampled_from([0.5, 0.6]), st.sampled_from(list(Polarity)), st.sampled_from(list(AtThreshold))
)
METRICS = st.sampled_from([Metric.ERROR, Metric.NON_RESPONSE])
FEMALE = parse_predicate({"attribute": "sex", "operator": "eq", "value": "female"})
NOT_FEMALE = parse_predicate({"not": {"attribute": "sex", "operator": "eq", "value": "female"}})


def under(shots: list[Shot], arm: Any, policy: Policy) -> ScoredTable:
    bands = single_threshold(policy.threshold, policy.polarity, policy.at_threshold)
    return ScoredTable(recount.table(shots, arm).lazy(), policy.polarity, bands)


def has_rows(shots: list[Shot]) -> bool:
    return any(one.candidate != "absent" for one in shots) and any(one.baseline != "absent" for one in shots)


@settings(deadline=None, max_examples=30)
@given(TABLES, POLICIES, METRICS)
def test_rates_by_species_equal_a_plain_recount(shots: list[Shot], policy: Policy, metric: Metric) -> None:
    assume(has_rows(shots))
    attacks = [one for one in shots if one.label == "attack"]

    found = count_rates(
        scan_tables(under(shots, "candidate", policy), under(shots, "baseline", policy)),
        Population("attack"),
        ByColumn("species", only=("mask", "print")),
        metric,
    )

    assert [(one.cluster, one.counts) for one in found.strata] == [
        recount.rates([one for one in attacks if one.species == species], policy, metric)
        for species in ("mask", "print")
    ]
    assert found.outside == 0


@settings(deadline=None, max_examples=30)
@given(TABLES, POLICIES, POLICIES, METRICS)
def test_pairs_by_segment_equal_a_plain_recount(
    shots: list[Shot], ours: Policy, theirs: Policy, metric: Metric
) -> None:
    assume(has_rows(shots))
    people = [one for one in shots if one.label == "bona_fide"]

    found = count_pairs(
        scan_tables(under(shots, "candidate", ours), under(shots, "baseline", theirs)),
        Population("bona_fide"),
        BySegments((("female", FEMALE), ("male", NOT_FEMALE))),
        metric,
    )

    assert [(one.cluster, one.counts) for one in found.strata] == [
        recount.pairs([one for one in people if one.sex == sex], ours, theirs, metric)
        for sex in ("female", "male")
    ]
    assert found.outside == sum(
        one.sex == "" and {one.candidate, one.baseline} != {"absent"} for one in people
    )


@settings(deadline=None, max_examples=25)
@given(TABLES, POLICIES, METRICS)
def test_pooled_pairs_of_attacks_equal_a_plain_recount(
    shots: list[Shot], policy: Policy, metric: Metric
) -> None:
    assume(has_rows(shots))

    scan = scan_tables(under(shots, "candidate", policy), under(shots, "baseline", policy))
    found = count_pairs(scan, Population("attack"), Pooled(), metric).strata[0]

    attacks = [one for one in shots if one.label == "attack"]
    assert (found.cluster, found.counts) == recount.pairs(attacks, policy, policy, metric)
    assert found.candidate_missing == sum(
        not isinstance(one.candidate, float) and {one.candidate, one.baseline} != {"absent"}
        for one in attacks
    )
    assert found.baseline_absent == sum(
        one.baseline == "absent" and one.candidate != "absent" for one in attacks
    )
    assert found.rows == found.counts.presentations + (
        0
        if metric is Metric.NON_RESPONSE
        else found.candidate_missing + found.baseline_missing - found.both_missing
    )


WIDE = (*HEADER, "tool", "sex")
MAPPED = {"instrument": "tool", "attributes": ["sex"]}


def attack(number: int, subject: str, tool: str, score: str = "0.1") -> tuple[str, ...]:
    return (f"a{number}", subject, "fake", "print", score, tool, "")


@pytest.mark.parametrize(
    ("rows", "cluster", "sizes"),
    [
        ([attack(1, "p1", "t"), attack(2, "p2", "t"), attack(3, "p2", "t")], Cluster.INSTRUMENT, (3,)),
        ([attack(1, "p1", "t1"), attack(2, "p1", "t2")], Cluster.SUBJECT, (2,)),
        ([attack(1, "p1", "t1"), attack(2, "p2", "t2")], Cluster.SUBJECT, (1, 1)),
        ([attack(1, "p1", ""), attack(2, "p2", "")], Cluster.SUBJECT, (1, 1)),
        ([attack(1, "", "t1"), attack(2, "", "t2")], Cluster.INSTRUMENT, (1, 1)),
        ([attack(1, "", ""), attack(2, "", "")], Cluster.NONE, ()),
        ([attack(1, "p1", "t1"), attack(2, "p2", "t1"), attack(3, "p3", "t2", "")], Cluster.INSTRUMENT, (2,)),
    ],
    ids=[
        "fewer instruments",
        "fewer subjects",
        "tie",
        "no instruments",
        "no subjects",
        "neither",
        "rows used only",
    ],
)
def test_the_cluster_is_the_id_with_fewer_distinct_values(
    rows: list[tuple[str, ...]], cluster: Cluster, sizes: tuple[int, ...]
) -> None:
    scan = scan_tables(scored(frame_of(rows, MAPPED, WIDE)))

    found = count_rates(scan, Population("attack"), Pooled(), Metric.ERROR).strata[0]

    assert found.cluster is cluster
    assert found.counts.subject_rows == sizes


def test_bona_fide_rows_cluster_by_subject_even_with_one_instrument() -> None:
    rows = [("b1", "p1", "real", "", "0.9"), ("b2", "p2", "real", "", "0.1")]
    scan = scan_tables(scored(frame_of(rows).with_columns(instrument=pl.lit("t"))))

    found = count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert (found.cluster, found.counts) == (
        Cluster.SUBJECT,
        RateCounts(subject_events=(1, 0), subject_rows=(1, 1)),
    )


RETRY = Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.3, retry=0.6),))


@pytest.mark.parametrize(
    ("metric", "label", "events", "rows"),
    [
        (Metric.ERROR, "bona_fide", 3, 4),
        (Metric.ERROR_IF_RETRY_ACCEPTED, "bona_fide", 1, 4),
        (Metric.RETRY, "bona_fide", 2, 4),
        (Metric.NON_RESPONSE, "bona_fide", 1, 5),
        (Metric.ERROR_OR_NON_RESPONSE, "bona_fide", 4, 5),
        (Metric.ERROR, "attack", 1, 3),
        (Metric.ERROR_IF_RETRY_ACCEPTED, "attack", 2, 3),
        (Metric.RETRY, "attack", 1, 3),
        (Metric.NON_RESPONSE, "attack", 1, 4),
        (Metric.ERROR_OR_NON_RESPONSE, "attack", 1, 4),
    ],
)
def test_each_metric_counts_its_events_on_its_rows(
    metric: Metric, label: Any, events: int, rows: int
) -> None:
    people = [("b", "real", "", score) for score in ("0.3", "0.31", "0.6", "0.61", "")]
    fakes = [("a", "fake", "print", score) for score in ("0.3", "0.6", "0.9", "nan")]
    table = [(f"s{number}", *row) for number, row in enumerate(people + fakes)]

    scan = scan_tables(scored(frame_of(table), RETRY))
    found = count_rates(scan, Population(label), Pooled(), metric).strata[0]

    assert (found.counts.events, found.counts.presentations) == (events, rows)
    assert found.not_answered == 1


def test_a_pinned_species_without_rows_is_an_empty_stratum() -> None:
    scan = scan_tables(scored(frame_of([("a1", "p", "fake", "print", "1")])))

    found = count_rates(scan, Population("attack"), ByColumn("species", only=("mask",)), Metric.ERROR)

    assert [(one.stratum, one.counts) for one in found.strata] == [(Stratum("species", "mask"), RateCounts())]
    assert found.outside == 1


def test_strata_of_a_column_are_its_values_in_the_population_sorted() -> None:
    rows = [("a1", "p", "fake", "z", "1"), ("a2", "p", "fake", "b", "1"), ("b1", "p", "real", "", "0")]

    scan = scan_tables(scored(frame_of(rows)))
    found = count_rates(scan, Population("attack"), ByColumn("species"), Metric.ERROR)

    assert [one.stratum.key for one in found.strata] == ["b", "z"]


def test_an_attribute_that_the_table_lacks_gives_empty_strata() -> None:
    scan = scan_tables(scored(frame_of([("b1", "p", "real", "", "0")])))

    segments = count_rates(scan, Population("bona_fide"), BySegments((("female", FEMALE),)), Metric.ERROR)
    column = count_rates(scan, Population("bona_fide"), ByColumn("attr.sex"), Metric.ERROR)

    assert segments.strata[0].counts == RateCounts()
    assert column.strata == ()
    assert (segments.outside, column.outside) == (1, 1)


def test_a_population_may_be_narrowed_by_a_predicate() -> None:
    rows = [("b1", "p", "real", "", "1", "", "female"), ("b2", "p", "real", "", "1", "", "male")]

    scan = scan_tables(scored(frame_of(rows, MAPPED, WIDE)))
    found = count_rates(scan, Population("bona_fide", where=FEMALE), Pooled(), Metric.ERROR).strata[0]

    assert found.counts == RateCounts(subject_events=(1,), subject_rows=(1,))


def test_rows_that_also_set_the_threshold_are_flagged() -> None:
    test_table = frame_of([(f"s{number}", "p", "real", "", "0") for number in range(4)])
    set_up = frame_of([(f"s{number}", "p", "real", "", "0") for number in (1, 2, 9)])

    scan = scan_tables(scored(test_table), scored(test_table), set_up=[set_up.lazy()])

    assert count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0].set_threshold == 2
    assert count_pairs(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0].set_threshold == 2


def test_the_baseline_arm_counts_the_rows_of_the_baseline() -> None:
    candidate = frame_of([("s1", "p", "real", "", "1")])
    baseline = frame_of([("s1", "p", "real", "", "0"), ("s2", "p", "real", "", "0")])

    scan = scan_tables(scored(candidate), scored(baseline))
    found = count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR, arm="baseline").strata[0]

    assert found.counts == RateCounts(subject_events=(0,), subject_rows=(2,))


def test_pairs_without_a_baseline_are_an_error_of_the_caller() -> None:
    scan = scan_tables(scored(frame_of([("s1", "p", "real", "", "1")])))

    with pytest.raises(ValueError, match="no baseline was scanned"):
        count_pairs(scan, Population("bona_fide"), Pooled(), Metric.ERROR)


def test_a_column_with_too_many_values_is_not_cut_into_strata() -> None:
    rows = [(f"a{number}", "p", "fake", f"species {number}", "1") for number in range(501)]

    with pytest.raises(CountingRefused, match="species has 501 values"):
        count_rates(
            scan_tables(scored(frame_of(rows))), Population("attack"), ByColumn("species"), Metric.ERROR
        )


def test_rows_without_a_band_are_counted_apart_in_rates_and_pairs() -> None:
    rows = [("b1", "p", "real", "", "0.9", "kiosk"), ("b2", "p", "real", "", "0.9", "android")]
    frame = frame_of(rows, {"channel": "where"}, (*HEADER, "where"))
    android = Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.5, channel="android"),))

    scan = scan_tables(scored(frame, android), scored(frame, threshold()))
    rate = count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]
    pair = count_pairs(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert (rate.rows, rate.no_band, rate.counts.presentations) == (2, 1, 1)
    assert (pair.rows, pair.no_band) == (2, 1)
    assert pair.counts == PairedCounts(
        subject_rows=(1,), subject_both=(1,), subject_candidate_only=(0,), subject_baseline_only=(0,)
    )


@pytest.mark.parametrize("column", ["score", "subject", "sex", ""])
def test_strata_by_another_column_are_refused(column: str) -> None:
    with pytest.raises(ValueError, match="state one of species, source_set"):
        ByColumn(column)


@pytest.mark.parametrize(("at_threshold", "apcer"), [("attack", 10.69), ("bona_fide", 11.44)])
def test_174_rows_at_exactly_the_threshold_move_apcer_from_10_69_to_11_44_percent(
    at_threshold: str, apcer: float
) -> None:
    scores = ["0.4"] * 2_480 + ["0.5"] * 174 + ["0.6"] * 20_546
    rows = [(f"a{number}", f"p{number}", "fake", "print", score) for number, score in enumerate(scores)]
    bands = single_threshold(0.5, Polarity.HIGHER_IS_ATTACK, AtThreshold(at_threshold))

    found = count_rates(
        scan_tables(scored(frame_of(rows), bands)), Population("attack"), Pooled(), Metric.ERROR
    )

    counts = found.strata[0].counts
    assert round(100 * counts.events / counts.presentations, 2) == apcer

"""Disagreement between two stacks, and parts beside their rest."""

import pytest

from releases.scores.bands import Band, Bands
from releases.scores.comparing import Move, count_disagreements, count_parts
from releases.scores.counting import Cluster, CountingUnit, Metric
from releases.scores.outcomes import Outcome
from releases.scores.scan import Scan, scan_tables
from releases.scores.strata import ByColumn, Pooled, Population
from releases.statistics.part_of_whole import PartCounts
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import AtThreshold, Polarity
from tests.releases.scores.tables import HEADER, frame_of, scored

BANDS = Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.3, retry=0.6),))
PEOPLE = Population("bona_fide")
SEXES = ByColumn("attr.sex")
WIDE = (*HEADER, "tool", "sex")
MAPPED = {"instrument": "tool", "attributes": ["sex"]}


def scanned(ours: list[str], theirs: list[str]) -> Scan:
    """Genuine rows of two people, the first four female, as two stacks scored them."""
    tables = [
        [
            (f"s{number}", f"p{number % 2}", "real", "", score, "", "f" if number < 4 else "m")
            for number, score in enumerate(scores)
        ]
        for scores in (ours, theirs)
    ]
    return scan_tables(*(scored(frame_of(rows, MAPPED, WIDE), BANDS) for rows in tables))


OURS = ["0.1", "0.5", "0.9", "0.9", "0.1", ""]
THEIRS = ["0.1", "0.1", "0.5", "0.9", "0.9", "0.1"]


def test_decisions_that_differ_are_counted_by_subject() -> None:
    found = count_disagreements(scanned(OURS, THEIRS), PEOPLE, Pooled()).strata[0]

    assert found.counts == RateCounts(subject_events=(2, 1), subject_rows=(3, 2))
    assert (found.rows, found.candidate_missing, found.baseline_missing) == (6, 1, 0)
    assert (found.cluster, found.unit) == (Cluster.SUBJECT, CountingUnit.PRESENTATION)


def test_each_move_from_one_outcome_to_another_is_shown() -> None:
    found = count_disagreements(scanned(OURS, THEIRS), PEOPLE, Pooled()).strata[0]

    assert found.moves == (
        Move(Outcome.ACCEPT, Outcome.REJECT, 1),
        Move(Outcome.RETRY, Outcome.ACCEPT, 1),
        Move(Outcome.REJECT, Outcome.RETRY, 1),
    )


def test_stacks_that_decide_alike_do_not_disagree() -> None:
    found = count_disagreements(scanned(OURS, OURS), PEOPLE, SEXES)

    assert [one.counts.events for one in found.strata] == [0, 0]
    assert [one.moves for one in found.strata] == [(), ()]


def test_disagreement_needs_a_baseline() -> None:
    scan = scan_tables(scored(frame_of([("s", "p", "real", "", "0.1")])))

    with pytest.raises(ValueError, match="no baseline"):
        count_disagreements(scan, PEOPLE, Pooled())


def test_a_part_stands_beside_the_rest_subject_by_subject() -> None:
    found = count_parts(scanned(OURS, THEIRS), PEOPLE, SEXES, Metric.ERROR)

    female, male = found.strata
    assert female.counts == PartCounts(
        subject_part_events=(1, 2),
        subject_part_rows=(2, 2),
        subject_rest_events=(0, 0),
        subject_rest_rows=(1, 0),
    )
    assert (male.counts.part.events, male.counts.part.presentations) == (0, 1)
    assert (male.rows, male.not_answered) == (2, 1)
    assert found.outside == 0


def test_a_part_and_its_rest_add_up_to_the_whole() -> None:
    found = count_parts(scanned(OURS, THEIRS), PEOPLE, SEXES, Metric.ERROR, arm="baseline")

    assert [one.counts.part.events + one.counts.rest.events for one in found.strata] == [3, 3]
    assert [one.counts.part.presentations + one.counts.rest.presentations for one in found.strata] == [6, 6]


def test_parts_of_attacks_cluster_as_the_whole_does() -> None:
    rows = [
        ("a1", "p1", "fake", "print", "0.1", "t", "f"),
        ("a2", "p2", "fake", "print", "0.9", "t", "m"),
        ("a3", "p3", "fake", "print", "0.1", "", "m"),
    ]
    scan = scan_tables(scored(frame_of(rows, MAPPED, WIDE), BANDS))

    found = count_parts(scan, Population("attack"), SEXES, Metric.ERROR).strata

    assert [one.cluster for one in found] == [Cluster.INSTRUMENT, Cluster.INSTRUMENT]
    assert found[1].counts == PartCounts(
        subject_part_events=(0,),
        subject_part_rows=(1,),
        subject_rest_events=(1,),
        subject_rest_rows=(1,),
        part_events_without_cluster=1,
        part_rows_without_cluster=1,
    )

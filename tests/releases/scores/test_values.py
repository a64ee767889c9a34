"""Latencies and scores per capture, read from the tables when they are asked for."""

import numpy as np
import pytest

from releases.scores import streams
from releases.scores.counting import Cluster
from releases.scores.scan import Scan, scan_tables
from releases.scores.strata import BothClasses, ByColumn, Pooled, Population
from releases.scores.values import latency_values, score_values
from releases.statistics.thresholds import Polarity
from tests.releases.scores.tables import HEADER, frame_of, scored

WIDE = (*HEADER, "ms", "tool", "t", "n")
MAPPED = {"latency_ms": "ms", "instrument": "tool", "transaction": "t", "attempt": "n"}
ROWS = [
    ("s1", "p1", "real", "", "0.1", "120", "", "", ""),
    ("s2", "p2", "real", "", "0.2", "", "", "", ""),
    ("s3", "p1", "real", "", "", "900", "", "", ""),
    ("s4", "", "real", "", "0.4", "80.5", "", "", ""),
    ("s5", "p1", "real", "", "0.5", "100", "", "x", "1"),
    ("s6", "p1", "real", "", "0.6", "110", "", "x", "2"),
    ("a1", "p1", "fake", "print", "0.9", "60", "t1", "", ""),
    ("a2", "p2", "fake", "mask", "0.8", "70", "t1", "", ""),
]
PEOPLE, ATTACKS = Population("bona_fide"), Population("attack")


def scanned() -> Scan:
    halves = [scored(frame_of(ROWS[start::2], MAPPED, WIDE)) for start in (0, 1)]
    return scan_tables(halves, scored(frame_of(ROWS[:2], MAPPED, WIDE)))


def test_latencies_are_those_of_answered_captures_each_attempt_on_its_own() -> None:
    found = latency_values(scanned(), PEOPLE, Pooled()).strata[0]

    assert found.values.tolist() == [120, 80.5, 100, 110]
    assert (found.rows, found.not_answered, found.without_value) == (6, 1, 1)


def test_each_value_carries_its_cluster() -> None:
    found = latency_values(scanned(), PEOPLE, Pooled()).strata[0]

    assert found.cluster is Cluster.SUBJECT
    assert found.clusters.tolist() == [0, -1, 0, 0]


def test_attacks_cluster_by_the_coarser_of_instrument_and_subject() -> None:
    found = score_values(scanned(), ATTACKS, Pooled()).strata[0]

    assert found.cluster is Cluster.INSTRUMENT
    assert found.clusters.tolist() == [0, 0]


def test_scores_of_both_classes_say_which_are_attacks() -> None:
    found = score_values(scanned(), BothClasses(), Pooled()).strata[0]

    assert found.values.tolist() == [0.9, 0.8, 0.1, 0.2, 0.4, 0.5, 0.6]
    assert found.labels.tolist() == [True, True, False, False, False, False, False]


def test_values_come_per_stratum_and_arm() -> None:
    found = score_values(scanned(), ATTACKS, ByColumn("species"))
    baseline = latency_values(scanned(), PEOPLE, Pooled(), arm="baseline").strata[0]

    assert [(one.stratum.key, one.values.tolist()) for one in found.strata] == [
        ("mask", [0.8]),
        ("print", [0.9]),
    ]
    assert baseline.values.tolist() == [120]


def test_values_do_not_depend_on_the_size_of_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_values(scanned(), BothClasses(), Pooled()).strata[0]
    monkeypatch.setattr(streams, "PIECE_ROWS", 2)

    pieces = score_values(scanned(), BothClasses(), Pooled()).strata[0]

    assert np.array_equal(pieces.values, whole.values)
    assert np.array_equal(pieces.clusters, whole.clusters)


def test_a_table_without_latencies_says_that_all_are_missing() -> None:
    scan = scan_tables(scored(frame_of([("s", "p", "real", "", "0.1")])))

    found = latency_values(scan, PEOPLE, Pooled()).strata[0]

    assert (found.values.size, found.rows, found.without_value) == (0, 1, 1)


def test_the_scan_says_which_way_the_scores_read() -> None:
    assert scanned().polarity() is Polarity.HIGHER_IS_ATTACK


def test_a_restricted_scan_has_no_values() -> None:
    scan = scanned()

    with pytest.raises(ValueError, match="a restricted scan has no tables"):
        score_values(scan.restricted(scan.candidate.present), PEOPLE, Pooled())

"""Millions of captures are drawn beside the scan that judged them: what drawing takes is bounded."""

import tracemalloc

import numpy as np
import polars as pl

from governance.registry.predicates import parse_predicate
from releases.gates.figures.asked import Asked, Group
from releases.gates.figures.coverage import coverage, distinct
from releases.gates.figures.histograms import histogram
from releases.gates.figures.scores import ClassScores, StackScores
from releases.scores.bands import Band, Bands
from releases.scores.outcomes import ACCEPTED, ANSWERED, PRESENT, Arm
from releases.scores.scan import Scan
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima
from releases.statistics.thresholds import AtThreshold, Polarity


def test_counting_people_takes_memory_by_captures_and_not_by_species_times_people() -> None:
    ids = np.arange(200_000, dtype=np.int32) % 150_000
    rows = (np.arange(200_000) % 41).astype(np.int32)

    tracemalloc.start()
    people, without = distinct(ids, rows, 41)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert people.tolist() == [np.unique(ids[rows == row]).size for row in range(41)]
    assert without.sum() == 0
    assert (
        peak < 40 * ids.size
    )  # bytes for each capture; a place for each id in each row would be 1.6 times so


def test_people_are_counted_the_same_in_a_table_as_by_sorting() -> None:
    draws = np.random.default_rng(5)
    ids, rows = draws.integers(-1, 300, 4_000), draws.integers(0, 9, 4_000)
    far = np.where(ids < 0, ids, ids * 1_000)  # the same people under numbers too large for a table

    counted, sorted_ = distinct(ids, rows, 9), distinct(far, rows, 9)

    assert [one.tolist() for one in counted] == [one.tolist() for one in sorted_]
    assert counted[0].tolist() == [np.unique(ids[(rows == row) & (ids >= 0)]).size for row in range(9)]


def test_a_histogram_takes_less_memory_than_the_scores_it_counts() -> None:
    scores = np.linspace(0.0, 1.0, 4_000_000)
    outcomes = np.zeros(scores.size, dtype=np.uint8)
    bands = Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(0.5),))
    nothing = ClassScores(scores[:0], outcomes[:0])

    tracemalloc.start()
    drawn_of = histogram(StackScores(bands, ClassScores(scores, outcomes), {}, nothing, 0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(drawn_of["counts"]["bona_fide"]["accept"]) == scores.size
    assert peak < 1.2 * scores.nbytes


def scan_of(captures: int, values: int) -> Scan:
    """Genuine users alone, evenly of so many values of one attribute."""
    tones = pl.Series([f"tone_{place % values}" for place in range(captures)])
    facts = pl.DataFrame(
        {
            "label": pl.repeat("bona_fide", captures, eager=True).cast(pl.Enum(["bona_fide"])),
            "species": pl.repeat(None, captures, dtype=pl.Enum(["print"]), eager=True),
            "attr.tone": tones.cast(pl.Enum(sorted(set(tones)))),
        }
    )
    marks = np.zeros(captures, dtype=np.bool_)
    state = np.full(captures, PRESENT | ANSWERED | ACCEPTED, dtype=np.uint8)
    nobody = np.full(captures, -1, dtype=np.int32)
    return Scan(facts, np.arange(captures, dtype=np.int32), nobody, marks, marks, Arm(state), None)


def test_coverage_marks_the_captures_of_one_segment_at_a_time() -> None:
    scan = scan_of(100_000, 120)
    tones = [{"attribute": "tone", "operator": "eq", "value": f"tone_{place}"} for place in range(120)]
    groups = tuple(Group(tone["value"], "", "tone", parse_predicate(tone)) for tone in tones)
    asked = Asked(ClusterPlan(), ClusterPlan(), Minima(), groups)

    tracemalloc.start()
    found = coverage(scan, asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(cell[0] for cell in found["rows"][0]["cells"][1:]) == 100_000
    assert peak < 80 * 100_000  # bytes for each capture; a mark in each segment would be 120 more

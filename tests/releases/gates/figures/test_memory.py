"""Millions of captures are drawn beside the scan that judged them: what drawing takes is bounded."""

import tracemalloc

import numpy as np

from releases.gates.figures.coverage import distinct
from releases.gates.figures.histograms import histogram
from releases.gates.figures.scores import ClassScores, StackScores
from releases.scores.bands import Band, Bands
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

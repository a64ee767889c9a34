"""The table that a report's bootstrap draws from."""

import numpy as np

from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.resampling import RatioWanted, resampling_table
from releases.scores.scan import Scan, scan_tables
from releases.scores.strata import ByColumn, Pooled, Population
from releases.statistics.bootstrap import bootstrap_ratios
from tests.releases.scores.tables import HEADER, frame_of, scored

ATTACKS = Population("attack")
SPECIES = ByColumn("species")
WANTED = [
    RatioWanted(ATTACKS, SPECIES, Metric.ERROR, "candidate"),
    RatioWanted(ATTACKS, SPECIES, Metric.ERROR, "difference"),
    RatioWanted(ATTACKS, Pooled(), Metric.NON_RESPONSE, "baseline"),
]


def scanned() -> Scan:
    def rows(shift: int) -> list[tuple[str, ...]]:
        return [
            (
                f"a{number:03}",
                f"p{number % 7}" if number % 11 else "",
                "fake",
                "print" if number % 3 else "mask",
                "" if (number + shift) % 10 == 0 else f"0.{(number * 7 + shift) % 10}",
            )
            for number in range(90)
        ]

    return scan_tables(scored(frame_of(rows(0), None, HEADER)), scored(frame_of(rows(3), None, HEADER)))


def test_the_ratios_of_the_table_are_those_of_the_counts_with_a_subject() -> None:
    scan = scanned()

    table = resampling_table(scan, WANTED)

    totals = table.counts.sum(axis=0, dtype=np.int64)
    above, below = totals @ table.numerators, totals @ table.denominators
    rates = [one.counts for one in count_rates(scan, ATTACKS, SPECIES, Metric.ERROR).strata]
    pairs = [one.counts for one in count_pairs(scan, ATTACKS, SPECIES, Metric.ERROR).strata]
    silent = count_rates(scan, ATTACKS, Pooled(), Metric.NON_RESPONSE, arm="baseline").strata[0].counts
    assert above.tolist() == [
        *(sum(one.subject_events) for one in rates),
        *(sum(one.subject_candidate_only) - sum(one.subject_baseline_only) for one in pairs),
        sum(silent.subject_events),
    ]
    assert below.tolist() == [
        *(sum(one.subject_rows) for one in rates),
        *(sum(one.subject_rows) for one in pairs),
        sum(silent.subject_rows),
    ]


def test_counts_shared_by_several_ratios_stand_in_the_table_once() -> None:
    twice = resampling_table(scanned(), [*WANTED, *WANTED])

    assert twice.counts.shape[1] == resampling_table(scanned(), WANTED).counts.shape[1]
    assert len(twice.lines) == 2 * 5


def test_each_line_says_what_it_is_and_how_many_rows_take_no_part() -> None:
    lines = resampling_table(scanned(), WANTED).lines

    assert [(one.wanted.view, one.stratum.key) for one in lines] == [
        ("candidate", "mask"),
        ("candidate", "print"),
        ("difference", "mask"),
        ("difference", "print"),
        ("baseline", "all"),
    ]
    assert lines[4].without_subject == 9


def test_the_table_feeds_the_bootstrap_as_it_is() -> None:
    table = resampling_table(scanned(), WANTED)

    drawn = bootstrap_ratios(table.counts, table.numerators, table.denominators, replicates=50, seed=1)

    assert np.isfinite(drawn.estimate).all()
    assert (drawn.lower <= drawn.upper).all()

"""Strata of two cuts at once."""

import numpy as np
import pytest

from governance.registry.predicates import parse_predicate
from releases.scores import strata as strata_module
from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.scan import Scan, scan_tables
from releases.scores.strata import (
    ByColumn,
    BySegments,
    Crossing,
    Population,
    Stratum,
    TooManyStrata,
    is_pinned,
    population_rows,
    stratum_rows,
)
from tests.releases.scores.tables import HEADER, frame_of, scored

FEMALE = parse_predicate({"attribute": "sex", "operator": "eq", "value": "f"})
MALE = parse_predicate({"attribute": "sex", "operator": "eq", "value": "m"})
SEXES = BySegments((("female", FEMALE), ("male", MALE)))
ATTACKS = Population("attack")
SPECIES = ByColumn("species")


def scanned() -> Scan:
    rows = [
        ("a1", "p1", "fake", "print", "0.1", "f", "web"),
        ("a2", "p2", "fake", "print", "0.9", "m", "web"),
        ("a3", "p1", "fake", "mask", "0.1", "f", "app"),
        ("a4", "p3", "fake", "mask", "0.9", "", "app"),
        ("b1", "p1", "real", "", "0.9", "f", "web"),
    ]
    mapping = {"attributes": ["sex"], "channel": "where"}
    table = scored(frame_of(rows, mapping, (*HEADER, "sex", "where")))
    return scan_tables(table, table)


def test_a_crossing_counts_the_pairs_of_strata_that_occur() -> None:
    found = count_rates(scanned(), ATTACKS, Crossing(SEXES, SPECIES), Metric.ERROR)

    assert [(one.stratum.key, one.rows, one.counts.events) for one in found.strata] == [
        ("female × mask", 1, 1),
        ("female × print", 1, 1),
        ("male × print", 1, 0),
    ]
    assert found.outside == 1


def test_a_stratum_of_a_crossing_names_both_its_parts() -> None:
    stratum = count_pairs(scanned(), ATTACKS, Crossing(SEXES, SPECIES), Metric.ERROR).strata[0].stratum

    assert stratum.kind == "segment × species"
    assert stratum.parts == (Stratum("segment", "female"), Stratum("species", "mask"))


def test_pinned_cuts_give_every_cell_even_if_it_is_empty() -> None:
    pinned = Crossing(SEXES, ByColumn("species", only=("mask", "print")))

    found = count_rates(scanned(), ATTACKS, pinned, Metric.ERROR)

    assert [(one.stratum.key, one.rows) for one in found.strata] == [
        ("female × mask", 1),
        ("female × print", 1),
        ("male × mask", 0),
        ("male × print", 1),
    ]
    assert is_pinned(pinned)


def test_channels_cross_with_segments() -> None:
    found = count_rates(scanned(), ATTACKS, Crossing(ByColumn("channel"), SEXES), Metric.ERROR)

    assert [one.stratum.key for one in found.strata] == ["app × female", "web × female", "web × male"]


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strata_module, "MOST_STRATA", 2)

    with pytest.raises(TooManyStrata, match="segment × species has more than 2 cells"):
        count_rates(scanned(), ATTACKS, Crossing(SEXES, SPECIES), Metric.ERROR)


def test_a_cut_is_not_crossed_with_itself() -> None:
    with pytest.raises(ValueError, match="cross two different ones"):
        Crossing(SPECIES, SPECIES)


@pytest.mark.parametrize(
    "cut",
    [
        SPECIES,
        ByColumn("species", only=("mask", "none")),
        ByColumn("attr.sex"),
        SEXES,
        BySegments(
            (
                ("female", FEMALE),
                (
                    "not female",
                    parse_predicate({"not": {"all": [{"attribute": "sex", "operator": "eq", "value": "f"}]}}),
                ),
            )
        ),
    ],
    ids=["species", "pinned", "attribute", "segments", "overlapping"],
)
def test_counts_by_value_equal_a_pass_over_the_units(cut: ByColumn | BySegments) -> None:
    scan = scanned()

    found = scan.tallies.cut(scan, ATTACKS, cut)

    inside = population_rows(scan.facts, ATTACKS)
    passed = list(stratum_rows(scan.facts, inside, cut))
    assert [one.stratum for one in found.strata] == [stratum for stratum, _ in passed]
    assert [int(one.total.sum()) for one in found.strata] == [int(rows.sum()) for _, rows in passed]
    covered = np.logical_or.reduce([rows for _, rows in passed])
    assert int(found.outside.sum()) == int((inside & ~covered).sum())


def test_a_cut_too_large_for_one_pass_is_counted_stratum_by_stratum(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = count_pairs(scanned(), ATTACKS, SPECIES, Metric.ERROR)
    monkeypatch.setattr("releases.scores.tally.MOST_CELLS", 1)

    slow = count_pairs(scanned(), ATTACKS, SPECIES, Metric.ERROR)

    assert slow == quick


def test_what_is_counted_is_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = scanned()
    monkeypatch.setattr("releases.scores.tally.MOST_CACHED_BYTES", 1)

    first = count_rates(scan, ATTACKS, SPECIES, Metric.ERROR)
    count_rates(scan, ATTACKS, SEXES, Metric.ERROR)

    assert len(scan.tallies.cuts) == 1
    assert count_rates(scan, ATTACKS, SPECIES, Metric.ERROR) == first


def test_a_restricted_scan_counts_its_units_only() -> None:
    scan = scanned()

    part = scan.restricted((scan.facts["channel"] == "web").to_numpy())

    found = count_pairs(part, ATTACKS, SPECIES, Metric.ERROR)
    assert [(one.stratum.key, one.rows) for one in found.strata] == [("print", 2)]

"""What pictures are drawn from: counted by hand from tables of 160 captures."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from governance.documents import checked
from governance.ledger.canonical import canonical_bytes
from releases.gates.criteria import KIND_OF
from releases.gates.figures import scores as figure_scores
from releases.gates.figures import whole
from releases.gates.figures.histograms import score_range
from releases.gates.figures.scores import StackScores, read_scores
from releases.gates.figures.whole import figures_of
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import BandInput
from releases.scores.scan import ScoredTable
from tests.factories.gates import HEADER, META, table_rows
from tests.releases.gates.contexts import (
    ALL_WRONG,
    ANDROID,
    LIVE,
    SOME_ERRORS,
    WEB,
    absolute_spec,
    context,
    dataset,
    inputs,
    paired_spec,
    reference,
    retried,
    segments_of,
    thresholds,
    with_retry_band,
)
from tests.releases.scores.tables import frame_of

BPCER = {**paired_spec(metric="bpcer"), "strata": segments_of("1", "6")}


def criterion(kind: str, spec: dict[str, Any]) -> Criterion:
    parsed = checked(KIND_OF[kind].spec, spec, field="spec", title="A criterion")
    return Criterion(kind, 1, KIND_OF[kind], kind, "qa_lead", "blocking", "enforce", parsed)


def drawn(given: Context | None = None, **absolute: Any) -> dict[str, Any]:
    """The first comparison of a run by a small policy."""
    criteria = [criterion("absolute", absolute_spec(**absolute)), criterion("noninferiority", BPCER)]
    found = figures_of(given or context(), criteria)
    comparison: dict[str, Any]
    comparison = found["comparisons"][0]
    return comparison


def test_both_stacks_stand_where_their_thresholds_put_them() -> None:
    found = drawn(context(table_rows({"print": 10, "mask": 2, "1": 4})))

    ours, theirs = found["stacks"]
    assert (ours["of"], theirs["of"], found["baseline"]["name"]) == ("candidate", "baseline", LIVE)
    assert ours["point"]["apcer"]["estimate"] == 10 / 40
    assert ours["point"]["apcer"]["species"] == "print"
    assert ours["point"]["bpcer"]["estimate"] == 4 / 80
    assert theirs["point"]["bpcer"]["estimate"] == 8 / 80
    assert ours["point"]["bpcer"]["lower"] < 0.05 < ours["point"]["bpcer"]["upper"]


def test_the_bounds_of_the_point_are_those_of_its_species() -> None:
    few = [row for row in table_rows({"print": 10, "mask": 2}) if row[3] != "mask" or row[0] < "mask-010"]

    ours = drawn(context(few), min_presentations=10)["stacks"][0]

    point, species = ours["point"]["apcer"], ours["species"]
    assert species["mask"]["upper"] > species["print"]["upper"]
    assert (point["species"], point["estimate"]) == ("print", 0.25)
    assert (point["lower"], point["upper"]) == (species["print"]["lower"], species["print"]["upper"])


def test_the_curve_passes_through_the_operating_point() -> None:
    ours = drawn(context(table_rows(SOME_ERRORS)))["stacks"][0]

    assert [0.1, 0.1] in [point[:2] for point in ours["curve"]]
    assert sorted(ours["curves"]) == ["mask", "print"]


def test_a_histogram_counts_every_capture_by_class_and_decision() -> None:
    counts = drawn(context(table_rows(SOME_ERRORS)))["stacks"][0]["histogram"]["counts"]

    sums = {label: {key: sum(bins) for key, bins in one.items()} for label, one in counts.items()}
    assert sums == {
        "bona_fide": {"accept": 72, "retry": 0, "reject": 8},
        "attack": {"accept": 8, "retry": 0, "reject": 72},
    }


def test_scores_in_the_retry_band_are_counted_as_retries() -> None:
    again = context(retried(table_rows(), 5), thresholds=with_retry_band())

    histogram = drawn(again)["stacks"][0]["histogram"]
    assert sum(histogram["counts"]["bona_fide"]["retry"]) == 10
    assert sum(histogram["counts"]["attack"]["retry"]) == 10


def test_captures_without_an_answer_are_left_out_and_counted() -> None:
    ours = drawn(context(table_rows(SOME_ERRORS, silent={"print": 3})))["stacks"][0]

    assert ours["left_out"] == 3
    assert ours["captures"] == {"bona_fide": 80, "attack": 77}


def test_species_below_the_policys_minimum_make_no_curve_and_no_point() -> None:
    ours = drawn(min_subjects=41)["stacks"][0]

    assert (ours["judged"], ours["curve"], ours["point"]) == ([], [], None)
    assert ours["species"]["print"]["captures"] == 40


def test_coverage_counts_genuine_users_by_segment_and_attacks_by_species() -> None:
    coverage = drawn()["coverage"]

    assert [group["key"] for group in coverage["groups"]] == ["skin_tone_1", "skin_tone_6"]
    assert {group["attribute"] for group in coverage["groups"]} == {"skin_tone"}
    assert coverage["rows"] == [
        {"species": "", "cells": [[80, 80.0], [40, 40.0], [40, 40.0]]},
        {"species": "mask", "cells": [[40, 40.0], [0, 0.0], [0, 0.0]]},
        {"species": "print", "cells": [[40, 40.0], [0, 0.0], [0, 0.0]]},
    ]


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert canonical_bytes(drawn(context())) == canonical_bytes(drawn(context()))


def test_each_live_stack_is_a_comparison_and_a_pinned_one_stands_in_where_nothing_is_live() -> None:
    plain = context()
    two = plain.inputs.references[0], reference("pinned", plain.inputs.references[0].live_on)
    criteria = [criterion("absolute", absolute_spec())]

    both = figures_of(context(references=list(two)), criteria)["comparisons"]
    pinned = figures_of(context(references=[reference("pinned")]), criteria)["comparisons"]

    assert [one["baseline"]["name"] for one in both] == [LIVE, "pinned"]
    assert [one["baseline"]["kind"] for one in pinned] == ["pinned"]


def test_the_candidate_is_drawn_once_however_many_stacks_it_is_compared_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def reading(tables: Sequence[ScoredTable]) -> StackScores:
        read.append("stack")
        return read_scores(tables)

    monkeypatch.setattr(whole, "read_scores", reading)
    live = reference(LIVE, [ANDROID]), reference("pinned", [WEB])

    first, second = figures_of(context(references=list(live)), [criterion("absolute", absolute_spec())])[
        "comparisons"
    ]

    assert len(read) == 3  # the candidate, and each of the others
    assert first["stacks"][0] == second["stacks"][0]


def test_a_live_stack_without_scores_is_named_beside_one_that_can_be_compared() -> None:
    second = reference("second", [WEB])
    criteria = [criterion("absolute", absolute_spec())]
    given = context(references=[second, reference(LIVE, [ANDROID])])

    found = figures_of(given, criteria)["comparisons"]

    assert [(one["baseline"]["name"], len(one["stacks"])) for one in found] == [("second", 0), (LIVE, 2)]
    assert found[0]["why"] == "second has no score table on faces."


def test_a_live_stack_without_scores_is_named_where_the_candidate_stands_alone() -> None:
    criteria = [criterion("absolute", absolute_spec())]
    given = context(references=[reference("second", [WEB])])

    alone, missing = figures_of(given, criteria)["comparisons"]

    assert (alone["baseline"], len(alone["stacks"])) == (None, 1)
    assert missing["why"] == "second has no score table on faces."


def test_without_another_stack_the_candidate_stands_alone() -> None:
    found = drawn(context(references=[], datasets=[dataset(references={})]))

    assert [stack["of"] for stack in found["stacks"]] == ["candidate"]
    assert found["baseline"] is None


def test_without_a_table_the_pictures_say_why_there_are_none() -> None:
    found = drawn(context(datasets=[dataset(candidate=None)]))

    assert found["stacks"] == []
    assert "No score table of this stack on faces." in found["why"]


def test_bands_under_a_condition_are_kept_with_it() -> None:
    bands = [BandInput(accept=0.5), BandInput(accept=0.4, channel="ios")]

    ours = drawn(context(thresholds=thresholds(bands=bands)))["stacks"][0]

    assert [(band["accept"], band["channel"]) for band in ours["bands"]] == [(0.5, None), (0.4, "ios")]


def test_a_stack_that_is_always_wrong_is_drawn_as_it_is() -> None:
    ours = drawn(context(table_rows(ALL_WRONG)))["stacks"][0]

    assert ours["point"]["apcer"]["estimate"] == 1.0
    assert ours["point"]["bpcer"]["estimate"] == 1.0


def test_a_class_without_a_capture_makes_no_curve() -> None:
    only_attacks = [row for row in table_rows() if row[2] == "attack"]

    ours = drawn(context(only_attacks))["stacks"][0]

    assert (ours["curve"], ours["point"]) == ([], None)
    assert ours["captures"]["bona_fide"] == 0


@pytest.mark.parametrize(
    ("scores", "cuts", "expected"),
    [
        ([0.0, 1.0], [0.5], (0.0, 1.0)),
        ([0.52, 0.97], [0.9], (0.5, 1.0)),
        ([0.2, 0.2], [0.2], (0.15, 0.25)),
        ([], [0.5], (0.45, 0.55)),
        ([-2.1, 5.4], [0.0], (-3.0, 6.0)),
    ],
)
def test_the_range_of_scores_ends_on_round_numbers(
    scores: list[float], cuts: list[float], expected: tuple[float, float]
) -> None:
    assert score_range([pl.Series(scores, dtype=pl.Float64).to_numpy()], cuts) == pytest.approx(expected)


def test_one_stray_score_does_not_squeeze_all_others() -> None:
    scores = pl.Series([*[number / 9999 for number in range(10_000)], 1e6]).to_numpy()

    assert score_range([scores], [0.5]) == (0.0, 1.0)


def test_coverage_counts_people_as_the_rates_do() -> None:
    few = {"print": 10, "mask": 0}
    rows = [(row[0], f"person-{row[3]}-{few[row[3]]}", *row[2:]) if row[3] else row for row in table_rows()]
    without = [(*row[:1], "", *row[2:]) if row[3] == "mask" else row for row in rows]

    found = drawn(context(without), planned_deff=4, planned_deff_reason="Rows without an id are of four.")

    people = {row["species"]: row["cells"][0] for row in found["coverage"]["rows"]}
    species = found["stacks"][0]["species"]
    assert people == {"": [80, 80.0], "mask": [40, 10.0], "print": [40, 1.0]}
    assert {name: one["subjects"] for name, one in species.items()} == {"mask": 10.0, "print": 1.0}


def test_attacks_of_few_instruments_are_of_few_as_the_rates_say() -> None:
    rows = [(*row, f"instrument-{row[3]}-{int(row[0][-1]) % 3}" if row[3] else "") for row in table_rows()]
    mapping = {**META["mapping"], "instrument": "instrument"}
    table = frame_of(rows, mapping, (*HEADER, "instrument")).lazy()
    given = Context(inputs(references=[], datasets=[dataset(references={})]), lambda _: table)

    found = drawn(given)

    people = {row["species"]: row["cells"][0] for row in found["coverage"]["rows"]}
    species = found["stacks"][0]["species"]
    assert people == {"": [80, 80.0], "mask": [40, 3.0], "print": [40, 3.0]}
    assert {name: one["subjects"] for name, one in species.items()} == {"mask": 3.0, "print": 3.0}


def test_scores_read_in_many_pieces_are_those_read_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = context(table_rows(SOME_ERRORS, silent={"print": 3, "6": 2}))
    once = drawn(given)["stacks"]

    monkeypatch.setattr(figure_scores, "PIECE_ROWS", 7)

    assert drawn(given)["stacks"] == once

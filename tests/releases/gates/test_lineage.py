"""Trying until it passes is counted: which runs belong to one lineage, and what each costs the next."""

import math

import pytest

from releases.gates.freezing.lineage import lineage_of
from releases.gates.queries import evaluation_document
from releases.gates.vocabulary.inputs import EarlierRun
from tests.factories.bundles import CARD
from tests.factories.gates import Gate
from tests.releases.gates.contexts import context

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
UNCLEAR = {"print": 2, "mask": 9, "1": 2, "6": 2}
BAD = {"print": 2, "mask": 30, "1": 2, "6": 30}


def test_a_retry_of_the_lineage_on_the_same_data_is_counted(small: Gate) -> None:
    first = small.candidate("second")
    small.scored(first, UNCLEAR)
    assert small.evaluated(first).verdict == "inconclusive"
    second = small.candidate("third", copied_from=first)
    small.scored(second, GOOD)

    evaluation = small.evaluated(second)

    alphas = {line.get("alpha_pass") for one in evaluation.result["criteria"] for line in one["strata"]}
    document = evaluation_document(evaluation)
    assert alphas - {None} == {0.025}
    assert [run["release"] for run in document["earlier_runs"]] == ["second"]
    assert document["warnings"][0]["code"] == "earlier_runs"
    assert small.evaluated(second).result_digest == evaluation.result_digest


def test_runs_with_an_equal_result_count_once(small: Gate) -> None:
    first = small.candidate("second")
    small.scored(first, UNCLEAR)
    small.evaluated(first)
    small.evaluated(first)
    second = small.candidate("third", copied_from=first)
    small.scored(second, GOOD)

    assert small.evaluated(second).result["earlier_runs"] == 1


def test_a_run_without_scores_was_no_try(small: Gate) -> None:
    revision = small.candidate("second")
    small.evaluated(revision)
    small.scored(revision, GOOD)

    assert small.evaluated(revision).result["earlier_runs"] == 0


def test_a_copy_of_what_passed_or_is_live_starts_anew(small: Gate) -> None:
    passed = small.candidate("second")
    small.scored(passed, GOOD)
    small.evaluated(passed)
    failed = small.candidate("third")
    small.scored(failed, BAD)
    small.evaluated(failed)

    of_passed = small.candidate("fourth", copied_from=passed).release
    of_live = small.candidate("fifth", copied_from=small.live).release
    of_failed = small.candidate("sixth", copied_from=failed).release

    assert lineage_of(of_passed) == {of_passed.id}
    assert lineage_of(of_live) == {of_live.id}
    assert lineage_of(of_failed) == {of_failed.id, failed.release_id}
    assert lineage_of(failed.release) == {of_failed.id, failed.release_id}


def test_a_changed_card_that_changes_no_verdict_changes_no_result(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, UNCLEAR)
    first = small.evaluated(revision)

    second = small.evaluated(small.revised(revision, card={**CARD, "why": "Said better."}))

    assert second.revision.number == 2
    assert second.result_digest == first.result_digest


def chance_of_a_pass(alphas: list[float]) -> float:
    """That one of several independent tries passes whose truth lies at the margin."""
    return 1 - math.prod(1 - alpha for alpha in alphas)


def test_five_tries_at_the_margin_would_pass_23_percent_of_the_time_and_are_kept_to_half_of_that() -> None:
    runs = [
        EarlierRun(result_digest=str(number), verdict="fail", release="a", policy_digest="")
        for number in range(5)
    ]
    kept = [context(earlier_runs=runs[:before]).alpha_pass(0.05) for before in range(5)]

    assert chance_of_a_pass([0.05] * 5) == pytest.approx(0.23, abs=0.005)
    assert kept == [0.05, 0.025, pytest.approx(0.05 / 3), 0.0125, 0.01]
    assert chance_of_a_pass(kept) < 0.12

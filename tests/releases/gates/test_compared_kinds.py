"""What is special about each kind that compares two stacks: its bounds, and what it refuses to say."""

from typing import Any

import pytest

from releases.gates.vocabulary.inputs import BandInput
from releases.gates.vocabulary.outcomes import ReasonCode
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    ALL_WRONG,
    HALF_WRONG,
    LIVE,
    SOME_ERRORS,
    context,
    judged,
    paired_spec,
    pooled_spec,
    retried,
    segments_of,
    thresholds,
    with_retry_band,
)

REASON = "A test's"


def superior(**changes: Any) -> dict[str, Any]:
    return paired_spec(margin=0, margin_reason=REASON, **changes)


def test_equal_is_not_better() -> None:
    outcome = judged("superiority", superior(), context(table_rows(), {LIVE: table_rows()}))

    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.strata[0].evidence is not None
    assert outcome.strata[0].evidence.regression_p is None


@pytest.mark.parametrize(
    ("margin", "verdict"), [(0.28, Verdict.PASS), (0.3, Verdict.INCONCLUSIVE), (0.55, Verdict.FAIL)]
)
def test_better_by_a_margin_needs_the_bound_beyond_it(margin: float, verdict: Verdict) -> None:
    given = context(None, {LIVE: table_rows(HALF_WRONG)})

    outcome = judged("superiority", paired_spec(margin=margin, margin_reason=REASON), given)

    assert outcome.verdict is verdict
    assert outcome.strata[0].document()["limit"] == -margin


def test_better_and_at_most_that_much_worse_never_contradict_each_other() -> None:
    given = context(table_rows(HALF_WRONG), {LIVE: table_rows(ALL_WRONG)})

    better = judged("superiority", superior(), given)
    no_worse = judged("noninferiority", paired_spec(margin=0.01), given)

    assert (better.verdict, no_worse.verdict) == (Verdict.PASS, Verdict.PASS)


def apart(**changes: Any) -> dict[str, Any]:
    return paired_spec(pairing="independent", pairing_reason="The camera is new", **changes)


def test_captures_that_differ_are_compared_only_with_a_reason() -> None:
    foreign = [(f"other-{row[0]}", *row[1:]) for row in table_rows(SOME_ERRORS)]

    paired = judged("noninferiority", paired_spec(), context(foreign))
    independent = judged("noninferiority", apart(margin=0.2), context(foreign))

    assert paired.verdict is Verdict.INCONCLUSIVE
    assert independent.verdict is Verdict.PASS
    line = independent.strata[0].document()
    assert (line["pairing"], line["method"], line["baseline_n"]) == (
        "independent",
        "newcombe_wilson_n_eff",
        40,
    )
    assert (line["a"], line["b"], line["regression_p"]) == (None, None, None)


def test_independent_arms_fail_and_say_how_many_more_subjects() -> None:
    worse = judged("noninferiority", apart(), context(table_rows(HALF_WRONG)))
    open_line = judged("noninferiority", apart(margin=0.1), context()).strata[0]

    assert worse.verdict is Verdict.FAIL
    assert open_line.reason_code is ReasonCode.STRADDLES_LIMIT
    assert open_line.needs.startswith("needs ")
    assert open_line.needs.endswith(" more subjects of print")


def test_a_disagreement_counts_both_ways_and_says_which_moves() -> None:
    rows, theirs = table_rows({"6": 4}), table_rows({"1": 4})
    spec = {
        "strata": segments_of("1", "6"),
        "limit": 0.2,
        "limit_reason": REASON,
        "baseline": {"kind": "live"},
    }

    lines = judged("disagreement", spec, context(rows, {LIVE: theirs})).strata

    moves = {line.stratum["segment"]: line.document()["moves"] for line in lines}
    assert moves["skin_tone_6"] == [{"candidate": "reject", "baseline": "accept", "count": 4}]
    assert moves["skin_tone_1"] == [{"candidate": "accept", "baseline": "reject", "count": 4}]
    assert {line.document()["events"] for line in lines} == {4}


def test_a_retry_that_was_a_refusal_is_a_different_decision_and_no_error_more() -> None:
    given = context(
        retried(table_rows(), 8), {LIVE: table_rows({"1": 8, "6": 8})}, thresholds=with_retry_band()
    )
    spec = {**pooled_spec(limit=0.05), "limit_reason": REASON, "baseline": {"kind": "live"}}

    different = judged("disagreement", spec, given)
    worse = judged("noninferiority", paired_spec(metric="bpcer", strata=segments_of("1", "6")), given)

    assert different.verdict is Verdict.FAIL
    assert different.strata[0].document()["moves"] == [
        {"candidate": "retry", "baseline": "reject", "count": 16}
    ]
    assert worse.verdict is Verdict.PASS


CALIBRATION = {"margin": 0.05, "margin_reason": REASON, "baseline": {"kind": "live"}}


def test_scores_that_are_no_shares_are_not_called_badly_calibrated() -> None:
    rows = [(*row[:5], "9" if row[5] == "0.9" else "1") for row in table_rows()]

    outcome = judged(
        "calibration", CALIBRATION, context(rows, thresholds=thresholds(bands=[BandInput(accept=5)]))
    )

    assert (outcome.verdict, outcome.reason_code) == (Verdict.INCONCLUSIVE, ReasonCode.NO_DATA)
    assert "The scores of the candidate are no shares: they go from 1 to 9" in outcome.sentence


def test_the_evidence_of_a_calibration_holds_both_errors_and_briers() -> None:
    line = judged("calibration", CALIBRATION, context(table_rows(ALL_WRONG))).strata[0].document()

    assert line["candidate_ece"] == pytest.approx(0.9)
    assert line["baseline_ece"] == pytest.approx(0.0, abs=0.02)
    assert line["candidate_brier"] == pytest.approx(0.81)
    assert (line["n"], line["events"], line["bins"]) == (160, 80, 15)


def test_a_first_release_leaves_calibration_to_the_absolute_criteria_where_the_policy_says_so() -> None:
    spec = {**CALIBRATION, "baseline": {"kind": "live", "when_no_baseline": "absolute_only"}}
    channels = context().inputs.channels

    outcome = judged("calibration", spec, context(references=[], channels_without_live=channels))

    assert outcome.counted is False
    assert outcome.reason_code is ReasonCode.BASELINE_MISSING

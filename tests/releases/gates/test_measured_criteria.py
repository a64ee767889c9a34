"""What lies around the counts of a measured criterion: datasets, baselines, bands, age, and its evidence."""

from typing import Any

import pytest

from governance.documents import checked
from releases.gates.criteria import absolute, noninferiority
from releases.gates.judging.context import Context
from releases.gates.vocabulary.inputs import BandInput, ProblemInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode
from releases.scores.refusals import PolaritiesDiffer, TablesDisagree
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    ANDROID,
    HALF_WRONG,
    LIVE,
    PINNED,
    SOME_ERRORS,
    WEB,
    absolute_spec,
    context,
    dataset,
    paired_spec,
    pinned_baseline,
    reference,
    segments_of,
    table,
    thresholds,
)
from tests.releases.gates.test_computation import criterion


def paired(given: Context, **changes: Any) -> CriterionOutcome:
    spec = checked(noninferiority.KIND.spec, paired_spec(**changes), field="spec", title="A comparison")
    return noninferiority.KIND.evaluate(given, spec)


def limited(given: Context, **changes: Any) -> CriterionOutcome:
    spec = checked(absolute.KIND.spec, absolute_spec(**changes), field="spec", title="A limit")
    return absolute.KIND.evaluate(given, spec)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"datasets": [dataset(candidate=None)]}, ReasonCode.NO_DATA),
        (
            {
                "datasets": [
                    dataset(
                        candidate=None,
                        problem=ProblemInput(
                            reason=ReasonCode.REPORT_NOT_OF_THIS_STACK,
                            sentence="Of another",
                            needs="needs it",
                        ),
                    )
                ]
            },
            ReasonCode.REPORT_NOT_OF_THIS_STACK,
        ),
        (
            {"datasets": [dataset(candidate=table("candidate", stack_digest="sha256:" + "00" * 32))]},
            ReasonCode.REPORT_NOT_OF_THIS_STACK,
        ),
        ({"thresholds": thresholds(problem="The policies differ")}, ReasonCode.NO_BAND),
        ({"thresholds": thresholds(bands=[])}, ReasonCode.NO_BAND),
        ({"thresholds": thresholds(bands=[BandInput(accept=0.5, use_case="payment")])}, ReasonCode.NO_BAND),
        ({"datasets": [dataset(candidate=table("candidate", age_days=91))]}, ReasonCode.STALE_EVIDENCE),
    ],
)
@pytest.mark.parametrize("judge", [paired, limited])
def test_what_cannot_be_judged_is_inconclusive_for_its_reason(
    judge: Any, changes: dict[str, Any], reason: ReasonCode
) -> None:
    outcome = judge(context(**changes), max_evidence_age_days=90)

    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert {line.reason_code for line in outcome.strata} == {reason}
    assert [line.stratum for line in outcome.strata] == [{"species": "print"}, {"species": "mask"}]
    assert all(line.needs for line in outcome.strata)


def test_scores_exactly_as_old_as_allowed_count() -> None:
    given = context(datasets=[dataset(candidate=table("candidate", age_days=90))])

    assert limited(given, max_evidence_age_days=90).verdict is Verdict.PASS


def test_a_live_release_without_scores_is_a_missing_baseline() -> None:
    given = context(datasets=[dataset(references={LIVE: None, PINNED: table(PINNED)})])

    outcome = paired(given)

    assert {line.reason_code for line in outcome.strata} == {ReasonCode.BASELINE_MISSING}
    assert "live has no score table on faces" in outcome.sentence


def test_each_channel_is_compared_with_its_own_live_release_and_the_worst_counts() -> None:
    given = context(
        table_rows(HALF_WRONG),
        {PINNED: table_rows(HALF_WRONG)},
        references=[reference(LIVE, [ANDROID]), reference(PINNED, [WEB])],
    )

    outcome = paired(given)

    verdicts = {(line.baseline or {})["channels"][0]: line.verdict for line in outcome.strata}
    assert verdicts == {"android": Verdict.FAIL, "mobile_web": Verdict.PASS}
    assert outcome.verdict is Verdict.FAIL
    assert "today on android" in outcome.sentence


def test_one_release_live_on_two_channels_is_compared_once() -> None:
    outcome = paired(context())

    assert len(outcome.strata) == 2
    assert (outcome.strata[0].baseline or {})["channels"] == ["android", "mobile_web"]


def test_a_channel_without_anything_live_is_inconclusive_by_default() -> None:
    given = context(references=[reference(LIVE, [ANDROID])], channels_without_live=[WEB])

    outcome = paired(given)

    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.reason_code is ReasonCode.BASELINE_MISSING


def test_a_first_release_is_left_to_the_absolute_criteria_where_the_policy_says_so() -> None:
    given = context(references=[], channels_without_live=[ANDROID, WEB])

    outcome = paired(given, baseline={"kind": "live", "when_no_baseline": "absolute_only"})

    assert outcome.counted is False
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.notes == (
        "Nothing is live on android: absolute criteria alone judge it.",
        "Nothing is live on mobile_web: absolute criteria alone judge it.",
    )


def test_absolute_only_still_compares_on_channels_where_something_is_live() -> None:
    given = context(
        table_rows(HALF_WRONG), references=[reference(LIVE, [ANDROID])], channels_without_live=[WEB]
    )

    outcome = paired(given, baseline={"kind": "live", "when_no_baseline": "absolute_only"})

    assert outcome.counted is True
    assert outcome.verdict is Verdict.FAIL


def test_the_pinned_reference_is_found_by_its_revision_whatever_is_live() -> None:
    revision = pinned_baseline()["pinned"]["revision"]
    given = context(
        table_rows(HALF_WRONG),
        {LIVE: table_rows(HALF_WRONG)},
        references=[
            reference(LIVE, [ANDROID, WEB]),
            reference(PINNED).model_copy(update={"revision": revision}),
        ],
        datasets=[dataset(references={LIVE: table(LIVE), revision: table(PINNED)})],
    )

    assert paired(given).verdict is Verdict.PASS
    assert paired(given, baseline=pinned_baseline()).verdict is Verdict.FAIL


def test_the_evidence_of_a_pair_holds_counts_bounds_and_method() -> None:
    line = paired(context(table_rows({**SOME_ERRORS, "mask": 10}))).strata[0].document()

    assert line["stratum"] == {"species": "mask"}
    assert (line["n"], line["a"], line["b"], line["c"], line["d"]) == (40, 4, 6, 0, 30)
    assert (line["candidate_rate"], line["baseline_rate"], line["estimate"]) == (0.25, 0.1, 0.15)
    assert (line["events"], line["baseline_events"]) == (10, 4)
    assert (line["subjects"], line["n_eff"], line["design_effect_source"]) == (40, 40, "singletons")
    assert line["lower"] < 0.15 < line["upper"]
    assert (line["limit"], line["alpha_pass"], line["method"]) == (0.15, 0.05, "tango_n_eff")
    assert line["p"] > 0.05
    assert line["p_adjusted"] >= line["p"]
    assert line["minimum_detectable_effect"] == pytest.approx(2.4865 * (0.15 / 40) ** 0.5, abs=1e-4)
    assert set(line["excluded"].values()) == {0}


def test_a_regression_within_the_margin_passes_but_is_marked() -> None:
    outcome = paired(context(table_rows({**SOME_ERRORS, "mask": 12})), margin=0.4)

    line = outcome.strata[0].document()
    assert line["verdict"] == "pass"
    assert line["regression_detected"] is True
    assert line["regression_p_adjusted"] == pytest.approx(2 * line["regression_p"])


def test_strata_below_the_minima_stay_out_of_holms_family() -> None:
    rows = [
        row for row in table_rows({**SOME_ERRORS, "mask": 12}) if row[0] < "print-010" or "mask" in row[0]
    ]

    lines = {line.title: line.document() for line in paired(context(rows), margin=0.4).strata}

    assert lines["print"]["n"] == 10
    assert lines["print"]["regression_p"] is None
    assert lines["mask"]["regression_p_adjusted"] == lines["mask"]["regression_p"]


def test_silence_is_no_error_but_is_caught_by_the_paired_non_response() -> None:
    quiet = context(table_rows({"print": 4}, silent={"mask": 20}))

    assert paired(quiet).strata[-1].verdict is not Verdict.FAIL
    assert paired(quiet, metric="apnrr").verdict is Verdict.FAIL


def test_captures_that_the_candidates_table_leaves_out_count_as_silence() -> None:
    rows = [row for row in table_rows(SOME_ERRORS) if not row[0].startswith("mask-01")]

    outcome = paired(context(rows), metric="apnrr")

    line = outcome.strata[0].document()
    assert (line["stratum"], line["n"], line["b"]) == ({"species": "mask"}, 40, 10)
    assert line["excluded"]["candidate_absent"] == 10
    assert outcome.verdict is Verdict.FAIL


def test_an_undecided_row_keeps_a_line_from_passing_and_a_fail_stays_a_fail() -> None:
    bands = [
        BandInput(accept=0.5, segment={"attribute": "skin_tone", "operator": "eq", "value": "6"}),
    ]
    only_six = thresholds(bands=bands)
    good = paired(context(thresholds=only_six), metric="bpcer", strata=segments_of("1", "6"))
    bad = paired(
        context(table_rows(HALF_WRONG), thresholds=only_six), metric="bpcer", strata=segments_of("6")
    )

    reasons = {line.stratum["segment"]: line.reason_code for line in good.strata}
    assert reasons == {"skin_tone_1": ReasonCode.NO_BAND, "skin_tone_6": ReasonCode.MEETS}
    assert bad.verdict is Verdict.FAIL


def test_the_worst_rule_fails_only_on_a_bound_that_holds_for_the_worst_stratum() -> None:
    rows = table_rows({"1": 14})
    spec = {"metric": "bpcer", "strata": segments_of("1", "6"), "limit": 0.22}

    every = limited(context(rows), **spec)
    worst = limited(context(rows), **spec, stratum_rule="worst")

    assert (every.verdict, worst.verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert (every.strata[0].document()["alpha_fail"], worst.strata[0].document()["alpha_fail"]) == (
        0.05,
        0.025,
    )


def test_a_criterion_may_pin_one_dataset() -> None:
    other = dataset(
        id="other", name="others", digest="sha256:" + "0d" * 32, candidate=table("candidate", rows=1)
    )
    given = context(datasets=[dataset(), other])

    assert {line.dataset for line in limited(given).strata} == {"faces", "others"}
    assert {line.dataset for line in limited(given, dataset=other.digest).strata} == {"others"}
    assert limited(given, dataset="sha256:" + "99" * 32).reason_code is ReasonCode.NO_DATA


def test_where_narrows_the_population() -> None:
    given = context(table_rows({**SOME_ERRORS, "1": 40}))
    pooled = {
        "metric": "bpcer",
        "strata": {"pooled": True},
        "stratum_rule": "pooled",
        "where": {"attribute": "skin_tone", "operator": "ne", "value": "1"},
    }

    line = limited(given, **pooled).strata[0].document()

    assert (line["stratum"], line["n"], line["events"]) == ({"pooled": "all"}, 40, 4)


def test_a_threshold_policy_of_the_other_polarity_is_refused_not_applied() -> None:
    with pytest.raises(PolaritiesDiffer):
        limited(context(thresholds=thresholds(polarity="higher_is_bona_fide")))


def test_two_tables_that_state_different_facts_are_not_compared() -> None:
    rows = [(*row[:3], "mask" if row[3] == "print" else row[3], *row[4:]) for row in table_rows(SOME_ERRORS)]

    with pytest.raises(TablesDisagree):
        paired(context(rows))


def alike(same: int, people: int = 40) -> Context:
    """Four captures of each person of skin tone 1; the first ``same`` people are refused every time."""
    rows = [
        (f"{person}-{take}", f"person-{person}", "bona_fide", "", "1", "0.9" if person < same else "0.1")
        for person in range(people)
        for take in range(4)
    ]
    return context(rows)


def test_captures_far_more_alike_than_planned_are_said_with_what_their_bounds_hold() -> None:
    spec = {"metric": "bpcer", "strata": segments_of("1"), "limit": 0.5}

    found = criterion("alike", "absolute", spec).judged(alike(8))
    few = criterion("alike", "absolute", spec).judged(alike(4, people=20))
    planned = criterion("alike", "absolute", {**spec, "planned_icc": 1.0}).judged(alike(8))

    assert found.notes == (
        "Captures of one person resemble each other far more than the policy plans (ICC 0.5 or more): skin "
        "tone 1, as annotators perceived. Bounds that should hold in 95 of 100 samples then hold in about 87 "
        "to 93.",
    )
    assert few.notes == ()
    assert planned.notes == ()

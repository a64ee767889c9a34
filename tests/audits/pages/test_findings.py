"""From a stored result to the sentence, the worst line, the forest and the doubts."""

from types import SimpleNamespace

import pytest

from audits.pages.doubts import doubts_of
from audits.pages.evidence import lines_of, tally, worst_first, worst_line
from audits.pages.findings import finding
from audits.pages.forest import difference_forest, rate_forest
from audits.pages.mail_pictures import svg_of
from audits.pages.mini import mini, shared_axis, worst_picture
from tests.audits.pages.results import (
    FAILING,
    FEMALE,
    PINNED,
    PRINT_MEDIUM,
    SKIN_TONE_5,
    SKIN_TONE_6,
    criterion,
    line,
    result,
)


def test_a_fail_says_what_the_release_does_to_whom_and_how_often() -> None:
    found = finding("auxiliary", "completed", "fail", FAILING)

    assert found.headline == (
        "Do not approve auxiliary as it stands. It refuses genuine users of the group skin tone 6 "
        "(as annotators perceived) three times as often as the live release."
    )
    assert found.support == (
        "Genuine users refused, skin tone 6: 29.9 % against 9.2 % today. That is +20.7 points, at least "
        "+8.4; the limit is +7 (87 captures, 42 subjects)."
    )


def test_an_inconclusive_result_says_what_would_settle_it() -> None:
    document = result("inconclusive", criterion("bpcer_live", "bpcer", "inconclusive", SKIN_TONE_5, FEMALE))

    found = finding("auxiliary_2", "completed", "inconclusive", document)

    assert "cannot be approved yet: One line is inconclusive" in found.headline
    assert found.advice == "Still needed: 37 more subjects of skin tone 5."


def test_where_more_data_will_not_help_against_one_baseline_it_is_not_asked_for_against_another() -> None:
    hopeless = {**SKIN_TONE_5, "more_subjects": None, "needs": "more data will not pass this"}
    reference = {**SKIN_TONE_5, "baseline": PINNED, "more_subjects": 144}
    document = result(
        "inconclusive", criterion("bpcer_live", "bpcer", "inconclusive", hopeless, reference, FEMALE)
    )

    found = finding("auxiliary_2", "completed", "inconclusive", document)

    assert found.advice == "More data of this kind will not pass skin tone 5."


def test_a_pass_counts_its_lines_and_names_the_closest() -> None:
    document = result("pass", criterion("bpcer_live", "bpcer", "pass", FEMALE))

    found = finding("quality_rbf", "completed", "pass", document)

    assert found.headline == "quality_rbf passes its gate: all 1 lines hold."
    assert found.worst is not None
    assert found.worst.name == "Female"


@pytest.mark.parametrize(("status", "state"), [("requested", "requested"), ("failed", "error"), ("", "none")])
def test_without_a_result_the_finding_is_a_state(status: str, state: str) -> None:
    found = finding("v1", status, "", {})

    assert (found.verdict, found.worst) == (state, None)


def test_a_verdict_that_rests_on_no_line_is_told_in_the_results_own_words() -> None:
    document = result("inconclusive", sentence="Inconclusive: no gate policy was locked.")

    found = finding("v1", "completed", "inconclusive", document)

    assert found.headline == "v1: no gate policy was locked."


def test_lines_stand_worst_first() -> None:
    names = [found.name for found in worst_first(lines_of(FAILING))]

    assert names == ["Skin tone 6", "Skin tone 5", "print medium", "Female"]


def test_what_only_informs_does_not_become_the_worst_line() -> None:
    document = result(
        "pass",
        criterion("shown", "bpcer", "fail", SKIN_TONE_6, mode="observe"),
        criterion("bpcer_live", "bpcer", "pass", FEMALE),
    )

    found = worst_line(lines_of(document))

    assert found is not None
    assert found.name == "Female"


def test_checks_without_a_metric_are_no_lines() -> None:
    check = {**line("The stack", "pass", kind="check"), "baseline": None}
    document = result("pass", criterion("complete", "", "pass", check))

    assert tally(lines_of(document)).total == 0


def test_the_forest_groups_by_baseline_and_draws_each_line_on_one_scale() -> None:
    found = difference_forest(lines_of(FAILING))

    assert found is not None
    group = found.groups[0]
    assert (group.title, group.abbreviation) == ("Genuine users refused, by protected segment", "BPCER")
    assert group.against == "against quality_rbf, live on android"
    assert (group.limit, group.perceived) == ("+7", True)
    assert [row.line.name for row in group.rows] == ["Skin tone 6", "Skin tone 5", "Female"]
    assert (found.axis.low, found.axis.high) == (-20, 40)
    worst = group.rows[0]
    assert worst.interval is not None
    assert (worst.interval.left, worst.interval.right) == (47.37, 89.52)
    assert (worst.live, worst.candidate, worst.estimate) == ("9.2", "29.9", "+20.7")
    assert (worst.bounds, worst.verdict_note) == ("+8.4 to +33.7", "at least +8.4")
    assert group.rows[1].verdict_note == "37 more subjects needed"


def test_rates_have_an_axis_of_their_own() -> None:
    found = rate_forest(lines_of(FAILING))

    assert found is not None
    row = found.groups[0].rows[0]
    assert (found.groups[0].limit, row.candidate, row.bounds) == ("45 %", "35.0", "29.0 to 41.4")
    assert not found.groups[0].is_open


def test_what_is_live_stands_before_the_reference() -> None:
    reference = {**SKIN_TONE_6, "baseline": PINNED}
    document = result(
        "fail",
        criterion("bpcer_reference", "bpcer", "fail", reference),
        criterion("bpcer_live", "bpcer", "pass", FEMALE),
    )

    found = difference_forest(lines_of(document))

    assert found is not None
    assert [group.against for group in found.groups] == [
        "against quality_rbf, live on android",
        "against the reference release quality_linear",
    ]


def test_the_worst_picture_draws_the_bounds_against_the_limit() -> None:
    picture = worst_picture(worst_line(lines_of(FAILING)))

    assert picture is not None
    assert picture.title == "The line that fails: skin tone 6"
    assert (picture.limit, picture.limit_x, picture.worse_width) == ("limit +7", 20.0, 80.0)
    assert (picture.estimate, picture.at_least, picture.at_most) == (
        "+20.7",
        "at least +8.4",
        "at most +33.7",
    )


def test_minis_of_several_requests_share_an_axis() -> None:
    fails, passes = lines_of(FAILING)[2], lines_of(FAILING)[1]
    axis = shared_axis([fails, None, passes])

    first, second = mini(axis, fails), mini(axis, passes)

    assert first is not None
    assert second is not None
    assert first.limit_x == second.limit_x
    assert first.interval.left > second.interval.right


def test_doubts_name_what_an_approver_has_to_answer_for() -> None:
    tried = {**SKIN_TONE_6, "alpha_pass": 0.05 / 3, "alpha_fail": 0.05}
    document = result("fail", criterion("bpcer_live", "bpcer", "fail", tried), earlier_runs=2)
    evaluation = SimpleNamespace(
        result=document, preregistered=False, policy=None, inputs={"policy_digest": "sha256:2"}
    )
    found = finding("auxiliary", "completed", "fail", document)

    doubts = doubts_of(evaluation, found, ["live_v3.0"], ["A newer evaluation exists."])

    alerts = [doubt.text for doubt in doubts if doubt.is_alert]
    assert [text.split(" ")[0] for text in alerts] == ["A", "Revoked", "The", "2"]
    assert "5 % divided by 3" in alerts[3]
    assert any("87 captures of 42 subjects" in doubt.text for doubt in doubts)
    assert any("annotators perceived" in doubt.text for doubt in doubts)


RATIO = line(
    "Skin tone 6 as annotators perceived",
    "fail",
    baseline=None,
    unit="ratio",
    n=87,
    subjects=42,
    estimate=1.9,
    lower=1.4,
    upper=2.6,
    limit=1.25,
    candidate_rate=0.2989,
)


def test_a_ratio_stands_on_no_axis_of_rates_and_in_no_sentence_about_rates() -> None:
    document = result(
        "fail",
        criterion("equity", "bpcer", "fail", RATIO),
        criterion("apcer_benchmark", "apcer", "pass", PRINT_MEDIUM),
    )
    lines = lines_of(document)

    drawn = rate_forest(lines)
    found = finding("auxiliary", "completed", "fail", document)

    assert drawn is not None
    assert [row.line.criterion for group in drawn.groups for row in group.rows] == ["apcer_benchmark"]
    assert found.headline == "auxiliary: so."
    assert tally(lines).fail == 1


def test_bounds_are_said_with_the_error_rates_that_they_were_taken_at() -> None:
    plain = {**SKIN_TONE_6, "alpha_pass": 0.05, "alpha_fail": 0.05}
    tried = {**FEMALE, "alpha_pass": 0.025, "alpha_fail": 0.05}
    document = result(
        "fail",
        criterion("bpcer_live", "bpcer", "fail", plain),
        criterion("bpcer_strict", "bpcer", "pass", tried),
    )

    both = difference_forest(lines_of(document))
    alone = difference_forest(lines_of(result("pass", criterion("bpcer_strict", "bpcer", "pass", tried))))

    assert both is not None
    assert alone is not None
    assert [group.bounds for group in both.groups] == [
        "One-sided\n95 % bounds",
        "One-sided:\nlower 95 %\nupper 97.5 %",
    ]
    assert both.bounds == "one-sided bounds of 95 % to 97.5 %"
    assert "bars: one-sided bounds, lower 95 %, upper 97.5 %; tinted" in svg_of(alone)

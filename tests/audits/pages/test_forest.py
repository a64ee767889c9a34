"""Forests of every unit: shares, milliseconds and ratios each on a scale of its own, however many lines."""

from typing import Any

import pytest

from audits.pages.evidence import lines_of, tally
from audits.pages.findings import finding
from audits.pages.forest import Forest, difference_forest, rate_forest, unit_forests
from audits.pages.mail_pictures import worst_forest
from tests.audits.pages.results import FAILING, PINNED, criterion, line, result


def of_kind(kind: str, *strata: dict[str, Any], verdict: str = "pass", **spec: Any) -> dict[str, Any]:
    """A criterion that names no metric: its kind says what it measures."""
    return criterion(kind, "", verdict, *strata, kind=kind, spec=spec)


TIME = line(
    "all together",
    "inconclusive",
    kind="pooled",
    baseline=None,
    unit="ms",
    probability=0.95,
    n=1200,
    subjects=300,
    estimate=390.0,
    lower=380.0,
    upper=420.0,
    limit=400.0,
)
RATIO = line(
    "Skin tone 6",
    "fail",
    baseline=None,
    unit="ratio",
    n=87,
    subjects=42,
    estimate=2.5,
    lower=1.5,
    upper=30.0,
    limit=1.25,
    candidate_rate=0.25,
    whole_rate=0.1,
)
TRIES = line("Female", "pass", baseline=None, estimate=0.02, lower=0.01, upper=0.04, limit=0.05, n=600)
DIFFER = line("Female", "fail", estimate=0.2, lower=0.1, upper=0.3, limit=0.05, n=600, candidate_rate=None)
ECE = line(
    "all together",
    "pass",
    kind="pooled",
    estimate=0.01,
    lower=-0.01,
    upper=0.015,
    limit=0.02,
    n=600,
    candidate_rate=None,
    candidate_ece=0.043,
    baseline_ece=0.033,
)
EVERY_KIND = result(
    "fail",
    of_kind("latency_quantile", TIME, verdict="inconclusive", population="bona_fide"),
    criterion("ratio", "bpcer", "fail", RATIO, kind="ratio_to_whole"),
    of_kind("retry_rate", TRIES, population="attack"),
    of_kind("disagreement", DIFFER, verdict="fail", population="bona_fide"),
    of_kind("calibration", ECE),
    of_kind("completeness"),
)


def panels() -> tuple[Forest, Forest]:
    times, ratios = unit_forests(lines_of(EVERY_KIND))
    return times, ratios


def test_lines_of_kinds_that_name_no_metric_are_lines_too() -> None:
    lines = lines_of(EVERY_KIND)

    assert [one.wording.heading for one in lines] == [
        "Answer time for genuine users",
        "Genuine users refused",
        "Attacks asked to try again",
        "Genuine users decided differently",
        "Calibration error of the scores",
    ]
    assert tally(lines).total == 5


def test_answer_times_have_a_panel_in_milliseconds() -> None:
    times, _ = panels()

    (group,) = times.groups
    (row,) = group.rows
    assert (group.title, group.limit) == ("Answer time for genuine users, all together", "400 ms")
    assert group.abbreviation == "95 % are faster"
    assert (times.axis.low, times.axis.high) == (0, 500)
    assert (group.limit_x, row.interval.left if row.interval else None) == (80, 76)
    assert (row.candidate, row.bounds) == ("390", "380 to 420")


def test_ratios_have_a_panel_around_one_and_a_huge_bound_is_cut_off() -> None:
    _, ratios = panels()

    (row,) = ratios.groups[0].rows
    assert ratios.axis.high == 5
    assert ratios.zero_x == 20
    assert row.interval is not None
    assert row.interval.cut_right
    assert (row.live, row.candidate, row.estimate, row.bounds) == ("10.0", "25.0", "2.50", "1.50 to 30.00")
    assert row.verdict_note == "at least 1.50 ×"


def test_no_unit_is_drawn_on_an_axis_of_shares() -> None:
    lines = lines_of(EVERY_KIND)

    rates, differences = rate_forest(lines), difference_forest(lines)

    assert rates is not None
    assert differences is not None
    assert {group.title for group in rates.groups} == {
        "Attacks asked to try again, by protected segment",
        "Genuine users decided differently, by protected segment",
    }
    assert [group.title for group in differences.groups] == ["Calibration error of the scores, all together"]


def test_a_disagreement_is_a_rate_though_it_names_a_baseline() -> None:
    (_, group) = sorted(rate_forest(lines_of(EVERY_KIND)).groups, key=lambda one: one.title)  # type: ignore[union-attr]  # there is one

    assert group.against == "against quality_rbf, live on android"
    assert (group.limit, group.rows[0].candidate) == ("5 %", "20.0")


def test_calibration_shows_both_errors_as_its_rates() -> None:
    (group,) = difference_forest(lines_of(EVERY_KIND)).groups  # type: ignore[union-attr]  # there is one

    assert (group.rows[0].live, group.rows[0].candidate, group.rows[0].estimate) == ("3.3", "4.3", "+1.0")


@pytest.mark.parametrize(
    ("only", "headline"),
    [
        (of_kind("latency_quantile", {**TIME, "verdict": "fail"}, verdict="fail"), "v1: so."),
        (of_kind("calibration", {**ECE, "verdict": "fail"}, verdict="fail"), "v1: so."),
        (
            of_kind("disagreement", DIFFER, verdict="fail"),
            "Do not approve v1 as it stands. It decides differently about genuine users of the group female "
            "more often than the policy allows.",
        ),
    ],
)
def test_a_fail_of_any_kind_leads_the_page_in_words_that_fit(only: dict[str, Any], headline: str) -> None:
    assert finding("v1", "completed", "fail", result("fail", only)).headline == headline


def test_a_suppressed_line_keeps_its_verdict_and_shows_no_figure() -> None:
    hidden = line("Skin tone 6", "fail", n=None, rows=None, limit=0.07, suppressed_in_display=True)

    found = difference_forest(lines_of(result("fail", criterion("bpcer", "bpcer", "fail", hidden))))

    assert found is not None
    (row,) = found.groups[0].rows
    assert (row.interval, row.candidate, row.estimate, row.bounds) == (None, "", "", "not shown")
    assert row.verdict_note == "too few people to show figures"


def test_forty_strata_are_forty_rows_on_one_scale_and_the_worst_stand_first() -> None:
    measured = {"n": 100, "subjects": 50, "lower": -0.02, "limit": 0.07}
    many = [
        line(f"Group {number:02}", "pass", estimate=0.01, upper=number / 1000, **measured)
        for number in range(40)
    ]

    found = difference_forest(lines_of(result("pass", criterion("bpcer", "bpcer", "pass", *many))))

    assert found is not None
    (group,) = found.groups
    assert len(group.rows) == 40
    assert group.rows[0].line.name == "Group 39"
    assert len(found.ticks) <= 10


def test_what_is_live_stands_before_the_pinned_reference() -> None:
    old = {**FAILING["criteria"][0]["strata"][0], "baseline": PINNED}
    both = result("fail", criterion("pinned", "bpcer", "fail", old), *FAILING["criteria"])

    found = difference_forest(lines_of(both))

    assert found is not None
    assert [group.against for group in found.groups] == [
        "against quality_rbf, live on android",
        "against the reference release quality_linear",
    ]


def test_a_mail_draws_no_unit_on_an_axis_of_percent() -> None:
    assert worst_forest(lines_of(result("fail", of_kind("latency_quantile", TIME)))) is None

"""What is special about each kind that looks at one stack: its bounds, and what would settle it."""

from typing import Any

import pytest

from releases.gates.vocabulary.outcomes import ReasonCode
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    SOME_ERRORS,
    Rows,
    absolute_spec,
    attestation,
    context,
    judged,
    pooled_spec,
    retried,
    segments_of,
    timed,
    with_retry_band,
)

REASON = "A test's"


def attacks(subjects: int, each: int = 1, wrong: int = 0, species: str = "print") -> Rows:
    """Attacks by so many subjects, of which the first ``wrong`` captures are accepted."""
    return [
        (
            f"{species}-{place:04}",
            f"person-{place // each}",
            "attack",
            species,
            "",
            "0.1" if place < wrong else "0.9",
        )
        for place in range(subjects * each)
    ]


def users(subjects: int, *, each: int = 1, tone: str = "1") -> Rows:
    """Genuine users, all accepted."""
    return [
        (f"user-{place:04}", f"person-{place // each}", "bona_fide", "", tone, "0.1")
        for place in range(subjects * each)
    ]


def counted(presentations: int, max_errors: int = 0) -> dict[str, Any]:
    return {
        "metric": "apcer",
        "strata": {"species": ["print"]},
        "max_errors": max_errors,
        "presentations": presentations,
    }


@pytest.mark.parametrize(("subjects", "each", "shows"), [(150, 1, "1.98"), (15, 10, "5.4"), (6, 25, "10.9")])
def test_no_error_in_150_holds_and_says_what_so_many_subjects_show(
    subjects: int, each: int, shows: str
) -> None:
    outcome = judged("max_errors", counted(150), context(attacks(subjects, each)))

    line = outcome.strata[0].document()
    assert outcome.verdict is Verdict.PASS
    assert f"0 errors from {subjects} subjects, which shows a rate of at most {shows}" in outcome.sentence
    assert (line["max_errors"], line["rule_presentations"]) == (0, 150)
    assert line["rule_bound"] == pytest.approx(0.0198, abs=5e-5)
    assert line["p"] is None


def test_one_error_too_many_fails_however_few_the_captures() -> None:
    outcome = judged("max_errors", counted(150), context(attacks(3, wrong=1)))

    assert (outcome.verdict, outcome.reason_code) == (Verdict.FAIL, ReasonCode.VIOLATES)


def test_too_few_captures_for_the_rule_say_how_many_more() -> None:
    outcome = judged("max_errors", counted(150), context(attacks(100)))

    assert outcome.reason_code is ReasonCode.TOO_FEW_SUBJECTS
    assert outcome.strata[0].needs == "needs 50 more subjects of print"


@pytest.mark.parametrize(("subjects", "verdict"), [(58, Verdict.INCONCLUSIVE), (59, Verdict.PASS)])
def test_a_95th_percentile_has_an_upper_bound_from_59_subjects_on(subjects: int, verdict: Verdict) -> None:
    rows = timed(users(subjects))

    outcome = judged("latency_quantile", pooled_spec(budget_ms=500), context(rows))

    assert outcome.verdict is verdict


def test_without_an_upper_bound_a_latency_says_how_many_subjects_more() -> None:
    line = judged("latency_quantile", pooled_spec(budget_ms=500), context(timed(users(58)))).strata[0]

    assert line.reason_code is ReasonCode.TOO_FEW_SUBJECTS
    assert line.needs == "needs 1 more subject of all together"
    assert "95 % within 200 ms, at least 200 ms and without an upper bound; budget 500 ms" in line.sentence


def test_answers_of_one_subject_resemble_each_other_or_are_drawn_once() -> None:
    rows = timed(users(30, each=10))
    every = judged("latency_quantile", pooled_spec(budget_ms=500), context(rows)).strata[0].document()
    once = judged("latency_quantile", pooled_spec(budget_ms=500, values="one_per_subject"), context(rows))

    drawn = once.strata[0].document()
    assert (every["n"], every["verdict"]) == (300, "pass")
    assert every["n_eff"] == pytest.approx(300 / 2.8)
    assert (drawn["n"], drawn["n_eff"], drawn["verdict"]) == (30, 30, "inconclusive")
    assert drawn["seed"] == 20260323


def test_answers_without_a_time_keep_a_latency_from_passing() -> None:
    rows = [row if place else (*row[:6], "") for place, row in enumerate(timed(users(80)))]

    line = judged("latency_quantile", pooled_spec(budget_ms=500), context(rows)).strata[0]

    assert (line.verdict, line.reason_code) == (Verdict.INCONCLUSIVE, ReasonCode.NO_DATA)
    assert line.sentence.endswith("; 1 answers have no time, needs the time of 1 answers.")


def test_a_table_without_answer_times_says_nothing_about_them() -> None:
    outcome = judged("latency_quantile", pooled_spec(budget_ms=500), context())

    assert outcome.reason_code is ReasonCode.NO_DATA


def test_beside_apcer_stands_the_share_that_may_try_again() -> None:
    given = context(retried(table_rows(SOME_ERRORS), 8), thresholds=with_retry_band())

    line = judged("absolute", absolute_spec(), given).strata[0].document()

    assert line["estimate"] == 0
    assert line["shown"] == {"apcer_with_retry": 0.2}


def ratio(limit: float = 1.5) -> dict[str, Any]:
    return {
        "metric": "bpcer",
        "strata": segments_of("1", "6"),
        "max_ratio": limit,
        "ratio_reason": REASON,
    }


def test_without_any_error_there_is_no_ratio() -> None:
    line = judged("ratio_to_whole", ratio(), context(table_rows())).strata[0]

    assert (line.verdict, line.reason_code) == (Verdict.INCONCLUSIVE, ReasonCode.STRADDLES_LIMIT)
    assert "no error was seen at all, so a ratio cannot be shown" in line.sentence


def test_the_evidence_of_a_ratio_names_the_whole() -> None:
    line = judged("ratio_to_whole", ratio(), context(table_rows({"1": 10, "6": 30}))).strata[0].document()

    assert (line["stratum"], line["unit"]) == ({"segment": "skin_tone_6"}, "ratio")
    assert (line["whole_n"], line["whole_events"], line["whole_rate"]) == (80, 40, 0.5)
    assert (line["estimate"], line["candidate_rate"], line["share_of_whole"]) == (1.5, 0.75, 0.5)


@pytest.mark.parametrize(("age", "reason"), [(30, ReasonCode.MEETS), (30.1, ReasonCode.STALE_EVIDENCE)])
def test_an_attestation_that_is_too_old_counts_no_more(age: float, reason: ReasonCode) -> None:
    spec = {"attestation": "error_analysis", "max_age_days": 30}

    outcome = judged("attestation", spec, context(attestations=[attestation("error_analysis", age_days=age)]))

    assert outcome.reason_code is reason


def crossing() -> dict[str, Any]:
    return {"crossing": {"first": segments_of("1", "6"), "second": {"species": ["print", "mask"]}}}


def test_a_crossing_judges_every_pair_and_names_both_parts() -> None:
    tones = [(*row[:4], "1" if int(row[0][-3:]) % 2 else "6", row[5]) for row in table_rows(SOME_ERRORS)]

    outcome = judged("absolute", absolute_spec(strata=crossing()), context(tones))

    documents = [line.document() for line in outcome.strata]
    assert len(documents) == 4
    assert {one["n"] for one in documents} == {20}
    assert documents[0]["stratum"] == {"segment × species": "skin_tone_1 × print"}
    assert documents[0]["parts"] == [{"segment": "skin_tone_1"}, {"species": "print"}]
    assert documents[0]["title"] == "skin tone 1 × print as annotators perceived"


def test_channels_are_judged_one_by_one() -> None:
    rows = [
        (*row, "200", "android" if int(row[0][-3:]) % 2 else "mobile_web") for row in table_rows({"1": 20})
    ]
    spec = {"metric": "bpcer", "strata": {"channels": ["android", "mobile_web", "kiosk"]}, "limit": 0.5}

    lines = judged("absolute", spec, context(rows)).strata

    assert {line.stratum["channel"]: line.document()["n"] for line in lines} == {
        "android": 40,
        "mobile_web": 40,
        "kiosk": 0,
    }


def test_a_species_with_four_samples_says_that_no_statement_is_possible() -> None:
    given = context(attacks(4, wrong=1))

    line = judged("absolute", absolute_spec(strata={"species": ["print"]}), given).strata[0]

    assert line.reason_code is ReasonCode.TOO_FEW_SUBJECTS
    assert line.sentence.startswith(
        "Attacks accepted, print (n 4): no statement possible from 4 captures of 4 subjects; limit 45 %; "
    )

"""Every kind of criterion: its place in the one tuple, and a passing, a failing and an inconclusive case."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import releases.gates.criteria
from governance.documents import checked
from governance.errors import InvalidInput
from releases.gates.criteria import KINDS
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.vocabulary.fact_inputs import FactsInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    ALL_WRONG,
    HALF_WRONG,
    LIVE,
    SOME_ERRORS,
    absolute_spec,
    attestation,
    context,
    dataset,
    paired_spec,
    pooled_spec,
    retried,
    segments_of,
    timed,
    with_retry_band,
)

Case = tuple[dict[str, Any], Callable[[], Context]]


def superior(margin: float = 0.0) -> dict[str, Any]:
    return paired_spec(margin=margin, margin_reason="It is what the change is for.")


def ratio(limit: float) -> dict[str, Any]:
    segments = segments_of("1", "6")
    return {"metric": "bpcer", "strata": segments, "max_ratio": limit, "ratio_reason": "A test's"}


def disagreement() -> dict[str, Any]:
    segments = segments_of("1", "6")
    return {"strata": segments, "limit": 0.15, "limit_reason": "A test's", "baseline": {"kind": "live"}}


def calibration(margin: float) -> dict[str, Any]:
    return {"margin": margin, "margin_reason": "A test's", "baseline": {"kind": "live"}}


LATENCY = pooled_spec(budget_ms=500)
RETRIES = pooled_spec(limit=0.1)
COUNTS = {"metric": "apcer", "strata": {"species": ["print", "mask"]}, "max_errors": 5, "presentations": 40}
REVIEW = {"attestation": "calibration_review"}

CASES: dict[str, dict[Verdict, Case]] = {
    "absolute": {
        Verdict.PASS: (absolute_spec(), context),
        Verdict.FAIL: (absolute_spec(), lambda: context(table_rows({"mask": 30}))),
        Verdict.INCONCLUSIVE: (absolute_spec(), lambda: context(table_rows({"mask": 16}))),
    },
    "noninferiority": {
        Verdict.PASS: (paired_spec(), context),
        Verdict.FAIL: (paired_spec(), lambda: context(table_rows(HALF_WRONG))),
        Verdict.INCONCLUSIVE: (
            paired_spec(),
            lambda: context(table_rows({**SOME_ERRORS, "mask": 10})),
        ),
    },
    "superiority": {
        Verdict.PASS: (superior(0.1), lambda: context(None, {LIVE: table_rows(HALF_WRONG)})),
        Verdict.FAIL: (superior(), lambda: context(table_rows(HALF_WRONG))),
        Verdict.INCONCLUSIVE: (superior(), context),
    },
    "latency_quantile": {
        Verdict.PASS: (LATENCY, lambda: context(timed(table_rows()))),
        Verdict.FAIL: (LATENCY, lambda: context(timed(table_rows(), slow=10))),
        Verdict.INCONCLUSIVE: (LATENCY, lambda: context(timed(table_rows(), slow=2))),
    },
    "retry_rate": {
        Verdict.PASS: (RETRIES, lambda: context(thresholds=with_retry_band())),
        Verdict.FAIL: (
            RETRIES,
            lambda: context(retried(table_rows(), 12), thresholds=with_retry_band()),
        ),
        Verdict.INCONCLUSIVE: (
            RETRIES,
            lambda: context(retried(table_rows(), 4), thresholds=with_retry_band()),
        ),
    },
    "disagreement": {
        Verdict.PASS: (disagreement(), context),
        Verdict.FAIL: (disagreement(), lambda: context(table_rows(HALF_WRONG))),
        Verdict.INCONCLUSIVE: (disagreement(), lambda: context(table_rows({**SOME_ERRORS, "6": 9}))),
    },
    "calibration": {
        Verdict.PASS: (calibration(0.4), context),
        Verdict.FAIL: (calibration(0.02), lambda: context(table_rows(ALL_WRONG))),
        Verdict.INCONCLUSIVE: (calibration(0.02), context),
    },
    "max_errors": {
        Verdict.PASS: (COUNTS, context),
        Verdict.FAIL: (COUNTS, lambda: context(table_rows({"mask": 6}))),
        Verdict.INCONCLUSIVE: ({**COUNTS, "presentations": 150}, context),
    },
    "ratio_to_whole": {
        Verdict.PASS: (ratio(1.5), lambda: context(table_rows(HALF_WRONG))),
        Verdict.FAIL: (ratio(1.25), lambda: context(table_rows({"6": 20}))),
        Verdict.INCONCLUSIVE: (ratio(1.25), context),
    },
    "attestation": {
        Verdict.PASS: (REVIEW, lambda: context(attestations=[attestation()])),
        Verdict.FAIL: (REVIEW, lambda: context(attestations=[attestation(acceptable=False)])),
        Verdict.INCONCLUSIVE: (REVIEW, lambda: context(attestations=[attestation("error_analysis")])),
    },
    "completeness": {
        Verdict.PASS: ({"species": ["print"], "min_presentations": 40}, context),
        Verdict.FAIL: ({}, lambda: context(facts=FactsInput(card_missing=["known_risks"]))),
        Verdict.INCONCLUSIVE: ({}, lambda: context(datasets=[dataset(candidate=None)])),
    },
}

by_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.key for kind in KINDS])


def judged(kind: CriterionKind, spec: dict[str, Any], given: Context) -> CriterionOutcome:
    return kind.evaluate(given, checked(kind.spec, spec, field="spec", title=kind.title))


def test_every_file_of_the_folder_is_in_the_tuple() -> None:
    folder = Path(releases.gates.criteria.__file__).parent

    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert files == {kind.key for kind in KINDS}


def test_no_key_stands_twice() -> None:
    keys = [kind.key for kind in KINDS]

    assert len(set(keys)) == len(keys)


def test_every_kind_has_cases_here() -> None:
    assert set(CASES) == {kind.key for kind in KINDS}


@by_kind
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_kind_passes_fails_and_stays_inconclusive(kind: CriterionKind, verdict: Verdict) -> None:
    spec, given = CASES[kind.key][verdict]

    outcome = judged(kind, spec, given())

    assert outcome.verdict is verdict
    assert outcome.sentence.endswith(".")
    assert (outcome.reason_code is ReasonCode.MEETS) == (verdict is Verdict.PASS)


@by_kind
def test_every_kind_says_itself_in_a_sentence(kind: CriterionKind) -> None:
    spec, _ = CASES[kind.key][Verdict.PASS]

    said = kind.sentence(checked(kind.spec, spec, field="spec", title=kind.title))

    assert said.endswith(".")
    assert said[0].isupper()


@by_kind
def test_every_kind_refuses_an_unknown_key_by_name(kind: CriterionKind) -> None:
    spec, _ = CASES[kind.key][Verdict.PASS]

    with pytest.raises(InvalidInput) as refusal:
        checked(kind.spec, {**spec, "marign": 0.2}, field="spec", title=kind.title)

    assert [error.field for error in refusal.value.field_errors] == ["spec.marign"]


@by_kind
def test_every_kind_is_inconclusive_without_any_test_dataset(kind: CriterionKind) -> None:
    spec, _ = CASES[kind.key][Verdict.PASS]

    outcome = judged(kind, spec, context(datasets=[]))

    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.reason_code is ReasonCode.NO_DATA


@by_kind
def test_every_line_carries_its_stratum_verdict_and_sentence(kind: CriterionKind) -> None:
    spec, given = CASES[kind.key][Verdict.FAIL]

    lines = [line.document() for line in judged(kind, spec, given()).strata]

    assert lines[0]["verdict"] == "fail"
    assert all(len(line["stratum"]) == 1 and line["sentence"] for line in lines)


def test_segments_that_are_not_pinned_are_never_judged() -> None:
    spec = paired_spec(metric="bpcer", strata={"segments": ["skin_tone_6"]})

    outcome = judged(KINDS[1], spec, context())

    assert outcome.reason_code is ReasonCode.POLICY_NOT_LOCKED


def test_a_segment_is_judged_on_its_own() -> None:
    spec = paired_spec(metric="bpcer", strata=segments_of("1", "6"))

    outcome = judged(KINDS[1], spec, context(table_rows({**SOME_ERRORS, "1": 0, "6": 20})))

    assert {line.stratum["segment"]: line.verdict for line in outcome.strata} == {
        "skin_tone_6": Verdict.FAIL,
        "skin_tone_1": Verdict.PASS,
    }

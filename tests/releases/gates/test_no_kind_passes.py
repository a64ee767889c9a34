"""No kind of criterion passes on inputs that prove nothing, whatever its numbers and whatever was measured.

Where a kind says nothing about errors (a stack that is always wrong may answer fast), the policy as a whole
does: see test_never_pass.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releases.gates.criteria import KINDS
from releases.gates.judging.context import Context
from releases.gates.runs.computation import compute
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    LIVE,
    PINNED,
    SOME_ERRORS,
    Rows,
    absolute_spec,
    context,
    dataset,
    frame,
    paired_spec,
    pooled_spec,
    segments_of,
    table,
    thresholds,
    timed,
    with_retry_band,
)
from tests.releases.gates.test_computation import HEAD, criterion, quiet

REASON = "A test's"
EVIDENCE = {"max_evidence_age_days": 30, "planned_deff": 1, "planned_deff_reason": REASON}
COUNTS = st.fixed_dictionaries({stratum: st.integers(0, 40) for stratum in ("print", "mask", "1", "6")})
LENIENT = st.floats(0.01, 0.5)
FEW = settings(max_examples=2, deadline=None)

Making = Callable[[float], dict[str, Any]]

SEGMENTS = {"strata": segments_of("1", "6")}
BASELINE = {"baseline": {"kind": "live"}}
SPECS: dict[str, Making] = {
    "absolute": lambda share: absolute_spec(limit=share, **EVIDENCE),
    "noninferiority": lambda share: paired_spec(margin=share, **EVIDENCE),
    "superiority": lambda share: paired_spec(margin=share / 10, **EVIDENCE),
    "latency_quantile": lambda share: pooled_spec(budget_ms=share * 10_000, **EVIDENCE),
    "retry_rate": lambda share: {**SEGMENTS, "limit": share, **EVIDENCE},
    "disagreement": lambda share: {
        **SEGMENTS,
        **BASELINE,
        "limit": share,
        "limit_reason": REASON,
        **EVIDENCE,
    },
    "calibration": lambda share: {**BASELINE, "margin": share, "margin_reason": REASON, **EVIDENCE},
    "max_errors": lambda share: {
        "metric": "bpcer",
        **SEGMENTS,
        "max_errors": int(share * 40),
        "presentations": 100,
        **EVIDENCE,
    },
    "ratio_to_whole": lambda share: {
        "metric": "bpcer",
        **SEGMENTS,
        "max_ratio": 1 + share,
        "ratio_reason": REASON,
        **EVIDENCE,
    },
    "completeness": lambda share: {"species": ["print"], "min_presentations": 1 + int(share * 10)},
}
MEASURED = [kind for kind in SPECS if kind != "completeness"]
COMPARED = ["noninferiority", "superiority", "disagreement", "calibration"]
CUT_BY_SEGMENTS = ["retry_rate", "disagreement", "max_errors", "ratio_to_whole"]


def verdict(kind: str, share: float, run: Context) -> Verdict:
    return compute(HEAD, [criterion(kind, kind, SPECS[kind](share))], run, quiet).verdict


def rows_of(errors: dict[str, int]) -> Rows:
    return timed(table_rows(errors))


def test_every_kind_that_looks_at_tables_is_tried() -> None:
    assert set(SPECS) == {kind.key for kind in KINDS} - {"attestation"}


@pytest.mark.parametrize("kind", SPECS)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_an_empty_table(kind: str, share: float, errors: dict[str, int]) -> None:
    full = context(rows_of(errors))
    empty = Context(full.inputs, lambda _: frame(rows_of(errors)).head(0))

    assert verdict(kind, share, empty) is not Verdict.PASS


@pytest.mark.parametrize("kind", SPECS)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_scores_of_another_stack(kind: str, share: float, errors: dict[str, int]) -> None:
    foreign = dataset(candidate=table("candidate", stack_digest="sha256:" + "00" * 32))

    assert verdict(kind, share, context(rows_of(errors), datasets=[foreign])) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", SPECS)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_a_policy_of_the_other_polarity(kind: str, share: float, errors: dict[str, int]) -> None:
    run = context(rows_of(errors), thresholds=thresholds(polarity="higher_is_bona_fide"))

    assert verdict(kind, share, run) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", MEASURED)
@FEW
@given(share=LENIENT, errors=COUNTS, age=st.floats(30.001, 10_000))
def test_stale_scores(kind: str, share: float, errors: dict[str, int], age: float) -> None:
    old = dataset(candidate=table("candidate", age_days=age))

    assert verdict(kind, share, context(rows_of(errors), datasets=[old])) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", MEASURED)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_a_stack_that_never_answers(kind: str, share: float, errors: dict[str, int]) -> None:
    silent = [(*row[:5], "", row[6]) for row in rows_of(errors)]

    assert verdict(kind, share, context(silent)) is not Verdict.PASS


@pytest.mark.parametrize("kind", COMPARED)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_captures_that_the_baseline_never_saw(kind: str, share: float, errors: dict[str, int]) -> None:
    foreign = [(f"other-{row[0]}", *row[1:]) for row in table_rows(errors)]

    assert verdict(kind, share, context(foreign)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", COMPARED)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_captures_of_another_class_than_the_baselines(
    kind: str, share: float, errors: dict[str, int]
) -> None:
    other = {"attack": "bona_fide", "bona_fide": "attack"}
    swapped = [(*row[:2], other[row[2]], *row[3:]) for row in rows_of(errors)]

    assert verdict(kind, share, context(swapped)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", COMPARED)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_a_missing_baseline(kind: str, share: float, errors: dict[str, int]) -> None:
    missing = dataset(references={LIVE: None, PINNED: table(PINNED)})

    assert verdict(kind, share, context(rows_of(errors), datasets=[missing])) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", CUT_BY_SEGMENTS)
@FEW
@given(share=LENIENT, errors=COUNTS)
def test_segments_that_no_lock_pinned(kind: str, share: float, errors: dict[str, int]) -> None:
    spec = {**SPECS[kind](share), "strata": {"segments": ["skin_tone_1", "skin_tone_6"]}}

    unlocked = compute(HEAD, [criterion(kind, kind, spec)], context(rows_of(errors)), quiet)

    assert unlocked.document["criteria"][0]["reason_code"] == "policy_not_locked"


@pytest.mark.parametrize("kind", CUT_BY_SEGMENTS)
@FEW
@given(share=LENIENT, kept=st.integers(1, 19))
def test_too_few_captures(kind: str, share: float, kept: int) -> None:
    few = [row for row in table_rows() if int(row[0].split("-")[1]) < kept]

    assert verdict(kind, share, context(few)) is not Verdict.PASS


def test_the_same_specifications_pass_on_good_inputs() -> None:
    share, good = 0.5, context(rows_of(SOME_ERRORS), thresholds=with_retry_band())
    lenient = {kind: verdict(kind, share, good) for kind in MEASURED}

    passing = {kind for kind, found in lenient.items() if found is Verdict.PASS}
    # Twenty errors of a hundred captures need a hundred captures, better needs a worse baseline, and a ratio
    # needs more errors than four.
    assert passing == set(MEASURED) - {"max_errors", "superiority", "ratio_to_whole"}

"""Whatever the data look like: inputs that prove nothing, or the contrary, never make a gate pass."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.computation import compute
from releases.gates.vocabulary.inputs import Inputs, ProblemInput
from releases.gates.vocabulary.outcomes import ReasonCode
from releases.statistics.decisions import Verdict
from tests.examples import EXAMPLES
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    ALL_WRONG,
    LIVE,
    PINNED,
    SOME_ERRORS,
    absolute_spec,
    attestation,
    context,
    dataset,
    frame,
    paired_spec,
    pooled_spec,
    segments_of,
    table,
    thresholds,
)
from tests.releases.gates.test_computation import HEAD, criterion, quiet

EVIDENCE = {"max_evidence_age_days": 30, "planned_deff": 1, "planned_deff_reason": "A test's"}


def counting(**more: Any) -> dict[str, Any]:
    return {"metric": "bpcer", "strata": segments_of("1", "6"), "max_errors": 12, "presentations": 40, **more}


def ratio(**more: Any) -> dict[str, Any]:
    return {
        "metric": "bpcer",
        "strata": segments_of("1", "6"),
        "max_ratio": 2,
        "ratio_reason": "A test's",
        **more,
    }


def disagreeing(**more: Any) -> dict[str, Any]:
    return pooled_spec(limit=0.3, limit_reason="A test's", baseline={"kind": "live"}, **more)


def calibrated(**more: Any) -> dict[str, Any]:
    return {"margin": 0.4, "margin_reason": "A test's", "baseline": {"kind": "live"}, **more}


POLICY = [
    criterion("apcer", "absolute", absolute_spec(**EVIDENCE)),
    criterion("apcer_live", "noninferiority", paired_spec(**EVIDENCE)),
    criterion("apnrr_live", "noninferiority", paired_spec(metric="apnrr", **EVIDENCE)),
    criterion(
        "bpcer_live", "noninferiority", paired_spec(metric="bpcer", strata=segments_of("1", "6"), **EVIDENCE)
    ),
    criterion(
        "bpnrr_live", "noninferiority", paired_spec(metric="bpnrr", strata=segments_of("1", "6"), **EVIDENCE)
    ),
]
EVERY_KIND = [
    *POLICY,
    criterion("count", "max_errors", counting(**EVIDENCE)),
    criterion("ratio", "ratio_to_whole", ratio(**EVIDENCE)),
    criterion("same", "disagreement", disagreeing(**EVIDENCE)),
    criterion("shares", "calibration", calibrated(**EVIDENCE)),
    criterion("retries", "retry_rate", pooled_spec(limit=0.1, **EVIDENCE)),
    criterion("reviewed", "attestation", {"attestation": "calibration_review"}),
    criterion("complete", "completeness", {}),
]
COUNTS = st.fixed_dictionaries({stratum: st.integers(0, 40) for stratum in ("print", "mask", "1", "6")})
FEW = settings(max_examples=EXAMPLES // 2, deadline=None)


def verdict(run: Context, policy: list[Criterion] | None = None) -> Verdict:
    return compute(HEAD, POLICY if policy is None else policy, run, quiet).verdict


def test_the_same_policy_passes_on_good_inputs() -> None:
    assert verdict(context()) is Verdict.PASS


def test_a_policy_of_all_kinds_passes_on_good_inputs() -> None:
    assert verdict(context(attestations=[attestation()]), EVERY_KIND) is Verdict.PASS


@FEW
@given(baseline=COUNTS)
def test_a_stack_that_is_always_wrong_never_passes_a_policy_of_all_kinds(baseline: dict[str, int]) -> None:
    run = context(table_rows(ALL_WRONG), {LIVE: table_rows(baseline)}, attestations=[attestation()])

    assert verdict(run, EVERY_KIND) is not Verdict.PASS


@FEW
@given(baseline=COUNTS)
def test_a_stack_that_is_always_wrong_never_passes(baseline: dict[str, int]) -> None:
    run = context(table_rows(ALL_WRONG), {LIVE: table_rows(baseline)})

    assert verdict(run) is not Verdict.PASS


@FEW
@given(baseline=COUNTS)
def test_a_stack_that_never_answers_never_passes(baseline: dict[str, int]) -> None:
    rows = [(*row[:5], "" if row[0] != "print-000" else row[5]) for row in table_rows(SOME_ERRORS)]

    assert verdict(context(rows, {LIVE: table_rows(baseline)})) is not Verdict.PASS


@FEW
@given(errors=COUNTS)
def test_an_empty_table_never_passes(errors: dict[str, int]) -> None:
    full = context(table_rows(errors))
    empty = Context(full.inputs, lambda _: frame(table_rows(errors)).head(0))

    assert verdict(empty) is not Verdict.PASS


@FEW
@given(errors=COUNTS, kept=st.integers(0, 19))
def test_too_few_captures_never_pass(errors: dict[str, int], kept: int) -> None:
    rows = [row for row in table_rows(errors) if int(row[0].split("-")[1]) < max(kept, 1)]

    assert verdict(context(rows)) is not Verdict.PASS


@FEW
@given(errors=COUNTS, age=st.floats(30.001, 10_000))
def test_stale_scores_never_pass(errors: dict[str, int], age: float) -> None:
    run = context(table_rows(errors), datasets=[dataset(candidate=table("candidate", age_days=age))])

    assert verdict(run) is not Verdict.PASS


@FEW
@given(errors=COUNTS)
def test_captures_that_the_baseline_never_saw_never_pass(errors: dict[str, int]) -> None:
    foreign = [(f"other-{row[0]}", *row[1:]) for row in table_rows(errors)]

    assert verdict(context(foreign)) is not Verdict.PASS


@FEW
@given(errors=COUNTS)
def test_captures_of_another_class_than_the_baselines_never_pass(errors: dict[str, int]) -> None:
    swapped = [
        (*row[:2], "bona_fide" if row[2] == "attack" else "attack", *row[3:]) for row in table_rows(errors)
    ]

    assert verdict(context(swapped)) is not Verdict.PASS


@FEW
@given(errors=COUNTS)
def test_without_a_locked_policy_nothing_passes(errors: dict[str, int]) -> None:
    run = context(table_rows(errors))

    assert compute(None, POLICY, run, quiet).verdict is Verdict.INCONCLUSIVE
    assert verdict(run, []) is Verdict.INCONCLUSIVE


def reversed_polarity() -> Any:
    return thresholds(polarity="higher_is_bona_fide")


@FEW
@given(errors=COUNTS)
def test_a_policy_of_the_other_polarity_never_passes(errors: dict[str, int]) -> None:
    assert verdict(context(table_rows(errors), thresholds=reversed_polarity())) is not Verdict.PASS


def test_a_table_and_a_policy_that_are_both_reversed_never_pass() -> None:
    backwards = table("candidate", polarity="higher_is_bona_fide")

    run = context(
        table_rows(SOME_ERRORS), thresholds=reversed_polarity(), datasets=[dataset(candidate=backwards)]
    )

    assert verdict(run) is Verdict.FAIL


@FEW
@given(errors=COUNTS)
def test_scores_of_another_stack_never_pass(errors: dict[str, int]) -> None:
    foreign = table("candidate", stack_digest="sha256:" + "00" * 32)
    problem = ProblemInput(
        reason=ReasonCode.REPORT_NOT_OF_THIS_STACK, sentence="Of another stack", needs="needs"
    )
    by_digest = context(table_rows(errors), datasets=[dataset(candidate=foreign)])
    by_report = context(table_rows(errors), datasets=[dataset(candidate=None, problem=problem)])

    assert verdict(by_digest) is Verdict.INCONCLUSIVE
    assert verdict(by_report) is Verdict.INCONCLUSIVE


@FEW
@given(errors=COUNTS)
def test_a_missing_baseline_never_passes(errors: dict[str, int]) -> None:
    missing = dataset(references={LIVE: None, PINNED: table(PINNED)})

    assert verdict(context(table_rows(errors), datasets=[missing])) is not Verdict.PASS


@FEW
@given(errors=COUNTS)
def test_frozen_inputs_survive_their_storage_unchanged(errors: dict[str, int]) -> None:
    run = context(table_rows(errors))

    stored = Inputs.model_validate(run.inputs.model_dump(mode="json"))

    assert stored == run.inputs
    assert stored.digest == run.inputs.digest

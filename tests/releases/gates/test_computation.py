"""The gate's verdict from its criteria, the result's digest, and what a run of the lineage costs."""

from typing import Any

import pytest

from governance.documents import checked
from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.computation import PolicyHead, Result, compute
from releases.gates.vocabulary.inputs import EarlierRun
from releases.gates.vocabulary.wording import limit_percent, limit_points, percent, points
from releases.statistics.decisions import Verdict
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import (
    HALF_WRONG,
    SOME_ERRORS,
    absolute_spec,
    context,
    paired_spec,
    thresholds,
)

HEAD = PolicyHead("policy", "pad_gate", 1, "sha256:" + "ff" * 32)


def quiet(done: int, total: int, step: str) -> None:
    """Progress that nobody watches."""


def criterion(key: str, kind: str, spec: dict[str, Any], **changes: Any) -> Criterion:
    known = KIND_OF[kind]
    parsed = checked(known.spec, spec, field="spec", title=key)
    plain = {"severity": "blocking", "mode": "enforce", "owner": "qa_lead"}
    return Criterion(key, 1, known, key, spec=parsed, **{**plain, **changes})


def result(given: Context, *criteria: Criterion) -> Result:
    return compute(HEAD, criteria, given, quiet)


LIMIT = criterion("limit", "absolute", absolute_spec())
PAIR = criterion("pair", "noninferiority", paired_spec())


def test_the_gate_passes_when_every_blocking_criterion_does() -> None:
    found = result(context(), LIMIT, PAIR)

    assert found.verdict is Verdict.PASS
    assert found.document["sentence"] == "Pass: all 2 blocking criteria hold."


def test_the_gate_takes_the_worst_verdict() -> None:
    undecided = result(context(table_rows({**SOME_ERRORS, "mask": 10})), LIMIT, PAIR)
    failed = result(context(table_rows(HALF_WRONG)), LIMIT, PAIR)

    assert undecided.verdict is Verdict.INCONCLUSIVE
    assert failed.verdict is Verdict.FAIL


@pytest.mark.parametrize("changes", [{"severity": "advisory"}, {"mode": "observe"}])
def test_an_advisory_or_observed_criterion_is_reported_outside_the_verdict(changes: dict[str, str]) -> None:
    watched = criterion("pair", "noninferiority", paired_spec(margin=0.05), **changes)

    found = result(context(table_rows({**SOME_ERRORS, "mask": 11})), LIMIT, watched)

    assert [one["verdict"] for one in found.document["criteria"]] == ["pass", "fail"]
    assert found.verdict is Verdict.PASS


def test_without_any_deciding_criterion_the_gate_is_inconclusive() -> None:
    watched = criterion("limit", "absolute", absolute_spec(), mode="observe")

    assert result(context()).verdict is Verdict.INCONCLUSIVE
    assert result(context(), watched).verdict is Verdict.INCONCLUSIVE


def test_without_a_policy_nothing_is_judged() -> None:
    found = compute(None, [LIMIT], context(), quiet)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.document["reason_code"] == "policy_not_locked"
    assert found.document["criteria"] == []


def test_tables_that_cannot_be_counted_are_an_error_of_the_criterion_not_of_the_run() -> None:
    found = result(context(thresholds=thresholds(polarity="higher_is_bona_fide")), LIMIT)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.document["criteria"][0]["reason_code"] == "evaluation_error"
    assert "higher_is_bona_fide" in found.document["criteria"][0]["sentence"]


def test_the_same_inputs_give_the_same_bytes_whatever_the_order_of_rows() -> None:
    first = result(context(table_rows(HALF_WRONG)), LIMIT, PAIR)
    second = result(context(list(reversed(table_rows(HALF_WRONG)))), LIMIT, PAIR)

    assert first.body == second.body
    assert first.digest == second.digest


def test_the_digest_changes_with_a_limit_a_table_or_the_policy() -> None:
    base = result(context(), LIMIT)
    stricter = result(context(), criterion("limit", "absolute", absolute_spec(limit=0.44)))
    other_rows = result(context(table_rows(HALF_WRONG)), LIMIT)
    other_policy = compute(PolicyHead("policy", "pad_gate", 2, HEAD.digest), [LIMIT], context(), quiet)

    assert len({base.digest, stricter.digest, other_rows.digest, other_policy.digest}) == 4


def test_neither_age_nor_manifest_enters_the_digest() -> None:
    base = result(context(), LIMIT)
    older = context(manifest_digest="sha256:" + "00" * 32)
    older.inputs.datasets[0] = older.inputs.datasets[0].model_copy(
        update={"candidate": older.inputs.datasets[0].candidate.model_copy(update={"age_days": 50.0})}  # type: ignore[union-attr]  # the context's own table
    )

    assert result(older, LIMIT).digest == base.digest


def earlier(digest: str) -> EarlierRun:
    return EarlierRun(result_digest=digest, verdict="inconclusive", release="try", policy_digest="p")


@pytest.mark.parametrize(
    ("runs", "alpha"), [([], 0.05), (["one"], 0.025), (["one", "one"], 0.025), (["one", "two"], 0.05 / 3)]
)
def test_every_distinct_earlier_run_takes_its_share_of_the_error_rate(runs: list[str], alpha: float) -> None:
    found = result(context(earlier_runs=[earlier(run) for run in runs]), LIMIT, PAIR)

    lines = [line for one in found.document["criteria"] for line in one["strata"]]
    assert {line["alpha_pass"] for line in lines} == {alpha}
    assert {line["alpha_fail"] for line in lines} == {0.05}
    assert found.document["earlier_runs"] == len(set(runs))


def test_tries_that_pass_at_first_do_not_pass_after_many() -> None:
    rows = table_rows({"mask": 11})

    first = result(context(rows), LIMIT)
    after_ten = result(context(rows, earlier_runs=[earlier(str(run)) for run in range(10)]), LIMIT)

    assert (first.verdict, after_ten.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)


def test_progress_names_every_criterion_before_it_is_judged() -> None:
    steps: list[tuple[int, int, str]] = []

    compute(HEAD, [LIMIT, PAIR], context(), lambda *step: steps.append(step))

    assert steps == [(0, 2, "limit"), (1, 2, "pair")]


def test_numbers_are_written_as_the_house_writes_them() -> None:
    assert [percent(0.2989), limit_percent(0.45)] == ["29.9 %", "45 %"]
    assert [points(0.084), points(-0.003), points(-0.0001)] == ["+8.4", "−0.3", "0.0"]
    assert [limit_points(0.07), limit_points(0.075)] == ["+7", "+7.5"]


def test_criteria_that_compare_are_judged_last_and_stand_where_the_policy_has_them() -> None:
    told: list[str] = []

    found = compute(HEAD, [PAIR, LIMIT], context(), lambda done, total, step: told.append(step))

    assert told == ["limit", "pair"]
    assert [one["key"] for one in found.document["criteria"]] == ["pair", "limit"]

"""Criteria that were computed are kept: nothing is scanned twice, and no figure comes out differently."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.models import CriterionResult, GateEvaluation
from releases.gates.queries import criteria_of
from releases.gates.runs import evaluation as running
from releases.gates.runs.computation import PolicyHead, Result, compute
from releases.gates.runs.criterion_inputs import key_of, seen_by
from releases.gates.runs.evaluation import compute_evaluation, request_evaluation, run_evaluation
from releases.gates.runs.kept import KeptResults
from releases.gates.vocabulary.fact_inputs import FactsInput, ReadinessInput
from releases.gates.vocabulary.inputs import Inputs, TableInput
from tests.factories.bundles import CARD
from tests.factories.cast import actor
from tests.factories.gates import Gate, engine

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
UNCLEAR = {"print": 2, "mask": 9, "1": 2, "6": 2}


def requested(small: Gate, errors: dict[str, int] | None = None) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, errors or GOOD)
    return request_evaluation(actor(small.cast.author), revision=revision)


def again(evaluation: GateEvaluation) -> GateEvaluation:
    """A further run of the same revision, not yet run."""
    return GateEvaluation.objects.create(
        release=evaluation.release,
        revision=evaluation.revision,
        policy=evaluation.policy,
        inputs=evaluation.inputs,
        requested_at=evaluation.requested_at,
        requested_by_username="author",
    )


@contextmanager
def loads_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tables that were read meanwhile; a scan reads at least one."""
    loaded: list[str] = []
    real = running._load

    def load(table: TableInput) -> Any:
        loaded.append(table.canonical_digest)
        return real(table)

    with monkeypatch.context() as patch:
        patch.setattr(running, "_load", load)
        yield loaded


def without_cache(evaluation: GateEvaluation) -> Result:
    policy = evaluation.policy
    assert policy is not None
    head = PolicyHead(str(policy.id), policy.name, policy.version, policy.digest)
    context = Context(Inputs.model_validate(evaluation.inputs), running._load)
    return compute(head, criteria_of(policy), context, lambda *_step: None)


def test_a_run_with_kept_results_is_the_same_byte_for_byte_and_reads_no_table(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = requested(small, UNCLEAR)
    first = compute_evaluation(evaluation)
    kept = CriterionResult.objects.count()

    with loads_counted(monkeypatch) as loaded:
        second = compute_evaluation(evaluation)

    assert second.body == first.body == without_cache(evaluation).body
    assert loaded == []
    assert kept == len(first.document["criteria"]) == CriterionResult.objects.count()


def test_a_stopped_run_goes_on_with_the_first_criterion_that_is_not_kept(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = requested(small)
    expected = without_cache(evaluation)
    judged: list[str] = []
    real = KeptResults.keep

    def keep(self: KeptResults, key: str, document: dict[str, Any]) -> None:
        if len(judged) == 3:
            raise MemoryError("the process ends here")
        judged.append(document["key"])
        real(self, key, document)

    monkeypatch.setattr(KeptResults, "keep", keep)
    with pytest.raises(MemoryError):
        run_evaluation(engine(), evaluation=evaluation)
    before = list(judged)
    judged.clear()
    monkeypatch.setattr(KeptResults, "keep", lambda self, key, document: judged.append(document["key"]))
    ended = run_evaluation(engine(), evaluation=evaluation)

    assert len(before) == 3
    assert [one["key"] for one in expected.document["criteria"]] == [*before, *judged]
    assert ended.result_digest == expected.digest


def test_what_is_damaged_is_computed_again(small: Gate) -> None:
    evaluation = requested(small, UNCLEAR)
    inputs = Inputs.model_validate(evaluation.inputs)
    forged = {"verdict": "pass", "severity": "blocking", "mode": "enforce", "counted": True, "strata": []}
    assert evaluation.policy is not None
    CriterionResult.objects.bulk_create(
        CriterionResult(
            key=key_of(criterion, seen_by(criterion, inputs)),
            document={**criterion.document(), **forged},
            digest=f"sha256:{'0' * 64}",
            computed_at=timezone.now(),
        )
        for criterion in criteria_of(evaluation.policy)
    )

    result = compute_evaluation(evaluation)

    assert result.document["verdict"] == "inconclusive"
    assert result.body == without_cache(evaluation).body


def test_the_application_cannot_change_what_is_kept(small: Gate) -> None:
    compute_evaluation(requested(small))

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        CriterionResult.objects.update(digest="")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        CriterionResult.objects.filter(key__startswith="sha256:").delete()


def test_a_fact_that_changed_is_never_answered_from_what_did_not_know_it(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    whole = small.evaluated(revision)
    emptied = whole.inputs["facts"] | {"card_missing": ["why"]}
    second = again(whole)
    second.inputs = {**whole.inputs, "facts": emptied}

    result = compute_evaluation(second)

    verdicts = {one["key"]: one["verdict"] for one in result.document["criteria"]}
    assert whole.verdict == "pass"
    assert verdicts.pop("complete") == "fail"
    assert set(verdicts.values()) == {"pass"}


def test_figures_are_shared_by_revisions_with_the_same_stack_and_tables(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = requested(small)
    run_evaluation(engine(), evaluation=first)
    revised = small.revised(first.revision, card={**CARD, "why": "Said better."})
    second = request_evaluation(actor(small.cast.author), revision=revised)

    with loads_counted(monkeypatch) as loaded:
        ended = run_evaluation(engine(), evaluation=second)

    assert ended.verdict == "pass"
    assert loaded == []


@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": {"at_threshold": "attack"}},
        {"stack_digest": f"sha256:{'0' * 64}"},
        {"earlier_runs": [{"result_digest": "x", "verdict": "fail", "release": "x", "policy_digest": "x"}]},
        {"channels_without_live": [{"id": "x", "name": "kiosk"}]},
        {"set_up": []},
    ],
    ids=["thresholds", "stack", "earlier_runs", "channels", "none"],
)
def test_whatever_a_figure_depends_on_asks_for_a_computation_of_its_own(
    small: Gate, change: dict[str, Any]
) -> None:
    evaluation = requested(small)
    compute_evaluation(evaluation)
    kept = set(CriterionResult.objects.values_list("key", flat=True))
    changed = again(evaluation)
    part = next(iter(change))
    new = {**evaluation.inputs[part], **change[part]} if isinstance(change[part], dict) else change[part]
    changed.inputs = {**evaluation.inputs, part: new}

    compute_evaluation(changed)

    fresh = set(CriterionResult.objects.values_list("key", flat=True)) - kept
    same = changed.inputs == evaluation.inputs
    assert len(fresh) == (0 if same else len(kept))


def test_an_age_matters_only_where_the_criterion_limits_it(small: Gate) -> None:
    evaluation = requested(small)
    compute_evaluation(evaluation)
    kept = CriterionResult.objects.count()
    older = again(evaluation)
    (dataset,) = evaluation.inputs["datasets"]
    aged = {**dataset, "candidate": {**dataset["candidate"], "age_days": 400.0, "id": str(small.policy.id)}}
    older.inputs = {**evaluation.inputs, "datasets": [aged]}

    assert compute_evaluation(older).document["verdict"] == "pass"
    assert CriterionResult.objects.count() == kept


READY: dict[str, Any] = {
    "rollback_owner": "release_manager",
    "triggers": 1,
    "paths": [],
    "last_drill_age_days": 3.0,
    "release_owner": "author",
}


@pytest.mark.parametrize(
    ("spec", "age", "fresh"),
    [
        ({}, 90.0, 0),
        ({"readiness": ["rollback_path"]}, 90.0, 0),
        ({"readiness": ["rollback_path"], "max_drill_age_days": 30.0}, 4.0, 0),
        ({"readiness": ["rollback_path"], "max_drill_age_days": 30.0}, 90.0, 1),
    ],
    ids=["not_asked", "no_limit", "allowed", "too_old"],
)
def test_a_day_more_since_the_last_drill_asks_for_no_scan_unless_it_is_too_long_ago(
    small: Gate, spec: dict[str, Any], age: float, fresh: int
) -> None:
    evaluation = requested(small)
    inputs = Inputs.model_validate(evaluation.inputs)
    kind = KIND_OF["completeness"]
    criterion = Criterion("ready", 1, kind, "Ready", "", "blocking", "enforce", kind.spec(**spec))
    views = [
        seen_by(criterion, inputs.model_copy(update={"facts": FactsInput(readiness=ReadinessInput(**ready))}))
        for ready in (READY, {**READY, "last_drill_age_days": age})
    ]

    assert len({key_of(criterion, view) for view in views}) == 1 + fresh

"""Evaluations: requested with frozen inputs, run, completed once; what they count and what they remember."""

from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from pytest_django import Settings

from governance.access.queries import PermissionDenied
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.models import Blob
from governance.ledger.queries import entries_of, entry_of
from governance.outbox.models import OutboxMessage
from releases.bundles.services import withdraw_release
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.queries import evaluation_document, latest_evaluation
from releases.gates.runs.evaluation import (
    RevisionNotFrozen,
    complete_evaluation,
    compute_evaluation,
    fail_evaluation,
    request_evaluation,
    run_evaluation,
)
from releases.gates.tasks import evaluate
from releases.scores.models import ScoreTable
from tests.factories.cast import actor
from tests.factories.gates import (
    SMALL,
    Gate,
    criteria,
    drafted,
    engine,
    locked_policy,
    stack_content,
)

evaluate_task = current_app.tasks[f"releases.gates.{evaluate.__name__}"]
GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
UNCLEAR = {"print": 2, "mask": 9, "1": 2, "6": 2}
BAD = {"print": 2, "mask": 30, "1": 2, "6": 30}


def verdicts(evaluation: GateEvaluation) -> dict[str, str]:
    return {one["key"]: one["verdict"] for one in evaluation.result["criteria"]}


def test_a_good_release_passes_with_its_evidence(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    document = evaluation_document(evaluation)
    assert evaluation.status == EvaluationStatus.COMPLETED
    assert evaluation.verdict == "pass"
    assert evaluation.preregistered is True
    assert set(verdicts(evaluation).values()) == {"pass"}
    assert document["warnings"] == []
    assert document["baselines"][0]["live_on"] == ["android", "mobile_web"]
    assert {table["of"] for table in document["tables"]} == {"candidate", "first"}
    assert set(document["environment"]) == {"python", "numpy", "polars", "scipy", "code"}


def test_a_worse_release_fails_where_it_is_worse(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, BAD)

    evaluation = small.evaluated(revision)

    failed = {key for key, verdict in verdicts(evaluation).items() if verdict == "fail"}
    assert evaluation.verdict == "fail"
    assert failed == {"apcer", "apcer_live", "apcer_reference", "bpcer_live", "bpcer_reference"}
    assert "75.0 % against 10.0 % today, +65.0 points, at least +" in evaluation.result["sentence"]


def test_the_result_digest_names_the_stored_bytes_and_stands_in_the_entry(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    entry = entry_of(evaluation.stream(), "gate_evaluation.completed")
    assert entry is not None
    assert entry.document["refs"]["result"] == evaluation.result_digest
    assert digest_of_bytes(bytes(Blob.objects.get(digest=evaluation.result_digest).bytes)) == (
        evaluation.result_digest
    )


def test_running_again_from_the_same_inputs_gives_the_identical_digest(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, UNCLEAR)

    first, second = small.evaluated(revision), small.evaluated(revision)

    assert first.id != second.id
    assert first.verdict == "inconclusive"
    assert first.result_digest == second.result_digest


def test_inputs_are_frozen_when_the_run_is_requested(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    evaluation = request_evaluation(actor(small.cast.author), revision=revision)
    before = compute_evaluation(evaluation)
    small.scored(revision, BAD)

    assert compute_evaluation(evaluation).digest == before.digest
    assert run_evaluation(engine(), evaluation=evaluation).verdict == "pass"
    assert small.evaluated(revision).verdict == "fail"


def test_a_waiting_run_is_answered_instead_of_a_second_one(small: Gate) -> None:
    revision = small.candidate("second")

    first = request_evaluation(actor(small.cast.author), revision=revision)
    second = request_evaluation(actor(small.cast.qa_lead), revision=revision)

    assert first == second
    assert OutboxMessage.objects.filter(task="releases.gates.evaluate").count() == 1


def test_completing_twice_changes_nothing(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    evaluation = small.evaluated(revision)

    again = complete_evaluation(engine(), evaluation=evaluation, result=compute_evaluation(evaluation))
    failed = fail_evaluation(engine(), evaluation=evaluation, error="late")

    assert again.ended_at == evaluation.ended_at
    assert failed.verdict == "pass"
    assert entries_of([evaluation.stream()]).count() == 2


def test_a_run_that_cannot_be_computed_ends_failed_and_inconclusive(small: Gate) -> None:
    revision = small.candidate("second")
    evaluation = request_evaluation(actor(small.cast.author), revision=revision)

    ended = fail_evaluation(engine(), evaluation=evaluation, error="BlobMissing: gone")

    document = evaluation_document(ended)
    assert (ended.status, ended.verdict) == (EvaluationStatus.FAILED, "inconclusive")
    assert (document["reason_code"], document["error"]) == ("evaluation_error", "BlobMissing: gone")
    assert run_evaluation(engine(), evaluation=ended).status == EvaluationStatus.FAILED


def test_a_run_whose_table_is_gone_ends_failed_with_the_reason(
    small: Gate, settings: Settings, tmp_path: Path
) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    evaluation = request_evaluation(actor(small.cast.author), revision=revision)
    message = OutboxMessage.objects.get(task="releases.gates.evaluate")
    settings.SCORE_STORE = tmp_path

    evaluate_task.apply(args=(str(message.id),))

    evaluation.refresh_from_db()
    message.refresh_from_db()
    assert (evaluation.status, evaluation.verdict) == (EvaluationStatus.FAILED, "inconclusive")
    assert evaluation.error.startswith("BlobMissing: No file with the digest sha256:")
    assert message.failed_at is not None


def test_a_run_stopped_by_an_outage_waits_and_is_tried_again(
    small: Gate, settings: Settings, tmp_path: Path
) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    evaluation = request_evaluation(actor(small.cast.author), revision=revision)
    message = OutboxMessage.objects.get(task="releases.gates.evaluate")
    store = settings.SCORE_STORE
    (tmp_path / "unmounted").write_text("a file where a directory should be", encoding="ascii")
    settings.SCORE_STORE = tmp_path / "unmounted"
    evaluate_task.apply(args=(str(message.id),))
    evaluation.refresh_from_db()
    status_before = evaluation.status
    settings.SCORE_STORE = store
    OutboxMessage.objects.filter(id=message.id).update(postponed_until=timezone.now())

    evaluate_task.apply(args=(str(message.id),))

    evaluation.refresh_from_db()
    assert status_before == EvaluationStatus.REQUESTED
    assert (evaluation.status, evaluation.verdict) == (EvaluationStatus.COMPLETED, "pass")


def test_a_draft_is_not_evaluated(small: Gate) -> None:
    content = stack_content(small.cast, "second", small.dataset, channels=small.channels)

    with pytest.raises(RevisionNotFrozen):
        request_evaluation(actor(small.cast.author), revision=drafted(small.cast, "second", content))


def test_a_revision_frozen_before_any_policy_stays_inconclusive(small: Gate) -> None:
    evaluation = request_evaluation(actor(small.cast.author), revision=small.live)
    ended = run_evaluation(engine(), evaluation=evaluation)

    assert (ended.policy, ended.verdict) == (None, "inconclusive")
    assert evaluation_document(ended)["reason_code"] == "policy_not_locked"


def test_the_policy_in_force_when_the_revision_was_frozen_judges_it(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    locked_policy(small.cast, criteria(SMALL, small.live))

    evaluation = small.evaluated(revision)

    assert evaluation.policy == small.policy
    assert [one["code"] for one in evaluation_document(evaluation)["warnings"]] == ["policy_superseded"]


def test_a_policy_locked_after_the_scores_is_flagged(small: Gate) -> None:
    draft = drafted(
        small.cast, "second", stack_content(small.cast, "second", small.dataset, channels=small.channels)
    )
    small.scored(draft, GOOD)
    locked_policy(small.cast, criteria(SMALL, small.live))
    revision = small.frozen(draft)

    evaluation = small.evaluated(revision)

    assert (evaluation.verdict, evaluation.preregistered) == ("pass", False)
    assert evaluation_document(evaluation)["warnings"][0]["code"] == "not_preregistered"


def test_without_scores_of_the_stack_the_run_is_inconclusive(small: Gate) -> None:
    evaluation = small.evaluated(small.candidate("second"))

    assert evaluation.verdict == "inconclusive"
    assert evaluation.preregistered is None
    assert {one["reason_code"] for one in evaluation.result["criteria"]} == {"no_data"}


def test_scores_of_another_stack_behind_the_releases_report_are_said_so(small: Gate) -> None:
    revision = small.candidate("second")
    report = revision.slots.get(slot="evaluation_report").component
    table = small.scored(revision, GOOD, report=report)
    ScoreTable.objects.filter(id=table.id).update(stack_digest="sha256:" + "00" * 32)

    evaluation = small.evaluated(revision)

    assert evaluation.verdict == "inconclusive"
    assert evaluation.result["criteria"][0]["reason_code"] == "report_not_of_this_stack"


def test_the_newest_evaluation_is_the_one_that_counts(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    small.evaluated(revision)

    waiting = request_evaluation(actor(small.cast.author), revision=revision)

    assert latest_evaluation(revision) == waiting
    assert evaluation_document(waiting)["verdict"] is None
    assert evaluation_document(waiting)["progress"]["step"] == "waiting"


def test_a_withdrawn_revision_is_not_evaluated(small: Gate) -> None:
    revision = small.candidate("second")
    withdraw_release(actor(small.cast.author), revision=revision, reason="Not needed")

    with pytest.raises(RevisionNotFrozen):
        request_evaluation(actor(small.cast.author), revision=revision)


@pytest.mark.parametrize("name", ["approver", "release_manager", "auditor", "admin", "stranger"])
def test_others_ask_for_no_evaluation(small: Gate, name: str) -> None:
    revision = small.candidate("second")

    with pytest.raises(PermissionDenied):
        request_evaluation(actor(getattr(small.cast, name)), revision=revision)


@pytest.mark.parametrize("name", ["qa_lead", "author", "admin"])
def test_only_the_engine_completes_or_fails_a_run(small: Gate, name: str) -> None:
    evaluation = request_evaluation(actor(small.cast.author), revision=small.candidate("second"))
    who: Any = actor(getattr(small.cast, name))

    with pytest.raises(PermissionDenied):
        complete_evaluation(who, evaluation=evaluation, result=compute_evaluation(evaluation))
    with pytest.raises(PermissionDenied):
        fail_evaluation(who, evaluation=evaluation, error="no")

"""An attestation decides the gate again without a scan; over HTTP, by whoever may, and only within reach."""

from typing import Any

import pytest
from django.test import Client

from governance.actors import Actor, Principal
from governance.outbox.models import OutboxMessage
from releases.gates.models import Attestation, GateEvaluation
from releases.gates.policies.services import CriterionInput
from releases.gates.runs import evaluation as running
from releases.gates.runs.evaluation import EVALUATE_AGAIN, TASK
from releases.gates.tasks import evaluate, evaluate_again
from tests.factories.attestations import analysis_of, attested, review_of
from tests.factories.gates import SMALL, Gate, criteria, engine, locked_policy
from tests.factories.http import with_token

ATTESTATIONS, EVALUATIONS = "/api/v1/attestations/", "/api/v1/gate-evaluations/"
GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
JSON = "application/json"


@pytest.fixture
def run(small: Gate) -> GateEvaluation:
    """A run that lacks nothing but a reviewer."""
    reviewed = CriterionInput(
        "analysed", "attestation", "Failures are analysed", {"attestation": "error_analysis"}
    )
    locked_policy(small.cast, [*criteria(SMALL, small.live), reviewed], "reviewed_gate")
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    return small.evaluated(revision)


def body(run: GateEvaluation, **changes: Any) -> dict[str, Any]:
    plain = {
        "release": str(run.release_id),
        "kind": "error_analysis",
        "acceptable": True,
        "conclusion": "Blur explains them.",
        "content": analysis_of(run),
    }
    return {**plain, **changes}


def client(small: Gate, name: str = "qa_lead") -> Client:
    return with_token(getattr(small.cast, name))


def payload(task: str) -> dict[str, str]:
    """What the newest message of a task asks for."""
    found: dict[str, str] = OutboxMessage.objects.filter(task=task).order_by("-created_at")[0].payload
    return found


def worker(small: Gate) -> Actor:
    """The worker, on behalf of the reviewer."""
    return engine(Principal(small.cast.qa_lead.id, small.cast.qa_lead.username))


def test_an_attestation_decides_the_gate_again_and_no_table_is_read(
    small: Gate, run: GateEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = attested(small.cast, run, "error_analysis")
    loaded: list[object] = []
    monkeypatch.setattr(running, "_load", loaded.append)

    evaluate_again(worker(small), **payload(EVALUATE_AGAIN))
    evaluate(worker(small), **payload(TASK))

    newest = GateEvaluation.objects.filter(revision=run.revision).order_by("-requested_at")[0]
    assert (run.verdict, newest.verdict, newest.requested_by_username) == ("inconclusive", "pass", "qa_lead")
    assert newest.pk != run.pk
    assert newest.result["earlier_runs"] == run.result["earlier_runs"] == 0
    assert newest.result["inputs"]["attestations"] == [made.digest]
    assert loaded == []


def test_the_message_after_an_attestation_delivered_again_asks_for_no_further_run(
    small: Gate, run: GateEvaluation
) -> None:
    attested(small.cast, run, "error_analysis")
    evaluate_again(worker(small), **payload(EVALUATE_AGAIN))
    evaluate(worker(small), **payload(TASK))

    evaluate_again(worker(small), **payload(EVALUATE_AGAIN))

    assert GateEvaluation.objects.filter(revision=run.revision).count() == 2


def test_a_reviewer_who_does_not_accept_it_fails_the_gate(small: Gate, run: GateEvaluation) -> None:
    attested(small.cast, run, "error_analysis", acceptable=False)

    assert small.evaluated(run.revision).verdict == "fail"


def test_attesting_over_http_answers_what_stands_in_the_record(small: Gate, run: GateEvaluation) -> None:
    made = client(small).post(ATTESTATIONS, body(run), JSON, headers={"Idempotency-Key": "once"})
    again = client(small).post(ATTESTATIONS, body(run), JSON, headers={"Idempotency-Key": "once"})
    read = client(small, "auditor").get(made["Location"])
    listed = client(small, "auditor").get(f"{ATTESTATIONS}?kind=error_analysis&acceptable=true")

    assert [made.status_code, again.status_code, read.status_code] == [201, 201, 200]
    assert read.json() == made.json() == again.json()
    assert read.json()["evaluation"] == str(run.id)
    assert read.json()["attested_by_username"] == "qa_lead"
    assert [one["id"] for one in listed.json()["results"]] == [made.json()["id"]]
    assert Attestation.objects.count() == 1


def test_what_a_reviewer_looks_at_is_read_over_http(small: Gate, run: GateEvaluation) -> None:
    failures = client(small).get(f"{EVALUATIONS}{run.id}/failures/").json()
    figures = client(small).get(f"{EVALUATIONS}{run.id}/calibration/").json()

    assert failures["total"] == len(failures["failures"]) == sum(GOOD.values())
    assert failures["failures"][0] == {
        "sample": "1-000",
        "dataset": "faces_1",
        "label": "bona_fide",
        "species": "",
        "score": 0.9,
        "distance": pytest.approx(0.4),
        "attributes": {"skin_tone": "1"},
    }
    assert figures["digest"] == review_of(run)["figures_digest"]
    assert figures["has_figures"] is False


@pytest.mark.parametrize(
    ("name", "status"),
    [("author", 403), ("approver", 403), ("auditor", 403), ("integration", 403), ("stranger", 400)],
)
def test_whoever_may_not_attest_is_refused(small: Gate, run: GateEvaluation, name: str, status: int) -> None:
    assert client(small, name).post(ATTESTATIONS, body(run), JSON).status_code == status
    assert not Attestation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"kind": "guess"}, 400, "kind"),
        ({"conclusion": ""}, 400, "conclusion"),
        ({"content": {"buckets": {}}}, 400, "content.buckets.blur"),
        ({"content": "all good"}, 400, "content"),
        ({"acceptable": "perhaps"}, 400, "acceptable"),
        ({"state": "approved"}, 400, "state"),
        ({"revision": 7}, 404, ""),
        ({"evaluation": "00000000-0000-7000-8000-000000000000"}, 400, "evaluation"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_field(
    small: Gate, run: GateEvaluation, changes: dict[str, Any], status: int, field: str
) -> None:
    answer = client(small).post(ATTESTATIONS, body(run, **changes), JSON)

    fields = {one["field"] for one in answer.json()["errors"]}
    assert answer.status_code == status
    assert field in fields | {""}


def test_attestations_outside_the_reach_are_not_found(small: Gate, run: GateEvaluation) -> None:
    made = attested(small.cast, run, "error_analysis")
    stranger = client(small, "stranger")

    assert stranger.get(f"{ATTESTATIONS}{made.id}/").status_code == 404
    assert stranger.get(ATTESTATIONS).json()["results"] == []
    assert stranger.get(f"{EVALUATIONS}{run.id}/failures/").status_code == 404
    assert stranger.get(f"{EVALUATIONS}{run.id}/calibration/").status_code == 404

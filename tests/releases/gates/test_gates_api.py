"""Gate policies and evaluations over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.outbox.models import OutboxMessage
from releases.gates.models import GateEvaluation
from releases.gates.runs.evaluation import run_evaluation
from tests.factories.gates import SMALL, Gate, criteria, drafted, drafted_policy, engine, stack_content
from tests.factories.http import with_token

POLICIES, EVALUATIONS = "/api/v1/gate-policies/", "/api/v1/gate-evaluations/"
GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
JSON = "application/json"


def policy_body(gate: Gate, **changes: Any) -> dict[str, Any]:
    written = [
        {"key": one.key, "kind": one.kind, "title": one.title, "spec": one.spec}
        for one in criteria(SMALL, gate.live)
    ]
    scope = [{"what": "makeup", "reason": "Too few presentations"}]
    plain = {"system": str(gate.cast.system.id), "name": "next_gate", "criteria": written}
    return {**plain, "out_of_scope": scope, **changes}


def client(gate: Gate, name: str = "qa_lead") -> Client:
    return with_token(getattr(gate.cast, name))


def test_a_policy_is_drafted_read_edited_and_locked(small: Gate) -> None:
    qa = client(small)

    created = qa.post(POLICIES, policy_body(small), JSON)
    address = created["Location"]
    content = {key: value for key, value in policy_body(small).items() if key not in {"system", "name"}}
    edited = qa.put(address, {**content, "description": "Masks"}, JSON, headers={"If-Match": created["ETag"]})
    locked = qa.post(f"{address}lock/")
    read = qa.get(address)

    assert [created.status_code, edited.status_code, locked.status_code] == [201, 200, 200]
    assert created["ETag"] != edited["ETag"]
    assert read.json() == locked.json()
    assert read.json()["state"] == "locked"
    assert read.json()["description"] == "Masks"
    assert read.json()["criteria"][0]["sentence"].startswith(
        "APCER, attacks accepted, of each of print, mask"
    )
    assert f'"{read.json()["digest"]}"' == read["ETag"]


def test_an_edit_of_an_older_reading_answers_412(small: Gate) -> None:
    qa = client(small)
    created = qa.post(POLICIES, policy_body(small), JSON)
    content = {"criteria": policy_body(small)["criteria"][:2]}
    qa.put(created["Location"], content, JSON, headers={"If-Match": created["ETag"]})

    late = qa.put(created["Location"], content, JSON, headers={"If-Match": created["ETag"]})

    assert late.status_code == 412
    assert late.json()["code"] == "edited_meanwhile"


def test_a_policy_that_can_be_gamed_answers_what_it_lacks(small: Gate) -> None:
    qa = client(small)
    created = qa.post(POLICIES, policy_body(small, criteria=policy_body(small)["criteria"][1:]), JSON)

    refused = qa.post(f"{created['Location']}lock/")

    assert refused.status_code == 400
    assert refused.json()["code"] == "policy_can_be_gamed"
    assert "no absolute APCER criterion" in refused.json()["detail"]
    assert refused.json()["next_step"]


@pytest.mark.parametrize(
    ("criterion", "field"),
    [
        ({"key": "a", "kind": "magic", "title": "A", "spec": {}}, "criteria[0].kind"),
        ({"key": "a", "kind": "completeness", "title": "A", "spec": []}, "criteria[0].spec"),
        ({"key": "a", "kind": "completeness", "title": "A", "spec": {"cards": []}}, "criteria[0].spec.cards"),
        (
            {"key": "a", "kind": "completeness", "title": "A", "spec": {}, "weight": 1},
            "criteria[0].weight",
        ),
    ],
)
def test_a_body_that_does_not_fit_names_the_field(small: Gate, criterion: dict[str, Any], field: str) -> None:
    answer = client(small).post(POLICIES, policy_body(small, criteria=[criterion]), JSON)

    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_policies_are_listed_by_system_and_state(small: Gate) -> None:
    auditor = client(small, "auditor")

    found = auditor.get(POLICIES, {"system": str(small.cast.system.id), "state": "locked"}).json()["results"]
    none = auditor.get(POLICIES, {"state": "draft"}).json()["results"]

    assert [UUID(one["id"]) for one in found] == [small.policy.id]
    assert none == []


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "integration"])
def test_other_roles_neither_draft_nor_lock(small: Gate, name: str) -> None:
    other = client(small, name)

    drafting = other.post(POLICIES, policy_body(small), JSON)
    locking = other.post(f"{POLICIES}{small.policy.id}/lock/")

    assert [drafting.status_code, locking.status_code] == [403, 403]


def test_a_stranger_finds_neither_policy_nor_evaluation(small: Gate) -> None:
    stranger = client(small, "stranger")
    evaluation = small.evaluated(small.candidate("second"))

    answers = [
        stranger.get(f"{POLICIES}{small.policy.id}/"),
        stranger.post(f"{POLICIES}{small.policy.id}/lock/"),
        stranger.get(f"{EVALUATIONS}{evaluation.id}/"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert stranger.get(EVALUATIONS).json()["results"] == []


def test_an_evaluation_is_asked_for_followed_and_read(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    author = client(small, "author")

    asked = author.post(EVALUATIONS, {"release": str(revision.release_id)}, JSON)
    waiting = author.get(asked["Location"]).json()
    run_evaluation(engine(), evaluation=GateEvaluation.objects.get(id=waiting["id"]))
    done = author.get(asked["Location"]).json()

    assert asked.status_code == 202
    assert (waiting["status"], waiting["verdict"], waiting["progress"]["step"]) == (
        "requested",
        None,
        "waiting",
    )
    assert (done["status"], done["verdict"], done["preregistered"]) == ("completed", "pass", True)
    assert (done["release"], done["revision"], done["policy"]) == (
        str(revision.release_id),
        1,
        str(small.policy.id),
    )
    assert set(LINE) <= set(done["criteria"][2]["strata"][0])


LINE = (
    "stratum",
    "n",
    "subjects",
    "rows_without_cluster",
    "a",
    "b",
    "c",
    "d",
    "events",
    "estimate",
    "lower",
    "upper",
    "limit",
    "n_eff",
    "method",
    "verdict",
    "reason_code",
)
"""The keys of a stratum that the contract names."""


def test_asking_twice_with_one_key_is_one_run(small: Gate) -> None:
    revision = small.candidate("second")
    author = client(small, "author")
    body = {"release": str(revision.release_id)}

    first = author.post(EVALUATIONS, body, JSON, headers={"Idempotency-Key": "once"})
    run_evaluation(engine(), evaluation=GateEvaluation.objects.get(revision=revision))
    second = author.post(EVALUATIONS, body, JSON, headers={"Idempotency-Key": "once"})

    assert first.json()["id"] == second.json()["id"]
    assert OutboxMessage.objects.filter(task="releases.gates.evaluate").count() == 1


def test_evaluations_are_listed_without_their_evidence_by_release_and_verdict(small: Gate) -> None:
    revision = small.candidate("second")
    small.evaluated(revision)
    auditor = client(small, "auditor")

    found = auditor.get(EVALUATIONS, {"release": str(revision.release_id), "verdict": "inconclusive"})
    none = auditor.get(EVALUATIONS, {"verdict": "pass"})

    assert [one["release_name"] for one in found.json()["results"]] == ["second"]
    assert "criteria" not in found.json()["results"][0]
    assert none.json()["results"] == []


def test_a_draft_is_refused_with_the_next_step(small: Gate) -> None:
    content = stack_content(small.cast, "second", small.dataset, channels=small.channels)
    draft = drafted(small.cast, "second", content)

    answer = client(small, "author").post(EVALUATIONS, {"release": str(draft.release_id)}, JSON)

    assert (answer.status_code, answer.json()["code"]) == (409, "revision_not_frozen")
    assert answer.json()["next_step"] == "Freeze the release, then evaluate it."


def test_an_older_revision_is_evaluated_by_its_number(small: Gate) -> None:
    revision = small.candidate("second")
    newer = small.revised(revision)
    author = client(small, "author")

    newest = author.post(EVALUATIONS, {"release": str(revision.release_id)}, JSON)
    older = author.post(EVALUATIONS, {"release": str(revision.release_id), "revision": 1}, JSON)
    missing = author.post(EVALUATIONS, {"release": str(revision.release_id), "revision": 3}, JSON)

    assert (newest.json()["revision"], older.json()["revision"]) == (newer.number, 1)
    assert missing.status_code == 404


@pytest.mark.parametrize("name", ["approver", "release_manager", "auditor", "security_all"])
def test_roles_without_the_right_ask_for_no_run(small: Gate, name: str) -> None:
    body = {"release": str(small.candidate("second").release_id)}

    assert client(small, name).post(EVALUATIONS, body, JSON).status_code == 403


def test_a_token_without_the_gates_scope_asks_for_no_run(small: Gate) -> None:
    revision = small.candidate("second")

    answer = with_token(small.cast.author, "read", "releases:write").post(
        EVALUATIONS, {"release": str(revision.release_id)}, JSON
    )

    assert answer.status_code == 403
    assert "gates:write" in answer.json()["detail"]


def queries_of(reader: Client, address: str) -> int:
    reader.get(address)
    with CaptureQueriesContext(connection) as queries:
        reader.get(address)
    return len(queries)


def test_a_list_of_evaluations_takes_as_many_queries_for_two_as_for_one(small: Gate) -> None:
    auditor = client(small, "auditor")
    small.evaluated(small.candidate("second"))
    one = queries_of(auditor, EVALUATIONS)
    small.evaluated(small.candidate("third"))

    assert queries_of(auditor, EVALUATIONS) == one


def test_a_list_of_policies_takes_as_many_queries_for_two_as_for_one(small: Gate) -> None:
    auditor = client(small, "auditor")
    drafted_policy(small.cast, criteria(SMALL, small.live), "one_more")
    one = queries_of(auditor, POLICIES)
    drafted_policy(small.cast, criteria(SMALL, small.live), "another")

    assert queries_of(auditor, POLICIES) == one

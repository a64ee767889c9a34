"""Overrides over HTTP: what is answered, who is refused, what a body must hold."""

from typing import Any
from uuid import uuid4

import pytest

from governance.access.models import Account
from governance.access.roles import Role
from releases.bundles.models import Revision
from releases.gates.models import Override
from releases.gates.overrides.queries import failing_criteria
from tests.factories.approvals import candidate, requested, voted
from tests.factories.cast import grant, person, system_with_channels
from tests.factories.http import Answer, signed_in, with_token
from tests.factories.overrides import WHY, confirmed, failing, given, newest, proposed, undecided
from tests.factories.worlds import Prepared

OVERRIDES = "/api/v1/overrides/"


def body(revision: Revision, **changes: Any) -> dict[str, Any]:
    found = newest(revision)
    return {
        "release": str(revision.release_id),
        "criteria": list(failing_criteria(found.result)),
        "reason": WHY,
        "result_digest": found.result_digest,
        **changes,
    }


def post(account: Account, address: str, sent: dict[str, Any], **headers: str) -> Answer:
    answer: Answer = signed_in(account).post(address, sent, content_type="application/json", headers=headers)
    return answer


def expedite_address(revision: Revision) -> str:
    return f"/api/v1/releases/{revision.release_id}/expedite/"


def terms_of(revision: Revision, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in body(revision, **changes).items() if key != "release"}


def test_one_person_overrides_an_inconclusive_gate(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    answer = post(prepared.here.cast.qa_lead, OVERRIDES, body(revision, valid_hours=10))

    assert answer.status_code == 201
    found = answer.json()
    assert answer["Location"] == f"{OVERRIDES}{found['id']}/"
    assert (found["standing"], found["verdict"], found["confirmed_by_username"]) == (
        "in_force",
        "inconclusive",
        "",
    )
    assert found["sentence"].startswith("inconclusive, overridden until")


def test_past_a_fail_the_first_call_proposes_and_the_same_call_with_the_proposal_confirms(
    prepared: Prepared,
) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    sent = body(revision)

    first = post(cast.approver, OVERRIDES, sent)
    listed = with_token(cast.security_all).get(f"{OVERRIDES}proposals/").json()
    second = post(cast.security_all, OVERRIDES, {**sent, "proposal": first.json()["proposal"]})

    assert first.status_code == 202
    assert [row["proposal"] for row in listed["results"]] == [first.json()["proposal"]]
    assert listed["results"][0]["arguments"]["criteria"] == sorted(sent["criteria"])
    assert second.status_code == 201
    assert second.json()["confirmed_by_username"] == "security_all"


def test_proposals_are_seen_within_the_reach_alone(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    proposed(cast.approver, revision)

    assert with_token(cast.stranger).get(f"{OVERRIDES}proposals/").json()["count"] == 0
    assert with_token(cast.auditor).get(f"{OVERRIDES}proposals/").json()["count"] == 1


def test_a_release_is_expedited_by_two_calls(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    sent = terms_of(revision, review_days=3)

    first = post(cast.approver, expedite_address(revision), sent)
    second = post(
        cast.security_all, expedite_address(revision), {**sent, "proposal": first.json()["proposal"]}
    )

    assert first.status_code == 202
    assert second.status_code == 201
    assert second.json()["expedite"] is True
    assert second.json()["review_due_at"] is not None


def test_an_expedite_is_reviewed_by_a_third_person(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = confirmed(cast.approver, cast.security_all, revision, expedite=True)
    voted(cast.approver_two, requested(prepared.here, revision), acknowledge=["override"])
    address = f"{OVERRIDES}{override.id}/review/"

    refused = post(cast.approver, address, {"conclusion": "Fine."})
    done = post(cast.qa_lead, address, {"conclusion": "Fine."})

    assert (refused.status_code, refused.json()["code"]) == (403, "reviewer_gave_it")
    assert done.status_code == 200
    assert done.json()["reviewed_by_username"] == "qa_lead"


def test_an_override_is_withdrawn(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here))

    answer = post(cast.approver, f"{OVERRIDES}{override.id}/withdraw/", {"reason": "More data came"})

    assert answer.json()["standing"] == "withdrawn"


@pytest.mark.parametrize("name", ["author", "release_manager", "auditor", "security_reviewer", "admin"])
def test_others_are_refused(prepared: Prepared, name: str) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    account = getattr(cast, name)

    answers = [
        post(account, OVERRIDES, body(revision)),
        post(account, expedite_address(revision), terms_of(revision)),
        post(account, f"{OVERRIDES}{override.id}/withdraw/", {"reason": "I want it"}),
        post(account, f"{OVERRIDES}{override.id}/review/", {"conclusion": "Fine."}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert Override.objects.count() == 1


def test_another_system_sees_no_override_and_gives_none(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    override = given(prepared.here.cast.qa_lead, revision)
    other = person("elsewhere")
    grant(other, Role.APPROVER, system=system_with_channels("payout", ("ios",)))
    client = signed_in(other)

    assert client.get(OVERRIDES).json()["results"] == []
    assert client.get(f"{OVERRIDES}{override.id}/").status_code == 404
    assert post(other, f"{OVERRIDES}{override.id}/withdraw/", {"reason": "x"}).status_code == 404
    assert post(other, expedite_address(revision), terms_of(revision)).status_code == 404
    assert post(other, OVERRIDES, body(revision)).status_code == 400


def test_a_token_does_not_answer_for_its_person(prepared: Prepared) -> None:
    revision, qa_lead = undecided(prepared.here), prepared.here.cast.qa_lead

    answer = with_token(qa_lead).post(OVERRIDES, body(revision), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "session_needed")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"criteria": []}, "criteria"),
        ({"criteria": "apcer"}, "criteria"),
        ({"criteria": ["apcer"]}, "criteria"),
        ({"reason": ""}, "reason"),
        ({"reason": "\0"}, "reason"),
        ({"valid_hours": 73}, "valid_hours"),
        ({"valid_hours": -1}, "valid_hours"),
        ({"valid_hours": "long"}, "valid_hours"),
        ({"valid_hours": 10**30}, "valid_hours"),
        ({"channels": []}, "channels"),
        ({"channels": [str(uuid4())]}, "channels"),
        ({"expedite": True}, "expedite"),
        ({"verdict": "pass"}, "verdict"),
        ({"proposal": "mine"}, "proposal"),
        ({"release": str(uuid4())}, "release"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    prepared: Prepared, changes: dict[str, Any], field: str
) -> None:
    revision = undecided(prepared.here)

    answer = post(prepared.here.cast.qa_lead, OVERRIDES, body(revision, **changes))

    assert answer.status_code == 400
    assert {error["field"].partition(".")[0] for error in answer.json()["errors"]} == {field}
    assert not Override.objects.exists()


def test_the_same_call_with_the_same_key_is_one_override(prepared: Prepared) -> None:
    revision, qa_lead = undecided(prepared.here), prepared.here.cast.qa_lead
    client = signed_in(qa_lead)

    answers = [
        client.post(
            OVERRIDES, body(revision), content_type="application/json", headers={"Idempotency-Key": "once"}
        )
        for _ in range(2)
    ]
    without_key = client.post(OVERRIDES, body(revision), content_type="application/json")

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert (without_key.status_code, without_key.json()["code"]) == (409, "already_overridden")


def test_the_list_is_filtered_and_refuses_what_it_does_not_know(prepared: Prepared) -> None:
    cast = prepared.here.cast
    given(cast.qa_lead, undecided(prepared.here))
    client = with_token(cast.auditor)

    def count(**asked: str) -> int:
        return len(client.get(OVERRIDES, asked).json()["results"])

    assert (count(in_force="true"), count(in_force="false")) == (1, 0)
    assert (count(verdict="inconclusive"), count(verdict="fail")) == (1, 0)
    assert (count(expedite="false"), count(expedite="true")) == (1, 0)
    assert count(system=str(cast.system.id)) == 1
    assert client.get(OVERRIDES, {"colour": "red"}).status_code == 400
    assert client.get(OVERRIDES, {"in_force": "perhaps"}).status_code == 400


def test_a_request_tells_of_its_override_and_of_what_to_acknowledge(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    request = requested(prepared.here, revision)
    address = f"/api/v1/approval-requests/{request.id}/"

    found = with_token(cast.approver).get(address).json()
    refused = post(cast.approver, f"{address}votes/", {"decision": "approve", "reason": "Read it"})
    vote = post(
        cast.approver,
        f"{address}votes/",
        {"decision": "approve", "reason": "Read it", "acknowledge": ["override"]},
    )

    assert found["override"] == str(override.id)
    assert found["gate"].startswith("inconclusive, overridden until")
    assert [one["code"] for one in found["to_acknowledge"]] == ["override"]
    assert (refused.status_code, refused.json()["code"]) == (400, "not_acknowledged")
    assert refused.json()["errors"][0]["field"] == "acknowledge"
    assert vote.status_code == 201
    assert vote.json()["acknowledged"][0]["code"] == "override"


def test_a_reviewer_of_one_channel_sees_the_overrides_that_touch_it_and_no_others(
    prepared: Prepared,
) -> None:
    cast = prepared.here.cast
    elsewhere = given(cast.qa_lead, candidate(prepared.here, "4", accepted_attacks=8, channels=("android",)))
    touching = given(cast.qa_lead, undecided(prepared.here))
    client = signed_in(cast.security_reviewer)

    listed = [row["id"] for row in client.get(OVERRIDES).json()["results"]]

    assert listed == [str(touching.id)]
    assert client.get(f"{OVERRIDES}{elsewhere.id}/").status_code == 404
    assert client.get(f"/admin/releases/override/{elsewhere.id}/change/").status_code == 404
    assert "v4, revision" not in client.get("/admin/releases/override/", {"q": "v4"}).content.decode()

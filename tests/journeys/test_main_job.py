"""The main job as a story over HTTP: register, freeze, evaluate, vote, live, rolled back.

Each role does its part, and at every station those who must not are refused.
"""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import DatabaseError, connection

from governance.ledger.models import Entry
from releases.approvals.models import Approval
from releases.bundles.models import Revision
from tests.database import in_threads
from tests.journeys.steps import CHANNELS, Journey, register


def requested(journey: Journey) -> Any:
    """The approval of the candidate is asked for."""
    return journey.post("author", "/approval-requests/", {"release": journey.candidate["id"]}, status=201)


def vote(journey: Journey, who: str, request: str, *, status: int, decision: str = "approve") -> Any:
    body = {"decision": decision, "reason": "The numbers hold."}
    return journey.post(who, f"/approval-requests/{request}/votes/", body, status=status)


def start(journey: Journey, channel: str) -> Any:
    """The release manager starts the candidate."""
    body = {"release": journey.candidate["id"], "channel": journey.channel(channel)}
    return journey.post("release_manager", "/rollouts/", body, status=201)


def advance(journey: Journey, rollout: Any) -> Any:
    """The release manager lets it enter the stage that it showed as its next."""
    body = {"reason": "Nothing unusual was seen.", "to_stage": rollout["next_stage"]}
    return journey.post("release_manager", f"/rollouts/{rollout['id']}/advance/", body, status=200)


def test_a_release_goes_from_registration_to_live_and_back(journey: Journey) -> None:
    channel = journey.channel("mobile_web")

    evaluation = journey.candidate["evaluation"]
    request = requested(journey)
    before_approval = journey.post(
        "release_manager", "/rollouts/", {"release": journey.candidate["id"], "channel": channel}, status=409
    )
    vote(journey, "approver", request["id"], status=201)
    approved = journey.get("auditor", f"/releases/{journey.candidate['id']}/")
    android, web = [start(journey, name) for name in CHANNELS]
    guarded = journey.get("integration", f"/channels/{channel}/live/")
    advance(journey, android)
    done = advance(journey, web)
    live = journey.get("integration", f"/channels/{channel}/live/")
    back = journey.post(
        "security_reviewer",
        f"/rollouts/{web['id']}/roll-back/",
        {"reason": "Retries rise."},
        status=200,
    )
    after = journey.get("integration", f"/channels/{channel}/live/")
    then = journey.get("integration", f"/channels/{channel}/live/?at={quote(guarded['at'])}")

    assert journey.candidate["before_freeze"]["next_step"]
    assert journey.candidate["before_gate"]["next_step"]
    assert evaluation["verdict"] == "pass"
    assert before_approval["code"] == "release_not_approved"
    assert approved["state"] == "approved"
    assert (web["state"], web["stage"]) == ("rolling_out", "guarded")
    assert guarded["release"] == journey.candidate["first"]
    assert guarded["candidate"]["release"] == journey.candidate["id"]
    assert [(arm["arm"], arm["share"]) for arm in guarded["arms"]] == [
        ("stable", 0.5),
        ("candidate", 0.25),
        ("control", 0.25),
    ]
    assert (done["state"], done["stage"]) == ("live", "general")
    assert live["release"] == journey.candidate["id"]
    assert {**then, "at": "", "ledger_index": None} == {**guarded, "at": "", "ledger_index": None}
    assert back["target_release"] == journey.candidate["first"]
    assert after["release"] == journey.candidate["first"]
    elsewhere = journey.get("integration", f"/channels/{journey.channel('android')}/live/")
    assert elsewhere["release"] == journey.candidate["id"]


def test_whoever_had_a_hand_in_the_release_cannot_vote_on_it(journey: Journey) -> None:
    request = requested(journey)

    by_author = vote(journey, "author", request["id"], status=403)
    by_pipeline = vote(journey, "integration", request["id"], status=403)
    by_administrator = vote(journey, "admin", request["id"], status=403)

    assert by_author["next_step"]
    assert by_pipeline["next_step"]
    assert by_administrator["next_step"]
    assert not Approval.objects.exists()


def test_a_stranger_sees_nothing_of_a_foreign_system(journey: Journey) -> None:
    request = requested(journey)

    journey.get("stranger", f"/releases/{journey.candidate['id']}/", status=404)
    journey.get("stranger", f"/approval-requests/{request['id']}/", status=404)
    vote(journey, "stranger", request["id"], status=404)
    foreign = journey.post("stranger", "/gate-evaluations/", {"release": journey.candidate["id"]}, status=400)

    assert journey.get("stranger", "/releases/")["results"] == []
    assert foreign["errors"][0]["field"] == "release"


def test_a_reviewer_of_one_channel_rolls_back_there_and_nowhere_else(journey: Journey) -> None:
    request = requested(journey)
    vote(journey, "approver", request["id"], status=201)
    started = start(journey, "android")

    refused = journey.post(
        "security_reviewer", f"/rollouts/{started['id']}/roll-back/", {"reason": "Retries rise."}, status=404
    )

    assert refused["code"] == "not_found"
    assert journey.get("auditor", f"/rollouts/{started['id']}/")["state"] == "rolling_out"


def test_a_rollout_is_held_by_the_pipeline_goes_on_and_is_taken_back_on_its_way(journey: Journey) -> None:
    request = requested(journey)
    vote(journey, "approver", request["id"], status=201)
    web = start(journey, "mobile_web")
    path = f"/rollouts/{web['id']}"
    why = {"reason": "Retries rise."}

    held = journey.post("integration", f"{path}/hold/", why, status=200)
    too_early = journey.post("release_manager", f"{path}/advance/", why, status=409)
    by_pipeline = journey.post("integration", f"{path}/resume/", why, status=403)
    journey.post("release_manager", f"{path}/resume/", why, status=200)
    paused = journey.post("release_manager", f"{path}/pause/", why, status=200)
    nobody = journey.get("integration", f"/channels/{journey.channel('mobile_web')}/live/")
    back = journey.post("security_reviewer", f"{path}/roll-back/", why, status=200)
    after = journey.get("integration", f"/channels/{journey.channel('mobile_web')}/live/")

    assert (held["state"], held["held_reason"], held["shares"]["treatment"]) == ("held", why["reason"], 0.25)
    assert (too_early["code"], too_early["next_step"]) == ("wrong_state", "Resume it first.")
    assert by_pipeline["next_step"]
    assert (paused["paused"], paused["shares"]["treatment"]) == (True, 0.0)
    assert [arm["arm"] for arm in nobody["arms"]] == ["stable"]
    assert back["target_release"] == journey.candidate["first"]
    assert (after["release"], after["candidate"]) == (journey.candidate["first"], None)


def test_a_change_voids_the_votes(journey: Journey) -> None:
    request = requested(journey)
    card = {**journey.candidate["frozen"]["card"], "known_risks": "One more was found."}
    answer = journey.clients["author"].patch(
        f"/api/v1/releases/{journey.candidate['id']}/", {"card": card}, content_type="application/json"
    )

    late = vote(journey, "approver", request["id"], status=409)

    assert answer.status_code == 200, answer.content.decode()
    assert answer.json()["revision"] == 2
    assert late["next_step"]
    assert not Approval.objects.exists()
    assert journey.get("auditor", f"/approval-requests/{request['id']}/")["state"] == "void"


def test_the_database_refuses_a_change_without_an_entry(journey: Journey) -> None:
    revision = Revision.objects.get(release_id=journey.candidate["id"])

    with pytest.raises(DatabaseError, match="ledger guard"), connection.cursor() as cursor:
        cursor.execute("UPDATE releases_revision SET state = 'approved' WHERE id = %s", [revision.id])

    revision.refresh_from_db()
    assert revision.state == "frozen"


def test_the_same_call_twice_with_one_key_acts_once(journey: Journey) -> None:
    body = {"release": journey.candidate["id"]}
    key = {"Idempotency-Key": "request-1"}

    first = journey.post("author", "/approval-requests/", body, status=201, **key)
    again = journey.post("author", "/approval-requests/", body, status=201, **key)
    other = journey.post(
        "author", "/approval-requests/", {**body, "reason": "Another text"}, status=409, **key
    )

    assert again["id"] == first["id"]
    assert other["code"] == "idempotency_key_reused"
    stream = f"approval_request:{first['id']}"
    assert Entry.objects.filter(stream=stream, document__type="approval.requested").count() == 1


def test_two_approvers_at_once_make_one_approval(journey: Journey) -> None:
    request = requested(journey)
    path = f"/api/v1/approval-requests/{request['id']}/votes/"
    body = {"decision": "approve", "reason": "The numbers hold."}

    answers = in_threads(
        lambda: journey.clients["approver"].post(path, body, content_type="application/json").status_code,
        lambda: journey.clients["approver_two"].post(path, body, content_type="application/json").status_code,
    )

    assert sorted(answers) == [201, 409]
    assert Approval.objects.count() == 1
    assert journey.get("auditor", f"/releases/{journey.candidate['id']}/")["state"] == "approved"


def test_refused_attempts_stand_in_the_ledger(journey: Journey) -> None:
    request = requested(journey)

    vote(journey, "author", request["id"], status=403)

    refusal = Entry.objects.filter(document__type="verb.refused").latest("at").document
    assert refusal["actor"]["username"] == "author"
    assert refusal["after"]["verb"] == "vote.cast"
    assert f"approval_request:{request['id']}" in refusal["after"]["targets"]


def test_what_is_registered_twice_is_refused_by_name(journey: Journey) -> None:
    register(journey, "model", "live")

    again = journey.post(
        "author",
        "/components/",
        {
            "kind": "model",
            "system": journey.system,
            "name": "live",
            "version": "1",
            "digest": "sha256:" + "ab" * 32,
            "attributes": {"architecture": "another"},
        },
        status=409,
    )

    assert again["code"] == "already_registered"
    assert "live 1" in again["detail"]

"""Moving a rollout through HTTP: answers, refusals, reach, and what is live meanwhile."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from releases.rollouts.models import Deployment, DeploymentState
from tests.factories.cast import token_for
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import advanced, held, on_its_way, paused, planned, taken_back
from tests.factories.worlds import Prepared

ROLLOUTS = "/api/v1/rollouts/"
WHY = {"reason": "Masks pass."}
GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def by(prepared: Prepared, who: str) -> Client:
    """A person by session; the service by token."""
    account = getattr(prepared.here.cast, who)
    return with_token(account) if who == "integration" else signed_in(account)


def act(prepared: Prepared, who: str, deployment: Deployment, verb: str, **body: Any) -> Any:
    return post(by(prepared, who), f"{ROLLOUTS}{deployment.id}/{verb}/", {**WHY, **body})


def live_on(prepared: Prepared, channel: str = "android", at: str = "") -> Any:
    query = f"?at={quote(at)}" if at else ""
    path = f"/api/v1/channels/{prepared.here.cast.channel(channel).id}/live/{query}"
    return with_token(prepared.here.cast.integration).get(path).json()


@pytest.fixture
def deployment(prepared: Prepared) -> Deployment:
    """The candidate in its guarded stage on android."""
    (row,) = on_its_way(prepared.here, prepared.candidate, "android")
    return row


def test_a_rollout_on_its_way_says_where_it_is_and_what_it_waits_for(
    prepared: Prepared, deployment: Deployment
) -> None:
    shown = by(prepared, "auditor").get(f"{ROLLOUTS}{deployment.id}/").json()

    assert (shown["state"], shown["stage"], shown["stage_number"]) == ("rolling_out", "guarded", 1)
    assert shown["shares"] == {"treatment": 0.25, "control": 0.25, "internal_keys": 0}
    assert (shown["paused"], shown["held_reason"], shown["next_stage"]) == (False, "", 2)
    assert shown["stage_entered_at"] == shown["advance_from"] == shown["started_at"]
    assert shown["held_from"] is None
    assert [check["check"] for check in shown["waits_for"]] == [
        "integrity",
        "triggers",
        "min_duration",
        "min_subjects",
        "criteria",
        "person",
    ]
    assert shown["waits_for"][0] == {
        "check": "integrity",
        "key": "",
        "state": "not_evaluated",
        "sentence": "Fresh data of the right release: not evaluated yet.",
        "until": None,
        "numbers": {},
    }
    assert (shown["reading"], shown["stage_approvals"]) == (None, [])
    assert shown["stages"] == [
        {"number": 1, "kind": "guarded", "title": "guarded 25 %", "share": 0.25, "state": "here"},
        {"number": 2, "kind": "general", "title": "general", "share": 0.0, "state": "to_do"},
    ]


def test_what_is_live_has_no_shares_and_waits_for_nothing(prepared: Prepared, deployment: Deployment) -> None:
    answer = act(prepared, "release_manager", deployment, "advance", to_stage=2)

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["state"], shown["stage"], shown["stage_number"]) == ("live", "general", 2)
    assert (shown["shares"], shown["next_stage"], shown["advance_from"], shown["waits_for"]) == (
        None,
        None,
        None,
        [],
    )
    assert [stage["state"] for stage in shown["stages"]] == ["done", "here"]


def test_hold_resume_and_pause_answer_the_rollout(prepared: Prepared, deployment: Deployment) -> None:
    hold = act(prepared, "integration", deployment, "hold").json()
    resume = act(prepared, "release_manager", deployment, "resume").json()
    pause = act(prepared, "release_manager", deployment, "pause").json()

    assert (hold["state"], hold["paused"], hold["held_reason"]) == ("held", False, "Masks pass.")
    assert (hold["shares"]["treatment"], hold["waits_for"][0]["check"]) == (0.25, "resume")
    assert (resume["state"], resume["held_reason"]) == ("rolling_out", "")
    assert (pause["state"], pause["paused"], pause["advance_from"]) == ("held", True, None)
    assert pause["shares"] == {"treatment": 0.0, "control": 0.0, "internal_keys": 0}


def test_a_refusal_names_its_code_and_the_next_step(prepared: Prepared, deployment: Deployment) -> None:
    moved = act(prepared, "release_manager", deployment, "advance", to_stage=1)
    wrong = act(prepared, "release_manager", deployment, "resume")

    assert (moved.status_code, moved.json()["code"]) == (409, "stage_moved")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_state")
    assert moved.json()["next_step"]
    assert wrong.json()["next_step"]


def test_too_early_is_refused_with_the_time(prepared: Prepared) -> None:
    deployment = planned(prepared.here, {**GUARDED, "min_duration_seconds": 3600}, GENERAL)

    answer = act(prepared, "release_manager", deployment, "advance")

    assert (answer.status_code, answer.json()["code"]) == (409, "stage_too_young")
    assert "from 20" in answer.json()["next_step"]


@pytest.mark.parametrize("verb", ["advance", "hold", "pause", "resume", "roll-back"])
def test_a_body_that_does_not_fit_names_its_field(
    prepared: Prepared, deployment: Deployment, verb: str
) -> None:
    client, path = by(prepared, "release_manager"), f"{ROLLOUTS}{deployment.id}/{verb}/"

    answers = [post(client, path, body) for body in ({}, {"reason": " "}, {**WHY, "force": True})]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    fields = [[error["field"] for error in answer.json()["errors"]] for answer in answers]
    assert fields == [["reason"], ["reason"], ["force"]]


def test_a_stage_that_is_no_number_of_one_is_refused(prepared: Prepared, deployment: Deployment) -> None:
    answers = [
        act(prepared, "release_manager", deployment, "advance", to_stage=stage)
        for stage in (0, 13, 1.5, "guarded", [2])
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert {answer.json()["errors"][0]["field"] for answer in answers} == {"to_stage"}
    assert Deployment.objects.get(id=deployment.id).stage_number == 1


VERBS = ("resume", "hold", "advance", "pause", "roll-back")
STATUS = {
    "release_manager": [409, 200, 409, 200, 200],
    "security_all": [403, 200, 403, 403, 200],
    "integration": [403, 200, 403, 403, 403],
    "approver": [403] * 5,
    "author": [403] * 5,
    "qa_lead": [403] * 5,
    "auditor": [403] * 5,
    "admin": [403] * 5,
    "stranger": [404] * 5,
    "security_reviewer": [404] * 5,
}
"""One after the other on android; 409 is the state's refusal. The reviewer's channel is another one."""


@pytest.mark.parametrize("who", STATUS)
def test_who_may_do_what_on_a_rollout(prepared: Prepared, deployment: Deployment, who: str) -> None:
    answers = [act(prepared, who, deployment, verb) for verb in VERBS]

    assert [answer.status_code for answer in answers] == STATUS[who]


def test_a_reviewer_of_one_channel_holds_and_takes_back_there(prepared: Prepared) -> None:
    (web,) = on_its_way(prepared.here, prepared.candidate, "mobile_web")

    hold = act(prepared, "security_reviewer", web, "hold")
    pause = act(prepared, "security_reviewer", web, "pause")
    back = act(prepared, "security_reviewer", web, "roll-back")

    assert (hold.status_code, pause.status_code, back.status_code) == (200, 403, 200)


def test_a_token_without_the_scope_moves_nothing(prepared: Prepared, deployment: Deployment) -> None:
    secret = token_for(prepared.here.cast.release_manager, "read")
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    answer = post(client, f"{ROLLOUTS}{deployment.id}/advance/", WHY)

    assert (answer.status_code, "rollouts:write" in answer.json()["detail"]) == (403, True)


def test_a_repeated_advance_with_one_key_is_one_advance(prepared: Prepared) -> None:
    deployment = planned(prepared.here)
    client = by(prepared, "release_manager")
    path = f"{ROLLOUTS}{deployment.id}/advance/"

    first = post(client, path, WHY, idempotency_key="go")
    again = post(client, path, WHY, idempotency_key="go")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["stage_number"] == again.json()["stage_number"] == 3


def test_rollouts_are_found_by_system_channel_release_and_state(
    prepared: Prepared, deployment: Deployment
) -> None:
    cast = prepared.here.cast
    client = by(prepared, "auditor")
    queries = (
        f"system={cast.system.id}",
        f"channel={cast.channel('android').id}",
        f"release={prepared.candidate.release_id}",
        "state=rolling_out",
        "state=held",
    )

    counts = [len(client.get(f"{ROLLOUTS}?{query}").json()["results"]) for query in queries]

    assert counts == [4, 2, 1, 1, 0]
    assert client.get(f"{ROLLOUTS}?state=flying").status_code == 400
    assert client.get(f"{ROLLOUTS}?stage=guarded").status_code == 400


def test_during_a_guarded_stage_live_answers_arms_stage_and_rollout(
    prepared: Prepared, deployment: Deployment
) -> None:
    found = live_on(prepared)

    assert (found["live"], found["release"]) == (
        "baseline revision 1",
        str(prepared.here.baseline.release_id),
    )
    assert (found["stage"], found["stage_number"], found["rollout"]) == ("guarded", 1, str(deployment.id))
    assert [(arm["arm"], arm["share"], arm["release"]) for arm in found["arms"]] == [
        ("stable", 0.5, str(prepared.here.baseline.release_id)),
        ("candidate", 0.25, str(prepared.candidate.release_id)),
        ("control", 0.25, str(prepared.here.baseline.release_id)),
    ]
    assert found["candidate"]["manifest_digest"] == prepared.candidate.manifest_digest
    assert "v1 revision 1 answers 25 % of the subjects; 25 % are its control." in found["sentence"]


def test_live_at_a_time_is_what_it_was_then(prepared: Prepared, deployment: Deployment) -> None:
    during = live_on(prepared)
    advanced(prepared.here, deployment)
    taken_back(prepared.here)

    then, now = live_on(prepared, at=during["since"]), live_on(prepared)

    assert (then["arms"], then["stage"], then["rollout"]) == (
        during["arms"],
        during["stage"],
        during["rollout"],
    )
    assert (now["candidate"], [arm["arm"] for arm in now["arms"]]) == (None, ["stable"])


def test_in_stages_without_arms_everybody_is_answered_by_what_is_live(prepared: Prepared) -> None:
    here = prepared.here
    deployment = planned(here)

    internal = live_on(prepared)
    advanced(here, deployment)
    shadow = live_on(prepared)
    paused(here, advanced(here, deployment))
    nobody = live_on(prepared)

    assert [[arm["arm"] for arm in found["arms"]] for found in (internal, shadow, nobody)] == [["stable"]] * 3
    assert (internal["stage"], internal["candidate"]["internal_keys"]) == ("internal_testing", 2)
    assert "v2 revision 1 answers 2 named keys beside it" in internal["sentence"]
    assert "tester-1" not in str(internal)
    assert "v2 revision 1 is scored beside it and answers nobody" in shadow["sentence"]
    assert "v2 revision 1 is paused and answers nobody" in nobody["sentence"]


def queries_of_a_list(client: Client) -> tuple[int, int]:
    client.get(ROLLOUTS)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(ROLLOUTS)
    return len(answer.json()["results"]), len(queries)


def test_listing_rollouts_on_their_way_takes_no_more_queries_with_more_rows(
    prepared: Prepared, deployment: Deployment
) -> None:
    client = with_token(prepared.here.cast.auditor)

    few = queries_of_a_list(client)
    on_its_way(prepared.here, prepared.candidate, "ios", "mobile_web")
    held(prepared.here, deployment)
    many = queries_of_a_list(client)

    assert (few[0], many[0]) == (4, 6)
    assert few[1] == many[1]
    assert Deployment.objects.filter(state=DeploymentState.HELD).count() == 1

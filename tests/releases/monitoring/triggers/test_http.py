"""Triggers over HTTP: lists, acts, readings, presets, and who sees what."""

from typing import Any

import pytest

from governance.access.roles import Role
from releases.monitoring.triggers.presets import NAMES
from releases.rollouts.models import Deployment
from tests.factories.cast import grant, person, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.watched import RETRY, closed, counted, evaluated, status, watched
from tests.factories.worlds import Prepared

TRIGGERS = "/api/v1/triggers/"
HOLDS = {**RETRY, "action": "hold", "latch": True}
WHY = "Support sees no complaints."


def firing(prepared: Prepared) -> Deployment:
    deployment = watched(prepared.here, HOLDS)
    counted(deployment, 0, (200, 60), (200, 14))
    evaluated(deployment, closed(deployment, 0))
    return deployment


def post(account: Any, address: str, sent: dict[str, Any]) -> Any:
    return signed_in(account).post(address, sent, content_type="application/json")


def test_a_trigger_is_listed_with_its_plan_its_state_and_what_it_asks_for(prepared: Prepared) -> None:
    deployment = firing(prepared)

    found = signed_in(prepared.here.cast.auditor).get(f"{TRIGGERS}?deployment={deployment.id}").json()

    (one,) = found["results"]
    assert (one["key"], one["state"], one["action"], one["latched"]) == (
        "retry_spike",
        "firing",
        "hold",
        True,
    )
    assert one["plan"]["effect_floor"] == 0.02
    assert "30.0 % asked to try again against 7.0 %" in one["sentence"]
    assert one["evidence"]["judged"]["judgement"] == "breach"
    assert one["judged_to"] is not None


@pytest.mark.parametrize(
    ("query", "count"), [("asks=true", 1), ("asks=false", 0), ("phase=firing", 1), ("kind=event", 0)]
)
def test_the_list_is_filtered(prepared: Prepared, query: str, count: int) -> None:
    firing(prepared)

    found = signed_in(prepared.here.cast.auditor).get(f"{TRIGGERS}?{query}").json()

    assert len(found["results"]) == count


def test_somebody_of_another_system_sees_no_trigger(prepared: Prepared) -> None:
    deployment = firing(prepared)
    stranger, other = person("stranger_two"), system_with_channels("other-system")
    grant(stranger, Role.AUDITOR, system=other)
    client = signed_in(stranger)

    assert client.get(TRIGGERS).json()["results"] == []
    assert client.get(f"{TRIGGERS}{status(deployment).id}/").status_code == 404
    assert client.get(f"{TRIGGERS}{status(deployment).id}/readings/").status_code == 404


def test_an_override_is_given_and_found_among_all_overrides(prepared: Prepared) -> None:
    deployment = firing(prepared)
    one = status(deployment)

    answer = post(
        prepared.here.cast.approver,
        f"{TRIGGERS}{one.id}/override/",
        {"evidence_digest": one.evidence_digest, "reason": WHY, "valid_hours": 5},
    )

    assert answer.status_code == 201
    found = (
        signed_in(prepared.here.cast.auditor).get(f"/api/v1/overrides/?trigger={one.id}").json()["results"]
    )
    assert [(row["standing"], row["trigger"], row["evaluation"]) for row in found] == [
        ("in_force", str(one.id), None)
    ]
    assert signed_in(prepared.here.cast.auditor).get(f"{TRIGGERS}{one.id}/").json()["state"] == "overridden"


def test_a_token_of_a_service_cannot_override(prepared: Prepared) -> None:
    one = status(firing(prepared))
    client = with_token(prepared.here.cast.integration, "read", "approvals:vote", "rollouts:write")

    answer = client.post(
        f"{TRIGGERS}{one.id}/override/",
        {"evidence_digest": one.evidence_digest, "reason": WHY},
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "giver_is_service")


def test_a_release_manager_acknowledges_a_latched_trigger_once(prepared: Prepared) -> None:
    one, cast = status(firing(prepared)), prepared.here.cast
    address, manager = f"{TRIGGERS}{one.id}/acknowledge/", cast.approver_two
    grant(manager, Role.RELEASE_MANAGER, system=cast.system)

    first, second = (post(manager, address, {"reason": WHY}) for _ in range(2))

    assert (first.status_code, first.json()["latched"], first.json()["state"]) == (200, False, "firing")
    assert (second.status_code, second.json()["code"]) == (409, "nothing_to_acknowledge")


def test_whoever_made_the_release_or_started_it_there_does_not_acknowledge(prepared: Prepared) -> None:
    one = status(firing(prepared))

    cast, address = prepared.here.cast, f"{TRIGGERS}{one.id}/acknowledge/"
    denied = post(cast.author, address, {"reason": WHY})
    grant(cast.author, Role.RELEASE_MANAGER, system=cast.system)
    made, started = (
        post(account, address, {"reason": WHY}) for account in (cast.author, cast.release_manager)
    )

    assert denied.status_code == 403
    assert (made.status_code, made.json()["code"]) == (403, "contributor_acknowledges")
    assert (started.status_code, started.json()["code"]) == (403, "contributor_acknowledges")
    assert "release_manager brought " in started.json()["detail"]
    assert status(one.deployment).latched


def test_a_token_does_not_acknowledge_since_nobody_sits_there(prepared: Prepared) -> None:
    one, cast = status(firing(prepared)), prepared.here.cast
    grant(cast.approver_two, Role.RELEASE_MANAGER, system=cast.system)
    client = with_token(cast.approver_two, "read", "rollouts:write")

    address = f"{TRIGGERS}{one.id}/acknowledge/"
    answer = client.post(address, {"reason": WHY}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "session_needed")


def test_readings_are_the_points_of_its_chart(prepared: Prepared) -> None:
    one = status(firing(prepared))

    found = signed_in(prepared.here.cast.auditor).get(f"{TRIGGERS}{one.id}/readings/").json()

    (point,) = found["results"]
    assert (point["judgement"], point["value"], point["control"], point["subjects"]) == (
        "breach",
        0.3,
        0.07,
        200,
    )
    assert point["log_e"] > point["log_e_limit"]


def test_presets_are_offered_with_a_sentence_and_what_is_to_be_filled_in(prepared: Prepared) -> None:
    found = signed_in(prepared.here.cast.author).get(f"{TRIGGERS}presets/").json()["results"]

    assert [one["key"] for one in found] == list(NAMES)
    assert [one["fill"] for one in found if one["key"] == "p95_latency"] == [
        {"limit": "the budget in milliseconds"}
    ]


def test_an_unknown_parameter_is_refused(prepared: Prepared) -> None:
    answer = signed_in(prepared.here.cast.auditor).get(f"{TRIGGERS}presets/?kind=event")

    assert answer.status_code == 400

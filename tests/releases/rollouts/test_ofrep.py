"""OFREP single evaluation: who gets what, what the answer says, and every refusal in the protocol's form."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from governance.access.roles import Role, Scope
from governance.ledger.models import Entry
from governance.registry.services import register_channel
from releases.bundles.arms import Arm, arm_of
from releases.bundles.queries import live_assignment
from releases.rollouts.ofrep.answers import code_default
from tests.factories.cast import actor, grant, service, system_with_channels
from tests.factories.http import Answer, signed_in, with_token
from tests.factories.rollouts import live, on_its_way, paused, taken_back
from tests.factories.worlds import Prepared

KEYS = [f"person-{number:03}" for number in range(60)]
SLUG = "onboarding-liveness"


def ask(client: Client, context: Any, key: str = SLUG) -> Answer:
    return client.post(
        f"/ofrep/v1/evaluate/flags/{key}", json.dumps({"context": context}), content_type="application/json"
    )


def about(subject: str, channel: str = "android") -> dict[str, str]:
    return {"targetingKey": subject, "channel": channel}


@pytest.fixture
def caller(prepared: Prepared) -> Client:
    """The decision service with a token for flags and nothing else."""
    return with_token(prepared.here.cast.integration, Scope.FLAGS)


def test_everybody_gets_the_live_release_where_no_rollout_is_under_way(
    prepared: Prepared, caller: Client
) -> None:
    baseline = prepared.here.baseline

    answer = ask(caller, about("person-1"))

    found = answer.json()
    assert answer.status_code == 200
    assert found["key"] == SLUG
    assert found["value"] == {
        "release": "baseline",
        "digest": baseline.manifest_digest,
        "threshold_policy": "policy_risk_a_0",
        "stage": "general",
    }
    assert (found["variant"], found["reason"], found["metadata"]["arm"]) == ("stable", "STATIC", "stable")


def test_a_guarded_stage_answers_each_subject_as_the_hash_says(prepared: Prepared, caller: Client) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")
    assignment = live_assignment(prepared.here.cast.channel("android"))
    assert assignment is not None

    found = {key: ask(caller, about(key)).json() for key in KEYS}

    assert {key: one["variant"] for key, one in found.items()} == {
        key: arm_of(assignment, key).value for key in KEYS
    }
    assert {one["variant"] for one in found.values()} == {"candidate", "control", "stable"}
    assert {(one["variant"], one["value"]["release"], one["value"]["stage"]) for one in found.values()} == {
        ("candidate", "v1", "guarded"),
        ("control", "baseline", "general"),
        ("stable", "baseline", "general"),
    }
    assert {one["reason"] for one in found.values()} == {"SPLIT"}
    assert {one["metadata"]["rollout"] for one in found.values()} == {str(assignment.deployment_id)}
    assert {one["metadata"]["stage"] for one in found.values()} == {"guarded"}


def test_a_paused_rollout_shows_the_candidate_to_nobody(prepared: Prepared, caller: Client) -> None:
    rollout = on_its_way(prepared.here, prepared.candidate, "android")[0]

    paused(prepared.here, rollout)

    found = [ask(caller, about(key)).json() for key in KEYS[:20]]
    assert {(one["variant"], one["reason"]) for one in found} == {("stable", "STATIC")}


def test_after_a_rollback_the_next_answer_is_the_stable_one(prepared: Prepared, caller: Client) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")
    assignment = live_assignment(prepared.here.cast.channel("android"))
    assert assignment is not None
    subject = next(key for key in KEYS if arm_of(assignment, key) is Arm.CANDIDATE)
    before = ask(caller, about(subject)).json()

    taken_back(prepared.here)

    after = ask(caller, about(subject)).json()
    assert (before["variant"], after["variant"]) == ("candidate", "stable")
    assert after["value"]["digest"] == prepared.here.baseline.manifest_digest
    assert after["reason"] == "STATIC"


def test_a_channel_on_which_nothing_is_live_defers_to_the_clients_default(
    prepared: Prepared,
) -> None:
    system = system_with_channels("airport-gates", ("kiosk",))
    account = service("gate_service")
    grant(account, Role.INTEGRATION, system=system)

    answer = ask(with_token(account, Scope.FLAGS), about("person-1", "kiosk"), "airport-gates")

    assert answer.status_code == 200
    assert answer.json() == code_default("airport-gates", "kiosk")
    assert "value" not in answer.json()
    assert answer.json()["reason"] == "DEFAULT"


def test_asking_again_writes_nothing_and_takes_one_query(prepared: Prepared, caller: Client) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")
    ask(caller, about("person-1"))
    entries = Entry.objects.count()

    with CaptureQueriesContext(connection) as captured:
        ask(caller, about("person-2"))

    statements = [one["sql"] for one in captured]
    assert [sql.split()[0] for sql in statements] == ["SELECT"]
    assert Entry.objects.count() == entries


def test_the_question_is_planned_once_for_a_connection_and_answers_as_before(
    prepared: Prepared, caller: Client
) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")

    answers = [ask(caller, about("person-1")).json() for _ in range(8)]

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements")
        assert cursor.fetchone()[0] >= 2
    assert answers == [answers[0]] * 8


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "PARSE_ERROR"),
        ("[]", "PARSE_ERROR"),
        ('{"context": {"targetingKey": NaN}}', "PARSE_ERROR"),
        ('{"context": {"targetingKey": "\\ud800", "channel": "android"}}', "PARSE_ERROR"),
        ("{}", "INVALID_CONTEXT"),
        ('{"context": "android"}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a", "channel": "fax"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a", "channel": ["android"]}}', "INVALID_CONTEXT"),
        ('{"context": {"channel": "android"}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": "", "channel": "android"}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": 7, "channel": "android"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "' + "a" * 201 + '", "channel": "android"}}', "INVALID_CONTEXT"),
    ],
)
def test_a_question_that_cannot_be_taken_is_refused_in_the_protocols_form(
    caller: Client, body: str, code: str
) -> None:
    answer = caller.post(f"/ofrep/v1/evaluate/flags/{SLUG}", body, content_type="application/json")

    found = answer.json()
    assert answer.status_code == 400
    assert set(found) == {"key", "errorCode", "errorDetails"}
    assert (found["key"], found["errorCode"]) == (SLUG, code)
    assert found["errorDetails"]


@pytest.mark.parametrize("key", ["nowhere", "%00", "x" * 500, "%F0%9F%98%80"])
def test_an_unknown_system_is_a_flag_not_found(caller: Client, key: str) -> None:
    answer = ask(caller, about("a"), key)

    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "FLAG_NOT_FOUND"


def test_a_system_out_of_reach_is_not_told_apart_from_none(prepared: Prepared, caller: Client) -> None:
    system_with_channels("airport-gates", ("kiosk",))

    there, nowhere = (ask(caller, about("a", "kiosk"), key).json() for key in ("airport-gates", "nowhere"))

    assert there["errorDetails"].replace("airport-gates", "nowhere") == nowhere["errorDetails"]


def test_the_channel_of_another_system_is_no_context(prepared: Prepared, caller: Client) -> None:
    system_with_channels("airport-gates", ("kiosk",))

    answer = ask(caller, about("a", "kiosk"))

    assert answer.json()["errorCode"] == "INVALID_CONTEXT"
    assert "android, ios, mobile_web" in answer.json()["errorDetails"]


def test_a_channel_is_named_by_text_and_by_nothing_that_reads_like_it(
    prepared: Prepared, caller: Client
) -> None:
    cast = prepared.here.cast
    register_channel(actor(cast.admin), system=cast.system, name="5", kind="android")

    text, number = (ask(caller, {"targetingKey": "a", "channel": channel}) for channel in ("5", 5))

    assert (text.status_code, number.status_code) == (200, 400)
    assert number.json()["errorCode"] == "INVALID_CONTEXT"


def test_a_service_of_one_channel_asks_about_that_one_only(prepared: Prepared) -> None:
    account = service("web_service")
    grant(account, Role.INTEGRATION, channel=prepared.here.cast.channel("mobile_web"))
    client = with_token(account, Scope.FLAGS)

    own, other = (ask(client, about("a", name)) for name in ("mobile_web", "android"))

    assert (own.status_code, other.status_code) == (200, 400)
    assert other.json()["errorCode"] == "INVALID_CONTEXT"


def who(prepared: Prepared, name: str) -> Account:
    account: Account = getattr(prepared.here.cast, name)
    return account


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("author", 403),
        ("qa_lead", 403),
        ("approver", 403),
        ("release_manager", 403),
        ("auditor", 403),
        ("admin", 403),
        ("security_all", 403),
        ("integration", 200),
        ("stranger", 404),
    ],
)
def test_the_role_of_integrations_asks_and_no_other(prepared: Prepared, name: str, code: int) -> None:
    assert ask(with_token(who(prepared, name)), about("a")).status_code == code


def test_a_session_without_the_permission_is_forbidden(prepared: Prepared) -> None:
    answer = ask(signed_in(prepared.here.cast.auditor), about("a"))

    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_a_token_without_the_scope_is_forbidden_and_none_at_all_is_unauthorised(prepared: Prepared) -> None:
    without = ask(with_token(prepared.here.cast.integration, Scope.READ, Scope.DECISIONS), about("a"))
    nobody = ask(Client(), about("a"))
    wrong = ask(Client(headers={"authorization": "Bearer nothing"}), about("a"))

    assert (without.status_code, nobody.status_code, wrong.status_code) == (403, 401, 401)


def test_the_live_release_answers_everybody_after_its_last_stage(prepared: Prepared, caller: Client) -> None:
    live(prepared.here, prepared.candidate, "android")

    found = ask(caller, about("person-1")).json()

    assert (found["value"]["release"], found["value"]["stage"], found["reason"]) == (
        "v1",
        "general",
        "STATIC",
    )


def test_a_length_that_is_no_number_is_answered_and_is_no_error(caller: Client) -> None:
    body = json.dumps({"context": about("person-1")})

    answer = caller.post(
        f"/ofrep/v1/evaluate/flags/{SLUG}", body, content_type="application/json", CONTENT_LENGTH="many"
    )

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_CONTEXT")

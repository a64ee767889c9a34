"""OFREP bulk evaluation: every system within reach at once, with an ETag that spares the body."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from governance.access.roles import Role, Scope
from releases.bundles.arms import arm_of
from releases.bundles.queries import live_assignment
from tests.factories.cast import grant, service, system_with_channels
from tests.factories.http import Answer, with_token
from tests.factories.rollouts import on_its_way, taken_back
from tests.factories.worlds import Prepared

ALL = "/ofrep/v1/evaluate/flags"
ONE = f"{ALL}/onboarding-liveness"


def ask(client: Client, context: Mapping[str, Any], path: str = ALL, tag: str = "") -> Answer:
    headers = {"If-None-Match": tag} if tag else {}
    body = json.dumps({"context": context})
    return client.post(path, body, content_type="application/json", headers=headers)


def about(subject: str, channel: str = "android") -> dict[str, str]:
    return {"targetingKey": subject, "channel": channel}


@pytest.fixture
def caller(prepared: Prepared) -> Client:
    """The decision service with a token for flags and nothing else."""
    return with_token(prepared.here.cast.integration, Scope.FLAGS)


def test_it_holds_for_each_system_within_reach_what_single_evaluation_answers(
    prepared: Prepared, caller: Client
) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")
    beside = system_with_channels("airport-gates", ("android",))
    grant(prepared.here.cast.integration, Role.INTEGRATION, system=beside)

    answer = ask(caller, about("person-1"))

    flags = answer.json()["flags"]
    assert [flag["key"] for flag in flags] == ["airport-gates", "onboarding-liveness"]
    assert flags == [ask(caller, about("person-1"), f"{ALL}/{flag['key']}").json() for flag in flags]
    assert (flags[0]["reason"], flags[1]["reason"]) == ("DEFAULT", "SPLIT")


def test_a_system_out_of_reach_is_not_in_it(prepared: Prepared, caller: Client) -> None:
    system_with_channels("airport-gates", ("android",))

    flags = ask(caller, about("person-1")).json()["flags"]

    assert [flag["key"] for flag in flags] == ["onboarding-liveness"]


def test_the_tag_of_an_answer_spares_the_body_until_something_changed_for_the_subject(
    prepared: Prepared, caller: Client
) -> None:
    first = ask(caller, about("person-1"))
    same = ask(caller, about("person-1"), tag=f'"another", W/{first["ETag"]}')
    on_its_way(prepared.here, prepared.candidate, "android")
    moved = ask(caller, about("person-1"), tag=first["ETag"])
    taken_back(prepared.here)
    back = ask(caller, about("person-1"), tag=moved["ETag"])

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    assert (moved.status_code, back.status_code) == (200, 200)
    assert first["ETag"] != moved["ETag"] != back["ETag"]
    assert set(first["Cache-Control"].split(", ")) == {"private", "no-cache"}


def test_subjects_of_different_arms_have_different_tags(prepared: Prepared, caller: Client) -> None:
    on_its_way(prepared.here, prepared.candidate, "android")
    assignment = live_assignment(prepared.here.cast.channel("android"))
    assert assignment is not None
    of_arm = {arm_of(assignment, key): key for key in (f"person-{number}" for number in range(60))}

    tags = {ask(caller, about(key))["ETag"] for key in of_arm.values()}

    assert (len(of_arm), len(tags)) == (3, 3)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "PARSE_ERROR"),
        ("[]", "PARSE_ERROR"),
        ("{}", "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a", "channel": "fax"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "a", "channel": "a\\u0000b"}}', "PARSE_ERROR"),
        ('{"context": {"targetingKey": "a", "channel": {"name": "android"}}}', "INVALID_CONTEXT"),
        ('{"context": {"channel": "android"}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": 7, "channel": "android"}}', "INVALID_CONTEXT"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_the_protocols_form(
    caller: Client, body: str, code: str
) -> None:
    answer = caller.post(ALL, body, content_type="application/json")

    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
    assert set(answer.json()) == {"errorCode", "errorDetails"}
    assert answer.json()["errorDetails"]


def test_the_refusal_of_a_channel_names_those_that_may_be_asked_about(
    prepared: Prepared, caller: Client
) -> None:
    system_with_channels("airport-gates", ("kiosk",))

    details = ask(caller, about("person-1", "kiosk")).json()["errorDetails"]

    assert "android" in details
    assert "may ask about" in details
    assert "kiosk" not in details.split("about")[1]


def test_whoever_may_not_evaluate_flags_anywhere_gets_403(prepared: Prepared) -> None:
    stranger = service("passer_by")

    answers = [
        ask(with_token(account, *scopes), about("person-1"))
        for account, scopes in (
            (prepared.here.cast.auditor, ()),
            (prepared.here.cast.integration, (Scope.READ,)),
            (stranger, (Scope.FLAGS,)),
        )
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_without_a_valid_token_it_is_401(caller: Client) -> None:
    found = [
        Client(headers=headers).post(ALL, "{}", content_type="application/json").status_code
        for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Bearer"})
    ]

    assert found == [401, 401, 401]

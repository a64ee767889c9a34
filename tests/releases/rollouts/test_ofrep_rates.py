"""How often OFREP may be asked: per account, over all addresses of the protocol, and open without Redis."""

import json
import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from governance.access.rates import PerAccount
from governance.access.roles import Role, Scope
from releases.rollouts.ofrep.views import FlagRate
from tests.factories.cast import grant, service
from tests.factories.http import Answer, with_token
from tests.factories.worlds import Prepared

ALL = "/ofrep/v1/evaluate/flags"
BODY = json.dumps({"context": {"targetingKey": "person-1", "channel": "android"}})


def ask(client: Client, path: str = ALL) -> Answer:
    return client.post(path, BODY, content_type="application/json")


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    """Three calls an hour."""
    settings.RATES = {"flags": "3/hour"}


@pytest.fixture(autouse=True)
def redis_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody remembers what was counted, or that Redis did not answer, in another test."""
    cache.clear()
    monkeypatch.setattr(PerAccount, "_silent_until", 0.0)
    monkeypatch.setattr(PerAccount, "_taken", {})


def test_the_call_after_the_last_is_refused_with_the_seconds_to_wait(prepared: Prepared) -> None:
    caller = with_token(prepared.here.cast.integration, Scope.FLAGS)
    allowed = [ask(caller, path).status_code for path in (ALL, f"{ALL}/onboarding-liveness", ALL)]

    refused = ask(caller)

    assert allowed == [200, 200, 200]
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 3600
    assert refused.json()["code"] == "throttled"
    assert "Retry-After" in refused.json()["next_step"]


def test_a_second_token_of_the_account_counts_with_the_first_and_another_account_does_not(
    prepared: Prepared,
) -> None:
    cast = prepared.here.cast
    other = service("second_service")
    grant(other, Role.INTEGRATION, system=cast.system)
    spent = [ask(with_token(cast.integration, Scope.FLAGS)).status_code for _ in range(4)]

    free = ask(with_token(other, Scope.FLAGS))

    assert spent == [200, 200, 200, 429]
    assert free.status_code == 200


def test_where_redis_does_not_answer_nobody_is_turned_away_and_it_is_left_alone(
    prepared: Prepared, settings: Any
) -> None:
    caller = with_token(prepared.here.cast.integration, Scope.FLAGS)
    settings.RATES_URL = "unix:///nowhere/valkey.sock?db=2"

    answers = [ask(caller).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert PerAccount._silent_until > time.monotonic()


def test_calls_taken_from_redis_a_few_at_a_time_end_with_the_limit(prepared: Prepared, settings: Any) -> None:
    settings.RATES = {"flags": "500/hour"}
    account = prepared.here.cast.integration.id

    allowed = [FlagRate().allows(account) for _ in range(501)]

    assert allowed == [True] * 500 + [False]


def test_calls_that_another_process_took_are_not_given_twice(
    prepared: Prepared, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATES = {"flags": "500/hour"}
    account = prepared.here.cast.integration.id
    FlagRate().allows(account)
    monkeypatch.setattr(PerAccount, "_taken", {})  # what a process of its own begins with

    allowed = [FlagRate().allows(account) for _ in range(500)]

    assert sum(allowed) == 495


def test_a_window_ends_by_the_clock_and_not_an_hour_after_its_first_call(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = (time.time() // 3600 + 1) * 3600
    account, rate = prepared.here.cast.integration.id, FlagRate()
    monkeypatch.setattr(time, "time", lambda: hour - 10)
    spent = [rate.allows(account) for _ in range(4)]
    wait = rate.wait()

    monkeypatch.setattr(time, "time", lambda: hour)

    assert (spent, wait) == ([True, True, True, False], 9)
    assert rate.allows(account)

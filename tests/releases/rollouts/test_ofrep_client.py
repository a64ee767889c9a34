"""OFREP as OpenFeature's own Python client sees it, over HTTP against a running server."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

from governance.access.models import Account
from governance.access.roles import Role, Scope
from releases.bundles.arms import Arm, arm_of
from releases.bundles.queries import live_assignment
from tests.factories.cast import grant, service, system_with_channels, token_for
from tests.factories.rollouts import advanced, planned, taken_back
from tests.factories.worlds import Prepared

SLUG = "onboarding-liveness"
KEYS = [f"person-{number:02}" for number in range(100)]
"""So many that none of the arms of a tenth stays empty: once in 20,000 runs."""

GUARDED = ({"kind": "guarded", "coverage": 0.1}, {"kind": "guarded", "coverage": 0.4}, {"kind": "general"})
DEFAULT = {"release": "the last approved one"}


@dataclass(frozen=True)
class Service:
    """A decision service: it asks for one subject on one channel."""

    client: OpenFeatureClient

    def ask(
        self, subject: str | None, channel: str | None = "android", key: str = SLUG
    ) -> FlagEvaluationDetails[Any]:
        attributes = {"channel": channel} if channel else {}
        return self.client.get_object_details(key, DEFAULT, EvaluationContext(subject, attributes))


def asking(address: str, secret: str) -> tuple[Service, OFREPProvider]:
    provider = OFREPProvider(address, headers_factory=lambda: {"Authorization": f"Bearer {secret}"})
    api.set_provider(provider, domain=secret)
    return Service(api.get_client(domain=secret)), provider


@pytest.fixture
def services(address: str) -> Iterator[Any]:
    """Makes decision services by their account; their connections end with the test."""
    providers: list[OFREPProvider] = []

    def begin(account: Account, *scopes: str) -> Service:
        found, provider = asking(address, token_for(account, *(scopes or (Scope.FLAGS,))))
        providers.append(provider)
        return found

    yield begin
    api.clear_providers()
    for provider in providers:
        provider.session.close()


def test_the_client_follows_a_rollout_with_each_subject_in_its_arm_and_gets_stable_before_and_after_it(
    committed: Prepared, services: Any
) -> None:
    here = committed.here
    decider = services(here.cast.integration)
    before = decider.ask("person-01")
    deployment = planned(here, *GUARDED)
    small = {key: decider.ask(key) for key in KEYS}
    advanced(here, deployment)
    assignment = live_assignment(here.cast.channel("android"))
    assert assignment is not None

    during = {key: decider.ask(key) for key in KEYS}
    exposed = [key for key in KEYS if arm_of(assignment, key) is Arm.CANDIDATE]
    taken_back(here)
    after = [decider.ask(key) for key in exposed]

    assert (before.variant, before.reason, before.value["release"]) == ("stable", Reason.STATIC, "baseline")
    assert {key: one.variant for key, one in during.items()} == {
        key: arm_of(assignment, key).value for key in KEYS
    }
    moved = {key for key in KEYS if small[key].variant not in {"stable", during[key].variant}}
    assert (moved, {one.variant for one in small.values()}) == (set(), {"candidate", "control", "stable"})
    assert {one.variant: one.value["release"] for one in during.values()} == {
        "candidate": "v2",
        "control": "baseline",
        "stable": "baseline",
    }
    assert {one.reason for one in during.values()} == {Reason.SPLIT}
    assert {one.flag_metadata["stage"] for one in during.values()} == {"guarded"}
    assert {(one.variant, one.value["release"], one.error_code) for one in after} == {
        ("stable", "baseline", None)
    }


def test_on_every_refusal_and_where_nothing_is_live_the_client_uses_its_default(
    committed: Prepared, services: Any
) -> None:
    here = committed.here
    decider = services(here.cast.integration)
    system = system_with_channels("airport-gates", ("kiosk",))
    gate = service("gate_service")
    grant(gate, Role.INTEGRATION, system=system)

    unlive = services(gate).ask("person", "kiosk", "airport-gates")
    refused = {
        "no subject": decider.ask(None),
        "no channel": decider.ask("person", None),
        "unknown channel": decider.ask("person", "fax"),
        "unknown system": decider.ask("person", key="nowhere"),
        "foreign system": decider.ask("person", "kiosk", "airport-gates"),
        "no permission": services(here.cast.auditor).ask("person"),
        "no scope": services(here.cast.integration, Scope.READ).ask("person"),
    }

    assert (unlive.value, unlive.reason, unlive.error_code) == (DEFAULT, Reason.DEFAULT, None)
    assert {one.value["release"] for one in refused.values()} == {DEFAULT["release"]}
    assert {what: one.error_code for what, one in refused.items()} == {
        "no subject": ErrorCode.TARGETING_KEY_MISSING,
        "no channel": ErrorCode.INVALID_CONTEXT,
        "unknown channel": ErrorCode.INVALID_CONTEXT,
        "unknown system": ErrorCode.FLAG_NOT_FOUND,
        "foreign system": ErrorCode.FLAG_NOT_FOUND,
        "no permission": ErrorCode.GENERAL,
        "no scope": ErrorCode.GENERAL,
    }

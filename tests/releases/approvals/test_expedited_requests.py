"""Whom an expedited release asks: the system's rule for it alone, else the ordinary rules."""

from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.approvals.models import ApprovalRequest
from releases.approvals.rulebook import Rule, parse_rules, rules_met
from tests.factories.approvals import APPROVER, enacted, requested, voted
from tests.factories.overrides import confirmed, given, undecided
from tests.factories.worlds import Prepared

HASTE = {"key": "haste", "title": "Security on duty", "role": "security_reviewer", "expedite": True}
WEB = {**HASTE, "channel_kinds": ["mobile_web"]}
CHANNELS = {"1": "android", "2": "mobile_web"}
CHANGES: dict[str, set[str]] = {"1": {"other"}, "2": {"other"}}


def met(*rules: dict[str, Any], expedite: bool) -> dict[str, tuple[str, ...]]:
    found = rules_met([Rule.model_validate(one) for one in rules], CHANNELS, CHANGES, expedite=expedite)
    return {rule.key: channels for rule, channels in found.items()}


def expedited(prepared: Prepared) -> ApprovalRequest:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    confirmed(cast.approver, cast.security_all, revision, expedite=True)
    return requested(prepared.here, revision)


def asked(request: ApprovalRequest) -> list[str]:
    return [rule["key"] for rule in request.rule_snapshot["rules"]]


def test_a_rule_is_for_ordinary_releases_unless_it_says_expedite() -> None:
    assert Rule.model_validate(APPROVER).expedite is False


def test_an_ordinary_request_never_meets_the_rule_for_expedited_ones() -> None:
    assert met(APPROVER, HASTE, expedite=False) == {"approvers": ("1", "2")}


def test_an_expedited_request_meets_the_rule_for_it_alone() -> None:
    assert met(APPROVER, HASTE, expedite=True) == {"haste": ("1", "2")}


def test_a_system_without_such_a_rule_asks_its_ordinary_ones() -> None:
    assert met(APPROVER, expedite=True) == {"approvers": ("1", "2")}


def test_a_channel_that_the_rule_for_haste_leaves_out_is_asked_about_as_ever() -> None:
    assert met(APPROVER, WEB, expedite=True) == {"approvers": ("1",), "haste": ("2",)}


def test_rules_for_expedited_releases_alone_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no ordinary release could be approved"):
        parse_rules([HASTE], [])


def test_an_expedited_release_is_approved_by_those_on_duty(prepared: Prepared) -> None:
    enacted(prepared.here.cast, {**APPROVER, "count": 2}, HASTE)

    request = expedited(prepared)
    voted(prepared.here.cast.security_all, request, acknowledge=["override"])

    assert asked(request) == ["haste"]
    assert request.rule_snapshot["override"]["expedite"] is True
    assert ApprovalRequest.objects.get(id=request.id).state == "approved"


def test_an_override_that_is_no_expedite_asks_the_ordinary_rules(prepared: Prepared) -> None:
    enacted(prepared.here.cast, {**APPROVER, "count": 2}, HASTE)
    revision = undecided(prepared.here)
    given(prepared.here.cast.qa_lead, revision)

    assert asked(requested(prepared.here, revision)) == ["approvers"]


def test_without_rules_an_expedited_release_asks_one_approver(prepared: Prepared) -> None:
    assert asked(expedited(prepared)) == ["default"]

"""Enacting a system's rules: two administrators, versions, and which version counts when."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role, revoke_grant
from governance.access.models import Grant
from governance.access.presence import NotInPerson
from governance.access.proposals import ProposalDiffers, ProposalNotOpen, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import AuthMethod
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from releases.approvals.models import ApprovalRuleSet
from releases.approvals.rulebook import DEFAULT_RULE
from releases.approvals.rules import (
    RulesNeedSecondPerson,
    enact_rules,
    propose_rules,
    rules_in_force,
    submit_rules,
)
from tests.factories.approvals import enacted
from tests.factories.cast import Cast, actor, person, system_with_channels

RULE: dict[str, Any] = {"key": "two", "title": "Two approvers", "role": "approver", "count": 2}
REASON = "Agreed in the review board."


def test_a_system_without_rules_needs_one_approver(team: Cast) -> None:
    found = rules_in_force(team.system, timezone.now())

    assert (found.version, found.rules) == (None, (DEFAULT_RULE,))
    assert (DEFAULT_RULE.role, DEFAULT_RULE.count) == ("approver", 1)


def test_two_administrators_enact_rules_and_both_are_named(team: Cast) -> None:
    first = enacted(team, RULE)
    second = enacted(team, RULE | {"count": 1})

    entry = entry_of(second.stream(), "approval_rule.enacted")
    assert (first.version, second.version) == (1, 2)
    assert (second.enacted_by_username, second.confirmed_by_username) == ("admin", "admin_two")
    assert entry is not None
    assert entry.document["after"]["confirmed_by"] == "admin_two"
    assert entry.document["before"]["version"] == 1
    assert entry.document["reason"] == REASON


def test_the_version_in_force_at_a_time_is_the_newest_enacted_by_then(team: Cast) -> None:
    first = enacted(team, RULE)
    second = enacted(team, RULE | {"count": 1})

    assert rules_in_force(team.system, first.enacted_at).version == 1
    assert rules_in_force(team.system, second.enacted_at).version == 2
    assert rules_in_force(system_with_channels("other-liveness"), second.enacted_at).version is None


def test_one_of_two_administrators_cannot_enact_alone(team: Cast) -> None:
    with pytest.raises(RulesNeedSecondPerson):
        enact_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON)

    assert not ApprovalRuleSet.objects.exists()


def test_the_other_administrator_is_told_of_proposed_rules(team: Cast) -> None:
    propose_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON)

    told = Notification.objects.filter(event="proposal.stored")
    assert list(told.values_list("account__username", flat=True)) == [team.admin_two.username]


def test_the_proposer_cannot_confirm(team: Cast) -> None:
    proposal = propose_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON)

    with pytest.raises(ProposerConfirms):
        enact_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON, proposal=proposal.id)


def test_confirming_repeats_exactly_what_was_proposed_once(team: Cast) -> None:
    proposal = propose_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON)
    second = actor(team.admin_two)

    with pytest.raises(ProposalDiffers):
        enact_rules(
            second,
            system=team.system,
            rules=[RULE | {"count": 1}],
            reason=REASON,
            proposal=proposal.id,
        )
    enact_rules(second, system=team.system, rules=[RULE], reason=REASON, proposal=proposal.id)
    with pytest.raises(ProposalNotOpen):
        enact_rules(second, system=team.system, rules=[RULE], reason=REASON, proposal=proposal.id)

    assert ApprovalRuleSet.objects.count() == 1


def test_the_only_administrator_acts_alone_and_the_entry_says_so(team: Cast) -> None:
    grant = Grant.objects.get(account=team.admin_two, role=Role.ADMINISTRATOR)
    revoke_grant(actor(team.admin), grant=grant, reason="Left")

    alone = submit_rules(actor(team.admin), system=team.system, rules=[RULE], reason=REASON)

    assert isinstance(alone, ApprovalRuleSet)
    entry = entry_of(alone.stream(), "approval_rule.enacted")
    assert alone.sole_administrator
    assert entry is not None
    assert entry.document["after"]["sole_administrator"] is True


def test_an_administrator_of_the_system_counts_as_a_second_one(team: Cast) -> None:
    grant = Grant.objects.get(account=team.admin_two, role=Role.ADMINISTRATOR)
    revoke_grant(actor(team.admin), grant=grant, reason="Left")
    local = person("local_admin")
    terms = GrantTerms(local, Role.ADMINISTRATOR, "Local", system_id=team.system.id)
    grant_role(actor(team.admin), terms=terms)

    with pytest.raises(RulesNeedSecondPerson):
        enact_rules(actor(local), system=team.system, rules=[RULE], reason=REASON)


@pytest.mark.parametrize("who", ["author", "approver", "release_manager", "qa_lead", "stranger"])
def test_only_administrators_change_rules(team: Cast, who: str) -> None:
    by = actor(getattr(team, who))

    with pytest.raises(PermissionDenied):
        propose_rules(by, system=team.system, rules=[RULE], reason=REASON)
    with pytest.raises(PermissionDenied):
        enact_rules(by, system=team.system, rules=[RULE], reason=REASON)


def test_rules_take_a_person_at_a_session(team: Cast) -> None:
    by = actor(team.admin)
    token = replace(by, auth=replace(by.auth, method=AuthMethod.TOKEN))

    with pytest.raises(NotInPerson):
        propose_rules(token, system=team.system, rules=[RULE], reason=REASON)


@pytest.mark.parametrize(
    ("rules", "reason", "said"),
    [
        (
            [RULE | {"role": "", "people": ["nobody", "approver"]}],
            REASON,
            "people: nobody: no active",
        ),
        (
            [RULE | {"role": "", "people": ["integration", "approver"]}],
            REASON,
            "people: integration: no active",
        ),
        ([RULE | {"categories": ["weather"]}], REASON, "no categories; there are any, "),
        ([RULE], " ", "reason: say why"),
        ([], REASON, "at least one rule"),
    ],
)
def test_rules_that_do_not_fit_are_refused(
    team: Cast, rules: list[dict[str, Any]], reason: str, said: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        propose_rules(actor(team.admin), system=team.system, rules=rules, reason=reason)

    assert said in refusal.value.message

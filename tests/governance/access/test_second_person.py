"""Powerful roles take two administrators: one proposes, another confirms exactly that."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.access.granting import (
    GrantTerms,
    SecondPersonNeeded,
    grant_role,
    offer_grant,
    propose_grant,
    revoke_grant,
)
from governance.access.models import Account, Grant, Proposal
from governance.access.proposals import ProposalDiffers, ProposalNotOpen, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.access.roles import GRANTABLE, POWERFUL, Role
from governance.errors import NotFound
from governance.identifiers import new_id
from governance.ledger.queries import entry_of
from tests.factories.cast import REASON, Cast, actor, administrator, grant, person, system_with_channels

ORDINARY = sorted(set(GRANTABLE) - POWERFUL)


def on_system(team: Cast, account: Account, role: str = Role.APPROVER, **changes: Any) -> GrantTerms:
    """Terms of a grant on the team's system."""
    return GrantTerms(account, role, **{"reason": REASON, "system_id": team.system.id, **changes})


@pytest.mark.parametrize("role", sorted(POWERFUL))
def test_one_administrator_alone_gives_no_powerful_role(team: Cast, role: str) -> None:
    with pytest.raises(SecondPersonNeeded, match=role):
        grant_role(actor(team.admin), terms=on_system(team, team.stranger, role))

    assert not Grant.objects.filter(account=team.stranger).exists()


@pytest.mark.parametrize("role", sorted(POWERFUL))
def test_two_administrators_give_a_powerful_role_and_the_entry_names_both(team: Cast, role: str) -> None:
    terms = on_system(team, team.stranger, role)
    proposal = propose_grant(actor(team.admin), terms=terms)

    given = grant_role(actor(team.admin_two), terms=terms, proposal=proposal.id)

    assert (given.granted_by_username, given.confirmed_by_username) == ("admin", "admin_two")
    entry = entry_of(team.stranger.stream(), "grant.given")
    assert entry is not None
    assert entry.document["after"]["granted_by"] == "admin"
    assert entry.document["after"]["confirmed_by"] == "admin_two"
    assert entry.document["after"]["sole_administrator"] is False
    confirmed = entry_of(proposal.stream(), "proposal.confirmed")
    assert confirmed is not None
    assert confirmed.document["refs"]["cause"] == str(entry.id)


@pytest.mark.parametrize("role", ORDINARY)
def test_one_administrator_gives_an_ordinary_role(team: Cast, role: str) -> None:
    given = grant_role(actor(team.admin), terms=on_system(team, team.stranger, role))

    assert given.confirmed_by_username == ""
    assert given.sole_administrator is False


def test_nobody_confirms_their_own_proposal(team: Cast) -> None:
    terms = on_system(team, team.stranger)
    proposal = propose_grant(actor(team.admin), terms=terms)

    with pytest.raises(ProposerConfirms):
        grant_role(actor(team.admin), terms=terms, proposal=proposal.id)


@pytest.mark.parametrize(
    "changed",
    [
        {"role": Role.QA_LEAD},
        {"ends_at": timezone.now() + timedelta(days=400)},
        {"system_id": None, "role": Role.ADMINISTRATOR},
    ],
)
def test_a_confirmation_repeats_what_was_proposed(team: Cast, changed: dict[str, Any]) -> None:
    proposal = propose_grant(actor(team.admin), terms=on_system(team, team.stranger))

    with pytest.raises(ProposalDiffers):
        grant_role(
            actor(team.admin_two), terms=on_system(team, team.stranger, **changed), proposal=proposal.id
        )


def test_a_confirmation_for_another_account_is_refused(team: Cast) -> None:
    proposal = propose_grant(actor(team.admin), terms=on_system(team, team.stranger))

    with pytest.raises(ProposalDiffers):
        grant_role(actor(team.admin_two), terms=on_system(team, team.auditor), proposal=proposal.id)


def test_a_proposal_is_confirmed_once(team: Cast) -> None:
    terms = on_system(team, team.stranger)
    proposal = propose_grant(actor(team.admin), terms=terms)
    given = grant_role(actor(team.admin_two), terms=terms, proposal=proposal.id)
    revoke_grant(actor(team.admin), grant=given, reason="A mistake")

    with pytest.raises(ProposalNotOpen, match="was confirmed"):
        grant_role(actor(team.admin_two), terms=terms, proposal=proposal.id)


def test_a_proposal_expires_after_a_day(team: Cast) -> None:
    terms = on_system(team, team.stranger)
    proposal = propose_grant(actor(team.admin), terms=terms)

    with (
        time_machine.travel(proposal.expires_at, tick=False),
        pytest.raises(ProposalNotOpen, match="expired"),
    ):
        grant_role(actor(team.admin_two), terms=terms, proposal=proposal.id)


def test_a_proposal_counts_for_a_day(team: Cast) -> None:
    terms = on_system(team, team.stranger)
    proposal = propose_grant(actor(team.admin), terms=terms)

    with time_machine.travel(proposal.expires_at - timedelta(seconds=1), tick=False):
        given = grant_role(actor(team.admin_two), terms=terms, proposal=proposal.id)

    assert given.confirmed_by_username == "admin_two"


def test_a_proposal_that_is_not_there_confirms_nothing(team: Cast) -> None:
    with pytest.raises(NotFound):
        grant_role(actor(team.admin), terms=on_system(team, team.stranger, "author"), proposal=new_id())


def test_the_sole_administrator_acts_alone_and_the_entry_says_so(db: None) -> None:
    system = system_with_channels()
    approver = person("approver")

    given = grant_role(
        actor(administrator()), terms=GrantTerms(approver, Role.APPROVER, REASON, system_id=system.id)
    )

    entry = entry_of(approver.stream(), "grant.given")
    assert entry is not None
    assert given.sole_administrator is True
    assert entry.document["after"]["sole_administrator"] is True


def test_an_administrator_of_a_system_is_not_alone_while_the_installation_has_one(db: None) -> None:
    system = system_with_channels()
    local, approver = person("local_administrator"), person("approver")
    grant_role(
        actor(administrator()), terms=GrantTerms(local, Role.ADMINISTRATOR, REASON, system_id=system.id)
    )

    with pytest.raises(SecondPersonNeeded):
        grant_role(actor(local), terms=GrantTerms(approver, Role.APPROVER, REASON, system_id=system.id))


def test_an_administrator_of_a_system_gives_nothing_elsewhere(team: Cast) -> None:
    other = system_with_channels("branch-kiosk")
    local = person("local_administrator")
    grant(local, Role.ADMINISTRATOR, system=team.system)

    with pytest.raises(PermissionDenied):
        grant_role(actor(local), terms=GrantTerms(team.stranger, Role.AUDITOR, REASON, system_id=other.id))
    with pytest.raises(PermissionDenied):
        grant_role(actor(local), terms=GrantTerms(team.stranger, Role.ADMINISTRATOR, REASON))


def test_an_offer_of_a_powerful_role_becomes_a_proposal(team: Cast) -> None:
    offered = offer_grant(actor(team.admin), terms=on_system(team, team.stranger))

    assert isinstance(offered, Proposal)
    assert not Grant.objects.filter(account=team.stranger).exists()


def test_an_offer_of_an_ordinary_role_is_a_grant(team: Cast) -> None:
    offered = offer_grant(actor(team.admin), terms=on_system(team, team.stranger, Role.AUTHOR))

    assert isinstance(offered, Grant)

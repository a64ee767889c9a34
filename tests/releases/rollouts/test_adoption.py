"""Adopting what serves a channel already: two persons, gaps on record, no way around the gate."""

from collections.abc import Iterable
from uuid import UUID

import pytest

from governance.access.models import Account
from governance.access.proposals import ProposalDiffers, ProposalNotOpen, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.errors import InvalidInput, NotFound
from governance.identifiers import new_id
from governance.ledger.queries import entry_of
from governance.registry.models import Channel
from releases.bundles.content import ReleaseContent
from releases.bundles.lifecycle import WrongState
from releases.bundles.models import Revision, RevisionState
from releases.bundles.queries import live_assignment, live_revision
from releases.bundles.services import edit_release, withdraw_release
from releases.bundles.steps import NotNewestRevision
from releases.rollouts.adoption import (
    AdoptionNeedsSecondPerson,
    ChannelServedAlready,
    adopt_release,
    propose_adoption,
)
from releases.rollouts.models import Deployment, DeploymentState
from tests.database import in_threads
from tests.factories.approvals import adopted
from tests.factories.bundles import complete_content, draft, frozen, stack
from tests.factories.cast import Cast, actor, cast, grant, person

REASON = "It has served these channels since 2024."


def proposed(
    team: Cast, revision: Revision, *names: str, by: Account | None = None
) -> tuple[Iterable[Channel], UUID]:
    channels = [team.channel(name) for name in names]
    proposal = propose_adoption(
        actor(by or team.release_manager), revision=revision, channels=channels, reason=REASON
    )
    return channels, proposal.id


def test_an_adopted_release_is_live_without_approval_and_marked(team: Cast) -> None:
    revision = adopted(team, draft(team))

    deployments = Deployment.objects.filter(revision=revision)
    assert (revision.adopted, revision.state) == (True, RevisionState.FROZEN)
    assert revision.manifest_digest
    assert {row.state for row in deployments} == {DeploymentState.LIVE}
    assert {row.approval for row in deployments} == {None}
    assert {live_revision(row.channel) for row in deployments} == {revision}
    assert deployments.count() == 3


def test_the_entry_names_both_persons_and_the_gaps(team: Cast) -> None:
    bare = ReleaseContent((team.channel("android"),), stack(team, [team.channel("android")]))

    revision = adopted(team, draft(team, bare))

    entry = entry_of(revision.stream(), "release.adopted")
    assert entry is not None
    after = entry.document["after"]
    fields = [gap["field"] for gap in after["gaps"]]
    assert (after["proposed_by"], after["confirmed_by"]) == ("release_manager", "approver_two")
    assert "card.why" in fields
    assert "rollback_plan.owner" in fields
    assert "slots.evaluation_report" in fields
    assert entry.document["refs"]["manifest"] == revision.manifest_digest


def test_a_complete_release_is_adopted_without_gaps(team: Cast) -> None:
    revision = adopted(team, frozen(team))

    entry = entry_of(revision.stream(), "release.adopted")
    assert entry is not None
    assert entry.document["after"]["gaps"] == []


def test_only_the_named_channels_are_served(team: Cast) -> None:
    adopted(team, draft(team), [team.channel("android")])

    assert live_assignment(team.channel("android")) is not None
    assert live_assignment(team.channel("ios")) is None


def test_one_person_does_not_adopt(team: Cast) -> None:
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")

    with pytest.raises(AdoptionNeedsSecondPerson):
        adopt_release(actor(team.release_manager), revision=revision, channels=channels, reason=REASON)
    with pytest.raises(ProposerConfirms):
        adopt_release(
            actor(team.release_manager),
            revision=revision,
            channels=channels,
            reason=REASON,
            proposal=proposal,
        )

    assert not Deployment.objects.exists()


def test_another_release_manager_confirms_too(team: Cast) -> None:
    second = person("second_manager")
    grant(second, Role.RELEASE_MANAGER, system=team.system)
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")

    done = adopt_release(
        actor(second), revision=revision, channels=channels, reason=REASON, proposal=proposal
    )

    assert done.adopted


@pytest.mark.parametrize(
    "who", ["author", "approver", "qa_lead", "security_all", "auditor", "integration", "admin", "stranger"]
)
def test_only_release_managers_propose(team: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        proposed(team, draft(team), "android", by=getattr(team, who))


@pytest.mark.parametrize(
    "who", ["author", "qa_lead", "security_all", "auditor", "integration", "admin", "stranger"]
)
def test_only_release_managers_and_approvers_confirm(team: Cast, who: str) -> None:
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")

    with pytest.raises(PermissionDenied):
        adopt_release(
            actor(getattr(team, who)),
            revision=revision,
            channels=channels,
            reason=REASON,
            proposal=proposal,
        )


def test_what_is_confirmed_is_exactly_what_was_proposed(team: Cast) -> None:
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")
    both = [team.channel("android"), team.channel("ios")]
    second = actor(team.approver)

    with pytest.raises(ProposalDiffers):
        adopt_release(second, revision=revision, channels=both, reason=REASON, proposal=proposal)
    edit_release(actor(team.author), revision=revision, content=complete_content(team, tag="2"))
    with pytest.raises(ProposalDiffers):
        adopt_release(second, revision=revision, channels=channels, reason=REASON, proposal=proposal)


def test_a_proposal_carries_one_adoption(team: Cast) -> None:
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")
    second = actor(team.approver)
    adopt_release(second, revision=revision, channels=channels, reason=REASON, proposal=proposal)

    with pytest.raises(ProposalNotOpen):
        adopt_release(second, revision=revision, channels=channels, reason=REASON, proposal=proposal)
    with pytest.raises(NotFound):
        adopt_release(second, revision=revision, channels=channels, reason=REASON, proposal=new_id())


def test_a_channel_that_serves_something_is_no_longer_adopted(team: Cast) -> None:
    adopted(team, draft(team), [team.channel("android")])
    other = draft(team, complete_content(team, tag="2"), name="v9")

    with pytest.raises(ChannelServedAlready, match=r"v3\.1 revision 1 serves android"):
        proposed(team, other, "android")


def test_two_proposals_for_one_channel_lead_to_one_adoption(team: Cast) -> None:
    first, second = draft(team), draft(team, complete_content(team, tag="2"), name="v9")
    channels, proposal = proposed(team, first, "android")
    _, late = proposed(team, second, "android")
    adopt_release(actor(team.approver), revision=first, channels=channels, reason=REASON, proposal=proposal)

    with pytest.raises(ChannelServedAlready):
        adopt_release(actor(team.approver), revision=second, channels=channels, reason=REASON, proposal=late)


def test_an_old_revision_is_not_adopted(team: Cast) -> None:
    revision = frozen(team)
    channels, proposal = proposed(team, revision, "android")
    edit_release(actor(team.author), revision=revision, content=complete_content(team, tag="2"))

    with pytest.raises(NotNewestRevision):
        adopt_release(
            actor(team.approver), revision=revision, channels=channels, reason=REASON, proposal=proposal
        )


def test_a_withdrawn_or_adopted_revision_is_not_adopted(team: Cast) -> None:
    revision = draft(team)
    done = adopted(team, draft(team, complete_content(team, tag="2"), name="v9"), [team.channel("ios")])
    withdraw_release(actor(team.author), revision=revision, reason="Wrong")

    with pytest.raises(WrongState, match="is withdrawn"):
        proposed(team, revision, "android")
    with pytest.raises(WrongState, match="is adopted already"):
        proposed(team, done, "android")


@pytest.mark.parametrize(
    ("names", "reason", "field"),
    [(["ios"], REASON, "channels"), ([], REASON, "channels"), (["android"], " ", "reason")],
)
def test_a_proposal_that_does_not_fit_names_its_field(
    team: Cast, names: list[str], reason: str, field: str
) -> None:
    revision = draft(team, complete_content(team, "android"))

    with pytest.raises(InvalidInput) as refusal:
        propose_adoption(
            actor(team.release_manager),
            revision=revision,
            channels=[team.channel(name) for name in names],
            reason=reason,
        )

    assert [error.field for error in refusal.value.field_errors] == [field]


def test_two_confirmations_at_once_adopt_once_and_commit(committed_db: str) -> None:
    team = cast()
    revision = draft(team)
    channels, proposal = proposed(team, revision, "android")

    def confirm(account: Account) -> Revision:
        return adopt_release(
            actor(account), revision=revision, channels=channels, reason=REASON, proposal=proposal
        )

    results = in_threads(lambda: confirm(team.approver), lambda: confirm(team.approver_two))

    assert sorted(type(result).__name__ for result in results) == ["ProposalNotOpen", "Revision"]
    assert Deployment.objects.count() == 1

"""Giving an override: one person past an inconclusive gate, two past a fail; never the wrong ones."""

import pytest

from governance.access.granting import revoke_grant
from governance.access.models import Grant, Proposal
from governance.access.proposals import ProposalDiffers, ProposalNotOpen, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import Actor
from governance.errors import NotFound
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.bundles.models import Revision, RevisionState
from releases.gates.models import Override
from releases.gates.overrides.people import (
    GiverIsAdministrator,
    GiverIsContributor,
    GiverIsService,
    OverrideRefused,
)
from releases.gates.overrides.services import OverrideNeedsSecondPerson, give_override, submit_override
from tests.factories.cast import actor, grant, operator, person
from tests.factories.gates import engine
from tests.factories.overrides import WHY, confirmed, failing, given, newest, proposed, terms, undecided
from tests.factories.worlds import Prepared


def may(prepared: Prepared, name: str, revision: Revision) -> str:
    """What comes of it when the named member of the cast gives the override alone."""
    try:
        given(getattr(prepared.here.cast, name), revision)
    except (OverrideRefused, PermissionDenied, OverrideNeedsSecondPerson) as refusal:
        return refusal.code
    return "given"


def test_one_person_lets_an_inconclusive_release_past_its_gate(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    override = given(prepared.here.cast.qa_lead, revision)

    evaluation = newest(revision)
    assert (override.verdict, override.result_digest) == ("inconclusive", evaluation.result_digest)
    assert override.criteria == sorted(override.criteria) != []
    assert override.channels == sorted(str(one.id) for one in revision.channels.all())
    assert (override.given_by_username, override.confirmed_by_username) == ("qa_lead", "")
    assert (override.expires_at - override.given_at).total_seconds() == 72 * 3600
    assert override.manifest_digest == revision.manifest_digest


def test_an_override_changes_no_verdict_and_no_state(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    before = newest(revision)

    given(prepared.here.cast.approver, revision)

    after = newest(revision)
    assert (after.verdict, after.result_digest, after.result) == (
        before.verdict,
        before.result_digest,
        before.result,
    )
    assert Revision.objects.get(id=revision.id).state == RevisionState.FROZEN


def test_an_override_stands_in_its_own_stream_and_in_that_of_the_release(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    override = given(prepared.here.cast.approver, revision)

    own = entry_of(override.stream(), "override.given")
    told = entry_of(revision.release.stream(), "override.given")
    assert own is not None
    assert told is not None
    assert told.document["refs"]["cause"] == str(own.id)
    assert own.document["after"]["criteria"] == override.criteria
    assert own.document["after"]["auth"]["method"] == "session"
    assert own.document["reason"] == WHY


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("qa_lead", "given"),
        ("approver", "given"),
        ("security_all", "permission_denied"),
        ("security_reviewer", "permission_denied"),
        ("author", "permission_denied"),
        ("release_manager", "permission_denied"),
        ("auditor", "permission_denied"),
        ("admin", "permission_denied"),
        ("integration", "giver_is_service"),
        ("stranger", "permission_denied"),
    ],
)
def test_who_may_let_an_inconclusive_release_past(prepared: Prepared, name: str, outcome: str) -> None:
    revision = undecided(prepared.here)

    assert may(prepared, name, revision) == outcome


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("approver", "second_person_needed"),
        ("security_all", "second_person_needed"),
        ("qa_lead", "permission_denied"),
        ("security_reviewer", "permission_denied"),
        ("author", "permission_denied"),
        ("release_manager", "permission_denied"),
        ("admin", "permission_denied"),
        ("integration", "giver_is_service"),
    ],
)
def test_nobody_lets_a_failed_release_past_alone(prepared: Prepared, name: str, outcome: str) -> None:
    revision = failing(prepared.here)

    assert may(prepared, name, revision) == outcome
    assert not Override.objects.exists()


def test_two_persons_let_a_failed_release_past_its_gate(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast

    override = confirmed(cast.security_all, cast.approver, revision)

    assert override.verdict == "fail"
    assert (override.given_by_username, override.confirmed_by_username) == ("security_all", "approver")
    entry = entry_of(override.stream(), "override.given")
    assert entry is not None
    assert entry.document["after"]["given_by"] == "security_all"
    assert entry.document["after"]["confirmed_by"] == "approver"
    assert Proposal.objects.get(verb="override.given").confirmed_by == cast.approver


def test_a_proposal_alone_lets_nothing_past(prepared: Prepared) -> None:
    revision = failing(prepared.here)

    found = submit_override(actor(prepared.here.cast.approver), revision=revision, terms=terms(revision))

    assert isinstance(found, Proposal)
    assert not Override.objects.exists()


def test_the_second_person_is_another_than_the_first(prepared: Prepared) -> None:
    revision, approver = failing(prepared.here), prepared.here.cast.approver

    with pytest.raises(ProposerConfirms):
        confirmed(approver, approver, revision)

    assert not Override.objects.exists()


@pytest.mark.parametrize("name", ["qa_lead", "security_reviewer", "release_manager", "author", "admin"])
def test_the_second_person_needs_the_same_role_and_scope(prepared: Prepared, name: str) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast

    with pytest.raises(PermissionDenied):
        confirmed(cast.approver, getattr(cast, name), revision)

    assert not Override.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "Another reason"},
        {"valid_hours": 10},
        {"expedite": True},
        {"channels": "android"},
    ],
    ids=["reason", "hours", "expedite", "channels"],
)
def test_the_second_person_confirms_exactly_what_was_proposed(
    prepared: Prepared, change: dict[str, object]
) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    proposal = proposed(cast.approver, revision)
    named = {"channels": [cast.channel("android")]} if "channels" in change else change

    with pytest.raises(ProposalDiffers):
        give_override(
            actor(cast.security_all),
            revision=revision,
            terms=terms(revision, **named),
            proposal=proposal.id,
        )


def test_a_proposal_is_confirmed_once(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    override = confirmed(cast.approver, cast.security_all, revision)
    proposal = Proposal.objects.get(verb="override.given")
    Override.objects.filter(id=override.id).update(withdrawn_at=override.given_at)

    with pytest.raises(ProposalNotOpen):
        give_override(
            actor(cast.approver_two), revision=revision, terms=terms(revision), proposal=proposal.id
        )


def test_a_proposal_of_something_else_confirms_no_override(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    other = Proposal.objects.exclude(verb="override.given")[0]

    with pytest.raises(NotFound):
        give_override(actor(cast.approver), revision=revision, terms=terms(revision), proposal=other.id)


def test_a_first_person_who_lost_the_role_answers_no_more(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    proposal = proposed(cast.approver, revision)
    held = Grant.objects.get(account=cast.approver, role=Role.APPROVER)
    revoke_grant(actor(cast.admin), grant=held, reason="Left the team")

    with pytest.raises(OverrideRefused, match="no role for it any more"):
        give_override(
            actor(cast.security_all), revision=revision, terms=terms(revision), proposal=proposal.id
        )


def test_a_contributor_with_the_role_overrides_nothing(prepared: Prepared) -> None:
    revision, cast = undecided(prepared.here), prepared.here.cast
    grant(cast.author, Role.APPROVER, system=cast.system)

    with pytest.raises(GiverIsContributor):
        given(cast.author, revision)


def test_a_contributor_is_no_second_person_either(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    grant(cast.author, Role.APPROVER, system=cast.system)

    with pytest.raises(GiverIsContributor):
        confirmed(cast.approver, cast.author, revision)


def test_an_administrator_with_the_role_overrides_nothing(prepared: Prepared) -> None:
    revision, cast = undecided(prepared.here), prepared.here.cast
    grant(cast.qa_lead, Role.ADMINISTRATOR, system=cast.system)

    with pytest.raises(GiverIsAdministrator):
        given(cast.qa_lead, revision)


@pytest.mark.parametrize("machine", [engine(), operator()], ids=["task", "command"])
def test_machines_override_nothing(prepared: Prepared, machine: Actor) -> None:
    revision = undecided(prepared.here)

    with pytest.raises(GiverIsService):
        give_override(machine, revision=revision, terms=terms(revision))


def test_a_role_on_one_channel_overrides_there_and_nowhere_else(prepared: Prepared) -> None:
    revision, cast = undecided(prepared.here), prepared.here.cast
    account = person("approver_web")
    grant(account, Role.APPROVER, channel=cast.channel("mobile_web"))

    with pytest.raises(PermissionDenied):
        given(account, revision)
    with pytest.raises(PermissionDenied):
        given(account, revision, channels=[cast.channel("android"), cast.channel("mobile_web")])
    override = given(account, revision, channels=[cast.channel("mobile_web")])

    assert override.channels == [str(cast.channel("mobile_web").id)]


def test_a_refused_override_leaves_a_refusal_and_nothing_else(prepared: Prepared) -> None:
    revision, author = undecided(prepared.here), prepared.here.cast.author
    before = Entry.objects.exclude(document__type="verb.refused").count()

    with pytest.raises(PermissionDenied):
        given(author, revision)

    refused = Entry.objects.filter(document__type="verb.refused").latest("at")
    assert refused.document["after"]["verb"] == "override.given"
    assert Entry.objects.exclude(document__type="verb.refused").count() == before

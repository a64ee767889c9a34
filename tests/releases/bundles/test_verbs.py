"""The verbs on releases: what they change, what they record, and what they refuse."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from governance.access.roles import Role
from governance.errors import InvalidInput
from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.ledger.models import Blob
from governance.ledger.queries import entry_of
from releases.bundles.content import ReleaseContent, SlotInput, content_of
from releases.bundles.lifecycle import TRANSITIONS, WrongState
from releases.bundles.manifest import manifest_document
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import (
    ENDED_DEPLOYMENTS,
    ReleaseNameTaken,
    StillDeployed,
    draft_release,
    edit_release,
    freeze_release,
    withdraw_release,
)
from releases.bundles.steps import EditedMeanwhile, NotNewestRevision, move_revision
from releases.rollouts.models import Deployment, DeploymentState
from tests.factories.bundles import Parts, changed, draft, frozen, in_state
from tests.factories.cast import grant, system_with_channels
from tests.releases.bundles.verbs import Verb, editing, freezing


def _outcome(call: Callable[[], object]) -> type[Exception] | None:
    try:
        call()
    except Exception as error:
        return type(error)
    return None


def test_a_draft_may_be_empty_and_has_a_stack_digest(here: Parts) -> None:
    revision = draft(here.cast, ReleaseContent())

    assert (revision.number, revision.state, revision.manifest_digest) == (1, "draft", "")
    assert revision.stack_digest.startswith("sha256:")


def test_a_draft_is_recorded_with_its_slots_and_documents(here: Parts) -> None:
    revision = draft(here.cast, here.content)

    entry = entry_of(revision.stream(), "release.drafted")

    assert entry is not None
    after, refs = entry.document["after"], entry.document["refs"]
    assert [slot["component"] for slot in after["slots"]] == [
        str(slot.component.id) for slot in here.content.slots
    ]
    assert bytes(Blob.objects.get(digest=refs["card"]).bytes) == canonical_bytes(here.content.card)
    assert set(refs) == {"card", "rollout_plan", "rollback_plan", "cause"}


def test_a_name_is_taken_once_in_a_system(here: Parts) -> None:
    draft(here.cast, here.content)

    with pytest.raises(ReleaseNameTaken, match=r"has a release v3\.1 already"):
        draft(here.cast, here.content)


@pytest.mark.parametrize("name", ["", "with space", "x" * 101, "-leading"])
def test_a_malformed_name_is_refused(here: Parts, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name"):
        draft(here.cast, here.content, name=name)


def test_a_copy_from_another_system_is_refused(here: Parts) -> None:
    other = system_with_channels("another-system", ["android"])
    grant(here.cast.author, Role.AUTHOR, system=other)
    source = draft(here.cast, here.content)

    with pytest.raises(InvalidInput, match="belongs to another system"):
        draft_release(here.author, system=other, name="v1", content=ReleaseContent(), copied_from=source)


def test_editing_a_draft_replaces_its_content_and_records_both(here: Parts) -> None:
    revision = draft(here.cast, here.content)
    content = changed(here.cast, here.content, SlotInput("threshold_policy", here.policy), tag="2")

    edited = edit_release(here.author, revision=revision, content=content)

    entry = entry_of(revision.stream(), "release.edited")
    assert (edited.id, edited.number, edited.edits) == (revision.id, 1, 1)
    assert set(content_of(edited).slots) == set(content.slots)
    assert edited.stack_digest != revision.stack_digest
    assert entry is not None
    assert entry.document["before"]["stack_digest"] == revision.stack_digest
    assert entry.document["after"]["stack_digest"] == edited.stack_digest


def test_a_stale_edit_is_refused_and_changes_nothing(here: Parts) -> None:
    revision = draft(here.cast, here.content)
    edit_release(here.author, revision=revision, content=here.content, expected_edits=0)

    with pytest.raises(EditedMeanwhile) as refused:
        edit_release(here.author, revision=revision, content=ReleaseContent(), expected_edits=0)

    assert refused.value.status == 412
    assert Revision.objects.get(id=revision.id).slots.count() == len(here.content.slots)


def test_what_was_read_of_a_draft_is_stale_once_it_is_frozen(here: Parts) -> None:
    revision = frozen(here.cast, here.content)

    with pytest.raises(EditedMeanwhile):
        edit_release(here.author, revision=revision, content=here.content, expected_edits=0)


def test_freezing_fixes_both_digests_and_keeps_the_manifest(here: Parts) -> None:
    revision = frozen(here.cast, here.content)

    data = canonical_bytes(manifest_document(revision))
    entry = entry_of(revision.stream(), "release.frozen")
    assert revision.state == RevisionState.FROZEN
    assert revision.manifest_digest == digest_of_bytes(data)
    assert revision.frozen_by_username == "author"
    assert bytes(Blob.objects.get(digest=revision.manifest_digest).bytes) == data
    assert entry is not None
    assert entry.document["refs"]["manifest"] == revision.manifest_digest


def test_two_releases_of_the_same_content_have_one_manifest(here: Parts) -> None:
    one, two = frozen(here.cast, here.content, name="v1"), frozen(here.cast, here.content, name="v2")

    assert one.manifest_digest == two.manifest_digest


@pytest.mark.parametrize("state", [state for state in RevisionState if state != RevisionState.DRAFT])
def test_only_a_draft_is_frozen(here: Parts, state: RevisionState) -> None:
    revision = in_state(here, state)

    with pytest.raises(WrongState, match="only a draft is frozen"):
        freeze_release(here.author, revision=revision)


@pytest.mark.parametrize("state", ["frozen", "approved", "rejected", "expired"])
def test_editing_later_states_makes_the_next_revision(here: Parts, state: str) -> None:
    old = in_state(here, RevisionState(state))
    content = replace(here.content, card={**here.content.card, "why": "another reason"})

    new = edit_release(here.author, revision=old, content=content)

    entry = entry_of(old.stream(), "release.revised")
    stored = Revision.objects.get(id=old.id)
    assert (new.number, new.state, new.card["why"]) == (2, "draft", "another reason")
    assert (stored.state, stored.manifest_digest, stored.card) == (state, old.manifest_digest, old.card)
    assert entry is not None
    assert entry.document["after"]["previous"] == {"revision": str(old.id), "state": state}


def test_editing_a_revision_in_review_takes_it_out_of_review(here: Parts) -> None:
    old = in_state(here, RevisionState.IN_REVIEW)

    edit_release(here.author, revision=old, content=here.content)

    assert Revision.objects.get(id=old.id).state == RevisionState.FROZEN


def test_no_revision_follows_a_withdrawn_one(here: Parts) -> None:
    old = in_state(here, RevisionState.WITHDRAWN)

    with pytest.raises(WrongState, match="no revision follows it"):
        edit_release(here.author, revision=old, content=here.content)


@pytest.mark.parametrize("verb", [editing, freezing])
def test_only_the_newest_revision_goes_on(here: Parts, verb: Verb) -> None:
    old = frozen(here.cast, here.content)
    edit_release(here.author, revision=old, content=here.content)

    with pytest.raises(NotNewestRevision, match="is followed by 2"):
        verb(here, here.author, old)


@pytest.mark.parametrize("state", list(RevisionState))
def test_withdrawing_follows_the_table_of_transitions(here: Parts, state: RevisionState) -> None:
    revision = in_state(here, state)
    allowed = RevisionState.WITHDRAWN in TRANSITIONS[state]

    answer = _outcome(lambda: withdraw_release(here.author, revision=revision, reason="a flaw"))

    assert answer is (None if allowed else WrongState)


def test_withdrawing_is_recorded_with_its_reason(here: Parts) -> None:
    revision = frozen(here.cast, here.content)

    withdraw_release(here.author, revision=revision, reason="a flaw")

    entry = entry_of(revision.stream(), "release.withdrawn")
    assert entry is not None
    assert entry.document["reason"] == "a flaw"
    assert entry.document["before"]["state"] == "frozen"


def test_withdrawing_needs_a_reason(here: Parts) -> None:
    with pytest.raises(InvalidInput, match="say why"):
        withdraw_release(here.author, revision=frozen(here.cast, here.content), reason="  ")


@pytest.mark.parametrize("state", list(DeploymentState))
def test_a_release_is_not_withdrawn_while_a_deployment_of_it_has_not_ended(
    here: Parts, state: DeploymentState
) -> None:
    revision = in_state(here, RevisionState.APPROVED)
    Deployment.objects.create(
        release=revision.release,
        revision=revision,
        channel=here.cast.channel("android"),
        state=state,
        started_at=revision.drafted_at,
        state_changed_at=revision.drafted_at,
    )

    answer = _outcome(lambda: withdraw_release(here.author, revision=revision, reason="a flaw"))

    assert answer is (None if state in {"superseded", "rolled_back"} else StillDeployed)


def test_the_states_in_which_a_deployment_has_ended_are_known() -> None:
    assert {DeploymentState(state) for state in ENDED_DEPLOYMENTS} == {
        DeploymentState.SUPERSEDED,
        DeploymentState.ROLLED_BACK,
    }


def test_a_step_outside_the_table_is_refused(here: Parts) -> None:
    revision = draft(here.cast, here.content)

    with pytest.raises(WrongState, match="cannot become approved"):
        move_revision(revision, RevisionState.APPROVED)

"""Policies: drafted, edited, locked; what they name is pinned, and what could be gamed is not locked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.events import EVENTS
from governance.ledger.models import Blob
from governance.ledger.queries import entries_of, entry_of
from releases.bundles.models import Revision
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.policies.policy_page import history_of
from releases.gates.policies.services import (
    CriterionInput,
    PolicyEditedMeanwhile,
    PolicyIsDrafted,
    PolicyLocked,
    draft_policy,
    edit_policy,
    lock_policy,
)
from releases.gates.policies.soundness import PolicyCanBeGamed
from releases.gates.queries import content_digest, criteria_of, policy_in_force
from tests.factories.cast import Cast, actor
from tests.factories.gates import (
    SMALL,
    criteria,
    dataset_to_test_on,
    drafted,
    drafted_policy,
    locked_policy,
    segment,
    stack_content,
)


def without(written: list[CriterionInput], key: str) -> list[CriterionInput]:
    return [one for one in written if one.key != key]


def respecified(written: list[CriterionInput], key: str, **changes: Any) -> list[CriterionInput]:
    return [replace(one, spec={**one.spec, **changes}) if one.key == key else one for one in written]


def test_a_locked_policy_is_in_force_and_named_by_its_content(people: Cast, reference: Revision) -> None:
    policy = locked_policy(people, criteria(SMALL, reference))

    assert policy.state == PolicyState.LOCKED
    assert policy.locked_at is not None
    assert policy_in_force(people.system, policy.locked_at) == policy
    assert policy_in_force(people.system, policy.locked_at - timedelta(microseconds=1)) is None
    assert policy.digest == content_digest(policy)
    assert digest_of_bytes(bytes(Blob.objects.get(digest=policy.digest).bytes)) == policy.digest


def test_a_lock_pins_segments_to_versions_and_the_reference_to_its_revision(
    people: Cast, reference: Revision
) -> None:
    policy = locked_policy(people, criteria(SMALL, reference))
    segment(people, "skin_tone", "6")

    spec = policy.criteria.get(key="bpcer_reference").spec
    assert [(one["key"], one["version"]) for one in spec["strata"]["pinned"]] == [
        ("skin_tone_1", 1),
        ("skin_tone_6", 1),
    ]
    assert spec["baseline"]["pinned"]["revision"] == str(reference.id)
    assert spec["baseline"]["pinned"]["stack_digest"] == reference.stack_digest


def test_the_next_lock_ends_the_policy_in_force_in_its_own_stream(people: Cast, reference: Revision) -> None:
    first = locked_policy(people, criteria(SMALL, reference))
    second = locked_policy(people, criteria(SMALL, reference))

    first.refresh_from_db()
    ended = entry_of(first.stream(), "gate_policy.superseded")
    locked = entry_of(second.stream(), "gate_policy.locked")
    assert first.in_force_until is not None
    assert first.in_force_until == second.locked_at
    assert second.version == 2
    assert ended is not None
    assert locked is not None
    assert ended.document["refs"]["cause"] == str(locked.id)
    assert policy_in_force(people.system, first.in_force_until) == second


def test_locking_twice_changes_nothing(people: Cast, reference: Revision) -> None:
    policy = locked_policy(people, criteria(SMALL, reference))

    again = lock_policy(actor(people.qa_lead), policy=policy)

    assert again.locked_at == policy.locked_at
    assert entries_of([policy.stream()]).count() == 2


def test_locking_what_somebody_edited_and_locked_meanwhile_is_refused(
    people: Cast, reference: Revision
) -> None:
    written = criteria(SMALL, reference)
    policy, lead = drafted_policy(people, written), actor(people.qa_lead)
    read = content_digest(policy)
    edit_policy(lead, policy=policy, criteria=without(written, "complete"))
    locked = lock_policy(lead, policy=policy)

    with pytest.raises(PolicyEditedMeanwhile, match="and then locked"):
        lock_policy(lead, policy=policy, expected=read)

    assert lock_policy(lead, policy=policy, expected=locked.digest).digest == locked.digest


def test_locking_again_what_was_read_and_locked_is_answered_as_before(
    people: Cast, reference: Revision
) -> None:
    policy, lead = drafted_policy(people, criteria(SMALL, reference)), actor(people.qa_lead)
    read = content_digest(policy)
    locked = lock_policy(lead, policy=policy, expected=read)

    again = lock_policy(lead, policy=policy, expected=read)

    assert read != locked.digest
    assert again.digest == locked.digest
    assert entries_of([policy.stream()]).count() == 2


def test_a_key_that_no_address_can_hold_is_refused_with_one_that_it_can(people: Cast) -> None:
    with pytest.raises(InvalidInput) as refusal:
        drafted_policy(people, [CriterionInput("a/../b c", "completeness", "A", {})])

    assert "'a/../b c' cannot stand in the address of a page" in refusal.value.message
    assert "'a_.._b_c'" in refusal.value.next_step


def test_a_criterion_keeps_its_version_until_it_changes(people: Cast, reference: Revision) -> None:
    written = criteria(SMALL, reference)
    locked_policy(people, written)

    next_policy = drafted_policy(people, respecified(written, "apcer", limit=0.4))

    versions = {one.key: one.version for one in criteria_of(next_policy)}
    assert versions.pop("apcer") == 2
    assert set(versions.values()) == {1}


def test_a_policy_that_can_be_gamed_is_not_locked(people: Cast, reference: Revision) -> None:
    written = [one for one in criteria(SMALL, reference) if one.key != "apcer"]
    policy = drafted_policy(people, written)

    with pytest.raises(PolicyCanBeGamed):
        lock_policy(actor(people.qa_lead), policy=policy)

    policy.refresh_from_db()
    assert policy.state == PolicyState.DRAFT


def test_a_lock_refuses_a_segment_that_nobody_defined(people: Cast, reference: Revision) -> None:
    policy = drafted_policy(
        people, respecified(criteria(SMALL, reference), "bpcer_live", strata={"segments": ["age_senior"]})
    )

    with pytest.raises(InvalidInput, match="age_senior: no such segment"):
        lock_policy(actor(people.qa_lead), policy=policy)


def test_a_lock_refuses_a_reference_that_was_never_live(people: Cast, reference: Revision) -> None:
    content = stack_content(people, "second", dataset_to_test_on(people, "more"), channels=["android"])
    policy = drafted_policy(people, criteria(SMALL, drafted(people, "second", content)))

    with pytest.raises(InvalidInput, match="second was never live"):
        lock_policy(actor(people.qa_lead), policy=policy)


def test_a_draft_is_edited_as_a_whole_and_the_entry_keeps_what_it_was(
    people: Cast, reference: Revision
) -> None:
    written = criteria(SMALL, reference)
    policy = drafted_policy(people, written)

    edited = edit_policy(
        actor(people.qa_lead),
        policy=policy,
        criteria=without(written, "complete"),
        description="Print and masks only",
        out_of_scope=[{"what": "makeup", "reason": "4 to 39 presentations"}],
    )

    entry = entry_of(policy.stream(), "gate_policy.edited")
    assert edited.criteria.count() == len(written) - 1
    assert entry is not None
    assert "complete v1" in entry.document["before"]["criteria"]
    assert entry.document["after"]["out_of_scope"] == ["makeup"]


def test_an_edit_of_something_else_than_was_read_is_refused(people: Cast, reference: Revision) -> None:
    written = criteria(SMALL, reference)
    policy = drafted_policy(people, written)
    read = content_digest(policy)
    edit_policy(actor(people.qa_lead), policy=policy, criteria=without(written, "complete"), expected=read)

    with pytest.raises(PolicyEditedMeanwhile):
        edit_policy(actor(people.qa_lead), policy=policy, criteria=written, expected=read)


def test_a_locked_policy_is_not_edited(people: Cast, reference: Revision) -> None:
    policy = locked_policy(people, criteria(SMALL, reference))

    with pytest.raises(PolicyLocked):
        edit_policy(actor(people.qa_lead), policy=policy, criteria=criteria(SMALL, reference))


def test_the_history_of_a_policy_counts_edits_of_one_person_in_one_line(
    people: Cast, reference: Revision
) -> None:
    draft = drafted_policy(people, criteria(SMALL, reference))
    kept = criteria(SMALL, reference)
    edit_policy(actor(people.qa_lead), policy=draft, criteria=kept, description="one")
    edit_policy(actor(people.qa_lead), policy=draft, criteria=kept, description="two")
    edit_policy(actor(people.qa_lead), policy=draft, criteria=kept, description="three")
    lock_policy(actor(people.qa_lead), policy=draft)

    history = [one["title"] for one in history_of(draft)]

    assert history == [
        EVENTS["gate_policy.locked"].title,
        f"{EVENTS['gate_policy.edited'].title}, 3 times",
        EVENTS["gate_policy.drafted"].title,
    ]


def test_what_is_out_of_scope_stands_there_once(people: Cast, reference: Revision) -> None:
    twice = [{"what": "makeup", "reason": "Rare"}, {"what": " Makeup", "reason": "Too few"}]

    with pytest.raises(InvalidInput, match="is left out twice") as refusal:
        draft_policy(
            actor(people.qa_lead),
            system=people.system,
            name="twice",
            criteria=criteria(SMALL, reference),
            out_of_scope=twice,
        )

    assert refusal.value.field_errors[0].field == "out_of_scope[1].what"


def test_there_is_one_draft_of_a_policy_at_a_time(people: Cast, reference: Revision) -> None:
    drafted_policy(people, criteria(SMALL, reference))

    with pytest.raises(PolicyIsDrafted):
        drafted_policy(people, criteria(SMALL, reference))


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ([], "criteria"),
        ([CriterionInput("a", "magic", "A", {})], "criteria[0].kind"),
        ([CriterionInput("a", "completeness", "A", {}, severity="grave")], "criteria[0].severity"),
        ([CriterionInput("a", "completeness", "A", {}, mode="off")], "criteria[0].mode"),
        ([CriterionInput(" ", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("a\nb", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("..", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("a/../b", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("/", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("a?b", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("a\n", "completeness", "A", {})], "criteria[0].key"),
        ([CriterionInput("a", "completeness", "A", {"card": ["colour"]})], "criteria[0].spec"),
        ([CriterionInput("a", "completeness", "A", {"pinned_segments": []})], "criteria[0].spec"),
        ([CriterionInput("a", "absolute", "A", {"metric": "apcer"})], "criteria[0].spec.strata"),
        ([CriterionInput("a", "completeness", "A", {})] * 2, "criteria"),
    ],
)
def test_a_draft_names_what_does_not_fit(people: Cast, written: list[CriterionInput], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        drafted_policy(people, written)

    assert field in [error.field for error in refusal.value.field_errors]
    assert not GatePolicy.objects.exists()


@pytest.mark.parametrize("item", [{"what": "makeup"}, {"what": "makeup", "reason": " "}])
def test_what_is_out_of_scope_has_a_reason(people: Cast, item: dict[str, str]) -> None:
    written = [CriterionInput("a", "completeness", "A", {})]

    with pytest.raises(InvalidInput, match=r"out_of_scope\[0\]"):
        draft_policy(
            actor(people.qa_lead), system=people.system, name="gate", criteria=written, out_of_scope=[item]
        )


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "admin", "stranger"])
def test_only_a_qa_lead_drafts_policies(people: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        draft_policy(
            actor(getattr(people, name)),
            system=people.system,
            name="gate",
            criteria=[CriterionInput("a", "completeness", "A", {})],
        )

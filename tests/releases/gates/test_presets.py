"""Presets: data with a source that certifies nothing, filled for a system, added to a draft."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.models import Blob
from governance.ledger.queries import entries_of, entry_of
from governance.registry.services import register_system
from releases.bundles.models import Revision
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GatePolicy
from releases.gates.policies.parsing import CriterionInput, parsed
from releases.gates.policies.presets import DISCLAIMER, PLACE, Preset, filled_preset, presets
from releases.gates.policies.services import (
    PolicyEditedMeanwhile,
    PolicyLocked,
    PresetIsThere,
    add_preset,
    lock_policy,
)
from releases.gates.policies.soundness import problems_of
from releases.gates.queries import content_digest, criteria_of
from tests.factories.cast import Cast, actor, grant, person
from tests.factories.gates import SMALL, criteria, drafted_policy, locked_policy

VALUES: dict[str, Any] = {
    "species": ["print", "mask"],
    "apcer_limit": 0.05,
    "margin": 0.05,
    "margin_reason": "Nobody notices less.",
    "budget_ms": 800,
    "max_drill_age_days": 90,
}
MISSING_BESIDE_COUNTS = ["no absolute APCER", "compares nothing", "pins no reference", "non-response"]
MISSING_BESIDE_LIMITS = ["compares nothing", "pins no reference", "non-response"]
LACKS = {
    "fido_iapar_15": MISSING_BESIDE_LIMITS,
    "fido_iapar_7": MISSING_BESIDE_LIMITS,
    "ibeta_level_1": MISSING_BESIDE_COUNTS,
    "ibeta_level_2": MISSING_BESIDE_COUNTS,
    "nist_sp_800_63a_4": MISSING_BESIDE_LIMITS,
    "seed_gate": [],
}
"""What each preset alone lacks for a lock, in the order in which it is said."""

Change = Callable[[dict[str, Any]], dict[str, Any]]


def values_of(preset: Preset) -> dict[str, Any]:
    return {one.name: VALUES[one.name] for one in preset.asked() if one.is_needed}


def filled(people: Cast, key: str) -> list[Criterion]:
    preset = presets()[key]
    return parsed(filled_preset(preset, people.system, values_of(preset)).criteria, previous=None)


def added(people: Cast, policy: GatePolicy, key: str = "ibeta_level_1", **given: Any) -> GatePolicy:
    values = given.pop("values", {"species": ["print", "mask"]})
    return add_preset(actor(people.qa_lead), policy=policy, preset=key, values=values, **given)


def only_complete(people: Cast) -> GatePolicy:
    return drafted_policy(people, [CriterionInput("complete", "completeness", "Complete", {})])


def test_the_presets_are_those_of_the_specification() -> None:
    assert list(presets()) == list(LACKS)


@pytest.mark.parametrize("key", LACKS)
def test_every_preset_says_its_source_what_it_cannot_check_and_that_it_certifies_nothing(key: str) -> None:
    preset = presets()[key]

    assert DISCLAIMER in preset.notice
    assert preset.source.states
    assert preset.cannot_check


@pytest.mark.parametrize("key", LACKS)
def test_every_preset_is_taken_by_the_kinds_and_the_lock_names_what_it_lacks(
    people: Cast, reference: Revision, key: str
) -> None:
    problems = problems_of(filled(people, key))

    assert [said for said, one in zip(LACKS[key], problems, strict=True) if said in one.message] == LACKS[key]


def test_the_seed_gate_can_be_locked_as_it_is_filled(people: Cast, reference: Revision) -> None:
    policy = only_complete(people)

    added(people, policy, "seed_gate", values=values_of(presets()["seed_gate"]))
    locked = lock_policy(actor(people.qa_lead), policy=policy)

    spec = locked.criteria.get(key="seed_bpcer_reference").spec
    assert [one["key"] for one in spec["strata"]["pinned"]] == ["skin_tone_1", "skin_tone_6"]
    assert spec["baseline"]["release"] == str(reference.release_id)


def respecified(**changes: Any) -> Change:
    def change(document: dict[str, Any]) -> dict[str, Any]:
        first = document["criteria"][0]
        return {**document, "criteria": [{**first, "spec": {**first["spec"], **changes}}]}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: {**document, "notice": "A certificate."}, "not a certification"),
        (lambda document: {**document, "cannot_check": []}, "cannot_check"),
        (lambda document: {**document, "source": {"document": "Somewhere"}}, "source.version"),
        (lambda document: {**document, "criteria": document["criteria"] * 2}, "a key stands twice"),
        (lambda document: {**document, "author": "me"}, "author"),
        (respecified(limit="$moon"), r"nothing fills \$moon"),
        (respecified(limit=1.5), "less than 1"),
        (respecified(colour="red"), "colour"),
    ],
)
def test_a_preset_that_does_not_hold_together_is_not_loaded(change: Change, said: str) -> None:
    document = json.loads((PLACE / "fido_iapar_15.json").read_text())

    with pytest.raises(ValidationError, match=said):
        Preset.model_validate(change(document))


def test_adding_a_preset_is_one_entry_that_names_it_and_its_text(people: Cast, reference: Revision) -> None:
    policy = only_complete(people)

    added(people, policy)

    entry = entry_of(policy.stream(), "gate_policy.preset_added")
    assert entry is not None
    assert entries_of([policy.stream()]).count() == 2
    named = entry.document["after"]["preset"]
    digest = presets()["ibeta_level_1"].digest
    assert named == {
        "key": "ibeta_level_1",
        "digest": digest,
        "added": ["ibeta_1_attacks", "ibeta_1_genuine"],
        "left_out": [],
    }
    assert entry.document["refs"]["preset"] == digest
    assert digest_of_bytes(bytes(Blob.objects.get(digest=digest).bytes)) == digest


def test_a_preset_is_appended_and_replaces_nothing(people: Cast, reference: Revision) -> None:
    own = CriterionInput("ibeta_1_attacks", "completeness", "Mine", {})
    policy = drafted_policy(people, [own])

    added(people, policy)

    rows = [(row.key, row.kind, row.title) for row in policy.criteria.order_by("position")]
    assert rows[0] == ("ibeta_1_attacks", "completeness", "Mine")
    assert [key for key, _, _ in rows[1:]] == ["ibeta_1_attacks_2", "ibeta_1_genuine"]


def test_the_same_preset_is_not_added_twice(people: Cast, reference: Revision) -> None:
    policy = added(people, only_complete(people))

    with pytest.raises(PresetIsThere):
        added(people, policy)

    assert policy.criteria.count() == 3


def test_the_same_preset_for_other_species_adds_what_is_new(people: Cast, reference: Revision) -> None:
    policy = added(people, only_complete(people))

    added(people, policy, values={"species": ["replay"]})

    assert [one.key for one in criteria_of(policy)][-1] == "ibeta_1_attacks_2"
    assert policy.criteria.count() == 4


def test_what_nobody_is_there_to_protect_is_left_out_and_named(team: Cast) -> None:
    policy = only_complete(team)

    added(team, policy, "nist_sp_800_63a_4")

    entry = entry_of(policy.stream(), "gate_policy.preset_added")
    assert entry is not None
    assert entry.document["after"]["preset"]["added"] == ["nist_iapar"]
    assert entry.document["after"]["preset"]["left_out"] == [
        "NIST: no group more than 25 % worse than all together"
    ]


def test_before_anything_was_live_the_seed_gate_judges_a_first_release_alone(team: Cast) -> None:
    found = filled_preset(presets()["seed_gate"], team.system, values_of(presets()["seed_gate"]))

    live = next(one for one in found.criteria if one.key == "seed_apcer_live")
    assert live.spec["baseline"] == {"kind": "live", "when_no_baseline": "absolute_only"}
    assert "seed_apcer_reference" not in {one.key for one in found.criteria}
    assert {one.why for one in found.left_out} == {
        "no segment of the system is protected",
        "nothing was ever live, so there is no reference release",
    }
    assert problems_of(parsed(found.criteria, previous=None), has_served=False) == []


@pytest.mark.parametrize(
    ("key", "values", "field"),
    [
        ("moon", {}, "preset"),
        ("", {}, "preset"),
        ("seed_gate", {"species": ["print"]}, "values.apcer_limit"),
        ("ibeta_level_1", {"species": ["print"], "colour": "red"}, "values.colour"),
        ("ibeta_level_1", {"species": "print"}, "values.species"),
        ("ibeta_level_1", {"species": []}, "values.species"),
        ("ibeta_level_1", {"species": [" "]}, "values.species"),
        ("ibeta_level_1", {"species": ["x" * 201]}, "values.species"),
        ("ibeta_level_1", {"species": [str(number) for number in range(201)]}, "values.species"),
        ("seed_gate", {**VALUES, "margin": 7}, "values.margin"),
        ("seed_gate", {**VALUES, "margin": True}, "values.margin"),
        ("seed_gate", {**VALUES, "margin": float("inf")}, "values.margin"),
        ("seed_gate", {**VALUES, "budget_ms": 10**400}, "values.budget_ms"),
        ("seed_gate", {**VALUES, "margin_reason": "x" * 2001}, "values.margin_reason"),
        ("seed_gate", {**VALUES, "reference": "moon"}, "values.reference"),
        ("seed_gate", {**VALUES, "reference": "0" * 32}, "values.reference"),
        ("seed_gate", {**VALUES, "protected_segments": {}}, "values.protected_segments"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(
    people: Cast, reference: Revision, key: str, values: dict[str, Any], field: str
) -> None:
    policy = only_complete(people)

    with pytest.raises(InvalidInput) as refusal:
        added(people, policy, key, values=values)

    assert field in [error.field for error in refusal.value.field_errors]
    assert policy.criteria.count() == 1


def test_all_that_is_missing_is_named_at_once(people: Cast, reference: Revision) -> None:
    with pytest.raises(InvalidInput) as refusal:
        added(people, only_complete(people), "seed_gate", values={})

    assert {error.field for error in refusal.value.field_errors} == {f"values.{name}" for name in VALUES}


def test_a_locked_policy_takes_no_preset(people: Cast, reference: Revision) -> None:
    policy = locked_policy(people, criteria(SMALL, reference))

    with pytest.raises(PolicyLocked):
        added(people, policy)


def test_a_draft_that_changed_since_it_was_read_takes_no_preset(people: Cast, reference: Revision) -> None:
    policy = only_complete(people)
    read = content_digest(policy)
    added(people, policy, "fido_iapar_7")

    with pytest.raises(PolicyEditedMeanwhile):
        added(people, policy, expected=read)


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "admin", "stranger"])
def test_only_a_qa_lead_adds_presets(people: Cast, reference: Revision, name: str) -> None:
    policy = only_complete(people)
    values = {"species": ["print"]}

    with pytest.raises(PermissionDenied):
        add_preset(actor(getattr(people, name)), policy=policy, preset="fido_iapar_7", values=values)


def test_a_qa_lead_of_another_system_adds_none(people: Cast, reference: Revision) -> None:
    policy = only_complete(people)
    other = register_system(actor(people.admin), slug="elsewhere", name="Elsewhere")
    lead = person("lead_elsewhere")
    grant(lead, "qa_lead", system=other)

    with pytest.raises(PermissionDenied):
        add_preset(actor(lead), policy=policy, preset="fido_iapar_7", values={"species": ["print"]})


def test_an_unlocked_edit_keeps_the_owner_of_each_criterion(people: Cast, reference: Revision) -> None:
    own = replace(CriterionInput("complete", "completeness", "Complete", {}), owner="author")
    policy = drafted_policy(people, [own])

    added(people, policy)

    assert policy.criteria.get(key="complete").owner_username == "author"
    assert policy.criteria.get(key="ibeta_1_attacks").owner_username == people.qa_lead.username

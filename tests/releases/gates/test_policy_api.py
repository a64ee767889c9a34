"""Presets, comparison and soundness of gate policies over HTTP."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from governance.registry.services import register_system
from releases.gates.models import GatePolicy
from releases.gates.policies.presets import presets
from releases.gates.policies.services import CriterionInput
from tests.factories.cast import actor, grant, person
from tests.factories.gates import SMALL, Gate, criteria, drafted_policy
from tests.factories.http import with_token

POLICIES = "/api/v1/gate-policies/"
JSON = "application/json"


def client(gate: Gate, name: str = "qa_lead") -> Client:
    return with_token(getattr(gate.cast, name))


def draft(gate: Gate, name: str = "draft") -> str:
    """The address of a draft that asks for completeness alone."""
    written = [CriterionInput("complete", "completeness", "Complete", {})]
    return f"{POLICIES}{drafted_policy(gate.cast, written, name).pk}/"


def test_presets_are_listed_with_source_gaps_and_the_bound_of_their_counts(small: Gate) -> None:
    answer = client(small, "auditor").get(f"{POLICIES}presets/")

    found = {one["key"]: one for one in answer.json()}
    assert list(found) == list(presets())
    level = found["ibeta_level_1"]
    assert "not a certification" in level["notice"]
    assert level["digest"] == presets()["ibeta_level_1"].digest
    assert level["source"]["section"] == "Level 1"
    assert level["bounds"][0].startswith("0 of 150 attacks accepted is at most 1.98 %")
    assert [(one["name"], one["needed"]) for one in level["values"]] == [("species", True)]
    assert level["criteria"][0]["spec"]["strata"] == {"species": "$species"}


def test_a_preset_is_added_once_for_one_key(small: Gate) -> None:
    qa, address = client(small), draft(small)
    body = {"preset": "fido_iapar_7", "values": {"species": ["print"]}}
    keyed = {"Idempotency-Key": "one"}

    first = qa.post(f"{address}add-preset/", body, JSON, headers=keyed)
    again = qa.post(f"{address}add-preset/", body, JSON, headers=keyed)
    twice = qa.post(f"{address}add-preset/", body, JSON)

    assert (first.status_code, again.status_code) == (200, 200)
    assert [one["key"] for one in again.json()["criteria"]] == ["complete", "fido_iapar_7"]
    assert first["ETag"] == again["ETag"]
    assert (twice.status_code, twice.json()["code"]) == (409, "preset_is_there")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "preset"),
        ({"preset": 7}, "preset"),
        ({"preset": "moon"}, "preset"),
        ({"preset": "fido_iapar_7", "values": []}, "values"),
        ({"preset": "fido_iapar_7", "values": {}}, "values.species"),
        ({"preset": "fido_iapar_7", "values": {"species": [1]}}, "values.species"),
        ({"preset": "fido_iapar_7", "values": {"species": ["a"], "moon": 1}}, "values.moon"),
        ({"preset": "fido_iapar_7", "extra": 1}, "extra"),
    ],
)
def test_a_preset_that_does_not_fit_names_its_field(small: Gate, body: dict[str, Any], field: str) -> None:
    answer = client(small).post(f"{draft(small)}add-preset/", body, JSON)

    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_a_preset_for_an_older_reading_or_a_locked_policy_is_refused(small: Gate) -> None:
    qa, address = client(small), draft(small)
    read = qa.get(address)["ETag"]
    body = {"preset": "fido_iapar_7", "values": {"species": ["print"]}}
    qa.post(f"{address}add-preset/", {**body, "preset": "fido_iapar_15"}, JSON)

    late = qa.post(f"{address}add-preset/", body, JSON, headers={"If-Match": read})
    locked = qa.post(f"{POLICIES}{small.policy.pk}/add-preset/", body, JSON)

    assert (late.status_code, late.json()["code"]) == (412, "edited_meanwhile")
    assert (locked.status_code, locked.json()["code"]) == (409, "policy_locked")


def test_a_lock_of_an_older_reading_answers_412(small: Gate) -> None:
    qa = client(small)
    policy = drafted_policy(small.cast, criteria(SMALL, small.live), "draft")
    address = f"{POLICIES}{policy.pk}/"
    read = qa.get(address)["ETag"]
    body = {"preset": "fido_iapar_7", "values": {"species": ["print", "mask"]}}
    qa.post(f"{address}add-preset/", body, JSON)

    late = qa.post(f"{address}lock/", headers={"If-Match": read})

    assert (late.status_code, late.json()["code"]) == (412, "edited_meanwhile")
    assert GatePolicy.objects.get(pk=policy.pk).state == "draft"


def test_two_policies_are_compared_as_in_the_pages(small: Gate) -> None:
    then, now = draft(small, "then"), draft(small, "now")
    qa = client(small)
    qa.post(f"{now}add-preset/", {"preset": "fido_iapar_7", "values": {"species": ["print"]}}, JSON)

    answer = client(small, "auditor").get(f"{now}comparison/", {"with": then.split("/")[-2]})

    found = answer.json()
    assert found["headline"] == "now v1 is stricter in 1 place than then v1."
    assert [one["key"] for one in found["added"]] == ["fido_iapar_7"]
    assert (found["then"]["name"], found["now"]["name"]) == ("then", "now")
    assert found["ways"] == {"stricter": 1, "looser": 0, "changed": 0}


@pytest.mark.parametrize("query", [{}, {"with": "moon"}, {"with": str(uuid4())}, {"against": "x"}])
def test_a_comparison_with_nothing_is_refused(small: Gate, query: dict[str, str]) -> None:
    answer = client(small).get(f"{draft(small)}comparison/", query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] in {"with", "against"}


def test_policies_of_two_systems_are_not_compared(small: Gate) -> None:
    other = register_system(actor(small.cast.admin), slug="elsewhere", name="Elsewhere")
    grant(small.cast.qa_lead, "qa_lead", system=other)
    body = {"system": str(other.pk), "name": "there", "criteria": [complete()]}
    there = client(small).post(POLICIES, body, JSON).json()["id"]

    answer = client(small).get(f"{draft(small)}comparison/", {"with": there})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "with"


def complete() -> dict[str, Any]:
    return {"key": "complete", "kind": "completeness", "title": "Complete", "spec": {}}


def test_soundness_says_what_a_lock_would_refuse_and_what_would_mend_it(small: Gate) -> None:
    qa = client(small)

    draft_answer = qa.get(f"{draft(small)}soundness/").json()
    locked_answer = qa.get(f"{POLICIES}{small.policy.pk}/soundness/").json()

    assert draft_answer["can_be_locked"] is False
    assert draft_answer["lacks"][0]["message"].startswith("It has no absolute APCER criterion")
    assert draft_answer["lacks"][0]["would_mend"][0]["kind"] == "absolute"
    assert "refuses everybody would pass" in draft_answer["advice"][0]
    assert locked_answer == {"can_be_locked": True, "lacks": [], "advice": []}


@pytest.mark.parametrize("path", ["comparison/?with=x", "soundness/"])
def test_other_scopes_find_no_policy(small: Gate, path: str) -> None:
    stranger = with_token(person("nobody_here"))

    assert stranger.get(f"{draft(small)}{path}").status_code == 404
    assert stranger.post(f"{draft(small, 'b')}add-preset/", {"preset": "seed_gate"}, JSON).status_code == 404


@pytest.mark.parametrize("name", ["author", "auditor", "approver"])
def test_other_roles_add_no_preset(small: Gate, name: str) -> None:
    body = {"preset": "fido_iapar_7", "values": {"species": ["print"]}}

    assert client(small, name).post(f"{draft(small)}add-preset/", body, JSON).status_code == 403

"""ETags of policies: each names what its answer shows, and If-Match is read as RFC 9110 says."""

import json
from typing import Any

import pytest
from django.test import Client

from governance.ledger.queries import entries_of
from releases.gates import serializers
from releases.gates.api import GatePolicyViewSet
from releases.gates.models import GatePolicy
from releases.gates.policies.services import CriterionInput, edit_policy, lock_policy
from releases.gates.queries import content_digest
from tests.factories.cast import actor
from tests.factories.gates import SMALL, Gate, criteria, drafted_policy
from tests.factories.http import with_token

POLICIES = "/api/v1/gate-policies/"
JSON = "application/json"
ONE = {"key": "one", "kind": "completeness", "title": "One", "spec": {}}
OTHER = CriterionInput("other", "completeness", "Other", {"card": []})
NOBODY = "sha256:" + "0" * 64


def client(gate: Gate) -> Client:
    return with_token(gate.cast.qa_lead)


def draft(gate: Gate) -> GatePolicy:
    return drafted_policy(gate.cast, [CriterionInput("complete", "completeness", "Complete", {})], "draft")


def edits_once(gate: Gate, policy: GatePolicy, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Somebody else edits the policy right after the view set's method ``name`` has answered."""
    original: Any = getattr(GatePolicyViewSet, name)

    def then_edited(self: GatePolicyViewSet, *args: Any) -> Any:
        answer = original(self, *args)
        monkeypatch.undo()
        edit_policy(actor(gate.cast.qa_lead), policy=policy, criteria=[OTHER])
        return answer

    monkeypatch.setattr(GatePolicyViewSet, name, then_edited)


def test_what_is_read_bears_its_own_tag_though_it_is_edited_meanwhile(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = draft(small)
    edits_once(small, policy, monkeypatch, "get_object")

    answer = client(small).get(f"{POLICIES}{policy.pk}/")
    late = client(small).put(
        f"{POLICIES}{policy.pk}/", {"criteria": [ONE]}, JSON, headers={"If-Match": answer["ETag"]}
    )

    assert [one["key"] for one in answer.json()["criteria"]] == ["complete"]
    assert answer["ETag"] == f'"{answer.json()["digest"]}"'
    assert late.status_code == 412
    assert list(policy.criteria.values_list("key", flat=True)) == ["other"]


def test_the_answer_to_an_edit_is_tagged_as_what_it_shows_though_it_is_edited_meanwhile(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = draft(small)

    def edited_before(policy: GatePolicy) -> str:
        monkeypatch.undo()
        edit_policy(actor(small.cast.qa_lead), policy=policy, criteria=[OTHER])
        return content_digest(policy)

    monkeypatch.setattr(serializers, "content_digest", edited_before)

    answer = client(small).put(f"{POLICIES}{policy.pk}/", {"criteria": [ONE]}, JSON)
    late = client(small).put(
        f"{POLICIES}{policy.pk}/", {"criteria": [ONE]}, JSON, headers={"If-Match": answer["ETag"]}
    )

    assert [one["key"] for one in answer.json()["criteria"]] == ["one"]
    assert answer["ETag"] == f'"{answer.json()["digest"]}"'
    assert late.status_code == 412


@pytest.mark.parametrize("sent", ["*", " * ", "{tag}", '"moon", {tag}', 'W/"moon" , {tag},"a,b"'])
def test_a_tag_that_matches_lets_the_edit_through(small: Gate, sent: str) -> None:
    qa, address = client(small), f"{POLICIES}{draft(small).pk}/"
    tag = qa.get(address)["ETag"]

    answer = qa.put(address, {"criteria": [ONE]}, JSON, headers={"If-Match": sent.format(tag=tag)})

    assert answer.status_code == 200


@pytest.mark.parametrize("sent", [f'"{NOBODY}"', "W/{tag}", '"moon"', '""', '"a", W/{tag}', '"{tag}x"'])
@pytest.mark.parametrize("act", ["", "lock/", "add-preset/"])
def test_a_tag_that_does_not_match_or_is_weak_is_a_failed_precondition(
    small: Gate, act: str, sent: str
) -> None:
    policy, qa = draft(small), client(small)
    address = f"{POLICIES}{policy.pk}/"
    header = {"If-Match": sent.replace('"{tag}x"', f'"{NOBODY}x"').format(tag=qa.get(address)["ETag"])}
    body = {"": {"criteria": [ONE]}, "lock/": {}, "add-preset/": {"preset": "seed_gate", "values": {}}}[act]

    answer = qa.generic("POST" if act else "PUT", f"{address}{act}", json.dumps(body), JSON, headers=header)

    assert (answer.status_code, answer.json()["code"]) == (412, "edited_meanwhile")
    assert answer.json()["next_step"]
    assert list(policy.criteria.values_list("key", flat=True)) == ["complete"]


@pytest.mark.parametrize("sent", ["", "moon", '"a" "b"', '*, "a"', 'w/"a"', '"a', '"a b"'])
def test_a_header_that_is_no_list_of_tags_is_refused_by_its_name(small: Gate, sent: str) -> None:
    qa, address = client(small), f"{POLICIES}{draft(small).pk}/"

    answer = qa.put(address, {"criteria": [ONE]}, JSON, headers={"If-Match": sent})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "If-Match"


def test_a_lock_repeated_with_its_tag_is_answered_and_one_of_an_older_reading_is_not(small: Gate) -> None:
    policy, qa = drafted_policy(small.cast, criteria(SMALL, small.live), "draft"), client(small)
    lead, address = actor(small.cast.qa_lead), f"{POLICIES}{policy.pk}/"
    old = qa.get(address)["ETag"]
    written = criteria(SMALL, small.live)
    edit_policy(lead, policy=policy, criteria=written, description="Otherwise")
    read = qa.get(address)["ETag"]
    lock_policy(lead, policy=policy)

    repeated = qa.post(f"{address}lock/", headers={"If-Match": read})
    late = qa.post(f"{address}lock/", headers={"If-Match": old})

    assert (repeated.status_code, repeated["ETag"] == read) == (200, False)
    assert (late.status_code, late.json()["code"]) == (412, "edited_meanwhile")
    assert entries_of([policy.stream()]).count() == 3

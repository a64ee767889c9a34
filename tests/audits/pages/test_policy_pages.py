"""Policies for whoever may not edit them, presets on their pages, and the lock with what it changes."""

import pytest
from django.utils.html import escape

from governance.ledger.queries import entries_of
from releases.gates.models import GatePolicy
from releases.gates.policies import parsing
from releases.gates.policies.parsing import CriterionInput, written
from releases.gates.policies.policy_page import criterion_url
from releases.gates.policies.services import edit_policy
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.pages.policies import FORM, as_lead, at, drafted, hidden_of, keys, lead_elsewhere
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared


def test_a_locked_policy_is_read_only_and_offers_the_next_version(prepared: Prepared) -> None:
    policy, client = GatePolicy.objects.get(), as_lead(prepared)
    url = at("criterion", policy.pk, "apcer")

    page, read = text_of(client.get(at("change", policy.pk))), client.get(url)
    forced = client.post(url, {"act_key": "k", "read": policy.digest, **FORM})

    assert "Draft the next version" in page
    assert "Move up" not in page
    assert "never changes" in text_of(read)
    assert f"from={policy.pk}" in read.content.decode()
    assert forced.status_code == 409
    assert "was locked at" in text_of(forced)


def test_whoever_may_not_edit_reads_and_is_refused(prepared: Prepared) -> None:
    policy, client = drafted(prepared), signed_in(prepared.here.cast.auditor)
    url = at("criterion", policy.pk, "apcer")

    read = text_of(client.get(url))
    forced = client.post(url, {"act_key": "k", "read": "r", **FORM})
    moved = client.post(
        at("arrange", policy.pk), {"act_key": "k", "read": "r", "key": "apcer", "move": "down"}
    )
    preset = client.post(
        at("add_preset", policy.pk, "fido_iapar_7"), {"act_key": "k", "read": "r", "species": "print"}
    )

    assert "Changing it takes the role QA lead" in read
    assert [forced.status_code, moved.status_code, preset.status_code] == [409, 409, 409]
    assert entries_of([policy.stream()]).count() == 1


@pytest.mark.parametrize("name", ["change", "lock", "comparison", "presets", "add_criterion", "edit"])
def test_a_lead_of_another_system_finds_nothing(prepared: Prepared, name: str) -> None:
    policy, client = drafted(prepared), signed_in(lead_elsewhere(prepared))

    assert client.get(at(name, policy.pk)).status_code == 404
    assert client.post(f"{at('say', policy.pk)}?kind=absolute", FORM).status_code == 404
    assert client.post(at("arrange", policy.pk), {"key": "apcer", "move": "up"}).status_code == 404


@pytest.mark.parametrize("key", ["a\nb", "..", "a/../b", "/", "a?b#c", "."])
def test_a_key_from_before_keys_were_checked_breaks_no_page(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    line = CriterionInput(key, "completeness", "Odd key", {"card": []})
    with monkeypatch.context() as before:
        before.setattr(parsing, "fits_an_address", lambda key: True)
        edit_policy(actor(prepared.here.cast.qa_lead), policy=policy, criteria=[*written(policy), line])

    listed = client.get(at("change", policy.pk))
    opened = client.get(criterion_url(policy, key))
    saved = client.post(criterion_url(policy, key), hidden_of(client, criterion_url(policy, key)))
    removed = submitted(client, criterion_url(policy, key, "remove"))

    assert (listed.status_code, opened.status_code, saved.status_code) == (200, 200, 422)
    assert opened.context["form"]["title"].value() == "Odd key"
    assert escape(criterion_url(policy, key)) in listed.content.decode()
    assert "Odd key is removed." in text_of(removed)
    assert key not in keys(policy)


def test_a_preset_is_shown_with_its_source_and_added(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("add_preset", policy.pk, "ibeta_level_1")

    listed = text_of(client.get(at("presets", policy.pk)))
    wrong = submitted(client, url, species="")
    page = submitted(client, url, species="print\nmask")

    assert listed.count("Not a certification") == 6
    assert "0 of 150 attacks accepted is at most 1.98 %" in listed
    assert wrong.context["form"].errors["species"]
    assert "iBeta level 1, as published: 2 criteria added to liveness v2." in text_of(page)
    assert keys(policy)[-2:] == ["ibeta_1_attacks", "ibeta_1_genuine"]


def test_what_a_preset_cannot_judge_here_is_said_when_it_is_added(prepared: Prepared) -> None:
    url = at("add_preset", drafted(prepared).pk, "nist_sp_800_63a_4")

    page = text_of(submitted(as_lead(prepared), url, species="print"))

    assert "1 criterion added to liveness v2." in page
    assert "Left out: NIST: no group more than 25 % worse than all together, for no segment" in page


def test_a_preset_says_beside_its_field_what_does_not_fit(prepared: Prepared) -> None:
    policy = drafted(prepared)
    url = at("add_preset", policy.pk, "seed_gate")
    figures = {"apcer_limit": "0.05", "margin": "7", "margin_reason": "So", "budget_ms": "800"}

    response = submitted(
        as_lead(prepared), url, species="print", reference="", max_drill_age_days="90", **figures
    )

    assert response.status_code == 409
    assert "A share between 0 and 1 is wanted" in response.context["form"].errors["margin"][0]


def test_the_lock_shows_what_changes_and_locks_what_was_read(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    submitted(client, at("criterion", policy.pk, "apcer"), **{**FORM, "spec.limit": "0.15"})
    hidden = hidden_of(client, at("lock", policy.pk))

    page = text_of(client.get(at("lock", policy.pk)))
    submitted(client, at("criterion", policy.pk, "apcer"), **{**FORM, "spec.limit": "0.9"})
    late = client.post(at("lock", policy.pk), hidden)
    policy.refresh_from_db()

    assert "liveness v2 is stricter in 1 place than liveness v1." in page
    assert late.status_code == 409
    assert policy.state == "draft"

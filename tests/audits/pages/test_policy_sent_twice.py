"""Forms of the policy editor that a double click sends twice: one act, and the second answer is the first."""

from typing import Any

import pytest
from django.test import Client

from governance.ledger.queries import entries_of
from releases.gates.models import GatePolicy
from releases.gates.policies import criterion_form, editing
from releases.gates.policies.parsing import written
from releases.gates.policies.services import edit_policy, lock_policy
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.pages.policies import FORM, as_lead, at, drafted, hidden_of, keys
from tests.factories.cast import actor
from tests.factories.worlds import Prepared


def twice(client: Client, url: str, given: dict[str, str]) -> Any:
    """What the reader sees after a double click: the second answer."""
    client.post(url, given)
    return client.post(url, given, follow=True)


def test_adding_a_criterion_twice_adds_it_once(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = f"{at('add_criterion', policy.pk)}?kind=absolute"

    page = twice(client, url, {**hidden_of(client, url), **FORM, "key": "more"})

    assert page.status_code == 200
    assert "Attacks accepted is added." in text_of(page)
    assert keys(policy).count("more") == 1
    assert entries_of([policy.stream()]).count() == 2


def test_a_key_that_is_taken_is_refused_beside_its_field(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = f"{at('add_criterion', policy.pk)}?kind=absolute"

    page = submitted(client, url, **{**FORM, "key": "apcer"})
    said = client.post(f"{at('say', policy.pk)}?kind=absolute", {**FORM, "key": "apcer"})

    assert page.status_code == 409
    assert page.context["form"].errors["key"] == [
        "The policy has a criterion apcer already; choose another key."
    ]
    assert "choose another key" in text_of(said)
    assert entries_of([policy.stream()]).count() == 1


def test_removing_a_criterion_twice_removes_it_once(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("remove", policy.pk, "silence_live")

    page = twice(client, url, hidden_of(client, url))

    assert page.status_code == 200
    assert "is removed." in text_of(page)
    assert "silence_live" not in keys(policy)
    assert entries_of([policy.stream()]).count() == 2


def test_removing_what_somebody_else_removed_says_so(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("remove", policy.pk, "silence_live")
    first, second = hidden_of(client, url), hidden_of(client, url)
    client.post(url, first)

    late = client.post(url, second)
    unknown = client.post(url, hidden_of(client, at("remove", policy.pk, "apcer")))

    assert late.status_code == 409
    assert "was changed since you read it" in text_of(late)
    assert unknown.status_code == 404
    assert entries_of([policy.stream()]).count() == 2


def test_a_copy_made_twice_is_one_copy_and_opens(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    given = {**hidden_of(client, at("change", policy.pk)), "key": "apcer", "move": "copy"}

    page = twice(client, at("arrange", policy.pk), given)

    assert page.redirect_chain[-1][0] == at("criterion", policy.pk, "apcer_copy")
    assert [key for key in keys(policy) if "copy" in key] == ["apcer_copy"]


def test_a_move_to_the_end_sent_twice_says_that_it_moved(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    second = keys(policy)[1]
    given = {**hidden_of(client, at("change", policy.pk)), "key": second, "move": "up"}

    page = twice(client, at("arrange", policy.pk), given)

    assert "is moved." in text_of(page)
    assert "stands at the end already" not in text_of(page)
    assert keys(policy)[0] == second
    assert entries_of([policy.stream()]).count() == 2


def test_a_preset_added_twice_is_added_once(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("add_preset", policy.pk, "fido_iapar_7")

    page = twice(client, url, {**hidden_of(client, url), "species": "print"})

    assert page.status_code == 200
    assert "added to liveness v2." in text_of(page)
    assert keys(policy).count("fido_iapar_7") == 1


def test_a_form_names_the_reading_that_it_shows(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url, shown = at("criterion", policy.pk, "apcer"), criterion_form.initial_of
    fewer = [one for one in written(policy) if one.key != "silence_live"]

    def edited_meanwhile(*args: Any, **kwargs: Any) -> dict[str, Any]:
        edit_policy(actor(prepared.here.cast.qa_lead), policy=policy, criteria=fewer)
        return shown(*args, **kwargs)

    monkeypatch.setattr(editing, "initial_of", edited_meanwhile)
    hidden = hidden_of(client, url)
    monkeypatch.undo()
    late = client.post(url, {**hidden, **FORM})

    assert late.status_code == 409
    assert "was changed since you read it" in text_of(late)


def test_a_lock_of_what_was_not_read_says_so_and_one_that_was_replaced_is_not_in_force(
    prepared: Prepared,
) -> None:
    first, policy, client = GatePolicy.objects.get(), drafted(prepared), as_lead(prepared)
    lead, url = actor(prepared.here.cast.qa_lead), at("lock", policy.pk)
    read = hidden_of(client, url)
    replaced = hidden_of(client, at("lock", first.pk))
    edit_policy(lead, policy=policy, criteria=written(policy), description="Otherwise")
    lock_policy(lead, policy=policy)

    late = client.post(url, read)
    again = client.post(at("lock", first.pk), replaced, follow=True)

    assert late.status_code == 409
    assert "was changed since you read it, and then locked" in text_of(late)
    assert "is locked. A later policy has replaced it." in text_of(again)

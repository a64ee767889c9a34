"""The editor of a gate policy: a form per criterion, its sentence, and what the policy still lacks."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.ledger.queries import entries_of, entry_of
from releases.gates.models import GatePolicy
from releases.gates.policies.parsing import CriterionInput, written
from releases.gates.policies.services import edit_policy
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.pages.policies import FORM, as_lead, at, drafted, hidden_of, keys, pressed
from tests.factories.cast import actor
from tests.factories.worlds import Prepared

HUGE = "9" * 5000


def test_a_draft_is_started_without_writing_a_criterion(prepared: Prepared) -> None:
    system = prepared.here.cast.system

    page = submitted(as_lead(prepared), at("draft"), system=str(system.pk), name="second")

    policy = GatePolicy.objects.get(name="second")
    assert "second v1 is drafted" in text_of(page)
    assert policy.criteria.get(key="apcer").spec["strata"]["species"] == ["print"]
    assert "Can be locked" in text_of(page)


def test_a_criterion_is_changed_in_its_form_and_that_is_one_entry(prepared: Prepared) -> None:
    policy = drafted(prepared)

    page = submitted(as_lead(prepared), at("criterion", policy.pk, "apcer"), **{**FORM, "spec.limit": "0.15"})

    entry = entry_of(policy.stream(), "gate_policy.edited")
    assert "Attacks accepted is saved." in text_of(page)
    assert "the upper bound is at most 15 %" in text_of(page)
    assert policy.criteria.get(key="apcer").version == 2
    assert entries_of([policy.stream()]).count() == 2
    assert entry is not None
    assert "apcer v1" in entry.document["before"]["criteria"]


def test_a_criterion_is_added_copied_moved_and_removed(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    before = keys(policy)

    submitted(client, f"{at('add_criterion', policy.pk)}?kind=absolute", **{**FORM, "key": "more"})
    pressed(client, policy, "more", "up")
    pressed(client, policy, "more", "copy")
    moved = keys(policy)
    submitted(client, at("remove", policy.pk, "more_copy"))
    pressed(client, policy, "more", "down")

    assert moved == [*before[:-1], "more", "more_copy", before[-1]]
    assert keys(policy) == [*before, "more"]


def test_a_copy_is_opened_to_be_changed(prepared: Prepared) -> None:
    policy = drafted(prepared)

    page = pressed(as_lead(prepared), policy, "apcer", "copy")

    assert page.redirect_chain[-1][0] == at("criterion", policy.pk, "apcer_copy")


def test_what_stands_at_the_end_stays_there_without_an_entry(prepared: Prepared) -> None:
    policy = drafted(prepared)

    page = pressed(as_lead(prepared), policy, "apcer", "up")

    assert "stands at the end already" in text_of(page)
    assert entries_of([policy.stream()]).count() == 1


def test_description_and_scope_are_written_in_lines_and_the_criteria_stay(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("describe", policy.pk)

    wrong = submitted(client, url, description="For faces", out_of_scope="makeup | too few\nmasks")
    page = submitted(client, url, description="For faces", out_of_scope="\nmakeup | too few | so far\n")

    policy.refresh_from_db()
    assert wrong.context["form"].errors["out_of_scope"] == ["Line 2: write what is left out | why."]
    assert policy.out_of_scope == [{"what": "makeup", "reason": "too few | so far"}]
    assert "For faces" in text_of(page)
    assert [one.version for one in policy.criteria.all()] == [1] * policy.criteria.count()


def test_a_scope_that_lines_cannot_hold_stays_as_it_is(prepared: Prepared) -> None:
    policy = drafted(prepared)
    odd = [{"what": "a | b", "reason": "Two\nlines"}]
    lead = actor(prepared.here.cast.qa_lead)
    edit_policy(lead, policy=policy, criteria=written(policy), out_of_scope=odd)

    submitted(as_lead(prepared), at("describe", policy.pk), description="Else")

    policy.refresh_from_db()
    assert (policy.description, policy.out_of_scope) == ("Else", odd)


def test_the_standing_box_says_what_is_missing_and_leads_to_the_criterion_that_mends_it(
    prepared: Prepared,
) -> None:
    policy, client = drafted(prepared), as_lead(prepared)

    page = submitted(client, at("remove", policy.pk, "silence_live"))
    link = re.findall(r'href="([^"]+fix=noninferiority-apnrr-live-species)"', page.content.decode())[0]
    form = client.get(link.replace("&amp;", "&")).context["form"]
    shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    given = {**shown, "spec.margin": "0.2", "spec.margin_reason": "Few"}
    mended = client.post(link.replace("&amp;", "&"), given, follow=True)

    assert "Cannot be locked yet" in text_of(page)
    assert "Lock : Mend first what stands under" in text_of(page)
    assert "silence on hard captures is rewarded: attacks (print)" in text_of(page)
    assert form["spec.strata.species"].value() == "print"
    assert "Can be locked" in text_of(mended)


def test_the_box_names_segments_and_channels_that_nobody_knows(prepared: Prepared) -> None:
    policy, people = drafted(prepared), prepared.here.cast
    strata = {"crossing": {"first": {"segments": ["moon"]}, "second": {"channels": ["teletext"]}}}
    line = CriterionInput("odd", "absolute", "Odd", {"metric": "bpcer", "strata": strata, "limit": 0.2})
    edit_policy(actor(people.qa_lead), policy=policy, criteria=[*written(policy), line])

    page = text_of(as_lead(prepared).get(at("change", policy.pk)))

    assert "Odd names segments that nobody defined: moon." in page
    assert "Odd names channels that nobody registered: teletext." in page


def test_the_sentence_is_said_while_one_writes_and_nothing_is_kept(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    say = f"{at('say', policy.pk)}?kind=absolute&key=apcer"

    right = client.post(say, {**FORM, "spec.limit": "0.125"}, headers={"HX-Request": "true"})
    wrong = client.post(say, {**FORM, "spec.limit": "much"}, headers={"HX-Request": "true"})

    assert "the upper bound is at most 12.5 %" in text_of(right)
    assert "Limit : Enter a number." in text_of(wrong)
    assert entries_of([policy.stream()]).count() == 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        dict.fromkeys(FORM, HUGE),
        {**FORM, "spec.where": '{"attribute": "\\ud800", "operator": "eq", "value": "1"}'},
        {**FORM, "spec.where": "[" * 9000},
        {**FORM, "spec.strata.way": "crossing", "spec.strata.crossing.first.way": "moon"},
    ],
)
def test_hostile_forms_are_answered_with_what_is_wrong(prepared: Prepared, given: dict[str, str]) -> None:
    policy, client = drafted(prepared), as_lead(prepared)

    changed = client.post(at("criterion", policy.pk, "apcer"), {"act_key": "k", "read": "r", **given})
    added = client.post(f"{at('add_criterion', policy.pk)}?kind=absolute", {"act_key": "k", **given})
    said = client.post(f"{at('say', policy.pk)}?kind=absolute", given)
    moved = client.post(at("arrange", policy.pk), given)

    assert {changed.status_code, added.status_code, moved.status_code} <= {409, 422}
    assert said.status_code == 200
    assert entries_of([policy.stream()]).count() == 1


def test_json_that_could_not_be_stored_is_refused_beside_its_field(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)

    deep = submitted(client, at("edit", policy.pk), criteria="[" * 9000, out_of_scope="[]")
    huge = submitted(client, at("edit", policy.pk), criteria='[{"a": 1e999}]', out_of_scope="[]")

    assert "no JSON that can be stored" in deep.context["form"].errors["criteria"][0]
    assert "no JSON that can be stored" in huge.context["form"].errors["criteria"][0]


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("criterion", ("moon",)),
        ("criterion", ("a/../b",)),
        ("remove", ("moon",)),
        ("add_preset", ("moon",)),
    ],
)
def test_what_does_not_exist_is_not_found(prepared: Prepared, name: str, rest: tuple[str, ...]) -> None:
    response = as_lead(prepared).get(at(name, drafted(prepared).pk, *rest))

    assert response.status_code == 404


def test_an_unknown_kind_is_not_found_and_an_unknown_fix_is_an_empty_form(prepared: Prepared) -> None:
    url, client = at("add_criterion", drafted(prepared).pk), as_lead(prepared)

    statuses = [client.get(f"{url}?{query}").status_code for query in ("kind=moon", "kind=absolute&fix=moon")]

    assert statuses == [404, 200]


def test_a_form_that_was_opened_before_another_edit_is_refused(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("criterion", policy.pk, "apcer")
    hidden = hidden_of(client, url)
    submitted(client, at("remove", policy.pk, "silence_live"))

    late = client.post(url, {**hidden, **FORM})
    late_move = pressed(client, policy, "apcer", "down", read=hidden["read"])

    assert (late.status_code, late_move.status_code) == (409, 409)
    assert "was changed since you read it" in text_of(late)
    assert keys(policy)[0] == "apcer"


def test_the_page_asks_the_database_no_more_for_more_criteria(prepared: Prepared) -> None:
    policy, client = drafted(prepared), as_lead(prepared)
    url = at("change", policy.pk)
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(url)
    more = [CriterionInput(f"more_{number}", "completeness", "More", {}) for number in range(20)]
    edit_policy(actor(prepared.here.cast.qa_lead), policy=policy, criteria=[*written(policy), *more])

    with CaptureQueriesContext(connection) as many:
        client.get(url)

    assert len(many) == len(few)

"""The planner's page: what to collect next, from the address alone; it is reached from policy and brief."""

import html
import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.pages.evidence import lines_of
from audits.pages.planning_form import written_counts
from governance.ledger.models import Entry
from releases.gates.models import GatePolicy
from releases.gates.policies.services import CriterionInput
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import criteria
from tests.factories.cast import person
from tests.factories.gates import drafted_policy
from tests.factories.http import signed_in
from tests.factories.overrides import undecided
from tests.factories.worlds import Prepared

WRITTEN = "captures=written&n~attack~species~print=148&k~attack~species~print=37"


def planner(prepared: Prepared, query: str = "", username: str = "qa_lead") -> str:
    client = signed_in(getattr(prepared.here.cast, username))
    return text_of(client.get(f"{reverse('admin:planner')}?{query}"))


def policy(prepared: Prepared) -> GatePolicy:
    return GatePolicy.objects.get(system=prepared.here.cast.system)


def test_the_page_plans_the_policy_in_force_on_the_newest_scores(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.qa_lead)
    before = Entry.objects.count()

    text = text_of(client.get(reverse("admin:planner")))

    assert "liveness v1, in force" in text
    assert "errors are assumed to be those of baseline, live on" in text
    assert re.search(r"criteria (can|cannot) be decided with these captures", text)
    assert Entry.objects.count() == before


def test_written_counts_say_what_to_collect_first(prepared: Prepared) -> None:
    text = planner(prepared, f"{WRITTEN}&attack_errors=12&differing=10")

    assert "may pass with these captures, but less likely than asked for; collect" in text
    assert "more attack presentations of print from about" in text
    assert "148 of 37 subjects" in text


def test_a_number_that_is_none_is_marked_and_what_was_written_is_kept(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.qa_lead)

    marked = client.get(f"{reverse('admin:planner')}?attack_errors=nan&{WRITTEN}")
    counts = client.get(f"{reverse('admin:planner')}?{WRITTEN.replace('37', '-3')}")
    more = client.get(f"{reverse('admin:planner')}?{WRITTEN.replace('37', '149')}")
    huge = client.get(f"{reverse('admin:planner')}?{WRITTEN.replace('37', '9' * 5000)}")

    assert [one.status_code for one in (marked, counts, more, huge)] == [200] * 4
    assert "This cannot be planned as it is asked." in text_of(marked)
    assert 'name="n~attack~species~print" value="148"' in marked.content.decode()
    assert "print: '-3' is no count" in text_of(counts)
    assert "148 presentations of 149 subjects" in text_of(more)
    assert "is no count" in text_of(huge)


def test_leading_noughts_are_no_way_around_the_largest_count(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.qa_lead)
    address = f"{reverse('admin:planner')}?captures=written&k~attack~species~print=1&n~attack~species~print="

    small = client.get(f"{address}{'0' * 5000}1")
    large = client.get(f"{address}{'0' * 13}{'9' * 30}")

    assert (small.status_code, large.status_code) == (200, 200)
    assert "1 of 1 subject" in text_of(small)
    assert "is no count up to" in text_of(large)


def test_a_species_whose_name_holds_the_mark_can_be_written() -> None:
    given = QueryDict(
        "n~attack~species~x~y=148&k~attack~species~x~y=37&n~attack~species=9&n~both~pooled~all=9"
    )

    assert written_counts(given) == {("attack", ("species", "x~y")): (148, 37)}


def test_a_count_rule_that_captures_make_less_likely_is_said_on_the_page(prepared: Prepared) -> None:
    spec = {"metric": "apcer", "strata": {"species": ["print"]}, "max_errors": 0, "presentations": 150}
    rule = CriterionInput("ibeta", "max_errors", "None of 150", {**spec, "rule_reason": "A test's"})
    draft = drafted_policy(prepared.here.cast, [rule], "counted")
    counts = "captures=written&n~attack~species~print=400&k~attack~species~print=400&attack_errors=0.1"

    text = planner(prepared, f"policy={draft.pk}&{counts}")

    assert "Unlikely to pass" in text
    assert "more captures make it less likely, with the 150 that the rule asks for it is 86 %" in text
    assert "whatever is collected" not in text


def test_counts_of_both_classes_are_written_class_by_class(prepared: Prepared) -> None:
    spec = {"margin": 0.02, "margin_reason": "A test's", "baseline": {"kind": "live"}}
    scores = CriterionInput("scores", "calibration", "Scores", spec)
    draft = drafted_policy(prepared.here.cast, [scores], "calibrated")
    client = signed_in(prepared.here.cast.qa_lead)
    counts = "n~attack~pooled~all=3000&k~attack~pooled~all=3000"

    page = client.get(f"{reverse('admin:planner')}?policy={draft.pk}&captures=written&{counts}&spread=5")

    assert set(re.findall(r'name="(n~[^"]*)" value="([^"]*)"', page.content.decode())) == {
        ("n~bona_fide~pooled~all", ""),
        ("n~attack~pooled~all", "3000"),
    }
    assert "3 000 presentations of 3 000 subjects are enough" in text_of(page)


def test_numbers_of_the_page_that_are_for_no_line_are_no_mistake(prepared: Prepared) -> None:
    text = planner(prepared, f"{WRITTEN}&attack_errors=12&spread=10&differing=10")

    assert "may pass with these captures" in text


def test_a_stratum_that_no_criterion_judges_is_refused_on_the_page(prepared: Prepared) -> None:
    text = planner(prepared, "captures=written&n~attack~species~papier=10&k~attack~species~papier=5")

    assert "the policy judges no species 'papier'" in text


def test_a_policy_out_of_reach_is_not_found(prepared: Prepared) -> None:
    client = signed_in(person("looks_on"))

    foreign = client.get(f"{reverse('admin:planner')}?policy={policy(prepared).pk}")
    nothing = client.get(reverse("admin:planner"))
    wrong = signed_in(prepared.here.cast.qa_lead).get(f"{reverse('admin:planner')}?policy=everything")

    assert (foreign.status_code, wrong.status_code) == (404, 404)
    assert "Nothing can be planned yet: no gate policy is there." in text_of(nothing)


def test_whoever_reads_a_channel_plans_the_policy_of_its_system(prepared: Prepared) -> None:
    text = planner(prepared, f"policy={policy(prepared).pk}", "security_reviewer")

    assert "criteria" in text


def test_the_policys_page_and_the_sidebar_lead_to_the_planner(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.qa_lead)
    link = f"{reverse('admin:planner')}?policy={policy(prepared).pk}"

    shown = client.get(reverse("admin:releases_gatepolicy_change", args=[policy(prepared).pk]))
    front = client.get(reverse("admin:index"))

    assert f'href="{link}"' in shown.content.decode()
    assert f'href="{reverse("admin:planner")}"' in front.content.decode()


def test_an_inconclusive_brief_leads_to_the_plan_of_its_policy_and_dataset(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    client = signed_in(prepared.here.cast.approver)
    brief = client.get(reverse("admin:review", args=[revision.pk])).content.decode()
    passed = client.get(reverse("admin:review", args=[prepared.candidate.pk])).content.decode()

    link = html.unescape(re.findall(r'href="([^"]*)">How much more data would settle it', brief)[0])

    plan = text_of(client.get(link))
    assert f"policy={policy(prepared).pk}&dataset=" in link
    assert "of decisions differing" in plan
    assert "How much more data would settle it" not in passed


def test_more_policies_cost_no_more_queries(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.qa_lead)
    address = f"{reverse('admin:planner')}?policy={policy(prepared).pk}"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    names = ("one", "two", "three")
    drafts = [drafted_policy(prepared.here.cast, criteria(prepared.here.baseline), name) for name in names]

    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(drafts) == len(names)
    assert len(many) == len(few)


def test_a_need_that_nobody_could_collect_is_said_in_words() -> None:
    stratum = {
        "stratum": {"species": "print"},
        "title": "print",
        "verdict": "inconclusive",
        "reason_code": "straddles_limit",
        "sentence": "",
        "more_subjects": 494_772,
        "n": 100,
    }
    result = {"criteria": [{"key": "apcer", "spec": {"metric": "apcer"}, "strata": [stratum]}]}

    line = lines_of(result)[0]

    assert line.settle == "over 100 000 more subjects needed: out of reach of captures"


@pytest.mark.parametrize("name", ["captures", "dataset"])
def test_a_dataset_that_is_not_there_is_not_replaced_silently(prepared: Prepared, name: str) -> None:
    text = planner(prepared, f"{name}=0190b7c0-0000-7000-8000-000000000009")

    assert "No dataset '0190b7c0-0000-7000-8000-000000000009' of this system has scores" in text
    assert re.search(r"shown instead: \S+", text)
    assert "cannot be planned as it is asked" not in text

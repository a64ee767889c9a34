"""What each role meets first on its front page, and in which order several things stand."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.answers.gaps import gaps_visible_to
from governance.access.models import Account
from releases.bundles.content import content_of
from releases.bundles.services import edit_release
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import candidate, requested, voted
from tests.factories.cast import actor, administrator, grant, person
from tests.factories.http import signed_in
from tests.factories.rollouts import held, live, on_its_way
from tests.factories.worlds import Prepared

INDEX = "/admin/"


def front(account: Account) -> str:
    response = signed_in(account).get(INDEX)
    assert response.status_code == 200
    return text_of(response)


def headings(account: Account) -> list[str]:
    """The headings of the page's cards, in order."""
    body = signed_in(account).get(INDEX).content.decode()
    return re.findall(r'<h2 id="[^"]*"[^>]*>([^<]*)</h2>', body)


def test_a_release_manager_meets_held_then_ready_then_approved(prepared: Prepared) -> None:
    web, _ = on_its_way(prepared.here, prepared.candidate, "mobile_web", "android")
    held(prepared.here, web)
    voted(prepared.here.cast.approver, requested(prepared.here, candidate(prepared.here, "2"), "ios"))

    page = front(prepared.here.cast.release_manager)

    assert "One rollout is held: it goes on or back. Two other things wait too." in page
    assert headings(prepared.here.cast.release_manager)[:4] == [
        "Held rollouts",
        "Can advance now",
        "Approved, not started",
        "What is live where",
    ]
    assert "v1 is held at guarded 25 % on mobile_web. Masks pass." in page
    assert "v1 can advance from guarded 25 % to general on android." in page


def test_before_its_minimum_duration_a_rollout_only_runs(prepared: Prepared) -> None:
    plan = {
        "stages": [
            {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": 86_400},
            {"kind": "general"},
        ]
    }
    on_its_way(prepared.here, candidate(prepared.here, "2", rollout_plan=plan), "mobile_web")

    page = front(prepared.here.cast.release_manager)

    assert "Nothing waits for you." in page
    assert "v2 is rolling out on mobile_web: guarded 25 %." in page
    assert "can advance from" in page


def test_a_channel_reviewer_has_hold_and_roll_back_in_reach_on_the_channel(prepared: Prepared) -> None:
    on_its_way(prepared.here, prepared.candidate, "mobile_web", "android")

    page = front(prepared.here.cast.security_reviewer)

    assert "Rolling out now" in page
    assert "v1 is rolling out on mobile_web: guarded 25 %." in page
    assert "Open Hold undo Roll back" in page
    assert "on android" not in page
    assert "security reviewer · mobile_web" in page


def test_the_owner_of_a_rollback_plan_meets_the_rollout_too(prepared: Prepared) -> None:
    owner = person("night_watch")
    grant(owner, "author", system=prepared.here.cast.system)
    plan = {**prepared.candidate.rollback_plan, "owner": "night_watch"}
    on_its_way(prepared.here, candidate(prepared.here, "2", rollback_plan=plan), "mobile_web")

    page = front(owner)

    assert "v2 is rolling out on mobile_web: guarded 25 %." in page
    assert "Open undo Roll back" in page


def test_an_author_meets_the_changes_asked_for_first(prepared: Prepared) -> None:
    candidate(prepared.here, "9", accepted_attacks=40)
    request = requested(prepared.here, prepared.candidate)
    voted(prepared.here.cast.approver, request, "request_changes")

    page = front(prepared.here.cast.author)

    assert "Changes to one of your releases are asked for. One other thing waits too." in page
    assert headings(prepared.here.cast.author)[:2] == ["Changes asked for", "Your releases"]


def test_once_changed_the_request_for_changes_is_gone(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    voted(prepared.here.cast.approver, request, "request_changes")
    edit_release(
        actor(prepared.here.cast.author), revision=prepared.candidate, content=content_of(prepared.candidate)
    )

    assert "Changes asked for" not in headings(prepared.here.cast.author)


def test_a_release_in_review_waits_for_others_and_not_for_its_author(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)

    page = front(prepared.here.cast.author)

    assert "Nothing waits for you." in page
    assert "v1 is in review; others vote." in page


def test_a_qa_lead_meets_what_the_gate_did_not_pass(prepared: Prepared) -> None:
    candidate(prepared.here, "9", accepted_attacks=40)

    page = front(prepared.here.cast.qa_lead)

    assert "One evaluation did not pass." in page
    assert headings(prepared.here.cast.qa_lead)[0] == "Not passed by the gate"


def test_an_auditor_meets_the_ledger_events_gaps_and_approvals(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    assert headings(prepared.here.cast.auditor) == [
        "Ledger",
        "Recent events",
        "Gaps",
        "Latest approvals",
        "What is live where",
    ]
    page = front(prepared.here.cast.auditor)
    assert "Trace a decision, or read what was approved" in page
    assert "0 of 0 entries" in page
    assert "The record is checked as a whole each night; it has not been so far." in page


def test_an_administrator_is_told_who_can_do_nothing(prepared: Prepared) -> None:
    page = front(prepared.here.cast.admin)

    assert "One person holds no role and can do nothing: stranger." in page
    assert "You are the only administrator" not in page


def test_the_only_administrator_is_told_that_it_is_a_gap(db: None) -> None:
    assert "You are the only administrator" in front(administrator())


def test_an_approver_with_nothing_to_do_is_told_what_comes(prepared: Prepared) -> None:
    page = front(prepared.here.cast.approver)

    assert "Nothing waits for you." in page
    assert "When approval is asked for, the request stands here with its deadline." in page


def test_several_roles_meet_the_union_in_the_order_of_danger(prepared: Prepared) -> None:
    both = person("both")
    grant(both, "approver", system=prepared.here.cast.system)
    grant(both, "release_manager", system=prepared.here.cast.system)
    (web,) = on_its_way(prepared.here, prepared.candidate, "mobile_web")
    held(prepared.here, web)
    requested(prepared.here, candidate(prepared.here, "2"), "ios")

    page = front(both)

    assert headings(both)[:2] == ["Held rollouts", "Waiting for your vote"]
    assert "approver · onboarding-liveness" in page
    assert "release manager · onboarding-liveness" in page


def test_the_matrix_draws_what_is_on_its_way(prepared: Prepared) -> None:
    web, _ = on_its_way(prepared.here, prepared.candidate, "mobile_web", "android")
    held(prepared.here, web)

    page = front(prepared.here.cast.auditor)

    assert "v1 held at guarded 25 %" in page
    assert "v1 rolling out: guarded 25 %" in page
    assert "control and rest" in page


def test_gaps_stand_on_the_page_and_beside_their_link(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    page = front(auditor)

    assert f"Gaps {len(gaps_visible_to(actor(auditor)))}" in page
    assert "No approval record onboarding-liveness baseline on android, ios and mobile_web" in page


def test_more_rollouts_take_no_more_queries(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.release_manager)
    on_its_way(prepared.here, prepared.candidate, "mobile_web")
    client.get(INDEX)
    with CaptureQueriesContext(connection) as few:
        client.get(INDEX)
    on_its_way(prepared.here, candidate(prepared.here, "2"), "android", "ios")

    with CaptureQueriesContext(connection) as many:
        client.get(INDEX)

    assert len(many) == len(few)

"""The front page of each role."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.pages.inbox import waiting_for
from governance.access.granting import GrantTerms, propose_grant
from governance.access.models import Account
from releases.approvals.queries import listed_requests, may_vote
from releases.approvals.services import request_approval
from releases.gates.runs.evaluation import request_evaluation
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import candidate, requested, scores_of, voted
from tests.factories.cast import Cast, actor, administrator, grant, person, system_with_channels
from tests.factories.http import signed_in
from tests.factories.rollouts import live, taken_back
from tests.factories.worlds import Prepared

INDEX = "/admin/"


def front(client: Client) -> str:
    response = client.get(INDEX)
    assert response.status_code == 200
    return text_of(response)


def test_an_approver_sees_what_waits_for_the_vote_with_its_finding(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    response = signed_in(prepared.here.cast.approver).get(INDEX)

    page = text_of(response)
    assert "One decision waits for you." in page
    assert "Gate passed" in page
    assert "v1 passes its gate: all 5 lines hold." in page
    assert "0 of 1 seats filled" in page
    assert reverse("admin:review", args=[request.revision_id]) in response.content.decode()


def test_a_request_due_within_a_day_is_said_to_be(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate, deadline_at=timezone.now() + timedelta(hours=5))

    page = front(signed_in(prepared.here.cast.approver))

    assert "One decision waits for you: one within a day." in page
    assert "4 h 59 min left" in page


@pytest.mark.parametrize(
    "role", ["author", "security_all", "release_manager", "auditor", "admin", "stranger"]
)
def test_nobody_else_is_shown_the_vote(prepared: Prepared, role: str) -> None:
    requested(prepared.here, prepared.candidate)

    assert "Waiting for your vote" not in front(signed_in(getattr(prepared.here.cast, role)))


def test_the_inbox_agrees_with_the_ballot_for_everybody(prepared: Prepared) -> None:
    people = prepared.here.cast
    request = listed_requests().get(pk=requested(prepared.here, prepared.candidate).pk)
    accounts = [
        people.approver,
        people.approver_two,
        people.author,
        people.qa_lead,
        people.security_all,
        people.admin,
    ]

    shown = [bool(waiting_for(actor(account))) for account in accounts]

    assert shown == [may_vote(actor(account), request)[0] for account in accounts]
    assert shown == [True, True, False, False, False, False]


def test_a_vote_takes_the_request_out_of_every_inbox(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate))

    assert waiting_for(actor(prepared.here.cast.approver_two)) == []


def test_an_approver_who_contributed_is_not_asked(prepared: Prepared) -> None:
    grant(prepared.here.cast.author, "approver", system=prepared.here.cast.system)
    requested(prepared.here, prepared.candidate)

    assert waiting_for(actor(prepared.here.cast.author)) == []


def asks_for_approval(prepared: Prepared, account: Account) -> None:
    """By asking one contributes."""
    request_approval(actor(account), revision=prepared.candidate)


def imports_scores(prepared: Prepared, account: Account) -> None:
    """Scores of the candidate's stack, before somebody else asks."""
    people = replace(prepared.here.cast, author=account)
    scores_of(people, prepared.candidate)
    requested(prepared.here, prepared.candidate)


@pytest.mark.parametrize("contribute", [asks_for_approval, imports_scores])
def test_who_contributed_to_the_release_of_another_is_not_asked(
    prepared: Prepared, contribute: Callable[[Prepared, Account], None]
) -> None:
    second = person("second_author")
    grant(second, "author", system=prepared.here.cast.system)
    grant(second, "approver", system=prepared.here.cast.system)
    contribute(prepared, second)

    assert waiting_for(actor(second)) == []
    assert len(waiting_for(actor(prepared.here.cast.approver))) == 1


def test_an_author_sees_what_each_own_release_needs_next(prepared: Prepared) -> None:
    page = front(signed_in(prepared.here.cast.author))

    assert "One of your releases needs a next step." in page
    assert "v1 passed its gate. Ask for its approval." in page


def test_a_release_manager_sees_what_can_go_live(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android", "ios"))

    page = front(signed_in(prepared.here.cast.release_manager))

    assert "One approved release waits to be started." in page
    assert "v1 is approved for android and ios and not started there yet." in page


def test_an_administrator_sees_proposals_of_others_only(team: Cast) -> None:
    terms = GrantTerms(team.stranger, "approver", "A second approver is needed.", system_id=team.system.pk)
    propose_grant(actor(team.admin), terms=terms)

    assert "A second approver is needed." in front(signed_in(team.admin_two))
    assert "A second approver is needed." not in front(signed_in(team.admin))


def test_the_matrix_shows_what_is_live_and_what_was_taken_back(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android", "mobile_web")
    taken_back(prepared.here, "mobile_web")

    page = front(signed_in(prepared.here.cast.auditor))

    assert "android v1" in page
    assert "baseline" in page
    assert "adopted, no gate" in page
    assert "v1 rolled back" in page


def test_whoever_holds_no_role_is_told_so_and_nothing_untrue(team: Cast) -> None:
    page = front(signed_in(team.stranger))

    assert "Nothing waits for you. You hold no role yet; an administrator gives one" in page
    assert "The way to the first release" not in page
    assert "Nothing is recorded yet" not in page
    assert "0 open" not in page


def test_the_first_administrator_is_led_to_the_first_steps(db: None) -> None:
    response = signed_in(administrator()).get(INDEX)

    assert "Register the decision system." in text_of(response)
    assert reverse("admin:governance_system_register") in response.content.decode()


def test_events_stay_within_the_reach(prepared: Prepared) -> None:
    elsewhere = person("auditor_elsewhere")
    grant(elsewhere, "auditor", system=system_with_channels("payout-liveness", ("ios",)))

    page = front(signed_in(elsewhere))

    assert "v1" not in page
    assert "baseline" not in page


def test_a_running_evaluation_is_asked_about_by_the_page(prepared: Prepared) -> None:
    request_evaluation(actor(prepared.here.cast.author), revision=prepared.candidate)

    response = signed_in(prepared.here.cast.author).get("/admin/running/")

    assert "every 3s" in response.content.decode()
    assert "Gate evaluation of v1" in text_of(response)


def test_the_front_page_takes_no_more_queries_for_more_requests(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.approver)
    requested(prepared.here, prepared.candidate)
    client.get(INDEX)
    with CaptureQueriesContext(connection) as few:
        client.get(INDEX)
    requested(prepared.here, candidate(prepared.here, "2"))
    requested(prepared.here, candidate(prepared.here, "3"))

    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get(INDEX))

    assert "Three decisions wait for you." in page
    assert len(many) == len(few)

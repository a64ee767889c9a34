"""How was drift monitored after launch (S25): report, page and interface; and the gaps of that time."""

from datetime import timedelta
from typing import Any

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.models import Account
from releases.monitoring.incidents.following import file_report, finish_follow_up
from releases.monitoring.replaying.services import replay_new
from releases.monitoring.terms.services import Wanted, set_terms
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import candidate
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.incidents import confirmed, dismissed, follow_up, suspected
from tests.factories.reviews import ENGINE, SEEN, concluded, planned
from tests.factories.rollouts import live
from tests.factories.traffic import traffic
from tests.factories.worlds import Prepared

DAY = timedelta(days=1)
DIFFERS: dict[str, Any] = {"scores": {"depth": 0.9, "texture": 0.9}, "outcome": "accept", "band": "accept"}


def every_decision(prepared: Prepared) -> None:
    wanted = Wanted(72, 1.0, (7, 30), 30, ("capture_device",), "quality")
    cast = prepared.here.cast
    set_terms(actor(cast.release_manager), system=cast.system, wanted=wanted, reason="A test.")


def report_of(account: Account, release: Any, query: str = "") -> Any:
    return with_token(account).get(f"/api/v1/releases/{release}/drift-report/{query}")


def open_gaps(account: Account) -> dict[GapKind, Gap]:
    return {gap.kind: gap for gap in gaps_visible_to(actor(account)) if gap.field is not None}


def test_a_launched_release_answers_with_dates_people_and_figures(prepared: Prepared) -> None:
    every_decision(prepared)
    here, revision, channel = prepared.here, prepared.candidate, prepared.here.cast.channel("android")
    live(here, revision, "android")
    first = planned(revision)[0]
    with time_machine.travel(first.due_at + DAY, tick=True):
        traffic(here, channel, revision, begins=first.launched_at + timedelta(hours=1))
        traffic(here, channel, revision, begins=first.launched_at + 3 * DAY, score=lambda n: 0.9, person="b")
        confirmed(here, happened_at=first.launched_at + DAY)
        replay_new(ENGINE)
        concluded(here.cast.qa_lead, first)

        answer = report_of(here.cast.auditor, revision.release_id).json()
        page = signed_in(here.cast.auditor).get(reverse("admin:drift_report", args=[revision.release_id]))

    assert answer["sentence"].startswith("It was reviewed once since its launch, on ")
    assert "Score on android" in answer["sentence"]
    assert [one["channel_name"] for one in answer["launches"]] == ["android"]
    assert answer["launches"][0]["replays"]["replayed"] == 240
    assert [one["reviewed_by_username"] for one in answer["reviews"]][:1] == ["qa_lead"]
    assert [one["status"] for one in answer["incidents"]] == ["confirmed"]
    assert any(text.startswith("The next review is due on ") for text in answer["support"])
    assert SEEN in text_of(page)
    assert "moved against its first day there" in text_of(page)


def test_what_nobody_reviewed_says_so(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    first = planned(prepared.candidate)[0]

    with time_machine.travel(first.due_at + DAY, tick=True):
        answer = report_of(prepared.here.cast.auditor, prepared.candidate.release_id).json()

    assert answer["sentence"] == "Nobody has reviewed how it drifts since its launch."
    assert answer["support"][0].startswith("A review is overdue since ")


def test_what_was_never_launched_has_no_drift(prepared: Prepared) -> None:
    cast = prepared.here.cast

    answer = report_of(cast.auditor, prepared.candidate.release_id).json()
    page = signed_in(cast.auditor).get(reverse("admin:drift_report", args=[prepared.candidate.release_id]))

    assert answer["sentence"] == "It has not answered anybody yet, so there is no drift to monitor."
    assert (answer["launches"], answer["reviews"], answer["support"]) == ([], [], [])
    assert "Not launched" in text_of(page)


def test_the_report_is_for_those_who_see_the_release(prepared: Prepared) -> None:
    cast, release = prepared.here.cast, prepared.candidate.release_id

    assert report_of(cast.stranger, release).status_code == 404
    assert report_of(cast.auditor, release, "?revision=9").status_code == 400
    assert report_of(cast.auditor, release, "?mood=bad").status_code == 400
    page = reverse("admin:drift_report", args=[release])
    assert signed_in(cast.stranger).get(page).status_code == 404
    assert signed_in(cast.auditor).get(f"{page}?revision=9").status_code == 404


def test_the_release_page_leads_to_the_report(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    release = prepared.candidate.release_id

    page = signed_in(prepared.here.cast.auditor).get(reverse("admin:releases_release_change", args=[release]))

    assert reverse("admin:drift_report", args=[release]) in page.content.decode()


def test_an_overdue_report_follow_up_and_review_are_gaps_until_done(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android")
    review = planned(prepared.candidate)[0]
    found = suspected(here)
    todo = follow_up(here, found)
    before = open_gaps(here.cast.auditor)

    with time_machine.travel(review.due_at + DAY, tick=True):
        late = open_gaps(here.cast.auditor)
        file_report(actor(here.cast.security_all), incident=found, reference="CERT 4711")
        finish_follow_up(actor(here.cast.author), follow_up=todo, outcome="40 captures.")
        concluded(here.cast.qa_lead, review)
        after = open_gaps(here.cast.auditor)

    assert (before, after) == ({}, {})
    assert set(late) == {
        GapKind.INCIDENT_REPORT_OVERDUE,
        GapKind.FOLLOW_UP_OVERDUE,
        GapKind.DRIFT_REVIEW_OVERDUE,
    }
    assert late[GapKind.FOLLOW_UP_OVERDUE].owner == "author"
    assert late[GapKind.INCIDENT_REPORT_OVERDUE].incident == found
    assert late[GapKind.DRIFT_REVIEW_OVERDUE].drift_review == review
    assert [one.name for one in late[GapKind.DRIFT_REVIEW_OVERDUE].channels] == ["android"]


def test_of_several_overdue_reviews_the_gap_is_the_first(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    reviews = planned(prepared.candidate)

    with time_machine.travel(reviews[2].due_at + DAY, tick=True):
        gap = open_gaps(prepared.here.cast.auditor)[GapKind.DRIFT_REVIEW_OVERDUE]
        inboxes = [
            text_of(signed_in(one).get("/admin/"))
            for one in (prepared.here.cast.qa_lead, prepared.here.cast.auditor)
        ]

    assert ["things are overdue after a launch." in one for one in inboxes] == [True, False]
    assert gap.drift_review == reviews[0]
    assert gap.since == reviews[0].due_at


def test_a_dismissed_incident_leaves_no_gap(prepared: Prepared) -> None:
    found = dismissed(prepared.here)

    with time_machine.travel(found.report_due_at + DAY, tick=True):
        assert open_gaps(prepared.here.cast.auditor) == {}


def test_replays_that_differ_are_a_gap_for_a_day(prepared: Prepared) -> None:
    every_decision(prepared)
    here, channel = prepared.here, prepared.here.cast.channel("android")
    begins = timezone.now() - timedelta(hours=1)
    traffic(here, channel, here.baseline, begins=begins, many=3, each=lambda number: DIFFERS)
    replay_new(ENGINE)

    now = open_gaps(here.cast.auditor)
    with time_machine.travel(timezone.now() + 2 * DAY, tick=True):
        later = open_gaps(here.cast.auditor)

    assert now[GapKind.REPLAYS_DIFFER].found == "3 replayed decisions of the last day came out otherwise"
    assert [one.name for one in now[GapKind.REPLAYS_DIFFER].channels] == ["android"]
    assert GapKind.REPLAYS_DIFFER not in later


def test_the_board_and_the_list_lead_to_the_incident(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    cast = prepared.here.cast

    with time_machine.travel(found.report_due_at + DAY, tick=True):
        listed = with_token(cast.auditor).get("/api/v1/gaps/?kind=incident_report_overdue").json()["results"]
        board = signed_in(cast.auditor).get(reverse("admin:gaps")).content.decode()

    assert [one["incident"] for one in listed] == [str(found.pk)]
    assert reverse("admin:releases_incident_change", args=[found.pk]) in board


def test_reviewers_of_another_channel_see_none_of_these_gaps(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    follow_up(prepared.here, found)

    with time_machine.travel(found.report_due_at + DAY, tick=True):
        assert open_gaps(prepared.here.cast.security_reviewer) == {}


def test_more_incidents_and_reviews_take_no_more_queries(prepared: Prepared) -> None:
    here = prepared.here
    found = suspected(here)
    follow_up(here, found)
    live(here, prepared.candidate, "android")
    review = planned(prepared.candidate)[0]
    auditor = actor(here.cast.auditor)

    with (
        time_machine.travel(review.due_at + DAY, tick=True),
        CaptureQueriesContext(
            connection,
        ) as few,
    ):
        gaps_visible_to(auditor)
    follow_up(here, suspected(here, "ios"))
    follow_up(here, suspected(here, "mobile_web"))
    other = candidate(here, "2")
    live(here, other, "ios")
    planned(other)
    with time_machine.travel(review.due_at + DAY, tick=True), CaptureQueriesContext(connection) as many:
        gaps_visible_to(auditor)

    assert len(many) == len(few)

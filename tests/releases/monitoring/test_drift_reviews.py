"""The calendar of reviews after a launch: planned, reminded of, concluded on the figures that were seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.models import Entry
from governance.notifications.models import Notification
from releases.bundles.models import Revision
from releases.monitoring.drift.calendar import due_dates
from releases.monitoring.drift.figures import begins, figures_of, moved_in, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.planning import keep_calendar
from releases.monitoring.drift.queries import reviews_overdue
from releases.monitoring.drift.services import (
    FiguresChanged,
    NothingServes,
    ReviewDone,
    ReviewNotDue,
    conclude_review,
)
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.reviews import ENGINE, SEEN, concluded, planned
from tests.factories.rollouts import live, taken_back
from tests.factories.traffic import traffic
from tests.factories.worlds import Prepared

DAY = timedelta(days=1)
LAUNCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


def days_after(dates: list[datetime]) -> list[int]:
    return [(date - LAUNCH).days for date in dates]


@pytest.mark.parametrize(
    ("now", "last", "wanted"),
    [
        (0, None, [7, 30, 90]),
        (8, None, [7, 30, 90]),
        (50, None, [30, 90]),
        (100, None, [90, 180]),
        (500, None, [450, 540]),
        (50, 90, []),
        (91, 90, [180]),
        (400, 90, [180, 270, 360, 450]),
        (10, 30, [90]),
    ],
    ids=["launch", "a week", "late", "later", "long ago", "ahead", "repeats", "away", "more days"],
)
def test_the_calendar_always_holds_a_day_ahead(now: int, last: int | None, wanted: list[int]) -> None:
    known = None if last is None else LAUNCH + last * DAY

    found = due_dates(LAUNCH, [7, 30, 90], 90, last=known, now=LAUNCH + now * DAY)

    assert days_after(found) == wanted


@dataclass(frozen=True)
class Launched:
    """A release that is live on android, with its calendar."""

    here: World
    revision: Revision
    reviews: list[DriftReview]

    @property
    def first(self) -> DriftReview:
        return self.reviews[0]


@pytest.fixture
def launched(prepared: Prepared) -> Launched:
    live(prepared.here, prepared.candidate, "android")
    return Launched(prepared.here, prepared.candidate, planned(prepared.candidate))


@pytest.fixture
def due(launched: Launched) -> Iterator[Launched]:
    """The same on the day after the first review was due."""
    with time_machine.travel(launched.first.due_at + DAY, tick=True):
        yield launched


def test_what_goes_live_gets_its_calendar_once(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    rounds = [keep_calendar(ENGINE), keep_calendar(ENGINE)]

    rows = DriftReview.objects.filter(revision=prepared.candidate).order_by("number")
    launched_at = prepared.candidate.deployments.get(channel__name="android").state_changed_at
    assert rounds == [2, 0]
    assert [row.number for row in rows] == [1, 2, 3]
    assert [row.due_at - launched_at for row in rows] == [7 * DAY, 30 * DAY, 90 * DAY]
    assert {row.launched_at for row in rows} == {launched_at}


def test_a_review_that_is_due_is_asked_for_once(due: Launched) -> None:
    rounds = [keep_calendar(ENGINE), keep_calendar(ENGINE)]

    told = Notification.objects.filter(event="drift_review.due", subject=due.first.stream())
    assert rounds[1] == 0
    assert {one.account.username for one in told} == {"qa_lead", "security_all"}
    assert told[0].context["channels"] == ["android"]


def test_a_review_is_concluded_on_the_figures_that_were_seen(due: Launched) -> None:
    until = settled(timezone.now())
    figures = figures_of(due.first, until)

    done = conclude_review(
        actor(due.here.cast.qa_lead),
        review=due.first,
        acceptable=True,
        conclusion=SEEN,
        until=until,
        figures_digest=figures.digest,
    )

    assert (done.reviewed_by_username, done.acceptable) == ("qa_lead", True)
    assert done.figures == figures.document
    assert [one["name"] for one in done.figures["channels"]] == ["android"]
    entry = Entry.objects.filter(stream=done.stream()).order_by("-stream_seq")[0]
    assert entry.document["refs"]["figures"] == figures.digest
    assert entry.document["reason"] == SEEN
    assert not reviews_overdue(timezone.now()).filter(revision=due.revision).exists()


def test_the_next_period_begins_where_the_last_review_ended(due: Launched) -> None:
    done = concluded(due.here.cast.qa_lead, due.first)

    assert done.figures is not None
    assert begins(due.first) == due.first.launched_at
    assert begins(due.reviews[1]).isoformat() == datetime.fromisoformat(done.figures["until"]).isoformat()


def test_decisions_that_arrive_late_ask_for_another_look(due: Launched) -> None:
    until = settled(timezone.now())
    seen = figures_of(due.first, until).digest
    channel = due.here.cast.channel("android")
    traffic(due.here, channel, due.revision, begins=until - timedelta(hours=6), many=60)

    with pytest.raises(FiguresChanged):
        conclude_review(
            actor(due.here.cast.qa_lead),
            review=due.first,
            acceptable=True,
            conclusion=SEEN,
            until=until,
            figures_digest=seen,
        )

    due.first.refresh_from_db()
    assert due.first.reviewed_at is None


def test_a_review_is_done_once_and_in_turn(due: Launched) -> None:
    with pytest.raises(ReviewNotDue, match="Review 1"):
        concluded(due.here.cast.qa_lead, due.reviews[1])
    concluded(due.here.cast.qa_lead, due.first)

    with pytest.raises(ReviewDone):
        concluded(due.here.cast.security_all, due.first)
    with pytest.raises(ReviewNotDue, match="due on"):
        concluded(due.here.cast.security_all, due.reviews[1])


def test_what_is_live_nowhere_is_not_reviewed(due: Launched) -> None:
    taken_back(due.here)

    with pytest.raises(NothingServes):
        concluded(due.here.cast.qa_lead, due.first)

    assert not reviews_overdue(timezone.now()).filter(revision=due.revision).exists()


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "security_reviewer"])
def test_other_roles_conclude_nothing(due: Launched, name: str) -> None:
    with pytest.raises(PermissionDenied):
        concluded(getattr(due.here.cast, name), due.first)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conclusion": " "}, "conclusion"),
        ({"until": DAY}, "until"),
        ({"until": -3 * DAY}, "until"),
        ({"until": -100 * DAY}, "until"),
    ],
    ids=["no words", "in the future", "days ago", "before the launch"],
)
def test_a_conclusion_is_checked_by_field(due: Launched, change: dict[str, Any], field: str) -> None:
    shift = change.pop("until", -timedelta(minutes=1))
    fits = {"conclusion": SEEN, "until": timezone.now() + shift, "figures_digest": "sha256:" + "0" * 64}

    with pytest.raises(InvalidInput) as refused:
        conclude_review(actor(due.here.cast.qa_lead), review=due.first, acceptable=True, **{**fits, **change})

    assert [one.field for one in refused.value.field_errors] == [field]


def test_the_owner_and_those_who_review_are_told_of_the_conclusion(due: Launched) -> None:
    concluded(due.here.cast.qa_lead, due.first, acceptable=False)

    told = Notification.objects.filter(event="drift_review.concluded")
    assert {one.account.username for one in told} == {"security_all", due.revision.release.owner_username}
    assert told[0].context["judged"] == "not acceptable"


def test_over_http_the_figures_are_read_and_concluded(due: Launched) -> None:
    client = with_token(due.here.cast.qa_lead)
    url = f"/api/v1/drift-reviews/{due.first.pk}/"

    listed = client.get("/api/v1/drift-reviews/?overdue=true&done=false").json()["results"]
    seen = client.get(f"{url}figures/").json()
    body = {
        "acceptable": True,
        "conclusion": SEEN,
        "until": seen["figures"]["until"],
        "figures_digest": seen["figures_digest"],
    }
    done = client.post(f"{url}conclude/", body, content_type="application/json")
    again = client.get(f"{url}figures/").json()
    wrong = client.post(f"{url}conclude/", {"acceptable": True}, content_type="application/json")

    assert str(due.first.pk) in [one["id"] for one in listed]
    assert (done.status_code, done.json()["reviewed_by_username"]) == (200, "qa_lead")
    assert again == seen
    assert wrong.status_code == 400
    assert client.get(f"{url}figures/?until=2019-01-01T00:00:00Z").status_code == 200


def test_figures_before_the_launch_are_refused_by_field(due: Launched) -> None:
    client = with_token(due.here.cast.auditor)

    answer = client.get(f"/api/v1/drift-reviews/{due.first.pk}/figures/?until=2019-01-01T00:00:00Z")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "until")


def test_the_page_of_a_due_review_shows_figures_and_takes_the_conclusion(due: Launched) -> None:
    client = signed_in(due.here.cast.qa_lead)
    url = f"/admin/releases/driftreview/{due.first.pk}/"

    shown = text_of(client.get(f"{url}change/"))
    page = submitted(client, f"{url}conclude/", acceptable="no", reason=SEEN)

    assert "is to be reviewed. Nothing could be compared. Say what you make of it." in shown
    assert "Drift on android" in shown
    assert "may not go on as it is" in text_of(page)
    assert DriftReview.objects.get(pk=due.first.pk).conclusion == SEEN


def test_the_page_of_a_planned_review_says_when_it_comes(launched: Launched) -> None:
    client = signed_in(launched.here.cast.qa_lead)

    page = client.get(f"/admin/releases/driftreview/{launched.first.pk}/change/")
    listed = text_of(client.get("/admin/releases/driftreview/?state=planned"))

    assert "is to be reviewed on" in text_of(page)
    assert [bool(offer.why) for offer in page.context["offers"]] == [False, True]
    assert "Planned" in listed


def test_what_moved_is_named_by_channel() -> None:
    sheet = {"measures": [{"title": "Score", "moved": True}, {"title": "SDK", "moved": None}]}

    assert moved_in({"channels": [{"name": "ios", "sheet": sheet}]}) == ["Score on ios"]

"""The one reminder of a request: when it is due, whom it names, and that it happens once."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from governance.project.celery import app
from releases.approvals.models import ApprovalRequest
from releases.approvals.reminding import remind, remind_voters, reminder_due_at
from tests.database import in_threads
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, enacted, requested, voted
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.worlds import Prepared

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.get_fixed_timezone(0))
SECOND = timedelta(seconds=1)


def told(event: str) -> list[str]:
    return sorted(Notification.objects.filter(event=event).values_list("account__username", flat=True))


@pytest.mark.parametrize(
    ("hours", "left"),
    [(12, 3), (72, 18), (3, 1), (1, 0.5), (30 * 24, 24)],
    ids=["a quarter", "the usual 72 hours", "at least an hour", "at most the half", "at most a day"],
)
def test_a_reminder_falls_due_when_a_quarter_of_the_time_is_left(hours: float, left: float) -> None:
    request = ApprovalRequest(requested_at=NOON, deadline_at=NOON + timedelta(hours=hours))

    assert request.deadline_at - reminder_due_at(request) == timedelta(hours=left)


def test_a_request_is_reminded_of_once_and_not_early(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    due = reminder_due_at(request)

    with time_machine.travel(due - SECOND, tick=False):
        early = remind(engine())
    with time_machine.travel(due, tick=False):
        counts = (remind(engine()), remind(engine()))

    request.refresh_from_db()
    entry = entry_of(request.stream(), "approval_request.reminded")
    assert (early, *counts) == (0, 1, 0)
    assert request.reminded_at == due
    assert entry is not None
    assert entry.document["actor"]["kind"] == "task"
    assert entry.document["after"]["waited_for"] == ["approver", "approver_two"]
    assert entry.document["after"]["seats"] == ["One approver"]


def test_a_beat_that_comes_late_catches_up_until_the_deadline(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with time_machine.travel(request.deadline_at, tick=False):
        too_late = remind(engine())
    with time_machine.travel(request.deadline_at - SECOND, tick=False):
        late = remind(engine())

    assert (too_late, late) == (0, 1)


def test_only_those_are_told_who_could_fill_an_open_seat_and_have_not_voted(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate, "android", "mobile_web")
    voted(here.cast.approver, request)
    voted(here.cast.security_reviewer, request)

    with time_machine.travel(reminder_due_at(request), tick=False):
        remind(engine())

    message = Notification.objects.get(event="approval_request.reminded")
    assert told("approval_request.reminded") == ["security_all"]
    assert message.context["seats"] == ["Security review on android"]
    assert message.path == f"/admin/review/{request.revision_id}/"


def test_a_request_that_ended_is_not_reminded_of(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    voted(prepared.here.cast.approver, request)
    before = Entry.objects.count()

    with time_machine.travel(reminder_due_at(request), tick=False):
        answered = remind_voters(engine(), request=request)

    assert answered.reminded_at is None
    assert Entry.objects.count() == before


@pytest.mark.parametrize("who", ["author", "approver", "admin", "release_manager"])
def test_only_the_engine_reminds(prepared: Prepared, who: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(PermissionDenied):
        remind_voters(actor(getattr(prepared.here.cast, who)), request=request)


def test_two_beats_at_once_remind_once(committed: Prepared) -> None:
    deadline = timezone.now() + timedelta(seconds=40)
    request = requested(committed.here, committed.candidate, deadline_at=deadline)
    travelled = time_machine.travel(reminder_due_at(request) + SECOND, tick=False)

    with travelled:
        results = in_threads(
            lambda: remind_voters(engine(), request=request),
            lambda: remind(engine()),
            lambda: remind(engine()),
        )

    entries = Entry.objects.filter(stream=request.stream(), document__type="approval_request.reminded")
    assert [found for found in results if isinstance(found, Exception)] == []
    assert entries.count() == 1
    assert told("approval_request.reminded") == ["approver", "approver_two"]


def test_the_reminder_is_on_the_schedule(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    scheduled = [
        beat for beat in app.conf.beat_schedule.values() if beat["task"] == "releases.approvals.remind"
    ]

    app.loader.import_default_modules()
    with time_machine.travel(reminder_due_at(request), tick=False):
        app.tasks["releases.approvals.remind"].apply(throw=True)

    request.refresh_from_db()
    assert [beat["schedule"] for beat in scheduled] == [60.0]
    assert request.reminded_at is not None

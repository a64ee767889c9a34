"""What follows from an incident: its report, the criterion that let it pass, what somebody is to do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.actors import task_actor
from governance.errors import GovernanceError, InvalidInput
from governance.notifications.models import Notification
from releases.monitoring.incidents.following import (
    FollowUpDone,
    IncidentOver,
    NotYourFollowUp,
    ReportFiled,
    add_follow_up,
    file_report,
    finish_follow_up,
    name_criterion,
)
from releases.monitoring.incidents.models import Incident
from releases.monitoring.incidents.queries import open_reports, overdue_follow_ups
from releases.monitoring.incidents.reminding import remind_of_overdue
from tests.audits.trace.decisions import guarded
from tests.factories.cast import actor
from tests.factories.incidents import confirmed, dismissed, follow_up, suspected
from tests.factories.worlds import Prepared

REFERENCE = "CERT ticket 4711"


def told(event: str) -> set[str]:
    return {one.account.username for one in Notification.objects.filter(event=event)}


def test_filing_the_report_ends_what_is_due(prepared: Prepared) -> None:
    found = confirmed(prepared.here)
    later = found.report_due_at + timedelta(minutes=1)

    done = file_report(actor(prepared.here.cast.release_manager), incident=found, reference=REFERENCE)

    assert done.report_filed_by_username == "release_manager"
    assert not open_reports(later).exists()


def test_a_report_is_filed_once(prepared: Prepared) -> None:
    found = confirmed(prepared.here)
    file_report(actor(prepared.here.cast.release_manager), incident=found, reference=REFERENCE)

    with pytest.raises(ReportFiled, match=REFERENCE):
        file_report(actor(prepared.here.cast.security_all), incident=found, reference="Another")


def test_the_criterion_named_is_one_of_the_evaluation_that_was_approved(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    found = confirmed(prepared.here, decision=rollout.reported().id)

    done = name_criterion(
        actor(prepared.here.cast.security_all), incident=found, criterion="apcer", reason="No such mask."
    )

    assert done.evaluation_id == rollout.rollout.approval.request.evaluation_id  # type: ignore[union-attr]  # started with one
    assert (done.missed_by, done.missed_reason) == ("apcer", "No such mask.")


def test_a_criterion_that_the_evaluation_does_not_have_is_refused(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    found = confirmed(prepared.here, decision=rollout.reported().id)

    with pytest.raises(InvalidInput, match="apcer"):
        name_criterion(
            actor(prepared.here.cast.security_all), incident=found, criterion="luck", reason="No such mask."
        )


def test_of_an_adopted_release_no_criterion_was_looking(prepared: Prepared) -> None:
    found = confirmed(prepared.here)

    done = name_criterion(
        actor(prepared.here.cast.security_all), incident=found, criterion="", reason="There was no gate."
    )

    assert (done.evaluation, done.missed_by) == (None, "")


@pytest.mark.parametrize(
    "act",
    [
        lambda by, found: file_report(by, incident=found, reference=REFERENCE),
        lambda by, found: name_criterion(by, incident=found, criterion="", reason="None."),
        lambda by, found: add_follow_up(
            by, incident=found, text="Look", owner="author", due_at=timezone.now() + timedelta(days=1)
        ),
    ],
    ids=["file", "name", "follow up"],
)
def test_nothing_follows_from_a_dismissed_incident(
    prepared: Prepared, act: Callable[[Any, Incident], object]
) -> None:
    found = dismissed(prepared.here)

    with pytest.raises(IncidentOver):
        act(actor(prepared.here.cast.security_all), found)


def test_the_owner_of_a_follow_up_is_told_and_closes_it(prepared: Prepared) -> None:
    todo = follow_up(prepared.here, confirmed(prepared.here))

    done = finish_follow_up(actor(prepared.here.cast.author), follow_up=todo, outcome="40 are there.")

    assert told("follow_up.added") == {"author"}
    assert (done.done_by_username, done.outcome) == ("author", "40 are there.")
    assert told("follow_up.done") >= {"security_all", "release_manager"}


def test_somebody_else_closes_it_only_with_the_role(prepared: Prepared) -> None:
    todo = follow_up(prepared.here, confirmed(prepared.here))
    with pytest.raises(NotYourFollowUp):
        finish_follow_up(actor(prepared.here.cast.qa_lead), follow_up=todo, outcome="Done.")
    with pytest.raises(PermissionDenied):
        finish_follow_up(actor(prepared.here.cast.stranger), follow_up=todo, outcome="Done.")

    done = finish_follow_up(actor(prepared.here.cast.release_manager), follow_up=todo, outcome="Done.")

    assert done.done_by_username == "release_manager"


def test_a_follow_up_is_closed_once(prepared: Prepared) -> None:
    todo = follow_up(prepared.here, confirmed(prepared.here))
    finish_follow_up(actor(prepared.here.cast.author), follow_up=todo, outcome="Done.")

    with pytest.raises(FollowUpDone):
        finish_follow_up(actor(prepared.here.cast.author), follow_up=todo, outcome="Again.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": " "}, "text"),
        ({"owner": "stranger"}, "owner"),
        ({"owner": "nobody-of-this-name"}, "owner"),
        ({"due_at": timezone.now() - timedelta(days=1)}, "due_at"),
    ],
    ids=["no text", "who cannot read it", "nobody", "yesterday"],
)
def test_a_follow_up_is_checked_by_field(prepared: Prepared, change: dict[str, Any], field: str) -> None:
    found = confirmed(prepared.here)
    fits = {"text": "Look", "owner": "author", "due_at": timezone.now() + timedelta(days=1)}

    with pytest.raises(InvalidInput) as refused:
        add_follow_up(actor(prepared.here.cast.security_all), incident=found, **{**fits, **change})

    assert [one.field for one in refused.value.field_errors] == [field]


def test_those_who_only_read_complete_nothing(prepared: Prepared) -> None:
    found, by = confirmed(prepared.here), actor(prepared.here.cast.auditor)

    with pytest.raises(PermissionDenied):
        file_report(by, incident=found, reference=REFERENCE)
    with pytest.raises(PermissionDenied):
        name_criterion(by, incident=found, criterion="", reason="None.")


def test_what_becomes_overdue_is_told_once(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    follow_up(prepared.here, found, days=1)
    engine = task_actor("a-test")
    early = remind_of_overdue(engine)

    with time_machine.travel(found.report_due_at + timedelta(minutes=1), tick=False):
        rounds = [remind_of_overdue(engine), remind_of_overdue(engine)]

    assert (early, rounds) == (0, [2, 0])
    assert told("incident.overdue") >= {"security_all", "release_manager"}
    assert told("follow_up.overdue") >= {"author", "security_all"}


def test_what_is_settled_is_never_overdue(prepared: Prepared) -> None:
    gone, filed = dismissed(prepared.here), confirmed(prepared.here)
    todo = follow_up(prepared.here, filed, days=1)
    finish_follow_up(actor(prepared.here.cast.author), follow_up=todo, outcome="Done.")
    file_report(actor(prepared.here.cast.security_all), incident=filed, reference=REFERENCE)
    later = gone.report_due_at + timedelta(days=1)

    with time_machine.travel(later, tick=False):
        round_of_reminders = remind_of_overdue(task_actor("a-test"))

    assert round_of_reminders == 0
    assert not open_reports(later).exists()
    assert not overdue_follow_ups(later).exists()


def test_only_the_engine_reminds(prepared: Prepared) -> None:
    found = suspected(prepared.here)

    with time_machine.travel(found.report_due_at + timedelta(minutes=1), tick=False):
        told_now = remind_of_overdue(actor(prepared.here.cast.release_manager))

    assert told_now == 0


def test_acts_need_their_words(prepared: Prepared) -> None:
    found, by = confirmed(prepared.here), actor(prepared.here.cast.security_all)
    todo = follow_up(prepared.here, found)

    with pytest.raises(GovernanceError, match="reference"):
        file_report(by, incident=found, reference=" ")
    with pytest.raises(GovernanceError, match="reason"):
        name_criterion(by, incident=found, criterion="", reason=" ")
    with pytest.raises(GovernanceError, match="outcome"):
        finish_follow_up(by, follow_up=todo, outcome=" ")

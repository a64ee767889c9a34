"""A rollout in a span that its plan freezes: the page says so and until when, and nothing advances."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from governance.registry.models import Channel
from releases.bundles.queries import live_assignment
from releases.rollouts.models import Deployment
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, requested, voted
from tests.factories.http import signed_in
from tests.factories.rollouts import planned
from tests.factories.worlds import Prepared

GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}
HOLIDAYS = {
    "starts_at": "2099-12-20T00:00:00Z",
    "ends_at": "2100-01-07T08:00:00Z",
    "reason": "Nobody is on call over the holidays.",
}
BEFORE = datetime(2099, 12, 19, 12, tzinfo=UTC)
WITHIN = datetime(2099, 12, 24, 18, tzinfo=UTC)
AFTER = datetime(2100, 1, 7, 8, tzinfo=UTC)
UNTIL = "7 Jan, 08:00"


@pytest.fixture
def rollout(prepared: Prepared) -> Deployment:
    """One that began on the day before its plan freezes the calendar."""
    with time_machine.travel(BEFORE, tick=False):
        return planned(prepared.here, GUARDED, GENERAL, freezes=[HOLIDAYS])


def manager(prepared: Prepared) -> Client:
    """The release manager, signed in at the moment that the test travels to."""
    return signed_in(prepared.here.cast.release_manager)


def at(rollout: Deployment, act: str = "") -> str:
    return reverse(f"admin:rollout_{act}" if act else "admin:rollout", args=[rollout.pk])


def stage_of(channel: Channel) -> str:
    assignment = live_assignment(channel)
    return assignment.stage if assignment else ""


def test_the_page_says_that_the_calendar_is_frozen_why_and_until_when(
    prepared: Prepared, rollout: Deployment
) -> None:
    with time_machine.travel(WITHIN, tick=False):
        page = text_of(manager(prepared).get(at(rollout)))

    assert "First the calendar's freeze ends" in page
    assert f"The plan freezes the calendar until {UNTIL} UTC: Nobody is on call over the holidays." in page
    assert f"Advance to General is locked: The plan freezes the calendar until {UNTIL} UTC" in page


def test_hold_and_roll_back_stay_in_reach_in_a_frozen_span(prepared: Prepared, rollout: Deployment) -> None:
    with time_machine.travel(WITHIN, tick=False):
        body = manager(prepared).get(at(rollout)).content.decode()

    assert at(rollout, "hold") in body
    assert at(rollout, "roll_back") in body
    assert at(rollout, "advance") not in body


def test_an_advance_in_a_frozen_span_is_refused_with_the_next_step(
    prepared: Prepared, rollout: Deployment
) -> None:
    with time_machine.travel(WITHIN, tick=False):
        response = submitted(manager(prepared), at(rollout, "advance"), reason="It looks good.")

    page = text_of(response)
    assert response.status_code == 409
    assert "moves forward until 2100-01-07 08:00 UTC: Nobody is on call over the holidays. Wait for" in page
    assert "Hold, pause and roll back are possible throughout." in page
    assert stage_of(rollout.channel) == "guarded"


def test_the_front_page_offers_it_again_when_the_freeze_is_over(
    prepared: Prepared, rollout: Deployment
) -> None:
    with time_machine.travel(WITHIN, tick=False):
        within = text_of(manager(prepared).get("/admin/"))
    with time_machine.travel(AFTER, tick=False):
        after = text_of(manager(prepared).get("/admin/"))

    assert "One rollout can advance." not in within
    assert "One rollout can advance." in after


def test_a_start_in_a_frozen_span_is_refused_too(prepared: Prepared) -> None:
    here = prepared.here
    plan = {"stages": [GUARDED, GENERAL], "freezes": [HOLIDAYS]}
    with time_machine.travel(BEFORE, tick=False):
        revision = candidate(here, "2", rollout_plan=plan)
        voted(here.cast.approver, requested(here, revision, "android"))
    url = reverse("admin:revision_start", args=[revision.pk, here.cast.channel("android").pk])

    with time_machine.travel(WITHIN, tick=False):
        response = submitted(manager(prepared), url)

    assert response.status_code == 409
    assert "moves forward until 2100-01-07 08:00 UTC" in text_of(response)
    assert stage_of(here.cast.channel("android")) == "general"

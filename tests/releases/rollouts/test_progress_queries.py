"""What a rollout waits for, how far along it is, and where a release stands: read, never stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.registry.components import revoke_component
from releases.rollouts.models import Deployment
from releases.rollouts.progress_queries import lasting, stage_rail
from releases.rollouts.queries import standing_sentence
from releases.rollouts.readings import Check
from releases.rollouts.waits import what_it_waits_for
from tests.factories.approvals import candidate, requested, voted
from tests.factories.cast import actor
from tests.factories.rollouts import (
    add_channel,
    advanced,
    held,
    live,
    on_its_way,
    paused,
    planned,
    started,
    taken_back,
    through,
)
from tests.factories.worlds import Prepared

GUARDED: dict[str, Any] = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}


def waits(deployment: Deployment, **later: float) -> dict[str, Check]:
    at = (deployment.stage_entered_at or deployment.started_at) + timedelta(**later)
    return {check.check: check for check in what_it_waits_for(deployment, at)}


def rail(deployment: Deployment) -> list[tuple[str, str]]:
    return [(stage.step.title, stage.state.value) for stage in stage_rail(deployment)]


def test_the_checks_stand_in_the_order_in_which_they_are_made(prepared: Prepared) -> None:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, "android")

    found = what_it_waits_for(deployment, timezone.now())

    assert [(check.check, check.state.value) for check in found] == [
        ("integrity", "not_evaluated"),
        ("triggers", "not_evaluated"),
        ("min_duration", "done"),
        ("min_subjects", "done"),
        ("criteria", "done"),
        ("person", "waiting"),
    ]


def test_what_the_plan_asks_and_nothing_measures_says_so(prepared: Prepared) -> None:
    guarded = {
        **GUARDED,
        "min_subjects": 500,
        "criteria": [{"key": "retries", "description": "No more retries than the control arm."}, "latency"],
        "triggers": ["spoof"],
    }
    plan = {"stages": [guarded, GENERAL]}
    triggers = [{"key": "spoof", "description": "One confirmed spoof."}]
    revision = candidate(prepared.here, "2", rollout_plan=plan, rollback_plan={"triggers": triggers})
    (deployment,) = on_its_way(prepared.here, revision, "android")

    found = what_it_waits_for(deployment, timezone.now())

    said = [check.sentence for check in found if check.state == "not_evaluated"]
    assert said[1:] == [
        "Not evaluated yet: spoof. Nothing rolls back by itself.",
        "At least 500 subjects: not evaluated yet.",
        "No more retries than the control arm: not evaluated yet.",
        "latency: not evaluated yet.",
    ]


def test_the_minimum_duration_is_waited_for_and_then_done(prepared: Prepared) -> None:
    deployment = planned(prepared.here, {**GUARDED, "min_duration_seconds": 90_000}, GENERAL)

    before = waits(deployment, hours=1)["min_duration"]
    after = waits(deployment, hours=25)["min_duration"]

    assert (before.state, before.sentence) == (
        "waiting",
        "The stage lasts at least 1 day 1 hour; 1 day left.",
    )
    assert before.until == deployment.started_at + timedelta(hours=25)
    assert (after.state, after.until) == ("done", None)


def test_a_held_and_a_paused_rollout_wait_for_somebody_to_resume_them(prepared: Prepared) -> None:
    here = prepared.here
    android, ios = on_its_way(here, prepared.candidate, "android", "ios")

    first = what_it_waits_for(held(here, android), timezone.now())[0]
    second = what_it_waits_for(paused(here, ios), timezone.now())[0]

    assert (first.check, first.state) == ("resume", "waiting")
    assert first.sentence == "Held: Masks pass. It does not advance until somebody resumes it."
    assert second.sentence.startswith("Paused: Masks pass.")


def test_a_frozen_calendar_and_a_revoked_component_stand_in_the_way(prepared: Prepared) -> None:
    here = prepared.here
    freeze = {"starts_at": "2100-12-20T00:00:00Z", "ends_at": "2101-01-02T00:00:00Z", "reason": "Holidays."}
    deployment = planned(here, GUARDED, GENERAL, freezes=[freeze])
    model = deployment.revision.slots.get(slot="model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="It was poisoned")

    calm = waits(deployment)
    christmas = datetime(2100, 12, 24, tzinfo=UTC)
    frozen = {check.check: check for check in what_it_waits_for(deployment, christmas)}

    assert "calendar" not in calm
    assert frozen["calendar"].sentence == "The calendar is frozen: Holidays."
    assert (calm["components"].state, str(model) in calm["components"].sentence) == ("failed", True)


def test_what_is_live_or_ended_waits_for_nothing(prepared: Prepared) -> None:
    here = prepared.here
    android, ios = live(here, prepared.candidate, "android", "ios")
    taken_back(here, "ios")

    assert what_it_waits_for(android, timezone.now()) == ()
    assert what_it_waits_for(Deployment.objects.get(id=ios.id), timezone.now()) == ()


def test_the_rail_shows_each_stage_of_the_plan_as_it_stands(prepared: Prepared) -> None:
    here = prepared.here
    deployment = planned(here)

    first = rail(deployment)
    fourth = rail(held(here, advanced(here, advanced(here, deployment))))

    assert first[:3] == [("offline validation", "done"), ("internal testing", "here"), ("shadow", "to_do")]
    assert fourth[2:] == [
        ("shadow", "done"),
        ("guarded 10 %", "held"),
        ("guarded 25 %", "to_do"),
        ("segment monitoring 50 %", "to_do"),
        ("general", "to_do"),
    ]


def test_the_rail_of_what_ended(prepared: Prepared) -> None:
    here = prepared.here
    taken, done = on_its_way(here, prepared.candidate, "android", "ios")
    taken_back(here)
    through(here, done)
    live(here, candidate(here, "2"), "ios")

    states = [[state for _, state in rail(Deployment.objects.get(id=row.id))] for row in (taken, done)]

    assert states == [["failed", "to_do"], ["done", "done"]]


def test_the_rail_says_what_was_skipped_where_nothing_was_live(prepared: Prepared) -> None:
    here = prepared.here
    add_channel(here, "kiosk")
    stages = [{"kind": "offline_validation"}, GUARDED, GENERAL]
    revision = candidate(here, "2", channels=("android", "kiosk"), rollout_plan={"stages": stages})
    voted(here.cast.approver, requested(here, revision))

    kiosk = started(here, revision, "kiosk")
    android = through(here, started(here, revision))

    assert [state for _, state in rail(kiosk)] == ["done", "skipped", "here"]
    assert [state for _, state in rail(android)] == ["done", "done", "here"]


def test_an_adopted_release_has_no_rail_and_waits_for_nothing(prepared: Prepared) -> None:
    adopted = Deployment.objects.get(revision=prepared.here.baseline, channel__name="android")

    assert stage_rail(adopted) == ()
    assert what_it_waits_for(adopted, timezone.now()) == ()


def sentence(prepared: Prepared, revision: Any = None) -> str:
    release = (revision or prepared.candidate).release
    return standing_sentence(Deployment.objects.filter(release=release).select_related("channel", "revision"))


def test_where_a_release_stands_is_one_sentence(prepared: Prepared) -> None:
    here = prepared.here
    android, ios, web = on_its_way(here, prepared.candidate, "android", "ios", "mobile_web")
    all_three = sentence(prepared)
    advanced(here, android)
    held(here, ios)
    taken_back(here, "mobile_web")

    assert all_three == "rolling out on android, ios and mobile_web at guarded 25 %"
    assert sentence(prepared) == "live on android; held on ios at guarded 25 %; rolled back on mobile_web"
    paused(here, ios)
    assert "paused on ios at guarded 25 %" in sentence(prepared)
    assert web.state == "rolling_out"  # what was read before has not changed by itself


def test_the_newest_deployment_on_a_channel_counts(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android", "ios")
    taken_back(here)
    live(here, prepared.candidate, "android")
    live(here, candidate(here, "2"), "ios")

    assert sentence(prepared) == "live on android; superseded on ios"


def test_a_release_that_was_never_started_stands_nowhere(prepared: Prepared) -> None:
    assert sentence(prepared) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (59.5, "1 minute"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (200_000, "2 days 7 hours"),
        (86_400 + 5, "1 day 5 seconds"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words

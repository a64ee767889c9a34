"""A rollout's page with its triggers: the worst first, no data as no data, and what it waits for."""

import re
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.pages.trigger_facts import MOST_POINTS, points_of
from governance.access.models import Account
from releases.monitoring.triggers.models import TriggerReading
from releases.monitoring.vocabulary.series import WINDOW
from releases.rollouts.models import Deployment, DeploymentState
from tests.audits.pages.browsing import text_of
from tests.factories.cast import person
from tests.factories.charted import (
    DRIFT,
    EVENT,
    HEARTBEAT,
    LATENCY,
    RETRY,
    SEGMENTS,
    beating,
    charted,
    protected,
    watch_hours,
)
from tests.factories.http import signed_in
from tests.factories.incidents import suspected
from tests.factories.looked import hear, later, now, ticked
from tests.factories.watched import closed, evaluated, somebody, status
from tests.factories.worlds import Prepared


def opened(deployment: Deployment, by: Account, at: datetime, name: str = "rollout", **seen: str) -> Any:
    with time_machine.travel(at, tick=False):
        return signed_in(by).get(reverse(f"admin:{name}", args=[deployment.pk]), seen)


def page(prepared: Prepared, deployment: Deployment, at: datetime) -> str:
    response = opened(deployment, prepared.here.cast.release_manager, at)
    assert response.status_code == 200
    return text_of(response)


def lead(text: str) -> str:
    return text.partition("Who gets what on")[0]


def test_a_trigger_that_fires_leads_the_page_and_locks_the_resume(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY))
    at = watch_hours(deployment, range(8), slow_from=5)
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "v2 is held at 25 % of android: p95 latency fires." in lead(shown)
    assert "above in 3 of the last 4 windows" in lead(shown)
    assert "Roll back if this goes on." in lead(shown)
    assert "Triggers: 1 firing, 1 quiet, 1 not measured." in lead(shown)
    assert "Resume is locked: What it was held for stands: p95_latency" in shown
    assert shown.index("p95 latency , ms") < shown.index("Retry spike , %")


def test_the_firing_chart_takes_the_full_width_and_marks_what_was_over(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY))
    at = watch_hours(deployment, range(8), slow_from=5)
    ticked(at)

    first, second = opened(deployment, prepared.here.cast.auditor, at).context["cards"].cards

    assert (first.key, first.is_wide, second.is_wide) == ("p95_latency", True, False)
    assert len(first.chart.breaches) == 1
    assert [series.look for series in first.chart.series] == ["live", "candidate"]
    assert [(tag.name, tag.value) for tag in first.chart.tags][-1] == ("baseline", "284 ms")
    assert "limit 400 ms in 3 of 4 windows of 5 minutes" in first.foot
    assert second.meter.look == "pass"


def test_a_quiet_rollout_says_so_and_when_it_can_go_on(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY, EVENT))
    at = watch_hours(deployment, range(4))
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "v2 is rolling out to 25 % of android." in lead(shown)
    assert "Triggers: 3 quiet, 1 not measured." in lead(shown)
    assert "No spoof acceptance is confirmed or suspected." in shown
    assert "People complain about being refused. Nothing watches this" in shown


def test_without_data_nothing_is_called_quiet(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY, HEARTBEAT, DRIFT))
    at = closed(deployment, 0)
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "v2 is rolling out to 25 % of android, and nothing tells how it does." in lead(shown)
    assert "Triggers: 4 no data yet, 1 not measured." in lead(shown)
    assert "quiet" not in lead(shown).lower()
    assert "No window of this stage was read yet: there is nothing to draw." in shown


def test_silence_that_holds_the_rollout_is_no_firing(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    watch_hours(deployment, range(2))
    ticked(closed(deployment, 1))
    at = closed(deployment, 12)
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "v2 is held at 25 % of android: retry spike has no data." in lead(shown)
    assert "That is neither good nor bad news." in lead(shown)
    assert "Triggers: 1 no data, 1 not measured." in lead(shown)


def test_when_nobody_looks_any_more_what_was_quiet_is_not(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY))
    at = watch_hours(deployment, range(4))
    ticked(at)

    shown = page(prepared, deployment, later(at, minutes=10))

    assert "and nothing tells how it does." in lead(shown)
    assert "Monitoring last looked 10 min ago" in lead(shown)
    assert "Triggers: 2 nobody looks, 1 not measured." in lead(shown)


def test_decisions_of_others_on_the_channel_tell_nothing_of_the_candidate(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = closed(deployment, 0)
    hear(deployment.channel, at)
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "and nothing tells how it does. Nothing to judge by yet: 0 people" in lead(shown)


def test_a_trigger_that_nothing_has_evaluated_yet_is_without_data(prepared: Prepared) -> None:
    protected(prepared.here)
    deployment = charted(prepared.here, (RETRY, SEGMENTS))

    shown = page(prepared, deployment, later(deployment.started_at, seconds=1))

    assert "Triggers: 2 no data yet, 1 not measured." in lead(shown)
    assert "Nothing has looked at it yet. That is neither good nor bad news." in shown


def test_an_approval_that_is_missing_leads_once_all_else_is_shown(prepared: Prepared) -> None:
    here = prepared.here
    asked: dict[str, Any] = {
        "min_duration_seconds": 600,
        "min_subjects": 100,
        "requires_approval": ["security_reviewer"],
    }
    deployment = charted(here, (RETRY,), **asked)
    at = watch_hours(deployment, range(40))
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "v2 waits for approval at 25 % of android." in lead(shown)
    assert "Whoever holds the role security reviewer looks at what it shows" in lead(shown)


def test_people_that_are_missing_are_said_with_how_many(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = watch_hours(deployment, range(4))
    ticked(at)

    shown = page(prepared, deployment, at)

    assert "It goes on waiting: 400 of at least 5,000 people." in lead(shown)
    assert "v2 candidate 400 people" in shown


def test_a_rollback_by_a_trigger_shows_what_fired_and_asks_for_nothing_more(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY, LATENCY))
    at = watch_hours(deployment, range(12), worse_from=0)
    ticked(at)

    shown = page(prepared, deployment, later(at, seconds=1))

    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert "v2 was rolled back on android." in lead(shown)
    assert "The rollback Went back to baseline, which answers android." in shown
    assert "Because of retry_spike" in shown
    assert "Retry spike , % asked to try again notifications_active Fired" in shown
    assert "Not watched any more" in shown


def test_a_segment_that_is_worse_comes_first_in_its_table(prepared: Prepared) -> None:
    keys = protected(prepared.here)
    deployment = charted(prepared.here, ({**SEGMENTS, "min_subjects": 10},))
    at = watch_hours(deployment, range(30), segments=keys)
    evaluated(deployment, at)

    (card,) = opened(deployment, prepared.here.cast.auditor, at).context["cards"].cards

    strengths = [row.trigger.readings.latest("at").log_e for row in card.segments.rows]
    assert {row.name for row in card.segments.rows} == {"Skin tone 2", "Skin tone 5", "Skin tone 6"}
    assert strengths == sorted(strengths, reverse=True)
    assert card.segments.alarm == "120"  # 3 segments × 2 stages / 0.05
    assert card.segments.rows[0].candidate.people == "360"
    assert card.sentence.startswith("None of 3 is near its alarm")


def test_what_only_observes_is_said_to_do_nothing(prepared: Prepared) -> None:
    deployment = charted(prepared.here, ({**LATENCY, "mode": "observe"},))
    at = watch_hours(deployment, range(8), slow_from=4)
    ticked(at)

    shown = page(prepared, deployment, at)

    assert now(deployment).state == DeploymentState.ROLLING_OUT
    assert "1 would fire, observed only" in lead(shown)
    assert "observed only, else it holds" in shown


def test_a_suspected_incident_gets_a_card_of_its_own(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (EVENT, HEARTBEAT))
    suspected(prepared.here, subject=somebody(deployment))
    at = closed(deployment, 0)
    beating(prepared.here, deployment, at)
    ticked(at)

    found = opened(deployment, prepared.here.cast.auditor, at).context["cards"]

    assert [(card.key, card.is_wide) for card in found.cards] == [("spoof_acceptance", True)]
    assert [line.title for line in found.lines] == ["Heartbeat"]


def test_of_a_long_stage_the_worst_of_each_stretch_is_drawn_and_no_breach_lost(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (LATENCY,))
    evaluated(deployment, closed(deployment, 0))
    row = status(deployment, "p95_latency")
    since = closed(deployment, 0)
    TriggerReading.objects.bulk_create(
        TriggerReading(
            status=row,
            at=since + WINDOW * number,
            judgement="breach" if number in {7, 1203} else "clear",
            value=401.0 if number in {7, 1203} else 500.0 if number % 2 else 100.0,
        )
        for number in range(1, 2001)
    )

    drawn = points_of([row.pk], since, since + WINDOW * 2000)[row.pk]

    assert 200 < len(drawn) <= MOST_POINTS
    assert [one.value for one in drawn if one.judgement == "breach"] == [401.0, 401.0]
    # Of a stretch at either end there may be one window, which is then the worst one.
    assert [one.value for one in drawn[1:-1] if one.value not in {401.0, 500.0}] == []
    assert [one.at for one in drawn] == sorted(one.at for one in drawn)


def test_the_part_that_changes_is_answered_once_and_then_only_when_it_does(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = watch_hours(deployment, range(4))
    ticked(at)
    manager = prepared.here.cast.release_manager
    seen = re.findall(r"seen=(\w+)", opened(deployment, manager, at).content.decode())[0]

    same = opened(deployment, manager, at, "rollout_now", seen=seen)
    other = opened(deployment, manager, later(at, minutes=10), "rollout_now", seen=seen)

    assert (same.status_code, same.content) == (204, b"")
    assert other.status_code == 200
    assert 'id="rollout-bar" hx-swap-oob="true"' in other.content.decode()
    assert "<html" not in other.content.decode()


def test_a_rollout_that_has_ended_and_landed_asks_no_more(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = watch_hours(deployment, range(12), worse_from=0)
    before = opened(deployment, prepared.here.cast.auditor, at).content.decode()
    ticked(at)
    waited = opened(deployment, prepared.here.cast.auditor, at).content.decode()
    now(deployment).rollback.__class__.objects.update(landing="landed", landed_at=at)

    after = opened(deployment, prepared.here.cast.auditor, at).content.decode()

    assert "every 5s" in before
    assert "every 5s" in waited
    assert "every 5s" not in after


def test_the_part_is_shown_to_nobody_beyond_their_reach(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = watch_hours(deployment, range(2))
    evaluated(deployment, at)
    stranger = person("nobody_here")
    key = status(deployment).pk

    with time_machine.travel(at, tick=False):
        client = signed_in(stranger)
        answers = [
            client.get(reverse("admin:rollout_now", args=[deployment.pk])),
            client.get(reverse("admin:rollout_trigger", args=[deployment.pk, key])),
        ]

    assert [one.status_code for one in answers] == [404, 404]


def test_the_numbers_behind_a_trigger_are_a_table_with_a_row_for_each_window(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (LATENCY, RETRY))
    at = watch_hours(deployment, [0, 1, 4, 5])
    evaluated(deployment, at)

    with time_machine.travel(at, tick=False):
        client = signed_in(prepared.here.cast.auditor)
        response = client.get(
            reverse("admin:rollout_trigger", args=[deployment.pk, status(deployment, "p95_latency").pk])
        )

    text = text_of(response)
    assert len(response.context["rows"]) == 4
    assert "A window without data has no row." in text
    assert [gap.text for gap in response.context["card"].chart.gaps] == ["no data"]


def test_charts_begin_with_the_data_where_most_of_the_stage_had_none_and_say_so(prepared: Prepared) -> None:
    deployment = charted(prepared.here, (LATENCY,))
    at = watch_hours(deployment, [9, 10])
    evaluated(deployment, at)

    whole = opened(deployment, prepared.here.cast.auditor, at)

    (card,) = whole.context["cards"].cards
    assert whole.context["watch"].data_since is not None
    assert [gap for gap in card.chart.gaps if gap.x == 0] == []
    assert "the charts begin there" in text_of(whole)


def test_a_trigger_of_another_rollout_is_not_found_on_this_page(prepared: Prepared) -> None:
    first = charted(prepared.here, (RETRY,))
    second = charted(prepared.here, (RETRY,), tag="3", channel="ios")
    evaluated(second, closed(second, 0))

    response: Any = signed_in(prepared.here.cast.auditor).get(
        reverse("admin:rollout_trigger", args=[first.pk, status(second).pk])
    )

    assert response.status_code == 404


def queries(client: Client, deployment: Deployment, at: datetime) -> int:
    with time_machine.travel(at, tick=False), CaptureQueriesContext(connection) as found:
        client.get(reverse("admin:rollout", args=[deployment.pk]))
    return len(found)


def test_more_windows_and_more_triggers_take_no_more_queries(prepared: Prepared) -> None:
    keys = protected(prepared.here)
    few = charted(prepared.here, (LATENCY,))
    many = charted(prepared.here, (LATENCY, RETRY, SEGMENTS, EVENT, HEARTBEAT), tag="3", channel="ios")
    at = watch_hours(few, range(2))
    watch_hours(many, range(20), segments=keys)
    end = max(at, closed(many, 19))
    ticked(end)
    with time_machine.travel(end, tick=False):
        client = signed_in(prepared.here.cast.auditor)

    first = queries(client, few, end)
    second = queries(client, many, end)

    assert second <= first


@pytest.mark.parametrize("seen", ["", "x" * 5000, "<script>"])
def test_whatever_is_sent_as_seen_is_answered_with_the_part(prepared: Prepared, seen: str) -> None:
    deployment = charted(prepared.here, (RETRY,))
    at = later(deployment.started_at, seconds=1)

    response = opened(deployment, prepared.here.cast.auditor, at, "rollout_now", seen=seen)

    assert response.status_code == 200
    assert b"<script>" not in response.content

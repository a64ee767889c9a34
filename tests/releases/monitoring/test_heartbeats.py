"""Heartbeats: the last sign of life of each instance, an entry only when something new runs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.access.roles import Role, Scope
from governance.ledger.models import Entry
from releases.monitoring.heartbeats import services
from releases.monitoring.heartbeats.models import Heartbeat
from releases.monitoring.heartbeats.queries import beats_of
from releases.rollouts.landing import GONE_AFTER
from tests.database import in_threads
from tests.factories.cast import Cast, actor, grant, service
from tests.factories.http import signed_in, with_token
from tests.factories.worlds import Prepared

URL = "/api/v1/heartbeats/"
UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def reporter(prepared: Prepared) -> Client:
    """The decision service with its token."""
    return with_token(prepared.here.cast.integration, Scope.READ, Scope.DECISIONS)


def beat(cast: Cast, /, **given: Any) -> dict[str, Any]:
    return {
        "channel": str(cast.channel("android").id),
        "instance": "pod-1",
        "stamp": UNKNOWN,
        "at": timezone.now().isoformat(),
        **given,
    }


def entries() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(document__type="heartbeat.first_reported").order_by("stream_seq")
    return list(rows.values_list("document", flat=True))


def test_the_first_beat_leaves_an_entry_and_the_next_ones_do_not(
    prepared: Prepared, reporter: Client
) -> None:
    here = prepared.here
    stamp = here.baseline.manifest_digest

    first = reporter.post(URL, beat(here.cast, stamp=stamp), content_type="application/json")
    again = reporter.post(URL, beat(here.cast, stamp=stamp), content_type="application/json")

    (row,) = beats_of(here.cast.channel("android"), since=timezone.now() - timedelta(minutes=1))
    assert (first.status_code, again.status_code) == (201, 200), first.content
    assert [one["after"]["instance"] for one in entries()] == ["pod-1"]
    assert (row.instance, row.revision_id) == ("pod-1", here.baseline.id)
    assert row.received_at > Heartbeat.objects.get().first_received_at


def test_an_instance_with_another_stamp_is_a_row_and_an_entry_of_its_own(
    prepared: Prepared, reporter: Client
) -> None:
    cast = prepared.here.cast
    earlier = (timezone.now() - timedelta(seconds=30)).isoformat()
    reporter.post(URL, beat(cast, at=earlier), content_type="application/json")

    reporter.post(
        URL, beat(cast, stamp=prepared.here.baseline.manifest_digest), content_type="application/json"
    )

    found = beats_of(cast.channel("android"), since=timezone.now() - timedelta(minutes=1))
    assert [one.revision_id for one in found] == [prepared.here.baseline.id, None]
    assert len(entries()) == 2


def test_a_beat_that_comes_after_a_newer_one_does_not_turn_the_clock_back(
    prepared: Prepared, reporter: Client
) -> None:
    cast = prepared.here.cast
    now = timezone.now()
    reporter.post(URL, beat(cast, at=now.isoformat()), content_type="application/json")

    reporter.post(
        URL, beat(cast, at=(now - timedelta(minutes=1)).isoformat()), content_type="application/json"
    )

    assert Heartbeat.objects.get().at == now


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"at": "2001-01-01T00:00:00Z"}, "at"),
        ({"at": "2026-11-23T05:54:32"}, "heartbeat.at"),
        ({"at": 7}, "heartbeat.at"),
        ({"instance": ""}, "heartbeat.instance"),
        ({"stamp": "x" * 101}, "heartbeat.stamp"),
        ({"channel": "android"}, "heartbeat.channel"),
        ({"channel": "01a216c0-a22a-7741-a273-4f2133693393"}, "channel"),
        ({"more": 1}, "heartbeat.more"),
    ],
)
def test_what_does_not_fit_is_named(
    prepared: Prepared, reporter: Client, change: dict[str, Any], field: str
) -> None:
    answer = reporter.post(URL, beat(prepared.here.cast, **change), content_type="application/json")

    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Heartbeat.objects.exists()


def test_only_the_decision_service_of_the_channel_reports(prepared: Prepared) -> None:
    cast = prepared.here.cast
    auditor = with_token(cast.auditor, Scope.READ, Scope.DECISIONS)

    answer = auditor.post(URL, beat(cast), content_type="application/json")

    assert answer.status_code == 403


def test_an_instance_that_another_account_reports_is_its_own_until_it_is_silent(prepared: Prepared) -> None:
    cast = prepared.here.cast
    other = service("second-integration")
    grant(other, Role.INTEGRATION, system=cast.system)
    channel, at = cast.channel("android"), timezone.now()
    services.report_heartbeat(
        actor(cast.integration), channel=channel, beat=services.Beat("pod-1", UNKNOWN, at)
    )
    foreign = services.Beat("pod-1", prepared.here.baseline.manifest_digest, at)

    with pytest.raises(services.InstanceOfAnother, match="by another account a moment ago"):
        services.report_heartbeat(actor(other), channel=channel, beat=foreign)
    Heartbeat.objects.update(received_at=at - GONE_AFTER)
    taken = services.report_heartbeat(actor(other), channel=channel, beat=foreign)

    assert (taken.reported_by_username, len(entries())) == (other.username, 2)


def test_the_list_is_for_those_who_may_see_the_channel(prepared: Prepared, reporter: Client) -> None:
    cast = prepared.here.cast
    reporter.post(URL, beat(cast), content_type="application/json")

    seen = signed_in(cast.auditor).get(URL, {"instance": "pod-1"}).json()
    unseen = signed_in(cast.stranger).get(URL).json()

    assert [row["instance"] for row in seen["results"]] == ["pod-1"]
    assert unseen["results"] == []


def test_names_that_change_with_every_start_are_refused_before_they_fill_the_ledger(
    prepared: Prepared, reporter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = prepared.here.cast
    monkeypatch.setattr(services, "MOST_NEW", 1)
    reporter.post(URL, beat(cast), content_type="application/json")

    answer = reporter.post(URL, beat(cast, instance="pod-2"), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_instances")
    assert len(entries()) == 1


def test_the_same_first_beat_at_the_same_time_leaves_one_entry(committed: Prepared) -> None:
    cast = committed.here.cast
    channel = cast.channel("android")
    one = services.Beat("pod-1", UNKNOWN, timezone.now())
    by = actor(cast.integration)

    found = in_threads(
        lambda: services.report_heartbeat(by, channel=channel, beat=one),
        lambda: services.report_heartbeat(by, channel=channel, beat=one),
    )

    assert [type(row) for row in found] == [Heartbeat, Heartbeat], found
    assert len(entries()) == 1

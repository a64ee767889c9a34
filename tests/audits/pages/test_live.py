"""What is live where, now and at another time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.registry.components import revoke_component
from governance.registry.services import register_channel
from tests.audits.pages.browsing import text_of
from tests.factories.cast import actor, system_with_channels
from tests.factories.http import signed_in
from tests.factories.rollouts import live, taken_back
from tests.factories.worlds import Prepared

LIVE = "/admin/live/"


def test_each_channel_shows_its_release_since_when_and_how_it_came_there(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE))

    assert "2 releases answer on 3 of 3 channels of 1 system." in page
    assert "v1 revision 1" in page
    assert "adopted, no gate" in page


def test_another_time_shows_what_answered_then(prepared: Prepared) -> None:
    (deployment,) = live(prepared.here, prepared.candidate, "android")
    before = deployment.started_at - timedelta(microseconds=1)

    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE, {"at": before.isoformat()}))

    assert "1 release answered on 3 of 3 channels" in page
    assert "v1" not in page


def test_long_before_the_first_release_nothing_answered(prepared: Prepared) -> None:
    then = timezone.now() - timedelta(days=900)

    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE, {"at": then.isoformat()}))

    assert "nothing on record answers here" in page


@pytest.mark.parametrize("text", ["yesterday", "2026-99-99T00:00", "9999", "'"])
def test_a_time_that_is_none_is_said_to_be(prepared: Prepared, text: str) -> None:
    response = signed_in(prepared.here.cast.auditor).get(LIVE, {"at": text})

    assert response.status_code == 200
    assert "is no time; write it like 2026-03-18T09:30:00Z." in text_of(response)


def test_only_those_who_may_are_offered_the_way_back(prepared: Prepared) -> None:
    (rollout,) = live(prepared.here, prepared.candidate, "android")
    url = reverse("admin:rollout_roll_back", args=[rollout.pk])

    assert url in signed_in(prepared.here.cast.release_manager).get(LIVE).content.decode()
    assert url not in signed_in(prepared.here.cast.auditor).get(LIVE).content.decode()


def test_where_nothing_served_before_no_way_back_is_offered(prepared: Prepared) -> None:
    page = signed_in(prepared.here.cast.release_manager).get(LIVE).content.decode()

    assert "/roll-back/" not in page


def test_a_revoked_component_is_warned_of(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(prepared.here.cast.release_manager), component=model, reason="Leaked.")

    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE))

    assert "Revoked components answer on onboarding-liveness android" in page
    assert f"revoked: {model}" in page


def test_a_person_of_one_channel_sees_and_takes_back_that_channel(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android", "mobile_web")

    response = signed_in(prepared.here.cast.security_reviewer).get(LIVE)

    assert "1 release answers on 1 of 1 channel of 1 system." in text_of(response)
    assert "Roll back" in text_of(response)
    assert "android" not in text_of(response).split("Access")[-1]


def test_a_rollback_stands_beside_what_it_returned_to(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    taken_back(prepared.here, "android")

    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE))

    assert "v1 rolled back" in page


def test_more_channels_take_no_more_queries(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.release_manager)
    client.get(LIVE)
    with CaptureQueriesContext(connection) as few:
        client.get(LIVE)
    system_with_channels("payout-liveness", ("ios", "kiosk"))
    register_channel(
        actor(prepared.here.cast.admin), system=prepared.here.cast.system, name="kiosk", kind="kiosk"
    )

    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get(LIVE))

    assert "3 of 4 channels" in page
    assert len(many) == len(few)


def test_a_time_ahead_is_not_told_as_past(prepared: Prepared) -> None:
    page = text_of(signed_in(prepared.here.cast.auditor).get(LIVE, {"at": "2999-01-01T00:00"}))

    assert "lies in the future, of which nothing is known yet." in page
    assert "2999" not in page.split("lies in the future")[1]

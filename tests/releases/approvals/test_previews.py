"""Who could fill which seat before a request exists; what would refuse it is shown as data."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from governance.access.roles import Role
from governance.ledger.models import Entry
from releases.approvals.models import ApprovalRequest
from releases.approvals.previewing import preview_seats
from tests.factories.approvals import (
    APPROVER,
    SECURITY_PER_CHANNEL,
    candidate,
    enacted,
    requested,
    voted,
)
from tests.factories.cast import actor, grant, person, system_with_channels
from tests.factories.http import with_token
from tests.factories.worlds import Prepared

PREVIEW = "/api/v1/approval-requests/preview/"


def previewed(account: Account, prepared: Prepared, **query: Any) -> Any:
    return with_token(account).get(PREVIEW, {"release": str(prepared.candidate.release_id), **query})


def codes(body: dict[str, Any]) -> list[str]:
    return [refusal["code"] for refusal in body["refusals"]]


def test_the_seats_are_shown_before_a_request_exists_and_nothing_is_stored(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)
    before = Entry.objects.count()

    preview = preview_seats(prepared.candidate)

    assert [(seat.rule_key, seat.channel_name, seat.eligible) for seat in preview.seats] == [
        ("approvers", "", ("approver", "approver_two")),
        ("security", "android", ("security_all",)),
        ("security", "ios", ("security_all",)),
        ("security", "mobile_web", ("security_all", "security_reviewer")),
    ]
    assert preview.can_be_requested
    assert Entry.objects.count() == before
    assert not ApprovalRequest.objects.exists()


def test_what_is_foreseen_is_what_the_request_then_asks_for(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)
    author = prepared.here.cast.author

    foreseen = previewed(author, prepared).json()
    request = requested(prepared.here, prepared.candidate)
    asked = with_token(author).get(f"/api/v1/approval-requests/{request.id}/").json()

    assert foreseen["seats"] == asked["seats"]
    assert foreseen["channels"] == asked["channels"]
    assert foreseen["can_be_requested"] is True


def test_the_preview_may_be_narrowed_to_some_channels(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)
    chosen = [str(channel.id) for channel in prepared.here.channels("android", "mobile_web")]

    answer = previewed(prepared.here.cast.auditor, prepared, channels=chosen).json()

    assert answer["channels"] == chosen
    assert [seat["channel_name"] for seat in answer["seats"]] == ["android", "mobile_web"]


def test_whoever_could_ask_is_left_out_as_asking_contributes(prepared: Prepared) -> None:
    cast = prepared.here.cast
    grant(cast.approver_two, Role.AUTHOR, system=cast.system)

    own = preview_seats(prepared.candidate, actor=actor(cast.approver_two))
    others = preview_seats(prepared.candidate, actor=actor(cast.auditor))

    assert own.seats[0].eligible == ("approver",)
    assert others.seats[0].eligible == ("approver", "approver_two")


def test_no_rule_and_too_few_people_are_data_and_no_error(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor

    enacted(prepared.here.cast, APPROVER | {"categories": ["new_fusion_logic"]})
    none = previewed(auditor, prepared)
    enacted(prepared.here.cast, APPROVER | {"count": 3})
    few = previewed(auditor, prepared)

    assert (none.status_code, few.status_code) == (200, 200)
    assert (codes(none.json()), none.json()["seats"]) == (["no_rule_matches"], [])
    assert codes(few.json()) == ["too_few_approvers"]
    assert len(few.json()["seats"]) == 3
    assert few.json()["refusals"][0]["next_step"]
    assert few.json()["can_be_requested"] is False


def test_a_gate_not_passed_and_a_running_review_are_said(prepared: Prepared) -> None:
    here = prepared.here
    failing = candidate(here, "9", accepted_attacks=40)
    requested(here, prepared.candidate)

    failed = preview_seats(failing)
    asked = preview_seats(prepared.candidate)

    assert [refusal.code for refusal in failed.refusals] == ["gate_not_passed"]
    assert [refusal.code for refusal in asked.refusals] == ["already_requested"]
    assert failed.seats[0].eligible == ("approver", "approver_two")


def test_a_release_that_is_approved_everywhere_says_so(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate))

    preview = preview_seats(prepared.candidate)

    assert [refusal.code for refusal in preview.refusals] == ["already_requested"]
    assert len(preview.channels) == 3


def test_a_preview_is_read_with_a_grant_on_one_channel_and_not_without_any(prepared: Prepared) -> None:
    cast = prepared.here.cast

    scoped = previewed(cast.security_reviewer, prepared)
    stranger = previewed(cast.stranger, prepared)

    assert scoped.status_code == 200
    assert (stranger.status_code, stranger.json()["errors"][0]["field"]) == (400, "release")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"release": "v1"}, "release"),
        ({}, "release"),
        ({"release": "RELEASE", "channels": "web"}, "channels"),
        ({"release": "RELEASE", "channels": ""}, "channels"),
        ({"release": "RELEASE", "channel": "x"}, "channel"),
    ],
)
def test_a_query_that_does_not_fit_names_its_field(
    prepared: Prepared, query: dict[str, str], field: str
) -> None:
    release = str(prepared.candidate.release_id)
    sent = {key: value.replace("RELEASE", release) for key, value in query.items()}

    answer = with_token(prepared.here.cast.auditor).get(PREVIEW, sent)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].split(".")[0].split("[")[0] == field


def test_a_channel_that_the_release_does_not_touch_is_refused(prepared: Prepared) -> None:
    (kiosk,) = system_with_channels("payments-liveness", ["kiosk"]).channels.all()
    grant(prepared.here.cast.auditor, Role.AUDITOR, system=kiosk.system)

    answer = previewed(prepared.here.cast.auditor, prepared, channels=str(kiosk.id))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "channels")


def test_a_preview_is_read_only(prepared: Prepared) -> None:
    answer = with_token(prepared.here.cast.author).post(
        PREVIEW, {"release": str(prepared.candidate.release_id)}, content_type="application/json"
    )

    assert answer.status_code == 405


def queries_of(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_seats_take_no_more_queries_with_more_people_and_seats(prepared: Prepared) -> None:
    here = prepared.here
    client = with_token(here.cast.auditor)
    two = APPROVER | {"count": 2}
    enacted(here.cast, two)
    few = requested(here, candidate(here, "2"), "android")
    voted(here.cast.approver, few)
    preview = f"{PREVIEW}?release={prepared.candidate.release_id}"
    before = (queries_of(client, f"/api/v1/approval-requests/{few.id}/"), queries_of(client, preview))
    grant(person("security_ios"), Role.SECURITY_REVIEWER, channel=here.cast.channel("ios"))
    grant(person("security_android"), Role.SECURITY_REVIEWER, channel=here.cast.channel("android"))
    enacted(here.cast, two, SECURITY_PER_CHANNEL)

    foreseen = queries_of(client, preview)
    many = requested(here, prepared.candidate)
    voted(here.cast.security_all, many)
    voted(here.cast.approver, many)
    shown = queries_of(client, f"/api/v1/approval-requests/{many.id}/")

    assert (shown, foreseen) == before

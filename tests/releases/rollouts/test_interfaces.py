"""Rollouts, rollbacks and adoption through HTTP and the command, with the broker gone where it matters."""

import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.ledger.models import Entry
from releases.bundles.models import Revision
from releases.bundles.queries import live_revision
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from tests.database import Broker
from tests.factories.approvals import requested, voted
from tests.factories.bundles import complete_content, draft
from tests.factories.cast import system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import live, next_live, on_its_way, started, taken_back
from tests.factories.worlds import Prepared
from tests.servers import ROOT

ROLLOUTS = "/api/v1/rollouts/"
WHY = {"reason": "Masks pass."}


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def in_session(prepared: Prepared, who: str) -> Client:
    client = signed_in(getattr(prepared.here.cast, who))
    client.get(ROLLOUTS)
    return client


def start_body(prepared: Prepared, channel: str = "android") -> dict[str, str]:
    return {
        "release": str(prepared.candidate.release_id),
        "channel": str(prepared.here.cast.channel(channel).id),
    }


def approve(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate))


def test_a_release_is_started_and_taken_back_through_http(prepared: Prepared) -> None:
    approve(prepared)
    manager = in_session(prepared, "release_manager")

    made = post(manager, ROLLOUTS, start_body(prepared))
    address = f"{ROLLOUTS}{made.json()['id']}/"
    shown = with_token(prepared.here.cast.auditor).get(address).json()
    back = post(manager, f"{address}roll-back/", WHY)
    again = post(manager, f"{address}roll-back/", WHY)
    after = with_token(prepared.here.cast.auditor).get(address).json()

    assert (made.status_code, back.status_code, again.status_code) == (201, 200, 200)
    assert (shown["state"], shown["adopted"], shown["rollback"]) == ("rolling_out", False, None)
    assert back.json() == again.json()
    assert back.json()["target_name"] == "baseline"
    assert (after["state"], after["rollback"]["reason"]) == ("rolled_back", "Masks pass.")


@pytest.mark.parametrize(
    ("who", "status"),
    [("author", 403), ("approver", 403), ("auditor", 403), ("security_all", 403), ("stranger", 400)],
)
def test_starting_takes_the_role(prepared: Prepared, who: str, status: int) -> None:
    approve(prepared)

    answer = post(in_session(prepared, who), ROLLOUTS, start_body(prepared))

    assert answer.status_code == status
    assert Deployment.objects.filter(revision=prepared.candidate).count() == 0


def test_live_before_approval_is_refused_with_the_next_step(prepared: Prepared) -> None:
    answer = post(in_session(prepared, "release_manager"), ROLLOUTS, start_body(prepared))

    assert (answer.status_code, answer.json()["code"]) == (409, "release_not_approved")
    assert "request approval" in answer.json()["next_step"]


@pytest.mark.parametrize(("who", "status"), [("approver", 403), ("author", 403), ("stranger", 404)])
def test_taking_back_takes_the_role(prepared: Prepared, who: str, status: int) -> None:
    (deployment,) = live(prepared.here, prepared.candidate, "android")

    answer = post(in_session(prepared, who), f"{ROLLOUTS}{deployment.id}/roll-back/", WHY)

    assert answer.status_code == status
    assert not Rollback.objects.exists()


def test_a_reviewer_of_another_channel_sees_no_such_rollout(prepared: Prepared) -> None:
    android, web = live(prepared.here, prepared.candidate, "android", "mobile_web")
    reviewer = in_session(prepared, "security_reviewer")

    foreign = post(reviewer, f"{ROLLOUTS}{android.id}/roll-back/", WHY)
    own = post(reviewer, f"{ROLLOUTS}{web.id}/roll-back/", WHY)
    listed = reviewer.get(ROLLOUTS).json()["results"]

    assert (foreign.status_code, own.status_code) == (404, 200)
    assert {row["channel_name"] for row in listed} == {"mobile_web"}


@pytest.mark.parametrize(
    ("body", "field"), [({}, "reason"), ({"reason": ""}, "reason"), ({**WHY, "force": True}, "force")]
)
def test_a_rollback_body_that_does_not_fit_names_its_field(
    prepared: Prepared, body: dict[str, Any], field: str
) -> None:
    (deployment,) = live(prepared.here, prepared.candidate, "android")
    path = f"{ROLLOUTS}{deployment.id}/roll-back/"

    answer = post(in_session(prepared, "release_manager"), path, body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_repeated_start_with_one_key_answers_the_same_rollout(prepared: Prepared) -> None:
    approve(prepared)
    manager = in_session(prepared, "release_manager")

    first = post(manager, ROLLOUTS, start_body(prepared), idempotency_key="go")
    second = post(manager, ROLLOUTS, start_body(prepared), idempotency_key="go")
    without = post(manager, ROLLOUTS, start_body(prepared))

    assert first.json() == second.json()
    assert (without.status_code, without.json()["code"]) == (409, "already_started")


def queries_of_a_list(client: Client) -> tuple[int, int]:
    client.get(ROLLOUTS)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(ROLLOUTS)
    return len(answer.json()["results"]), len(queries)


def test_listing_rollouts_takes_no_more_queries_with_more_rows(prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.auditor)
    live(prepared.here, prepared.candidate, "android")
    taken_back(prepared.here)

    few = queries_of_a_list(client)
    live(prepared.here, prepared.candidate, "ios", "mobile_web")
    taken_back(prepared.here, "ios")
    many = queries_of_a_list(client)

    assert (few[0], many[0]) == (4, 6)
    assert few[1] == many[1]


def test_a_release_is_adopted_by_two_persons_through_http(prepared: Prepared) -> None:
    cast = prepared.here.cast
    channel = system_with_channels("other-liveness")  # nothing is live there, but it is not the release's
    revision = draft(cast, complete_content(cast, "android", tag="8"), name="v8")
    path = f"/api/v1/releases/{revision.release_id}/adopt/"
    served = {"channels": [str(cast.channel("android").id)], "reason": "Serves since 2024."}
    foreign = {"channels": [str(channel.channels.first().id)], "reason": "Serves since 2024."}  # type: ignore[union-attr]  # it has channels

    already = post(in_session(prepared, "release_manager"), path, served)
    unknown = post(in_session(prepared, "release_manager"), path, foreign)
    stranger = post(in_session(prepared, "stranger"), path, served)

    assert (already.status_code, already.json()["code"]) == (409, "channel_served_already")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "channels")
    assert stranger.status_code == 404


def test_adoption_is_proposed_and_confirmed_through_http(prepared: Prepared) -> None:
    cast = prepared.here.cast
    kiosk = post(
        in_session(prepared, "admin"),
        "/api/v1/channels/",
        {"system": str(cast.system.id), "name": "kiosk", "kind": "kiosk"},
    ).json()
    revision = draft(cast, complete_content(cast, "kiosk", tag="8"), name="v8")
    path = f"/api/v1/releases/{revision.release_id}/adopt/"
    body = {"channels": [kiosk["id"]], "reason": "Serves since 2024."}

    proposed = post(in_session(prepared, "release_manager"), path, body)
    confirmed = post(in_session(prepared, "approver"), path, body | {"proposal": proposed.json()["proposal"]})

    assert (proposed.status_code, confirmed.status_code) == (202, 201)
    assert "Another release manager or an approver" in proposed.json()["next_step"]
    assert confirmed.json()["adopted"] is True
    assert [row["state"] for row in confirmed.json()["deployments"]] == ["live"]
    assert live_revision(cast.channel("kiosk")) == revision


def test_the_command_takes_back_what_is_live_and_repeats_harmlessly(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    out = StringIO()

    call_command("roll_back", "onboarding-liveness", "android", reason="Masks pass.", stdout=out)
    call_command("roll_back", "onboarding-liveness", "android", reason="Masks pass.", stdout=out)

    entry = Entry.objects.filter(document__type="rollout.rolled_back").get()
    assert entry.document["actor"]["kind"] == "command"
    assert out.getvalue().count("onboarding-liveness baseline revision 1 is live there.") == 2
    assert Rollback.objects.count() == 1


def test_the_command_takes_back_what_is_on_its_way(prepared: Prepared) -> None:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, "android")
    out = StringIO()

    call_command("roll_back", "onboarding-liveness", "android", reason="Masks pass.", stdout=out)

    assert Rollback.objects.get().deployment == deployment
    assert "onboarding-liveness baseline revision 1 is live there." in out.getvalue()


def test_the_command_goes_back_one_further_when_the_deployment_is_named(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    next_live(prepared.here, "2", "android")
    call_command("roll_back", "onboarding-liveness", "android", reason="Masks pass.", stdout=StringIO())
    named = Deployment.objects.get(state=DeploymentState.LIVE, channel__name="android")

    call_command(
        "roll_back",
        "onboarding-liveness",
        "android",
        reason="Still.",
        deployment=str(named.id),
        stdout=StringIO(),
    )

    assert live_revision(prepared.here.cast.channel("android")) == prepared.here.baseline


@pytest.mark.parametrize(
    ("system", "channel", "options", "said"),
    [
        ("onboarding-liveness", "fridge", {}, "There are: onboarding-liveness android, "),
        ("nowhere", "android", {}, "There is no channel 'android' of a system 'nowhere'"),
        ("onboarding-liveness", "android", {}, "No release was approved or adopted on android before"),
        ("onboarding-liveness", "android", {"deployment": "1"}, "There is no deployment 1 on android"),
    ],
)
def test_the_command_says_what_is_wrong(
    prepared: Prepared, system: str, channel: str, options: dict[str, str], said: str
) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("roll_back", system, channel, reason="Masks pass.", **options)

    assert said in str(refusal.value)


def test_with_the_broker_dead_the_api_and_the_command_still_roll_back(
    committed: Prepared, world_urls: dict[str, str], broker: Broker
) -> None:
    (android, _) = live(committed.here, committed.candidate, "android", "ios")
    manager = in_session(committed, "release_manager")
    broker.kill()

    answer = post(manager, f"{ROLLOUTS}{android.id}/roll-back/", WHY)
    command = subprocess.run(
        [sys.executable, "manage.py", "roll_back", "onboarding-liveness", "ios", "--reason", "Masks pass."],
        cwd=ROOT,
        env=world_urls,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.status_code == 200
    assert (command.returncode, command.stderr) == (0, "")
    assert {row.deployment.channel.name for row in Rollback.objects.all()} == {"android", "ios"}
    assert live_revision(committed.here.cast.channel("ios")) == committed.here.baseline
    again = started(committed.here, _again(committed), "android")
    back = post(manager, f"{ROLLOUTS}{again.id}/roll-back/", WHY)
    assert (again.state, back.status_code) == (DeploymentState.ROLLING_OUT, 200)
    assert live_revision(committed.here.cast.channel("android")) == committed.here.baseline


def _again(prepared: Prepared) -> Revision:
    """A new approval for android, so that the release goes forward again; the broker is still dead."""
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android"))
    return prepared.candidate

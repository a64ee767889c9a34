"""From the report of an incident to what the tick does about it: suspected holds, confirmed takes back."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.ledger.models import Entry
from releases.bundles.arms import Arm, arm_of
from releases.bundles.queries import live_assignment
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.services import attribute_incident, confirm_incident, dismiss_incident
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.http import with_token
from tests.factories.incidents import WHY, suspected
from tests.factories.looked import MEASURED, measured, now, ticked
from tests.factories.worlds import Prepared

SPOOF: dict[str, Any] = {
    "key": "spoof",
    "kind": "event",
    "description": "A spoof was accepted.",
    "owner": "author",
    "suspected_action": "hold",
    "severity": "critical",
}


def guarded(here: World) -> Deployment:
    return measured(here, {**MEASURED, "triggers": ["spoof"]}, triggers=[SPOOF])


def subject(here: World, arm: Arm) -> str:
    assignment = live_assignment(here.cast.channel("android"))
    assert assignment is not None
    return next(key for key in (f"person-{n}" for n in range(1000)) if arm_of(assignment, key) is arm)


def look() -> None:
    ticked(timezone.now() + timedelta(seconds=2))


def test_a_suspected_one_holds_and_a_confirmed_one_takes_back(prepared: Prepared) -> None:
    here = prepared.here
    deployment = guarded(here)
    found = suspected(here, subject=subject(here, Arm.CANDIDATE))
    look()
    held = now(deployment)

    confirm_incident(actor(here.cast.security_all), incident=found, reason=WHY)
    look()

    assert held.state == DeploymentState.HELD
    assert "spoof" in held.held_reason.lower()
    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert Rollback.objects.get(deployment=deployment).rolled_back_by_username == "engine"
    entry = Entry.objects.get(stream=deployment.stream(), document__type="rollout.rolled_back")
    assert entry.document["actor"]["kind"] == "task"


def test_a_report_over_http_is_enough(prepared: Prepared) -> None:
    here = prepared.here
    deployment = guarded(here)
    body = {
        "channel": str(deployment.channel_id),
        "kind": "spoof_acceptance",
        "status": "confirmed",
        "subject": subject(here, Arm.CANDIDATE),
        "evidence": "The guard kept the mask.",
    }

    client = with_token(here.cast.security_all)
    answer = client.post("/api/v1/incidents/", body, content_type="application/json")
    look()

    assert answer.status_code == 201
    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_one_of_the_control_arm_leaves_the_candidate_alone(prepared: Prepared) -> None:
    here = prepared.here
    deployment = guarded(here)
    found = suspected(here, subject=subject(here, Arm.CONTROL))
    confirm_incident(actor(here.cast.security_all), incident=found, reason=WHY)

    look()

    assert now(deployment).state == DeploymentState.ROLLING_OUT


def test_one_of_an_unknown_arm_holds_even_when_confirmed_and_takes_back_once_it_is_known(
    prepared: Prepared,
) -> None:
    here = prepared.here
    deployment = guarded(here)
    found = suspected(here)
    confirm_incident(actor(here.cast.security_all), incident=found, reason=WHY)
    look()
    before = now(deployment).state

    named = Named(subject=subject(here, Arm.CANDIDATE))
    attribute_incident(actor(here.cast.security_all), incident=found, named=named)
    look()

    assert before == DeploymentState.HELD
    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_what_a_dismissed_one_held_stays_held_until_a_person_resumes_it(prepared: Prepared) -> None:
    here = prepared.here
    deployment = guarded(here)
    found = suspected(here, subject=subject(here, Arm.CANDIDATE))
    look()

    dismiss_incident(actor(here.cast.security_all), incident=found, reason="A test of ours.")
    look()

    assert now(deployment).state == DeploymentState.HELD
    assert not Rollback.objects.filter(deployment=deployment).exists()

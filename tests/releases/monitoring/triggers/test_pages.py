"""The page of a trigger: what it says, and what each person can do there."""

from typing import Any

from django.urls import reverse

from governance.access.models import Account
from governance.access.roles import Role
from releases.gates.models import Override
from releases.rollouts.models import Deployment
from tests.factories.cast import grant
from tests.factories.http import signed_in
from tests.factories.watched import RETRY, closed, counted, evaluated, status, watched
from tests.factories.worlds import Prepared

CRITICAL = {**RETRY, "action": "hold", "severity": "critical", "latch": True}
WHY = "Support sees no complaints."


def firing(prepared: Prepared) -> Deployment:
    deployment = watched(prepared.here, CRITICAL)
    counted(deployment, 0, (200, 60), (200, 14))
    evaluated(deployment, closed(deployment, 0))
    return deployment


def page(account: Account, deployment: Deployment) -> str:
    address = reverse("admin:releases_triggerstatus_change", args=[status(deployment).pk])
    return str(signed_in(account).get(address).content.decode())


def act(account: Account, deployment: Deployment, name: str, **sent: Any) -> int:
    address = reverse(f"admin:releases_triggerstatus_{name}", args=[status(deployment).pk])
    key = {"act_key": f"{account.username}-{name}"}
    return int(signed_in(account).post(address, {**key, **sent}).status_code)


def test_it_says_how_the_trigger_stands_and_what_it_rests_on(prepared: Prepared) -> None:
    found = page(prepared.here.cast.auditor, firing(prepared))

    assert "retry_spike of v2 on android: firing." in found
    assert "30.0 % asked to try again against 7.0 % in the control arm" in found
    assert "Trigger fires" in found
    assert '<td data-label="Value">30.0 %</td>' in found


def test_two_persons_let_a_rollout_go_on_from_its_page(prepared: Prepared) -> None:
    deployment, cast = firing(prepared), prepared.here.cast
    digest = status(deployment).evidence_digest

    proposed = act(cast.approver, deployment, "override", reason=WHY, valid_hours=5, evidence_digest=digest)
    offered = page(cast.security_all, deployment)
    confirmed = act(cast.security_all, deployment, "confirm")

    assert (proposed, confirmed) == (302, 302)
    assert "Confirm override" in offered
    assert (
        Override.objects.get(trigger=status(deployment)).confirmed_by_username == cast.security_all.username
    )
    assert "overridden." in page(cast.auditor, deployment)


def test_the_override_is_among_all_overrides_with_a_page_of_its_own(prepared: Prepared) -> None:
    deployment, cast = firing(prepared), prepared.here.cast
    digest = status(deployment).evidence_digest
    act(cast.approver, deployment, "override", reason=WHY, valid_hours=5, evidence_digest=digest)
    act(cast.security_all, deployment, "confirm")
    override = Override.objects.get(trigger=status(deployment))
    client = signed_in(cast.auditor)

    listed = client.get(reverse("admin:releases_override_changelist")).content.decode()
    shown = client.get(reverse("admin:releases_override_change", args=[override.pk])).content.decode()
    gaps = client.get(reverse("admin:gaps")).content.decode()

    assert "Trigger retry_spike" in listed
    assert "trigger retry_spike, overridden until" in shown
    assert "trigger retry_spike, overridden until" in gaps


def test_a_release_manager_acknowledges_it_from_its_page_and_who_started_it_reads_why_not(
    prepared: Prepared,
) -> None:
    deployment, cast = firing(prepared), prepared.here.cast
    grant(cast.approver_two, Role.RELEASE_MANAGER, system=cast.system)

    locked = page(cast.release_manager, deployment)
    done = act(cast.approver_two, deployment, "acknowledge", reason=WHY)

    assert "release_manager brought " in locked
    assert (done, status(deployment).latched) == (302, False)

"""What the interface and the page say of a measured stage, and how it is approved through both."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from releases.bundles.completeness import ReleaseIncomplete
from releases.rollouts.models import Deployment, StageApproval
from tests.factories import looked
from tests.factories.http import signed_in, with_token
from tests.factories.looked import MEASURED, later, measured, now, ticked
from tests.factories.rollouts import advanced, taken_back
from tests.factories.worlds import Prepared

ASKING = {**MEASURED, "requires_approval": ["qa_lead"], "min_subjects": 100}
LOOKED = "The segments of the last week."


@pytest.fixture
def shown(prepared: Prepared) -> tuple[Deployment, datetime]:
    """A rollout whose stage shows everything and waits for a QA lead; and when it was looked at."""
    return looked.shown(prepared.here, ASKING)


def url(deployment: Deployment, act: str = "") -> str:
    return f"/api/v1/rollouts/{deployment.id}/{act}"


def read(client: Client, deployment: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = client.get(url(deployment)).json()
    return found


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(address, body, content_type="application/json")


def test_a_stage_is_approved_and_advanced_over_http_by_what_was_read(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown

    with time_machine.travel(at, tick=False):
        lead, manager = signed_in(here.cast.qa_lead), signed_in(here.cast.release_manager)
        before = read(lead, deployment)
        body = {"reason": LOOKED, "evidence_digest": before["reading"]["digest"]}
        too_early = post(manager, url(deployment, "advance/"), {"reason": LOOKED, "to_stage": 2})
        given = post(lead, url(deployment, "approve-stage/"), body)
        after = read(lead, deployment)
        moved = post(manager, url(deployment, "advance/"), {"reason": LOOKED, "to_stage": 2})

    assert before["reading"]["is_shown"] is True
    assert before["reading"]["is_recent"] is True
    assert (too_early.status_code, too_early.json()["code"]) == (409, "stage_not_approved")
    assert (given.status_code, given.json()["role"]) == (201, "qa_lead")
    assert [one["id"] for one in after["stage_approvals"]] == [given.json()["id"]]
    assert (moved.status_code, moved.json()["state"]) == (200, "live")
    assert [one["check"] for one in before["waits_for"]] == [
        "integrity",
        "triggers",
        "traffic",
        "ratio",
        "min_duration",
        "min_subjects",
        "criteria",
        "approval",
        "person",
    ]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"reason": LOOKED}, 400, "evidence_digest"),
        ({"reason": LOOKED, "evidence_digest": "sha256:" + "0" * 64}, 409, "evidence_moved"),
        ({"reason": "", "evidence_digest": "x"}, 400, "reason"),
        ({"reason": LOOKED, "evidence_digest": "x" * 100}, 400, "evidence_digest"),
        ({"reason": LOOKED, "evidence_digest": {"a": 1}}, 400, "evidence_digest"),
    ],
)
def test_what_cannot_be_approved_is_refused_by_name(
    prepared: Prepared,
    shown: tuple[Deployment, datetime],
    body: dict[str, Any],
    status: int,
    named: str,
) -> None:
    deployment, at = shown

    with time_machine.travel(at, tick=False):
        answer = post(signed_in(prepared.here.cast.qa_lead), url(deployment, "approve-stage/"), body)

    assert answer.status_code == status
    assert named in answer.content.decode()
    assert not StageApproval.objects.exists()


def test_a_token_approves_no_stage_and_a_stranger_sees_none(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown

    with time_machine.travel(at, tick=False):
        body = {"reason": LOOKED, "evidence_digest": now(deployment).reading.digest}
        by_token = post(with_token(here.cast.qa_lead), url(deployment, "approve-stage/"), body)
        hidden = post(signed_in(here.cast.stranger), url(deployment, "approve-stage/"), body)

    assert (by_token.status_code, hidden.status_code) == (403, 404)


def page(client: Client, deployment: Deployment) -> str:
    return client.get(f"/admin/rollout/{deployment.id}/").content.decode()


def test_the_page_says_what_is_shown_and_offers_the_approval_to_whom_it_is_asked_of(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown

    with time_machine.travel(at, tick=False):
        lead, manager = signed_in(here.cast.qa_lead), signed_in(here.cast.release_manager)
        for_lead, for_manager = page(lead, deployment), page(manager, deployment)
        form = lead.get(f"/admin/rollout/{deployment.id}/approve-stage/")
        sent = lead.post(
            f"/admin/rollout/{deployment.id}/approve-stage/",
            {
                "act_key": "1",
                "reason": LOOKED,
                "evidence_digest": form.context["form"].initial["evidence_digest"],
            },
        )
        afterwards = page(manager, deployment)

    assert "Shown to be no more than 5.0 points worse than the control" in for_lead
    assert "First: approval. All of it must be there; what is inconclusive waits." in for_lead
    assert f'href="/admin/rollout/{deployment.id}/approve-stage/"' in for_lead
    assert f'href="/admin/rollout/{deployment.id}/approve-stage/"' not in for_manager
    assert "waits for the approval of: qa lead" in for_manager
    assert sent.status_code == 302
    assert "Everything is there: a release manager lets it go on." in afterwards
    assert f'href="/admin/rollout/{deployment.id}/advance/"' in afterwards


def test_the_inbox_asks_for_the_approval_and_offers_the_advance_only_once_it_is_there(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown

    with time_machine.travel(at, tick=False):
        lead, manager = signed_in(here.cast.qa_lead), signed_in(here.cast.release_manager)
        asked, waiting = (client.get("/admin/").content.decode() for client in (lead, manager))
        body = {"reason": LOOKED, "evidence_digest": now(deployment).reading.digest}
        post(lead, url(deployment, "approve-stage/"), body)
        done, ready = (client.get("/admin/").content.decode() for client in (lead, manager))

    assert "One stage waits for your approval." in asked
    assert "v2 shows what its plan asks on android, guarded 25 %." in asked
    assert "can advance from" not in waiting
    assert "Stages to approve" not in done
    assert "v2 can advance from guarded 25 % to general on android." in ready


def test_the_page_of_a_look_that_is_too_old_locks_the_advance_and_says_why(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    deployment, at = shown

    with time_machine.travel(later(at, minutes=10), tick=False):
        found = page(signed_in(prepared.here.cast.release_manager), deployment)

    assert "Monitoring last looked 10 minutes ago." in found
    assert f'href="/admin/rollout/{deployment.id}/advance/"' not in found


def test_the_plan_says_what_is_measured_and_who_approves(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    deployment, _ = shown

    brief = signed_in(prepared.here.cast.qa_lead).get(f"/admin/review/{deployment.revision_id}/")

    said = brief.content.decode()
    assert "retries (retry at most 5 points above the control)" in said
    assert "What it shows is approved by: qa lead." in said


def test_the_page_of_what_was_taken_back_says_whether_it_has_landed(prepared: Prepared) -> None:
    here = prepared.here
    deployment = advanced(here, measured(here, {"kind": "guarded", "coverage": 0.25}))
    rollback = taken_back(here)
    client = signed_in(here.cast.auditor)

    waiting = page(client, deployment)
    ticked(later(rollback.rolled_back_at, minutes=3))
    missed = page(client, deployment)
    answer = read(client, deployment)["rollback"]

    assert "Waiting until every instance is seen to follow." in waiting
    assert "Not every instance follows: No instance reports" in missed
    assert (answer["landing"], answer["triggers"]) == ("escalated", [])


def test_a_segment_that_nobody_defined_keeps_a_release_from_being_frozen(prepared: Prepared) -> None:
    measure = {"metric": "retry", "margin": 0.05, "segments": ["left_handed"]}
    stage = {**MEASURED, "criteria": [{"key": "retries", "measure": measure}]}

    with pytest.raises(ReleaseIncomplete, match="no segment left_handed is defined; there is"):
        measured(prepared.here, stage)

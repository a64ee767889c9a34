"""Everybody can use the pages: nothing serious for axe, nothing wider than the phone, no console error."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from governance.ledger.models import Entry
from releases.monitoring.decisions.reporting import report_one
from tests.browser.conftest import Visit, Visitor
from tests.factories.approvals import candidate, requested
from tests.factories.cast import actor
from tests.factories.incidents import confirmed, follow_up, suspected
from tests.factories.reviews import planned
from tests.factories.rollouts import held, live, taken_back
from tests.factories.watched import RETRY as SPIKE
from tests.factories.watched import closed, counted, evaluated, status, watched
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision

pytestmark = pytest.mark.browser

APPROVE = '.cs-bar >> role=link[name="Approve"]'
GRAVE = {"serious", "critical"}
OF_THE_SHELL: dict[str, str] = {}
"""Findings in Unfold's own markup that templates cannot mend: axe's rule → why it is accepted."""


def story(here: Prepared) -> list[str]:
    """Something on every page; answers the addresses."""
    failing = candidate(here.here, "9", accepted_attacks=40)
    live(here.here, here.candidate, "android", "mobile_web")
    taken_back(here.here, "mobile_web")
    requested(here.here, here.candidate, "mobile_web")
    rollout = watched(here.here, {**SPIKE, "severity": "critical"}, channel="ios")
    counted(rollout, 0, (200, 60), (200, 14))
    evaluated(rollout, closed(rollout, 0))
    held(here.here, rollout)
    suspect = suspected(here.here, "ios")
    follow_up(here.here, confirmed(here.here, "android"))
    decided = decision(
        here.here.cast.channel("ios"), stamp=rollout.revision.manifest_digest, at=timezone.now().isoformat()
    )
    report_one(actor(here.here.cast.integration), decided)
    taken = Entry.objects.get(document__type="rollout.rolled_back")
    return [
        reverse("admin:index"),
        reverse("admin:live"),
        reverse("admin:gaps"),
        reverse("admin:decision_search"),
        f"{reverse('admin:ledger')}?release={here.candidate.release_id}",
        f"{reverse('admin:ledger_entry', args=[taken.pk])}?verify=1",
        f"{reverse('admin:planner')}?differing=5",
        reverse("admin:back_test"),
        reverse("admin:releases_triggerstatus_changelist"),
        reverse("admin:releases_triggerstatus_change", args=[status(rollout).pk]),
        reverse("admin:releases_incident_change", args=[suspect.pk]),
        reverse("admin:releases_driftreview_change", args=[planned(here.candidate)[0].pk]),
        reverse("admin:drift_report", args=[here.candidate.release_id]),
        f"{reverse('admin:decision_search')}?id={decided['id']}",
        reverse("admin:rollout", args=[rollout.pk]),
        reverse("admin:releases_deployment_changelist"),
        reverse("admin:review", args=[here.candidate.pk]),
        reverse("admin:review", args=[failing.pk]),
        reverse("admin:releases_release_change", args=[here.candidate.release_id]),
        reverse("admin:releases_release_changelist"),
        reverse("admin:governance_componentversion_changelist"),
        reverse("admin:governance_system_change", args=[here.here.cast.system.pk]),
        reverse("admin:review_vote", args=[here.candidate.pk, "approve"]),
    ]


OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}
"""What is not asked for: style sheets parsed anew on each page, for a rule that is off unless asked for."""


def grave(visit: Visit) -> dict[str, list[Any]]:
    """Serious and critical findings on the page as it is, by rule, with where they are."""
    found = Axe().run(visit.page, options=OPTIONS).response["violations"]
    return {
        rule["id"]: [node["target"] for node in rule["nodes"]]
        for rule in found
        if rule["impact"] in GRAVE and rule["id"] not in OF_THE_SHELL
    }


def _visited(here: Visit, addresses: list[str]) -> tuple[dict[str, Any], dict[str, int]]:
    """By address: what axe finds grave, and how many pixels stand out at the side; not what is fine."""
    findings, overflows = {}, {}
    for address in addresses:
        here.open(address)
        findings[address] = grave(here)
        overflows[address] = here.overflow()
    return (
        {address: found for address, found in findings.items() if found},
        {address: wide for address, wide in overflows.items() if wide},
    )


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        ("phone", "dark"),
        pytest.param("desktop", "light", marks=pytest.mark.slow),
        pytest.param("desktop", "dark", marks=pytest.mark.slow),
        pytest.param("phone", "light", marks=pytest.mark.slow),
    ],
)
def test_the_pages_are_usable_by_everybody(
    committed: Prepared, visit: Visitor, size: str, theme: str
) -> None:
    addresses = story(committed)
    here = visit(size, theme=theme)
    here.arrive(committed.here.cast.approver)

    findings, overflows = _visited(here, addresses)

    assert findings == {}
    assert overflows == {}
    assert here.errors == []


def test_the_dialog_is_usable_by_everybody(committed: Prepared, visit: Visitor) -> None:
    requested(committed.here, committed.candidate)
    here = visit()
    here.arrive(committed.here.cast.approver)
    here.open(reverse("admin:review", args=[committed.candidate.pk]))

    here.page.click(APPROVE)
    here.page.wait_for_selector("#cs-dialog textarea >> visible=true")

    assert grave(here) == {}


def test_the_number_of_gaps_comes_to_the_sidebar_once_the_page_stands(
    committed: Prepared, visit: Visitor
) -> None:
    here = visit()
    here.arrive(committed.here.cast.auditor)

    here.open(reverse("admin:live"))
    count = here.page.text_content(".cs-navcount >> visible=true")
    here.open(reverse("admin:gaps"))

    assert count == str(here.page.locator(".cs-gaps tbody tr").count())
    assert here.errors == []

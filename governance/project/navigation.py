"""The sidebar of the admin: groups of links, in the order a reader meets them."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy


def _page(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}")}


def _inbox_is_here(request: HttpRequest) -> bool:
    """The inbox, and the briefs that it leads to."""
    index = reverse("admin:index")
    return request.path == index or request.path.startswith(f"{index}review/")


def _releases_are_here(request: HttpRequest) -> bool:
    """The list, a release's page, and drafting one."""
    index = reverse("admin:index")
    return any(
        request.path.startswith(f"{index}{part}/") for part in ("releases/release", "revision", "draft")
    )


def _rollouts_are_here(request: HttpRequest) -> bool:
    """The list, and a rollout's page."""
    index = reverse("admin:index")
    return any(request.path.startswith(f"{index}{part}/") for part in ("releases/deployment", "rollout"))


def _ledger_is_here(request: HttpRequest) -> bool:
    """The ledger, and the page of an entry."""
    return request.path.startswith(f"{reverse('admin:index')}ledger/")


NAVIGATION: list[dict[str, Any]] = [
    {
        "title": "For me",
        "items": [
            {**_page("Inbox", "inbox", "index"), "active": _inbox_is_here},
            _page("What is live", "sensors", "live"),
            _page("Notifications", "notifications", "notifications"),
            {**_page("Gaps", "unpublished", "gaps"), "badge": "audits.pages.gap_page.badge"},
        ],
    },
    {
        "title": "Govern",
        "items": [
            {**_page("Releases", "package_2", "releases_release_changelist"), "active": _releases_are_here},
            {**_page("Rollouts", "stairs", "releases_deployment_changelist"), "active": _rollouts_are_here},
            _page("Triggers", "notifications_active", "releases_triggerstatus_changelist"),
            _page("Incidents", "e911_emergency", "releases_incident_changelist"),
            _page("Evaluations", "fact_check", "releases_gateevaluation_changelist"),
            _page("Reviews", "rate_review", "releases_attestation_changelist"),
            _page("Approval requests", "how_to_vote", "releases_approvalrequest_changelist"),
            _page("Overrides", "key", "releases_override_changelist"),
            _page("Gate policies", "gavel", "releases_gatepolicy_changelist"),
            _page("Planner", "calculate", "planner"),
            _page("Back-test", "history", "back_test"),
            _page("Approval rules", "rule", "releases_approvalruleset_changelist"),
            _page("Drift reviews", "monitoring", "releases_driftreview_changelist"),
            _page("Replays", "replay", "releases_replaywindow_changelist"),
            _page("Decision search", "manage_search", "decision_search"),
            {**_page("Ledger", "verified_user", "ledger"), "active": _ledger_is_here},
            _page("Dossiers", "folder_zip", "audits_dossier_changelist"),
        ],
    },
    {
        "title": "Register",
        "items": [
            _page("Systems", "hub", "governance_system_changelist"),
            _page("Channels", "devices", "governance_channel_changelist"),
            _page("Segments", "groups", "governance_segment_changelist"),
            _page("Components", "deployed_code", "governance_componentversion_changelist"),
            _page("Score tables", "table_chart", "releases_scoretable_changelist"),
        ],
    },
    {
        "title": "Access",
        "items": [
            _page("Accounts", "person", "governance_account_changelist"),
            _page("Roles given", "badge", "governance_grant_changelist"),
            _page("Tokens", "key", "governance_apitoken_changelist"),
        ],
    },
]

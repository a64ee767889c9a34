"""What the admin offers at all: its screens, and no way to add, change or delete past the verbs."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

from governance.access.admin_base import GovernedAdmin
from tests.factories.cast import Cast
from tests.factories.http import signed_in

SCREENS = {
    "audits.Dossier",
    "governance.Account",
    "governance.ApiToken",
    "governance.Channel",
    "governance.ComponentVersion",
    "governance.Grant",
    "governance.Segment",
    "governance.System",
    "releases.ApprovalRequest",
    "releases.Attestation",
    "releases.Deployment",
    "releases.DriftReview",
    "releases.ApprovalRuleSet",
    "releases.GateEvaluation",
    "releases.GatePolicy",
    "releases.Incident",
    "releases.Override",
    "releases.Release",
    "releases.ReplayWindow",
    "releases.ScoreTable",
    "releases.TriggerStatus",
}


def test_the_admin_has_exactly_these_screens() -> None:
    assert {model._meta.label for model in admin.site._registry} == SCREENS


def test_every_screen_is_governed_and_offers_no_bulk_action() -> None:
    screens = admin.site._registry.values()

    assert all(isinstance(screen, GovernedAdmin) for screen in screens)
    assert all(screen.actions is None for screen in screens)


@pytest.mark.parametrize("label", sorted(SCREENS))
@pytest.mark.parametrize("page", ["add", "delete", "history"])
def test_nothing_is_added_deleted_or_told_by_djangos_own_pages(label: str, page: str) -> None:
    name = f"admin:{label.replace('.', '_').lower()}_{page}"
    arguments = [] if page == "add" else ["01a21426-dd2c-75de-a218-3de34b657920"]

    with pytest.raises(NoReverseMatch):
        reverse(name, args=arguments)


@pytest.mark.parametrize("label", sorted(SCREENS))
def test_nothing_is_posted_to_a_list_or_a_detail_page(team: Cast, label: str) -> None:
    client = signed_in(team.admin)
    list_url = reverse(f"admin:{label.replace('.', '_').lower()}_changelist")

    assert client.post(f"{list_url}{team.system.pk}/change/").status_code == 404
    assert "Delete" not in client.get(list_url).content.decode()


def test_whoever_is_not_signed_in_is_sent_to_sign_in(db: None) -> None:
    response = Client().get(reverse("admin:live"))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


def test_a_service_has_no_way_into_the_admin(team: Cast) -> None:
    response = signed_in(team.integration).get(reverse("admin:index"))

    assert response.status_code == 302


def test_signing_in_leads_to_the_front_page(team: Cast) -> None:
    client = Client()
    page = client.get(reverse("admin:login")).content.decode()

    assert f'name="next" value="{reverse("admin:index")}" form="login-form"' in page

"""The managers' stories in a browser: decide from the inbox, go live, take back."""

import pytest
from django.urls import reverse

from governance.registry.models import Channel
from releases.approvals.models import Vote
from releases.bundles.queries import live_revision
from tests.browser.conftest import Visitor
from tests.factories.approvals import requested, voted
from tests.factories.worlds import Prepared

APPROVE = '.cs-bar >> role=link[name="Approve"]'
REJECT = '.cs-bar >> role=link[name="Reject"]'

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.slow)])
def test_an_approver_decides_two_clicks_after_signing_in(
    committed: Prepared, visit: Visitor, size: str
) -> None:
    requested(committed.here, committed.candidate)
    here = visit(size)
    here.sign_in("approver")

    here.page.click(".cs-page >> text=Review >> visible=true")
    here.page.click(APPROVE)
    here.page.fill("#cs-dialog textarea", "Fewer masks pass, and nobody fares worse.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=You approved v1.")

    vote = Vote.objects.get()
    assert (vote.username, vote.decision) == ("approver", "approve")
    assert here.page.is_visible("text=Fewer masks pass, and nobody fares worse.")
    assert here.errors == []


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.slow)])
def test_a_release_manager_rolls_out_and_takes_back(committed: Prepared, visit: Visitor, size: str) -> None:
    voted(committed.here.cast.approver, requested(committed.here, committed.candidate, "android"))
    here = visit(size)
    here.sign_in("release_manager")

    here.page.click("text=Open >> visible=true")
    here.page.click(".cs-bar >> text=Start rollout on android")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=v1 is rolling out on android: guarded 25 %.")
    here.page.click(".cs-bar >> text=Advance to General")
    here.page.fill("#cs-dialog textarea", "No complaint in a week.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=v1 is now general on android.")
    went_live = live_revision(Channel.objects.get(name="android"))
    here.page.click(".cs-bar >> text=Roll back to baseline")
    here.page.fill("#cs-dialog textarea", "One mask passed.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=android is back on baseline.")

    assert went_live == committed.candidate
    assert live_revision(Channel.objects.get(name="android")) == committed.here.baseline
    assert here.errors == []


def test_a_refusal_stays_in_the_dialog_with_what_to_do(committed: Prepared, visit: Visitor) -> None:
    requested(committed.here, committed.candidate)
    here = visit()
    here.sign_in("approver")
    here.open(reverse("admin:review", args=[committed.candidate.pk]))

    here.page.click(REJECT)
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("#cs-dialog >> text=This field is required.")

    here.page.wait_for_function("document.activeElement.name === 'reason'")
    assert not Vote.objects.exists()


def test_the_dialog_is_reached_and_left_by_keyboard(committed: Prepared, visit: Visitor) -> None:
    requested(committed.here, committed.candidate)
    here = visit()
    here.sign_in("approver")
    here.open(reverse("admin:review", args=[committed.candidate.pk]))

    here.page.focus(APPROVE)
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector("#cs-dialog textarea >> visible=true")
    here.page.wait_for_function("document.activeElement.name === 'reason'")
    here.page.keyboard.press("Escape")
    here.page.wait_for_selector("#cs-dialog", state="hidden")

    assert "Approve" in here.page.evaluate("document.activeElement.textContent")


def test_without_scripts_the_vote_is_cast_on_pages(committed: Prepared, visit: Visitor) -> None:
    requested(committed.here, committed.candidate)
    here = visit(scripts=False)
    here.sign_in("approver")
    here.open(reverse("admin:review", args=[committed.candidate.pk]))

    here.page.click(APPROVE)
    here.page.fill("textarea[name=reason]", "Read on paper.")
    here.page.click("form.cs-form button[type=submit]")
    here.page.wait_for_selector("text=You approved v1.")

    assert Vote.objects.get().reason == "Read on paper."


def test_times_are_told_in_the_readers_zone_and_in_utc_on_hover(committed: Prepared, visit: Visitor) -> None:
    here = visit()
    here.sign_in("auditor")

    told = here.page.locator("time").first

    assert told.get_attribute("title", timeout=5000).endswith(" UTC")  # type: ignore[union-attr]  # every time has one
    assert "UTC" not in (told.text_content() or "")

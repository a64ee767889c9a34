"""People act on rollouts in the browser: each on a channel of their own, in one world with one server.

What each role finds first is shown on the demo, in tests/releases/demo.
"""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from releases.rollouts.models import Deployment
from tests.browser.conftest import Visitor, serving
from tests.factories.approvals import candidate, requested
from tests.factories.rollouts import held, on_its_way
from tests.factories.worlds import Prepared, own_world

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def story(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    """v1 is held on android and rolling out on two channels, v2 asks for approval, v9 failed its gate."""
    directory = tmp_path_factory.getbasetemp() / "scores-of-worlds"
    with (
        own_world(django_db_blocker, directory) as (_, found),
        override_settings(SCORE_STORE=found.score_store),
    ):
        android, *_ = on_its_way(found.here, found.candidate, "android", "ios", "mobile_web")
        held(found.here, android)
        requested(found.here, candidate(found.here, "2"), "ios")
        candidate(found.here, "9", accepted_attacks=40)
        yield found


@pytest.fixture(scope="module")
def server(story: Prepared) -> Iterator[str]:
    """The application on the module's database."""
    assert story.score_store == settings.SCORE_STORE
    with serving() as address:
        yield address


def test_a_release_manager_advances_a_guarded_rollout_on_the_phone(story: Prepared, visit: Visitor) -> None:
    rollout = Deployment.objects.get(revision=story.candidate, channel__name="ios")
    here = visit("phone")
    here.sign_in("release_manager")

    here.page.click('section:has(#s-ready) li:has-text("on ios") >> text=Open')
    here.page.click(".cs-bar >> text=Advance to General")
    here.page.fill("#cs-dialog textarea", "No complaint in a week.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=v1 is now general on ios.")

    rollout.refresh_from_db()
    assert rollout.state == "live"
    assert here.page.is_visible("text=v1 is live on ios.")
    assert here.errors == []


def test_a_channel_reviewer_holds_a_rollout_from_the_front_page(story: Prepared, visit: Visitor) -> None:
    rollout = Deployment.objects.get(revision=story.candidate, channel__name="mobile_web")
    here = visit("desktop")
    here.sign_in("security_reviewer")

    here.page.click('section:has(#s-running) >> role=link[name="Hold"]')
    here.page.fill("#cs-dialog textarea", "Two masks passed.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=v1 is held on mobile_web.")

    rollout.refresh_from_db()
    assert (rollout.state, rollout.held_reason) == ("held", "Two masks passed.")
    assert here.page.url.endswith(reverse("admin:rollout", args=[rollout.pk]))
    assert here.page.is_visible("text=Held because: Two masks passed.")

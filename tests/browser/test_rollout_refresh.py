"""A rollout's page left open: what happens meanwhile appears on it, and what was folded open stays so."""

import pytest
import time_machine
from django.urls import reverse

from tests.browser.conftest import Visitor
from tests.browser.test_access import grave
from tests.factories.charted import LATENCY, RETRY, charted, watch_hours
from tests.factories.looked import later, ticked
from tests.factories.rollouts import held
from tests.factories.worlds import Prepared

pytestmark = pytest.mark.browser


def test_a_page_left_open_shows_that_somebody_held_the_rollout(committed: Prepared, visit: Visitor) -> None:
    deployment = charted(committed.here, (LATENCY, RETRY))
    at = watch_hours(deployment, [*range(6), *range(9, 14)])
    ticked(at)

    with time_machine.travel(later(at, seconds=1), tick=True):
        visitor = visit("desktop")
        visitor.arrive(committed.here.cast.release_manager)
        visitor.open(reverse("admin:rollout", args=[deployment.pk]))
        before = visitor.page.inner_text("#lead")
        problems = grave(visitor)
        held(committed.here, deployment)
        visitor.page.wait_for_selector("#lead:has-text('is held')")
        visitor.page.wait_for_selector("#rollout-bar >> text=Resume")
        said = visitor.page.inner_text("#cs-said")
        visitor.page.goto("about:blank")

    assert before == "v2 is rolling out to 25 % of android."
    assert "v2 is held at 25 % of android" in said
    assert problems == {}
    assert visitor.errors == []

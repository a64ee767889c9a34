"""The form of a criterion on a phone: its sentence follows the writer, and it shows what counts."""

import pytest

from releases.gates.models import GatePolicy
from releases.gates.policies.parsing import written
from releases.gates.policies.services import draft_policy
from tests.browser.conftest import Visitor
from tests.browser.test_access import grave
from tests.factories.cast import actor
from tests.factories.worlds import Prepared

pytestmark = pytest.mark.browser


def test_a_criterion_says_what_it_asks_while_it_is_written_on_a_phone(
    visit: Visitor, committed: Prepared
) -> None:
    lead = committed.here.cast.qa_lead
    before = GatePolicy.objects.get()
    policy = draft_policy(actor(lead), system=before.system, name=before.name, criteria=written(before))
    phone = visit("phone")
    phone.sign_in(lead.username)

    phone.open(f"/admin/releases/gatepolicy/{policy.pk}/criteria/apcer/")
    phone.page.fill("[name='spec.limit']", "0.125")
    phone.page.wait_for_selector("#criterion-says >> text=at most 12.5 %")
    kept_open = phone.page.is_visible("[name='spec.strata.species']")
    phone.page.select_option("[name='spec.strata.way']", "crossing")
    shown = phone.page.is_visible("[name='spec.strata.crossing.first.way']")
    hidden = phone.page.is_visible("[name='spec.strata.species']")
    overflow, findings = phone.overflow(), grave(phone)
    phone.page.select_option("[name='spec.strata.way']", "species")
    phone.page.click("text=Save criterion")
    phone.page.wait_for_load_state("networkidle")

    assert (kept_open, shown, hidden) == (True, True, False)
    assert (overflow, findings) == (0, {})
    assert "at most 12.5 %" in phone.page.inner_text("#criteria")
    assert phone.errors == []

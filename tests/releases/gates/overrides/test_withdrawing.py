"""Taking an override back: before it is used, by those who could have given it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from releases.gates.overrides.queries import override_in_force, stands_at
from releases.gates.overrides.services import OverrideOver, OverrideUsed, withdraw_override
from releases.gates.overrides.standing import Standing
from tests.factories.approvals import requested, voted
from tests.factories.cast import actor
from tests.factories.overrides import confirmed, failing, given, undecided
from tests.factories.worlds import Prepared


def test_an_override_is_withdrawn_before_it_is_used(prepared: Prepared) -> None:
    revision, cast = undecided(prepared.here), prepared.here.cast
    override = given(cast.qa_lead, revision)

    withdrawn = withdraw_override(actor(cast.approver), override=override, reason="More data came")

    assert stands_at(withdrawn, timezone.now()) is Standing.WITHDRAWN
    assert (withdrawn.withdrawn_by_username, withdrawn.withdrawal_reason) == ("approver", "More data came")
    assert override_in_force(revision, timezone.now()) is None
    with pytest.raises(OverrideOver):
        withdraw_override(actor(cast.approver), override=override, reason="Twice")


@pytest.mark.parametrize("name", ["author", "security_all", "security_reviewer", "release_manager", "admin"])
def test_who_could_not_give_an_override_does_not_withdraw_it(prepared: Prepared, name: str) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here))

    with pytest.raises(PermissionDenied, match="may not override inconclusive"):
        withdraw_override(actor(getattr(cast, name)), override=override, reason="I want it")


def test_a_qa_lead_does_not_withdraw_what_two_persons_gave_past_a_fail(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = confirmed(cast.approver, cast.security_all, failing(prepared.here))

    with pytest.raises(PermissionDenied, match="may not override fail"):
        withdraw_override(actor(cast.qa_lead), override=override, reason="I want it")


def test_an_expired_override_is_not_withdrawn(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here), valid_hours=1)

    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True), pytest.raises(OverrideOver):
        withdraw_override(actor(cast.qa_lead), override=override, reason="Too late")


def test_withdrawing_takes_a_reason(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here))

    with pytest.raises(InvalidInput):
        withdraw_override(actor(cast.qa_lead), override=override, reason=" ")


def test_a_used_override_is_part_of_a_decision_and_is_not_withdrawn(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    voted(cast.approver, requested(prepared.here, revision), acknowledge=["override"])

    with pytest.raises(OverrideUsed):
        withdraw_override(actor(cast.qa_lead), override=override, reason="Regret")

"""Going on past a trigger: who may, on which evidence, and what ends it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from audits.pages.desk_people import proposals_to_confirm
from governance.access.models import Account, Proposal
from governance.access.roles import Role
from governance.errors import InvalidInput
from releases.gates.models import Override
from releases.gates.overrides.people import GiverIsContributor
from releases.gates.overrides.queries import override_in_force, stands_at
from releases.gates.overrides.services import OverrideNeedsSecondPerson, withdraw_override
from releases.gates.overrides.standing import Standing, overridden
from releases.gates.overrides.terms import AlreadyOverridden, EvidenceChanged, NothingToOverride
from releases.monitoring.triggers.overriding import (
    EventIsFinal,
    TriggerTerms,
    override_trigger,
    submit_trigger_override,
)
from releases.monitoring.triggers.vocabulary import State
from releases.rollouts.models import Deployment
from tests.factories.cast import actor, grant
from tests.factories.incidents import suspected
from tests.factories.watched import RETRY, WORSE, closed, counted, evaluated, somebody, status, watched
from tests.factories.worlds import Prepared

WHY = "A campaign sent many first-time users to this arm; support sees no complaints."
HOLDS = {**RETRY, "action": "hold"}
CRITICAL = {**RETRY, "action": "hold", "severity": "critical"}


def firing(prepared: Prepared, trigger: dict[str, object] | None = None) -> Deployment:
    """A rollout whose trigger asks to hold it."""
    deployment = watched(prepared.here, trigger or HOLDS)
    counted(deployment, 0, *WORSE)
    evaluated(deployment, closed(deployment, 0))
    return deployment


def terms(deployment: Deployment, **changes: object) -> TriggerTerms:
    fitting = {"evidence_digest": status(deployment).evidence_digest, "reason": WHY}
    return TriggerTerms(**{**fitting, **changes})  # type: ignore[arg-type]  # terms of tests


def given(account: Account, deployment: Deployment, **changes: object) -> Override:
    return override_trigger(actor(account), status=status(deployment), terms=terms(deployment, **changes))


def test_one_person_lets_a_rollout_go_on_and_the_trigger_is_still_evaluated(prepared: Prepared) -> None:
    deployment = firing(prepared)

    override = given(prepared.here.cast.approver, deployment)
    found = evaluated(deployment, closed(deployment, 0))

    assert (found.firings, found.blocked, found.is_quiet) == ((), (), False)
    assert [(one.state, one.overridden_until) for one in found.states] == [
        (State.OVERRIDDEN, override.expires_at)
    ]
    assert "30.0 % asked to try again" in found.states[0].sentence


def test_other_evidence_is_not_overridden(prepared: Prepared) -> None:
    deployment = firing(
        prepared, {**RETRY, "kind": "threshold", "limit": 0.1, "test": "immediate", "action": "hold"}
    )
    given(prepared.here.cast.approver, deployment)
    counted(deployment, 1, (200, 2))
    counted(deployment, 2, (200, 2))
    counted(deployment, 3, (200, 70))

    found = evaluated(deployment, closed(deployment, 3))

    assert [one.key for one in found.firings] == ["retry_spike"]


def test_whoever_went_past_a_hold_has_not_answered_for_a_rollback(prepared: Prepared) -> None:
    deployment = firing(prepared, {**HOLDS, "on_no_data": "rollback"})
    given(prepared.here.cast.approver, deployment)

    silent = evaluated(deployment, closed(deployment, 20))

    assert [one.action for one in silent.firings] == ["rollback"]
    assert status(deployment).evidence["asks"] == "rollback"


def test_an_override_that_expired_or_was_withdrawn_counts_no_more(prepared: Prepared) -> None:
    deployment = firing(prepared)
    override = given(prepared.here.cast.approver, deployment, valid_hours=1)

    later = evaluated(deployment, timezone.now() + timedelta(minutes=61))
    withdraw_override(actor(prepared.here.cast.approver), override=override, reason="Complaints came in.")
    now = evaluated(deployment, closed(deployment, 0))

    assert [(one.action, one.after_override) for one in later.firings] == [("hold", override.pk)]
    assert [(one.action, one.after_override) for one in now.firings] == [("hold", override.pk)]


def test_it_is_listed_with_all_other_overrides_and_lets_nothing_past_the_gate(prepared: Prepared) -> None:
    deployment = firing(prepared)
    override = given(prepared.here.cast.approver, deployment)

    assert stands_at(override, timezone.now()) is Standing.IN_FORCE
    assert overridden(override, Standing.IN_FORCE).startswith("trigger retry_spike, overridden until")
    assert override_in_force(deployment.revision, timezone.now()) is None


def test_a_critical_trigger_takes_two_persons(prepared: Prepared) -> None:
    deployment, cast = firing(prepared, CRITICAL), prepared.here.cast
    proposal = submit_trigger_override(
        actor(cast.approver), status=status(deployment), terms=terms(deployment)
    )
    assert isinstance(proposal, Proposal)
    asked = {who: inbox(who) for who in (cast.approver, cast.approver_two, cast.security_all, cast.author)}

    override = override_trigger(
        actor(cast.security_all), status=status(deployment), terms=terms(deployment), proposal=proposal.id
    )

    waiting = f"v2 is to go on past retry_spike on android: {WHY}"
    assert list(asked.values()) == [[], [waiting], [waiting], []]
    assert inbox(cast.approver_two) == []
    assert (override.given_by_username, override.confirmed_by_username) == (
        cast.approver.username,
        cast.security_all.username,
    )


def inbox(account: Account) -> list[str]:
    """What waits for the person as a second one."""
    return [task.sentence for task in proposals_to_confirm(actor(account))]


def test_one_person_alone_is_refused_past_a_critical_trigger(prepared: Prepared) -> None:
    deployment = firing(prepared, CRITICAL)

    with pytest.raises(OverrideNeedsSecondPerson):
        given(prepared.here.cast.approver, deployment)


def test_the_database_holds_no_critical_override_of_one_person(prepared: Prepared) -> None:
    deployment = firing(prepared)
    override = given(prepared.here.cast.approver, deployment)

    with pytest.raises(IntegrityError, match="override_of_fail_by_two"):
        Override.objects.filter(pk=override.pk).update(critical=True)


def test_nobody_overrides_an_event(prepared: Prepared) -> None:
    deployment = watched(
        prepared.here, {"key": "spoof", "kind": "event", "description": "A spoof passed.", "owner": "author"}
    )
    suspected(prepared.here, subject=somebody(deployment))
    evaluated(deployment, closed(deployment, 0))
    held = status(deployment, "spoof")

    with pytest.raises(EventIsFinal):
        override_trigger(
            actor(prepared.here.cast.approver),
            status=held,
            terms=TriggerTerms(held.evidence_digest, WHY),
        )


def test_a_contributor_does_not_override(prepared: Prepared) -> None:
    deployment, cast = firing(prepared), prepared.here.cast
    grant(cast.author, Role.APPROVER, system=cast.system)

    with pytest.raises(GiverIsContributor):
        given(cast.author, deployment)


def test_evidence_that_was_not_looked_at_is_refused(prepared: Prepared) -> None:
    deployment = firing(prepared)

    with pytest.raises(EvidenceChanged):
        given(prepared.here.cast.approver, deployment, evidence_digest="sha256:" + "0" * 64)


def test_a_second_override_of_the_same_evidence_is_refused(prepared: Prepared) -> None:
    deployment = firing(prepared)
    given(prepared.here.cast.approver, deployment)

    with pytest.raises(AlreadyOverridden):
        given(prepared.here.cast.approver_two, deployment)


def test_what_asks_for_nothing_is_not_overridden(prepared: Prepared) -> None:
    deployment = watched(prepared.here, HOLDS)
    evaluated(deployment, closed(deployment, 0))

    with pytest.raises(NothingToOverride):
        given(prepared.here.cast.approver, deployment)


@pytest.mark.parametrize(("field", "value"), [("reason", " "), ("valid_hours", 0), ("valid_hours", 73)])
def test_terms_that_do_not_fit_are_refused_by_name(prepared: Prepared, field: str, value: object) -> None:
    deployment = firing(prepared)

    with pytest.raises(InvalidInput, match=field):
        given(prepared.here.cast.approver, deployment, **{field: value})

"""Approving what a stage shows: by whom, on which evidence, and every way in which it is refused."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.core import mail

from governance.access.models import Account
from governance.access.presence import ReauthenticationNeeded
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from releases.rollouts.advancing import StageTooYoung
from releases.rollouts.leaving import NotLookedAt, StageNotApproved, StageNotShown
from releases.rollouts.models import Deployment, DeploymentState, StageApproval
from releases.rollouts.readings import last_reading
from releases.rollouts.stage_approvals import EvidenceMoved, NotToApprove, StageAsksNobody, approve_stage
from releases.rollouts.stages import DeploymentInWrongState
from releases.rollouts.waits import what_it_waits_for
from tests.factories import looked
from tests.factories.cast import actor, grant, person
from tests.factories.looked import ALWAYS, MEASURED, later, measured, now, see, ticked
from tests.factories.rollouts import advanced, held, paused, resumed
from tests.factories.worlds import Prepared

ASKING = {**MEASURED, "requires_approval": ["qa_lead"]}
LOOKED = "The segments of the last week, one by one."


def digest_of(deployment: Deployment) -> str:
    reading = last_reading(now(deployment))
    assert reading is not None
    return reading.digest


def approved(deployment: Deployment, by: Account, at: datetime, **given: Any) -> StageApproval:
    with time_machine.travel(at, tick=False):
        values = {"reason": LOOKED, "evidence_digest": digest_of(deployment), **given}
        return approve_stage(actor(by), deployment=deployment, **values)


@pytest.fixture
def shown(prepared: Prepared) -> tuple[Deployment, datetime]:
    """A rollout whose stage shows everything, waiting for a QA lead; and when it was looked at."""
    return looked.shown(prepared.here, ASKING)


def test_an_approval_is_the_last_thing_that_is_asked_for_and_lets_a_person_advance(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown

    with time_machine.travel(at, tick=False), pytest.raises(StageNotApproved, match="approval of: qa lead"):
        advanced(here, deployment)
    given = approved(deployment, here.cast.qa_lead, at)
    with time_machine.travel(at, tick=False):
        waits = [(one.check, one.state.value) for one in what_it_waits_for(now(deployment), at)]
        moved = advanced(here, deployment)

    entry = entry_of(deployment.stream(), "rollout.stage_approved")
    advance = entry_of(deployment.stream(), "rollout.advanced")
    assert waits[-2:] == [("approval", "done"), ("person", "waiting")]
    assert moved.state == DeploymentState.LIVE
    assert entry is not None
    assert advance is not None
    assert entry.document["refs"]["evidence"] == given.evidence_digest
    assert advance.document["after"]["stage_approvals"] == [str(given.id)]
    assert (given.role, given.username) == ("qa_lead", "qa_lead")


def test_with_hours_in_the_plan_it_goes_on_by_itself_once_it_is_approved(prepared: Prepared) -> None:
    deployment = measured(prepared.here, ASKING, advance_hours=ALWAYS)
    at = see(deployment)
    ticked(at)

    before = now(deployment).stage_number
    approved(deployment, prepared.here.cast.qa_lead, at)
    ticked(later(at, seconds=2))

    assert (before, now(deployment).stage_number) == (1, 2)


def test_those_whose_approval_is_missing_are_asked_by_mail_once(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    _, at = shown
    ticked(later(at, seconds=2))

    told = Notification.objects.filter(event="rollout.stage_shown").values_list(
        "account__username", flat=True
    )
    assert list(told) == ["qa_lead"]
    assert mail.outbox == []  # the worker sends it


def test_approving_twice_is_one_approval(prepared: Prepared, shown: tuple[Deployment, datetime]) -> None:
    deployment, at = shown

    first = approved(deployment, prepared.here.cast.qa_lead, at)
    second = approved(deployment, prepared.here.cast.qa_lead, at)

    assert first == second
    assert StageApproval.objects.count() == 1


def test_two_seats_take_two_people(prepared: Prepared) -> None:
    here = prepared.here
    other = person("second_lead")
    grant(other, Role.QA_LEAD, system=here.cast.system)
    deployment = measured(here, {**MEASURED, "requires_approval": ["qa_lead", "qa_lead"]})
    at = see(deployment)
    ticked(at)

    approved(deployment, here.cast.qa_lead, at)
    with time_machine.travel(at, tick=False), pytest.raises(StageNotApproved):
        advanced(here, deployment)
    approved(deployment, other, at)

    with time_machine.travel(at, tick=False):
        assert advanced(here, deployment).state == DeploymentState.LIVE


def test_an_approval_stands_while_nothing_comes_out_otherwise_and_falls_for_good_when_it_does(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown
    approved(deployment, here.cast.qa_lead, at)

    more = see(deployment, windows=13)
    ticked(more)
    same = approvals(deployment, more)
    night = later(more, minutes=20)  # nobody comes, which says nothing of what came before
    ticked(night)
    asleep = approvals(deployment, night)
    see(deployment, ours=0.15, windows=13)
    ticked(later(night, seconds=40))
    other = approvals(deployment, night)
    see(deployment, windows=13)
    ticked(later(night, seconds=80))

    assert (same, asleep, other) == (["done"], ["done"], ["waiting"])
    assert states_of_criteria(deployment) == ["done"]
    assert approvals(deployment, night) == ["waiting"]


def approvals(deployment: Deployment, at: datetime) -> list[str]:
    return [one.state.value for one in what_it_waits_for(now(deployment), at) if one.check == "approval"]


def states_of_criteria(deployment: Deployment) -> list[str]:
    reading = last_reading(now(deployment))
    assert reading is not None
    return [one.state.value for one in reading.check("criteria")]


def test_a_stage_that_begins_anew_asks_again(prepared: Prepared, shown: tuple[Deployment, datetime]) -> None:
    here, (deployment, at) = prepared.here, shown
    approved(deployment, here.cast.qa_lead, at)
    with time_machine.travel(later(at, seconds=1), tick=False):
        paused(here, deployment)
        again = resumed(here, deployment)
    then = see(again)

    ticked(then)

    with time_machine.travel(then, tick=False), pytest.raises(StageNotApproved):
        advanced(here, deployment)


def test_other_evidence_than_what_was_seen_is_refused(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    deployment, at = shown

    with pytest.raises(EvidenceMoved, match="something else now than what you saw"):
        approved(deployment, prepared.here.cast.qa_lead, at, evidence_digest="sha256:" + "0" * 64)
    with pytest.raises(NotLookedAt):
        approved(deployment, prepared.here.cast.qa_lead, later(at, minutes=1))
    with pytest.raises(InvalidInput, match="reason: say what you looked at"):
        approved(deployment, prepared.here.cast.qa_lead, at, reason=" ")

    assert not StageApproval.objects.exists()


def test_what_is_not_shown_or_too_young_is_not_approved_yet(prepared: Prepared) -> None:
    here = prepared.here
    few = measured(here, ASKING)
    young = measured(here, {**ASKING, "min_duration_seconds": 86_400}, channel="ios", tag="3")
    at = see(young)
    see(few, windows=4, people=40)
    ticked(at)

    with pytest.raises(StageNotShown):
        approved(few, here.cast.qa_lead, at)
    with pytest.raises(StageTooYoung):
        approved(young, here.cast.qa_lead, at)


def test_a_held_stage_and_one_that_asks_nobody_are_not_approved(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown
    plain = measured(here, channel="ios", tag="3")
    ticked(see(plain))
    held(here, deployment)

    with pytest.raises(DeploymentInWrongState, match="is held, so no stage is approved"):
        approved(deployment, here.cast.qa_lead, at)
    with pytest.raises(StageAsksNobody):
        approved(plain, here.cast.qa_lead, at)


@pytest.mark.parametrize("who", ["author", "release_manager", "auditor", "integration", "admin", "stranger"])
def test_who_holds_no_approving_role_approves_no_stage(
    prepared: Prepared, shown: tuple[Deployment, datetime], who: str
) -> None:
    deployment, at = shown

    with pytest.raises(PermissionDenied):
        approved(deployment, getattr(prepared.here.cast, who), at)


def test_another_role_a_contributor_and_an_administrator_are_refused_by_name(
    prepared: Prepared, shown: tuple[Deployment, datetime]
) -> None:
    here, (deployment, at) = prepared.here, shown
    grant(here.cast.author, Role.QA_LEAD, system=here.cast.system)
    both = person("both")
    grant(both, Role.QA_LEAD, system=here.cast.system)
    grant(both, Role.ADMINISTRATOR, system=here.cast.system)

    with pytest.raises(NotToApprove, match="No open seat of the stage is for approver"):
        approved(deployment, here.cast.approver, at)
    with pytest.raises(NotToApprove, match="author contributed to"):
        approved(deployment, here.cast.author, at)
    with pytest.raises(NotToApprove, match="both administers"):
        approved(deployment, both, at)


def test_the_role_asks_for_a_recent_proof(prepared: Prepared, shown: tuple[Deployment, datetime]) -> None:
    here, (deployment, at) = prepared.here, shown
    stale = actor(here.cast.qa_lead)

    with time_machine.travel(at, tick=False), pytest.raises(ReauthenticationNeeded):
        approve_stage(stale, deployment=deployment, reason=LOOKED, evidence_digest=digest_of(deployment))

"""What fires on what is live and cannot be done by itself: people are told once, and it stands as a gap."""

from datetime import UTC, datetime
from typing import Any

import time_machine

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.roles import Role
from governance.access.services import create_account
from governance.ledger.canonical import digest_of
from governance.ledger.models import Entry
from governance.notifications.models import Delivery, DeliveryState, Notification
from releases.bundles.arms import Arm
from releases.gates.overrides.services import withdraw_override
from releases.monitoring.triggers.overriding import TriggerTerms, override_trigger
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing, Mode
from releases.monitoring.watching.acting import act_on_triggers
from releases.monitoring.watching.standing import standing_firings
from releases.rollouts.models import Deployment, DeploymentState
from tests.factories.approvals import World, candidate
from tests.factories.bundles import rollback_plan
from tests.factories.cast import PASSWORD, actor, grant
from tests.factories.gates import engine
from tests.factories.looked import GENERAL, hear, later, measured, now, ticked
from tests.factories.rollouts import add_channel, advanced, on_its_way, taken_back
from tests.factories.watched import RETRY, closed, counted, status
from tests.factories.worlds import Prepared

HIGH: dict[str, Any] = {
    **RETRY,
    "key": "retry_high",
    "kind": "threshold",
    "limit": 0.2,
    "test": "e_process",
    "severity": "critical",
}
LAST = {**GENERAL, "triggers": ["retry_high"]}


def half_try_again(deployment: Deployment) -> datetime:
    """A window in which half of the people are asked to try again; answers when it is closed."""
    counted(deployment, 0, (1000, 500), arm=Arm.STABLE)
    at = closed(deployment, 0)
    hear(deployment.channel, at)
    return at


def left(deployment: Deployment) -> list[Entry]:
    return list(Entry.objects.filter(stream=deployment.stream(), document__type="rollout.left_to_people"))


def reached_by_mail(here: World) -> None:
    """One of the release managers has an address."""
    account = create_account(actor(here.cast.admin), username="ada", password=PASSWORD, email="a@example.org")
    grant(account, Role.RELEASE_MANAGER, system=here.cast.system)


def waiting() -> tuple[bool, int]:
    """Whether messages were on their way to people, and how many may still leave."""
    rows = Delivery.objects.filter(notification__event="rollout.left_to_people")
    return rows.exists(), rows.filter(state=DeliveryState.WAITING).count()


def firing(key: str) -> Firing:
    """A trigger that asks to hold."""
    since = datetime(2100, 3, 1, tzinfo=UTC)
    return Firing(key, "", Action.HOLD, Mode.ENFORCE, "retry often.", {}, digest_of(key), since)


def gaps(here: World) -> list[Gap]:
    """Those of what fires unanswered, as the auditor sees them."""
    found = gaps_visible_to(actor(here.cast.auditor))
    return [one for one in found if one.kind is GapKind.FIRING_UNANSWERED]


def test_what_is_live_cannot_be_held_so_people_are_told_once_and_a_gap_stands_until_it_is_gone(
    prepared: Prepared,
) -> None:
    here = prepared.here
    first = measured(here, {"kind": "guarded", "coverage": 0.25}, LAST, triggers=[{**HIGH, "action": "hold"}])
    deployment = advanced(here, first)
    reached_by_mail(here)
    at = half_try_again(deployment)

    ticked(at)
    ticked(later(at, seconds=2))
    (gap,) = gaps(here)
    taken_back(here, "android")

    (entry,) = left(deployment)
    told = Notification.objects.filter(event="rollout.left_to_people").values_list(
        "account__username", flat=True
    )
    assert entry.document["actor"]["kind"] == "task"
    assert "it answers everybody already, so there is nothing to hold. retry" in entry.document["reason"]
    assert entry.document["after"]["evidence"][0]["key"] == "retry_high"
    assert {"author", "release_manager"} <= set(told)
    assert len(told) == len(set(told))
    assert (gap.deployment, gap.found.partition(":")[0]) == (deployment, "retry_high")
    assert (gaps(here), waiting()) == ([], (True, 0))


def test_what_has_nothing_to_go_back_to_is_left_to_people(prepared: Prepared) -> None:
    here = prepared.here
    add_channel(here, "kiosk", kind="android")
    plan = {"stages": [{"kind": "guarded", "coverage": 0.25}, LAST]}
    revision = candidate(
        here,
        "2",
        channels=["kiosk"],
        rollout_plan=plan,
        rollback_plan=rollback_plan(here.cast, triggers=[HIGH]),
    )
    (deployment,) = on_its_way(here, revision, "kiosk")

    ticked(half_try_again(deployment))

    (entry,) = left(deployment)
    assert now(deployment).state == DeploymentState.LIVE
    assert "there is no release before it to go back to. retry" in entry.document["reason"]
    assert len(gaps(here)) == 1


def test_what_was_told_before_is_not_told_again_and_what_is_quiet_asks_nobody(prepared: Prepared) -> None:
    here = prepared.here
    deployment = advanced(here, measured(here, {"kind": "guarded", "coverage": 0.25}, GENERAL))
    reached_by_mail(here)
    one, two = firing("retry_high"), firing("error_high")
    at = deployment.started_at

    _ = [
        act_on_triggers(engine(), now(deployment), Evaluated(at, firings))
        for firings in ((one,), (one, two), (one,), (two,), (one, two))
    ]
    asked = waiting()
    quiet = [act_on_triggers(engine(), now(deployment), Evaluated(at)) for _ in range(2)]

    assert [[one["key"] for one in entry.document["after"]["evidence"]] for entry in left(deployment)] == [
        ["retry_high"],
        ["retry_high", "error_high"],
    ]
    assert asked[1] > 0
    assert (quiet, waiting()) == (["quiet again", ""], (True, 0))


def test_what_fires_again_after_its_messages_were_taken_back_is_told_anew(prepared: Prepared) -> None:
    here = prepared.here
    deployment = advanced(here, measured(here, {"kind": "guarded", "coverage": 0.25}, GENERAL))
    reached_by_mail(here)
    at, one = deployment.started_at, firing("retry_high")

    _ = [
        act_on_triggers(engine(), now(deployment), Evaluated(at, firings)) for firings in ((one,), (), (one,))
    ]
    waits_again = waiting()
    Delivery.objects.filter(state=DeliveryState.WAITING).update(state=DeliveryState.SENT, sent_at=at)
    _ = [act_on_triggers(engine(), now(deployment), Evaluated(at, firings)) for firings in ((), (one,))]

    assert waits_again == (True, 1)
    assert len(left(deployment)) == 2


def test_while_what_fires_is_overridden_nobody_is_told_and_afterwards_they_are_told_anew(
    prepared: Prepared,
) -> None:
    here, by = prepared.here, actor(prepared.here.cast.approver)
    trigger = {**HIGH, "action": "hold", "severity": "major"}
    deployment = advanced(
        here, measured(here, {"kind": "guarded", "coverage": 0.25}, LAST, triggers=[trigger])
    )
    reached_by_mail(here)
    at = half_try_again(deployment)
    ticked(at)
    before = waiting()
    firing_one = status(deployment, "retry_high")
    terms = TriggerTerms(evidence_digest=firing_one.evidence_digest, reason="A campaign; support is calm.")

    with time_machine.travel(later(at, seconds=1), tick=False):
        override = override_trigger(by, status=firing_one, terms=terms)
    ticked(later(at, seconds=2))
    by_the_record = act_on_triggers(
        engine(), now(deployment), standing_firings(deployment, later(at, seconds=3))
    )
    overridden = (len(left(deployment)), waiting(), gaps(here))
    with time_machine.travel(later(at, seconds=4), tick=False):
        withdraw_override(by, override=override, reason="Complaints came in.")
    ticked(later(at, seconds=5))
    ticked(later(at, seconds=7))

    assert (before, by_the_record, overridden) == ((True, 1), "", (1, (True, 1), []))
    _, again = left(deployment)
    assert again.document["after"]["evidence"][0]["after_override"] == str(override.pk)
    assert again.document["reason"].endswith("What went past retry_high is over.")
    assert waiting() == (True, 2)


def test_what_fires_and_is_taken_back_is_no_gap(prepared: Prepared) -> None:
    here = prepared.here
    deployment = advanced(here, measured(here, {"kind": "guarded", "coverage": 0.25}, LAST, triggers=[HIGH]))

    ticked(half_try_again(deployment))

    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert (left(deployment), gaps(here)) == ([], [])

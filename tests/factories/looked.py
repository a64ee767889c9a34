"""Rollouts with measured stages, what was counted of them, and ticks at chosen moments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import time_machine

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.heartbeats.services import Beat, report_heartbeat
from releases.monitoring.watching.ticking import tick
from releases.monitoring.windows.models import RollUp, Window
from releases.rollouts.models import Deployment
from tests.factories.approvals import World, candidate
from tests.factories.bundles import rollback_plan
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.rollouts import on_its_way
from tests.factories.snapshot import remembered
from tests.factories.watched import closed, place_of, write

RETRY: dict[str, Any] = {"key": "retries", "measure": {"metric": "retry", "margin": 0.05}}
MEASURED: dict[str, Any] = {"kind": "guarded", "coverage": 0.25, "criteria": [RETRY]}
GENERAL: dict[str, Any] = {"kind": "general"}
ALWAYS: dict[str, Any] = {
    "time_zone": "UTC",
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "starts": "00:00",
    "ends": "24:00",
}


@remembered
def measured(
    here: World,
    *stages: dict[str, Any],
    triggers: Sequence[dict[str, Any]] = (),
    channel: str = "android",
    tag: str = "2",
    **plan: Any,
) -> Deployment:
    """A release ``v<tag>`` in its first stage, by default one that asks for no more retries."""
    written = [{"description": "A person sees something.", "key": "seen"}]
    asked = list(stages or (MEASURED,))
    revision = candidate(
        here,
        tag,
        rollout_plan={"stages": asked if asked[-1]["kind"] == "general" else [*asked, GENERAL], **plan},
        rollback_plan=rollback_plan(here.cast, triggers=[*triggers, *written]),
    )
    (deployment,) = on_its_way(here, revision, channel)
    return deployment


def hear(channel: Channel, at: datetime) -> None:
    """The channel's newest decision is of then."""
    RollUp.objects.update_or_create(channel=channel, defaults={"latest_at": at})


def see(
    deployment: Deployment, ours: float = 0.09, control: float = 0.09, *, windows: int = 12, people: int = 500
) -> datetime:
    """Windows in which these shares of both arms are asked to try again, and as many as assigned are beside;
    answers when the last one is closed."""
    there = place_of(deployment)
    rows: list[Window] = []
    for place in range(windows):
        rows += there.windows(place, (people, people * ours), (people, people * control))
        rows += there.windows(place, (2 * people, 0), arm=Arm.STABLE)
    write(deployment, rows)
    at = closed(deployment, windows - 1)
    hear(deployment.channel, at)
    return at


def ticked(at: datetime) -> None:
    """The tick of that moment."""
    with time_machine.travel(at, tick=False):
        tick(engine())


@remembered
def shown(here: World, *stages: dict[str, Any], **plan: Any) -> tuple[Deployment, datetime]:
    """A rollout whose stage shows all that is measured of it; and when it was looked at."""
    deployment = measured(here, *stages, **plan)
    at = see(deployment)
    ticked(at)
    return deployment, at


def now(deployment: Deployment) -> Deployment:
    """The deployment as it is stored."""
    rows = Deployment.objects.select_related(
        "revision__release__system", "release__system", "channel__system", "approval", "reading"
    )
    return rows.get(id=deployment.id)


def beaten(here: World, channel: Channel, instance: str, stamp: str, at: datetime) -> None:
    """A heartbeat of an instance."""
    with time_machine.travel(at, tick=False):
        report_heartbeat(actor(here.cast.integration), channel=channel, beat=Beat(instance, stamp, at))


def later(at: datetime, **span: float) -> datetime:
    """A while after."""
    return at + timedelta(**span)

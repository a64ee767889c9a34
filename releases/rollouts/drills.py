"""Drills: going back rehearsed on a drill channel, from what is live to what a rollback returns to and
back.

The path is that of a rollback: the channel's lock, its assignment, what the decision service is answered,
what its instances report. Only the states differ, so that nothing is burnt by rehearsing: what was live waits
as superseded and is live again afterwards, under the approval that it had.
"""

from datetime import timedelta
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, touching, verb
from governance.registry.models import Channel
from releases.rollouts.landing import GONE_AFTER
from releases.rollouts.models import Deployment, DeploymentState, Drill, DrillState
from releases.rollouts.queries import live_deployment, on_its_way, rollback_target
from releases.rollouts.starting import RolloutUnderWay
from releases.rollouts.steps import document, lock_channels, lock_releases, move_deployment, serve, served

LEG_LASTS_AT_MOST = GONE_AFTER + timedelta(minutes=1)
"""Longer than it takes to tell that an instance which was replaced meanwhile is gone, by one report."""

RUNNING = (DrillState.AWAY, DrillState.BACK)


class NotADrillChannel(GovernanceError):
    """Only a channel that serves nobody is drilled on."""

    code = "not_a_drill_channel"
    title = "Not a drill channel"
    next_step = "Register a channel with drill: true, bring two releases live there, and drill on it."


class NothingToDrill(GovernanceError):
    """Nothing is live there, or nothing was before it."""

    code = "nothing_to_drill"
    title = "Nothing to go back to"
    next_step = "Bring two releases live on the drill channel, one after the other."


class DrillUnderWay(GovernanceError):
    """One drill at a time."""

    code = "drill_under_way"
    title = "A drill is under way"
    next_step = "Wait until it has ended; each way takes four minutes at most."


def running_drill(channel: Channel) -> Drill | None:
    """The drill that is under way on the channel."""
    rows = Drill.objects.filter(channel=channel, state__in=RUNNING)
    return rows.select_related("channel", "drilled__revision", "target__revision").first()


def latest_drill(channel: Channel) -> Drill | None:
    """The last drill on the channel, which may still be under way."""
    return Drill.objects.filter(channel=channel).order_by("-started_at").first()


def running_drills() -> list[Drill]:
    """All drills that are under way."""
    rows = Drill.objects.filter(state__in=RUNNING)
    if not rows.exists():
        return []  # as it is nearly always, and the joins take their time
    return list(
        rows.select_related(
            "channel__system", "drilled__revision__release", "target__revision__release"
        ).order_by("started_at")
    )


@verb("drill.started")
def start_drill(actor: Actor, *, channel: Channel, reason: str) -> Drill:
    """Go from what is live on a drill channel to what a rollback would return to. The way back begins by
    itself, once every instance is seen to follow or after four minutes.

    Raises:
        NotADrillChannel, DrillUnderWay, RolloutUnderWay, NothingToDrill: see the messages.
        InvalidInput: no reason.
    """
    require(actor, Permission.RUN_DRILL, channel)
    if not reason.strip():
        raise invalid("reason", "say why it is rehearsed now.")
    touching(channel.stream())
    channel = lock_channels([channel.id])[0]
    live, back = _check_start(channel)
    lock_releases([live.release_id, back.release_id])
    drill = Drill.objects.create(
        channel=channel,
        drilled=live,
        target=back,
        reason=reason,
        started_at=moment(),
        started_by_username=actor.username,
    )
    record(channel.stream(), after=_document(drill), reason=reason)
    _switch(live, back, f"Drill: {reason}")
    return drill


def _check_start(channel: Channel) -> tuple[Deployment, Deployment]:
    if not channel.drill:
        raise NotADrillChannel(f"{channel} serves people; nothing is rehearsed on it.")
    if running_drill(channel) is not None:
        raise DrillUnderWay(f"A drill is under way on {channel}.")
    other = on_its_way(channel)
    if other is not None:
        raise RolloutUnderWay(f"{other.revision} is {other.get_state_display().lower()} on {channel}.")
    live = live_deployment(channel)
    target = rollback_target(live) if live else None
    if live is None or target is None:
        raise NothingToDrill(f"No two releases served {channel} one after the other.")
    return live, target.deployment


def _switch(former: Deployment, then: Deployment, reason: str) -> None:
    """Let ``then`` answer in the place of ``former``."""
    left = move_deployment(former, DeploymentState.SUPERSEDED)
    live = move_deployment(then, DeploymentState.LIVE, as_target=True)
    record(
        former.stream(),
        event="rollout.superseded",
        before={"deployment": former.id, "state": left["before"]},
        after={
            "deployment": former.id,
            "state": left["after"],
            "channel": former.channel_id,
            "by": served(then),
        },
        reason=reason,
    )
    if then.stream() != former.stream():
        record(
            then.stream(),
            event="rollout.restored",
            before={"deployment": then.id, "state": live["before"]},
            after={**document(then), "state": live["after"]},
            reason=reason,
        )
    serve(then, reason, at_once=True)


def _locked(drill: Drill) -> Drill:
    touching(drill.stream())
    lock_channels([drill.channel_id])
    found = Drill.objects.select_related("channel").get(id=drill.id)
    rows = Deployment.objects.select_related("revision__release", "release", "channel", "approval")
    by_id = {row.id: row for row in rows.filter(id__in=[found.drilled_id, found.target_id])}
    found.drilled, found.target = by_id[found.drilled_id], by_id[found.target_id]
    return found


@verb("drill.turned")
def turn_drill(actor: Actor, *, drill: Drill, missing: str) -> Drill | Unchanged[Drill]:
    """Begin the way back; ``missing`` says which instances did not follow, empty if all did.

    Nothing changes where somebody moved what is live there meanwhile; such a drill is ended as failed.
    """
    require(actor, Permission.WATCH_ROLLOUT, drill.channel)
    drill = _locked(drill)
    live = live_deployment(drill.channel)
    if drill.state != DrillState.AWAY or live is None or live.id != drill.target_id:
        return Unchanged(drill)
    lock_releases([drill.drilled.release_id, drill.target.release_id])
    if not missing:
        drill.away_landed_at = moment()
    drill.state, drill.turned_at, drill.missing = DrillState.BACK, moment(), missing
    drill.save()
    record(drill.stream(), before={"state": DrillState.AWAY}, after=_document(drill))
    _switch(drill.target, drill.drilled, f"Drill, the way back: {drill.reason}")
    return drill


@verb("drill.completed")
def complete_drill(actor: Actor, *, drill: Drill) -> Drill | Unchanged[Drill]:
    """End a drill whose instances followed both ways."""
    require(actor, Permission.WATCH_ROLLOUT, drill.channel)
    drill = _locked(drill)
    if drill.state != DrillState.BACK or drill.away_landed_at is None:
        return Unchanged(drill)
    drill.back_landed_at = moment()
    return _ended(drill, DrillState.COMPLETED)


@verb("drill.failed")
def fail_drill(
    actor: Actor, *, drill: Drill, missing: str, is_back: bool = False
) -> Drill | Unchanged[Drill]:
    """End a drill that not every instance followed, or that somebody cut across; ``is_back``: the way back
    was followed."""
    require(actor, Permission.WATCH_ROLLOUT, drill.channel)
    drill = _locked(drill)
    if drill.state not in RUNNING:
        return Unchanged(drill)
    if is_back:
        drill.back_landed_at = moment()
    drill.missing = " ".join(part for part in (drill.missing, missing) if part)
    return _ended(drill, DrillState.FAILED)


def _ended(drill: Drill, state: DrillState) -> Drill:
    before = drill.state
    drill.state, drill.ended_at = state, moment()
    drill.save()
    record(drill.stream(), before={"state": before}, after=_document(drill))
    return drill


def seconds_away(drill: Drill) -> float | None:
    """How long it took until every instance was seen to follow; None where some did not."""
    landed = drill.away_landed_at
    return (landed - drill.started_at).total_seconds() if landed else None


def seconds_back(drill: Drill) -> float | None:
    """The same for the way back."""
    landed, turned = drill.back_landed_at, drill.turned_at
    return (landed - turned).total_seconds() if landed and turned else None


def _document(drill: Drill) -> dict[str, Any]:
    return {
        "drill": drill.id,
        "channel": drill.channel_id,
        "state": drill.state,
        "drilled": served(drill.drilled),
        "target": served(drill.target),
        "seconds_away": seconds_away(drill),
        "seconds_back": seconds_back(drill),
        "away_landed_at": drill.away_landed_at,
        "turned_at": drill.turned_at,
        "back_landed_at": drill.back_landed_at,
        "ended_at": drill.ended_at,
        "missing": drill.missing,
    }

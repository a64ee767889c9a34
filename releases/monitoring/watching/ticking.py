"""The tick: look at all that is on its way or live, and at all that is to land; act on what is found.

Each rollout is looked at by itself, under a lock of its own and with its own transactions, so that one that
fails or waits stops no other. What failed is kept with it and said on its page; after four looks in a row it
is held. Ticks may run side by side: each takes rollouts that no other has taken, until all are looked at.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.actors import Actor
from governance.background.locks import advisory_lock, has_waited, renew, try_lock, unlock, waiting_at_most
from releases.monitoring.triggers.evaluation import evaluate_triggers
from releases.monitoring.triggers.vocabulary import Evaluated
from releases.monitoring.watching.acting import TAKEN_BACK, act_on, act_on_triggers
from releases.monitoring.watching.counted import closed_until
from releases.monitoring.watching.landings import Following, following_on
from releases.monitoring.watching.looking import look_at
from releases.monitoring.watching.standing import standing_firings
from releases.rollouts.drills import (
    LEG_LASTS_AT_MOST,
    complete_drill,
    fail_drill,
    running_drills,
    turn_drill,
)
from releases.rollouts.landing import (
    ESCALATED_AFTER,
    confirm_landing,
    escalate_rollback,
    watched_rollbacks,
)
from releases.rollouts.models import Deployment, DeploymentState, Drill, DrillState, Landing, Rollback
from releases.rollouts.progress import hold_watched_rollout
from releases.rollouts.queries import live_deployment
from releases.rollouts.readings import ERRORS_BEFORE_HOLD, keep_failure, keep_reading
from releases.rollouts.stages import ON_ITS_WAY, current_step

logger = logging.getLogger(__name__)

WAITS_AT_MOST_SECONDS = 3.0
"""For a lock that somebody else holds. Whoever waits longer fails, and is looked at last by the next tick."""

KEPT_WITHIN_SECONDS = 0.1
"""Keeping that somebody waited in vain does not wait for long once more."""

AS_READ = ("state", "stage_number", "stage_entered_at", "paused", "reading__read_at", "reading__errors")
"""What of a deployment changes when somebody moved it or looked at it."""

T = TypeVar("T", Deployment, Rollback, Drill)
R = TypeVar("R")


def tick(actor: Actor, *, unless_within: timedelta = timedelta(0)) -> None:
    """Look at everything once that was not looked at ``unless_within`` before now, or not since a window
    closed; once more where one closes meanwhile.
    """
    began = timezone.now()
    with waiting_at_most(WAITS_AT_MOST_SECONDS):
        _watch_all(actor, _due(began - unless_within))
        if closed_until(timezone.now()) > closed_until(began):
            _watch_all(actor, _due(began - unless_within))
        for rollback in watched_rollbacks():
            _apart(watch_landing, actor, rollback)
        for drill in running_drills():
            _apart(watch_drill, actor, drill)


def _due(since: datetime) -> list[Deployment]:
    return [row for row in watched_deployments() if not _was_looked_at(row, since)]


def _watch_all(actor: Actor, rows: Sequence[Deployment]) -> None:
    """First all triggers, so that what must be taken back does not wait for what is counted of others.

    A rollout is taken until all of it is looked at, so that a tick beside this one goes on with the next.
    """
    said: dict[Deployment, Evaluated | None] = {}
    try:
        for row in rows:
            if _take(row):
                said[row] = None
                said[row] = _guarded(watch_triggers, actor, row)
        while said:
            _hear_again(actor, said)
            row, evaluated = next(iter(said.items()))
            if evaluated is not None:
                _guarded(partial(watch_counts, evaluated=evaluated), actor, row)
            unlock(_lock_of(row))
            del said[row]
    finally:
        for row in said:
            unlock(_lock_of(row))


def _hear_again(actor: Actor, said: dict[Deployment, Evaluated | None]) -> None:
    """Evaluate the triggers once more of which a window has closed since."""
    closed = closed_until(timezone.now())
    for row, evaluated in said.items():
        if evaluated is not None and closed_until(evaluated.at) < closed:
            said[row] = _guarded(watch_triggers, actor, row)


def _take(row: Deployment) -> bool:
    """Take a rollout for this tick, unless another has it, or had it since it was read."""
    if not try_lock(_lock_of(row)):
        return False
    if _as_read(row) == Deployment.objects.filter(pk=row.pk).values_list(*AS_READ).first():
        return True
    unlock(_lock_of(row))
    return False


def _as_read(row: Deployment) -> tuple[Any, ...]:
    reading = getattr(row, "reading", None)
    seen = (reading.read_at, reading.errors) if reading else (None, None)
    return (row.state, row.stage_number, row.stage_entered_at, row.paused, *seen)


def _lock_of(subject: Deployment | Rollback | Drill) -> str:
    return f"watch:{subject.pk}"


def _was_looked_at(row: Deployment, since: datetime) -> bool:
    reading = getattr(row, "reading", None)
    if reading is None or reading.errors or reading.read_at <= since:
        return False
    return closed_until(reading.read_at) == closed_until(timezone.now())


def watched_deployments() -> list[Deployment]:
    """What is on its way, and what is live with triggers in force; whose look failed last, then who was
    looked at least lately."""
    rows = (
        Deployment.objects.filter(state__in=[*ON_ITS_WAY, DeploymentState.LIVE])
        .select_related(
            "release__system",
            "revision__release__system",
            "channel__system",
            "approval",
            "reading",
        )
        .order_by(
            Coalesce("reading__errors", 0), F("reading__read_at").asc(nulls_first=True), "started_at", "id"
        )
    )
    return [row for row in rows if row.state in ON_ITS_WAY or has_triggers(row)]


def has_triggers(deployment: Deployment) -> bool:
    """Whether any is in force. A plan that cannot be read is watched: the look says what is wrong with it."""
    try:
        return current_step(deployment).is_watched
    except Exception:
        return True


def _apart(watch: Callable[[Actor, T], R], actor: Actor, subject: T) -> None:
    """Watch one thing, unless somebody else does, so that its failure is its own."""
    with advisory_lock(_lock_of(subject)) as held:
        if held:
            _guarded(watch, actor, subject)


def _guarded(watch: Callable[[Actor, T], R], actor: Actor, subject: T) -> R | None:
    """Watch one thing so that its failure is its own; None where it failed."""
    try:
        return watch(actor, subject)
    except Exception:
        logger.exception("%s %s could not be watched", type(subject).__name__, subject.pk)
        renew(WAITS_AT_MOST_SECONDS)
        return None


def watch_rollout(actor: Actor, deployment: Deployment) -> None:
    """Both looks at one deployment."""
    evaluated = watch_triggers(actor, deployment)
    if evaluated is not None:
        watch_counts(actor, deployment, evaluated)


def watch_triggers(actor: Actor, deployment: Deployment) -> Evaluated | None:
    """Evaluate the triggers of a deployment and do what they ask for; None once it is taken back, or where
    they could not be evaluated."""
    found: Evaluated | None = None
    is_over = True
    with _looking(actor, deployment):
        found = _evaluated(actor, deployment)
        done = act_on_triggers(actor, deployment, found)
        _log(deployment, done)
        is_over = done == TAKEN_BACK
    return None if is_over else found


def _evaluated(actor: Actor, deployment: Deployment) -> Evaluated:
    """What the triggers say. Where they cannot be evaluated, what fires by the record is acted on all the
    same, and the failure stands."""
    at = timezone.now()
    try:
        return evaluate_triggers(actor, deployment, at)
    except Exception:
        renew(WAITS_AT_MOST_SECONDS)
        _log(deployment, act_on_triggers(actor, deployment, standing_firings(deployment, at)))
        raise


def watch_counts(actor: Actor, deployment: Deployment, evaluated: Evaluated) -> None:
    """Look at the rest, keep what was found, and act on it."""
    with _looking(actor, deployment):
        at = timezone.now()
        reading = look_at(deployment, evaluated, at)
        keep_reading(deployment, reading)
        _log(deployment, act_on(actor, deployment, reading, at))


def _log(deployment: Deployment, done: str) -> None:
    if done:
        logger.info("%s: %s", deployment, done)


@contextmanager
def _looking(actor: Actor, deployment: Deployment) -> Iterator[None]:
    """Keep the failure of a look with what could not be looked at.

    One that waited in vain for somebody else's lock is kept as well, so that the next tick comes to all
    others first, and it counts as not watched while that lasts; but it is no ground to hold the rollout.
    """
    try:
        yield
    except Exception as error:
        logger.exception("%s could not be looked at", deployment)
        renew(WAITS_AT_MOST_SECONDS)
        if has_waited(error):
            with waiting_at_most(KEPT_WITHIN_SECONDS):
                keep_failure(deployment, f"somebody else held a lock: {error}")
        else:
            _failed(actor, deployment, f"{type(error).__name__}: {error}")


def _failed(actor: Actor, deployment: Deployment, error: str) -> None:
    """Keep the failure; what cannot be looked at is held after some times."""
    errors = keep_failure(deployment, error)
    if errors >= ERRORS_BEFORE_HOLD and deployment.state == DeploymentState.ROLLING_OUT:
        hold_watched_rollout(
            actor,
            deployment=deployment,
            stage_number=deployment.stage_number,
            reason=f"Held by monitoring: it could not be looked at {errors} times in a row ({error[:300]}).",
        )


def watch_landing(actor: Actor, rollback: Rollback) -> None:
    """Confirm that a rollback has landed, or escalate that it has not in time."""
    found = following_on(
        rollback.deployment.channel, rollback.target.manifest_digest, rollback.rolled_back_at
    )
    if found.is_whole:
        confirm_landing(actor, rollback=rollback, instances=found.instances, gone=found.gone)
    elif rollback.landing == Landing.PENDING and _is_over(rollback.rolled_back_at, ESCALATED_AFTER):
        escalate_rollback(actor, rollback=rollback, missing=found.sentence)


def _is_over(since: datetime, span: timedelta) -> bool:
    return timezone.now() >= since + span


def watch_drill(actor: Actor, drill: Drill) -> None:
    """Let a drill turn or end, once all instances follow or its time is over."""
    away = drill.state == DrillState.AWAY
    there, since = (drill.target, drill.started_at) if away else (drill.drilled, drill.turned_at)
    live = live_deployment(drill.channel)
    if since is None or live is None or live.pk != there.pk:
        fail_drill(actor, drill=drill, missing=f"Somebody moved what is live on {drill.channel} meanwhile.")
        return
    found = following_on(drill.channel, there.revision.manifest_digest, since)
    if not found.is_whole and not _is_over(since, LEG_LASTS_AT_MOST):
        return
    if away:
        turn_drill(actor, drill=drill, missing="" if found.is_whole else f"There: {found.sentence}")
    else:
        _end(actor, drill, found)


def _end(actor: Actor, drill: Drill, found: Following) -> None:
    if found.is_whole and drill.away_landed_at is not None:
        complete_drill(actor, drill=drill)
    else:
        missing = "" if found.is_whole else f"Back: {found.sentence}"
        fail_drill(actor, drill=drill, missing=missing, is_back=found.is_whole)

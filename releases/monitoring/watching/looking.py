"""One look at a deployment: what was found, in the order in which an advance depends on it.

Triggers were evaluated before, whatever else waits. Counts are judged again when a window has closed,
and now and then in between, for what came late: in between they say what they said.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from governance.registry.queries import segments_in_force
from releases.bundles.queries import live_assignment
from releases.monitoring.heartbeats.queries import beats_of
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Mode
from releases.monitoring.watching.counted import Counted, closed_until
from releases.monitoring.watching.criteria import criteria_checks
from releases.monitoring.watching.soundness import (
    integrity_checks,
    ratio_checks,
    subjects_check,
    traffic_checks,
)
from releases.monitoring.windows.queries import counts_of, latest_decision_at, mismatches
from releases.monitoring.windows.stretches import SETTLING
from releases.rollouts.models import Deployment
from releases.rollouts.readings import Check, CheckState, Reading, entered, last_reading, reading_of
from releases.rollouts.stages import ON_ITS_WAY, current_step

JUDGED_AGAIN_AFTER = timedelta(seconds=30)
"""Late data change a window that was closed; they are seen so soon."""

BEATS_OF = timedelta(minutes=5)
COUNTED = ("traffic", "ratio", "min_subjects", "criteria")
"""Checks on counts."""


def look_at(deployment: Deployment, evaluated: Evaluated, at: datetime) -> Reading:
    """What is found of a deployment that is on its way or live, beside what its triggers said; nothing is
    done about it here."""
    before = last_reading(deployment)
    if deployment.state not in ON_ITS_WAY:
        return reading_of(deployment, trigger_checks(evaluated), read_at=at, measured_at=at)
    counted, measured_at = _counted(deployment, before, at)
    checks = (
        *_integrity(deployment, at),
        *trigger_checks(evaluated),
        *(one for name in COUNTED for one in counted if one.check == name),
    )
    return reading_of(deployment, checks, read_at=at, measured_at=measured_at)


def _integrity(deployment: Deployment, at: datetime) -> tuple[Check, ...]:
    channel = deployment.channel
    return integrity_checks(
        latest_decision_at(channel),
        mismatches(deployment, since=entered(deployment), until=at),
        beats_of(channel, since=at - BEATS_OF),
        live_assignment(channel),
        at,
    )


def trigger_checks(evaluated: Evaluated) -> tuple[Check, ...]:
    """Triggers that are not quiet, one by one; else one check that says so."""
    firing = list(_firing(evaluated))
    said = {one.key for one in firing}
    blocked = [
        Check("triggers", CheckState.WAITING, f"{one.key}: {one.sentence}", key=_name(one.key, one.segment))
        for one in evaluated.blocked
        if _name(one.key, one.segment) not in said
    ]
    words = [
        Check(
            "triggers",
            CheckState.NOT_EVALUATED,
            f"{key}: words for people; nothing fires by itself.",
            key=key,
        )
        for key in evaluated.not_measured
    ]
    if firing or blocked:
        return (*firing, *blocked, *words)
    if evaluated.states:
        many = len(evaluated.states)
        said_quiet = "1 trigger is quiet" if many == 1 else f"{many} triggers are quiet"
        return (Check("triggers", CheckState.DONE, f"{said_quiet}."), *words)
    if words:
        return tuple(words)
    return (
        Check(
            "triggers",
            CheckState.NOT_EVALUATED,
            "The plan puts no trigger in force in this stage; nothing rolls back by itself.",
        ),
    )


def _firing(evaluated: Evaluated) -> Iterator[Check]:
    for one in evaluated.firings:
        if one.mode is Mode.ENFORCE and one.action is not Action.NOTIFY:
            yield Check(
                "triggers",
                CheckState.FAILED,
                f"{one.key}: {one.sentence}",
                key=_name(one.key, one.segment),
                numbers={"action": one.action.value, "evidence": one.digest, "since": one.since.isoformat()},
            )


def _name(key: str, segment: str) -> str:
    return f"{key}:{segment}" if segment else key


def _counted(
    deployment: Deployment, before: Reading | None, at: datetime
) -> tuple[tuple[Check, ...], datetime]:
    """The checks on counts, and when they were judged: those of the look before while nothing can be new."""
    if deployment.paused:
        nobody = "Paused: nobody gets it, and the stage begins anew when it is resumed."
        return (Check("traffic", CheckState.WAITING, nobody),), at
    if before is not None and not is_due(before.measured_at, at):
        return tuple(one for one in before.checks if one.check in COUNTED), before.measured_at
    step, since = current_step(deployment), entered(deployment)
    rows = counts_of(deployment, since=since, until=at, at=at)
    counted = Counted.of(step, rows, at, settled_at=since + SETTLING)
    checks = (
        *traffic_checks(counted),
        *ratio_checks(counted),
        subjects_check(counted),
        *criteria_checks(counted, _protected(deployment)),
    )
    return checks, at


def is_due(measured_at: datetime, at: datetime) -> bool:
    """Whether counts are judged again: a window closed since, or late data may have come."""
    return closed_until(at) > closed_until(measured_at) or at - measured_at >= JUDGED_AGAIN_AFTER


def _protected(deployment: Deployment) -> list[str]:
    """The protected segments that were in force when the revision was frozen: all strata stand before the
    first subject."""
    rows = segments_in_force(deployment.release.system, deployment.revision.frozen_at)
    return [segment.key for segment in rows if segment.protected]

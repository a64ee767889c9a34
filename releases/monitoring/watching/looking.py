"""One look at a deployment: what was found, in the order in which an advance depends on it.

Triggers were evaluated before, whatever else waits. Counts are judged again when a window has closed,
and now and then in between, for what came late: in between they say what they said.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from governance.registry.queries import segments_in_force
from releases.bundles.queries import open_assignment
from releases.monitoring.heartbeats.queries import beats_of
from releases.monitoring.replaying.windows import replay_windows
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Mode, State
from releases.monitoring.vocabulary.series import OF_REPLAYS, SETTLING
from releases.monitoring.watching.counted import Counted, closed_until
from releases.monitoring.watching.criteria import criteria_checks
from releases.monitoring.watching.soundness import (
    JUDGED_FROM,
    JUDGED_OVER,
    behind_check,
    integrity_checks,
    ratio_checks,
    subjects_check,
    traffic_checks,
)
from releases.monitoring.windows.queries import (
    counted_to,
    counting_of,
    counts_of,
    latest_decision_at,
    mismatches,
)
from releases.monitoring.windows.stretches import runs_of
from releases.rollouts.models import Deployment
from releases.rollouts.readings import Check, CheckState, Reading, entered, last_reading, reading_of
from releases.rollouts.stages import ON_ITS_WAY, current_step

JUDGED_AGAIN_AFTER = timedelta(seconds=30)
"""Late data change a window that was closed; they are seen so soon."""

BEATS_OF = timedelta(minutes=5)
OBSERVED = frozenset({State.FIRING, State.RECOVERING})
"""States in which a trigger would act if it were not only observed."""

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
    found = integrity_checks(
        latest_decision_at(channel),
        mismatches(deployment, since=entered(deployment), until=at, span=JUDGED_OVER, decisions=JUDGED_FROM),
        beats_of(channel, since=at - BEATS_OF),
        open_assignment(channel),
        at,
    )
    counting = counting_of(channel, at)
    if not counting.is_behind or any(one.state is CheckState.FAILED for one in found):
        return found
    return (behind_check(counting.to, at),)


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
    past = list(_overridden(evaluated))
    if firing or blocked:
        return (*firing, *blocked, *past, *words)
    said_quiet = _quiet(evaluated)
    if said_quiet:
        return (Check("triggers", CheckState.DONE, f"{said_quiet}."), *past, *words)
    if past or words:
        return (*past, *words)
    return (
        Check(
            "triggers",
            CheckState.NOT_EVALUATED,
            "The plan puts no trigger in force in this stage; nothing rolls back by itself.",
        ),
    )


def _quiet(evaluated: Evaluated) -> str:
    """How many triggers are quiet, each counted once however many segments it is judged on, and which would
    fire if they were not only observed; empty where neither is."""
    loud = {one.key for one in evaluated.states if one.mode is Mode.OBSERVE and one.state in OBSERVED}
    past = {one.key for one in evaluated.states if one.state is State.OVERRIDDEN}
    many = len({one.key for one in evaluated.states} - loud - past)
    said = [] if not many else ["1 trigger is quiet" if many == 1 else f"{many} triggers are quiet"]
    return "; ".join([*said, *(f"{key} would fire, and is only observed" for key in sorted(loud))])


def _overridden(evaluated: Evaluated) -> Iterator[Check]:
    """Triggers that fire and stop nothing because somebody answers for that: those who decide see them."""
    for one in evaluated.states:
        if one.state is State.OVERRIDDEN:
            until = f"{one.overridden_until:%-d %b, %H:%M}" if one.overridden_until else "then"
            yield Check(
                "triggers",
                CheckState.DONE,
                f"{one.key}: {one.sentence} Overridden until {until} UTC.",
                key=_name(one.key, one.segment),
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
        return (Check("traffic", CheckState.WAITING, nobody), *_against(before)), at
    if before is not None and not is_due(before.measured_at, at):
        return tuple(one for one in before.checks if one.check in COUNTED), before.measured_at
    since = entered(deployment)
    stays = runs_of(deployment).stays.get(deployment.stage_number, (since,))
    stay = _counted_since(deployment, since, at, tries=len(stays))
    of_stage = stay if len(stays) == 1 else _counted_since(deployment, stays[0], at)
    checks = (
        *traffic_checks(stay),
        *ratio_checks(stay),
        subjects_check(stay),
        *_criteria_checks(stay, of_stage, _protected(deployment)),
    )
    return checks, at


def _against(before: Reading | None) -> tuple[Check, ...]:
    """What was shown against the candidate before it was paused: it would be shown again if it went on."""
    found = before.check("criteria") if before is not None else ()
    return tuple(one for one in found if one.state is CheckState.FAILED)


def _criteria_checks(stay: Counted, of_stage: Counted, protected: Sequence[str]) -> tuple[Check, ...]:
    """The criteria by the counts since the last pause. What all counts of the stage speak against stays
    spoken against; for the candidate they say nothing, since whatever was wrong before may be why it was
    paused. Each stay after a pause is another try, and is asked for more evidence.
    """
    found = criteria_checks(stay, protected)
    if of_stage is stay:
        return tuple(found)
    before = criteria_checks(of_stage, protected)
    return tuple(
        former if former.state is CheckState.FAILED else one
        for one, former in zip(found, before, strict=True)
    )


def _counted_since(deployment: Deployment, since: datetime, at: datetime, tries: int = 0) -> Counted:
    """Of the whole stage, or of the stay that so many ``tries`` have come to."""
    step = current_step(deployment)
    settled = counted_to(deployment.channel, at)
    rows = counts_of(deployment, since=since, until=at, at=at, anew=tries > 0, settled=settled)
    if any(one.measure and one.measure.metric in OF_REPLAYS for one in step.stage.measures):
        rows = [*rows, *replay_windows(deployment, since=since, until=at, at=at)]
    return Counted.of(step, rows, settled, settled_at=since + SETTLING, tries=max(1, tries))


def is_due(measured_at: datetime, at: datetime) -> bool:
    """Whether counts are judged again: a window closed since, or late data may have come."""
    return closed_until(at) > closed_until(measured_at) or at - measured_at >= JUDGED_AGAIN_AFTER


def _protected(deployment: Deployment) -> list[str]:
    """The protected segments that were in force when the revision was frozen: all strata stand before the
    first subject."""
    rows = segments_in_force(deployment.release.system, deployment.revision.frozen_at)
    return [segment.key for segment in rows if segment.protected]

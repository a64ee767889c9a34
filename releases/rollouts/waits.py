"""What a rollout waits for before its next stage: read from the deployment, its plan, the time, and what
monitoring found last. What nothing measures says "not evaluated" instead of passing in silence.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from governance.registry.models import ComponentStatus
from releases.bundles.documents import hours_of
from releases.bundles.models import Assignment, Revision
from releases.bundles.sealed import THAT_WAIT, still_waits, unsigned
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.progress_queries import freeze_at, lasting
from releases.rollouts.readings import Check, CheckState, Reading, last_reading
from releases.rollouts.stage_seats import stage_seats
from releases.rollouts.stages import ON_ITS_WAY, PlanUnreadable, Step, advance_at, current_step


def what_it_waits_for(deployment: Deployment, at: datetime) -> tuple[Check, ...]:
    """The checks before the next stage, in the order in which they are made; none for a deployment that is
    not on its way.

    Some stand here only where they say something: what is looked at again after a while, a span that the plan
    freezes, a revoked component, an approval that the stage asks for.
    """
    if deployment.state not in ON_ITS_WAY:
        return ()
    reading = last_reading(deployment)
    try:
        current_step(deployment)
    except PlanUnreadable as error:
        said = f"{error.message} {error.next_step}"
        return (*_hold(deployment), *_looked(deployment, reading, at), Check("plan", CheckState.FAILED, said))
    return (
        *_hold(deployment),
        *_seal(deployment),
        *_looked(deployment, reading, at),
        *_first(deployment, reading),
        *_calendar(deployment.revision, at),
        *_components(deployment.revision),
        _min_duration(deployment, at),
        *_shown(current_step(deployment), reading),
        *_approval(deployment, reading),
        _last(deployment, reading, at),
    )


def _hold(deployment: Deployment) -> Iterator[Check]:
    if deployment.state == DeploymentState.HELD:
        said = "Paused" if deployment.paused else "Held"
        yield Check(
            "resume",
            CheckState.WAITING,
            f"{said}: {deployment.held_reason.rstrip('.')}. It does not advance until somebody resumes it.",
        )


def _seal(deployment: Deployment) -> Iterator[Check]:
    found = getattr(deployment, THAT_WAIT, None)
    rows: Iterable[Assignment] = unsigned().filter(deployment=deployment) if found is None else found
    for one in rows:
        said = f"{still_waits(one)} Nobody is shown the stage until it is; rollback and pause never wait."
        yield Check("seal", CheckState.WAITING, said)


def _looked(deployment: Deployment, reading: Reading | None, at: datetime) -> Iterator[Check]:
    row: StageReading | None = getattr(deployment, "reading", None)
    if row is not None and row.errors:
        times = "once" if row.errors == 1 else f"{row.errors} times in a row"
        what = row.error.partition(":")[0]
        yield Check(
            "looked", CheckState.WAITING, f"Monitoring could not look {times} ({what}); the log says more."
        )
    elif reading is not None and not reading.is_recent(at):
        ago = lasting((at - reading.read_at).total_seconds())
        yield Check(
            "looked",
            CheckState.WAITING,
            f"Monitoring last looked {ago} ago. What it found then stands below and counts no longer.",
        )


def _first(deployment: Deployment, reading: Reading | None) -> Iterator[Check]:
    """What is asked before all else: whether the data can be relied on, and whether anything fires."""
    if reading is not None:
        for name in ("integrity", "triggers", "traffic", "ratio"):
            yield from reading.check(name)
        return
    yield Check("integrity", CheckState.NOT_EVALUATED, "Fresh data of the right release: not evaluated yet.")
    yield _triggers(current_step(deployment))


def _triggers(step: Step) -> Check:
    keys = step.stage.triggers
    if not keys:
        return Check(
            "triggers",
            CheckState.NOT_EVALUATED,
            "The plan puts no trigger in force in this stage; nothing rolls back by itself.",
        )
    return Check(
        "triggers",
        CheckState.NOT_EVALUATED,
        f"Not evaluated yet: {', '.join(keys)}. Nothing rolls back by itself.",
    )


def _shown(step: Step, reading: Reading | None) -> Iterator[Check]:
    if reading is not None:
        yield from reading.check("min_subjects")
        yield from reading.check("criteria")
        return
    yield min_subjects_unmeasured(step)
    yield from criteria_unmeasured(step)


def min_subjects_unmeasured(step: Step) -> Check:
    """How many people the plan asks for, where nobody has counted them."""
    if not step.stage.min_subjects:
        return Check("min_subjects", CheckState.DONE, "The plan asks for no minimum number of subjects.")
    return Check(
        "min_subjects",
        CheckState.NOT_EVALUATED,
        f"At least {step.stage.min_subjects} subjects: not evaluated yet.",
    )


def criteria_unmeasured(step: Step) -> Iterator[Check]:
    """What the plan asks the stage to show, where nobody has measured it."""
    if not step.stage.criteria:
        yield Check("criteria", CheckState.DONE, "The plan asks for no measured criterion.")
    for criterion in step.stage.criteria:
        said = criterion.description.strip().rstrip(".") or criterion.key
        yield Check("criteria", CheckState.NOT_EVALUATED, f"{said}: not evaluated yet.", key=criterion.key)


def _approval(deployment: Deployment, reading: Reading | None) -> Iterator[Check]:
    for seat in stage_seats(deployment, reading.digest if reading else ""):
        role = seat.role.replace("_", " ")
        if seat.approval is None:
            yield Check(
                "approval",
                CheckState.WAITING,
                f"A person with the role {role} approves what the stage shows; nobody has yet.",
                key=seat.role,
            )
        else:
            yield Check(
                "approval",
                CheckState.DONE,
                f"{seat.approval.username} ({role}) approved what the stage shows on "
                f"{seat.approval.approved_at:%-d %b, %H:%M} UTC; nothing came out otherwise since.",
                key=seat.role,
            )


def _last(deployment: Deployment, reading: Reading | None, at: datetime) -> Check:
    """Who lets it go on: a person, or the engine at the hours of the plan."""
    step, hours = current_step(deployment), hours_of(deployment.revision.rollout_plan)
    if step.is_measured_wholly and hours is not None:
        inside = hours.hold_at(at)
        said = "It advances by itself once all of this is there" if inside else "It advances by itself"
        return Check("hours", CheckState.DONE if inside else CheckState.WAITING, f"{said}, {hours.sentence}.")
    if step.stage.measures:
        return Check("person", CheckState.WAITING, "A release manager advances it once all of this is there.")
    how = _unmeasured(step, reading)
    return Check("person", CheckState.WAITING, f"A release manager advances it and answers for it: {how}.")


def _unmeasured(step: Step, reading: Reading | None) -> str:
    """What a person answers for where no criterion is measured."""
    if reading is None:
        return "nothing measures the stage yet"
    named = (("people", step.stage.min_subjects), ("triggers", step.is_watched))
    measured = " and ".join(name for name, is_asked in named if is_asked)
    if measured:
        return f"only {measured} of the stage are measured, and no criterion"
    return "no criterion of the stage is measured"


def _calendar(revision: Revision, at: datetime) -> Iterator[Check]:
    freeze = freeze_at(revision, at)
    if freeze is not None:
        yield Check(
            "calendar",
            CheckState.WAITING,
            f"The calendar is frozen: {freeze.reason.rstrip('.')}.",
            until=freeze.ends_at,
        )


def _components(revision: Revision) -> Iterator[Check]:
    revoked = sorted(
        str(slot.component)
        for slot in revision.slots.all()
        if slot.component.status == ComponentStatus.REVOKED
    )
    if revoked:
        yield Check(
            "components",
            CheckState.FAILED,
            f"Revoked: {', '.join(revoked)}. It cannot advance; roll it back and make a revision without.",
        )


def _min_duration(deployment: Deployment, at: datetime) -> Check:
    shortest = current_step(deployment).stage.min_duration_seconds
    if not shortest:
        return Check("min_duration", CheckState.DONE, "The plan asks for no minimum duration.")
    earliest = advance_at(deployment)
    if deployment.paused:
        return Check(
            "min_duration",
            CheckState.WAITING,
            f"The stage lasts at least {lasting(shortest)}, counted anew from when it is resumed.",
        )
    if at < earliest:
        left = lasting((earliest - at).total_seconds())
        return Check(
            "min_duration",
            CheckState.WAITING,
            f"The stage lasts at least {lasting(shortest)}; {left} left.",
            until=earliest,
        )
    entered = deployment.stage_entered_at or deployment.started_at
    lasted = lasting((at - entered).total_seconds())
    return Check(
        "min_duration",
        CheckState.DONE,
        f"The minimum of {lasting(shortest)} is over; the stage has lasted {lasted}.",
    )

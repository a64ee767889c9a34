"""Whether what was counted can be relied on: fresh, of the right releases, and split as assigned.

A comparison whose data come from the wrong release, or whose arms are not as large as they should be, shows
nothing, whatever it says; so these come before it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from releases.bundles.arms import Arm
from releases.bundles.documents import WITH_ARMS, StageKind
from releases.bundles.models import Assignment
from releases.monitoring.heartbeats.queries import Beat
from releases.monitoring.triggers.wording import evidence
from releases.monitoring.vocabulary.series import SETTLING, WINDOW
from releases.monitoring.watching.counted import Counted
from releases.monitoring.windows.queries import Mismatches
from releases.rollouts.progress_queries import lasting
from releases.rollouts.readings import Check, CheckState
from releases.statistics.sequential import e_threshold, log_sample_ratio_e_value

FRESH = 2 * WINDOW
"""What is watched brings decisions at least so often."""

FEW_MISMATCHES = 5
MISMATCH_RATE = 0.01
"""Some decisions may be on their way while an assignment changes; more than these say that the arms are not
answered as assigned."""

JUDGED_OVER = timedelta(hours=1)
JUDGED_FROM = 500
"""Mismatches are judged on the last hour, or on as many decisions as make a few of them more than rare: one
that is over does not keep a stage held for as long as it lasts."""

RATIO_ALPHA = 0.01


def integrity_checks(
    latest: datetime | None,
    found: Mismatches,
    beats: Sequence[Beat],
    assignment: Assignment | None,
    at: datetime,
) -> tuple[Check, ...]:
    """Fresh data of the right releases; one check, which says what is wrong first."""
    problem = next(_problems(latest, found, beats, assignment, at), None)
    if problem is not None:
        return (problem,)
    seen = lasting((at - latest).total_seconds()) if latest else ""
    return (
        Check(
            "integrity",
            CheckState.DONE,
            f"The newest decision is {seen} old. The last {found.decisions:,} of this stage were looked at, "
            "and carry the release that was due.",
            numbers={"decisions": found.decisions},
        ),
    )


def behind_check(counted_to: datetime, at: datetime) -> Check:
    """That what was reported waits to be counted: half of the data would show something else than all."""
    since = f"{counted_to:%F %R} UTC, {lasting((at - counted_to).total_seconds())} ago"
    return Check(
        "integrity",
        CheckState.WAITING,
        f"What was reported since {since}, waits to be counted; nothing is shown meanwhile. If it stays so, "
        "see that the worker runs (/readyz tells).",
        numbers={"counted_to": counted_to.isoformat()},
    )


def _problems(
    latest: datetime | None,
    found: Mismatches,
    beats: Sequence[Beat],
    assignment: Assignment | None,
    at: datetime,
) -> Iterator[Check]:
    wrong = found.unknown_stamps + found.wrong_arm
    numbers = {
        "decisions": found.decisions,
        "unknown_stamps": found.unknown_stamps,
        "wrong_arm": found.wrong_arm,
        "examples": [str(one) for one in found.examples],
    }
    if wrong >= FEW_MISMATCHES and wrong > MISMATCH_RATE * found.decisions:
        yield Check(
            "integrity",
            CheckState.FAILED,
            f"{wrong:,} of {found.decisions:,} decisions carry a release that was not due "
            f"({found.unknown_stamps:,} an unknown one): the arms are not answered as assigned.",
            numbers=numbers,
        )
    strays = sorted(set(_strays(beats, assignment, at)))
    if strays:
        yield Check(
            "integrity",
            CheckState.WAITING,
            f"Instances run a release that is not assigned: {', '.join(strays[:5])}.",
            numbers={"instances": strays[:20]},
        )
    if latest is None or at - latest > FRESH:
        since = "ever" if latest is None else f"for {lasting((at - latest).total_seconds())}"
        yield Check("integrity", CheckState.WAITING, f"No decision was reported {since}; nothing is shown.")


def _strays(beats: Iterable[Beat], assignment: Assignment | None, at: datetime) -> Iterator[str]:
    """Instances whose newest beat names what is not assigned, once they had time to follow."""
    if assignment is None or at - assignment.serves < SETTLING:
        return
    due = {assignment.stable_id, assignment.candidate_id, assignment.control_id}
    newest: dict[str, Beat] = {}
    for beat in beats:
        if beat.instance not in newest or beat.at > newest[beat.instance].at:
            newest[beat.instance] = beat
    yield from (name for name, beat in newest.items() if beat.revision_id not in due)


def traffic_checks(counted: Counted) -> Iterator[Check]:
    """Whether the stage is seen by anybody: a stage without traffic shows nothing, however long it lasts."""
    kind = counted.step.stage.kind
    candidate, control = counted.subjects(counted.watched), counted.subjects(Arm.CONTROL)
    numbers = {"candidate": candidate, "control": control}
    if kind in WITH_ARMS:
        said = f"{candidate:,} people in the candidate's arm and {control:,} in the control's"
        empty = not candidate or not control
    else:
        said = f"{candidate:,} people {_WITH[kind]}" if kind in _WITH else ""
        empty = not candidate
    if said:
        state = CheckState.WAITING if empty else CheckState.DONE
        lead = "Nothing to judge by yet: " if empty else ""
        yield Check("traffic", state, f"{lead}{said} in closed windows.", numbers=numbers)


_WITH = {
    StageKind.SHADOW: "with both answers",
    StageKind.INTERNAL_TESTING: "with the candidate's answer",
}


def ratio_checks(counted: Counted) -> Iterator[Check]:
    """Whether subjects fall to the arms as assigned: an arm that loses some is compared unfairly.

    Where a service counts its own windows and reports the two arms alone, the arms are held against each
    other; nobody beside them was counted, and that says nothing about them.
    """
    step = counted.step
    if step.stage.kind not in WITH_ARMS:
        return
    settled = counted.settled
    seen = [settled.subjects(arm) for arm in (Arm.CANDIDATE, Arm.CONTROL, Arm.STABLE)]
    if not sum(seen):
        yield Check("ratio", CheckState.WAITING, "Not judged before a whole window of the stage is over.")
        return
    shares = [step.share, step.share, 1 - 2 * step.share]
    arms = 3 if shares[2] > 0 and seen[2] else 2
    log_e = log_sample_ratio_e_value(seen[:arms], _normed(shares[:arms]))
    needed = math.log(e_threshold(RATIO_ALPHA))
    beside = f", {seen[2]:,} beside" if seen[2] else "; nobody beside was counted" if shares[2] > 0 else ""
    said = f"{seen[0]:,} people in the candidate's arm, {seen[1]:,} in the control's{beside}"
    numbers = {"subjects": seen, "shares": shares, "log_e": round(log_e, 6), "log_e_alarming": needed}
    if log_e >= needed:
        yield Check(
            "ratio",
            CheckState.FAILED,
            f"{said}: that is not how {step.share * 100:.4g} % and {step.share * 100:.4g} % fall "
            f"({evidence(log_e, needed)}). Some of an arm are lost, so a comparison would deceive.",
            numbers=numbers,
        )
    else:
        yield Check("ratio", CheckState.DONE, f"{said}, as assigned.", numbers=numbers)


def _normed(shares: Sequence[float]) -> list[float]:
    whole = sum(shares)
    return [share / whole for share in shares]


def subjects_check(counted: Counted) -> Check:
    """Whether as many people as the plan asks were seen in the candidate's arm."""
    asked, seen = counted.step.stage.min_subjects, counted.subjects(counted.watched)
    if not asked:
        return Check("min_subjects", CheckState.DONE, "The plan asks for no minimum number of subjects.")
    state = CheckState.DONE if seen >= asked else CheckState.WAITING
    return Check(
        "min_subjects",
        state,
        f"{seen:,} of at least {asked:,} people.",
        numbers={"subjects": seen, "asked": asked},
    )

"""Judge a trigger on counted windows: those that are new, and those that late data changed.

Windows that were judged before are not read again. Where late data changed one, the trigger is judged again
from the hour of that window on, and what fires by it fires now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from releases.bundles.triggers import CountedTrigger, QuantileTrigger, ThresholdTrigger, VsControlTrigger
from releases.monitoring.triggers.comparing import compared_with
from releases.monitoring.triggers.given import Given, Interval, Sums
from releases.monitoring.triggers.judgements import CannotJudge, Judged
from releases.monitoring.triggers.kinds import quantile, threshold, vs_control
from releases.monitoring.triggers.known import Found, Known, hour_of, hour_start, thinned
from releases.monitoring.triggers.reader import RECENT, WHOLE_EVERY, Reader
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.triggers.series import Cut, Window, begins_at, windows_of

UNSURE = "?"
"""The mark of hours that were counted while they were read; it makes the next evaluation judge them again."""


@dataclass(frozen=True)
class _From:
    """Where to go on: with which sums, from which window on, and since when marks are read anew. ``kept``
    are the sums that stand."""

    sums: Sums
    since: datetime
    marked: datetime
    kept: tuple[Sums, ...]


def judge_counted(reader: Reader, place: Place, spec: CountedTrigger, known: Known) -> Found:
    """What the trigger finds now.

    Raises:
        CannotJudge: what it needs contradicts itself, or is not there, or is not counted any more.
    """
    scene = reader.scene
    if scene.why_not_counted:
        raise CannotJudge(scene.why_not_counted)
    cut, settled = _cut(scene, place, spec), scene.settled(spec.metric)
    to, former = cut.settled_to(settled), known.sums.to
    is_new = former is None or to > former
    if not is_new and reader.inputs == known.inputs:
        return Found((), known, scene.tests)
    known, changed = _compared_with_marks(reader, place, spec, known)
    if not is_new and changed is None:
        return Found((), known, scene.tests)
    compared = known.compared or compared_with(scene, place)
    seen = _Seen(reader, cut, settled, compared)
    begins = _begins(seen, spec, known, changed)
    windows = seen.windows(begins.since)
    judged, after, kept = _judged(spec, windows, begins, scene.tests, compared)
    to = max(to, begins.sums.to or to)
    stand = {hour: mark for hour, mark in known.marks.items() if hour < hour_of(begins.marked)}
    marks = stand | reader.marks(begins.marked, to).get((spec.metric, place.segment), {})
    if reader.has_moved:
        marks |= dict.fromkeys(marks.keys() - stand.keys(), UNSURE)
    after = replace(after, to=to, since=_needed_since(seen, spec, windows, after) or to)
    if former is not None and changed is None:
        judged = [one for one in judged if one.at > former]  # those before were only to be seen together with
    known = known.after(after, kept, marks, compared)
    # What was whole has shrunk where a report came late, so windows are new that were judged before.
    again = changed is not None or (former is not None and former < (known.judged_to or former))
    return Found(tuple(judged), known, scene.tests, again=again)


def _cut(scene: Scene, place: Place, spec: CountedTrigger) -> Cut:
    return Cut(
        metric=spec.metric,
        segment=place.segment,
        width=timedelta(seconds=spec.window_seconds),
        lateness=timedelta(seconds=spec.allowed_lateness_seconds),
        label_lag=timedelta(seconds=spec.label_lag_seconds),
        ours=scene.is_ours,
    )


def _compared_with_marks(
    reader: Reader, place: Place, spec: CountedTrigger, known: Known
) -> tuple[Known, datetime | None]:
    """The beginning of the first hour that late data changed, if there is one: looked for in the last hours,
    and now and then in all of them."""
    at, to = reader.scene.at, known.sums.to
    is_whole = to is None or known.checked_at is None or at - known.checked_at >= WHOLE_EVERY
    if is_whole:
        known = replace(known, inputs=reader.inputs, checked_at=at)
    if to is None:
        return known, None
    since = reader.first if is_whole else max(reader.first, hour_start(hour_of(to - RECENT)))
    now = reader.marks(since, to).get((spec.metric, place.segment), {})
    then = {hour: mark for hour, mark in known.marks.items() if hour >= hour_of(since)}
    changed = [hour for hour in now.keys() | then.keys() if now.get(hour) != then.get(hour)]
    return known, hour_start(min(changed)) if changed else None


@dataclass(frozen=True)
class _Seen:
    """The windows of one place, and which of them are judged: those with enough people."""

    reader: Reader
    cut: Cut
    settled: datetime
    compared: Interval | None

    def windows(self, since: datetime) -> list[Window]:
        """Those from ``since`` on that are whole."""
        rows = self.reader.rows(since, self.cut.metric, self.cut.segment)
        return windows_of(rows, self.cut, self.settled)

    def is_measured(self, spec: CountedTrigger, window: Window) -> bool:
        """Whether the window is one of those of which ``breaches`` in ``of_windows`` are counted."""
        ours = window.ours
        if isinstance(spec, QuantileTrigger):
            has_values = ours.point is not None or bool(ours.sketches)
            return has_values and (ours.captures or spec.min_subjects) >= spec.min_subjects
        is_beside = isinstance(spec, VsControlTrigger) and self.compared is None
        fewest = min(ours.subjects, window.control.subjects) if is_beside else ours.subjects
        return fewest >= max(1, spec.min_subjects)


def _begins(seen: _Seen, spec: CountedTrigger, known: Known, changed: datetime | None) -> _From:
    reader = seen.reader
    began, sums = reader.scene.began, known.sums
    if sums.to is None:
        return _From(sums, began, reader.first, (sums,))
    if changed is None:
        since = max(began, sums.since or began)
        return _From(sums, since, max(reader.first, hour_start(hour_of(sums.to))), known.kept)
    width = timedelta(seconds=spec.window_seconds)
    former = known.before(begins_at(changed, width))
    marked = max(reader.first, changed)
    if _adds_up(spec):
        stand = tuple(one for one in known.kept if one.to is None or one.to <= (former.to or began))
        return _From(former, max(began, former.to or began), marked, stand or (former,))
    since = _since_before(seen, spec, begins_at(changed, width) - timedelta(seconds=spec.for_seconds), width)
    return _From(replace(sums, to=None), since, marked, ())


def _since_before(seen: _Seen, spec: CountedTrigger, at: datetime, width: timedelta) -> datetime:
    """Since when as many windows are judged as those that end then are seen together with: thin ones between
    them are looked past, however many there are."""
    began, ahead = seen.reader.scene.began, spec.of_windows * width
    while at - ahead > began:
        before = [one for one in seen.windows(at - ahead) if one.ends_at <= at]
        if sum(seen.is_measured(spec, one) for one in before) >= spec.of_windows - 1:
            break
        ahead *= 2
    return max(began, at - ahead)


def _adds_up(spec: CountedTrigger) -> bool:
    """Whether it is judged on all of the stage so far."""
    return getattr(spec, "test", "") == "e_process"


def _judged(
    spec: CountedTrigger, windows: Sequence[Window], begins: _From, tests: int, compared: Interval | None
) -> tuple[list[Judged], Sums, tuple[Sums, ...]]:
    """Judgements, the sums after them, and the sums to keep: of what adds up those of each hour."""
    if not _adds_up(spec):
        judged, after = _of_kind(spec, windows, Given(tests, compared, begins.sums))
        return judged, after, ()
    found: list[Judged] = []
    sums, kept = begins.sums, list(begins.kept)
    fresh = [one for one in windows if sums.to is None or one.ends_at > sums.to]
    for _, some in groupby(fresh, key=lambda window: hour_of(window.starts_at)):
        judged, sums = _of_kind(spec, list(some), Given(tests, compared, sums))
        found += judged
        kept.append(sums)
    return found, sums, thinned(kept)


def _of_kind(spec: CountedTrigger, windows: Sequence[Window], given: Given) -> tuple[list[Judged], Sums]:
    if isinstance(spec, QuantileTrigger):
        return quantile.judge(spec, windows, given)
    if isinstance(spec, ThresholdTrigger):
        return threshold.judge(spec, windows, given)
    assert isinstance(spec, VsControlTrigger)
    return vs_control.judge(spec, windows, given)


def _needed_since(
    seen: _Seen, spec: CountedTrigger, windows: Sequence[Window], after: Sums
) -> datetime | None:
    """Where the windows begin that later ones have to be seen together with; None where none does."""
    if _adds_up(spec):
        return windows[-1].starts_at if windows else after.since
    needed = [one for one in windows if seen.is_measured(spec, one)][-spec.of_windows :]
    return needed[0].starts_at if needed else None

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
from releases.monitoring.triggers.judgements import Judged
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
        CannotJudge: what it needs contradicts itself, or is not there.
    """
    scene = reader.scene
    cut, settled = _cut(scene, place, spec), scene.settled(spec.metric)
    to, former = cut.settled_to(settled), known.sums.to
    is_new = former is None or to > former
    if not is_new and reader.inputs == known.inputs:
        return Found((), known, scene.tests)
    known, changed = _compared_with_marks(reader, place, spec, known)
    if not is_new and changed is None:
        return Found((), known, scene.tests)
    begins = _begins(reader, spec, known, changed)
    compared = known.compared or compared_with(scene, place)
    windows = windows_of(reader.rows(begins.since), cut, settled)
    judged, after, kept = _judged(spec, windows, begins, scene.tests, compared)
    end = to if former is None else max(to, former)
    stand = {hour: mark for hour, mark in known.marks.items() if hour < hour_of(begins.marked)}
    marks = stand | reader.marks(begins.marked, end).get((spec.metric, place.segment), {})
    if reader.has_moved:
        marks |= dict.fromkeys(marks.keys() - stand.keys(), UNSURE)
    after = _marked(after, windows, spec, end)
    if former is not None and changed is None:
        judged = [one for one in judged if one.at > former]  # those before were only to be seen together with
    known = replace(known, sums=after, kept=kept, marks=marks, compared=compared)
    return Found(tuple(judged), known, scene.tests, again=changed is not None)


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


def _begins(reader: Reader, spec: CountedTrigger, known: Known, changed: datetime | None) -> _From:
    began, sums = reader.scene.began, known.sums
    if sums.to is None:
        return _From(sums, began, reader.first, (sums,))
    if changed is None:
        seen = max(began, sums.since or began)
        return _From(sums, seen, max(reader.first, hour_start(hour_of(sums.to))), known.kept)
    width = timedelta(seconds=spec.window_seconds)
    former = known.before(begins_at(changed, width))
    marked = max(reader.first, changed)
    if _adds_up(spec):
        stand = tuple(one for one in known.kept if one.to is None or one.to <= (former.to or began))
        return _From(former, max(began, former.to or began), marked, stand or (former,))
    ahead = spec.of_windows * width + timedelta(seconds=spec.for_seconds)
    return _From(replace(sums, to=None), max(began, begins_at(changed, width) - ahead), marked, ())


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


def _marked(after: Sums, windows: Sequence[Window], spec: CountedTrigger, to: datetime) -> Sums:
    """The sums with how far they go, also where nothing was counted, and what is needed again."""
    since = windows[max(0, len(windows) - spec.of_windows)].starts_at if windows else after.since
    return replace(after, to=to, since=since or to)

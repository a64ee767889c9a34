"""A share in the candidate's arm against the control arm: worse by more than the effect floor.

The two arms are of one size and of one time, so what befalls both is no evidence. Where no control is left,
the candidate is held against the interval measured on the last control arm: its upper bound and the floor
make a limit. A candidate that is better only makes the evidence smaller: an improvement never trips.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from releases.bundles.triggers import VsControlTrigger
from releases.monitoring.triggers.given import NOTHING, Given, Interval, Sums, block_of
from releases.monitoring.triggers.judgements import CannotJudge, Figures, Judged, Judgement
from releases.monitoring.triggers.kinds.counting import (
    heard_in,
    judgement,
    nobody_new,
    of_windows,
    windows_said,
)
from releases.monitoring.triggers.series import Window
from releases.monitoring.triggers.wording import TITLES, evidence, percent, points
from releases.statistics.independent import newcombe_independent_interval
from releases.statistics.rates import clopper_pearson_lower
from releases.statistics.sequential import log_rate_e_value


def judge(spec: VsControlTrigger, windows: Sequence[Window], given: Given) -> tuple[list[Judged], Sums]:
    """One judgement for each window in which the candidate answered, and the sums after the last. What the
    control answers alone tells nothing of the candidate, whose silence is no data."""
    if given.compared is not None:
        return _alone(spec, heard_in(windows), given, given.compared)
    if spec.test == "e_process":
        seen = [window for window in windows if window.ours.captures or window.control.subjects]
        return _sequential(spec, seen, given)
    return _by_window(spec, heard_in(windows)), given.sums


def _sequential(spec: VsControlTrigger, seen: list[Window], given: Given) -> tuple[list[Judged], Sums]:
    begins, hour = given.sums.begins(seen)
    blocks = [block_of(window) for window in seen]
    process, log_es = given.sums.process(spec.effect_floor).path(blocks, begins)
    needed, sums, judged = given.log_e_limit(spec.alpha), given.sums, []
    for window, log_e in zip(seen, log_es, strict=True):
        sums = sums.plus(window)
        if window.ours.captures:
            judged.append(_judged(spec, window, sums, (log_e, needed)))
    return judged, sums.with_process(process, hour)


def _judged(spec: VsControlTrigger, window: Window, sums: Sums, found: tuple[float, float]) -> Judged:
    ours, control = sums.share, sums.control_share
    figures = Figures(
        window.ours.share,
        None,
        window.control.share,
        None if control is None else control + spec.effect_floor,
        *found,
        sums.subjects,
        sums.control_subjects,
    )
    fewest = min(sums.subjects, sums.control_subjects)
    if ours is None or control is None or fewest < spec.min_subjects:
        said = _few(spec, sums.subjects, sums.control_subjects)
        return Judged(window.ends_at, Judgement.WAITING, figures, said)
    verdict = judgement(breach=found[0] >= found[1], clear=ours - control <= spec.effect_floor)
    verdict = verdict if window.ours.subjects or window.control.subjects else Judgement.BETWEEN
    sizes = _sizes(sums.subjects, sums.control_subjects)
    said = f"{_compared(spec, ours, control)}: {evidence(*found)}; {sizes}."
    return Judged(window.ends_at, verdict, figures, said)


def _compared(spec: VsControlTrigger, ours: float, control: float) -> str:
    return (
        f"{percent(ours)} {TITLES[spec.metric]} against {percent(control)} in the control arm, "
        f"{points(ours - control)}, allowed {points(spec.effect_floor)}"
    )


def _sizes(ours: int, control: int) -> str:
    return f"{ours:,} and {control:,} subjects"


def _few(spec: VsControlTrigger, ours: int, control: int) -> str:
    needed = max(1, spec.min_subjects)
    return f"{_sizes(ours, control)} so far; each arm needs {needed:,} before anything is judged."


def _by_window(spec: VsControlTrigger, seen: list[Window]) -> list[Judged]:
    least = max(1, spec.min_subjects)
    both = [w for w in seen if min(w.ours.subjects, w.control.subjects) >= least]
    lower = {window.ends_at: _lower_bound(spec, window) for window in both}
    over = [bound > spec.effect_floor for bound in lower.values()]
    places = {window.ends_at: index for index, window in enumerate(both)}
    return [_window(spec, window, lower, over, places) for window in seen]


def _window(
    spec: VsControlTrigger,
    window: Window,
    lower: dict[datetime, float],
    over: list[bool],
    places: dict[datetime, int],
) -> Judged:
    ours, control = window.ours, window.control
    if not ours.subjects:
        return nobody_new(window)
    index = places.get(window.ends_at)
    if index is None or ours.share is None or control.share is None:
        said = _few(spec, ours.subjects, control.subjects)
        figures = Figures(ours.share, None, control.share, subjects=ours.subjects)
        return Judged(window.ends_at, Judgement.WAITING, figures, said)
    bound = lower[window.ends_at]
    breach, count = of_windows(over, index, breaches=spec.breaches, windows=spec.of_windows)
    clear = not over[index] and ours.share - control.share <= spec.effect_floor
    return Judged(
        window.ends_at,
        judgement(breach=breach, clear=clear),
        Figures(
            ours.share,
            control.share + bound,
            control.share,
            control.share + spec.effect_floor,
            subjects=ours.subjects,
            control_subjects=control.subjects,
        ),
        f"{_compared(spec, ours.share, control.share)}, at least {points(bound)}"
        f"{windows_said(count, spec.of_windows)}; {_sizes(ours.subjects, control.subjects)}.",
    )


def _lower_bound(spec: VsControlTrigger, window: Window) -> float:
    """One-sided lower bound of candidate minus control."""
    ours, control = window.ours, window.control
    shares = (min(1.0, arm.events / arm.subjects) for arm in (ours, control))
    rate, other = shares
    interval = newcombe_independent_interval(
        rate, ours.subjects, other, control.subjects, alpha=2 * spec.alpha
    )
    return interval[0]


def _alone(
    spec: VsControlTrigger, seen: list[Window], given: Given, former: Interval
) -> tuple[list[Judged], Sums]:
    """Without a control arm: against what was measured on the last one."""
    limit = former.upper + spec.effect_floor
    if not 0 < limit < 1:
        raise CannotJudge(
            f"The last control arm bounds nothing: at most {percent(former.upper)} of {former.subjects:,.0f}."
        )
    needed, sums, judged = given.log_e_limit(spec.alpha), given.sums, []
    flags: list[bool] = []
    adds_up = spec.test == "e_process"
    for window in seen:
        if not window.ours.subjects:
            judged.append(nobody_new(window))
            continue
        of_all = (sums if adds_up else NOTHING).plus(window)
        sums = of_all if adds_up else sums
        few = of_all.subjects < spec.min_subjects
        share, bound, log_e = _against(spec, window, of_all, limit)
        over = log_e >= needed if adds_up else bound > limit
        flags += [] if few else [over]
        sides = (1, 1) if adds_up else (spec.breaches, spec.of_windows)
        breach, count = of_windows(flags, len(flags) - 1, breaches=sides[0], windows=sides[1])
        verdict = judgement(breach=breach, clear=not over and share <= limit)
        shown = evidence(log_e, needed) if adds_up else f"at least {percent(bound)}"
        said = (
            f"{percent(share)} {TITLES[spec.metric]} against {percent(former.estimate)} {former.words}, "
            f"at most {percent(limit)} allowed: {shown}{windows_said(count, sides[1])}; "
            f"{of_all.subjects:,} subjects."
        )
        logs, sizes = (log_e, needed), (of_all.subjects, former.subjects)
        figures = Figures(window.ours.share, bound, former.estimate, limit, *logs, *sizes)
        verdict = Judgement.WAITING if few else verdict
        judged.append(Judged(window.ends_at, verdict, figures, said))
    return judged, sums


def _against(spec: VsControlTrigger, window: Window, sums: Sums, limit: float) -> tuple[float, float, float]:
    """Share, lower bound and logarithm of E: of all so far for an e-process, else of the window."""
    if spec.test == "e_process":
        share = min(1.0, sums.events / sums.subjects)
        return share, share, log_rate_e_value(sums.events, max(0.0, sums.subjects - sums.events), limit)
    share = min(1.0, window.ours.events / window.ours.subjects)
    return share, clopper_pearson_lower(share, window.ours.subjects, spec.alpha), -math.inf

"""A share of the candidate's decisions against a limit.

The limit is a number of the plan, or the upper bound that the gate measured. ``immediate`` and ``bound``
look at single windows, ``e_process`` at all subjects of the stage so far. So ``alpha`` is the risk of a false
alarm in each window with ``bound``, which ``breaches`` of 2 and more make rare, and in the whole stage with
``e_process``.
"""

from collections.abc import Sequence

from releases.bundles.triggers import ThresholdTrigger
from releases.monitoring.triggers.given import Given, Sums
from releases.monitoring.triggers.judgements import CannotJudge, Figures, Judged, Judgement
from releases.monitoring.triggers.kinds.counting import (
    heard_in,
    judgement,
    nobody_new,
    of_windows,
    windows_said,
)
from releases.monitoring.triggers.series import Window
from releases.monitoring.triggers.wording import TITLES, evidence, percent
from releases.statistics.rates import clopper_pearson_lower
from releases.statistics.sequential import log_rate_e_value


def judge(spec: ThresholdTrigger, windows: Sequence[Window], given: Given) -> tuple[list[Judged], Sums]:
    """One judgement for each window with decisions, and the sums after the last."""
    limit, whence = _limit(spec, given)
    seen = heard_in(windows)
    if spec.test == "e_process":
        return _sequential(spec, seen, given, (limit, whence))
    return _by_window(spec, seen, (limit, whence)), given.sums


def _limit(spec: ThresholdTrigger, given: Given) -> tuple[float, str]:
    if spec.limit != "gate":
        return spec.limit, f"limit {percent(spec.limit)}"
    if given.compared is None:
        raise CannotJudge(
            f"The gate of this revision measured nothing that {spec.key} could be compared with."
        )
    if not 0 < given.compared.upper < 1:
        raise CannotJudge(
            f"The upper bound measured at the gate is {given.compared.upper}, which bounds nothing."
        )
    return given.compared.upper, f"{percent(given.compared.upper)} {given.compared.words}"


def _by_window(spec: ThresholdTrigger, seen: list[Window], limit: tuple[float, str]) -> list[Judged]:
    least, judged = max(1, spec.min_subjects), []
    measured = [window for window in seen if window.ours.subjects >= least]
    bounds = [_measure(spec, window) for window in measured]
    over = [bound > limit[0] for _, bound in bounds]
    clear_at = limit[0] if spec.clear_limit is None else spec.clear_limit
    places = {window.ends_at: index for index, window in enumerate(measured)}
    for window in seen:
        index = places.get(window.ends_at)
        if index is None:
            judged.append(_waiting(spec, window) if window.ours.subjects else nobody_new(window))
            continue
        share, bound = bounds[index]
        breach, count = of_windows(over, index, breaches=spec.breaches, windows=spec.of_windows)
        shown = f"at least {percent(bound)}, " if spec.test == "bound" else ""
        judged.append(
            Judged(
                window.ends_at,
                judgement(breach=breach, clear=not over[index] and share <= clear_at),
                Figures(share, bound, window.control.share, limit[0], subjects=window.ours.subjects),
                f"{percent(share)} {TITLES[spec.metric]}, {shown}{limit[1]}"
                f"{windows_said(count, spec.of_windows)}; {window.ours.subjects:,} subjects.",
            )
        )
    return judged


def _measure(spec: ThresholdTrigger, window: Window) -> tuple[float, float]:
    """The share, and the number that is held against the limit."""
    share = min(1.0, window.ours.events / window.ours.subjects)
    if spec.test == "immediate":
        return share, share
    return share, clopper_pearson_lower(share, window.ours.subjects, spec.alpha)


def _waiting(spec: ThresholdTrigger, window: Window) -> Judged:
    return Judged(
        window.ends_at,
        Judgement.WAITING,
        Figures(window.ours.share, control=window.control.share, subjects=window.ours.subjects),
        f"{window.ours.subjects:,} of {spec.min_subjects:,} subjects that a window needs to be judged.",
    )


def _sequential(
    spec: ThresholdTrigger, seen: list[Window], given: Given, limit: tuple[float, str]
) -> tuple[list[Judged], Sums]:
    sums, judged = given.sums, []
    needed = given.log_e_limit(spec.alpha)
    clear_at = limit[0] if spec.clear_limit is None else spec.clear_limit
    for window in seen:
        if not window.ours.subjects:
            judged.append(nobody_new(window))
            continue
        sums = sums.plus(window)
        share = min(1.0, sums.events / sums.subjects)
        log_e = log_rate_e_value(sums.events, max(0.0, sums.subjects - sums.events), limit[0])
        verdict = judgement(breach=log_e >= needed, clear=share <= clear_at)
        few = sums.subjects < spec.min_subjects
        left = f" {spec.min_subjects:,} subjects are needed first." if few else ""
        judged.append(
            Judged(
                window.ends_at,
                Judgement.WAITING if few else verdict,
                Figures(
                    window.ours.share, share, window.control.share, limit[0], log_e, needed, sums.subjects
                ),
                f"{percent(share)} {TITLES[spec.metric]}, {limit[1]}: {evidence(log_e, needed)}; "
                f"{sums.subjects:,} subjects.{left}",
            )
        )
    return judged, sums

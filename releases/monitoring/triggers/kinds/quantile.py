"""A quantile of a window's values, such as the p95 latency, against a budget.

``immediate`` takes the quantile as it is. ``bound`` asks that the values above the budget be more than chance
explains: the lower bound of their share exceeds what the quantile leaves. Only values that lie surely above
count, since a sketch knows each within its accuracy. Answers are counted, not people: several of one person
count as several, so where few people ask often the bound says more than it knows. Windows whose quantile was
reported as a number, without a distribution, have no bound. The control arm's quantile is shown beside, and
judges nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from releases.bundles.triggers import QuantileTrigger
from releases.monitoring.triggers.given import Given, Sums
from releases.monitoring.triggers.judgements import CannotJudge, Figures, Judged, Judgement
from releases.monitoring.triggers.kinds.counting import judgement, of_windows, windows_said
from releases.monitoring.triggers.series import Counts, Window
from releases.monitoring.triggers.wording import number, percent
from releases.monitoring.vocabulary.sketches import UnfitSketch, above, merged, quantile_of
from releases.statistics.rates import clopper_pearson_lower


def judge(spec: QuantileTrigger, windows: Sequence[Window], given: Given) -> tuple[list[Judged], Sums]:
    """One judgement for each window with values."""
    read = [(window, _read(spec, window.ours)) for window in windows]
    found = [(window, one) for window, one in read if one is not None]
    enough = [(window, one) for window, one in found if one.count is None or one.count >= spec.min_subjects]
    over = [one.over for _, one in enough]
    places = {window.ends_at: index for index, (window, _) in enumerate(enough)}
    return [_judged(spec, window, one, over, places) for window, one in found], given.sums


class _Read:
    """The quantile of a window, whether it is over the budget, and the number of values, if known."""

    __slots__ = ("count", "over", "shown", "value")

    def __init__(self, value: float, over: bool, count: int | None, shown: str = "") -> None:
        self.value, self.over, self.count, self.shown = value, over, count, shown


def _read(spec: QuantileTrigger, counts: Counts) -> _Read | None:
    if counts.point is not None:
        if spec.test == "bound":
            raise CannotJudge(
                "The windows hold the quantile as a number; without a distribution it has no bound. Use the "
                "test 'immediate'."
            )
        return _Read(counts.point, counts.point > spec.limit, counts.captures or None)
    if not counts.sketches:
        return None
    try:
        sketch = merged(counts.sketches)
        quantile, over = quantile_of(sketch, spec.probability), above(sketch, spec.limit)
    except UnfitSketch as error:
        raise CannotJudge(f"A sketch cannot be read: {error}.") from error
    if quantile is None:
        return None
    if spec.test == "immediate":
        return _Read(quantile.value, quantile.value > spec.limit, quantile.count)
    least = clopper_pearson_lower(over.surely / over.count, over.count, spec.alpha)
    shown = f", at least {percent(least)} of answers are above it"
    return _Read(quantile.value, least > 1 - spec.probability, over.count, shown)


def _judged(
    spec: QuantileTrigger, window: Window, read: _Read, over: list[bool], places: dict[datetime, int]
) -> Judged:
    control = _beside(spec, window.control)
    figures = Figures(read.value, None, control, spec.limit, subjects=read.count)
    index = places.get(window.ends_at)
    if index is None:
        said = f"{read.count or 0:,} of {spec.min_subjects:,} answers that a window needs to be judged."
        return Judged(window.ends_at, Judgement.WAITING, figures, said)
    breach, count = of_windows(over, index, breaches=spec.breaches, windows=spec.of_windows)
    clear_at = spec.limit if spec.clear_limit is None else spec.clear_limit
    size = "" if read.count is None else f"; {read.count:,} answers"
    beside = "" if control is None else f"; {number(control)} ms in the control arm"
    return Judged(
        window.ends_at,
        judgement(breach=breach, clear=not read.over and read.value <= clear_at),
        figures,
        f"{_title(spec.probability)} latency {number(read.value)} ms, limit {number(spec.limit)} ms"
        f"{read.shown}{_over_said(spec, count)}{size}{beside}.",
    )


def _beside(spec: QuantileTrigger, control: Counts) -> float | None:
    """The control arm's quantile, where it can be read."""
    if not control.sketches:
        return control.point
    try:
        found = quantile_of(merged(control.sketches), spec.probability)
    except UnfitSketch:
        return None
    return None if found is None else found.value


def _title(probability: float) -> str:
    return f"p{probability * 100:.4g}"


def _over_said(spec: QuantileTrigger, count: int) -> str:
    if spec.of_windows == 1:
        return ""
    return (
        f"; above{windows_said(count, spec.of_windows)}"
        if count
        else f"; above in none of the last {spec.of_windows} windows"
    )

"""What the counted kinds share: m of n windows, and the words for it. Pure."""

from collections.abc import Sequence

from releases.monitoring.triggers.judgements import Figures, Judged, Judgement
from releases.monitoring.triggers.series import Window


def heard_in(windows: Sequence[Window]) -> list[Window]:
    """Those in which the candidate answered anybody."""
    return [window for window in windows if window.ours.captures]


def nobody_new(window: Window) -> Judged:
    """Of a window that met only people who were counted before: there are data, and nothing new in them."""
    captures = window.ours.captures
    said = "1 decision" if captures == 1 else f"{captures:,} decisions"
    return Judged(
        window.ends_at,
        Judgement.BETWEEN,
        Figures(control=window.control.share),
        f"{said} for people who were counted before, and nobody new: what was found before stands.",
        tells=False,
    )


def of_windows(over: Sequence[bool], index: int, *, breaches: int, windows: int) -> tuple[bool, int]:
    """Whether ``breaches`` of the last ``windows`` up to ``index`` are over the limit, and how many are.

    Windows without data are not in the sequence: they are neither breaches nor good.
    """
    count = sum(over[max(0, index - windows + 1) : index + 1])
    return count >= breaches, count


def judgement(*, breach: bool, clear: bool) -> Judgement:
    """Neither is between."""
    if breach:
        return Judgement.BREACH
    return Judgement.CLEAR if clear else Judgement.BETWEEN


def windows_said(count: int, windows: int) -> str:
    """``in 2 of the last 2 windows``; nothing where one window decides."""
    return f" in {count} of the last {windows} windows" if windows > 1 else ""

"""Judgements as points of a chart: one for each window, and of what is judged at every tick one in five
minutes, the newest."""

import math
from collections.abc import Sequence
from datetime import datetime

from releases.monitoring.triggers.judgements import Judged
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.series import EPOCH
from releases.monitoring.vocabulary.series import WINDOW

MOST = 2016
"""Points that one evaluation writes at most: a week of windows of five minutes, the newest."""


def readings_of(
    status: TriggerStatus, judged: Sequence[Judged], judged_to: datetime | None
) -> list[TriggerReading]:
    """The points of what is new or judged again."""
    fresh = [one for one in judged if judged_to is None or one.at >= judged_to]
    points = {_place(one.at): one for one in fresh[-MOST:]}
    return [_reading(status, at, one) for at, one in points.items()]


def _place(at: datetime) -> datetime:
    return EPOCH - (EPOCH - at) // WINDOW * WINDOW  # rounded up: a window's own end stays as it is


def _reading(status: TriggerStatus, at: datetime, judged: Judged) -> TriggerReading:
    figures = judged.figures
    return TriggerReading(
        status=status,
        at=at,
        judgement=judged.judgement.value,
        value=_finite(figures.value),
        bound=_finite(figures.bound),
        control=_finite(figures.control),
        limit=_finite(figures.limit),
        log_e=_finite(figures.log_e),
        log_e_limit=_finite(figures.log_e_limit),
        subjects=_whole(figures.subjects),
        control_subjects=_whole(figures.control_subjects),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)

"""What a kind of trigger finds in its data: one judgement for each moment at which something was known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from releases.monitoring.triggers.vocabulary import Action


class Judgement(StrEnum):
    """``between``: under the limit at which it trips and not under the one at which it clears, or not shown
    to be either. ``waiting``: there are data, and too few of them to judge."""

    BREACH = "breach"
    CLEAR = "clear"
    BETWEEN = "between"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a judgement; None where the kind has none of the sort. Logarithms are natural."""

    value: float | None = None
    bound: float | None = None
    control: float | None = None
    limit: float | None = None
    log_e: float | None = None
    log_e_limit: float | None = None
    subjects: float | None = None
    control_subjects: float | None = None

    def finite(self) -> dict[str, float]:
        """Those that are there and finite: what can be written as JSON."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found at ``at``: the end of the window that the data cover.

    ``action`` is what it asks for where that is not the trigger's own. ``detail`` goes into the evidence.
    ``tells`` is False where nothing was new in the data: what was found before stands.
    """

    at: datetime
    judgement: Judgement
    figures: Figures = field(default_factory=Figures)
    sentence: str = ""
    action: Action | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    tells: bool = True


class CannotJudge(Exception):
    """The trigger's data contradict themselves, or what it is compared with is not there."""


class NothingToCompareWith(CannotJudge):
    """No control arm and none before: where nothing was live, the first release has nobody beside it."""

"""A row of the benchmark: what is measured against what, the goal, and whether it is met."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.measuring import Contender, Samples, Spread


@dataclass(frozen=True)
class Setting:
    """How large a run is, and where it may write. ``quick`` is for trying things out, not for figures."""

    quick: bool
    directory: Path
    asked_rounds: int | None = None

    @property
    def rounds(self) -> int:
        return self.asked_rounds or (3 if self.quick else 5)

    @property
    def scale(self) -> str:
        return "quick" if self.quick else "full"


@dataclass(frozen=True)
class Figure:
    """One line of a row's table."""

    name: str
    spread: Spread
    unit: str


@dataclass(frozen=True)
class Judgement:
    """``met`` says whether the figures keep to the goal; ``sentence`` says it for people, with the figure
    that decided. ``right``: whether what was computed is as it should be, which every scale owes.
    """

    met: bool
    sentence: str
    figures: tuple[Figure, ...]
    right: bool = True


class Standing(StrEnum):
    """Of a goal in one run; only a missed one fails the run."""

    MET = "met"
    MISSED = "missed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Row:
    """``prepare`` makes the data and answers with the contenders; ``judge`` reads the samples. Rows with one
    ``group`` are measured together, once. ``rounds`` is for rows that need fewer than the setting says.

    ``of_full_scale``: the goal is stated for the full scale. On less data what does not grow with the data
    weighs more, or memory is not yet needed; a quick run shows the figures and judges nothing by them.
    """

    key: str
    title: str
    goal: str
    group: str
    prepare: Callable[[Setting], list[Contender]]
    judge: Callable[[Setting, Samples], Judgement]
    rounds: int | None = None
    of_full_scale: bool = False

    def standing(self, setting: Setting, judgement: Judgement) -> Standing:
        """What becomes of the goal at this scale."""
        if self.of_full_scale and setting.quick and judgement.right:
            return Standing.NOT_JUDGED
        return Standing.MET if judgement.met and judgement.right else Standing.MISSED

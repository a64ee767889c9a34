"""A row of the benchmark: what is measured against what, the goal, and whether it is met."""

from collections.abc import Callable
from dataclasses import dataclass
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
    """``met`` says whether the goal is; ``sentence`` says it for people, with the figure that decided."""

    met: bool
    sentence: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Row:
    """``prepare`` makes the data and answers with the contenders; ``judge`` reads the samples. Rows with one
    ``group`` are measured together, once. ``rounds`` is for rows that need fewer than the setting says.
    """

    key: str
    title: str
    goal: str
    group: str
    prepare: Callable[[Setting], list[Contender]]
    judge: Callable[[Setting, Samples], Judgement]
    rounds: int | None = None

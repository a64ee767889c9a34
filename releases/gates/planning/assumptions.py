"""What a plan assumes to be true: rates, how often two stacks decide differently, and by how much.

What a person writes goes before what was measured. Of what is written the most specific counts: one that
names criterion and stratum before one that names either, and that before one for a whole metric.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from governance.errors import invalid

NUMBERS = ("rate", "discordance", "difference", "spread")


@dataclass(frozen=True, slots=True)
class Assumption:
    """Numbers that somebody wrote, and the lines that they are for (empty: all).

    ``rate``: share of errors; ``discordance``: share of captures that two stacks decide differently;
    ``difference``: candidate minus baseline; ``spread``: standard deviation of the difference of two scores.
    ``general`` is for whatever lines there are; any other that is for none is a mistake. ``field`` is where
    it was written.
    """

    criterion: str = ""
    metric: str = ""
    stratum: tuple[str, str] | None = None
    rate: float | None = None
    discordance: float | None = None
    difference: float | None = None
    spread: float | None = None
    general: bool = False
    field: str = "rates"

    def __post_init__(self) -> None:
        if self.discordance is not None and abs(self.difference or 0.0) > self.discordance:
            raise invalid(
                f"{self.field}.discordance",
                f"{self.discordance:g} is less than the difference of {self.difference:g}: captures on which "
                "two stacks differ in their errors are decided differently. State at least as much.",
            )

    def is_for(self, line: "LineName") -> bool:
        """Whether it speaks of the line."""
        return (
            self.criterion in {"", line.criterion}
            and self.metric in {"", line.metric}
            and self.stratum in {None, line.stratum}
        )

    @property
    def weight(self) -> int:
        """How specific it is."""
        return 4 * bool(self.criterion) + 2 * (self.stratum is not None) + bool(self.metric)


@dataclass(frozen=True, slots=True)
class LineName:
    """Where a line stands: its criterion, what it measures, of which stratum (kind, key)."""

    criterion: str
    metric: str
    stratum: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Assumed:
    """The numbers of one line; None is what nobody stated or measured. ``said`` holds those written."""

    rate: float | None = None
    discordance: float | None = None
    difference: float | None = None
    spread: float | None = None
    written: frozenset[str] = frozenset()
    measured_on: str = ""

    def document(self) -> dict[str, float | str | None]:
        """The numbers, with where they are from."""
        found: dict[str, float | str | None] = {}
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None:
                found[name] = value
                found[f"{name}_source"] = "written" if name in self.written else "measured"
        if self.measured_on:
            found["measured_on"] = self.measured_on
        return found


def written_for(assumptions: Sequence[Assumption], line: LineName) -> dict[str, float]:
    """Each number that somebody wrote for the line, from the most specific of them; later ones win ties."""
    found: dict[str, float] = {}
    for one in sorted((one for one in assumptions if one.is_for(line)), key=lambda one: one.weight):
        found |= {
            field.name: value
            for field in fields(one)
            if field.name in NUMBERS and (value := getattr(one, field.name)) is not None
        }
    return found


def assumed(written: dict[str, float], measured: dict[str, float], measured_on: str = "") -> Assumed:
    """What a line is planned with: the written before the measured, and no difference where none is known.

    Two stacks that differ in their errors by so much decide at least as many captures differently.
    """
    numbers = {**measured, **written}
    if "discordance" in numbers:
        least = abs(numbers.get("difference", 0.0))
        numbers["discordance"] = max(numbers["discordance"], least)
    return Assumed(
        **numbers,
        written=frozenset(written),
        measured_on=measured_on if measured.keys() - written.keys() else "",
    )

"""One measure of a drift sheet. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A bin or category with its share of the decisions then and now; None where there are none."""

    name: str
    before: float | None
    now: float | None


@dataclass(frozen=True)
class Measure:
    """``value`` is a population stability index with its ``limit``; ``moved`` is None where ``problem`` says
    why nothing can be said. ``people`` stand behind the period, ``reference_people`` behind ``against``.
    ``also`` holds further figures in words.
    """

    key: str
    title: str
    against: str = "nothing"
    value: float | None = None
    limit: float | None = None
    moved: bool | None = None
    reference_people: int = 0
    people: int = 0
    problem: str = ""
    rows: tuple[Row, ...] = ()
    also: str = ""

    @property
    def sentence(self) -> str:
        """What came out, in words."""
        if self.problem:
            return self.problem
        if self.value is None or self.limit is None:
            return self.also
        what = "moved" if self.moved else "has not moved"
        return (
            f"{self.title} {what} against {self.against}: PSI {self.value:.3f}, limit {self.limit:.3f}, "
            f"{self.people} people against {self.reference_people}."
        )

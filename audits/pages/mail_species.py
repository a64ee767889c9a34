"""Below the forest of a mail: attacks accepted by the worst species, candidate beside live, in pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audits.pages.plots import Interval
from audits.pages.species_rates import SpeciesRates, SpeciesRow

Place = Callable[[float], float]

MOST_SPECIES = 6
HEAD, ROW, FOOT = 62, 30, 30
LONGEST_NAME = 20
NO_LIMIT = "No limit"
VERDICTS = {"fail": "Fail", "inconclusive": "Inconclusive", "pass": "Pass"}
LOOKS = {"fail": "fail", "inconclusive": "inc", "pass": "pass"}


@dataclass(frozen=True)
class Span:
    """A stack's bounds and point."""

    y: int
    left: float
    right: float
    x: float


@dataclass(frozen=True)
class SpeciesMark:
    """One species in its pixels; ``limit`` is None where the policy states none."""

    top: int
    base: int
    bottom: int
    name: str
    value: str
    verdict: str
    look: str
    limit: float | None
    worse: float
    candidate: Span | None
    other: Span | None


@dataclass(frozen=True)
class SpeciesDrawing:
    """The part of the picture from ``y`` on."""

    y: int
    height: int
    marks: tuple[SpeciesMark, ...]
    ticks: tuple[tuple[float, str], ...]
    bottom: int
    under: str
    candidate: str
    other: str


def species_drawing(
    species: SpeciesRates | None, names: tuple[str, str], top: int, edges: tuple[float, float]
) -> SpeciesDrawing | None:
    """The worst judged species from ``top`` on, their scale between the ``edges``; None without any.

    ``names`` are those of the candidate and of the other stack, the latter empty where there is none.
    """
    rows = judged_rows(species)
    if species is None or not rows:
        return None

    def place(percent: float) -> float:
        return round(edges[0] + (edges[1] - edges[0]) * percent / 100, 1)

    first = top + HEAD
    marks = tuple(_mark(row, first + ROW * number, place) for number, row in enumerate(rows))
    bottom = first + ROW * len(rows)
    limited = [row for row in rows if row.limit_x is not None]
    limit = f"; {species.limit}" if species.limit and limited else ""
    limit += " where it is drawn" if limit and len(limited) < len(rows) else ""
    return SpeciesDrawing(
        y=top,
        height=HEAD + ROW * len(rows) + FOOT,
        marks=marks,
        ticks=tuple((place(tick.x), tick.label) for tick in species.ticks),
        bottom=bottom,
        under=f"APCER in percent, the {len(rows)} worst of {len(species.rows)} species{limit}",
        candidate=names[0],
        other=names[1],
    )


def judged_rows(species: SpeciesRates | None) -> Sequence[SpeciesRow]:
    """The rows that a mail shows: the worst of which a statement is possible."""
    return [row for row in species.rows if not row.few][:MOST_SPECIES] if species else []


def _mark(row: SpeciesRow, top: int, place: Place) -> SpeciesMark:
    limit = None if row.limit_x is None else place(row.limit_x)
    name = row.name[:1].upper() + row.name[1:]
    return SpeciesMark(
        top=top,
        base=top + ROW // 2 + 5,
        bottom=top + ROW,
        name=name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…",
        value=row.candidate,
        verdict=VERDICTS.get(row.verdict, NO_LIMIT),
        look=LOOKS.get(row.verdict, ""),
        limit=limit,
        worse=0.0 if limit is None else round(place(100) - limit, 1),
        candidate=_span(row.candidate_interval, top + 20, place),
        other=_span(row.other_interval, top + 10, place),
    )


def _span(drawn: Interval | None, y: int, place: Place) -> Span | None:
    if drawn is None or drawn.point is None:
        return None
    return Span(y, place(drawn.left), place(drawn.right), place(drawn.point))

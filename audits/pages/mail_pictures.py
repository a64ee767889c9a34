"""The pictures that mails carry: the worst lines of an evaluation as one standing drawing.

The same rows as in the brief's forest, with light colours of their own, because a mail has no stylesheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.template.loader import render_to_string

from audits.pages.evidence import Line, lines_of, tally, worst_first, worst_line
from audits.pages.forest import Forest, Group, Row, difference_forest, rate_forest
from audits.pages.mail_species import judged_rows, species_drawing
from audits.pages.pictures import ComparisonPictures, pictures_of
from audits.pages.raster import png_of
from governance.notifications.pictures import Picture
from releases.approvals.models import ApprovalRequest
from releases.gates.models import EvaluationStatus, GateEvaluation

MOST_LINES = 12
WIDTH, LEFT, RIGHT = 480, 158, 330
HEAD, HEADING, ROW, FOOT = 44, 58, 26, 30
LONGEST_NAME = 20
VERDICTS = {"fail": "Fail", "inc": "Inconclusive", "pass": "Pass"}


@dataclass(frozen=True)
class Mark:
    """One line of the drawing, in its pixels; ``x`` of the point is None where nothing was measured."""

    y: int
    name: str
    value: str
    look: str
    few: bool
    limit: float
    left: float | None = None
    right: float | None = None
    x: float | None = None
    cut_left: bool = False
    cut_right: bool = False

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return VERDICTS[self.look]

    @property
    def top(self) -> int:
        """Where its row begins."""
        return self.y - ROW // 2

    @property
    def bottom(self) -> int:
        """Where its row ends."""
        return self.top + ROW

    @property
    def base(self) -> int:
        """Where its letters stand."""
        return self.y + 5

    @property
    def worse(self) -> float:
        """Width of the zone beyond the limit."""
        return round(RIGHT - self.limit, 1)

    @property
    def ends(self) -> str:
        """The caps of the bar; an arrow where the scale cuts it off."""
        if self.left is None or self.right is None:
            return ""
        cap = "M{x} {top}V{bottom}"
        arrow = "M{inner} {top}L{x} {y}L{inner} {bottom}"
        edges = ((self.left, self.cut_left, 6), (self.right, self.cut_right, -6))
        return " ".join(
            (arrow if cut else cap).format(x=x, inner=x + inward, y=self.y, top=self.y - 5, bottom=self.y + 5)
            for x, cut, inward in edges
        )

    @property
    def corner(self) -> tuple[float, int]:
        """Where the square of a failing line begins."""
        return (0.0 if self.x is None else self.x - 5), self.y - 5


@dataclass(frozen=True)
class Heading:
    """The title above a group's rows, and its limit."""

    y: int
    title: str
    under: str
    against: str


@dataclass(frozen=True)
class Drawing:
    """A forest laid out in pixels."""

    title: str
    height: int
    headings: tuple[Heading, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    bottom: int
    bounds: str


def forest(subject: str) -> Picture | None:
    """The picture for a stream's name: of an evaluation, or of the one that a request rests on."""
    evaluation = _evaluation_of(subject)
    if evaluation is None or evaluation.status != EvaluationStatus.COMPLETED:
        return None
    lines = lines_of(evaluation.result)
    found = worst_forest(lines)
    if found is None:
        return None
    rows = [row for group in found.groups for row in group.rows]
    beside = _beside(evaluation, lines)
    species = beside.species if beside else None
    return Picture(
        name="forest",
        png=png_of(svg_of(found, beside, evaluation.release.name)),
        alt=_alt(rows, lines) + (f" Below, attacks accepted by species. {species.label}" if species else ""),
        lines=(
            *(f"{VERDICTS[row.line.look]}: {row.label}" for row in rows),
            *(row.label for row in judged_rows(species)),
        ),
    )


def _beside(evaluation: GateEvaluation, lines: Sequence[Line]) -> ComparisonPictures | None:
    """Candidate beside live on the first test dataset, from what the run kept."""
    pictures = pictures_of(evaluation, evaluation.release.name, lines, worst_line(lines))
    return pictures.datasets[0].first if pictures.datasets else None


def worst_forest(lines: Sequence[Line]) -> Forest | None:
    """The worst lines on one scale: differences where there are any, else rates with their limits."""
    worst = worst_first(line for line in lines if line.is_difference and line.is_drawn)[:MOST_LINES]
    if worst:
        return difference_forest(worst)
    rates = worst_first(line for line in lines if line.is_drawn and line.number("limit") is not None)
    return rate_forest(rates[:MOST_LINES])


def svg_of(found: Forest, beside: ComparisonPictures | None = None, candidate: str = "") -> str:
    """The drawing as a standing SVG, the species of the ``candidate`` below the lines."""
    drawing = drawing_of(found)
    names = candidate, f"{beside.other}, {beside.other_look}" if beside and beside.other else ""
    below = species_drawing(beside.species if beside else None, names, drawing.height, (LEFT, RIGHT))
    return render_to_string(
        "countersign/mail_forest.svg",
        {
            "drawing": drawing,
            "species": below,
            "width": WIDTH,
            "height": drawing.height + (below.height if below else 0),
            "left": LEFT,
            "right": RIGHT,
            "row": ROW,
        },
    )


def drawing_of(found: Forest) -> Drawing:
    """Where everything stands, in pixels."""
    headings: list[Heading] = []
    marks: list[Mark] = []
    y = HEAD
    for group in found.groups:
        headings.append(Heading(y + 18, group.title, _under(group), group.against))
        y += HEADING
        for row in group.rows:
            marks.append(_mark(group, row, y + ROW // 2))
            y += ROW
    differs = found.groups[0].rows[0].line.is_difference
    title = "Candidate minus baseline, in points" if differs else "Rates of the candidate, in percent"
    return Drawing(
        title=title,
        height=y + FOOT,
        headings=tuple(headings),
        marks=tuple(marks),
        ticks=tuple((_x(tick.x), tick.label) for tick in found.ticks),
        zero=_x(found.zero_x),
        bottom=y,
        bounds=found.bounds,
    )


def _under(group: Group) -> str:
    perceived = ", as annotators perceived" if group.perceived else ""
    return f"{group.abbreviation}{perceived}; limit {group.limit}"


def _mark(group: Group, row: Row, y: int) -> Mark:
    name = row.line.name[:1].upper() + row.line.name[1:]
    drawn = row.interval
    return Mark(
        y=y,
        name=name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…",
        value=row.estimate or "–",
        look=row.line.look,
        few=row.line.is_few,
        limit=_x(group.limit_x),
        left=_x(drawn.left) if drawn else None,
        right=_x(drawn.right) if drawn else None,
        x=_x(drawn.point) if drawn and drawn.point is not None else None,
        cut_left=drawn.cut_left if drawn else False,
        cut_right=drawn.cut_right if drawn else False,
    )


def _x(percent: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * percent / 100, 1)


def _alt(rows: Sequence[Row], lines: Sequence[Line]) -> str:
    counts = tally(lines)
    shown = "line" if len(rows) == 1 else "lines"
    return (
        f"The {len(rows)} worst {shown} of {counts.total}: {counts.fail} fail, "
        f"{counts.inconclusive} inconclusive, {counts.passed} pass. The worst: {rows[0].label}"
    )


def _evaluation_of(subject: str) -> GateEvaluation | None:
    prefix, _, identifier = subject.partition(":")
    if prefix == GateEvaluation.stream_prefix:
        return GateEvaluation.objects.select_related("release", "policy").filter(id=UUID(identifier)).first()
    if prefix == ApprovalRequest.stream_prefix:
        rows = ApprovalRequest.objects.select_related("evaluation__release", "evaluation__policy").filter(
            id=UUID(identifier)
        )
        asked = rows.first()
        return asked.evaluation if asked else None
    return None

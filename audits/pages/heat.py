"""What was judged, as a map: species by segment, darker where more people were. Pure.

A cell below the policy's minimum is hatched, an empty one holds a dash, and one of so few people that they
could be told from its figures says only that; none of this by colour alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.pages.det import words_of
from audits.pages.evidence import PERCEIVED
from audits.pages.plots import counted

NAME_WIDTH, CELL_WIDTH, CELL_HEIGHT, HEAD_HEIGHT = 168, 66, 36, 46
STEPS = (30, 100, 300)
"""People from which a cell is a step darker."""

LONGEST_HEAD = 11
GENUINE = "Genuine users"


@dataclass(frozen=True)
class Cell:
    """One cell in its pixels; ``look`` is none, hidden, few or level-1 to level-4."""

    x: int
    y: int
    look: str
    captures: str
    people: str
    said: str


@dataclass(frozen=True)
class HeatRow:
    """A species, or the genuine users."""

    name: str
    y: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """All together, or a segment; its title on two lines at most."""

    x: int
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Heat:
    """The map with its size and its sentence."""

    width: int
    height: int
    columns: tuple[Column, ...]
    rows: tuple[HeatRow, ...]
    minimum: str
    below: int
    perceived: bool
    label: str


def heat(coverage: Mapping[str, Any], minima: Mapping[str, Any], below: int) -> Heat | None:
    """The map; None without a capture. Groups of fewer than ``below`` people keep their figures back."""
    titles = ["All", *(str(group["title"]).replace(PERCEIVED, "") for group in coverage["groups"])]
    genuine, *species = coverage["rows"]
    ordered = [genuine, *sorted(species, key=lambda row: (row["cells"][0][1], row["species"]))]
    if not any(cell[0] for row in ordered for cell in row["cells"]):
        return None
    rows = tuple(_row(row, place, titles, (minima, below)) for place, row in enumerate(ordered))
    counts = [cell.look for row in rows for cell in row.cells[1:]]
    return Heat(
        width=NAME_WIDTH + CELL_WIDTH * len(titles),
        height=HEAD_HEIGHT + CELL_HEIGHT * len(rows),
        columns=tuple(
            Column(NAME_WIDTH + CELL_WIDTH * place, title, split(title)) for place, title in enumerate(titles)
        ),
        rows=rows,
        minimum=f"{minima['min_presentations']} captures of {minima['min_subjects']} subjects",
        below=below,
        perceived=any(PERCEIVED in str(group["title"]) for group in coverage["groups"]),
        label=f"Coverage: {len(rows) - 1} species by {len(titles) - 1} segments. {_told(counts)}",
    )


def _told(looks: list[str]) -> str:
    if not looks:
        return "The policy judges no segment."
    few = sum(look in {"few", "hidden"} for look in looks)
    return f"Of {len(looks)} cells, empty: {looks.count('none')}; below the policy's minimum: {few}."


def split(title: str) -> tuple[str, ...]:
    """A title on at most two lines, cut off where it is longer."""
    words, lines = title.split(), [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= LONGEST_HEAD or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    shown = [line if len(line) <= LONGEST_HEAD else f"{line[: LONGEST_HEAD - 1]}…" for line in lines]
    return (*shown[:1], f"{shown[1][: LONGEST_HEAD - 1]}…") if len(shown) > 2 else tuple(shown)


def _row(
    row: Mapping[str, Any], place: int, titles: list[str], limits: tuple[Mapping[str, Any], int]
) -> HeatRow:
    name = words_of(row["species"]).capitalize() or GENUINE
    y = HEAD_HEIGHT + CELL_HEIGHT * place
    cells = tuple(
        _cell((NAME_WIDTH + CELL_WIDTH * column, y), (captures, people), f"{name}, {title}", limits, column)
        for column, (title, (captures, people)) in enumerate(zip(titles, row["cells"], strict=True))
    )
    return HeatRow(name, y, cells)


def _cell(
    at: tuple[int, int],
    counts: tuple[int, float],
    title: str,
    limits: tuple[Mapping[str, Any], int],
    column: int,
) -> Cell:
    """The first column is of no segment, so its figures are always shown."""
    (captures, people), (minima, below) = counts, limits
    if not captures:
        return Cell(*at, "none", "–", "", f"{title}: none")
    if column and 0 < people < below:
        return Cell(*at, "hidden", f"< {below}", "people", f"{title}: fewer than {below} people")
    few = captures < minima["min_presentations"] or people < minima["min_subjects"]
    look = "few" if few else f"level-{1 + sum(people >= step for step in STEPS)}"
    said = f"{title}: {counted(captures)} captures, {counted(people)} subjects"
    return Cell(*at, look, counted(captures), counted(people), said + (", too few" if few else ""))

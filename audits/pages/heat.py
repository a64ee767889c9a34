"""What was judged, as a map: species by segment, darker where more people were. Pure.

A cell below the policy's minimum is hatched, an empty one holds a dash, and one of so few people that they
could be told from its figures says only that; none of this by colour alone. Where such figures would be what
is left of the whole row, a second cell keeps its own back.

What is counted are subjects, of attacks their instruments where those are fewer, as for rates.
"""

from collections.abc import Mapping, Sequence
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
Counts = tuple[int, float]


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
    attributes = [str(group.get("attribute", "")) for group in coverage["groups"]]
    rows = tuple(
        _row(row, place, titles, (minima, below, kept_back(row["cells"], attributes, below)))
        for place, row in enumerate(ordered)
    )
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
    hidden = looks.count("hidden")
    return (
        f"Of {len(looks)} cells, empty: {looks.count('none')}; below the policy's minimum: "
        f"{looks.count('few')}{f'; kept back: {hidden}' if hidden else ''}."
    )


def kept_back(cells: Sequence[Counts], attributes: Sequence[str], below: int) -> frozenset[int]:
    """Columns that keep figures back though they are of enough people.

    Where the segments of an attribute add up to the whole row, the row tells what its hidden ones are of
    together. If that is fewer than ``below`` people, the smallest of the others is hidden with them.
    """
    found = set()
    for attribute in dict.fromkeys(attributes):
        own = [place for place, one in enumerate(attributes, start=1) if one == attribute]
        hidden = [place for place in own if _is_small(cells[place], below)]
        shown = [place for place in own if cells[place][0] and place not in hidden]
        is_whole = sum(cells[place][0] for place in own) == cells[0][0]
        if hidden and shown and is_whole and sum(cells[place][1] for place in hidden) < below:
            found.add(min(shown, key=lambda place: cells[place][1]))
    return frozenset(found)


def _is_small(cell: Counts, below: int) -> bool:
    return bool(cell[0]) and 0 < cell[1] < below


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


Limits = tuple[Mapping[str, Any], int, frozenset[int]]
"""The policy's minima, below how many people figures are kept back, and the columns that are so besides."""


def _row(row: Mapping[str, Any], place: int, titles: list[str], limits: Limits) -> HeatRow:
    name = words_of(row["species"]).capitalize() or GENUINE
    units = ("subjects", "subjects or instruments") if row["species"] else ("people", "people")
    y = HEAD_HEIGHT + CELL_HEIGHT * place
    cells = []
    for column, (title, counts) in enumerate(zip(titles, row["cells"], strict=True)):
        at, said = (NAME_WIDTH + CELL_WIDTH * column, y), f"{name}, {title}"
        hidden = _hidden(at, counts, said, limits, (column, *units))
        cells.append(hidden or _cell(at, counts, said, limits[0]))
    return HeatRow(name, y, tuple(cells))


def _hidden(
    at: tuple[int, int], counts: Counts, title: str, limits: Limits, of: tuple[int, str, str]
) -> Cell | None:
    """The cell without its figures, if it keeps them back; the first column, of no segment, never does."""
    (_, below, besides), (column, unit, units) = limits, of
    if column and _is_small(counts, below):
        return Cell(*at, "hidden", f"< {below}", unit, f"{title}: fewer than {below} {units}")
    if column in besides:
        said = f"{title}: kept back, or a smaller group could be worked out"
        return Cell(*at, "hidden", "kept", "back", said)
    return None


def _cell(at: tuple[int, int], counts: Counts, title: str, minima: Mapping[str, Any]) -> Cell:
    captures, people = counts
    if not captures:
        return Cell(*at, "none", "–", "", f"{title}: none")
    few = captures < minima["min_presentations"] or people < minima["min_subjects"]
    look = "few" if few else f"level-{1 + sum(people >= step for step in STEPS)}"
    said = f"{title}: {counted(captures)} captures, {counted(people)} subjects"
    return Cell(*at, look, counted(captures), counted(people), said + (", too few" if few else ""))

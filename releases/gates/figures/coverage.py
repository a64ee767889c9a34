"""What was judged: captures and people of every species in every segment, and of genuine users.

Counted from the codes of the scan, one pass for each segment: no other figure needs segments crossed with all
species, so the counting that rates use would be done for this alone.
"""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from releases.gates.figures.asked import Asked
from releases.scores.choosing import Flags, chosen
from releases.scores.scan import Scan
from releases.scores.strata import coded_column
from releases.statistics.clusters import ClusterPlan

Codes = npt.NDArray[np.signedinteger]
Cell = tuple[int, float]
GENUINE = ""
"""The name of the row that is no species."""


@dataclass(frozen=True, eq=False)
class _Units:
    """The units that the candidate decided: their row of the map, and who they are of."""

    rows: Codes
    subject: Codes
    instrument: Codes
    names: tuple[str, ...]


def coverage(scan: Scan, asked: Asked) -> dict[str, Any]:
    """Rows are genuine users and the species, columns all together and the segments; a cell is captures and
    people that the candidate decided. Nothing is left out here: whoever shows it leaves out small groups.
    """
    units, used = _units(scan)
    # One segment's captures at a time: a mark for each capture in each segment would be held otherwise.
    inside = (used & chosen(group.predicate, scan.facts) for group in asked.groups)
    columns = [_column(units, rows, asked) for rows in chain((used,), inside)]
    present = [
        place
        for place, name in enumerate(units.names)
        if name == GENUINE or any(c[place][0] for c in columns)
    ]
    return {
        "groups": [
            {"key": group.key, "title": group.title, "attribute": group.attribute} for group in asked.groups
        ],
        "rows": [
            {"species": units.names[place], "cells": [list(column[place]) for column in columns]}
            for place in present
        ],
    }


def _units(scan: Scan) -> tuple[_Units, Flags]:
    """Genuine users are row 0, species follow in their order; attacks that name none are in no row."""
    labels, label = coded_column(scan.facts, "label")
    species, code = coded_column(scan.facts, "species")
    genuine = label == (labels.index("bona_fide") if "bona_fide" in labels else -1)
    rows = np.where(genuine, np.int32(0), code.astype(np.int32) + np.int32(1))
    used = scan.candidate.decided & (genuine | (code < len(species)))
    return _Units(rows, scan.subject, scan.instrument, (GENUINE, *species)), used


def _column(units: _Units, inside: Flags, asked: Asked) -> list[Cell]:
    many, rows = len(units.names), units.rows[inside]
    captures = np.bincount(rows, minlength=many)
    subjects, without = distinct(units.subject[inside], rows, many)
    instruments, bare = distinct(units.instrument[inside], rows, many)
    found = []
    for place in range(many):
        plan = asked.attack if place else asked.bona_fide
        # As for rates: of attacks the coarser of instrument and subject, on a tie the subject.
        coarser = (
            place and instruments[place] and (instruments[place] < subjects[place] or not subjects[place])
        )
        known, lost = (instruments, bare) if coarser else (subjects, without)
        found.append((int(captures[place]), _people(int(known[place]), int(lost[place]), plan)))
    return found


def distinct(ids: Codes, rows: Codes, many: int) -> tuple[Codes, Codes]:
    """For each row of the map its distinct ids, and its units without one.

    Pairs of row and id are counted in a table of rows by ids where that is no larger than the pairs. Else
    they are sorted: the table holds a place for every id in every species, however few ids a species has.
    """
    known = ids >= 0
    size = int(ids.max(initial=0)) + 1
    pairs = rows[known].astype(np.int64)
    pairs *= size
    pairs += ids[known]
    without = np.bincount(rows[~known], minlength=many)
    if many * size <= pairs.size:
        held = np.bincount(pairs, minlength=many * size).reshape(many, size)
        return np.count_nonzero(held, axis=1), without
    pairs.sort()
    is_first = np.ones(pairs.size, dtype=np.bool_)
    is_first[1:] = pairs[1:] != pairs[:-1]
    return np.bincount(pairs[is_first] // size, minlength=many), without


def _people(known: int, without: int, plan: ClusterPlan) -> float:
    return round(known + (without / plan.planned_deff if plan.planned_deff is not None else 0.0), 1)

"""Plans without a database: criteria as somebody writes them, on written counts or on a table of rows."""

from collections.abc import Mapping
from typing import Any

from governance.documents import checked
from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.measuring import MeasuredTable
from releases.gates.planning.outlook import Line
from releases.gates.planning.pairs import Pairs
from releases.gates.planning.planner import Asked, CriterionPlan, planned
from releases.gates.planning.sources import Source, Written
from tests.releases.gates.contexts import context, dataset

PRINT = ("attack", ("species", "print"))
ALL_USERS = ("bona_fide", ("pooled", "all"))


def criterion(kind: str, spec: Mapping[str, Any], key: str = "asked") -> Criterion:
    """One that decides."""
    known = KIND_OF[kind]
    parsed = checked(known.spec, dict(spec), field="spec", title=kind)
    return Criterion(key, 1, known, kind, "", "blocking", "enforce", parsed)


def written(
    presentations: int, subjects: int, place: tuple[str, tuple[str, str]] = PRINT, **more: Any
) -> Written:
    """Counts of one stratum."""
    return Written({place: (presentations, subjects)}, **more)


def plan(
    kind: str, spec: Mapping[str, Any], source: Source, *assumed: Assumption, power: float = 0.8
) -> CriterionPlan:
    """The plan of one criterion, on nothing but what is assumed."""
    one = criterion(kind, spec)
    asked = Asked([(one, (one.spec,))], source, lambda *line: ({}, ""), assumed, power)
    return planned(asked)[0]


def line(kind: str, spec: Mapping[str, Any], source: Source, *assumed: Assumption) -> Line:
    """The first line of it."""
    return plan(kind, spec, source, *assumed).lines[0]


def table(given: Context | None = None) -> MeasuredTable:
    """What the candidate of a context measured."""
    return MeasuredTable(given or context(), dataset(), Pairs())


def apcer(limit: float, **changes: Any) -> dict[str, Any]:
    """At most so many print attacks accepted."""
    return {"metric": "apcer", "strata": {"species": ["print"]}, "limit": limit, **changes}

"""A predicate as an expression over a canonical table, with the same answers as ``predicates.matches``."""

from collections.abc import Collection

import polars as pl

from governance.registry.predicates import Condition, Negation, Predicate
from releases.scores import cells
from releases.scores.normalise import ATTRIBUTE_PREFIX


def selection(predicate: Predicate, columns: Collection[str]) -> pl.Expr:
    """True, false or null (unknown) per row. ``columns`` are those of the table: an attribute that it lacks
    is unknown in every row. Filters treat null as "does not belong".
    """
    if isinstance(predicate, Condition):
        return _condition(predicate, columns)
    if isinstance(predicate, Negation):
        return ~selection(predicate.part, columns)
    parts = [selection(part, columns) for part in predicate.parts]
    # Both follow three-valued logic: one false settles "all", one true settles "any", else null spreads.
    return pl.all_horizontal(parts) if predicate.kind == "all" else pl.any_horizontal(parts)


def _condition(condition: Condition, columns: Collection[str]) -> pl.Expr:
    name = f"{ATTRIBUTE_PREFIX}{condition.attribute}"
    found = cells.text(pl.col(name)) if name in columns else pl.lit(None, dtype=pl.String)
    if condition.operator == "exists":
        return found.is_not_null() if condition.values[0] else found.is_null()
    number = cells.number(found)
    if condition.operator in {"eq", "ne", "in"}:
        equal = pl.any_horizontal(
            [found == value if isinstance(value, str) else number == value for value in condition.values]
        )
        return ~equal if condition.operator == "ne" else equal
    limit = condition.values[0]
    return {
        "lt": number < limit,
        "le": number <= limit,
        "gt": number > limit,
        "ge": number >= limit,
    }[condition.operator]

"""What an import answers with: captures and people by class, species, attribute and segment."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from governance.registry.predicates import Predicate
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.selection import selection

VALUES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class GroupCount:
    """``answered`` of ``rows`` have a score; ``subjects`` are the distinct ids, ``without_subject`` the rows
    that name none.
    """

    rows: int
    answered: int
    subjects: int
    without_subject: int


@dataclass(frozen=True)
class TableSummary:
    """Counts of a canonical table. Keys are values; ``attributes`` and ``segments`` count both classes
    together in ``"rows"`` and apart under ``"bona_fide"`` and ``"attack"``. Rows without a value of an
    attribute stand under ``None``. At most VALUES_SHOWN values are listed, the most frequent first;
    ``values_not_shown`` says how many more an attribute or ``species`` has.
    """

    total: GroupCount
    labels: dict[str, GroupCount]
    species: dict[str, GroupCount]
    attributes: dict[str, dict[str | None, dict[str, int]]]
    segments: dict[str, dict[str, int]]
    values_not_shown: dict[str, int]


def summarise(frame: pl.DataFrame, segments: Sequence[tuple[str, Predicate]] = ()) -> TableSummary:
    """Count a canonical frame by label, species, attribute and the named segments."""
    with polars_errors_refused("counted"):
        attacks = frame.filter(pl.col("label") == "attack")
        hidden: dict[str, int] = {}
        attributes = {}
        for column in (name for name in frame.columns if name.startswith(ATTRIBUTE_PREFIX)):
            name = column.removeprefix(ATTRIBUTE_PREFIX)
            counted = frame.group_by(column).agg(*_classes()).sort("rows", column, descending=[True, False])
            attributes[name] = _by_value(counted)
            _note_hidden(hidden, name, counted.height)
        species = _groups(attacks, "species")
        _note_hidden(hidden, "species", attacks["species"].n_unique())
        return TableSummary(
            total=GroupCount(*frame.select(*_measures()).row(0)),
            labels=_groups(frame, "label"),
            species=species,
            attributes=attributes,
            segments={key: _segment(frame, predicate) for key, predicate in segments},
            values_not_shown=hidden,
        )


def _measures() -> list[pl.Expr]:
    return [
        pl.len().alias("rows"),
        pl.col("answered").sum(),
        pl.col("subject").drop_nulls().n_unique().alias("subjects"),
        pl.col("subject").is_null().sum().alias("without_subject"),
    ]


def _classes() -> list[pl.Expr]:
    return [
        pl.len().alias("rows"),
        (pl.col("label") == "bona_fide").sum().alias("bona_fide"),
        (pl.col("label") == "attack").sum().alias("attack"),
    ]


def _groups(frame: pl.DataFrame, column: str) -> dict[str, GroupCount]:
    counted = frame.group_by(column).agg(*_measures()).sort("rows", column, descending=[True, False])
    return {key: GroupCount(*numbers) for key, *numbers in counted.head(VALUES_SHOWN).iter_rows()}


def _by_value(counted: pl.DataFrame) -> dict[str | None, dict[str, int]]:
    return {
        value: {"rows": rows, "bona_fide": bona_fide, "attack": attack}
        for value, rows, bona_fide, attack in counted.head(VALUES_SHOWN).iter_rows()
    }


def _segment(frame: pl.DataFrame, predicate: Predicate) -> dict[str, int]:
    inside = frame.filter(selection(predicate, frame.columns).fill_null(value=False))
    rows, bona_fide, attack = inside.select(*_classes()).row(0)
    return {"rows": rows, "bona_fide": bona_fide, "attack": attack}


def _note_hidden(hidden: dict[str, int], name: str, values: int) -> None:
    if values > VALUES_SHOWN:
        hidden[name] = values - VALUES_SHOWN

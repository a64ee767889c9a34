"""Rows of two stacks brought together by sample id, and checked: one id, one set of facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.refusals import TablesDisagree, TablesOverlap

SHOWN = 5


@dataclass
class Findings:
    """What is wrong, collected over all pieces so that a refusal counts all of it and names the first."""

    differing: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    repeated: int = 0
    repeated_examples: list[str] = field(default_factory=list)

    def differ(self, fact: str, rows: pl.DataFrame) -> None:
        """``rows``: unit, ours, theirs of those that state different facts."""
        self.differing[fact] = self.differing.get(fact, 0) + rows.height
        shown = self.examples.setdefault(fact, [])
        for unit, ours, theirs in rows.head(SHOWN - len(shown)).iter_rows():
            shown.append(f"{unit[:200]!r}: {ours!r} and {theirs!r}")

    def repeat(self, rows: pl.DataFrame) -> None:
        """``rows``: sample and the names of the tables it stands in."""
        self.repeated += rows.height
        for sample, tables in rows.head(SHOWN - len(self.repeated_examples)).iter_rows():
            self.repeated_examples.append(f"{sample[:200]!r} in {' and '.join(tables)}")

    def raise_any(self) -> None:
        """Raises TablesOverlap or TablesDisagree; nothing if all is well."""
        if self.repeated:
            raise TablesOverlap(
                f"{self.repeated:,} sample ids stand in more than one table of a stack: "
                f"{'; '.join(self.repeated_examples)}{_more(self.repeated)}."
            )
        for fact in sorted(self.differing):
            raise TablesDisagree(
                f"Candidate and baseline state different {fact.removeprefix(ATTRIBUTE_PREFIX)} for "
                f"{self.differing[fact]:,} samples: {'; '.join(self.examples[fact])}"
                f"{_more(self.differing[fact])}."
            )


def joined_tables(pieces: Sequence[pl.DataFrame], names: Sequence[str], findings: Findings) -> pl.DataFrame:
    """The rows of all tables of one stack, by sample; ids that stand in two of them are noted."""
    filled = [(piece, name) for piece, name in zip(pieces, names, strict=True) if not piece.is_empty()]
    if len(filled) < 2:
        return filled[0][0] if filled else pieces[0]
    named = [piece.with_columns(pl.lit(name).alias("table")) for piece, name in filled]
    rows = pl.concat(named).sort("sample", maintain_order=True)
    repeated = (
        rows.group_by("sample", maintain_order=True).agg("table").filter(pl.col("table").list.len() > 1)
    )
    if not repeated.is_empty():
        findings.repeat(repeated)
        rows = rows.unique("sample", keep="first", maintain_order=True)
    return rows.drop("table")


def matched(
    ours: pl.DataFrame, theirs: pl.DataFrame, facts: Sequence[str], findings: Findings
) -> pl.DataFrame:
    """One row per key of either side: ``unit``, the facts, ``candidate`` and ``baseline`` states, 0 where a
    side lacks the row. A fact that only one side states is taken from that one.
    """
    ours, theirs = ours.rename({"state": "candidate"}), theirs.rename({"state": "baseline"})
    if ours.height == theirs.height and bool((ours["unit"] == theirs["unit"]).all()):
        beside = theirs.select("baseline", *(pl.col(name).alias(f"their.{name}") for name in facts))
        both = pl.concat([ours, beside], how="horizontal")
        equal = both.select(pl.col(name).eq_missing(pl.col(f"their.{name}")).all() for name in facts).row(0)
        unequal = [name for name, same in zip(facts, equal, strict=True) if not same]
    else:
        other = theirs.rename({name: f"their.{name}" for name in facts})
        both = ours.join(other, on="unit", how="full", coalesce=True).sort("unit")
        unequal = list(facts)
    for name in unequal:
        wrong = both.filter(pl.col(name) != pl.col(f"their.{name}"))
        if not wrong.is_empty():
            findings.differ(name, wrong.select("unit", name, f"their.{name}"))
    settled = [pl.coalesce(name, f"their.{name}").alias(name) for name in unequal]
    states = pl.col("candidate", "baseline").fill_null(0)
    return both.select("unit", *(name for name in facts if name not in unequal), *settled, states)


def _more(found: int) -> str:
    return "" if found <= SHOWN else f" and {found - SHOWN:,} more"

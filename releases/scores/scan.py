"""The one scan: read a candidate's table, and a baseline's beside it, decide every row, and match them by id.

What comes out is held as numpy arrays, one entry per unit. A unit is a capture, or a whole transaction where
the table names transactions; a transaction is accepted if one of its allowed attempts is. Everything that is
counted afterwards, for however many criteria and strata, is counted from these arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.bands import Bands, decision_columns
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import PolaritiesDiffer, TablesDisagree
from releases.statistics.thresholds import Polarity

FACTS = ("label", "species", "subject", "instrument", "source_set", "channel", "use_case")
OUTCOMES = ("present", "answered", "accepted", "accepted_or_retry", "no_band", "ambiguous_band")
SHOWN = 5

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoredTable:
    """A canonical table (canonical.scan_canonical) under the numbers of a threshold policy. ``polarity`` is
    the one declared at import; the policy must read scores the same way.
    """

    rows: pl.LazyFrame
    polarity: Polarity
    bands: Bands


@dataclass(frozen=True)
class Arm:
    """What one stack did on each unit, all arrays of one length. ``accepted`` and ``accepted_or_retry`` are
    false wherever there is no decision; ``present`` is false where the table lacks the unit.
    """

    present: Flags
    answered: Flags
    accepted: Flags
    accepted_or_retry: Flags
    no_band: Flags
    ambiguous_band: Flags

    @property
    def decided(self) -> Flags:
        return self.answered & ~self.no_band & ~self.ambiguous_band


@dataclass(frozen=True)
class Scan:
    """One entry per unit of either table, sorted by id.

    ``facts`` has FACTS and the attributes. ``subject`` and ``instrument`` are codes in the order of the ids,
    −1 where there is none. ``set_threshold`` marks units of which a capture also set the threshold.
    """

    facts: pl.DataFrame
    subject: Codes
    instrument: Codes
    set_threshold: Flags
    candidate: Arm
    baseline: Arm | None


def scan_tables(
    candidate: ScoredTable, baseline: ScoredTable | None = None, *, set_up: Sequence[pl.LazyFrame] = ()
) -> Scan:
    """Read, decide and match. ``set_up`` are the canonical tables on which the thresholds were set.

    Raises PolaritiesDiffer; TablesDisagree when the tables state different facts about one id. A fact that
    only one of them states is taken from that one.
    """
    with polars_errors_refused("scanned"):
        set_up_samples = _set_up_samples(set_up)
        first = _decided(candidate, set_up_samples)
        if baseline is None:
            return _arrays(_marked(first, "candidate").sort("unit"), paired=False)
        second = _decided(baseline, set_up_samples)
        return _arrays(_matched(first, second), paired=True)


def _set_up_samples(tables: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    frames = [table.select("sample") for table in tables]
    return pl.concat(frames).unique() if frames else pl.LazyFrame(schema={"sample": pl.String})


def _decided(table: ScoredTable, set_up_samples: pl.LazyFrame) -> pl.DataFrame:
    if table.polarity is not table.bands.polarity:
        raise PolaritiesDiffer(
            f"The table declares {table.polarity.value}, the threshold policy {table.bands.polarity.value}."
        )
    columns = table.rows.collect_schema().names()
    attributes = [name for name in columns if name.startswith(ATTRIBUTE_PREFIX)]
    marks = set_up_samples.with_columns(set_threshold=pl.lit(True))
    rows = (
        table.rows.with_columns(*decision_columns(table.bands, columns))
        .join(marks, on="sample", how="left")
        .select(
            pl.col("sample").alias("unit"),
            *FACTS,
            *attributes,
            "transaction",
            "attempt",
            "answered",
            pl.col("accepted", "accepted_or_retry", "set_threshold").fill_null(value=False),
            (pl.col("band_problem") == "no_band").fill_null(value=False).alias("no_band"),
            (pl.col("band_problem") == "ambiguous_band").fill_null(value=False).alias("ambiguous_band"),
        )
        .collect(engine="streaming")
    )
    return _by_transaction(rows, table.bands.attempts_allowed).drop("transaction", "attempt")


def _by_transaction(rows: pl.DataFrame, attempts_allowed: int) -> pl.DataFrame:
    """One row per transaction, of its allowed attempts; rows that name no transaction stay as they are."""
    single = rows.filter(pl.col("transaction").is_null())
    if single.height == rows.height:
        return rows
    either = ("answered", "accepted", "accepted_or_retry", "set_threshold", "no_band", "ambiguous_band")
    facts = [name for name in rows.columns if name not in {"unit", "transaction", "attempt", *either}]
    allowed = pl.col("attempt") <= attempts_allowed
    whole = (
        rows.filter(pl.col("transaction").is_not_null())
        .sort("transaction", "attempt")
        .group_by("transaction", maintain_order=True)
        .agg(pl.col(*facts).drop_nulls().first(), (pl.col(*either) & allowed).any(), pl.col("attempt").max())
        .with_columns(pl.concat_str(pl.lit("transaction "), pl.col("transaction")).alias("unit"))
    )
    return pl.concat([single, whole.select(rows.columns)])


def _marked(rows: pl.DataFrame, arm: str) -> pl.DataFrame:
    outcomes = {name: f"{arm}.{name}" for name in OUTCOMES}
    return rows.with_columns(present=pl.lit(True)).rename(outcomes)


def _matched(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    left, right = _marked(first, "candidate"), _marked(second, "baseline")
    facts = sorted(
        name for name in {*left.columns, *right.columns} if name in FACTS or name.startswith(ATTRIBUTE_PREFIX)
    )
    other = {name: f"baseline.{name}" for name in (*facts, "set_threshold") if name in right.columns}
    joined = left.join(right.rename(other), on="unit", how="full", coalesce=True).sort("unit")
    _check_agreement(joined, [name for name in facts if name in left.columns and name in right.columns])
    flags = [f"{arm}.{name}" for arm in ("candidate", "baseline") for name in OUTCOMES]
    return joined.select(
        "unit",
        *(_either(joined, name, f"baseline.{name}").alias(name) for name in facts),
        (
            pl.col("set_threshold").fill_null(value=False)
            | pl.col("baseline.set_threshold").fill_null(value=False)
        ),
        pl.col(*flags).fill_null(value=False),
    )


def _either(joined: pl.DataFrame, *names: str) -> pl.Expr:
    return pl.coalesce([pl.col(name) for name in names if name in joined.columns])


def _check_agreement(joined: pl.DataFrame, facts: Sequence[str]) -> None:
    for name in facts:
        differing = joined.filter(pl.col(name) != pl.col(f"baseline.{name}"))
        if differing.is_empty():
            continue
        shown = "; ".join(
            f"{unit[:200]!r}: {ours!r} and {theirs!r}"
            for unit, ours, theirs in differing.select("unit", name, f"baseline.{name}")
            .head(SHOWN)
            .iter_rows()
        )
        plain = name.removeprefix(ATTRIBUTE_PREFIX)
        raise TablesDisagree(
            f"Candidate and baseline state different {plain} for {differing.height:,} samples: {shown}."
        )


def _arrays(rows: pl.DataFrame, *, paired: bool) -> Scan:
    facts = rows.select(*FACTS, *(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX)))
    return Scan(
        facts=facts,
        subject=_codes(rows["subject"]),
        instrument=_codes(rows["instrument"]),
        set_threshold=rows["set_threshold"].to_numpy(),
        candidate=_arm(rows, "candidate"),
        baseline=_arm(rows, "baseline") if paired else None,
    )


def _arm(rows: pl.DataFrame, arm: str) -> Arm:
    return Arm(**{name: rows[f"{arm}.{name}"].to_numpy() for name in OUTCOMES})


def _codes(ids: pl.Series) -> Codes:
    """0, 1, … in the order of the ids, so that counts come out in the same order on every machine."""
    return (ids.rank("dense").cast(pl.Int64) - 1).fill_null(-1).to_numpy()

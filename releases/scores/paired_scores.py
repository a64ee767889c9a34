"""The scores that two stacks gave to the same captures, per stratum: what calibration is compared on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.choosing import Flags
from releases.scores.counting import Cluster
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.scan import FACTS, Scan, ScoredTable
from releases.scores.strata import BothClasses, Strata, Stratum, population_rows, stratum_rows

Numbers = npt.NDArray[np.float64]
THEIRS = " of the baseline"


@dataclass(frozen=True, slots=True, eq=False)
class PairedScores:
    """One entry per capture that both stacks scored, in the order of the sample ids; ``clusters`` are
    subjects, −1 without one, ``labels`` true for attacks. ``rows`` are the captures of either table.
    """

    stratum: Stratum
    cluster: Cluster
    candidate: Numbers
    baseline: Numbers
    clusters: npt.NDArray[np.int64]
    labels: Flags
    rows: int
    candidate_missing: int
    baseline_missing: int
    both_missing: int


def paired_scores(scan: Scan, population: BothClasses, strata: Strata) -> list[PairedScores]:
    """Scores of the captures that both stacks answered, read from the tables of a scan of both."""
    with polars_errors_refused("read"):
        rows = _joined(_read(scan.tables["candidate"]), _read(scan.tables["baseline"]))
    subjects = _coded(rows["subject"]).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    facts = pl.DataFrame([_coded(rows[name]) for name in rows.columns if _is_fact(name)])
    attacks = (rows["label"] == "attack").fill_null(value=False).to_numpy()
    ours, theirs = (_answered(rows, name) for name in ("score", f"score{THEIRS}"))
    inside = population_rows(facts, population)
    found = []
    for stratum, there in stratum_rows(facts, inside, strata):
        used = there & ~np.isnan(ours) & ~np.isnan(theirs)
        found.append(
            PairedScores(
                stratum=stratum,
                cluster=Cluster.SUBJECT if (subjects[used] >= 0).any() else Cluster.NONE,
                candidate=ours[used],
                baseline=theirs[used],
                clusters=subjects[used],
                labels=attacks[used],
                rows=int(np.count_nonzero(there)),
                candidate_missing=int(np.count_nonzero(there & np.isnan(ours))),
                baseline_missing=int(np.count_nonzero(there & np.isnan(theirs))),
                both_missing=int(np.count_nonzero(there & np.isnan(ours) & np.isnan(theirs))),
            )
        )
    return found


def _read(tables: Sequence[ScoredTable]) -> pl.LazyFrame:
    """The captures of a stack with their facts; an answer without a score, or none, has no score."""
    score = pl.when(pl.col("answered")).then(pl.col("score")).alias("score")
    frames = [
        one.rows.select(
            "sample",
            "subject",
            *(name for name in one.rows.collect_schema().names() if _is_fact(name)),
            score,
        )
        for one in tables
    ]
    return pl.concat(frames, how="diagonal")


def _joined(ours: pl.LazyFrame, theirs: pl.LazyFrame) -> pl.DataFrame:
    """All captures of either; a fact that only one of them states is taken from that one."""
    own, other = ours.collect_schema().names(), theirs.collect_schema().names()
    shared = [name for name in own if name in other and name not in {"sample", "score"}]
    filled = [pl.coalesce(name, f"{name}{THEIRS}").alias(name) for name in shared]
    joined = ours.join(theirs, on="sample", how="full", coalesce=True, suffix=THEIRS)
    return joined.with_columns(filled).drop([f"{name}{THEIRS}" for name in shared]).sort("sample").collect()


def _is_fact(name: str) -> bool:
    return name in FACTS or name.startswith(ATTRIBUTE_PREFIX)


def _coded(column: pl.Series) -> pl.Series:
    values = column.drop_nulls().unique().sort()
    return column.cast(pl.Enum(values.to_list()))


def _answered(rows: pl.DataFrame, name: str) -> Numbers:
    return rows[name].fill_null(float("nan")).to_numpy()

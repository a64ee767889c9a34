"""The captures that a candidate got wrong, worst first, read from the score tables that its run froze.

Wrong is what the gate counts as an error: an attack that was accepted, a genuine user who was not. Where a
table names transactions, a genuine user is refused only if no allowed attempt was accepted. The distance says
how far beyond the accept bound the score lies: the larger, the surer the candidate was of its mistake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from releases.gates.attestations.refusals import FailuresUnknown
from releases.gates.models import GateEvaluation
from releases.gates.vocabulary.inputs import Inputs
from releases.gates.vocabulary.outcomes import NotAnswerable
from releases.scores.bands import Bands, accept_bound, decision_columns
from releases.scores.models import ScoreTable
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.queries import load_frame
from releases.statistics.thresholds import Polarity

SHOWN = 50


@dataclass(frozen=True)
class Failure:
    """One capture that the candidate got wrong."""

    sample: str
    dataset: str
    label: str
    species: str
    score: float
    distance: float
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """What happened, in words."""
        return "attack accepted" if self.label == "attack" else "genuine user refused"


@dataclass(frozen=True)
class Failures:
    """All captures that the candidate got wrong on the test datasets of a run."""

    frames: Sequence[pl.LazyFrame]
    tables: Sequence[pl.LazyFrame]
    total: int

    def worst(self, many: int) -> list[Failure]:
        """The ``many`` that lie farthest beyond the bound; ties by sample."""
        if not self.frames or not many:
            return []
        # Equal distances are common: only with the sample behind it is the choice always the same.
        order, falling = ["distance", "sample"], [False, True]
        rows = pl.concat(
            [frame.top_k(many, by=order, reverse=falling) for frame in self.frames], how="diagonal"
        )
        sorted_rows = rows.sort(order, descending=[True, False]).head(many).collect()
        return [_failure(row) for row in sorted_rows.to_dicts()]

    def unknown(self, samples: Iterable[str]) -> set[str]:
        """Which of the samples stand in no evaluated table."""
        return set(samples) - _present(self.tables, samples)

    def right(self, samples: Iterable[str]) -> set[str]:
        """Which of the samples were evaluated, and the candidate got right."""
        return _present(self.tables, samples) - _present(self.frames, samples)


def failures_of(evaluation: GateEvaluation) -> Failures:
    """The failures of the run's candidate under the thresholds that the run froze.

    Raises:
        FailuresUnknown: there is no score table of the candidate, or no threshold that decides.
    """
    inputs = Inputs.model_validate(evaluation.inputs)
    try:
        bands = inputs.thresholds.executable()
    except NotAnswerable as error:
        raise FailuresUnknown(f"{error.sentence}; {error.needs}.") from error
    named = [(dataset, table) for dataset in inputs.datasets for table in dataset.candidate_tables()]
    if not named:
        raise FailuresUnknown("No score table of this stack was evaluated in the run.")
    tables = [load_frame(ScoreTable.objects.get(id=table.id)) for _, table in named]
    frames = [_wrong(rows, bands, dataset.name) for rows, (dataset, _) in zip(tables, named, strict=True)]
    total = sum(int(frame.select(pl.len()).collect().item()) for frame in frames)
    return Failures(frames, tables, total)


def _wrong(rows: pl.LazyFrame, bands: Bands, dataset: str) -> pl.LazyFrame:
    columns = rows.collect_schema().names()
    allowed = pl.col("attempt").is_null() | (pl.col("attempt") <= bands.attempts_allowed)
    alone = pl.col("transaction").is_null()
    accepted = pl.col("accepted") & allowed
    in_transaction = accepted.any().over("transaction")
    let_in = pl.when(alone).then(accepted).otherwise(in_transaction)
    attack = pl.col("label") == "attack"
    sign = 1.0 if bands.polarity is Polarity.HIGHER_IS_ATTACK else -1.0
    beyond = sign * (pl.col("score") - pl.col("bound"))
    return (
        rows.with_columns(*decision_columns(bands, columns), accept_bound(bands, columns).alias("bound"))
        .with_columns(wrong=pl.when(attack).then(accepted).otherwise(~let_in))
        .filter(pl.col("wrong") & pl.col("accepted").is_not_null() & allowed)
        .with_columns(dataset=pl.lit(dataset), distance=pl.when(attack).then(-beyond).otherwise(beyond))
        .select(
            *("sample", "dataset", "label", "species", "score", "distance"),
            *(name for name in columns if name.startswith(ATTRIBUTE_PREFIX)),
        )
    )


def _present(frames: Sequence[pl.LazyFrame], samples: Iterable[str]) -> set[str]:
    wanted = pl.lit(pl.Series(sorted(set(samples)), dtype=pl.String)).implode()
    found: set[str] = set()
    for frame in frames:
        found.update(frame.filter(pl.col("sample").is_in(wanted)).select("sample").collect()["sample"])
    return found


def _failure(row: dict[str, object]) -> Failure:
    attributes = {
        name.removeprefix(ATTRIBUTE_PREFIX): str(value)
        for name, value in sorted(row.items())
        if name.startswith(ATTRIBUTE_PREFIX) and value is not None
    }
    return Failure(
        sample=str(row["sample"]),
        dataset=str(row["dataset"]),
        label=str(row["label"]),
        species=str(row["species"] or ""),
        score=float(str(row["score"])),
        distance=float(str(row["distance"])),
        attributes=attributes,
    )

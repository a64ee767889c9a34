"""Synthetic score tables in the canonical form, as an import would have stored them.

Captures of some thousand subjects, genuine and attacks of eight species, with five attributes (three of the
subject, two of the capture) and the scores of two stacks that mostly agree. A stack's captures lie in two
tables, as the import takes at most five million rows at once. They are made in a process of its own, so that
the harness, which starts processes, never runs polars itself.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from releases.scores.canonical import ROW_GROUP
from releases.scores.normalise import CORE_COLUMNS

SEED = 7
SPECIES = 8
ATTRIBUTES = {"sex": 3, "age": 5, "skin_tone": 6, "device": 8, "lighting": 4}
OF_SUBJECT = ("sex", "age", "skin_tone")
STACKS = ("candidate", "baseline")
PARTS = 2


@dataclass(frozen=True)
class Size:
    """How many captures each stack saw, and of how many subjects."""

    captures: int
    subjects: int

    @property
    def name(self) -> str:
        return f"{self.captures}x{self.subjects}"


def tables(directory: Path, size: Size) -> dict[str, list[Path]]:
    """The files of both stacks; made once, then kept."""
    home = directory / "score-tables" / size.name
    if not (home / "complete").exists():
        numbers = (str(size.captures), str(size.subjects))
        subprocess.run([sys.executable, "-m", "benchmarks.score_tables", str(home), *numbers], check=True)
    return _files(home)


def _files(home: Path) -> dict[str, list[Path]]:
    return {stack: [home / f"{stack}-{part}.parquet" for part in range(PARTS)] for stack in STACKS}


def make(home: Path, size: Size) -> None:
    """Write the files of both stacks."""
    home.mkdir(parents=True, exist_ok=True)
    for part in range(PARTS):
        for stack, frame in zip(STACKS, _part(size, part), strict=True):
            place = _files(home)[stack][part]
            frame.write_parquet(place, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)
    (home / "complete").touch()


def _part(size: Size, part: int) -> list[pl.DataFrame]:
    people = np.random.default_rng(SEED)
    frailty = people.normal(0, 0.5, size.subjects)
    owned = {name: people.integers(0, ATTRIBUTES[name], size.subjects) for name in OF_SUBJECT}
    draws = np.random.default_rng([SEED, part])
    first, count = part * size.captures // PARTS, size.captures // PARTS
    subject = draws.integers(0, size.subjects, count)
    attack = draws.random(count) < 0.4
    values = {
        name: owned[name][subject] if name in owned else draws.integers(0, ATTRIBUTES[name], count)
        for name in sorted(ATTRIBUTES)
    }
    base = frailty[subject] + np.where(attack, 1.5, -1.5) + draws.normal(0, 0.7, count)
    facts = pl.DataFrame(
        {
            "number": np.arange(first, first + count),
            "subject": subject,
            "attack": attack,
            "species": draws.integers(0, SPECIES, count),
            **{f"attr.{name}": codes for name, codes in values.items()},
        }
    )
    return [_stack(facts, base, draws, part) for _ in STACKS]


def _stack(facts: pl.DataFrame, base: np.ndarray, draws: np.random.Generator, part: int) -> pl.DataFrame:
    count = facts.height
    score = 1 / (1 + np.exp(-(base + draws.normal(0, 0.5, count))))
    answered = draws.random(count) > 0.01
    empty = pl.lit(None, dtype=pl.String)
    texts = [pl.format("{}_{}", pl.lit(name), pl.col(f"attr.{name}")) for name in sorted(ATTRIBUTES)]
    frame = facts.select(
        pl.format("lot{}/{}", pl.lit(part + 1), pl.col("number").cast(pl.String).str.zfill(9)).alias(
            "sample"
        ),
        pl.format("person-{}", pl.col("subject").cast(pl.String).str.zfill(5)).alias("subject"),
        pl.when("attack").then(pl.lit("attack")).otherwise(pl.lit("bona_fide")).alias("label"),
        pl.when("attack").then(pl.format("species_{}", pl.col("species"))).alias("species"),
        pl.Series("latency_ms", draws.gamma(4, 50, count)),
        pl.Series("answered", answered),
        pl.lit(None, dtype=pl.Int32).alias("attempt"),
        *(empty.alias(name) for name in ("instrument", "transaction", "channel", "use_case", "source_set")),
        *(text.alias(f"attr.{name}") for text, name in zip(texts, sorted(ATTRIBUTES), strict=True)),
    ).with_columns(pl.when("answered").then(pl.Series("score", score)).alias("score"))
    return frame.select(*CORE_COLUMNS, *(name for name in frame.columns if name.startswith("attr.")))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Size(captures=int(sys.argv[2]), subjects=int(sys.argv[3])))

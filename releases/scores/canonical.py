"""The stored form of a score table: one Parquet file with a fixed order of rows, columns and settings.

The same rows give the same bytes under one version of polars; the digest of the canonical file therefore
names what is stored, while the digest of the uploaded bytes is the one that outsiders can check.
"""

import io
from pathlib import Path

import polars as pl

from releases.scores.normalise import ATTRIBUTE_PREFIX, CORE_COLUMNS, SUB_SCORE_PREFIX
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import FileBroken

ROW_GROUP = 100_000
TYPES = {"score": pl.Float64, "latency_ms": pl.Float64, "answered": pl.Boolean, "attempt": pl.Int32}


def canonical_bytes(frame: pl.DataFrame) -> bytes:
    """The Parquet file of a normalised frame (already sorted by sample)."""
    target = io.BytesIO()
    with polars_errors_refused("written"):
        frame.write_parquet(
            target, compression="zstd", compression_level=3, statistics=True, row_group_size=ROW_GROUP
        )
    return target.getvalue()


def scan_canonical(path: Path) -> pl.LazyFrame:
    """Open a stored table lazily; ``path`` comes from BlobStore.verified_path.

    Raises FileBroken if the file is no canonical table, which only an older or foreign file can be.
    """
    with polars_errors_refused("opened"):
        rows = pl.scan_parquet(path, glob=False)
        schema = rows.collect_schema()
    expected = {name: TYPES.get(name, pl.String) for name in CORE_COLUMNS}
    wrong = [name for name, kind in expected.items() if schema.get(name) != kind]
    wrong += [
        name
        for name in schema
        if name not in expected and not name.startswith((ATTRIBUTE_PREFIX, SUB_SCORE_PREFIX))
    ]
    if wrong:
        raise FileBroken(
            f"The stored table is not in the canonical form: column {wrong[0]!r}.",
            next_step="Import the original upload again.",
        )
    return rows


def attribute_names(rows: pl.LazyFrame) -> tuple[str, ...]:
    """The attributes a canonical table carries."""
    return tuple(
        name.removeprefix(ATTRIBUTE_PREFIX)
        for name in rows.collect_schema()
        if name.startswith(ATTRIBUTE_PREFIX)
    )

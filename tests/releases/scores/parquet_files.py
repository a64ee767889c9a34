"""Parquet uploads for tests, whole and broken."""

import io
from collections.abc import Sequence
from typing import Any, BinaryIO

import polars as pl

from releases.scores.limits import DEFAULT_LIMITS, Limits
from releases.scores.normalise import NormalisedTable, normalise
from releases.scores.parquet_reading import read_parquet_table
from releases.scores.parquet_unpacking import Wanted, unpack
from releases.scores.tables_as_text import TextTable
from tests.releases.scores.tables import HEADER, meta

ROWS = {
    "id": ["s1", "s2", "s3"],
    "person": ["p1", "p2", "p1"],
    "kind": ["real", "fake", "real"],
    "species": ["", "print", ""],
    "value": [0.1, 0.9, 0.2],
}


def parquet(columns: dict[str, Any] | pl.DataFrame | None = None, **settings: Any) -> bytes:
    """The bytes of a table, ROWS unless others are given."""
    target = io.BytesIO()
    pl.DataFrame(ROWS if columns is None else columns).write_parquet(target, **settings)
    return target.getvalue()


def with_footer(content: bytes, change: tuple[bytes, bytes]) -> bytes:
    """The file with some bytes of its footer replaced by as many others."""
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    before, after = change
    assert before in content[start:-8]
    assert len(before) == len(after)
    return content[:start] + content[start:-8].replace(before, after) + content[-8:]


def _here(upload: BinaryIO, wanted: Wanted) -> pl.DataFrame:
    """What the child does, in this process: files of tests are safe to read, and a child takes a second."""
    upload.seek(0)
    return unpack(upload.read(), wanted)


def read_here(content: bytes, columns: Sequence[str] = HEADER, limits: Limits = DEFAULT_LIMITS) -> TextTable:
    """The columns that the tests map, or others."""
    return read_parquet_table(io.BytesIO(content), columns, limits, read=_here)


def normalised_here(content: bytes) -> NormalisedTable:
    """The canonical form under the usual description."""
    return normalise(read_here(content), meta())

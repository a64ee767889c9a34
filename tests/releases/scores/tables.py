"""Small score tables for tests: CSV bytes, their description, and the way from one to a canonical frame."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from releases.scores.bands import Bands, single_threshold
from releases.scores.limits import DEFAULT_LIMITS, Limits
from releases.scores.mapping import TableMeta
from releases.scores.meta import parse_meta
from releases.scores.normalise import NormalisedTable, normalise
from releases.scores.reading import read_text_table
from releases.scores.scan import ScoredTable
from releases.scores.tables_as_text import TextTable
from releases.statistics.thresholds import AtThreshold, Polarity

STACK = "sha256:" + "ab" * 32
HEADER = ("id", "person", "kind", "species", "value")
BONA_FIDE = ("s1", "p1", "real", "", "0.1")
PRINT = ("s2", "p2", "fake", "print", "0.9")


def csv_bytes(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode()


def described(mapping: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The description of a table with HEADER, with parts of the mapping or of the whole changed."""
    plain = {
        "sample": "id",
        "subject": "person",
        "label": {"column": "kind", "bona_fide": ["real"]},
        "species": "species",
        "score": "value",
    }
    wanted = {**plain, **(mapping or {})}
    return {
        "dataset": "dataset-1",
        "stack_digest": STACK,
        "mapping": {key: value for key, value in wanted.items() if value is not None},
        "polarity": "higher_is_attack",
        **changes,
    }


def meta(mapping: Mapping[str, Any] | None = None, **changes: Any) -> TableMeta:
    return parse_meta(described(mapping, **changes))


def read(content: bytes, columns: Sequence[str] = ("id",), limits: Limits = DEFAULT_LIMITS) -> TextTable:
    return read_text_table(io.BytesIO(content), columns, limits)


def normalised(content: bytes, description: TableMeta) -> NormalisedTable:
    return normalise(read(content, description.columns()), description)


def frame_of(
    rows: Iterable[Sequence[str]],
    mapping: Mapping[str, Any] | None = None,
    header: Sequence[str] = HEADER,
    **changes: Any,
) -> pl.DataFrame:
    return normalised(csv_bytes(rows, header), meta(mapping, **changes)).frame


def threshold(
    value: float = 0.5,
    polarity: Polarity = Polarity.HIGHER_IS_ATTACK,
    at_threshold: AtThreshold = AtThreshold.BONA_FIDE,
) -> Bands:
    return single_threshold(value, polarity, at_threshold)


def scored(frame: pl.DataFrame, bands: Bands | None = None) -> ScoredTable:
    return ScoredTable(frame.lazy(), Polarity.HIGHER_IS_ATTACK, bands or threshold())


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)

"""One upload from bytes to a stored table: stage, read, normalise, check the polarity, store, count.

Nothing is kept unless everything succeeded. Rows refused for their content do not stop an import; they are
part of its record.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from governance.registry.predicates import Predicate
from releases.scores.blobs import BlobStore
from releases.scores.canonical import canonical_bytes
from releases.scores.limits import DEFAULT_LIMITS, Limits
from releases.scores.mapping import TableMeta
from releases.scores.normalise import normalise
from releases.scores.polarity import PolarityCheck, check_polarity
from releases.scores.reading import read_text_table
from releases.scores.row_refusals import RowRefusal
from releases.scores.sources import SourceFormat, name_note
from releases.scores.summary import TableSummary, summarise


@dataclass(frozen=True)
class ImportedTable:
    """What the record of a score table is made from.

    ``digest`` is that of the bytes uploaded, ``canonical_digest`` that of the stored canonical table; both
    are in the blob store. Counts of rows as in NormalisedTable.
    """

    digest: str
    size: int
    source_format: SourceFormat
    source_note: str
    canonical_digest: str
    canonical_size: int
    rows: int
    rows_read: int
    rows_filtered_out: int
    refusals: tuple[RowRefusal, ...]
    missing_scores: dict[str, int]
    attempts_note: str
    polarity: PolarityCheck
    summary: TableSummary


def import_table(
    upload: BinaryIO,
    meta: TableMeta,
    store: BlobStore,
    *,
    expected_digest: str | None = None,
    name: str = "",
    segments: Sequence[tuple[str, Predicate]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> ImportedTable:
    """Import one upload, a binary file, read once. Where its ``name`` promises another format, that is said.

    Raises ScoreTableRefused, BlobRefused or their kinds, and then leaves the store as it was.
    """
    with store.staged(upload, most=limits.upload_bytes, expected=expected_digest) as staged:
        with staged.path.open("rb") as file:
            text = read_text_table(file, meta.columns(), limits)
        table = normalise(text, meta)
        polarity = check_polarity(table.frame, meta.polarity)
        summary = summarise(table.frame, segments)
        canonical = canonical_bytes(table.frame)
        with store.staged(io.BytesIO(canonical), most=len(canonical)) as form:
            store.keep(staged)
            stored = store.keep(form)
    return ImportedTable(
        digest=staged.digest,
        size=staged.size,
        source_format=text.source_format,
        source_note=name_note(name, text.source_format),
        canonical_digest=stored.digest,
        canonical_size=stored.size,
        rows=table.frame.height,
        rows_read=table.rows_read,
        rows_filtered_out=table.rows_filtered_out,
        refusals=table.refusals,
        missing_scores=table.missing_scores,
        attempts_note=table.attempts_note,
        polarity=polarity,
        summary=summary,
    )

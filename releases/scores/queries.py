"""Reading score tables: which one counts, and its rows, verified by digest."""

import polars as pl

from governance.registry.models import ComponentVersion, System
from releases.scores.canonical import scan_canonical
from releases.scores.models import ScoreTable
from releases.scores.store import score_store


def newest_table(system: System, stack_digest: str, dataset: ComponentVersion) -> ScoreTable | None:
    """The newest table of the stack on the same dataset content (its digest, not its registration)."""
    tables = ScoreTable.objects.filter(
        system=system, stack_digest=stack_digest, dataset__digest=dataset.digest
    )
    return tables.select_related("dataset", "evaluation_report").order_by("-imported_at", "-id").first()


def load_frame(table: ScoreTable) -> pl.LazyFrame:
    """The canonical rows, after the stored bytes were hashed again.

    Raises:
        BlobMissing, BlobDamaged: the store does not hold what the record names.
    """
    return scan_canonical(score_store().verified_path(table.canonical_digest))

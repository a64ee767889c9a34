"""What entries say of score tables; their rows lie outside the database, under the digests."""

from governance.ledger.canonical import digest_of
from governance.ledger.reconciling.declared import Reconciled, Told
from releases.scores.models import ScoreTable

TABLES = Reconciled(
    ScoreTable,
    told=(
        Told(
            ("score_table.imported",),
            {
                "system_id": "system",
                "dataset_id": "dataset",
                "evaluation_report_id": "evaluation_report",
                "stack_digest": "stack_digest",
                "file_digest": "@refs.file",
                "canonical_digest": "@refs.table",
                "meta": "meta",
                "polarity": "polarity",
                "rows": "rows",
                "counts": "counts",
                "refusals": "refusals",
                "auroc": "auroc",
                "imported_at": "@at",
                "imported_by_id": "@actor_id",
                "imported_by_username": "@actor",
            },
            is_first=True,
        ),
    ),
    through={"meta": digest_of, "counts": digest_of, "refusals": digest_of},
)

RECONCILED = (TABLES,)

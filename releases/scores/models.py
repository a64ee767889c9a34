"""Score tables: the scores of one stack on one dataset, stored by digest."""

from typing import ClassVar

from django.db import models

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class ScoreTable(Governed):
    """An imported table. The file as it came and its canonical form both stand in the store by digest."""

    stream_prefix: ClassVar[str] = "score_table"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="score_tables")
    dataset = models.ForeignKey("governance.ComponentVersion", on_delete=models.PROTECT, related_name="+")
    evaluation_report = models.ForeignKey(
        "governance.ComponentVersion", on_delete=models.PROTECT, null=True, related_name="score_tables"
    )
    stack_digest = models.CharField(max_length=71)
    file_digest = models.CharField(max_length=71)
    canonical_digest = models.CharField(max_length=71)
    meta = models.JSONField()
    polarity = models.CharField(max_length=30)
    rows = models.PositiveBigIntegerField()
    counts = models.JSONField()
    refusals = models.JSONField()
    auroc = models.FloatField(null=True)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(
        "governance.Account", on_delete=models.PROTECT, null=True, related_name="+"
    )
    imported_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["-imported_at"]
        indexes = [models.Index(fields=["system", "stack_digest"], name="score_table_stack")]

    def __str__(self) -> str:
        return f"scores on {self.dataset} ({self.rows} rows)"

    def access_scope(self) -> AccessScope:
        """The table's system."""
        return AccessScope(self.system_id)

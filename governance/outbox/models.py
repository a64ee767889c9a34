"""The outbox table."""

from datetime import datetime

from django.db import models

from governance.identifiers import new_id


class OutboxMessage(models.Model):
    """One piece of work to be done at least once; the work itself makes a second delivery harmless."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.CharField(max_length=120)
    payload = models.JSONField(default=dict)
    principal_id = models.UUIDField(null=True)
    principal_username = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()  # when the sweep publishes it (again)
    postponed_until = models.DateTimeField(
        null=True
    )  # set by a failed attempt; earlier deliveries do nothing
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["available_at"],
                name="outbox_waiting",
                condition=models.Q(done_at__isnull=True, failed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"

    @property
    def is_settled(self) -> bool:
        """Done, or given up after the last allowed attempt."""
        return self.done_at is not None or self.failed_at is not None

    def is_due(self, at: datetime) -> bool:
        """Whether a delivery at ``at`` may work on it: not settled, and not before its next attempt."""
        return not self.is_settled and (self.postponed_until is None or self.postponed_until <= at)

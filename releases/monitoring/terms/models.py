"""What a system asks of its monitoring: how much is replayed, when releases are reviewed, when incidents are
to be reported."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed

LEAST_REPLAY_RATE = 0.001
"""Replay cannot be switched off: what is never looked at cannot come out otherwise."""


def default_review_days() -> list[int]:
    """A week, a month and a quarter after launch."""
    return [7, 30, 90]


def default_mix_attributes() -> list[str]:
    """Attributes whose shares are compared: what captures are made with."""
    return ["capture_device", "device_model", "os", "browser"]


class MonitoringTerms(Governed):
    """The terms of one system; one without a row has the defaults that the fields state here.

    ``review_days`` count from the day a release went live, then one review follows every
    ``review_every_days``. ``quality_attribute`` names the number that captures carry for their quality.
    """

    stream_prefix: ClassVar[str] = "system"
    stream_column: ClassVar[str] = "system_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.OneToOneField(
        "governance.System", on_delete=models.PROTECT, related_name="monitoring_terms"
    )
    report_within_hours = models.PositiveIntegerField(default=72)
    replay_rate = models.FloatField(default=0.1)
    review_days = models.JSONField(default=default_review_days)
    review_every_days = models.PositiveIntegerField(default=90)
    mix_attributes = models.JSONField(default=default_mix_attributes)
    quality_attribute = models.CharField(max_length=200, default="quality")
    set_at = models.DateTimeField()
    set_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["system__slug"]
        verbose_name = verbose_name_plural = "monitoring terms"
        constraints = [
            models.CheckConstraint(
                condition=Q(replay_rate__gte=LEAST_REPLAY_RATE, replay_rate__lte=1),
                name="monitoring_terms_replay_rate",
            ),
        ]

    def __str__(self) -> str:
        return f"monitoring of {self.system_id}"

    def access_scope(self) -> AccessScope:
        """The system."""
        return AccessScope(self.system_id)

"""Bodies of the interface of dossiers."""

from typing import Any

from rest_framework import serializers

from audits.dossiers.models import Dossier
from governance.access.rest import StrictSerializer


class PeriodBody(StrictSerializer):
    """A time: its start included, its end not."""

    to = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """``from`` cannot be written as a name in Python."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class DossierBody(StrictSerializer):
    """What a dossier is asked for: exactly one of the three."""

    release = serializers.UUIDField(required=False, help_text="All that is on record about a release.")
    decision = serializers.UUIDField(required=False, help_text="All that stands behind a decision.")
    period = PeriodBody(required=False, help_text="Every entry of a time, of the whole installation.")


class DossierAnswer(serializers.ModelSerializer[Dossier]):
    """A dossier and how far it is. ``problem`` says why there is none."""

    requested_by = serializers.CharField(source="requested_by_username")
    download = serializers.SerializerMethodField(help_text="Where to fetch it; null while it is not ready.")

    class Meta:
        model = Dossier
        fields = (
            "id",
            "kind",
            "subject",
            "system",
            "release",
            "decision",
            "status",
            "requested_at",
            "requested_by",
            "issued_at",
            "contents_digest",
            "completed_at",
            "checkpoint_size",
            "entries_count",
            "archive_digest",
            "archive_bytes",
            "previous",
            "failed_at",
            "problem",
            "download",
        )

    def get_download(self, dossier: Dossier) -> str | None:
        """The address below this interface."""
        return f"/api/v1/dossiers/{dossier.id}/download/" if dossier.completed_at else None

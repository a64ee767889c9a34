"""The HTTP interface of replays: counts per window, and the decisions that came out otherwise."""

from django_filters import NumberFilter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from governance.access.listing import GovernedFilterSet, TimeFilter
from governance.access.rest import GovernedViewSet, Route
from releases.monitoring.replaying.models import ReplayMismatch, ReplayWindow
from releases.monitoring.replaying.windows import listed_mismatches, listed_windows
from releases.monitoring.vocabulary.series import WINDOW


class ReplayWindowSerializer(serializers.ModelSerializer[ReplayWindow]):
    """How many sampled decisions of a revision came out the same in a window, otherwise, or not at all."""

    channel_name = serializers.CharField(source="channel.name", read_only=True)
    release = serializers.UUIDField(source="revision.release_id", read_only=True, allow_null=True)
    release_name = serializers.CharField(source="revision.release.name", read_only=True, allow_null=True)
    ends_at = serializers.SerializerMethodField()

    class Meta:
        model = ReplayWindow
        fields = (
            "id",
            "channel",
            "channel_name",
            "release",
            "release_name",
            "revision",
            "starts_at",
            "ends_at",
            "sampled",
            "mismatched",
            "not_replayable",
            "problem",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_ends_at(self, window: ReplayWindow) -> str:
        """The end, which is no part of it."""
        return (window.starts_at + WINDOW).isoformat().replace("+00:00", "Z")


class ReplayWindowFilter(GovernedFilterSet):
    """``from`` counts itself, ``until`` does not; ``mismatched_least`` leaves out what came out the same."""

    system = UUIDFilter(field_name="channel__system")
    release = UUIDFilter(field_name="revision__release")
    starts_from = TimeFilter(field_name="starts_at", lookup_expr="gte")
    starts_until = TimeFilter(field_name="starts_at", lookup_expr="lt")
    mismatched_least = NumberFilter(field_name="mismatched", lookup_expr="gte")

    class Meta:
        model = ReplayWindow
        fields = ("channel", "revision")


class ReplayViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Windows of replays, the newest first."""

    queryset = listed_windows()
    serializer_class = ReplayWindowSerializer
    filterset_class = ReplayWindowFilter
    ordering_fields = ("id", "starts_at")
    ordering = ("-starts_at", "-id")


class ReplayMismatchSerializer(serializers.ModelSerializer[ReplayMismatch]):
    """A decision that came out otherwise, and where it is traced."""

    decision = serializers.UUIDField(source="id", read_only=True)
    channel_name = serializers.CharField(source="channel.name", read_only=True)
    release = serializers.UUIDField(source="revision.release_id", read_only=True)
    release_name = serializers.CharField(source="revision.release.name", read_only=True)
    trace = serializers.SerializerMethodField()

    class Meta:
        model = ReplayMismatch
        fields = (
            "decision",
            "channel",
            "channel_name",
            "release",
            "release_name",
            "revision",
            "at",
            "difference",
            "found_at",
            "trace",
        )
        read_only_fields = fields

    def get_trace(self, row: ReplayMismatch) -> str:
        """Where the decision is traced and recomputed once more."""
        return f"/api/v1/decisions/{row.id}/trace/"


class ReplayMismatchFilter(GovernedFilterSet):
    """``at_from`` counts itself, ``at_until`` does not."""

    system = UUIDFilter(field_name="channel__system")
    release = UUIDFilter(field_name="revision__release")
    at_from = TimeFilter(field_name="at", lookup_expr="gte")
    at_until = TimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = ReplayMismatch
        fields = ("channel", "revision")


class ReplayMismatchViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Decisions that came out otherwise, the newest first."""

    queryset = listed_mismatches()
    serializer_class = ReplayMismatchSerializer
    filterset_class = ReplayMismatchFilter
    ordering_fields = ("id", "at")
    ordering = ("-at", "-id")


routes: list[Route] = [
    ("replays", ReplayViewSet, "replay"),
    ("replay-mismatches", ReplayMismatchViewSet, "replay-mismatch"),
]

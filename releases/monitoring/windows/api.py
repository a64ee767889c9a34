"""The HTTP interface of ready-made windows: report them, one or many at once; list and read them."""

import base64
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TimeFilter
from governance.access.parsing import StrictJSONParser
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route
from releases.monitoring.decisions.api import ReportAnswer, reported
from releases.monitoring.decisions.ndjson import NdjsonParser, ReportLines
from releases.monitoring.decisions.rates import ReportRate
from releases.monitoring.windows.models import ARMS, Observation
from releases.monitoring.windows.observed_lines import COUNTED
from releases.monitoring.windows.observing import report_observation, report_observed_lines


class ObservationDocument(serializers.Serializer[Any]):
    """A window that the decision service counted itself."""

    channel = serializers.UUIDField()
    release = serializers.UUIDField()
    arm = serializers.ChoiceField(ARMS)
    segment = serializers.CharField(required=False, max_length=100)
    metric = serializers.ChoiceField(COUNTED)
    window = serializers.ListField(child=serializers.DateTimeField(), min_length=2, max_length=2)
    n = serializers.IntegerField(
        min_value=1, help_text="Subjects first seen in the window; of a distribution, values in the sketch."
    )
    events = serializers.FloatField(required=False, min_value=0, help_text="Sum of per-subject shares.")
    sketch = serializers.CharField(
        required=False, help_text="A DDSketch of relative accuracy 0.01 as protobuf, in base64."
    )


class ObservationSerializer(serializers.ModelSerializer[Observation]):
    """A stored window."""

    channel_name = serializers.CharField(source="channel.name", read_only=True)
    window = serializers.SerializerMethodField()
    sketch = serializers.SerializerMethodField()

    class Meta:
        model = Observation
        fields = (
            "id",
            "channel",
            "channel_name",
            "release",
            "revision",
            "deployment",
            "arm",
            "segment",
            "metric",
            "window",
            "n",
            "events",
            "sketch",
            "received_at",
            "batch",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "date-time"}})
    def get_window(self, row: Observation) -> list[str]:
        """Its two ends; the second does not belong to it."""
        field = serializers.DateTimeField()
        return [str(field.to_representation(at)) for at in (row.starts_at, row.ends_at)]

    @extend_schema_field({"type": ["string", "null"], "contentEncoding": "base64"})
    def get_sketch(self, row: Observation) -> str | None:
        """The distribution as it was reported."""
        return None if row.sketch is None else base64.b64encode(bytes(row.sketch)).decode()


class ObservationFilter(GovernedFilterSet):
    """``starts_from`` counts itself, ``starts_until`` does not."""

    starts_from = TimeFilter(field_name="starts_at", lookup_expr="gte")
    starts_until = TimeFilter(field_name="starts_at", lookup_expr="lt")

    class Meta:
        model = Observation
        fields = ("channel", "release", "revision", "deployment", "arm", "segment", "metric")


class ObservationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Windows reported ready-made, the newest first."""

    queryset = Observation.objects.select_related("channel")
    serializer_class = ObservationSerializer
    parser_classes = (StrictJSONParser, NdjsonParser)
    throttle_classes = (ReportRate,)
    filterset_class = ObservationFilter
    ordering_fields = ("id", "starts_at", "received_at")
    ordering = ("-starts_at", "-id")

    @extend_schema(
        request={"application/json": ObservationDocument, "application/x-ndjson": OpenApiTypes.STR},
        responses={200: ReportAnswer, 207: ReportAnswer},
    )
    def create(self, request: Request) -> Response:
        """Report windows that were counted already: one as JSON, or many as JSON lines, also gzip.

        Idempotent by channel, release, arm, segment, metric and window; an Idempotency-Key is not needed and
        not read. 200 when every one is stored or was there already, 207 when some were refused: those are
        named, and the others are stored. A window is reported when it is over. Where decisions of the same
        window are reported too, the one with more people counts.
        """
        actor = actor_from(request)
        if isinstance(request.data, ReportLines):
            return reported(report_observed_lines(actor, request.data.lines))
        return reported(report_observation(actor, request.data))


routes: list[Route] = [("observations", ObservationViewSet, "observation")]

"""The HTTP interface of decisions: report them, one or many at once; list and read them."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TimeFilter
from governance.access.parsing import StrictJSONParser
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route
from releases.monitoring.decisions.models import Decision, DecisionOutcome
from releases.monitoring.decisions.ndjson import NdjsonParser, ReportLines
from releases.monitoring.decisions.rates import ReportRate
from releases.monitoring.decisions.reporting import Report, report_lines, report_one

REFUSALS_SHOWN = 1000


@extend_schema_field({"type": "object", "additionalProperties": {"type": "number"}})
class ScoresField(serializers.JSONField):
    """Scores by name."""


class ShadowDocument(serializers.Serializer[Any]):
    """What the candidate of a shadow stage would have done."""

    stamp = serializers.CharField(max_length=100)
    scores = ScoresField()
    outcome = serializers.ChoiceField(DecisionOutcome.choices)


class DecisionDocument(serializers.Serializer[Any]):
    """A decision as the decision service reports it."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    channel = serializers.UUIDField()
    stamp = serializers.CharField(max_length=100, help_text="Manifest digest of what decided.")
    subject = serializers.CharField(max_length=200, help_text="The pseudonym that is OFREP's targetingKey.")
    scores = ScoresField()
    band = serializers.CharField(required=False, max_length=100)
    outcome = serializers.ChoiceField(DecisionOutcome.choices)
    latency_ms = serializers.FloatField(min_value=0)
    sdk = serializers.CharField(required=False, max_length=200)
    shadow = ShadowDocument(required=False, allow_null=True)
    attributes = serializers.DictField(required=False)


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """A stored decision. ``stamp_known`` is false where no release of the system has this digest."""

    scores = ScoresField(read_only=True)
    shadow = ShadowDocument(read_only=True, allow_null=True)
    attributes = serializers.DictField(read_only=True)
    channel_name = serializers.CharField(source="channel.name", read_only=True)
    release = serializers.UUIDField(source="revision.release_id", read_only=True, allow_null=True)
    release_name = serializers.CharField(source="revision.release.name", read_only=True, allow_null=True)
    stamp_known = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = (
            "id",
            "at",
            "received_at",
            "channel",
            "channel_name",
            "stamp",
            "stamp_known",
            "release",
            "release_name",
            "revision",
            "subject",
            "scores",
            "band",
            "outcome",
            "latency_ms",
            "sdk",
            "shadow",
            "attributes",
            "batch",
        )
        read_only_fields = fields

    def get_stamp_known(self, decision: Decision) -> bool:
        """Whether the stamp is a revision's."""
        return decision.revision_id is not None


class RefusedLine(serializers.Serializer[Any]):
    """A line that was not taken."""

    line = serializers.IntegerField()
    id = serializers.CharField(allow_null=True)
    field = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()


class ReportAnswer(serializers.Serializer[Any]):
    """What became of a report; of the refused lines at most the first 1,000 are listed."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    refused_total = serializers.IntegerField()
    refused = RefusedLine(many=True)


class DecisionFilter(GovernedFilterSet):
    """``at_from`` counts itself, ``at_until`` does not."""

    at_from = TimeFilter(field_name="at", lookup_expr="gte")
    at_until = TimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = Decision
        fields = ("channel", "stamp", "subject", "outcome", "revision")


class DecisionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Decisions of the decision services, newest first."""

    queryset = Decision.objects.select_related("channel", "revision__release").defer(
        "revision__card", "revision__rollout_plan", "revision__rollback_plan"
    )
    serializer_class = DecisionSerializer
    parser_classes = (StrictJSONParser, NdjsonParser)
    throttle_classes = (ReportRate,)
    filterset_class = DecisionFilter
    ordering_fields = ("id", "at", "received_at")
    ordering = ("-at",)

    @extend_schema(
        request={"application/json": DecisionDocument, "application/x-ndjson": OpenApiTypes.STR},
        responses={200: ReportAnswer, 201: DecisionSerializer, 207: ReportAnswer},
        parameters=[OpenApiParameter("Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER)],
    )
    def create(self, request: Request) -> Response:
        """Report decisions: one as JSON, or many as JSON lines, also gzip.

        Both are idempotent by the decisions' own ids, which are taken for the whole installation; an
        Idempotency-Key is not needed and not read. One
        decision: 201 stored, 200 it is there already, else a refusal. Many: 200 when every line is stored or
        was there already, 207 when some were refused; those are named, and the others are stored.
        """
        actor = actor_from(request)
        if isinstance(request.data, ReportLines):
            return reported(report_lines(actor, request.data.lines))
        report = report_one(actor, request.data)
        stored = self.get_queryset().get(id=request.data["id"])
        code = status.HTTP_201_CREATED if report.accepted else status.HTTP_200_OK
        return Response(DecisionSerializer(stored).data, status=code)


def reported(report: Report) -> Response:
    """What became of a report of many lines."""
    answer = {
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "refused_total": len(report.refused),
        "refused": [asdict(one) for one in report.refused[:REFUSALS_SHOWN]],
    }
    code = status.HTTP_207_MULTI_STATUS if report.refused else status.HTTP_200_OK
    return Response(ReportAnswer(answer).data, status=code)


routes: list[Route] = [("decisions", DecisionViewSet, "decision")]

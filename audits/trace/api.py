"""The HTTP interface of traces: one decision back to the votes behind it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trace.documents import trace_document
from audits.trace.queries import reported_near, trace_decision, trace_moment
from governance.access.listing import refuse_unknown_parameters
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route, StrictSerializer
from governance.registry.models import Channel
from releases.bundles.times import asked_moment
from releases.monitoring.replaying.queries import traced_decisions


class TraceAnswer(serializers.Serializer[Any]):
    """Which model and threshold made the decision, which evaluation and votes stand behind it."""

    decision = serializers.DictField()
    release = serializers.DictField(allow_null=True)
    models = serializers.ListField(child=serializers.DictField())
    fusion = serializers.DictField(allow_null=True)
    threshold_policy = serializers.DictField(
        allow_null=True, help_text="The one that decided; null where none of several is known to have."
    )
    threshold_policies = serializers.ListField(
        child=serializers.DictField(), help_text="All that stand in the release, with their bands."
    )
    sdk = serializers.DictField()
    evaluation = serializers.DictField(allow_null=True)
    votes = serializers.ListField(child=serializers.DictField())
    stage = serializers.DictField(allow_null=True)
    replay = serializers.DictField()
    ledger = serializers.ListField(child=serializers.DictField())
    untimely = serializers.ListField(
        child=serializers.CharField(),
        help_text="Why the release was not to decide then: not_frozen, not_approved, not_started, "
        "not_adopted, rolled_back. Empty where it was.",
    )
    notes = serializers.ListField(child=serializers.CharField())
    reported_near = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        help_text="Of a trace by channel, time and subject: decisions reported within five minutes.",
    )


class TraceViewSet(GovernedViewSet):
    """The trace of a decision within the reader's reach."""

    queryset = traced_decisions()
    serializer_class = TraceAnswer
    pagination_class = None

    @extend_schema(
        responses=TraceAnswer(many=False),
        operation_id="decisions_trace_retrieve",
        parameters=[OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    )
    def list(self, request: Request, pk: str) -> Response:
        """Trace one decision: S21, S22 and S24 in one answer."""
        return Response(trace_document(trace_decision(self.get_object())))


class MomentQuery(StrictSerializer):
    """Who was to be decided on where and when."""

    channel = serializers.UUIDField()
    at = serializers.CharField(max_length=60)
    subject = serializers.CharField(max_length=200)


class MomentTraceViewSet(GovernedViewSet):
    """The trace of a moment on a channel within the reader's reach, whether anything was reported or not."""

    queryset = Channel.objects.select_related("system")
    serializer_class = TraceAnswer
    pagination_class = None
    filter_backends: Any = ()

    @extend_schema(
        responses=TraceAnswer(many=False),
        operation_id="decisions_trace_at_retrieve",
        parameters=[
            OpenApiParameter("channel", OpenApiTypes.UUID, required=True),
            OpenApiParameter("at", OpenApiTypes.DATETIME, required=True, description="With its zone."),
            OpenApiParameter(
                "subject", OpenApiTypes.STR, required=True, description="The pseudonym: the targetingKey."
            ),
        ],
    )
    def list(self, request: Request) -> Response:
        """Trace what was to decide about a subject at a time: S21 for decisions that were never reported."""
        refuse_unknown_parameters(request, {"channel", "at", "subject"})
        query = MomentQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        at = asked_moment(asked["at"])
        channel = self.visible(self.queryset, asked["channel"], "channel")
        assert at is not None
        trace = trace_moment(channel, at, asked["subject"])
        near = [one.id for one in reported_near(trace.moment)]
        return Response({**trace_document(trace), "reported_near": near})


routes: list[Route] = [
    ("decisions/trace", MomentTraceViewSet, "decision-moment-trace"),
    (f"decisions/(?P<pk>{UUID_SHAPE})/trace", TraceViewSet, "decision-trace"),
]

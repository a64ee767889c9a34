"""The HTTP interface of traces: one decision back to the votes behind it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trace.documents import trace_document
from audits.trace.queries import trace_decision
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route
from releases.monitoring.replaying.queries import traced_decisions


class TraceAnswer(serializers.Serializer[Any]):
    """Which model and threshold made the decision, which evaluation and votes stand behind it."""

    decision = serializers.DictField()
    release = serializers.DictField(allow_null=True)
    models = serializers.ListField(child=serializers.DictField())
    fusion = serializers.DictField(allow_null=True)
    threshold_policy = serializers.DictField(allow_null=True)
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


routes: list[Route] = [(f"decisions/(?P<pk>{UUID_SHAPE})/trace", TraceViewSet, "decision-trace")]

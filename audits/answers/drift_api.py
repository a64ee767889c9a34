"""``GET /releases/{id}/drift-report/``: how drift was monitored after the launch (S25)."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.answers.drift_report import DriftReport, Launch, drift_report, launched_revision
from governance.access.listing import refuse_unknown_parameters
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route, StrictSerializer
from governance.errors import invalid
from releases.bundles.models import Release, Revision
from releases.monitoring.drift.api import DriftReviewSerializer
from releases.monitoring.incidents.serializers import IncidentSerializer
from releases.rollouts.models import DeploymentState


class RevisionQuery(StrictSerializer):
    """Which revision; by default the newest that was launched."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=999_999)


class ReplaySums(serializers.Serializer[Any]):
    """The sample of decisions that was recomputed."""

    sampled = serializers.IntegerField()
    replayed = serializers.IntegerField()
    mismatched = serializers.IntegerField()
    not_replayable = serializers.IntegerField()


class LaunchSerializer(serializers.Serializer[Launch]):
    """The revision on one channel."""

    channel = serializers.UUIDField(source="deployment.channel_id")
    channel_name = serializers.CharField(source="deployment.channel.name")
    state = serializers.ChoiceField(DeploymentState.choices, source="deployment.state")
    answered_since = serializers.DateTimeField()
    state_changed_at = serializers.DateTimeField(source="deployment.state_changed_at")
    started_by_username = serializers.CharField(source="deployment.started_by_username")
    replays = ReplaySums()


class DriftReportSerializer(serializers.Serializer[DriftReport]):
    """Dates, people and figures; ``sentence`` is the answer, ``support`` what else is to be known."""

    release = serializers.UUIDField(source="revision.release_id")
    revision = serializers.UUIDField(source="revision.id")
    revision_number = serializers.IntegerField(source="revision.number")
    at = serializers.DateTimeField()
    sentence = serializers.CharField()
    support = serializers.ListField(child=serializers.CharField())
    launches = LaunchSerializer(many=True)
    reviews = DriftReviewSerializer(many=True)
    incidents = IncidentSerializer(many=True)


class DriftReportViewSet(GovernedViewSet):
    """The report of one release."""

    queryset = Release.objects.all()
    serializer_class = DriftReportSerializer
    pagination_class = None
    filter_backends: Any = ()
    query_parameters = ("revision",)

    @extend_schema(
        operation_id="releases_drift_report_retrieve",
        responses={200: DriftReportSerializer},
        parameters=[
            OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH),
            OpenApiParameter("revision", OpenApiTypes.INT, description="Its number."),
        ],
    )
    def list(self, request: Request, pk: str) -> Response:
        """How was drift monitored after launch?"""
        refuse_unknown_parameters(request, {"revision"})
        asked = RevisionQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        release: Release = self.get_object()
        revision = self._revision(release, asked.validated_data.get("revision"))
        return Response(DriftReportSerializer(drift_report(self.get_actor(), revision)).data)

    def _revision(self, release: Release, number: int | None) -> Revision:
        rows = Revision.objects.filter(release=release).select_related("release__system")
        if number is not None:
            rows = rows.filter(number=number)
        found = launched_revision(self.get_actor(), rows)
        if found is None:
            raise invalid("revision", f"there is no revision {number} of this release.")
        return found


routes: list[Route] = [
    (f"releases/(?P<pk>{UUID_SHAPE})/drift-report", DriftReportViewSet, "release-drift-report")
]

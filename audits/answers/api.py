"""``GET /gaps/``: the governance gaps within the caller's reach."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.listing import refuse_unknown_parameters
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from releases.rollouts.models import Deployment

FILTERS = ("system", "channel", "kind")


class GapFilters(StrictSerializer):
    """What a list of gaps is narrowed by."""

    system = serializers.UUIDField(required=False)
    channel = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=[kind.value for kind in GapKind], required=False)


class GapChannelSerializer(serializers.Serializer[Any]):
    """A channel on which the gap is open."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    drill = serializers.BooleanField()


class GapSerializer(serializers.Serializer[Gap]):
    """What is missing, since when, why it matters, who closes it and how."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in GapKind])
    title = serializers.CharField(source="words.title")
    found = serializers.CharField()
    danger = serializers.CharField(source="words.danger")
    owner_role = serializers.CharField(source="words.owner")
    owner = serializers.CharField()
    since = serializers.DateTimeField()
    system = serializers.UUIDField(
        source="system.pk", allow_null=True, default=None, help_text="None where it is of the installation."
    )
    release = serializers.UUIDField(source="revision.release_id", allow_null=True, default=None)
    release_name = serializers.CharField(source="revision.release.name", allow_null=True, default=None)
    revision = serializers.UUIDField(source="revision.id", allow_null=True, default=None)
    override = serializers.UUIDField(
        source="override.id", allow_null=True, default=None, help_text="The override that leaves it open."
    )
    incident = serializers.UUIDField(
        source="incident.id", allow_null=True, default=None, help_text="The incident that it is about."
    )
    drift_review = serializers.UUIDField(
        source="drift_review.id", allow_null=True, default=None, help_text="The review that it is about."
    )
    rollout = serializers.UUIDField(
        source="deployment.id", allow_null=True, default=None, help_text="The rollout that it is about."
    )
    channels = GapChannelSerializer(many=True)
    next_step = serializers.CharField(source="words.close")


class GapListSerializer(serializers.Serializer[Any]):
    """All of them: they are few by nature, so there are no pages."""

    count = serializers.IntegerField()
    results = GapSerializer(many=True)


class GapViewSet(GovernedViewSet):
    """Gaps are computed at every call and never stored."""

    queryset = Deployment.objects.none()
    serializer_class = GapSerializer
    pagination_class = None
    filter_backends: Any = ()

    @extend_schema(
        operation_id="gaps_list",
        responses={200: GapListSerializer},
        parameters=[
            OpenApiParameter("system", OpenApiTypes.UUID),
            OpenApiParameter("channel", OpenApiTypes.UUID),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=[kind.value for kind in GapKind]),
        ],
    )
    def list(self, request: Request) -> Response:
        """The open gaps, the most dangerous first."""
        refuse_unknown_parameters(request, set(FILTERS))
        wanted = GapFilters(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        found = [gap for gap in gaps_visible_to(self.get_actor()) if _fits(gap, wanted.validated_data)]
        return Response(GapListSerializer({"count": len(found), "results": found}).data)


def _fits(gap: Gap, wanted: dict[str, Any]) -> bool:
    return (
        wanted.get("system") in {None, gap.system.pk if gap.system else None}
        and wanted.get("kind") in {None, gap.kind.value}
        and (wanted.get("channel") is None or wanted["channel"] in {row.pk for row in gap.channels})
    )


routes: list[Route] = [("gaps", GapViewSet, "gap")]

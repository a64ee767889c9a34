"""The HTTP interface of drills: start one, read how long it took."""

from typing import Any

from django_filters import UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ReasonBody
from governance.access.listing import GovernedFilterSet
from governance.access.rest import GovernedViewSet, Route
from governance.registry.models import Channel
from releases.rollouts.drills import seconds_away, seconds_back, start_drill
from releases.rollouts.models import Drill


class DrillSerializer(serializers.ModelSerializer[Drill]):
    """A drill; ``seconds_away`` and ``seconds_back`` are how long it took until every instance was seen to
    follow, null where some were not, or not yet."""

    drilled_release = serializers.UUIDField(source="drilled.release_id", read_only=True)
    target_release = serializers.UUIDField(source="target.release_id", read_only=True)
    seconds_away = serializers.SerializerMethodField()
    seconds_back = serializers.SerializerMethodField()

    class Meta:
        model = Drill
        fields = (
            "id",
            "channel",
            "drilled",
            "drilled_release",
            "target",
            "target_release",
            "state",
            "reason",
            "started_at",
            "started_by_username",
            "away_landed_at",
            "seconds_away",
            "turned_at",
            "back_landed_at",
            "seconds_back",
            "ended_at",
            "missing",
        )
        read_only_fields = fields

    def get_seconds_away(self, drill: Drill) -> float | None:
        """From the start until all instances followed."""
        return seconds_away(drill)

    def get_seconds_back(self, drill: Drill) -> float | None:
        """The same for the way back."""
        return seconds_back(drill)


class DrillBody(ReasonBody):
    """Where it is rehearsed, and why now."""

    channel = serializers.UUIDField()


class DrillFilter(GovernedFilterSet):
    """By system, channel and state."""

    system = UUIDFilter(field_name="channel__system")

    class Meta:
        model = Drill
        fields = ("channel", "state")


class DrillViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Drills: going back, rehearsed where it serves nobody."""

    queryset = Drill.objects.select_related("channel__system", "drilled", "target")
    serializer_class = DrillSerializer
    filterset_class = DrillFilter
    ordering_fields = ("id", "started_at")

    @extend_schema(request=DrillBody, responses={201: DrillSerializer})
    def create(self, request: Request) -> Response:
        """Start a drill on a drill channel; it goes there and back by itself."""
        actor = self.get_actor()
        body: dict[str, Any] = self.validated(DrillBody)
        channel = self.visible(Channel.objects.all(), body["channel"], "channel")
        started = start_drill(actor, channel=channel, reason=body["reason"])
        return self.created(started, DrillSerializer, "drill-detail")


routes: list[Route] = [("drills", DrillViewSet, "drill")]

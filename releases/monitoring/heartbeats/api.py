"""The HTTP interface of heartbeats: send one, list the last of each instance."""

from typing import Annotated, Any

from drf_spectacular.utils import extend_schema
from pydantic import StringConstraints
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TimeFilter
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route
from governance.documents import checked
from governance.registry.models import Channel
from releases.bundles.document_parts import Document
from releases.monitoring.decisions.rates import ReportRate
from releases.monitoring.decisions.values import Identifier, Moment, Stamp
from releases.monitoring.heartbeats.models import Heartbeat
from releases.monitoring.heartbeats.services import Beat, report_heartbeat


class HeartbeatBody(Document):
    """What an instance sends."""

    channel: Identifier
    instance: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    stamp: Stamp
    at: Moment


class HeartbeatDocument(serializers.Serializer[Any]):
    """What an instance of the decision service sends every minute."""

    channel = serializers.UUIDField()
    instance = serializers.CharField(max_length=200, help_text="A name that it keeps when it restarts.")
    stamp = serializers.CharField(max_length=100, help_text="Manifest digest of what it runs.")
    at = serializers.DateTimeField()


class HeartbeatSerializer(serializers.ModelSerializer[Heartbeat]):
    """The last heartbeat of an instance with a stamp; ``revision`` is null for a stamp that is nobody's."""

    channel_name = serializers.CharField(source="channel.name", read_only=True)

    class Meta:
        model = Heartbeat
        fields = (
            "id",
            "channel",
            "channel_name",
            "instance",
            "stamp",
            "revision",
            "at",
            "received_at",
            "first_received_at",
        )
        read_only_fields = fields


class HeartbeatFilter(GovernedFilterSet):
    """``received_from`` counts itself, ``received_until`` does not."""

    received_from = TimeFilter(field_name="received_at", lookup_expr="gte")
    received_until = TimeFilter(field_name="received_at", lookup_expr="lt")

    class Meta:
        model = Heartbeat
        fields = ("channel", "instance", "stamp", "revision")


class HeartbeatViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """The last heartbeat of each instance and stamp, the newest first."""

    queryset = Heartbeat.objects.select_related("channel")
    serializer_class = HeartbeatSerializer
    throttle_classes = (ReportRate,)
    filterset_class = HeartbeatFilter
    ordering_fields = ("id", "at", "received_at")
    ordering = ("-received_at", "-id")

    @extend_schema(request=HeartbeatDocument, responses={200: HeartbeatSerializer, 201: HeartbeatSerializer})
    def create(self, request: Request) -> Response:
        """Say that an instance is alive and what it runs: 201 the first time with this stamp, then 200.

        It can be sent again at will; an Idempotency-Key is not needed and not read. An instance is that of
        the account which reports it, until it has been silent for three minutes.
        """
        body = checked(HeartbeatBody, request.data, field="heartbeat", title="The heartbeat")
        channel = self.visible(Channel.objects.select_related("system"), body.channel, "channel")
        beat = Beat(body.instance, body.stamp, body.at)
        done = report_heartbeat(actor_from(request), channel=channel, beat=beat)
        first = done.received_at == done.first_received_at
        return self.answered(
            done, HeartbeatSerializer, status.HTTP_201_CREATED if first else status.HTTP_200_OK
        )


routes: list[Route] = [("heartbeats", HeartbeatViewSet, "heartbeat")]

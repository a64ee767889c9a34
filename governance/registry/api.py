"""The HTTP interface to systems, channels, segments and components."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django_filters import ChoiceFilter
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TrueOrFalse
from governance.access.parsing import HashingMultiPartParser, StrictJSONParser, file_digest
from governance.access.rest import GovernedViewSet, Route
from governance.registry import bodies, components, services
from governance.registry.kinds import CHOICES
from governance.registry.log_before_act import set_log_before_act
from governance.registry.models import Channel, ComponentVersion, Segment, System


class SystemViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Decision systems: the scopes under which everything else stands."""

    queryset = System.objects.all()
    serializer_class = bodies.SystemAnswer
    filterset_fields = ("slug",)
    ordering_fields = ("id", "slug", "registered_at")

    @extend_schema(request=bodies.SystemBody, responses={201: bodies.SystemAnswer})
    def create(self, request: Request) -> Response:
        """Register a system."""
        system = services.register_system(self.get_actor(), **self.validated(bodies.SystemBody))
        return self.created(system, bodies.SystemAnswer, "system-detail")

    @extend_schema(request=bodies.LogBeforeActBody, responses=bodies.SystemAnswer)
    @action(detail=True, methods=["post"], url_path="log-before-act")
    def log_before_act(self, request: Request, pk: str) -> Response:
        """Let what goes forward on the system wait for a signed checkpoint that covers it, or no longer."""
        system: System = self.get_object()
        body = self.validated(bodies.LogBeforeActBody)
        changed = set_log_before_act(self.get_actor(), system=system, **body)
        return Response(bodies.SystemAnswer(changed).data)


class ChannelViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Channels of systems: where captures are made, and the smallest scope of a grant."""

    queryset = Channel.objects.all()
    serializer_class = bodies.ChannelAnswer
    filterset_fields = ("system", "name", "kind", "drill")
    ordering_fields = ("id", "name", "registered_at")

    @extend_schema(request=bodies.ChannelBody, responses={201: bodies.ChannelAnswer})
    def create(self, request: Request) -> Response:
        """Register a channel; grants on its system cover it at once."""
        body = self.validated(bodies.ChannelBody)
        body["system"] = self.visible(System.objects.all(), body["system"], "system")
        channel = services.register_channel(self.get_actor(), **body)
        return self.created(channel, bodies.ChannelAnswer, "channel-detail")


class SegmentFilter(GovernedFilterSet):
    """The newest version of each segment, unless ``all_versions`` or one ``version`` is asked for."""

    all_versions = TrueOrFalse(method="keep", label="Older versions too")

    class Meta:
        model = Segment
        fields = ("system", "key", "version", "protected")

    def keep(self, rows: QuerySet[Segment], name: str, value: Any) -> QuerySet[Segment]:
        """Read by :meth:`filter_queryset`."""
        return rows

    def filter_queryset(self, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        """Leave out what a later version replaced."""
        rows: QuerySet[Segment] = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        if asked["all_versions"] is True or asked["version"] is not None:
            return rows
        later = Segment.objects.filter(
            system=OuterRef("system"), key=OuterRef("key"), version__gt=OuterRef("version")
        )
        return rows.filter(~Exists(later))


class SegmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Segments: named predicates over sample attributes. A change is a new version."""

    queryset = Segment.objects.all()
    serializer_class = bodies.SegmentAnswer
    filterset_class = SegmentFilter
    ordering_fields = ("id", "key", "defined_at")

    @extend_schema(request=bodies.SegmentBody, responses={201: bodies.SegmentAnswer})
    def create(self, request: Request) -> Response:
        """Define a segment, or the next version of one."""
        body = self.validated(bodies.SegmentBody)
        body["system"] = self.visible(System.objects.all(), body["system"], "system")
        segment = services.define_segment(self.get_actor(), **body)
        return self.created(segment, bodies.SegmentAnswer, "segment-detail")


class ComponentFilter(GovernedFilterSet):
    """By system, kind, name, version, digest, status."""

    kind = ChoiceFilter(choices=CHOICES)

    class Meta:
        model = ComponentVersion
        fields = ("system", "kind", "name", "version", "digest", "digest_kind", "status")


class ComponentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Versions of the parts of a decision stack: registered once, never changed but for their status."""

    queryset = ComponentVersion.objects.all()
    serializer_class = bodies.ComponentAnswer
    filterset_class = ComponentFilter
    ordering_fields = ("id", "name", "registered_at")
    parser_classes = (StrictJSONParser, HashingMultiPartParser)

    @extend_schema(request=bodies.ANY_BODY, responses={201: bodies.ComponentAnswer})
    def create(self, request: Request) -> Response:
        """Register a version, as JSON or as a form with the artefact, which is hashed and not kept."""
        body = self.validated(bodies.ArtefactBody)
        artefact = body.pop("artefact", None)
        body["artefact_digest"] = file_digest(artefact) if artefact is not None else ""
        body["parents"] = tuple(body["parents"])
        body["system"] = self.visible(System.objects.all(), body["system"], "system")
        component = components.register_component(self.get_actor(), **body)
        return self.created(component, bodies.ComponentAnswer, "component-detail")

    @extend_schema(request=bodies.StatusBody, responses=bodies.ComponentAnswer)
    @action(detail=True, methods=["post"], parser_classes=(StrictJSONParser,))
    def deprecate(self, request: Request, pk: str) -> Response:
        """Mark a component as no longer recommended; releases may still use it."""
        component = components.deprecate_component(
            self.get_actor(), component=self.get_object(), **self.validated(bodies.StatusBody)
        )
        return self.answered(component, bodies.ComponentAnswer)

    @extend_schema(request=bodies.StatusBody, responses=bodies.ComponentAnswer)
    @action(detail=True, methods=["post"], parser_classes=(StrictJSONParser,))
    def revoke(self, request: Request, pk: str) -> Response:
        """Revoke a component: no new release may use it."""
        component = components.revoke_component(
            self.get_actor(), component=self.get_object(), **self.validated(bodies.StatusBody)
        )
        return self.answered(component, bodies.ComponentAnswer)


routes: list[Route] = [
    ("systems", SystemViewSet, "system"),
    ("channels", ChannelViewSet, "channel"),
    ("segments", SegmentViewSet, "segment"),
    ("components", ComponentViewSet, "component"),
]

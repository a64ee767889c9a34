"""The HTTP interface of incidents: report, decide, complete, list."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import CharFilter, UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ReasonBody
from governance.access.listing import GovernedFilterSet, TimeFilter, TrueOrFalse
from governance.access.rest import GovernedViewSet, Route
from governance.registry.models import Channel
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.following import (
    add_follow_up,
    file_report,
    finish_follow_up,
    name_criterion,
)
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.incidents.queries import (
    listed_follow_ups,
    listed_incidents,
    open_reports,
    overdue_follow_ups,
)
from releases.monitoring.incidents.serializers import (
    AttributeBody,
    ConfirmBody,
    FiledBody,
    FollowUpBody,
    FollowUpSerializer,
    IncidentBody,
    IncidentSerializer,
    MissedCriterionBody,
    OutcomeBody,
)
from releases.monitoring.incidents.services import (
    Told,
    attribute_incident,
    confirm_incident,
    dismiss_incident,
    report_incident,
)


class IncidentFilter(GovernedFilterSet):
    """``happened_from`` counts itself, ``happened_until`` does not; ``overdue`` is about the report."""

    system = UUIDFilter(field_name="channel__system")
    release = UUIDFilter(field_name="revision__release")
    happened_from = TimeFilter(field_name="happened_at", lookup_expr="gte")
    happened_until = TimeFilter(field_name="happened_at", lookup_expr="lt")
    overdue = TrueOrFalse(method="late", label="Report overdue")

    class Meta:
        model = Incident
        fields = ("channel", "kind", "status", "revision", "decision", "species", "attribution")

    def late(self, rows: QuerySet[Incident], name: str, value: bool) -> QuerySet[Incident]:
        """Those whose report is overdue, or all others."""
        keys = open_reports(timezone.now()).values("pk")
        return rows.filter(pk__in=keys) if value else rows.exclude(pk__in=keys)


class IncidentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Incidents, the newest first."""

    queryset = listed_incidents()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    ordering_fields = ("id", "happened_at", "reported_at", "report_due_at")
    ordering = ("-reported_at", "-id")

    @extend_schema(request=IncidentBody, responses={201: IncidentSerializer})
    def create(self, request: Request) -> Response:
        """Report an incident. What follows is what the release's plan says: where it has a trigger in force
        for it, a suspected one holds what is on its way, and a confirmed one takes back what decided.
        """
        body = self.validated(IncidentBody)
        channel = self.visible(Channel.objects.select_related("system"), body["channel"], "channel")
        named = Named(body["decision"], body["subject"], body["happened_at"])
        told = Told(body["kind"], body["status"], body["evidence"], named, body["species"])
        done = report_incident(self.get_actor(), channel=channel, told=told)
        return self.created(done, IncidentSerializer, "incident-detail")

    def still_visible(self, instance: Any) -> Any:
        """The incident as lists show it."""
        super().still_visible(instance)
        return self.get_queryset().get(pk=instance.pk) if isinstance(instance, Incident) else instance

    @extend_schema(request=ConfirmBody, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Say that it did happen."""
        body = self.validated(ConfirmBody)
        done = confirm_incident(self.get_actor(), incident=self.get_object(), **body)
        return self.answered(done, IncidentSerializer)

    @extend_schema(request=ReasonBody, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """Say that it did not happen: in person, and not by whoever made or started the release."""
        body = self.validated(ReasonBody)
        done = dismiss_incident(self.get_actor(), incident=self.get_object(), reason=body["reason"])
        return self.answered(done, IncidentSerializer)

    @extend_schema(request=AttributeBody, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def attribute(self, request: Request, pk: str) -> Response:
        """Say which decision or subject it was, where it is not known which release decided."""
        body = self.validated(AttributeBody)
        named = Named(body["decision"], body["subject"], body["happened_at"])
        done = attribute_incident(self.get_actor(), incident=self.get_object(), named=named)
        return self.answered(done, IncidentSerializer)

    @extend_schema(request=FiledBody, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"], url_path="file-report")
    def file_report(self, request: Request, pk: str) -> Response:
        """Say that its report was filed, and where it is."""
        body = self.validated(FiledBody)
        done = file_report(self.get_actor(), incident=self.get_object(), reference=body["reference"])
        return self.answered(done, IncidentSerializer)

    @extend_schema(request=MissedCriterionBody, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def criterion(self, request: Request, pk: str) -> Response:
        """Name the criterion of the gate that ought to have caught it."""
        body = self.validated(MissedCriterionBody)
        done = name_criterion(self.get_actor(), incident=self.get_object(), **body)
        return self.answered(done, IncidentSerializer)

    @extend_schema(request=FollowUpBody, responses={201: FollowUpSerializer})
    @action(detail=True, methods=["post"], url_path="follow-ups")
    def follow_ups(self, request: Request, pk: str) -> Response:
        """Have somebody do something about it."""
        body = self.validated(FollowUpBody)
        done = add_follow_up(self.get_actor(), incident=self.get_object(), **body)
        return self.created(done, FollowUpSerializer, "follow-up-detail")


class FollowUpFilter(GovernedFilterSet):
    """By incident, system and owner; ``overdue`` and ``done``."""

    system = UUIDFilter(field_name="incident__channel__system")
    owner = CharFilter(field_name="owner_username")
    overdue = TrueOrFalse(method="late", label="Overdue")
    done = TrueOrFalse(method="finished", label="Done")

    class Meta:
        model = FollowUp
        fields = ("incident",)

    def late(self, rows: QuerySet[FollowUp], name: str, value: bool) -> QuerySet[FollowUp]:
        """Those that are overdue, or all others."""
        keys = overdue_follow_ups(timezone.now()).values("pk")
        return rows.filter(pk__in=keys) if value else rows.exclude(pk__in=keys)

    def finished(self, rows: QuerySet[FollowUp], name: str, value: bool) -> QuerySet[FollowUp]:
        """Those that are done, or not."""
        return rows.filter(done_at__isnull=not value)


class FollowUpViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """What is to be done about incidents, the first due first."""

    queryset = listed_follow_ups()
    serializer_class = FollowUpSerializer
    filterset_class = FollowUpFilter
    ordering_fields = ("id", "due_at", "added_at")
    ordering = ("due_at", "id")

    @extend_schema(request=OutcomeBody, responses={200: FollowUpSerializer})
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        """Say what came of it."""
        body = self.validated(OutcomeBody)
        done = finish_follow_up(self.get_actor(), follow_up=self.get_object(), outcome=body["outcome"])
        return self.answered(done, FollowUpSerializer)


routes: list[Route] = [
    ("incidents", IncidentViewSet, "incident"),
    ("follow-ups", FollowUpViewSet, "follow-up"),
]

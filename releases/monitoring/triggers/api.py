"""The HTTP interface of triggers: how they stand, what they read; override, acknowledge, back-test."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ReasonBody
from governance.access.listing import GovernedFilterSet, TrueOrFalse, refuse_unknown_parameters
from governance.access.models import Proposal
from governance.access.rest import GovernedViewSet, Route
from releases.gates.overrides.serializers import OverrideSerializer
from releases.monitoring.triggers.back_test_serializers import BackTestAnswer, BackTestBody
from releases.monitoring.triggers.models import PHASES, TriggerStatus
from releases.monitoring.triggers.overriding import TriggerTerms, submit_trigger_override
from releases.monitoring.triggers.presets import presets
from releases.monitoring.triggers.queries import listed_triggers
from releases.monitoring.triggers.serializers import (
    ReadingList,
    TriggerOverrideBody,
    TriggerPresetList,
    TriggerProposalAnswer,
    TriggerSerializer,
)
from releases.monitoring.triggers.services import acknowledge_trigger
from releases.monitoring.triggers.trying import Tried, rows_of_csv, try_on_rollout, try_on_series
from releases.rollouts.models import Deployment

MOST_READINGS = 2016
"""A week of windows of five minutes."""


class TriggerFilter(GovernedFilterSet):
    """By system, channel, release, rollout, kind and phase; ``asks`` for those that ask for something now."""

    system = UUIDFilter(field_name="deployment__release__system")
    channel = UUIDFilter(field_name="deployment__channel")
    release = UUIDFilter(field_name="deployment__release")
    phase = ChoiceFilter(choices=PHASES)
    asks = TrueOrFalse(method="asking", label="Asks for something now")

    class Meta:
        model = TriggerStatus
        fields = ("deployment", "key", "segment", "kind", "lack")

    def asking(self, rows: QuerySet[TriggerStatus], name: str, value: bool) -> QuerySet[TriggerStatus]:
        """Those with an action, or those without."""
        return rows.exclude(action="") if value else rows.filter(action="")


class TriggerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Triggers as they are watched on rollouts, those that changed last first."""

    queryset = listed_triggers()
    serializer_class = TriggerSerializer
    filterset_class = TriggerFilter
    ordering_fields = ("id", "changed_at")
    ordering = ("-changed_at", "-id")

    def still_visible(self, instance: Any) -> Any:
        """The trigger as lists show it."""
        super().still_visible(instance)
        return self.get_queryset().get(pk=instance.pk) if isinstance(instance, TriggerStatus) else instance

    @extend_schema(
        request=TriggerOverrideBody, responses={201: OverrideSerializer, 202: TriggerProposalAnswer}
    )
    @action(detail=True, methods=["post"])
    def override(self, request: Request, pk: str) -> Response:
        """Let the rollout go on past the trigger, on this evidence: one person (201); a critical trigger
        takes two (202, then 201); an event none may."""
        body = self.validated(TriggerOverrideBody)
        proposal = body.pop("proposal")
        terms = TriggerTerms(**body)
        done = submit_trigger_override(
            self.get_actor(), status=self.get_object(), terms=terms, proposal=proposal
        )
        if isinstance(done, Proposal):
            return Response(TriggerProposalAnswer(done).data, status=status.HTTP_202_ACCEPTED)
        return self.created(done, OverrideSerializer, "override-detail")

    @extend_schema(request=ReasonBody, responses={200: TriggerSerializer})
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Take note of a latched trigger: it ends once the data are good."""
        body = self.validated(ReasonBody)
        done = acknowledge_trigger(self.get_actor(), status=self.get_object(), reason=body["reason"])
        return self.answered(done, TriggerSerializer)

    @extend_schema(responses={200: ReadingList}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def readings(self, request: Request, pk: str) -> Response:
        """What it read, by time: the points of its chart, at most a week of windows of five minutes."""
        refuse_unknown_parameters(request, set())
        newest = list(self.get_object().readings.order_by("-at")[: MOST_READINGS + 1])
        shown = {"truncated": len(newest) > MOST_READINGS, "results": newest[:MOST_READINGS][::-1]}
        return Response(ReadingList(shown).data)

    @extend_schema(responses={200: TriggerPresetList}, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def presets(self, request: Request) -> Response:
        """Triggers to begin with: copy one into the rollback plan, and name its key in the stages."""
        refuse_unknown_parameters(request, set())
        return Response(TriggerPresetList({"results": presets()}).data)

    @extend_schema(request=BackTestBody, responses={200: BackTestAnswer})
    @action(detail=False, methods=["post"], url_path="back-test", pagination_class=None)
    def back_test(self, request: Request) -> Response:
        """How a trigger would have gone on past windows: on a series that is sent, as rows or CSV, or on what
        was counted of a rollout. Nothing is recorded."""
        return Response(BackTestAnswer(self._tried(self.validated(BackTestBody))).data)

    def _tried(self, body: dict[str, Any]) -> Tried:
        incidents, tests = body["incidents"], body["tests"]
        if body["deployment"] is None:
            rows = body["series"] if body["csv"] is None else rows_of_csv(body["csv"])
            return try_on_series(body["trigger"], rows, incidents, tests=tests)
        found = Deployment.objects.select_related("revision__release__system", "channel")
        deployment = self.visible(found, body["deployment"], "deployment")
        return try_on_rollout(
            body["trigger"],
            deployment,
            incidents,
            at=timezone.now(),
            segment=body["segment"],
            tests=tests,
        )


routes: list[Route] = [("triggers", TriggerViewSet, "trigger")]

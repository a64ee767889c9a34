"""The HTTP interface of gate policies and evaluations."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.db.models.fields.json import KT
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, refuse_unknown_parameters
from governance.access.rest import GovernedViewSet, Route
from governance.errors import NotFound, invalid
from governance.registry.models import System
from releases.bundles.models import Release, Revision
from releases.gates.attestations.error_analysis import BUCKETS, WORST
from releases.gates.attestations.failures import SHOWN, failures_of
from releases.gates.attestations.figures import calibration_figures
from releases.gates.attestations.serializers import CalibrationAnswer, FailuresAnswer
from releases.gates.models import GateEvaluation, GatePolicy
from releases.gates.overrides.queries import listed_overrides
from releases.gates.policies.policy_page import comparison_shown, soundness_document
from releases.gates.policies.presets import presets
from releases.gates.policies.services import add_preset, draft_policy, edit_policy, lock_policy
from releases.gates.policies.tags import expected_of, tagged
from releases.gates.runs.comparison import comparison
from releases.gates.runs.evaluation import request_evaluation
from releases.gates.runs.statement import stored_statement
from releases.gates.serializers import (
    ComparisonAnswer,
    EnvelopeAnswer,
    EvaluationAnswer,
    EvaluationBody,
    EvaluationRow,
    PolicyAnswer,
    PolicyBody,
    PolicyComparisonAnswer,
    PolicyContentBody,
    PresetAnswer,
    PresetBody,
    SoundnessAnswer,
)

IF_MATCH = OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER)


class PolicyFilter(GovernedFilterSet):
    """By system, name and state."""

    class Meta:
        model = GatePolicy
        fields = ("system", "name", "state")


class GatePolicyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Gate policies: drafts are edited, a locked one is in force until the next is locked."""

    queryset = GatePolicy.objects.prefetch_related("criteria")
    serializer_class = PolicyAnswer
    filterset_class = PolicyFilter
    ordering_fields = ("id", "drafted_at", "locked_at")

    @extend_schema(request=PolicyBody, responses={201: PolicyAnswer})
    def create(self, request: Request) -> Response:
        """Draft a policy, or the next version of a locked one."""
        body = self.validated(PolicyBody)
        body["system"] = self.visible(System.objects.all(), body["system"], "system")
        policy = draft_policy(self.get_actor(), **body)
        prefetch_related_objects([policy], "criteria")
        return tagged(self.created(policy, PolicyAnswer, "gate-policy-detail"))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One policy; the ETag names its content."""
        return tagged(super().retrieve(request, *args, **kwargs))

    @extend_schema(request=PolicyContentBody, responses=PolicyAnswer, parameters=[IF_MATCH])
    def update(self, request: Request, pk: str) -> Response:
        """Replace what a draft holds; with If-Match only if it is still what was read."""
        found = self.get_object()
        policy = edit_policy(
            self.get_actor(),
            policy=found,
            expected=expected_of(request, found),
            **self.validated(PolicyContentBody),
        )
        return self._answer(policy)

    @extend_schema(request=None, responses=PolicyAnswer, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def lock(self, request: Request, pk: str) -> Response:
        """Lock the policy: it is in force from now on and never changes."""
        found = self.get_object()
        return self._answer(lock_policy(self.get_actor(), policy=found, expected=expected_of(request, found)))

    @extend_schema(responses=PresetAnswer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filter_backends=())
    def presets(self, request: Request) -> Response:
        """Published rules that can be added to a draft. None of them is a certification."""
        refuse_unknown_parameters(request, set())
        return Response(PresetAnswer(list(presets().values()), many=True).data)

    @extend_schema(request=PresetBody, responses=PolicyAnswer, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"], url_path="add-preset")
    def add_preset(self, request: Request, pk: str) -> Response:
        """Append a preset's criteria to a draft; nothing is replaced."""
        body, found = self.validated(PresetBody), self.get_object()
        policy = add_preset(
            self.get_actor(),
            policy=found,
            preset=body["preset"],
            values=body.get("values", {}),
            expected=expected_of(request, found),
        )
        return self._answer(policy)

    @extend_schema(
        responses=PolicyComparisonAnswer,
        parameters=[OpenApiParameter("with", OpenApiTypes.UUID, required=True)],
    )
    @action(detail=True)
    def comparison(self, request: Request, pk: str) -> Response:
        """This policy beside the one of the same system that ``with`` names, which is "then"."""
        refuse_unknown_parameters(request, {"with"})
        now = self.get_object()
        rows = self.get_queryset().filter(system=now.system_id)
        then = self.visible(rows, _named(request, "policy"), "with")
        return Response(PolicyComparisonAnswer(comparison_shown(then, now)).data)

    @extend_schema(responses=SoundnessAnswer)
    @action(detail=True)
    def soundness(self, request: Request, pk: str) -> Response:
        """Whether the policy could be locked as it stands, and what it lacks."""
        refuse_unknown_parameters(request, set())
        return Response(SoundnessAnswer(soundness_document(self.get_object())).data)

    def _answer(self, policy: GatePolicy) -> Response:
        """A policy after a verb, its criteria read once: the tag is of what the body shows."""
        prefetch_related_objects([policy], "criteria")
        return tagged(self.answered(policy, PolicyAnswer))


class EvaluationFilter(GovernedFilterSet):
    """By release, revision, policy, status and verdict."""

    class Meta:
        model = GateEvaluation
        fields = ("release", "revision", "policy", "status", "verdict")


class GateEvaluationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Evaluations of frozen revisions: ask for one, follow its progress, read its evidence."""

    queryset = GateEvaluation.objects.select_related("release", "revision", "policy", "progress")
    serializer_class = EvaluationAnswer
    filterset_class = EvaluationFilter
    ordering_fields = ("id", "requested_at", "ended_at")

    @extend_schema(request=EvaluationBody, responses={202: EvaluationAnswer})
    def create(self, request: Request) -> Response:
        """Ask for an evaluation; a worker does it. Location tells where to read how far it is."""
        body = self.validated(EvaluationBody)
        release = self.visible(Release.objects.all(), body["release"], "release")
        evaluation = request_evaluation(self.get_actor(), revision=_revision(release, body.get("revision")))
        response = self.answered(
            self.get_queryset().filter(id=evaluation.id).first() or evaluation,
            EvaluationAnswer,
            status.HTTP_202_ACCEPTED,
        )
        response["Location"] = reverse("gate-evaluation-detail", args=[evaluation.id])
        return response

    @extend_schema(responses=EvaluationRow(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Evaluations without their evidence, the newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=EnvelopeAnswer)
    @action(detail=True)
    def statement(self, request: Request, pk: str) -> HttpResponse:
        """The signed statement of the run: in-toto test-result in a DSSE envelope, as it was stored."""
        envelope = stored_statement(self.get_object())
        return HttpResponse(envelope, content_type="application/json")

    @extend_schema(
        responses=ComparisonAnswer,
        parameters=[OpenApiParameter("with", OpenApiTypes.UUID, required=True)],
    )
    @action(detail=True)
    def compare(self, request: Request, pk: str) -> Response:
        """This run beside the one that ``with`` names, which is "then"; of one policy or of two."""
        refuse_unknown_parameters(request, {"with"})
        now = self.get_object()
        then = self.visible(self.get_queryset(), _named(request, "run"), "with")
        return Response(comparison(EvaluationAnswer(then).data, EvaluationAnswer(now).data))

    @extend_schema(responses=FailuresAnswer)
    @action(detail=True)
    def failures(self, request: Request, pk: str) -> Response:
        """The captures that the candidate got wrong, worst first: what an error analysis looks at."""
        found = failures_of(self.get_object())
        answer = {
            "total": found.total,
            "must_place": WORST,
            "buckets": list(BUCKETS),
            "failures": found.worst(SHOWN),
        }
        return Response(FailuresAnswer(answer).data)

    @extend_schema(responses=CalibrationAnswer)
    @action(detail=True)
    def calibration(self, request: Request, pk: str) -> Response:
        """The figures that a calibration review looks at; the review names their digest."""
        return Response(CalibrationAnswer(calibration_figures(self.get_object())).data)

    def get_queryset(self) -> QuerySet[GateEvaluation]:
        """A list reads no evidence from the database."""
        rows: QuerySet[GateEvaluation] = super().get_queryset()
        rows = rows.prefetch_related(Prefetch("overrides", queryset=listed_overrides()))
        if self.action != "list":
            return rows
        return rows.defer("inputs", "result").annotate(said=KT("result__sentence"))

    def get_serializer_class(self) -> type[EvaluationAnswer] | type[EvaluationRow]:
        """Lists leave the evidence out."""
        return EvaluationRow if self.action == "list" else EvaluationAnswer


def _revision(release: Release, number: int | None) -> Revision:
    revisions: QuerySet[Revision] = release.revisions.order_by("-number")
    if number is not None:
        revisions = revisions.filter(number=number)
    found = revisions.first()
    if found is None:
        raise NotFound(f"{release} has no revision {number}.")
    return found


def _named(request: Request, what: str) -> UUID:
    given = request.query_params.get("with", "")
    try:
        return UUID(given)
    except ValueError:
        raise invalid("with", f"name the {what} to compare with by its id.") from None


routes: list[Route] = [
    ("gate-policies", GatePolicyViewSet, "gate-policy"),
    ("gate-evaluations", GateEvaluationViewSet, "gate-evaluation"),
]

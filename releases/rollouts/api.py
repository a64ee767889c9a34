"""The HTTP interface of rollouts: start, advance, hold, pause, resume, take back, adopt."""

from collections.abc import Callable

from django.db.models import Prefetch
from django_filters import UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ReasonBody
from governance.access.listing import GovernedFilterSet
from governance.access.models import Proposal
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route
from governance.registry.models import Channel, ComponentStatus
from releases.bundles.models import Release, Slot
from releases.bundles.queries import newest_revision
from releases.bundles.sealed import THAT_WAIT, unsigned
from releases.rollouts.adoption import submit_adoption
from releases.rollouts.advancing import advance_rollout
from releases.rollouts.models import Deployment
from releases.rollouts.progress import hold_rollout, pause_rollout, resume_rollout
from releases.rollouts.serializers import (
    AdoptBody,
    AdoptedSerializer,
    AdoptionProposalAnswer,
    AdvanceBody,
    ApproveStageBody,
    DeploymentSerializer,
    RollbackSerializer,
    StageApprovalSerializer,
    StartBody,
)
from releases.rollouts.services import roll_back, start_rollout
from releases.rollouts.stage_approvals import approve_stage

REVOKED = Slot.objects.filter(component__status=ComponentStatus.REVOKED).select_related("component")


class RolloutFilter(GovernedFilterSet):
    """By system, release, revision, channel and state."""

    system = UUIDFilter(field_name="release__system")

    class Meta:
        model = Deployment
        fields = ("release", "revision", "channel", "state")


class RolloutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Releases on channels: start, move through the stages, read, take back.

    Of a revision's slots only those with revoked components are read: they stop an advance.
    """

    queryset = Deployment.objects.select_related(
        "release__system",
        "revision__release",
        "channel",
        "reading",
        "rollback__deployment",
        "rollback__target__release",
    ).prefetch_related(
        Prefetch("revision__slots", queryset=REVOKED),
        Prefetch("assignments", queryset=unsigned(), to_attr=THAT_WAIT),
        "stage_approvals",
    )
    serializer_class = DeploymentSerializer
    filterset_class = RolloutFilter
    ordering_fields = ("id", "started_at", "state_changed_at")

    @extend_schema(request=StartBody, responses={201: DeploymentSerializer})
    def create(self, request: Request) -> Response:
        """Bring the release's newest, approved revision live on a channel."""
        actor = self.get_actor()
        body = self.validated(StartBody)
        release = self.visible(Release.objects.all(), body["release"], "release")
        channel = self.visible(Channel.objects.all(), body["channel"], "channel")
        started = self.still_visible(start_rollout(actor, revision=newest_revision(release), channel=channel))
        return self._shown(started, status.HTTP_201_CREATED)

    @extend_schema(request=AdvanceBody, responses={200: DeploymentSerializer})
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:
        """Enter the next stage; in the last one the release is live."""
        actor = self.get_actor()
        body = self.validated(AdvanceBody)
        deployment = self._meant()
        moved = advance_rollout(
            actor, deployment=deployment, reason=body["reason"], to_stage=body["to_stage"]
        )
        return self._shown(self.still_visible(moved))

    @extend_schema(request=ApproveStageBody, responses={201: StageApprovalSerializer})
    @action(detail=True, methods=["post"], url_path="approve-stage")
    def approve_stage(self, request: Request, pk: str) -> Response:
        """Approve what the present stage shows, for a role that its plan asks."""
        actor = self.get_actor()
        body = self.validated(ApproveStageBody)
        deployment = self._meant()
        given = approve_stage(
            actor, deployment=deployment, reason=body["reason"], evidence_digest=body["evidence_digest"]
        )
        return self.answered(given, StageApprovalSerializer, status.HTTP_201_CREATED)

    @extend_schema(request=ReasonBody, responses={200: DeploymentSerializer})
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """Stop it where it is: the shares stay, and it does not advance."""
        return self._moved(hold_rollout)

    @extend_schema(request=ReasonBody, responses={200: DeploymentSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Hold it and show the candidate to nobody."""
        return self._moved(pause_rollout)

    @extend_schema(request=ReasonBody, responses={200: DeploymentSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a held or paused rollout go on in its stage."""
        return self._moved(resume_rollout)

    @extend_schema(request=ReasonBody, responses={200: RollbackSerializer})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """Take this deployment back at once. Asking again answers the same rollback."""
        actor = self.get_actor()
        body = self.validated(ReasonBody)
        deployment = self._meant()
        done = roll_back(actor, channel=deployment.channel, deployment=deployment, reason=body["reason"])
        return self.answered(done, RollbackSerializer)

    def _meant(self) -> Deployment:
        """The deployment that an act names, and no more of it: the verb reads it again under its lock."""
        rows = Deployment.objects.select_related("channel", "revision")
        found: Deployment = get_object_or_404(
            visible_to(rows, actor_from(self.request)), pk=self.kwargs["pk"]
        )
        return found

    def _moved(self, move: Callable[..., Deployment]) -> Response:
        """A verb that takes nothing but a reason."""
        actor = self.get_actor()
        body = self.validated(ReasonBody)
        deployment = self._meant()
        return self._shown(self.still_visible(move(actor, deployment=deployment, reason=body["reason"])))

    def _shown(self, deployment: Deployment, code: int = status.HTTP_200_OK) -> Response:
        shown = self.get_queryset().get(id=deployment.id)
        return Response(DeploymentSerializer(shown).data, status=code)


class AdoptionViewSet(GovernedViewSet):
    """Adoption of a release that serves channels already."""

    queryset = Release.objects.select_related("system")
    serializer_class = AdoptedSerializer

    @extend_schema(
        request=AdoptBody,
        responses={201: AdoptedSerializer, 202: AdoptionProposalAnswer},
        parameters=[OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    )
    def create(self, request: Request, pk: str) -> Response:
        """Propose the adoption (202), or adopt as the second person (201)."""
        actor = self.get_actor()
        body = self.validated(AdoptBody)
        release: Release = self.get_object()
        done = submit_adoption(
            actor,
            revision=newest_revision(release),
            channels=[self.visible(Channel.objects.all(), found, "channels") for found in body["channels"]],
            reason=body["reason"],
            proposal=body.get("proposal"),
        )
        if isinstance(done, Proposal):
            return Response(AdoptionProposalAnswer(done).data, status=status.HTTP_202_ACCEPTED)
        return self.answered(done, AdoptedSerializer, status.HTTP_201_CREATED)


routes: list[Route] = [
    ("rollouts", RolloutViewSet, "rollout"),
    (f"releases/(?P<pk>{UUID_SHAPE})/adopt", AdoptionViewSet, "release-adopt"),
]

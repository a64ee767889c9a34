"""The HTTP interface of rollouts: start, take back, adopt."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ProposalAnswer, ReasonBody
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route, StrictSerializer
from governance.registry.models import Channel
from releases.bundles.models import Release, Revision
from releases.bundles.queries import newest_revision
from releases.rollouts.adoption import submit_adoption
from releases.rollouts.models import Deployment, Rollback
from releases.rollouts.services import roll_back, start_rollout


class RollbackSerializer(serializers.ModelSerializer[Rollback]):
    """What was taken back, to what, by whom and why."""

    channel = serializers.UUIDField(source="deployment.channel_id", read_only=True)
    target_release = serializers.UUIDField(source="target.release_id", read_only=True)
    target_name = serializers.CharField(source="target.release.name", read_only=True)

    class Meta:
        model = Rollback
        fields = (
            "id",
            "release",
            "deployment",
            "channel",
            "target",
            "target_release",
            "target_name",
            "reason",
            "rolled_back_at",
            "rolled_back_by_username",
        )
        read_only_fields = fields


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    """A revision on a channel; ``adopted`` says that no approval covers it."""

    release_name = serializers.CharField(source="release.name", read_only=True)
    revision_number = serializers.IntegerField(source="revision.number", read_only=True)
    channel_name = serializers.CharField(source="channel.name", read_only=True)
    adopted = serializers.BooleanField(source="revision.adopted", read_only=True)
    rollback = RollbackSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Deployment
        fields = (
            "id",
            "release",
            "release_name",
            "revision",
            "revision_number",
            "channel",
            "channel_name",
            "approval",
            "adopted",
            "state",
            "stage",
            "started_at",
            "started_by_username",
            "state_changed_at",
            "rollback",
        )
        read_only_fields = fields


class StartBody(StrictSerializer):
    """Which release goes live where."""

    release = serializers.UUIDField()
    channel = serializers.UUIDField()


class RolloutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Releases on channels: start, read, take back."""

    queryset = Deployment.objects.select_related(
        "release__system", "revision__release", "channel", "rollback__deployment", "rollback__target__release"
    )
    serializer_class = DeploymentSerializer
    filterset_fields = ("release", "revision", "channel", "state")
    ordering_fields = ("id", "started_at", "state_changed_at")

    @extend_schema(request=StartBody, responses={201: DeploymentSerializer})
    def create(self, request: Request) -> Response:
        """Bring the release's newest, approved revision live on a channel."""
        actor = self.get_actor()
        body = self.validated(StartBody)
        release = self.visible(Release.objects.all(), body["release"], "release")
        channel = self.visible(Channel.objects.all(), body["channel"], "channel")
        started = self.still_visible(start_rollout(actor, revision=newest_revision(release), channel=channel))
        shown = self.get_queryset().get(id=started.id)
        return Response(DeploymentSerializer(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonBody, responses={200: RollbackSerializer})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """Take this deployment back at once. Asking again answers the same rollback."""
        actor = self.get_actor()
        body = self.validated(ReasonBody)
        deployment: Deployment = self.get_object()
        done = roll_back(actor, channel=deployment.channel, deployment=deployment, reason=body["reason"])
        return self.answered(done, RollbackSerializer)


class AdoptBody(StrictSerializer):
    """The channels that the release serves already; ``proposal`` confirms what another person proposed."""

    channels = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=40)
    reason = Text(max_length=4000)
    proposal = serializers.UUIDField(required=False)


class AdoptionProposalAnswer(ProposalAnswer):
    """An adoption that waits for its second person."""

    def get_next_step(self, proposal: Proposal) -> str:
        """What the second person does."""
        return (
            "Another release manager or an approver repeats this call with the same fields and "
            f'"proposal": "{proposal.id}" before {proposal.expires_at:%F %R} UTC.'
        )


class AdoptedSerializer(serializers.ModelSerializer[Revision]):
    """The adopted revision and where it serves."""

    deployments = DeploymentSerializer(many=True, read_only=True)

    class Meta:
        model = Revision
        fields = (
            "id",
            "release",
            "number",
            "state",
            "adopted",
            "stack_digest",
            "manifest_digest",
            "deployments",
        )
        read_only_fields = fields


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

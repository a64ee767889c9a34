"""The HTTP interface of approvals: requests with their seats, votes, and a system's rules."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ProposalAnswer, ReasonBody
from governance.access.listing import refuse_unknown_parameters
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from governance.registry.models import Channel, System
from releases.approvals.models import ApprovalRequest, ApprovalRuleSet, VoteDecision
from releases.approvals.previewing import preview_seats
from releases.approvals.queries import listed_requests
from releases.approvals.rules import submit_rules
from releases.approvals.serializers import (
    PreviewSerializer,
    RequestDetailSerializer,
    RequestSerializer,
    VoteSerializer,
)
from releases.approvals.services import cast_vote, request_approval, withdraw_request
from releases.bundles.models import Release
from releases.bundles.queries import newest_revision


class RequestBody(StrictSerializer):
    """For which release approval is asked, and for which of its channels."""

    release = serializers.UUIDField()
    channels = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=40)
    reason = Text(required=False, allow_blank=True, max_length=4000)
    deadline_at = serializers.DateTimeField(required=False)


class VoteBody(StrictSerializer):
    """A vote; ``review_digest`` is what the voter has seen.

    ``acknowledge`` holds the codes of the doubts that an approval must acknowledge: those of the request's
    ``to_acknowledge``.
    """

    decision = serializers.ChoiceField(choices=VoteDecision.choices)
    reason = Text(max_length=4000)
    conflict_declared = serializers.BooleanField(required=False)
    review_digest = Text(required=False, max_length=71)
    acknowledge = serializers.ListField(child=Text(max_length=64), required=False, max_length=20)


class PreviewQuery(StrictSerializer):
    """For which release the seats are asked, and for which of its channels."""

    release = serializers.UUIDField()
    channels = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=40)


class ApprovalRequestViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Requests for approval: make, read seat by seat, vote, withdraw."""

    queryset = listed_requests()
    serializer_class = RequestDetailSerializer
    filterset_fields = ("system", "release", "revision", "state")
    ordering_fields = ("id", "deadline_at", "requested_at")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """Lists leave out what takes a look at each request's people."""
        return RequestSerializer if self.action == "list" else RequestDetailSerializer

    def _answer(self, request: ApprovalRequest, code: int) -> Response:
        shown = listed_requests().get(id=self.still_visible(request).id)
        return self.answered(shown, RequestDetailSerializer, code)

    def _channels(self, ids: list[Any] | None) -> list[Channel] | None:
        if ids is None:
            return None
        return [self.visible(Channel.objects.all(), found, "channels") for found in ids]

    @extend_schema(request=RequestBody, responses={201: RequestDetailSerializer})
    def create(self, request: Request) -> Response:
        """Ask for approval of a release's newest revision, by default for all its channels."""
        actor = self.get_actor()
        body = self.validated(RequestBody)
        release = self.visible(Release.objects.all(), body["release"], "release")
        made = request_approval(
            actor,
            revision=newest_revision(release),
            channels=self._channels(body.get("channels")),
            reason=body.get("reason", ""),
            deadline_at=body.get("deadline_at"),
        )
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[
            OpenApiParameter("release", OpenApiTypes.UUID, required=True),
            OpenApiParameter("channels", {"type": "array", "items": {"type": "string", "format": "uuid"}}),
        ],
        responses={200: PreviewSerializer},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """Who could fill which seat of a request for the release's newest revision, before it is made.

        What would refuse the request stands in ``refusals``. ``channels`` may be repeated; all that the
        request would be for by default.
        """
        refuse_unknown_parameters(request, {"release", "channels"})
        given: dict[str, Any] = {"release": request.query_params.get("release")}
        if "channels" in request.query_params:
            given["channels"] = request.query_params.getlist("channels")
        asked = PreviewQuery(data=given)
        asked.is_valid(raise_exception=True)
        release = self.visible(Release.objects.all(), asked.validated_data["release"], "release")
        channels = self._channels(asked.validated_data.get("channels"))
        found = preview_seats(newest_revision(release), channels, actor_from(request))
        return Response(PreviewSerializer(found).data)

    @extend_schema(request=VoteBody, responses={201: VoteSerializer})
    @action(detail=True, methods=["post"])
    def votes(self, request: Request, pk: str) -> Response:
        """Vote: approve, reject, or request changes."""
        actor = self.get_actor()
        body = self.validated(VoteBody)
        vote = cast_vote(actor, request=self.get_object(), **body)
        return self.answered(vote, VoteSerializer, status.HTTP_201_CREATED)

    @extend_schema(request=ReasonBody, responses={200: RequestDetailSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the request back."""
        actor = self.get_actor()
        body = self.validated(ReasonBody)
        ended = withdraw_request(actor, request=self.get_object(), reason=body["reason"])
        return self._answer(ended, status.HTTP_200_OK)


class RuleSetSerializer(serializers.ModelSerializer[ApprovalRuleSet]):
    """A version of a system's rules."""

    class Meta:
        model = ApprovalRuleSet
        fields = (
            "id",
            "system",
            "version",
            "rules",
            "reason",
            "enacted_at",
            "enacted_by_username",
            "confirmed_by_username",
            "sole_administrator",
        )
        read_only_fields = fields


class RulesBody(StrictSerializer):
    """Rules of a system; ``proposal`` confirms what another administrator proposed."""

    system = serializers.UUIDField()
    rules = serializers.ListField(child=serializers.DictField())
    reason = Text(max_length=4000)
    proposal = serializers.UUIDField(required=False)


class ApprovalRuleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Rules of approval: every version, and enacting the next."""

    queryset = ApprovalRuleSet.objects.select_related("system")
    serializer_class = RuleSetSerializer
    filterset_fields = ("system", "version")
    ordering_fields = ("id", "version", "enacted_at")

    @extend_schema(request=RulesBody, responses={201: RuleSetSerializer, 202: ProposalAnswer})
    def create(self, request: Request) -> Response:
        """Propose rules (202), or enact them as the second administrator (201)."""
        actor = self.get_actor()
        body = self.validated(RulesBody)
        system = self.visible(System.objects.all(), body["system"], "system")
        done = submit_rules(
            actor,
            system=system,
            rules=body["rules"],
            reason=body["reason"],
            proposal=body.get("proposal"),
        )
        if isinstance(done, Proposal):
            return Response(ProposalAnswer(done).data, status=status.HTTP_202_ACCEPTED)
        return self.created(done, RuleSetSerializer, "approval-rule-detail")


routes: list[Route] = [
    ("approval-requests", ApprovalRequestViewSet, "approval-request"),
    ("approval-rules", ApprovalRuleViewSet, "approval-rule"),
]

"""The HTTP interface of approvals: requests with their seats, votes, and a system's rules."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ProposalAnswer, ReasonBody
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from governance.registry.models import Channel, System
from releases.approvals.models import ApprovalRequest, ApprovalRuleSet, Vote, VoteDecision
from releases.approvals.queries import effective_state, listed_requests, may_vote, seats, warnings_of
from releases.approvals.rules import submit_rules
from releases.approvals.services import cast_vote, request_approval, withdraw_request
from releases.bundles.models import Release
from releases.bundles.queries import newest_revision


class VoteSerializer(serializers.ModelSerializer[Vote]):
    """A vote as it was cast."""

    class Meta:
        model = Vote
        fields = (
            "id",
            "request",
            "account",
            "username",
            "role",
            "decision",
            "reason",
            "review_digest",
            "cast_at",
            "auth_method",
            "auth_mfa",
            "conflict_declared",
        )
        read_only_fields = fields


class RequestSerializer(serializers.ModelSerializer[ApprovalRequest]):
    """A request; ``state`` is what counts now, also before the periodic task has closed what lapsed."""

    state = serializers.SerializerMethodField()
    release_name = serializers.CharField(source="release.name", read_only=True)
    revision_number = serializers.IntegerField(source="revision.number", read_only=True)
    verdict = serializers.CharField(source="evaluation.verdict", read_only=True)
    result_digest = serializers.CharField(source="evaluation.result_digest", read_only=True)
    manifest_digest = serializers.CharField(source="revision.manifest_digest", read_only=True)
    channels = serializers.SerializerMethodField()
    votes = VoteSerializer(many=True, read_only=True)

    class Meta:
        model = ApprovalRequest
        fields: tuple[str, ...] = (
            "id",
            "system",
            "release",
            "release_name",
            "revision",
            "revision_number",
            "channels",
            "evaluation",
            "verdict",
            "manifest_digest",
            "result_digest",
            "review_digest",
            "state",
            "reason",
            "requested_at",
            "requested_by_username",
            "deadline_at",
            "closed_at",
            "closing_reason",
            "votes",
        )
        read_only_fields = fields

    def get_state(self, request: ApprovalRequest) -> str:
        """What counts now."""
        return str(effective_state(request, timezone.now()).value)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_channels(self, request: ApprovalRequest) -> list[str]:
        """Ids of the channels, by name."""
        rows = sorted(request.channel_rows.all(), key=lambda row: row.channel.name)
        return [str(row.channel_id) for row in rows]


class SeatSerializer(serializers.Serializer[Any]):
    """A seat: who must fill it, who does, or whose vote would."""

    rule_key = serializers.CharField()
    title = serializers.CharField()
    role = serializers.CharField(help_text="Empty where the rule names people.")
    people = serializers.ListField(child=serializers.CharField())
    index = serializers.IntegerField(help_text="Counts the rule's seats from 1.")
    vote = VoteSerializer(allow_null=True)
    eligible = serializers.ListField(child=serializers.CharField())


class MayVoteSerializer(serializers.Serializer[Any]):
    """Whether the caller could approve now, and why or why not."""

    allowed = serializers.BooleanField()
    reason = serializers.CharField()


class RequestDetailSerializer(RequestSerializer):
    """A request with its seats, what the caller may do, and warnings."""

    seats = serializers.SerializerMethodField()
    may_vote = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField()
    rules = serializers.JSONField(source="rule_snapshot", read_only=True)

    class Meta(RequestSerializer.Meta):
        fields = (*RequestSerializer.Meta.fields, "seats", "may_vote", "warnings", "rules")
        read_only_fields = fields

    @extend_schema_field(SeatSerializer(many=True))
    def get_seats(self, request: ApprovalRequest) -> Any:
        """Seat by seat."""
        return SeatSerializer(seats(request), many=True).data

    @extend_schema_field(MayVoteSerializer)
    def get_may_vote(self, request: ApprovalRequest) -> Any:
        """For the caller."""
        allowed, reason = may_vote(actor_from(self.context["request"]), request)
        return MayVoteSerializer({"allowed": allowed, "reason": reason}).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_warnings(self, request: ApprovalRequest) -> list[str]:
        """What does not stop a vote but should be known."""
        return list(warnings_of(request))


class RequestBody(StrictSerializer):
    """For which release approval is asked, and for which of its channels."""

    release = serializers.UUIDField()
    channels = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=40)
    reason = Text(required=False, allow_blank=True, max_length=4000)
    deadline_at = serializers.DateTimeField(required=False)


class VoteBody(StrictSerializer):
    """A vote; ``review_digest`` is what the voter has seen."""

    decision = serializers.ChoiceField(choices=VoteDecision.choices)
    reason = Text(max_length=4000)
    conflict_declared = serializers.BooleanField(required=False)
    review_digest = Text(required=False, max_length=71)


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

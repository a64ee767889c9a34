"""What the interface answers about requests: with seats, votes, and who may fill what."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.requests import actor_from
from releases.approvals.acknowledging import doubts_to_acknowledge
from releases.approvals.grounds import gate_in_words
from releases.approvals.models import ApprovalRequest, Vote
from releases.approvals.queries import effective_state, may_vote, seats, warnings_of


class DoubtSerializer(serializers.Serializer[Any]):
    """A doubt about the evaluation that an approving vote acknowledges by its code."""

    code = serializers.CharField()
    sentence = serializers.CharField()


class VoteSerializer(serializers.ModelSerializer[Vote]):
    """A vote as it was cast."""

    acknowledged = DoubtSerializer(many=True, read_only=True)

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
            "acknowledged",
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
    gate = serializers.SerializerMethodField()
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
            "override",
            "gate",
            "manifest_digest",
            "result_digest",
            "review_digest",
            "state",
            "reason",
            "requested_at",
            "requested_by_username",
            "deadline_at",
            "reminded_at",
            "closed_at",
            "closing_reason",
            "votes",
        )
        read_only_fields = fields

    def get_state(self, request: ApprovalRequest) -> str:
        """What counts now."""
        return str(effective_state(request, timezone.now()).value)

    def get_gate(self, request: ApprovalRequest) -> str:
        """The verdict in words, with the override that goes past it."""
        return gate_in_words(request, timezone.now())

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
    channel = serializers.CharField(help_text="Id of the channel; empty where the rule asks on the system.")
    channel_name = serializers.CharField()
    index = serializers.IntegerField(help_text="Counts the seats of rule and channel from 1.")
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
    to_acknowledge = serializers.SerializerMethodField()
    rules = serializers.JSONField(source="rule_snapshot", read_only=True)

    class Meta(RequestSerializer.Meta):
        fields = (*RequestSerializer.Meta.fields, "seats", "may_vote", "warnings", "to_acknowledge", "rules")
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

    @extend_schema_field(DoubtSerializer(many=True))
    def get_to_acknowledge(self, request: ApprovalRequest) -> Any:
        """What an approving vote must name in ``acknowledge``."""
        return [doubt.document() for doubt in doubts_to_acknowledge(request)]


class RefusalSerializer(serializers.Serializer[Any]):
    """What would refuse a request made now, in the words of the refusal."""

    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField(source="message")
    next_step = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """The seats of a request that could be made, who could fill them, and what would refuse it."""

    release = serializers.UUIDField(source="revision.release_id")
    revision = serializers.UUIDField(source="revision.id")
    revision_number = serializers.IntegerField(source="revision.number")
    channels = serializers.SerializerMethodField()
    rules_version = serializers.IntegerField(
        allow_null=True, help_text="Null where no rules were enacted: one approver is asked for."
    )
    can_be_requested = serializers.BooleanField()
    refusals = RefusalSerializer(many=True)
    seats = SeatSerializer(many=True)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_channels(self, preview: Any) -> list[str]:
        """Ids of the channels, by name."""
        return [str(channel.id) for channel in preview.channels]

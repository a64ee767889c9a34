"""Bodies and answers of the interface to triggers."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.bodies import LONGEST_REASON, ProposalAnswer
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.rest import StrictSerializer
from releases.gates.overrides.terms import LONGEST_HOURS
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.queries import override_of, shown_sentence, shown_state, spec_of
from releases.monitoring.triggers.vocabulary import Action, State

ACTIONS = [one.value for one in Action]


class TriggerOverrideBody(StrictSerializer):
    """Which evidence was looked at, and why the rollout goes on; ``proposal`` confirms what another person
    proposed, and all else must then be as proposed."""

    evidence_digest = Text(max_length=71, help_text="Of the trigger's evidence as it was read.")
    reason = Text(max_length=LONGEST_REASON)
    valid_hours = serializers.IntegerField(required=False, default=LONGEST_HOURS)
    proposal = serializers.UUIDField(required=False, allow_null=True, default=None)


class TriggerProposalAnswer(ProposalAnswer):
    """An override of a critical trigger that waits for its second person."""

    def get_next_step(self, proposal: Proposal) -> str:
        """What the second person does."""
        return (
            "Another approver or security reviewer repeats this call with the same fields and "
            f'"proposal": "{proposal.id}" before {proposal.expires_at:%F %R} UTC.'
        )


class TriggerSerializer(serializers.ModelSerializer[TriggerStatus]):
    """A trigger of a rollout's plan: what the plan says of it, how it stands, and what it asks for now.

    ``action`` is null while it asks for nothing. ``evidence_digest`` is what an override names.
    """

    system = serializers.UUIDField(source="deployment.release.system_id", read_only=True)
    release = serializers.UUIDField(source="deployment.release_id", read_only=True)
    release_name = serializers.CharField(source="deployment.release.name", read_only=True)
    revision_number = serializers.IntegerField(source="deployment.revision.number", read_only=True)
    channel = serializers.UUIDField(source="deployment.channel_id", read_only=True)
    channel_name = serializers.CharField(source="deployment.channel.name", read_only=True)
    state = serializers.SerializerMethodField()
    sentence = serializers.SerializerMethodField()
    action = serializers.SerializerMethodField()
    plan = serializers.SerializerMethodField()
    overridden_until = serializers.SerializerMethodField()
    judged_to = serializers.DateTimeField(source="memory.judged_to", read_only=True, default=None)
    evaluated_at = serializers.DateTimeField(source="memory.evaluated_at", read_only=True, default=None)

    class Meta:
        model = TriggerStatus
        fields = (
            "id",
            "system",
            "release",
            "release_name",
            "revision_number",
            "deployment",
            "channel",
            "channel_name",
            "key",
            "segment",
            "kind",
            "plan",
            "state",
            "phase",
            "lack",
            "sentence",
            "action",
            "latched",
            "since",
            "fired_at",
            "stage_number",
            "evidence",
            "evidence_digest",
            "overridden_until",
            "acknowledged_at",
            "acknowledged_by_username",
            "judged_to",
            "evaluated_at",
            "changed_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([one.value for one in State]))
    def get_state(self, status: TriggerStatus) -> str:
        """Now."""
        return shown_state(status, timezone.now()).value

    def get_sentence(self, status: TriggerStatus) -> str:
        """What the last evaluation found."""
        return shown_sentence(status)

    @extend_schema_field(serializers.ChoiceField(ACTIONS, allow_null=True))
    def get_action(self, status: TriggerStatus) -> str | None:
        """What it asks for now."""
        return status.action or None

    @extend_schema_field(serializers.JSONField())
    def get_plan(self, status: TriggerStatus) -> Any:
        """The trigger as the plan states it, with every field."""
        return spec_of(status).model_dump(mode="json")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_overridden_until(self, status: TriggerStatus) -> Any:
        """Until when somebody answers for going on nevertheless."""
        found = override_of(status, timezone.now())
        return serializers.DateTimeField().to_representation(found.expires_at) if found else None


class ReadingSerializer(serializers.ModelSerializer[TriggerReading]):
    """What a trigger read of a window that ended ``at``; logarithms are natural."""

    class Meta:
        model = TriggerReading
        fields = (
            "at",
            "judgement",
            "value",
            "bound",
            "control",
            "limit",
            "log_e",
            "log_e_limit",
            "subjects",
            "control_subjects",
        )
        read_only_fields = fields


class ReadingList(serializers.Serializer[Any]):
    """The newest readings, by time; ``truncated`` says that older ones are left out."""

    truncated = serializers.BooleanField()
    results = ReadingSerializer(many=True)


class TriggerPresetAnswer(serializers.Serializer[Any]):
    """A trigger to begin with. ``fill`` are fields that the writer of the plan states besides ``owner``."""

    key = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField()
    fill = serializers.DictField(child=serializers.CharField())
    stages = serializers.ListField(child=serializers.CharField())
    trigger = serializers.JSONField(source="document")


class TriggerPresetList(serializers.Serializer[Any]):
    """All presets."""

    results = TriggerPresetAnswer(many=True)

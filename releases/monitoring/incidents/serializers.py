"""Bodies and answers of the interface to incidents."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.bodies import LONGEST_REASON
from governance.access.parsing import Text
from governance.access.rest import StrictSerializer
from releases.monitoring.incidents.evidence import LONGEST_TEXT
from releases.monitoring.incidents.models import FollowUp, Incident, IncidentKind, IncidentStatus

STRING = {"type": "string", "maxLength": LONGEST_TEXT}


@extend_schema_field(
    {
        "oneOf": [
            STRING,
            {
                "type": "object",
                "properties": {
                    "text": STRING,
                    "links": {"type": "array", "items": {"type": "string", "format": "uri"}},
                    "digests": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["text"],
                "additionalProperties": False,
            },
        ]
    }
)
class EvidenceField(serializers.JSONField):
    """Evidence: a text, or text with links and digests."""


class IncidentBody(StrictSerializer):
    """What went wrong. With ``decision`` its time and subject are known; without, name what you know."""

    channel = serializers.UUIDField()
    kind = serializers.ChoiceField(IncidentKind.choices)
    status = serializers.ChoiceField([IncidentStatus.SUSPECTED, IncidentStatus.CONFIRMED])
    decision = serializers.UUIDField(required=False, allow_null=True, default=None)
    subject = Text(max_length=200, required=False, default="", allow_blank=True)
    happened_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    species = Text(max_length=100, required=False, default="", allow_blank=True)
    evidence = EvidenceField()


class ConfirmBody(StrictSerializer):
    """What shows that it happened; ``species`` where the attack is known now."""

    reason = Text(max_length=LONGEST_REASON)
    species = Text(max_length=100, required=False, default="", allow_blank=True)


class AttributeBody(StrictSerializer):
    """The decision, or else the subject and when it met it."""

    decision = serializers.UUIDField(required=False, allow_null=True, default=None)
    subject = Text(max_length=200, required=False, default="", allow_blank=True)
    happened_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class FiledBody(StrictSerializer):
    """Where the report is."""

    reference = Text(max_length=1000)


class MissedCriterionBody(StrictSerializer):
    """Key of a criterion of the evaluation, or '' where none was looking; and why it was not caught."""

    criterion = Text(max_length=64, allow_blank=True)
    reason = Text(max_length=LONGEST_REASON)


class FollowUpBody(StrictSerializer):
    """What is to be done, by whom (a username) and until when."""

    text = Text(max_length=LONGEST_REASON)
    owner = Text(max_length=150)
    due_at = serializers.DateTimeField()


class OutcomeBody(StrictSerializer):
    """What came of it."""

    outcome = Text(max_length=LONGEST_REASON)


class FollowUpSerializer(serializers.ModelSerializer[FollowUp]):
    """A follow-up."""

    class Meta:
        model = FollowUp
        fields = (
            "id",
            "incident",
            "text",
            "owner_username",
            "due_at",
            "added_at",
            "added_by_username",
            "done_at",
            "done_by_username",
            "outcome",
        )
        read_only_fields = fields


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """An incident. ``possible`` holds revisions where it is not known which of them decided."""

    channel_name = serializers.CharField(source="channel.name", read_only=True)
    system = serializers.UUIDField(source="channel.system_id", read_only=True)
    release = serializers.UUIDField(source="revision.release_id", read_only=True, allow_null=True)
    release_name = serializers.CharField(source="revision.release.name", read_only=True, allow_null=True)
    evidence = EvidenceField(read_only=True)
    possible = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    follow_ups = FollowUpSerializer(many=True, read_only=True)
    trace = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = (
            "id",
            "system",
            "channel",
            "channel_name",
            "kind",
            "status",
            "decision",
            "trace",
            "subject",
            "happened_at",
            "release",
            "release_name",
            "revision",
            "attribution",
            "possible",
            "stage",
            "species",
            "evidence",
            "reported_at",
            "reported_by_username",
            "status_changed_at",
            "status_changed_by_username",
            "conclusion",
            "report_due_at",
            "report_filed_at",
            "report_filed_by_username",
            "report_reference",
            "evaluation",
            "missed_by",
            "missed_reason",
            "follow_ups",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_trace(self, incident: Incident) -> str | None:
        """Where the decision is traced."""
        return f"/api/v1/decisions/{incident.decision}/trace/" if incident.decision else None

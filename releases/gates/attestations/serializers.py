"""Bodies and answers of the interface to attestations, and to what a reviewer looks at before."""

from typing import Any

from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from releases.gates.attestations import KINDS
from releases.gates.attestations.services import LONGEST_CONCLUSION
from releases.gates.models import Attestation

KIND_CHOICES = [(kind.key, kind.title) for kind in KINDS]


class AttestationBody(StrictSerializer):
    """What was looked at, whether it is acceptable, what was concluded; ``content`` is checked by kind."""

    release = serializers.UUIDField()
    revision = serializers.IntegerField(required=False, min_value=1)
    evaluation = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(KIND_CHOICES)
    acceptable = serializers.BooleanField()
    conclusion = Text(max_length=LONGEST_CONCLUSION)
    content = JsonObject()


class AttestationAnswer(serializers.ModelSerializer[Attestation]):
    """An attestation; the newest of a kind counts for what its revision froze."""

    release_name = serializers.CharField(source="release.name", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)

    class Meta:
        model = Attestation
        fields = (
            "id",
            "release",
            "release_name",
            "revision",
            "evaluation",
            "kind",
            "manifest_digest",
            "acceptable",
            "conclusion",
            "content",
            "digest",
            "attested_at",
            "attested_by_username",
        )
        read_only_fields = fields


class FailureAnswer(serializers.Serializer[Any]):
    """One capture that the candidate got wrong; ``distance`` is how far beyond the accept bound it lies."""

    sample = serializers.CharField()
    dataset = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not of the class
    species = serializers.CharField()
    score = serializers.FloatField()
    distance = serializers.FloatField()
    attributes = serializers.DictField(child=serializers.CharField())


class FailuresAnswer(serializers.Serializer[Any]):
    """How many captures the candidate got wrong, and the worst of them first."""

    total = serializers.IntegerField()
    must_place = serializers.IntegerField(help_text="So many of the worst must stand in an error analysis.")
    buckets = serializers.ListField(child=serializers.CharField())
    failures = FailureAnswer(many=True)


class CalibrationAnswer(serializers.Serializer[Any]):
    """Reliability of the candidate and of what is live, per test dataset; ``digest`` names the figures."""

    digest = serializers.CharField()
    has_figures = serializers.BooleanField()
    bins = serializers.IntegerField()
    datasets = serializers.ListField(child=serializers.DictField())

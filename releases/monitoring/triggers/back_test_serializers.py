"""Body and answer of a back-test."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from releases.monitoring.triggers.trying import MOST_INCIDENTS, MOST_TESTS, MOST_WINDOWS, Tried

LONGEST_CSV = 4_000_000


class BackTestBody(StrictSerializer):
    """A trigger as in a rollback plan (description, key and owner may be left out), and one of: ``series``,
    ``csv`` with the same columns, or ``deployment``, whose counted windows are taken."""

    trigger = JsonObject()
    series = serializers.ListField(
        child=JsonObject(),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=MOST_WINDOWS,
        help_text="Rows of at (beginning of the window) and value, or subjects, events, control_subjects, "
        "control_events.",
    )
    csv = Text(required=False, allow_null=True, default=None, max_length=LONGEST_CSV)
    deployment = serializers.UUIDField(required=False, allow_null=True, default=None)
    segment = Text(required=False, allow_blank=True, default="", max_length=100)
    incidents = serializers.ListField(
        child=JsonObject(),
        required=False,
        default=list,
        max_length=MOST_INCIDENTS,
        help_text="Spans that are known to be bad: began_at, ended_at, name.",
    )
    tests = serializers.IntegerField(
        required=False,
        default=1,
        min_value=1,
        max_value=MOST_TESTS,
        help_text="How many tests share alpha: strata × triggers that may act in the rollout.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one source of windows."""
        given = [name for name in ("series", "csv", "deployment") if attrs[name] is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise serializers.ValidationError(
                {"series": [f"Give one of series, csv or deployment; {found} is given."]}
            )
        return attrs


class SpellAnswer(serializers.Serializer[Any]):
    """A firing; ``ended_at`` is null where it went on to the end of the data."""

    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    action = serializers.CharField(source="action.value")
    sentence = serializers.CharField()


class StepAnswer(serializers.Serializer[Any]):
    """One window: what was found, the phase that it led to, and its numbers."""

    at = serializers.DateTimeField(source="judged.at")
    judgement = serializers.CharField(source="judged.judgement.value")
    phase = serializers.CharField(source="phase.value")
    figures = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.FloatField()))
    def get_figures(self, step: Any) -> Any:
        """Those that are finite."""
        return step.judged.figures.finite()


class DetectedAnswer(serializers.Serializer[Any]):
    """A known incident that was seen, and how long after its beginning."""

    name = serializers.CharField()
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    delay_seconds = serializers.FloatField()


class MissedAnswer(serializers.Serializer[Any]):
    """A known incident that was not seen."""

    name = serializers.CharField()
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()


class BackTestAnswer(serializers.Serializer[Tried]):
    """The course of the trigger on the windows; a latch is left out, so that each firing is seen."""

    sentence = serializers.CharField()
    windows = serializers.SerializerMethodField()
    judged = serializers.SerializerMethodField()
    firings = SpellAnswer(many=True, source="result.spells")
    detected = serializers.SerializerMethodField()
    missed = MissedAnswer(many=True, source="compared.missed")
    false_alarms = SpellAnswer(many=True, source="compared.false_alarms")
    steps = StepAnswer(many=True, source="result.steps")

    def get_windows(self, tried: Tried) -> int:
        """How many there were."""
        return len(tried.windows)

    def get_judged(self, tried: Tried) -> int:
        """How many of them could be judged."""
        return len(tried.result.steps)

    @extend_schema_field(DetectedAnswer(many=True))
    def get_detected(self, tried: Tried) -> Any:
        """Known incidents that were seen."""
        rows = [
            {
                "name": incident.name,
                "began_at": incident.began_at,
                "ended_at": incident.ended_at,
                "delay_seconds": delay,
            }
            for incident, delay in tried.compared.detected
        ]
        return DetectedAnswer(rows, many=True).data

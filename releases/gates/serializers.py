"""Bodies and answers of the interface to gate policies and evaluations."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from releases.gates.criteria import KINDS
from releases.gates.models import GateCriterion, GateEvaluation, GatePolicy, Verdict
from releases.gates.overrides.queries import overrides_said
from releases.gates.policies.parsing import MODES, SEVERITIES, CriterionInput
from releases.gates.policies.presets import Preset
from releases.gates.queries import content_digest, criterion_of, evaluation_document
from releases.gates.vocabulary.outcomes import ReasonCode

KIND_CHOICES = [(kind.key, kind.title) for kind in KINDS]


class CriterionBody(StrictSerializer):
    """One criterion; ``spec`` is checked by its kind, and every problem names its field."""

    key = Text(max_length=100)
    kind = serializers.ChoiceField(KIND_CHOICES)
    title = Text(max_length=200)
    spec = JsonObject()
    severity = serializers.ChoiceField(SEVERITIES, required=False, default="blocking")
    mode = serializers.ChoiceField(MODES, required=False, default="enforce")
    owner = Text(max_length=150, required=False, default="")


class OutOfScopeBody(StrictSerializer):
    """Something the policy leaves out, and why."""

    what = Text(max_length=500)
    reason = Text(max_length=2000)


class PolicyContentBody(StrictSerializer):
    """What a draft holds, as a whole."""

    description = Text(max_length=10_000, required=False, default="", allow_blank=True)
    out_of_scope = OutOfScopeBody(many=True, required=False, default=list)
    criteria = CriterionBody(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Criteria as the service takes them."""
        criteria = [CriterionInput(**one) for one in attrs["criteria"]]
        return {**attrs, "criteria": criteria, "out_of_scope": [dict(one) for one in attrs["out_of_scope"]]}


class PolicyBody(PolicyContentBody):
    """A new policy, or the next version of a locked one of the same name."""

    system = serializers.UUIDField()
    name = Text(max_length=100)


class CriterionAnswer(serializers.ModelSerializer[GateCriterion]):
    """A criterion with the sentence that says it."""

    sentence = serializers.SerializerMethodField()

    class Meta:
        model = GateCriterion
        fields = (
            "key",
            "version",
            "kind",
            "title",
            "owner_username",
            "severity",
            "mode",
            "sentence",
            "spec",
        )
        read_only_fields = fields

    def get_sentence(self, criterion: GateCriterion) -> str:
        """In plain words."""
        return criterion_of(criterion).sentence()


class PolicyAnswer(serializers.ModelSerializer[GatePolicy]):
    """A policy; ``digest`` names its content, which changes no more once it is locked."""

    digest = serializers.SerializerMethodField()
    criteria = CriterionAnswer(many=True, read_only=True)

    class Meta:
        model = GatePolicy
        fields = (
            "id",
            "system",
            "name",
            "version",
            "state",
            "description",
            "out_of_scope",
            "digest",
            "criteria",
            "drafted_at",
            "drafted_by_username",
            "locked_at",
            "locked_by_username",
            "in_force_until",
        )
        read_only_fields = fields

    def get_digest(self, policy: GatePolicy) -> str:
        """Of a draft, what it holds now: also its ETag."""
        return policy.digest or content_digest(policy)


class PresetBody(StrictSerializer):
    """A preset by its key, with what fills its gaps, such as ``{"species": ["print", "replay"]}``."""

    preset = Text(max_length=200)
    values = JsonObject(required=False)


class PresetGap(serializers.Serializer[Any]):
    """What a preset asks its writer for; what is not needed is filled from the system."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a declared field leaves the class
    help = serializers.CharField()
    shape = serializers.CharField()
    needed = serializers.BooleanField(source="is_needed")


class PresetAnswer(serializers.Serializer[Any]):
    """A preset: published rules as data, with their source, and what they cannot check."""

    key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    notice = serializers.CharField(help_text="It is not a certification.")
    digest = serializers.CharField()
    source = serializers.SerializerMethodField()  # type: ignore[assignment]  # a declared field leaves the class
    cannot_check = serializers.ListField(child=serializers.CharField())
    bounds = serializers.ListField(child=serializers.CharField(), help_text="What its counts demonstrate.")
    values = PresetGap(many=True, source="asked")
    criteria = serializers.SerializerMethodField()

    def get_source(self, preset: Preset) -> dict[str, Any]:
        """Document, version, section, and what it states."""
        return preset.source.model_dump(mode="json")

    def get_criteria(self, preset: Preset) -> list[dict[str, Any]]:
        """As they stand in the preset, with the sentence that each would be."""
        return [
            {**one.model_dump(mode="json"), "sentence": example.sentence()}
            for one, example in zip(preset.criteria, preset.examples(), strict=True)
        ]


class PolicyComparisonAnswer(serializers.Serializer[Any]):
    """Two policies side by side, from ``then`` to ``now``: criteria that came, went and changed."""

    then = serializers.DictField()
    now = serializers.DictField()
    headline = serializers.CharField()
    ways = serializers.DictField(child=serializers.IntegerField())
    added = serializers.ListField(child=serializers.DictField())
    removed = serializers.ListField(child=serializers.DictField())
    changed = serializers.ListField(child=serializers.DictField())
    unchanged = serializers.ListField(child=serializers.CharField())
    out_of_scope = serializers.DictField()
    description_changed = serializers.BooleanField()


class SoundnessAnswer(serializers.Serializer[Any]):
    """Whether a draft could be locked now: what the lock would refuse, and what would mend it."""

    can_be_locked = serializers.BooleanField()
    lacks = serializers.ListField(child=serializers.DictField())
    advice = serializers.ListField(child=serializers.CharField())


class EvaluationBody(StrictSerializer):
    """Which release is to be evaluated; its newest revision unless a number is given."""

    release = serializers.UUIDField()
    revision = serializers.IntegerField(required=False, min_value=1)


class ListedCriterion(serializers.Serializer[Any]):
    """A criterion's verdict in a list."""

    key = serializers.CharField()
    kind = serializers.CharField()
    severity = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices)
    reason_code = serializers.ChoiceField([code.value for code in ReasonCode])
    sentence = serializers.CharField()
    strata = serializers.ListField(child=serializers.DictField())


class PastSerializer(serializers.Serializer[Any]):
    """An override that goes past the verdict: how it stands, and the verdict with it in words."""

    id = serializers.UUIDField()
    standing = serializers.CharField()
    sentence = serializers.CharField()


class EvaluationAnswer(serializers.Serializer[GateEvaluation]):
    """An evaluation with the whole evidence of every criterion and stratum."""

    id = serializers.UUIDField()
    release = serializers.UUIDField()
    revision = serializers.IntegerField()
    policy = serializers.UUIDField(allow_null=True)
    status = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices, allow_null=True)
    result_digest = serializers.CharField(allow_null=True)
    statement_digest = serializers.CharField(allow_null=True)
    signed = serializers.BooleanField()
    preregistered = serializers.BooleanField(allow_null=True)
    criteria = ListedCriterion(many=True)
    overrides = PastSerializer(many=True)
    warnings = serializers.ListField(child=serializers.DictField())
    progress = serializers.DictField(allow_null=True)

    def to_representation(self, instance: GateEvaluation) -> dict[str, Any]:
        """The whole document; the fields above are those that clients may rely on."""
        return {**evaluation_document(instance), "overrides": overrides_said(instance)}


class EvaluationRow(serializers.ModelSerializer[GateEvaluation]):
    """An evaluation in a list: its verdict without the evidence."""

    release_name = serializers.CharField(source="release.name", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)
    sentence = serializers.CharField(source="said", read_only=True, allow_null=True)
    overrides = serializers.SerializerMethodField()

    class Meta:
        model = GateEvaluation
        fields = (
            "id",
            "release",
            "release_name",
            "revision",
            "policy",
            "status",
            "verdict",
            "overrides",
            "sentence",
            "result_digest",
            "statement_digest",
            "preregistered",
            "requested_at",
            "requested_by_username",
            "ended_at",
        )
        read_only_fields = fields

    @extend_schema_field(PastSerializer(many=True))
    def get_overrides(self, evaluation: GateEvaluation) -> list[dict[str, str]]:
        """What goes past the verdict."""
        return overrides_said(evaluation)


class ComparisonAnswer(serializers.Serializer[Any]):
    """Two runs side by side, ``then`` and ``now``: what was said, and which inputs differ."""

    then = serializers.DictField()
    now = serializers.DictField()
    same_result = serializers.BooleanField()
    inputs = serializers.ListField(child=serializers.DictField())
    criteria = serializers.ListField(child=serializers.DictField())


class EnvelopeAnswer(serializers.Serializer[Any]):
    """A DSSE envelope around an in-toto statement."""

    payload = serializers.CharField(help_text="The statement, in base64")
    payloadType = serializers.CharField()  # noqa: N815 - as DSSE names it
    signatures = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))

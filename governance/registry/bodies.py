"""Bodies and answers of the interface to systems, channels, segments and components."""

from typing import Any

from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from governance.registry.kinds import CHOICES, KINDS
from governance.registry.models import Channel, ChannelKind, ComponentVersion, DigestKind, Segment, System
from governance.registry.predicates import parse_predicate, sentence

LONGEST_REASON = 4000
LONGEST_DESCRIPTION = 4000

DIGEST_MEANINGS = {
    DigestKind.ARTEFACT: "SHA-256 of the uploaded bytes; they were hashed on arrival and not kept.",
    DigestKind.DECLARED: "Declared by the registrant; nobody here has seen the bytes.",
    DigestKind.ATTRIBUTES: "SHA-256 of the canonical attributes, which are the whole content.",
}


class SystemBody(StrictSerializer):
    """A new decision system."""

    slug = Text(max_length=64)
    name = Text(max_length=150)
    description = Text(max_length=LONGEST_DESCRIPTION, required=False, default="", allow_blank=True)
    dataset_change_limit_rate = serializers.FloatField(required=False, default=0.1, min_value=0, max_value=1)
    starter_may_cast_last_vote = serializers.BooleanField(required=False, default=False)


class LogBeforeActBody(StrictSerializer):
    """Whether what goes forward waits for a signed checkpoint, and why."""

    on = serializers.BooleanField()
    reason = Text(max_length=LONGEST_REASON)


class ChannelBody(StrictSerializer):
    """A new channel of a system."""

    system = serializers.UUIDField()
    name = Text(max_length=100)
    kind = serializers.ChoiceField(ChannelKind.choices)
    drill = serializers.BooleanField(required=False, default=False)


class SegmentBody(StrictSerializer):
    """A segment, or its next version if the key is known."""

    system = serializers.UUIDField()
    key = Text(max_length=100)
    title = Text(max_length=150)
    predicate = JsonObject()
    protected = serializers.BooleanField()
    reason = Text(max_length=LONGEST_REASON)


class ComponentBody(StrictSerializer):
    """A version of a component. In a form, ``attributes`` is JSON text and ``artefact`` a file.

    The file is hashed while it arrives and is not kept.
    """

    kind = serializers.ChoiceField(CHOICES)
    system = serializers.UUIDField()
    name = Text(max_length=100)
    version = Text(max_length=100)
    attributes = JsonObject()
    digest = Text(max_length=100, required=False, default="", allow_blank=True)
    uri = Text(max_length=1000, required=False, default="", allow_blank=True)
    parents = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=100
    )
    owner = Text(max_length=150, required=False, default="", allow_blank=True)


class ArtefactBody(ComponentBody):
    """The same as a form, with the artefact's bytes."""

    artefact = serializers.FileField(required=False, allow_empty_file=False)


class StatusBody(StrictSerializer):
    """Why a component is deprecated or revoked."""

    reason = Text(max_length=LONGEST_REASON)


class SystemAnswer(serializers.ModelSerializer[System]):
    """A decision system."""

    registered_by = serializers.CharField(source="registered_by_username", read_only=True)

    class Meta:
        model = System
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "dataset_change_limit_rate",
            "starter_may_cast_last_vote",
            "log_before_act",
            "registered_at",
            "registered_by",
        )
        read_only_fields = fields


class ChannelAnswer(serializers.ModelSerializer[Channel]):
    """A channel."""

    class Meta:
        model = Channel
        fields = ("id", "system", "name", "kind", "drill", "registered_at")
        read_only_fields = fields


class SegmentAnswer(serializers.ModelSerializer[Segment]):
    """A version of a segment, with its predicate in words."""

    predicate = serializers.DictField(read_only=True)
    sentence = serializers.SerializerMethodField()
    defined_by = serializers.CharField(source="defined_by_username", read_only=True)

    class Meta:
        model = Segment
        fields = (
            "id",
            "system",
            "key",
            "version",
            "title",
            "predicate",
            "sentence",
            "protected",
            "reason",
            "defined_at",
            "defined_by",
        )
        read_only_fields = fields

    def get_sentence(self, segment: Segment) -> str:
        """The predicate in plain words."""
        return sentence(parse_predicate(segment.predicate))


class ComponentAnswer(serializers.ModelSerializer[ComponentVersion]):
    """A component version; ``digest_meaning`` says what its digest is worth."""

    attributes = serializers.DictField(read_only=True)
    parents = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    summary = serializers.SerializerMethodField()
    digest_meaning = serializers.SerializerMethodField()
    owner = serializers.CharField(source="owner_username", read_only=True)
    registered_by = serializers.CharField(source="registered_by_username", read_only=True)

    class Meta:
        model = ComponentVersion
        fields = (
            "id",
            "system",
            "kind",
            "name",
            "version",
            "digest",
            "digest_kind",
            "digest_meaning",
            "uri",
            "attributes",
            "summary",
            "parents",
            "owner",
            "status",
            "status_reason",
            "status_changed_at",
            "registered_at",
            "registered_by",
        )
        read_only_fields = fields

    def get_summary(self, component: ComponentVersion) -> str:
        """The component in a few words."""
        return KINDS[component.kind].summary(component.attributes)

    def get_digest_meaning(self, component: ComponentVersion) -> str:
        """How the digest came about."""
        return DIGEST_MEANINGS[DigestKind(component.digest_kind)]


ANY_BODY: dict[str, Any] = {"application/json": ComponentBody, "multipart/form-data": ArtefactBody}

"""Bodies and answers of the interface to releases."""

from typing import Any

from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from governance.ledger.events import EVENTS
from governance.ledger.models import Entry
from governance.registry.kinds import KINDS
from releases.bundles.consistency import LONGEST_ROLE, MOST_CHANNELS, MOST_SLOTS
from releases.bundles.models import Revision, RevisionState


class SlotBody(StrictSerializer):
    """A component in its place: ``channel`` for SDKs, ``role`` for datasets."""

    slot = serializers.ChoiceField([(kind.name, kind.title) for kind in KINDS.values()])
    component = serializers.UUIDField()
    channel = serializers.UUIDField(required=False, allow_null=True, default=None)
    role = Text(required=False, allow_null=True, allow_blank=True, default=None, max_length=LONGEST_ROLE)


class ContentBody(StrictSerializer):
    """What a revision is to hold; a part that is left out stays as it is."""

    channels = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_CHANNELS)
    slots = serializers.ListField(child=SlotBody(), required=False, max_length=MOST_SLOTS)
    card = JsonObject(required=False)
    rollout_plan = JsonObject(required=False)
    rollback_plan = JsonObject(required=False)


class DraftBody(ContentBody):
    """A new release. ``from_live``: a channel, whose live release's slots, channels and plans are copied.

    Beside ``from_live``, slots that are given take the places of those copied, and the others stay.
    """

    system = serializers.UUIDField()
    name = Text(max_length=100)
    from_live = serializers.UUIDField(required=False)


class NothingBody(StrictSerializer):
    """An empty body."""


class WithdrawBody(StrictSerializer):
    """Why."""

    reason = Text(max_length=4000)


class StackBody(StrictSerializer):
    """A stack, as the slots of a release."""

    slots = serializers.ListField(child=SlotBody(), min_length=1, max_length=MOST_SLOTS)


class StackAnswer(serializers.Serializer[Any]):
    """The digest of a stack and the document it is the SHA-256 of, in RFC 8785 bytes."""

    stack_digest = serializers.CharField()
    stack = serializers.JSONField()


class SlotAnswer(serializers.Serializer[Any]):
    """A component in its place; can be sent back as it is."""

    slot = serializers.CharField()
    channel = serializers.UUIDField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    component = serializers.UUIDField()


class EvidenceAnswer(serializers.Serializer[Any]):
    """Why a category applies: where, from what, to what."""

    slot = serializers.CharField()
    channel = serializers.UUIDField(source="channel_id", allow_null=True)
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()


class CategoryAnswer(serializers.Serializer[Any]):
    """A kind of change, why it needs a review, and the evidence for it."""

    key = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.CharField()
    evidence = EvidenceAnswer(many=True)


class DeploymentAnswer(serializers.Serializer[Any]):
    """Where a revision of the release stands on a channel, and since when."""

    channel = serializers.UUIDField(source="channel_id")
    revision = serializers.IntegerField(source="revision.number")
    state = serializers.CharField()
    stage = serializers.CharField()
    stage_number = serializers.IntegerField()
    paused = serializers.BooleanField()
    since = serializers.DateTimeField(source="state_changed_at")


class ReleaseAnswer(serializers.Serializer[Any]):
    """A release with one of its revisions, the newest unless another is asked for."""

    id = serializers.UUIDField()
    system = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.CharField()
    created_at = serializers.DateTimeField()
    copied_from = serializers.UUIDField(allow_null=True, help_text="The revision whose slots were copied.")
    revision = serializers.IntegerField()
    revision_id = serializers.UUIDField()
    state = serializers.ChoiceField(RevisionState.choices)
    channels = serializers.ListField(child=serializers.UUIDField())
    slots = SlotAnswer(many=True)
    card = serializers.JSONField()
    rollout_plan = serializers.JSONField()
    rollback_plan = serializers.JSONField()
    has_guarded_stage = serializers.BooleanField()
    stack_digest = serializers.CharField()
    manifest_digest = serializers.CharField(allow_null=True)
    adopted = serializers.BooleanField()
    drafted_at = serializers.DateTimeField()
    frozen_at = serializers.DateTimeField(allow_null=True)
    frozen_by = serializers.CharField(allow_null=True)
    deployments = DeploymentAnswer(many=True)
    categories = CategoryAnswer(many=True)


class RevisionAnswer(serializers.ModelSerializer[Revision]):
    """One revision in short."""

    revision = serializers.IntegerField(source="number", read_only=True)

    class Meta:
        model = Revision
        fields = (
            "id",
            "revision",
            "state",
            "adopted",
            "stack_digest",
            "manifest_digest",
            "drafted_at",
            "frozen_at",
            "frozen_by_username",
            "state_changed_at",
        )
        read_only_fields = fields


class ComponentShown(serializers.Serializer[Any]):
    """A component as one side of a change."""

    component = serializers.UUIDField(source="id")
    title = serializers.CharField(source="__str__")
    digest = serializers.CharField()
    status = serializers.CharField()


class ValueAnswer(serializers.Serializer[Any]):
    """One attribute side by side."""

    name = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    changed = serializers.BooleanField()


class ChangeAnswer(serializers.Serializer[Any]):
    """A place whose component differs, with its numbers."""

    slot = serializers.CharField()
    channel = serializers.UUIDField(source="channel_id", allow_null=True)
    role = serializers.CharField()
    sentence = serializers.CharField()
    old = ComponentShown(allow_null=True)
    new = ComponentShown(allow_null=True)
    values = ValueAnswer(many=True)


class BaselineAnswer(serializers.Serializer[Any]):
    """The revision that is compared with."""

    release = serializers.UUIDField(source="release_id")
    name = serializers.CharField(source="release.name")
    revision = serializers.IntegerField(source="number")
    manifest_digest = serializers.CharField()
    adopted = serializers.BooleanField()


class ChannelDifferenceAnswer(serializers.Serializer[Any]):
    """What changes on one channel; no ``baseline`` where nothing was live."""

    channel = serializers.UUIDField(source="channel.id")
    name = serializers.CharField(source="channel.name")
    baseline = BaselineAnswer(allow_null=True)
    changes = ChangeAnswer(many=True)
    categories = CategoryAnswer(many=True)


class DifferenceAnswer(serializers.Serializer[Any]):
    """What a revision changes, by channel, and all categories together."""

    release = serializers.UUIDField()
    revision = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True)
    categories = CategoryAnswer(many=True)
    channels = ChannelDifferenceAnswer(many=True)


class ManifestAnswer(serializers.Serializer[Any]):
    """The manifest. The answer's very bytes are hashed: their SHA-256 is the manifest digest."""

    card = serializers.CharField()
    channels = serializers.ListField(child=serializers.UUIDField())
    rollback_plan = serializers.CharField()
    rollout_plan = serializers.CharField()
    slots = serializers.ListField(child=serializers.JSONField())


class HistoryAnswer(serializers.Serializer[Entry]):
    """An entry of the record; ``ledger_index`` is null until it is sealed."""

    id = serializers.UUIDField()
    stream = serializers.CharField()
    seq = serializers.IntegerField(source="stream_seq")
    at = serializers.DateTimeField()
    event = serializers.CharField(source="document.type")
    title = serializers.SerializerMethodField()
    actor = serializers.JSONField(source="document.actor")
    on_behalf_of = serializers.JSONField(source="document.on_behalf_of", allow_null=True)
    reason = serializers.CharField(source="document.reason", allow_null=True)
    before = serializers.JSONField(source="document.before", allow_null=True)
    after = serializers.JSONField(source="document.after", allow_null=True)
    refs = serializers.JSONField(source="document.refs")
    ledger_index = serializers.SerializerMethodField()

    def get_title(self, entry: Entry) -> str:
        """The event's title for people; its bare name, where the catalogue of this version lacks it."""
        name = str(entry.document["type"])
        return EVENTS[name].title if name in EVENTS else name

    def get_ledger_index(self, entry: Entry) -> int | None:
        """The leaf's index."""
        leaf = getattr(entry, "leaf", None)
        return leaf.index if leaf is not None else None

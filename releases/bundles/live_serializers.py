"""Answers of the interface to what is live on a channel."""

from typing import Any

from rest_framework import serializers

from releases.bundles.arms import Arm


class ArmAnswer(serializers.Serializer[Any]):
    """A share of the channel's subjects and the revision that answers them; ``arm`` is OFREP's variant."""

    arm = serializers.ChoiceField([arm.value for arm in Arm])
    share = serializers.FloatField()
    release = serializers.UUIDField()
    revision = serializers.IntegerField()
    manifest_digest = serializers.CharField()


class CandidateAnswer(serializers.Serializer[Any]):
    """What is on its way beside what is live."""

    release = serializers.UUIDField()
    name = serializers.CharField()
    revision = serializers.IntegerField()
    revision_id = serializers.UUIDField()
    manifest_digest = serializers.CharField()
    internal_keys = serializers.IntegerField(help_text="How many single keys it answers.")


class LiveAnswer(serializers.Serializer[Any]):
    """What answers on a channel at a time; all null but ``sentence`` where nothing does.

    While a candidate is on its way, ``stage`` and ``rollout`` are the candidate's.
    """

    channel = serializers.UUIDField()
    at = serializers.DateTimeField()
    live = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()
    release = serializers.UUIDField(allow_null=True)
    revision = serializers.IntegerField(allow_null=True)
    revision_id = serializers.UUIDField(allow_null=True)
    manifest_digest = serializers.CharField(allow_null=True)
    stage = serializers.CharField(allow_null=True)
    stage_number = serializers.IntegerField(allow_null=True)
    rollout = serializers.UUIDField(allow_null=True)
    candidate = CandidateAnswer(allow_null=True)
    arms = ArmAnswer(many=True)
    since = serializers.DateTimeField(allow_null=True)
    ledger_index = serializers.IntegerField(
        allow_null=True, help_text="Index of the entry's leaf; null while it is not sealed yet."
    )
    adopted = serializers.BooleanField(allow_null=True)
    pending_seal = serializers.BooleanField(
        allow_null=True,
        help_text="Whether a change is recorded that serves once a signed checkpoint covers it.",
    )

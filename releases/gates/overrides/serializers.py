"""Bodies and answers of the interface to overrides."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.bodies import LONGEST_REASON
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.rest import StrictSerializer
from releases.gates.models import Override
from releases.gates.overrides.queries import stands_at
from releases.gates.overrides.standing import Standing, overridden
from releases.gates.overrides.terms import LONGEST_HOURS, LONGEST_REVIEW_DAYS, REVIEW_DAYS


class TermsBody(StrictSerializer):
    """What one or two persons answer for; ``proposal`` confirms what another person proposed, and all else
    must then be as proposed.
    """

    criteria = serializers.ListField(
        child=Text(max_length=64),
        allow_empty=False,
        max_length=200,
        help_text="Keys of all enforced blocking criteria that do not pass, and of no others.",
    )
    reason = Text(max_length=LONGEST_REASON)
    result_digest = Text(max_length=71, help_text="Of the result that was looked at: the newest one.")
    channels = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=40,
        help_text="Channels that the release touches; all of them by default.",
    )
    valid_hours = serializers.IntegerField(required=False, default=LONGEST_HOURS)
    proposal = serializers.UUIDField(required=False, allow_null=True, default=None)


class OverrideBody(TermsBody):
    """Which release's newest revision is let past its gate, and on what terms."""

    release = serializers.UUIDField()


class ExpediteBody(TermsBody):
    """The terms of an expedited release, with when its review is due."""

    review_days = serializers.IntegerField(
        required=False, default=REVIEW_DAYS, help_text=f"From 1 to {LONGEST_REVIEW_DAYS} days."
    )


class ConclusionBody(StrictSerializer):
    """What a look afterwards came to; it stands in the ledger."""

    conclusion = Text(max_length=LONGEST_REASON)


class OverrideSerializer(serializers.ModelSerializer[Override]):
    """An override; ``standing`` says whether it counts now, ``sentence`` says so in words.

    It goes past the gate's ``evaluation``, or past a ``trigger`` in one stage of a rollout: ``result_digest``
    is then that of the trigger's evidence.
    """

    system = serializers.UUIDField(source="release.system_id", read_only=True)
    release_name = serializers.CharField(source="release.name", read_only=True)
    revision_number = serializers.IntegerField(source="revision.number", read_only=True)
    standing = serializers.SerializerMethodField()
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Override
        fields = (
            "id",
            "system",
            "release",
            "release_name",
            "revision",
            "revision_number",
            "evaluation",
            "trigger",
            "stage_number",
            "manifest_digest",
            "result_digest",
            "verdict",
            "criteria",
            "channels",
            "reason",
            "expedite",
            "standing",
            "sentence",
            "given_at",
            "given_by_username",
            "confirmed_by_username",
            "expires_at",
            "withdrawn_at",
            "withdrawn_by_username",
            "withdrawal_reason",
            "review_due_at",
            "reviewed_at",
            "reviewed_by_username",
            "review_conclusion",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([one.value for one in Standing]))
    def get_standing(self, override: Override) -> str:
        """Now."""
        return stands_at(override, timezone.now()).value

    def get_sentence(self, override: Override) -> str:
        """The verdict with its override, in words."""
        return overridden(override, stands_at(override, timezone.now()))


class OverrideProposalAnswer(serializers.ModelSerializer[Proposal]):
    """An override that waits for its second person; ``arguments`` are what the confirming call repeats."""

    proposal = serializers.UUIDField(source="id", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by_username", read_only=True)

    class Meta:
        model = Proposal
        fields = ("proposal", "system", "arguments", "reason", "proposed_by", "proposed_at", "expires_at")
        read_only_fields = fields


class OverrideProposalList(serializers.Serializer[Any]):
    """All of them: they are few by nature, so there are no pages."""

    count = serializers.IntegerField()
    results = OverrideProposalAnswer(many=True)

"""Bodies and answers of the interface to rollouts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.bodies import ProposalAnswer, ReasonBody
from governance.access.models import Proposal
from governance.access.parsing import Text
from governance.access.rest import StrictSerializer
from releases.bundles.documents import MOST_STAGES
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, Rollback, StageApproval
from releases.rollouts.progress_queries import StageState, stage_rail
from releases.rollouts.readings import CheckState, last_reading
from releases.rollouts.stages import (
    ON_ITS_WAY,
    PlanUnreadable,
    advance_at,
    exposure_of,
    next_step,
    overdue_at,
)
from releases.rollouts.waits import what_it_waits_for

T = TypeVar("T")


class RollbackSerializer(serializers.ModelSerializer[Rollback]):
    """What was taken back, to what, by whom and why.

    ``triggers`` are keys of those that fired, if it was taken back by itself. ``landing`` says whether every
    instance is seen to follow: pending, landed, escalated after two minutes (``missing`` says who does not),
    or empty for one that nobody watched.
    """

    channel = serializers.UUIDField(source="deployment.channel_id", read_only=True)
    target_release = serializers.UUIDField(source="target.release_id", read_only=True)
    target_name = serializers.CharField(source="target.release.name", read_only=True)

    class Meta:
        model = Rollback
        fields = (
            "id",
            "release",
            "deployment",
            "channel",
            "target",
            "target_release",
            "target_name",
            "reason",
            "rolled_back_at",
            "rolled_back_by_username",
            "triggers",
            "landing",
            "landed_at",
            "escalated_at",
            "missing",
        )
        read_only_fields = fields


class SharesAnswer(serializers.Serializer[Any]):
    """How many of the channel's subjects get the candidate, how many are its control, and single keys."""

    treatment = serializers.FloatField()
    control = serializers.FloatField()
    internal_keys = serializers.IntegerField()


class CheckAnswer(serializers.Serializer[Any]):
    """One thing that the next stage depends on, in the order in which the checks are made."""

    check = serializers.CharField()
    key = serializers.CharField(help_text="Which criterion, trigger or role, where there are several.")
    state = serializers.ChoiceField([state.value for state in CheckState])
    sentence = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    numbers = serializers.DictField(help_text="What it was judged by.")


class ReadingAnswer(serializers.Serializer[Any]):
    """When monitoring looked last, and the digest of what it concluded: an approval of the stage names it."""

    digest = serializers.CharField()
    read_at = serializers.DateTimeField()
    measured_at = serializers.DateTimeField()
    is_shown = serializers.BooleanField()
    is_recent = serializers.BooleanField()


class StageApprovalSerializer(serializers.ModelSerializer[StageApproval]):
    """An approval of what a stage showed."""

    class Meta:
        model = StageApproval
        fields = (
            "id",
            "deployment",
            "stage_number",
            "role",
            "username",
            "evidence_digest",
            "reason",
            "approved_at",
        )
        read_only_fields = fields


class RailAnswer(serializers.Serializer[Any]):
    """A stage of the plan and how it stands."""

    number = serializers.IntegerField(source="step.number")
    kind = serializers.CharField(source="step.stage.kind")
    title = serializers.CharField(source="step.title")
    share = serializers.FloatField(source="step.share")
    state = serializers.ChoiceField([state.value for state in StageState])


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    """A revision on a channel; ``adopted`` says that no approval covers it.

    ``shares``, ``next_stage``, ``advance_from`` (the earliest time, by the stage's minimum duration),
    ``held_from`` (when a stage that nobody advances is held) and ``waits_for`` are about one on its way.
    """

    release_name = serializers.CharField(source="release.name", read_only=True)
    revision_number = serializers.IntegerField(source="revision.number", read_only=True)
    channel_name = serializers.CharField(source="channel.name", read_only=True)
    adopted = serializers.BooleanField(source="revision.adopted", read_only=True)
    rollback = RollbackSerializer(read_only=True, allow_null=True)
    shares = serializers.SerializerMethodField()
    next_stage = serializers.SerializerMethodField()
    advance_from = serializers.SerializerMethodField()
    held_from = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()
    reading = serializers.SerializerMethodField()
    stage_approvals = StageApprovalSerializer(many=True, read_only=True)

    class Meta:
        model = Deployment
        fields = (
            "id",
            "release",
            "release_name",
            "revision",
            "revision_number",
            "channel",
            "channel_name",
            "approval",
            "adopted",
            "state",
            "stage",
            "stage_number",
            "stage_entered_at",
            "shares",
            "paused",
            "held_reason",
            "next_stage",
            "advance_from",
            "held_from",
            "waits_for",
            "reading",
            "stage_approvals",
            "stages",
            "started_at",
            "started_by_username",
            "state_changed_at",
            "rollback",
        )
        read_only_fields = fields

    @extend_schema_field(SharesAnswer(allow_null=True))
    def get_shares(self, deployment: Deployment) -> Any:
        """The sizes of both arms now: none while it is paused."""
        exposure = _planned(exposure_of, deployment) if deployment.state in ON_ITS_WAY else None
        return exposure and {
            "treatment": exposure.treatment_share,
            "control": exposure.control_share,
            "internal_keys": len(exposure.internal_keys),
        }

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_next_stage(self, deployment: Deployment) -> int | None:
        """The number to send as ``to_stage``."""
        following = _planned(next_step, deployment) if deployment.state in ON_ITS_WAY else None
        return following.number if following else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_advance_from(self, deployment: Deployment) -> Any:
        """Null while it is paused: the minimum duration begins anew when it is resumed."""
        counts = deployment.state in ON_ITS_WAY and not deployment.paused
        return _time(_planned(advance_at, deployment) if counts else None)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_held_from(self, deployment: Deployment) -> Any:
        """By the stage's longest duration."""
        return _time(_planned(overdue_at, deployment))

    @extend_schema_field(CheckAnswer(many=True))
    def get_waits_for(self, deployment: Deployment) -> Any:
        """The checks before the next stage."""
        return CheckAnswer(what_it_waits_for(deployment, timezone.now()), many=True).data

    @extend_schema_field(ReadingAnswer(allow_null=True))
    def get_reading(self, deployment: Deployment) -> Any:
        """Null before monitoring has looked at the stage."""
        reading = last_reading(deployment)
        if reading is None:
            return None
        answer = {**vars(reading), "is_shown": reading.is_shown}
        return ReadingAnswer({**answer, "is_recent": reading.is_recent(timezone.now())}).data

    @extend_schema_field(RailAnswer(many=True))
    def get_stages(self, deployment: Deployment) -> Any:
        """The plan's stages; none for an adopted release."""
        return RailAnswer(stage_rail(deployment), many=True).data


def _planned(ask: Callable[[Deployment], T], deployment: Deployment) -> T | None:
    """What the plan says; None where it cannot be read, which stands in ``waits_for``."""
    try:
        return ask(deployment)
    except PlanUnreadable:
        return None


def _time(at: datetime | None) -> Any:
    return serializers.DateTimeField().to_representation(at) if at else None


class StartBody(StrictSerializer):
    """Which release goes live where."""

    release = serializers.UUIDField()
    channel = serializers.UUIDField()


class ApproveStageBody(ReasonBody):
    """What was looked at, and the ``digest`` of the reading that was seen: another one is refused."""

    evidence_digest = Text(max_length=71)


class AdvanceBody(ReasonBody):
    """Why it may go on, and the number of the stage that is meant: another next stage is refused."""

    to_stage = serializers.IntegerField(
        min_value=1,
        max_value=MOST_STAGES,
        required=False,
        default=None,
        help_text="Always name it: without it a call in the first minute after an advance is refused, "
        "because it may be the same one again.",
    )


class AdoptBody(StrictSerializer):
    """The channels that the release serves already; ``proposal`` confirms what another person proposed."""

    channels = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=40)
    reason = Text(max_length=4000)
    proposal = serializers.UUIDField(required=False)


class AdoptionProposalAnswer(ProposalAnswer):
    """An adoption that waits for its second person."""

    def get_next_step(self, proposal: Proposal) -> str:
        """What the second person does."""
        return (
            "Another release manager or an approver repeats this call with the same fields and "
            f'"proposal": "{proposal.id}" before {proposal.expires_at:%F %R} UTC.'
        )


class AdoptedSerializer(serializers.ModelSerializer[Revision]):
    """The adopted revision and where it serves."""

    deployments = DeploymentSerializer(many=True, read_only=True)

    class Meta:
        model = Revision
        fields = (
            "id",
            "release",
            "number",
            "state",
            "adopted",
            "stack_digest",
            "manifest_digest",
            "deployments",
        )
        read_only_fields = fields

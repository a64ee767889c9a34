"""What a revision must hold before it is frozen; everything that is missing is named at once."""

from collections.abc import Iterable

from governance.access.models import Account
from governance.documents import sentence
from governance.errors import FieldError, GovernanceError
from governance.registry.kinds import KINDS, Kind
from governance.registry.models import Channel, ComponentStatus
from releases.bundles.content import ReleaseContent, SlotInput
from releases.bundles.documents import CARD_TEXTS, GENERAL, StageKind, has_guarded_stage
from releases.bundles.guarding import (
    LEAST_GUARDED_COVERAGE,
    SHADOW_IS_NOT_ENOUGH,
    GuardedReason,
    guards,
    sentence_of,
    widest_guarded,
)
from releases.bundles.manifest import stack_digest
from releases.bundles.measure_problems import measure_problems
from releases.bundles.trigger_problems import trigger_problems


class ReleaseIncomplete(GovernanceError):
    """Parts of the release are missing or do not belong together; ``field_errors`` names each."""

    code = "release_incomplete"
    title = "The release is not complete"
    next_step = "Edit the draft until every named part is there, then freeze it."


def check_complete(content: ReleaseContent, reasons: Iterable[GuardedReason] = ()) -> None:
    """Refuse to freeze what is incomplete. ``reasons`` are those for which it needs a guarded stage.

    Raises:
        ReleaseIncomplete: naming every missing or unfit part.
    """
    problems = [
        *_channel_problems(content.channels),
        *_slot_problems(content),
        *_revoked(content.slots),
        *_report_problems(content.slots),
        *_card_problems(content),
        *_stage_problems(content),
        *measure_problems(content),
        *_guarded_problems(content, tuple(reasons)),
        *_rollback_problems(content),
        *trigger_problems(content),
    ]
    if problems:
        raise ReleaseIncomplete(
            f"The release cannot be frozen: {sentence(problems)}.", field_errors=tuple(problems)
        )


def _channel_problems(channels: tuple[Channel, ...]) -> Iterable[FieldError]:
    if not channels:
        yield FieldError("channels", "name at least one channel that the release is for")


def _slot_problems(content: ReleaseContent) -> Iterable[FieldError]:
    for kind in KINDS.values():
        held = [slot for slot in content.slots if slot.slot == kind.name]
        if kind.per_channel:
            yield from _missing_channels(kind, held, content.channels)
        elif not held:
            yield FieldError(f"slots.{kind.name}", f"a release needs {_with_article(kind)}")


def _with_article(kind: Kind) -> str:
    title = kind.title.lower()
    return f"an {title}" if title[0] in "aeiou" else f"a {title}"


def _missing_channels(
    kind: Kind, held: list[SlotInput], channels: tuple[Channel, ...]
) -> Iterable[FieldError]:
    served = {slot.channel_id for slot in held}
    for channel in channels:
        if channel.id not in served:
            yield FieldError(f"slots.{kind.name}", f"the channel {channel} needs one {kind.title}")


def _revoked(slots: tuple[SlotInput, ...]) -> Iterable[FieldError]:
    for index, slot in enumerate(slots):
        if slot.component.status == ComponentStatus.REVOKED:
            reason = slot.component.status_reason
            yield FieldError(f"slots[{index}].component", f"{slot.component} is revoked: {reason}")


def _report_problems(slots: tuple[SlotInput, ...]) -> Iterable[FieldError]:
    computed = stack_digest(slots)
    for index, slot in enumerate(slots):
        measured = slot.component.attributes.get("stack_digest")
        if slot.slot == "evaluation_report" and measured != computed:
            yield FieldError(
                f"slots[{index}].component",
                f"{slot.component} measured the stack {measured}; this release's stack is {computed}."
                " Give a report of this very stack",
            )


def _card_problems(content: ReleaseContent) -> Iterable[FieldError]:
    for name in CARD_TEXTS:
        if not str(content.card.get(name, "")).strip():
            yield FieldError(f"card.{name}", f"say {_CARD_QUESTIONS[name]}")


_CARD_QUESTIONS = {
    "what_changed": "what changed since the last version",
    "why": "why the change is made",
    "data": "which data it was made and measured with",
    "channels_tested": "which channels were tested",
    "expected_benefits": "what is expected to get better",
    "known_risks": "which risks are known",
    "rollback_trigger": "what would make you take it back",
}


def _stage_problems(content: ReleaseContent) -> Iterable[FieldError]:
    stages = content.rollout_plan.get("stages", [])
    if not stages:
        yield FieldError("rollout_plan.stages", f"plan at least the last stage, {GENERAL!r}")
    elif stages[-1].get("kind") != GENERAL:
        yield FieldError(
            "rollout_plan.stages",
            f"a plan ends with the stage {GENERAL!r}, in which everybody gets the release; "
            f"the last one is {stages[-1].get('kind')!r}",
        )
    known = {trigger.get("key") for trigger in content.rollback_plan.get("triggers", [])} - {None, ""}
    for index, stage in enumerate(stages):
        for place, key in enumerate(stage.get("triggers", [])):
            if key not in known:
                there = ", ".join(sorted(known)) or "none with a key"
                yield FieldError(
                    f"rollout_plan.stages[{index}].triggers[{place}]",
                    f"the rollback plan has no trigger {key!r}; there is {there}",
                )


def _guarded_problems(content: ReleaseContent, reasons: tuple[GuardedReason, ...]) -> Iterable[FieldError]:
    stages = content.rollout_plan.get("stages")
    if not reasons or not stages or guards(content.rollout_plan):
        return
    needed = f"a guarded stage is needed: {sentence_of(reasons)}"
    if not has_guarded_stage(content.rollout_plan):
        yield FieldError("rollout_plan.stages", f"{needed}. {SHADOW_IS_NOT_ENOUGH}")
        return
    # The last one covers most, so it is the one that comes nearest.
    index = max(place for place, stage in enumerate(stages) if stage.get("kind") == StageKind.GUARDED)
    yield FieldError(
        f"rollout_plan.stages[{index}].coverage",
        f"the guarded stage shows the release to {widest_guarded(content.rollout_plan):.4g} of the people; "
        f"show it to at least {LEAST_GUARDED_COVERAGE}, so that there is something to see; {needed}",
    )


def _rollback_problems(content: ReleaseContent) -> Iterable[FieldError]:
    plan = content.rollback_plan
    owner = plan.get("owner", "")
    if not owner:
        yield FieldError("rollback_plan.owner", "name the account that takes the release back if need be")
    elif not Account.objects.filter(username=owner, is_active=True).exists():
        yield FieldError("rollback_plan.owner", f"{owner!r} is no active account; name another")
    if not str(plan.get("steps", "")).strip():
        yield FieldError("rollback_plan.steps", "write down the steps of a rollback before the release")

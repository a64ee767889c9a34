"""What the triggers of a rollback plan lack before the revision is frozen."""

from collections.abc import Iterable, Iterator

from governance.access.models import Account
from governance.errors import FieldError
from governance.registry.models import System
from governance.registry.queries import segments_in_force
from releases.bundles.content import ReleaseContent
from releases.bundles.documents import WITH_ARMS, StageKind, stages_of
from releases.bundles.triggers import CountedTrigger, Spec, VsControlTrigger, WordsTrigger, triggers_of

WITHOUT_ARMS = frozenset({StageKind.OFFLINE_VALIDATION, StageKind.INTERNAL_TESTING, StageKind.SHADOW})


def trigger_problems(content: ReleaseContent) -> Iterator[FieldError]:
    """At least one, each with a description, no key twice; of the measured ones also an owner, and something
    to look at."""
    found = triggers_of(content.rollback_plan)
    if not found:
        yield FieldError("rollback_plan.triggers", "name at least one event that leads to a rollback")
    keys = [one.key for one in found if one.key]
    segments = _Segments(content)
    for index, one in enumerate(found):
        place = f"rollback_plan.triggers[{index}]"
        if not one.description.strip():
            yield FieldError(f"{place}.description", "say when it fires")
        if keys.count(one.key) > 1:
            yield FieldError(
                f"{place}.key", f"{one.key!r} names several triggers; a stage could not say which is in force"
            )
        if not isinstance(one, WordsTrigger):
            yield from _owner_problems(one, place)
            yield from segments.problems(one, place)
            yield from _stage_problems(one, place, content)


def _owner_problems(spec: Spec, place: str) -> Iterator[FieldError]:
    if not spec.owner:
        yield FieldError(f"{place}.owner", "name the account that answers for this trigger")
    elif not Account.objects.filter(username=spec.owner, is_active=True).exists():
        yield FieldError(f"{place}.owner", f"{spec.owner!r} is no active account; name another")


class _Segments:
    """The segments of the content's system, read once and only if a trigger asks."""

    def __init__(self, content: ReleaseContent) -> None:
        self._system: System | None = content.channels[0].system if content.channels else None
        self._keys: dict[str, bool] | None = None

    def problems(self, spec: Spec, place: str) -> Iterator[FieldError]:
        """Segments that are not there: nothing would ever be counted for them."""
        if not isinstance(spec, CountedTrigger) or spec.segments == "everybody" or self._system is None:
            return
        known = self._known(self._system)
        if spec.segments == "protected":
            if not any(known.values()):
                yield FieldError(
                    f"{place}.segments", f"{self._system} has no protected segment; define one first"
                )
            return
        for index, key in enumerate(spec.segments):
            if key not in known:
                there = ", ".join(sorted(known)) or "none"
                yield FieldError(
                    f"{place}.segments[{index}]", f"{self._system} has no segment {key!r}; there is {there}"
                )

    def _known(self, system: System) -> dict[str, bool]:
        if self._keys is None:
            self._keys = {segment.key: segment.protected for segment in segments_in_force(system)}
        return self._keys


def _stage_problems(spec: Spec, place: str, content: ReleaseContent) -> Iterable[FieldError]:
    """A comparison with a control arm is in force where there is one, or was one before."""
    if not isinstance(spec, VsControlTrigger):
        return
    stages = stages_of(content.rollout_plan)
    has_arms = any(stage.kind in WITH_ARMS for stage in stages)
    for index, stage in enumerate(stages):
        if spec.key in stage.triggers and (stage.kind in WITHOUT_ARMS or not has_arms):
            yield FieldError(
                f"rollout_plan.stages[{index}].triggers",
                f"{spec.key!r} compares with a control arm, and a stage {stage.kind.value!r} has none"
                + ("" if has_arms else ", nor has any stage of the plan"),
            )

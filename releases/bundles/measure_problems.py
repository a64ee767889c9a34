"""What keeps a stage's measured criteria from being measured, when the release is frozen."""

from collections.abc import Iterator

from governance.errors import FieldError
from governance.registry.queries import segments_in_force
from releases.bundles.content import ReleaseContent
from releases.bundles.documents import stages_of


def measure_problems(content: ReleaseContent) -> Iterator[FieldError]:
    """Segments that nobody has defined, or that are to be protected and of which none is."""
    named = [
        (f"rollout_plan.stages[{index}].criteria[{place}].measure.segments", criterion.measure.segments)
        for index, stage in enumerate(stages_of(content.rollout_plan))
        for place, criterion in enumerate(stage.criteria)
        if criterion.measure is not None and criterion.measure.segments != "everybody"
    ]
    if not named or not content.channels:
        return
    segments = segments_in_force(content.channels[0].system)
    known = {segment.key for segment in segments}
    for field, keys in named:
        if keys == "protected" and not any(segment.protected for segment in segments):
            yield FieldError(field, "no segment of the system is protected; name segments, or leave it out")
        unknown = sorted(set(keys) - known) if isinstance(keys, list) else []
        if unknown:
            there = ", ".join(sorted(known)) or "none"
            yield FieldError(field, f"no segment {', '.join(unknown)} is defined; there is {there}")

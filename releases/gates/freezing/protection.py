"""All protected segments in force are always judged, whether the policy names them or not, and in full.

A policy may have been locked before a segment was defined, or may have forgotten it. What was in force when
the revision was frozen is added to its criteria under the same limits, frozen into the inputs by version,
and marked in the result. Segments that the policy pinned stay as they were pinned.

- A criterion that is cut by segments is joined by those it lacks.
- Where no deciding criterion cuts BPCER by segments, each that judges BPCER in another cut judges them too.
- A criterion on BPCER or BPNRR that looks at some captures only (``where``) judges them beside that on all of
  their captures, unless a deciding one asks the same without the condition. A filter takes nobody out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard

from governance.registry.models import Segment, System
from governance.registry.queries import segments_in_force
from releases.bundles.models import Revision
from releases.gates.judging.baselines import ComparedSpec
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import AddedSegmentInput
from releases.gates.vocabulary.pins import PinnedSegment
from releases.gates.vocabulary.specs import MeasuredSpec, Spec

REFUSALS = frozenset({"bpcer", "bpcer_with_non_response"})
SILENCE = frozenset({"bpnrr"})


def added_segments(revision: Revision, criteria: Sequence[Criterion]) -> list[AddedSegmentInput]:
    """Protected segments that some criterion is to judge and does not name, each with those criteria."""
    return added_at(revision.release.system, revision.frozen_at, criteria)


def added_at(system: System, at: datetime | None, criteria: Sequence[Criterion]) -> list[AddedSegmentInput]:
    """The same for whatever is frozen at a time; None: now."""
    protected = [one for one in segments_in_force(system, at) if one.protected]
    found = [_added(segment, criteria) for segment in protected]
    return [one for one in found if one.criteria or one.in_full]


def _added(segment: Segment, criteria: Sequence[Criterion]) -> AddedSegmentInput:
    pinned = PinnedSegment(
        id=segment.id,
        key=segment.key,
        version=segment.version,
        title=segment.title,
        protected=True,
        predicate=segment.predicate,
        added="protected",
    )
    whole = [one.spec for one in criteria if one.decides and _cuts_by_segments(one.spec)]
    in_full = [one.key for one in criteria if _judges_a_part(one.spec, whole)]
    lacking = [
        one.key
        for one in criteria
        if one.key not in in_full and (one.spec.lacks([pinned]) or _judges_otherwise(one.spec, whole))
    ]
    return AddedSegmentInput(
        id=str(segment.id),
        key=segment.key,
        version=segment.version,
        title=segment.title,
        predicate=segment.predicate,
        criteria=lacking,
        in_full=in_full,
    )


def keeps_protected(spec: Spec) -> bool:
    """Whether protected segments are judged by its question on all captures, whatever its condition."""
    return _is_of(spec, REFUSALS | SILENCE)


def _cuts_by_segments(spec: Spec) -> bool:
    """Whether it judges each segment by itself, whoever its people are besides."""
    return isinstance(spec, MeasuredSpec) and spec.strata.kind() == "segment" and not spec.is_narrowed


def _judges_otherwise(spec: Spec, whole: Sequence[Spec]) -> bool:
    """Whether it judges refusals in another cut, and nothing judges them segment by segment."""
    if not _is_of(spec, REFUSALS) or spec.strata.has("segment"):
        return False
    return not any(_is_of(one, REFUSALS) for one in whole)


def _judges_a_part(spec: Spec, whole: Sequence[Spec]) -> bool:
    """Whether it leaves captures out that no other criterion of the same kind judges segment by segment."""
    if not _is_of(spec, REFUSALS | SILENCE):
        return False
    if spec.is_narrowed:
        return not any(_question(one) == _question(spec) for one in whole)
    is_crossed = spec.strata.crossing is not None and spec.strata.has("segment")
    return is_crossed and _is_of(spec, REFUSALS) and not any(_is_of(one, REFUSALS) for one in whole)


def _is_of(spec: Spec, metrics: frozenset[str]) -> TypeGuard[MeasuredSpec]:
    return isinstance(spec, MeasuredSpec) and spec.metric in metrics


def _question(spec: Spec) -> tuple[object, ...]:
    """What a criterion asks, beside on whom and with which limit."""
    baseline = spec.baseline if isinstance(spec, ComparedSpec) else None
    metric = spec.metric if isinstance(spec, MeasuredSpec) else ""
    return type(spec), metric, baseline and baseline.kind

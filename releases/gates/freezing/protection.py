"""All protected segments in force are always judged, whether the policy names them or not.

A policy may have been locked before a segment was defined, or may have forgotten it. What was in force when
the revision was frozen is added to its criteria under the same limits, frozen into the inputs by version,
and marked in the result. Segments that the policy pinned stay as they were pinned.

- A criterion that is cut by segments is joined by those it lacks.
- Where no deciding criterion cuts BPCER by segments, each that judges BPCER in another cut judges them too.
"""

from collections.abc import Sequence
from datetime import datetime

from governance.registry.models import Segment, System
from governance.registry.queries import segments_in_force
from releases.bundles.models import Revision
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import AddedSegmentInput
from releases.gates.vocabulary.pins import PinnedSegment
from releases.gates.vocabulary.specs import MeasuredSpec, Spec

REFUSALS = frozenset({"bpcer", "bpcer_with_non_response"})


def added_segments(revision: Revision, criteria: Sequence[Criterion]) -> list[AddedSegmentInput]:
    """Protected segments that some criterion is to judge and does not name, each with those criteria."""
    return added_at(revision.release.system, revision.frozen_at, criteria)


def added_at(system: System, at: datetime | None, criteria: Sequence[Criterion]) -> list[AddedSegmentInput]:
    """The same for whatever is frozen at a time; None: now."""
    protected = [one for one in segments_in_force(system, at) if one.protected]
    found = [_added(segment, criteria) for segment in protected]
    return [one for one in found if one.criteria]


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
    by_segments = any(_cuts_refusals(one.spec) for one in criteria if one.decides)
    lacking = [
        one.key
        for one in criteria
        if one.spec.lacks([pinned]) or (not by_segments and _judges_refusals_otherwise(one.spec))
    ]
    return AddedSegmentInput(
        id=str(segment.id),
        key=segment.key,
        version=segment.version,
        title=segment.title,
        predicate=segment.predicate,
        criteria=lacking,
    )


def _cuts_refusals(spec: Spec) -> bool:
    """Whether it judges how often genuine users of each segment are refused, whoever they are besides."""
    if not isinstance(spec, MeasuredSpec) or spec.metric not in REFUSALS:
        return False
    return spec.strata.kind() == "segment" and spec.where is None


def _judges_refusals_otherwise(spec: Spec) -> bool:
    return isinstance(spec, MeasuredSpec) and spec.metric in REFUSALS and not spec.strata.has("segment")

"""What a candidate is compared with: what is live on each touched channel, or the release that the policy
pinned.

Each distinct live revision is a baseline of its own; the pinned one keeps small steps in one direction from
adding up.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import model_validator

from releases.gates.judging.context import Context
from releases.gates.judging.lines import Place, concluded, unanswered
from releases.gates.vocabulary.inputs import ChannelInput, DatasetInput, ReferenceInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, NotAnswerable, ReasonCode, StratumOutcome
from releases.gates.vocabulary.pins import Identifier, Part, PinnedRelease, PinnedSegment
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.statistics.decisions import Verdict


class Baseline(Part):
    """What the candidate is compared with. ``pinned`` is filled when the policy is locked."""

    kind: Literal["live", "pinned"]
    release: Identifier | None = None
    when_no_baseline: Literal["absolute_only", "inconclusive"] = "inconclusive"
    pinned: PinnedRelease | None = None

    @model_validator(mode="after")
    def release_belongs_to_pinned(self) -> Self:
        """A pinned baseline names its release; the live one cannot be chosen."""
        if (self.kind == "pinned") != (self.release is not None):
            raise ValueError("a pinned baseline names its release; a live one names none")
        if self.kind == "pinned" and self.when_no_baseline != "inconclusive":
            raise ValueError("when_no_baseline is for the live baseline; a pinned one always exists")
        return self

    def words(self) -> str:
        """``what is live``, or the name of the reference release."""
        if self.kind == "live":
            return "what is live"
        return self.pinned.name if self.pinned else "the reference release"


class ComparedSpec(ClusteredSpec):
    """A figure that is compared with that of a baseline, stratum by stratum."""

    baseline: Baseline

    @model_validator(mode="after")
    def stratum_by_stratum(self) -> Self:
        """The worst of one stack is not compared with the worst of another."""
        if self.stratum_rule == "worst":
            raise ValueError("a comparison is made stratum by stratum: stratum_rule is every or pooled")
        return self

    def wanted_release(self) -> UUID | None:
        return self.baseline.release

    def reference(self) -> PinnedRelease | None:
        return self.baseline.pinned

    def is_pinned(self) -> bool:
        return super().is_pinned() or self.baseline.pinned is not None

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        spec = super().pinned_with(segments, release)
        if self.baseline.release is None:
            return spec
        return spec.model_copy(update={"baseline": self.baseline.model_copy(update={"pinned": release})})


@dataclass(frozen=True)
class Comparison:
    """One reference on one dataset; ``against`` is its name in sentences."""

    dataset: DatasetInput
    reference: ReferenceInput
    against: str
    place: Place


def against_each_baseline(
    context: Context, spec: ComparedSpec, lines: Callable[[Comparison], Iterable[StratumOutcome]]
) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""
    try:
        datasets = context.datasets(spec.dataset)
        references = _references(context, spec)
    except NotAnswerable as error:
        return concluded(unanswered(spec, error))
    found: list[StratumOutcome] = []
    for dataset in datasets:
        for reference in references:
            pair = _comparison(spec, dataset, reference, len(references))
            try:
                found += lines(pair)
            except NotAnswerable as error:
                found += unanswered(spec, error, pair.place)
    return _with_empty_channels(context, spec, found)


def _with_empty_channels(
    context: Context, spec: ComparedSpec, lines: list[StratumOutcome]
) -> CriterionOutcome:
    missing = context.inputs.channels_without_live if spec.baseline.kind == "live" else []
    if spec.baseline.when_no_baseline == "inconclusive":
        return concluded([*lines, *(line for channel in missing for line in _nothing_live(spec, channel))])
    notes = [f"Nothing is live on {channel.name}: absolute criteria alone judge it." for channel in missing]
    if not lines and notes:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE,
            ReasonCode.BASELINE_MISSING,
            "Nothing is live yet on the touched channels; the absolute criteria alone decide.",
            counted=False,
            notes=tuple(notes),
        )
    return concluded(lines, notes)


def _references(context: Context, spec: ComparedSpec) -> list[ReferenceInput]:
    if spec.baseline.kind == "live":
        return context.live_references()
    pinned = spec.baseline.pinned
    if pinned is None:
        raise NotAnswerable(
            ReasonCode.POLICY_NOT_LOCKED, "The reference release is not pinned", "needs a locked policy"
        )
    found = context.reference(str(pinned.revision))
    if found is None:
        raise NotAnswerable(
            ReasonCode.BASELINE_MISSING,
            f"The reference release {pinned.name} was not found",
            f"needs the scores of {pinned.name}",
        )
    return [found]


def _comparison(
    spec: ComparedSpec, dataset: DatasetInput, reference: ReferenceInput, many: int
) -> Comparison:
    live = spec.baseline.kind == "live"
    channels = [channel.name for channel in reference.live_on] if live else []
    today = f"today on {' and '.join(channels)}" if many > 1 else "today"
    document: dict[str, Any] = {
        "kind": spec.baseline.kind,
        "name": reference.name,
        "release": reference.release,
        "revision": reference.number,
        "stack_digest": reference.stack_digest,
        "channels": channels,
    }
    against = today if live else f"with {reference.name}"
    return Comparison(dataset, reference, against, Place(dataset.name, document))


def _nothing_live(spec: ComparedSpec, channel: ChannelInput) -> list[StratumOutcome]:
    error = NotAnswerable(
        ReasonCode.BASELINE_MISSING,
        f"Nothing is live on {channel.name}",
        "needs an adopted or approved release on the channel, or a policy that judges a first release alone",
    )
    return unanswered(spec, error, Place(baseline={"kind": "live", "channels": [channel.name]}))

"""What criteria are made of: the shared parts of a criterion's specification.

Unknown keys, non-finite numbers and numbers that would make a sham of the gate are refused. What a policy
names (segments, a reference release) is pinned to versions when it is locked (``policies/pinning.py``).
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from governance.errors import GovernanceError
from governance.registry.predicates import Predicate, parse_predicate
from governance.registry.predicates import sentence as spoken
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.metrics import METRICS, GateMetric, Measure
from releases.gates.vocabulary.pins import Digest, Part, PinnedRelease, PinnedSegment, Reason
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima

MetricName = Literal["apcer", "bpcer", "apnrr", "bpnrr", "apcer_with_retry", "bpcer_with_non_response"]
ClassName = Literal["bona_fide", "attack"]

PLANNED_ICC = 0.2
LEAST_SUBJECTS_FOR_ICC = 30
LONGEST_IN_A_TITLE = 120
"""Characters of a condition that a line's name still takes; the criterion's own sentence has all of it."""

CLUSTERS = {"bona_fide": "subject", "attack": "coarser_of_instrument_and_subject"}


class Spec(Part):
    """Base of every kind's specification."""

    def wanted_segments(self) -> list[str]:
        """Keys or ids of segments to pin."""
        return []

    def wanted_channels(self) -> list[str]:
        """Names of channels that the system must have."""
        return []

    def wanted_release(self) -> UUID | None:
        """The reference release to pin."""
        return None

    def wanted_dataset(self) -> str | None:
        """The digest of the one dataset that it looks at; None: all test datasets."""
        return None

    def reference(self) -> PinnedRelease | None:
        """The reference release that was pinned."""
        return None

    def is_pinned(self) -> bool:
        """Whether it carries pins, which only a locked policy does."""
        return False

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        """The same specification with its names resolved."""
        return self

    def lacks(self, segments: Sequence[PinnedSegment]) -> list[PinnedSegment]:
        """Of protected segments those that it must judge too and does not name."""
        return []

    def joined_by(self, segments: list[PinnedSegment]) -> tuple[Self, ...]:
        """What is judged when these segments are added: itself with them, or itself and them beside it."""
        return (self,)

    def in_full(self, segments: list[PinnedSegment]) -> tuple[Self, ...]:
        """The same question asked of all captures of these segments; nothing where there are none."""
        return ()

    def added_segments(self) -> frozenset[str]:
        """Keys of the segments that it judges because they are protected, not because they were named."""
        return frozenset()

    def cannot_be_asked(self) -> str:
        """Why it could never be answered, whatever is measured; empty if it can."""
        return ""


class ClusteredSpec(Spec):
    """A figure of one class of presentations per stratum, with bounds on clustered counts.

    ``alpha_pass`` and ``alpha_fail`` are one-sided. ``planned_deff`` is what a row without a subject weighs;
    unset, such rows make a stratum inconclusive. ``dataset`` pins the digest of a dataset.
    """

    where: dict[str, Any] | None = None
    strata: Strata
    stratum_rule: Literal["every", "worst", "pooled"] = "every"
    cluster_by: Literal["subject", "coarser_of_instrument_and_subject"]
    dataset: Digest | None = None
    max_evidence_age_days: float | None = Field(default=None, gt=0)
    alpha_pass: float = Field(default=0.05, ge=0.0001, le=0.05)
    alpha_fail: float = Field(default=0.05, ge=0.001, le=0.2)
    min_subjects: int = Field(default=5, ge=2)
    min_presentations: int = Field(default=20, ge=1)
    planned_icc: float = Field(default=PLANNED_ICC, ge=0, le=1)
    planned_icc_reason: Reason | None = None
    planned_icc_subjects: int | None = Field(default=None, ge=1)
    planned_deff: float | None = Field(default=None, ge=1, le=1000)
    planned_deff_reason: Reason | None = None

    @property
    @abstractmethod
    def gate_metric(self) -> Measure:
        """What is measured, on which class."""

    @classmethod
    def label_in(cls, data: dict[str, Any]) -> str:
        """The class that raw data speak of; empty if they speak of none."""
        label = data.get("population", "bona_fide")
        return label if isinstance(label, str) else ""

    @model_validator(mode="before")
    @classmethod
    def cluster_follows_the_class(cls, data: Any) -> Any:
        """Genuine users cluster by subject, attacks by the coarser id; what differs is refused below."""
        if isinstance(data, dict) and "cluster_by" not in data:
            label = cls.label_in(data)
            return {**data, "cluster_by": CLUSTERS[label]} if label in CLUSTERS else data
        return data

    @model_validator(mode="after")
    def plans_have_reasons(self) -> Self:
        """Assumptions about clusters that favour the candidate are written down."""
        if self.planned_deff is not None and self.planned_deff_reason is None:
            raise ValueError("planned_deff needs a written planned_deff_reason")
        if self.planned_icc < PLANNED_ICC and (
            self.planned_icc_reason is None or (self.planned_icc_subjects or 0) < LEAST_SUBJECTS_FOR_ICC
        ):
            raise ValueError(
                f"planned_icc below {PLANNED_ICC} needs planned_icc_reason, and planned_icc_subjects of at "
                f"least {LEAST_SUBJECTS_FOR_ICC}: the subjects it was estimated from"
            )
        return self

    @model_validator(mode="after")
    def strata_fit_the_class(self) -> Self:
        """Only attacks have a species, and a rule of pooling needs pooled strata."""
        if self.cluster_by != CLUSTERS[self.gate_metric.label]:
            raise ValueError(f"{self.gate_metric.abbreviation} cannot be clustered by {self.cluster_by}")
        if self.gate_metric.label == "bona_fide" and self.strata.crossing and self.strata.has("species"):
            raise ValueError("only attacks have a species; cross segments and channels for genuine users")
        if (self.stratum_rule == "pooled") != self.strata.pooled:
            raise ValueError("stratum_rule pooled and strata pooled go together")
        return self

    @model_validator(mode="after")
    def where_is_a_predicate(self) -> Self:
        """``where`` narrows the population by attributes."""
        if self.where is not None:
            try:
                parse_predicate(self.where, "where")
            except GovernanceError as error:
                raise ValueError(error.message) from error
        return self

    @property
    def condition(self) -> Predicate | None:
        """What narrows the population; None where all of its captures count."""
        return None if self.where is None else parse_predicate(self.where, "where")

    @property
    def is_narrowed(self) -> bool:
        """Whether it looks at some captures of its strata only."""
        return self.where is not None

    def titles(self) -> dict[str, str]:
        """What each line is called, by its stratum: with what narrows it."""
        only = self._only()
        only = only if len(only) <= LONGEST_IN_A_TITLE else ", of some captures only"
        return {key: f"{title}{only}" for key, title in self.strata.titles().items()}

    def of_whom(self) -> str:
        """All it is judged on, in one phrase for its sentence."""
        one_dataset = ", on one named test dataset alone" if self.dataset else ""
        return f"{wording.listed(list(self.strata.titles().values()))}{self._only()}{one_dataset}"

    def narrowed_to(self) -> str:
        """The condition in words; empty where all captures count."""
        return "" if self.condition is None else spoken(self.condition)

    def _only(self) -> str:
        return "" if self.condition is None else wording.only_where(self.condition)

    def cannot_be_asked(self) -> str:
        if self.gate_metric.label == "bona_fide" and self.strata.has("species"):
            return (
                f"{self.gate_metric.abbreviation} is of {self.gate_metric.words}, and only attacks have a "
                "species: no capture would ever be counted; cut by segments or channels"
            )
        return ""

    @property
    def plan(self) -> ClusterPlan:
        return ClusterPlan(self.planned_deff, self.planned_icc)

    @property
    def minima(self) -> Minima:
        return Minima(self.min_subjects, self.min_presentations)

    def wanted_segments(self) -> list[str]:
        return self.strata.wanted_segments()

    def wanted_channels(self) -> list[str]:
        return self.strata.wanted_channels()

    def wanted_dataset(self) -> str | None:
        return self.dataset

    def is_pinned(self) -> bool:
        return self.strata.is_pinned

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        return self.model_copy(update={"strata": self.strata.pinned_to(segments)})

    def lacks(self, segments: Sequence[PinnedSegment]) -> list[PinnedSegment]:
        if not self.strata.has("segment"):
            return []
        named = {one.key for cut in self.strata.cuts for one in cut.pinned or []}
        return [one for one in segments if one.key not in named]

    def joined_by(self, segments: list[PinnedSegment]) -> tuple[Self, ...]:
        if not segments:
            return (self,)
        if self.strata.has("segment"):
            return (self.model_copy(update={"strata": self.strata.joined_by(segments)}),)
        return (self, *self.in_full(segments))

    def in_full(self, segments: list[PinnedSegment]) -> tuple[Self, ...]:
        if not segments:
            return ()
        whole = Strata(segments=[one.key for one in segments], pinned=segments)
        return (self.model_copy(update={"where": None, "strata": whole, "stratum_rule": "every"}),)

    def added_segments(self) -> frozenset[str]:
        pinned = (one for cut in self.strata.cuts for one in cut.pinned or [])
        return frozenset(one.key for one in pinned if one.added)


class CountedSpec(ClusteredSpec):
    """A rate: events on the presentations of each stratum."""

    @property
    @abstractmethod
    def gate_metric(self) -> GateMetric:
        """The rate that is counted."""


class MeasuredSpec(CountedSpec):
    """An error rate or a non-response rate of ISO/IEC 30107-3."""

    metric: MetricName

    @property
    def gate_metric(self) -> GateMetric:
        return METRICS[self.metric]

    @classmethod
    def label_in(cls, data: dict[str, Any]) -> str:
        metric = data.get("metric")
        return METRICS[metric].label if isinstance(metric, str) and metric in METRICS else ""

    @model_validator(mode="after")
    def apcer_is_by_species(self) -> Self:
        """APCER is judged species by species."""
        by_species = self.stratum_rule == "every" and self.strata.has("species")
        if self.gate_metric.label == "attack" and not self.gate_metric.is_non_response and not by_species:
            raise ValueError("APCER is judged for every species: name them, with stratum_rule every")
        return self

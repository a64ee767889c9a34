"""What criteria are made of: the typed parts of a criterion's specification.

Unknown keys, non-finite numbers and numbers that would make a sham of the gate are refused. What a policy
names (segments, a reference release) is pinned to versions when it is locked (releases/gates/pinning.py).
"""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from governance.errors import GovernanceError
from governance.registry.predicates import parse_predicate
from releases.gates.metrics import METRICS, GateMetric
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Identifier = Annotated[UUID, Field(strict=False)]
MetricName = Literal["apcer", "bpcer", "apnrr", "bpnrr", "apcer_with_retry", "bpcer_with_non_response"]

PLANNED_ICC = 0.2
LEAST_SUBJECTS_FOR_ICC = 30
BONA_FIDE_CLUSTER = "subject"
ATTACK_CLUSTER = "coarser_of_instrument_and_subject"


class Part(BaseModel):
    """Base of all parts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class PinnedSegment(Part):
    """A version of a segment as it was when the policy was locked."""

    id: Identifier
    key: Name
    version: int
    title: str
    protected: bool
    predicate: dict[str, Any]


class PinnedRelease(Part):
    """The frozen revision that a policy compares with for as long as it is in force."""

    release: Identifier
    name: str
    revision: Identifier
    number: int
    stack_digest: Digest


class Spec(Part):
    """Base of every kind's specification."""

    def wanted_segments(self) -> list[str]:
        """Keys or ids of segments to pin."""
        return []

    def wanted_release(self) -> UUID | None:
        """The reference release to pin."""
        return None

    def is_pinned(self) -> bool:
        """Whether it carries pins, which only a locked policy does."""
        return False

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        """The same specification with its names resolved."""
        return self


class Strata(Part):
    """How the rows are cut: by named species, by segments (key or id), or not at all. Exactly one of them."""

    species: list[Name] | None = Field(default=None, min_length=1, max_length=200)
    segments: list[Name] | None = Field(default=None, min_length=1, max_length=200)
    pooled: bool = False
    pinned: list[PinnedSegment] | None = None

    @model_validator(mode="after")
    def one_cut(self) -> Self:
        """Exactly one way of cutting, and no stratum twice."""
        if (self.species is not None) + (self.segments is not None) + self.pooled != 1:
            raise ValueError("state exactly one of species, segments or pooled: true")
        named = self.species or self.segments or []
        if len(set(named)) != len(named):
            raise ValueError("a stratum is named twice")
        return self

    def names(self) -> list[str]:
        """The names of the strata; segments by their key once pinned."""
        if self.pinned is not None:
            return [segment.key for segment in self.pinned]
        return list(self.species or self.segments or ["all"])

    def kind(self) -> str:
        """What the strata are."""
        return "species" if self.species else "segment" if self.segments else "pooled"


class MeasuredSpec(Spec):
    """A rate of one metric per stratum: what absolute and noninferiority criteria share.

    ``alpha_pass`` and ``alpha_fail`` are one-sided. ``planned_deff`` is what a row without a subject weighs;
    unset, such rows make a stratum inconclusive. ``dataset`` pins the digest of a dataset.
    """

    metric: MetricName
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

    @model_validator(mode="before")
    @classmethod
    def cluster_follows_the_class(cls, data: Any) -> Any:
        """Genuine users cluster by subject, attacks by the coarser id; what differs is refused below."""
        if isinstance(data, dict) and "cluster_by" not in data and data.get("metric") in METRICS:
            attack = METRICS[data["metric"]].label == "attack"
            return {**data, "cluster_by": ATTACK_CLUSTER if attack else BONA_FIDE_CLUSTER}
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
    def rule_fits_the_metric(self) -> Self:
        """APCER is judged species by species, and a rule of pooling needs pooled strata."""
        attack = self.gate_metric.label == "attack"
        if self.cluster_by != (ATTACK_CLUSTER if attack else BONA_FIDE_CLUSTER):
            raise ValueError(f"{self.gate_metric.abbreviation} cannot be clustered by {self.cluster_by}")
        by_species = self.stratum_rule == "every" and self.strata.species is not None
        if attack and not self.gate_metric.is_non_response and not by_species:
            raise ValueError("APCER is judged for every species: name them, with stratum_rule every")
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
    def gate_metric(self) -> GateMetric:
        return METRICS[self.metric]

    @property
    def plan(self) -> ClusterPlan:
        return ClusterPlan(self.planned_deff, self.planned_icc)

    @property
    def minima(self) -> Minima:
        return Minima(self.min_subjects, self.min_presentations)

    def wanted_segments(self) -> list[str]:
        return self.strata.segments or []

    def is_pinned(self) -> bool:
        return self.strata.pinned is not None

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        if not self.strata.segments:
            return self
        return self.model_copy(update={"strata": self.strata.model_copy(update={"pinned": segments})})

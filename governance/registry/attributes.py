"""Typed attributes of the component kinds.

Unknown keys are refused, so that a misspelt attribute is an error and not a silent gap. Numbers are
finite doubles. Every model can say in a few plain words what a component is.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
SemanticVersion = Annotated[
    str,
    StringConstraints(
        max_length=100,
        # semver.org, items 2, 9 and 10; [0-9] because \d also matches digits of other scripts
        pattern=r"^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"
        r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$",
    ),
]
Counts = dict[str, Annotated[int, Field(ge=0, le=2**53 - 1)]]


class Attributes(BaseModel):
    """Base of all kinds: unknown keys and non-finite numbers are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ModelAttributes(Attributes):
    """A model version: what it is, what it takes, what it learned from, how its scores are calibrated."""

    architecture: Name
    framework: Text = ""
    input: Text = ""
    training_datasets: list[Name] = Field(default_factory=list)
    calibration: Text = ""

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        return str(attributes.get("architecture", ""))


class FusionAttributes(Attributes):
    """How sub-scores become one decision score."""

    strategy: Literal["single_score", "rule", "weighted", "meta_model", "risk_policy"]
    inputs: list[Name] = Field(min_length=1)
    weights: dict[str, FiniteFloat] = Field(default_factory=dict)
    rules: Text = ""

    @model_validator(mode="after")
    def weights_name_inputs(self) -> Self:
        """Weights belong to inputs; a weighted fusion gives one to each."""
        unknown = sorted(set(self.weights) - set(self.inputs))
        if unknown:
            raise ValueError(f"weights name {unknown}, which are no inputs")
        if self.strategy == "weighted" and set(self.weights) != set(self.inputs):
            raise ValueError("a weighted fusion gives every input a weight")
        return self

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        strategy = str(attributes.get("strategy", "")).replace("_", " ")
        return f"{strategy} of {', '.join(attributes.get('inputs', []))}"


class Band(Attributes):
    """The cuts of one use case: accept up to ``accept``, then retry up to ``retry``, else reject.

    "Up to" follows the policy's polarity: for ``higher_is_attack`` a presentation is accepted when its
    score is at most ``accept``. Without ``retry`` there is no retry band. Channel and segment narrow a
    band; the most specific one that fits a row applies.
    """

    use_case: Name = "default"
    channel: Name | None = None
    segment: Name | None = None
    accept: FiniteFloat
    retry: FiniteFloat | None = None


class ThresholdPolicyAttributes(Attributes):
    """An executable threshold policy: scores in, decision and band out."""

    polarity: Literal["higher_is_attack", "higher_is_bona_fide"]
    at_threshold: Literal["bona_fide", "attack"]
    bands: list[Band] = Field(min_length=1)
    attempts_allowed: int = Field(default=1, ge=1, le=20)
    quality_gate: FiniteFloat | None = None
    chosen_by: Text = ""

    @model_validator(mode="after")
    def bands_are_ordered_and_distinct(self) -> Self:
        """A retry band lies on the attack's side of the accept cut; no two bands fit the same rows."""
        sign = 1 if self.polarity == "higher_is_attack" else -1
        keys = [(band.use_case, band.channel, band.segment) for band in self.bands]
        if len(set(keys)) != len(keys):
            raise ValueError("two bands have the same use case, channel and segment")
        for band in self.bands:
            if band.retry is not None and sign * (band.retry - band.accept) <= 0:
                raise ValueError(
                    f"retry {band.retry} must lie beyond accept {band.accept} for {self.polarity}"
                )
        return self

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        sign = "≤" if attributes.get("polarity") == "higher_is_attack" else "≥"
        parts = []
        for band in attributes.get("bands", []):
            retry = f", retry {sign} {band['retry']:.4f}" if band.get("retry") is not None else ""
            place = "/".join(str(band[key]) for key in ("channel", "segment") if band.get(key))
            parts.append(f"{place + ': ' if place else ''}accept {sign} {band['accept']:.4f}{retry}")
        return "; ".join(parts)


class SdkAttributes(Attributes):
    """A capture SDK: platform and semantic version; a new major number changes the capture path."""

    platform: Literal["android", "ios", "web", "kiosk"]
    semantic_version: SemanticVersion

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        return f"{attributes.get('platform', '')} {attributes.get('semantic_version', '')}"


class DatasetAttributes(Attributes):
    """A dataset version by role, with counts; subjects and samples stand as hashed sets, never in clear.

    ``sample_set`` and ``subject_set`` are digests of the sorted hashed ids; ``sample_hashes`` names a
    blob of the hashed ids themselves, from which the share of new and removed samples is computed.
    """

    role: Literal["train", "validation", "calibration", "test", "challenge", "monitoring"]
    parents: list[Name] = Field(default_factory=list)
    counts: Counts = Field(default_factory=dict)
    counts_by_label: Counts = Field(default_factory=dict)
    counts_by_species: Counts = Field(default_factory=dict)
    counts_by_segment: Counts = Field(default_factory=dict)
    sample_set: Digest | None = None
    subject_set: Digest | None = None
    sample_hashes: Digest | None = None
    description: Text = ""

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        total = sum(attributes.get("counts_by_label", {}).values())
        return f"{attributes.get('role', '')}{f', {total} captures' if total else ''}"


class EvaluationReportAttributes(Attributes):
    """What was measured on which stack with which data; the figures claimed are kept beside the scores."""

    dataset: Name
    threshold_policy: Name
    stack_digest: Digest
    claimed: dict[str, FiniteFloat] = Field(default_factory=dict)
    tester: Text = ""
    notes: Text = ""

    @staticmethod
    def summarise(attributes: dict[str, Any]) -> str:
        return f"{attributes.get('threshold_policy', '')} on {attributes.get('dataset', '')}"

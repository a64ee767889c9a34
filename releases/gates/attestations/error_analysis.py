"""Error analysis (S13): which kinds of trouble stand behind the candidate's failures.

Every bucket is answered: found, with captures by id and what was seen; looked for and none found; or not
looked at, with the reason. The worst failures must each stand somewhere, in a bucket or apart with what was
seen instead, so that nobody signs an analysis of the easy ones.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from governance.documents import checked, sentence
from governance.errors import FieldError, InvalidInput
from releases.gates.attestations.failures import Failures, failures_of
from releases.gates.attestations.kind import AttestationKind
from releases.gates.models import GateEvaluation
from releases.gates.vocabulary.pins import Part

BUCKETS: dict[str, str] = {
    "low_light": "Low light",
    "blur": "Blur",
    "occlusion": "Occlusion",
    "reflective_replay": "Reflective replay",
    "weak_browser_capture": "Weak browser capture",
    "angle": "Angle",
    "generated_content": "Generated content",
}
"""The kinds of trouble that are looked for: the one place where one is added."""

WORST = 10
MOST_SAMPLES = 50
Sample = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Words = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]


class Bucket(Part):
    """What was found of one kind of trouble: ``count`` captures, of which ``samples`` names some."""

    state: Literal["found", "none_found", "not_looked_at"]
    count: int = Field(default=0, ge=0)
    seen: Words = ""
    samples: list[Sample] = Field(default_factory=list, max_length=MOST_SAMPLES)

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """What each answer needs, and nothing else."""
        if len(set(self.samples)) != len(self.samples):
            raise ValueError("a sample is named twice")
        if self.state == "found":
            if not self.samples or not self.seen or self.count < len(self.samples):
                raise ValueError("found needs samples by id, what was seen, and a count of at least as many")
        elif self.samples or self.count:
            raise ValueError(f"{self.state} has no samples and no count")
        if self.state == "not_looked_at" and not self.seen:
            raise ValueError("not_looked_at needs the reason, in seen")
        return self


class Unsorted(Part):
    """A failure that belongs to none of the buckets, and what was seen on it."""

    sample: Sample
    seen: Annotated[Words, StringConstraints(min_length=1)]


class ErrorAnalysis(Part):
    """An answer for every bucket, and failures that fit none."""

    buckets: dict[str, Bucket]
    unsorted: list[Unsorted] = Field(default_factory=list, max_length=MOST_SAMPLES)

    def named(self) -> Iterator[tuple[str, str]]:
        """Every sample with the field that names it."""
        for key, bucket in self.buckets.items():
            for number, sample in enumerate(bucket.samples):
                yield f"buckets.{key}.samples[{number}]", sample
        for number, one in enumerate(self.unsorted):
            yield f"unsorted[{number}].sample", one.sample


def checked_analysis(run: GateEvaluation, content: Any, field: str) -> dict[str, Any]:
    """The analysis, checked against the score tables of the run.

    Raises:
        InvalidInput: naming the bucket without an answer, the sample that was not evaluated or is no failure,
            or the worst failure that stands nowhere.
        FailuresUnknown: the run has no failures to look at, because nothing was decided.
    """
    analysis = checked(ErrorAnalysis, content, field=field, title="The error analysis")
    failures = failures_of(run)
    problems = (*_buckets(analysis, failures), *_samples(analysis, failures), *_worst(analysis, failures))
    if problems:
        placed = tuple(FieldError(f"{field}.{one.field}", one.message) for one in problems)
        raise InvalidInput(f"The error analysis does not fit: {sentence(placed)}.", field_errors=placed)
    return {**analysis.model_dump(mode="json"), "failures": failures.total}


def _buckets(analysis: ErrorAnalysis, failures: Failures) -> Iterator[FieldError]:
    for key in BUCKETS.keys() - analysis.buckets.keys():
        yield FieldError(f"buckets.{key}", "has no answer: found, none_found or not_looked_at")
    for key in analysis.buckets.keys() - BUCKETS.keys():
        yield FieldError(f"buckets.{key}", f"is no bucket; they are {', '.join(BUCKETS)}")
    for key, bucket in analysis.buckets.items():
        if bucket.count > failures.total:
            yield FieldError(
                f"buckets.{key}.count", f"{bucket.count} is more than the {failures.total} failures there are"
            )
    if failures.total and all(bucket.state == "not_looked_at" for bucket in analysis.buckets.values()):
        yield FieldError("buckets", f"none was looked at, although there are {failures.total} failures")


def _samples(analysis: ErrorAnalysis, failures: Failures) -> Iterator[FieldError]:
    named = list(analysis.named())
    samples = [sample for _, sample in named]
    unknown, right = failures.unknown(samples), failures.right(samples)
    for place, sample in named:
        if sample in unknown:
            yield FieldError(place, f"the capture {sample} was not evaluated in this run")
        elif sample in right:
            yield FieldError(place, f"the capture {sample} is no failure: the candidate got it right")


def _worst(analysis: ErrorAnalysis, failures: Failures) -> Iterator[FieldError]:
    placed = {sample for _, sample in analysis.named()}
    missing = [one.sample for one in failures.worst(WORST) if one.sample not in placed]
    if missing:
        yield FieldError(
            "unsorted",
            f"of the {WORST} worst failures these stand nowhere: {', '.join(missing)}; put each into a "
            "bucket, or here with what was seen",
        )


KIND = AttestationKind(
    key="error_analysis",
    title="Error analysis on top failures",
    states="the top failures were looked at, and what stands behind them is known",
    checked=checked_analysis,
)

"""The candidate is at most a margin worse than a baseline, per stratum, paired on the same captures."""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.differences import Asked, DifferenceSpec, difference_sentence, judged_differences
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import CriterionOutcome


class NoninferioritySpec(DifferenceSpec):
    """``margin`` is how much worse is tolerable, with the reason why."""

    margin: float = Field(gt=0, lt=1)


def sentence(spec: NoninferioritySpec) -> str:
    """The criterion in plain words."""
    margin = wording.limit_points(spec.margin)
    return difference_sentence(spec, lambda baseline: f"at most {margin} points against {baseline}")


def evaluate(context: Context, spec: NoninferioritySpec) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""
    return judged_differences(context, spec, Asked(spec.margin, spec.margin, marks_regressions=True))


KIND = CriterionKind(
    key="noninferiority",
    title="At most a margin worse than a baseline",
    spec=NoninferioritySpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)

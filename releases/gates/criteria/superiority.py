"""The candidate is better than a baseline, by at least a margin where one is stated: what a change is made
for.

With D = candidate − baseline it passes if the upper bound of D is at most −margin, and fails if the lower
bound exceeds that. Without a margin equal is not better: the upper bound must lie below 0.
"""

import math

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.differences import Asked, DifferenceSpec, difference_sentence, judged_differences
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import CriterionOutcome


class SuperioritySpec(DifferenceSpec):
    """``margin`` is by how much it must be better, 0 for better at all, with the reason why."""


def sentence(spec: SuperioritySpec) -> str:
    """The criterion in plain words."""
    by = (
        f"at least {wording.limit_points(spec.margin)[1:]} points lower than" if spec.margin else "lower than"
    )
    return difference_sentence(spec, lambda baseline: f"{by} {baseline}")


def evaluate(context: Context, spec: SuperioritySpec) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""
    shown = 0.0 - spec.margin
    decisive = shown if spec.margin else math.nextafter(0.0, -1.0)
    return judged_differences(context, spec, Asked(shown, decisive, marks_regressions=False))


KIND = CriterionKind(
    key="superiority",
    title="Better than a baseline",
    spec=SuperioritySpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)

"""A count rule, as test houses state them: "no error in 150 presentations" of each species.

No bound can be at most zero, so the count decides alone; beside it stands the bound that such a count, from
so many subjects, demonstrates. One error too many fails, however few the data.
"""

from dataclasses import replace
from typing import Any, Self

from pydantic import Field, model_validator

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.rates import Asked, judged_rates
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import MeasuredSpec
from releases.statistics.decisions import Decision
from releases.statistics.max_errors import MaxErrorsResult, MaxErrorsRule, decide_max_errors, rule_bound
from releases.statistics.rates import RateResult


class MaxErrorsSpec(MeasuredSpec):
    """At most ``max_errors`` in at least ``presentations`` of each stratum; ``rule_reason``: whose rule."""

    max_errors: int = Field(ge=0, le=100_000)
    presentations: int = Field(ge=1, le=10_000_000)
    rule_reason: Reason | None = None

    @model_validator(mode="after")
    def a_rule_that_rules_something_out(self) -> Self:
        """Half of the presentations wrong is no rule."""
        if 2 * self.max_errors >= self.presentations:
            raise ValueError(
                f"{self.max_errors} errors in {self.presentations} presentations would let half of them be "
                "wrong; allow fewer errors or ask for more presentations"
            )
        return self

    @property
    def rule(self) -> MaxErrorsRule:
        return MaxErrorsRule(self.max_errors, self.presentations)

    def says(self) -> str:
        """``no error in 150 presentations``, ``at most 2 errors in 150 presentations``."""
        many = f"at most {self.max_errors} error{'s' if self.max_errors > 1 else ''}"
        return f"{many if self.max_errors else 'no error'} in {self.presentations:,} presentations"

    def shows(self) -> float:
        """What the rule, when just met by as many subjects, shows at most."""
        return rule_bound(self.rule, planned_icc=self.planned_icc, alpha=self.alpha_pass)


def sentence(spec: MaxErrorsSpec) -> str:
    """The criterion in plain words."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: {spec.says()}"
        f"{wording.because(spec.rule_reason)}; from as many subjects that shows a rate of at most "
        f"{100 * spec.shows():.2f} %."
    )


def evaluate(context: Context, spec: MaxErrorsSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def decide(result: RateResult) -> Decision:
        return decide_max_errors(MaxErrorsResult(spec.rule, result), spec.minima)

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        head = wording.headed(spec.gate_metric, title, evidence.n)
        return wording.closed(f"{head}: {_found(evidence)}", f"rule {spec.says()}", decision, title)

    return judged_rates(context, spec, Asked(spec.max_errors / spec.presentations, decide, say, _with(spec)))


def _found(evidence: Evidence) -> str:
    if not evidence.n:
        return "nothing was measured"
    many = f"{evidence.events} error{'s' if evidence.events != 1 else ''}"
    subjects = f"{evidence.subjects:.6g} subject{'s' if evidence.subjects != 1 else ''}"
    shows = "" if evidence.upper is None else f", which shows a rate of at most {100 * evidence.upper:.2f} %"
    return f"{many} from {subjects}{shows}"


def _with(spec: MaxErrorsSpec) -> Any:
    """What the rule says, beside the figures; a test of "at most the limit" is none of its business."""
    rule = {
        "max_errors": spec.max_errors,
        "rule_presentations": spec.presentations,
        "rule_bound": spec.shows(),
    }

    def added(result: RateResult, evidence: Evidence) -> Evidence:
        more = {**evidence.more, **rule}
        return replace(evidence, p=None, minimum_detectable_effect=None, more=more)

    return added


KIND = CriterionKind(
    key="max_errors",
    title="At most so many errors",
    spec=MaxErrorsSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)

"""A plan of a policy: from the database and what a person assumes to lines, groups and one sentence.

Nothing is written, and nothing is recorded: a plan bears no evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.errors import GovernanceError, invalid
from governance.registry.models import ComponentVersion
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GatePolicy
from releases.gates.planning.asked_for import Counts, check_assumptions, check_counts
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.collecting import Group, collect, deciding, lead, less_likely, undecidable
from releases.gates.planning.planner import Asked, CriterionPlan, Measured, is_kept_back, planned
from releases.gates.planning.reading import (
    Measurement,
    datasets_with_scores,
    judged_criteria,
    measured_by_table,
    measured_on_dataset,
)
from releases.gates.planning.samples import Sample
from releases.gates.planning.sentences import plan_sentence
from releases.gates.planning.sources import Source, Written
from releases.gates.vocabulary.outcomes import NotAnswerable
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.scores.models import ScoreTable
from releases.statistics.sizes import POWER


@dataclass(frozen=True)
class Wanted:
    """What a plan is asked for: counts of a dataset, of a table's stack, or as written; what is assumed."""

    dataset: ComponentVersion | None = None
    score_table: ScoreTable | None = None
    counts: Counts | None = None
    design_effect: float | None = None
    assumptions: Sequence[Assumption] = ()
    power: float = POWER


@dataclass(frozen=True)
class Plan:
    """What the policy could decide. ``measurement`` is what rates, and unless written counts, are from."""

    policy: GatePolicy
    measurement: Measurement | None
    counts_are_written: bool
    power: float
    plans: tuple[CriterionPlan, ...]
    groups: tuple[Group, ...]

    @property
    def sentence(self) -> str:
        """What is the matter, and what to collect first."""
        return lead(self.plans, self.groups)

    @property
    def undecidable(self) -> int:
        """How many criteria cannot be decided."""
        return undecidable(self.plans)

    @property
    def less_likely(self) -> int:
        """How many others may pass, with a smaller chance than asked for."""
        return less_likely(self.plans)

    @property
    def deciding(self) -> int:
        """Of how many."""
        return len(deciding(self.plans))

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "policy": {
                "id": str(self.policy.id),
                "name": self.policy.name,
                "version": self.policy.version,
                "state": self.policy.state,
            },
            "counts": "written" if self.counts_are_written else "measured",
            "measured": self.measurement and self.measurement.document(),
            "power": self.power,
            "sentence": self.sentence,
            "undecidable": self.undecidable,
            "less_likely": self.less_likely,
            "deciding": self.deciding,
            "criteria": [_criterion_document(one) for one in self.plans],
            "collect": [one.document() for one in self.groups],
        }


def made_plan(policy: GatePolicy, wanted: Wanted, at: datetime) -> Plan:
    """The plan of a policy as it would judge a revision frozen at ``at``.

    Raises:
        InvalidInput: a draft names what does not exist, there are no scores to count, or too many; or counts
            or assumptions are written for what the policy does not judge.
        CountingRefused: the tables and the thresholds of the measured release do not fit.
    """
    criteria = judged_criteria(policy, at)
    check_assumptions(criteria, wanted.assumptions)
    measurement = _measurement(policy, wanted, at)
    source: Source
    if wanted.counts is not None:
        check_counts(criteria, wanted.counts)
        source = Written(wanted.counts, wanted.design_effect)
    else:
        source = _required(measurement).source
    asked = Asked(
        criteria=criteria,
        source=source,
        measured=_measured(measurement) if wanted.counts is None else _if_it_can_be(_measured(measurement)),
        assumptions=wanted.assumptions,
        power=wanted.power,
        dataset="" if measurement is None or wanted.counts is not None else measurement.dataset.digest,
    )
    try:
        plans = planned(asked)
    except NotAnswerable as error:
        raise invalid("dataset", f"{error.sentence}; it {error.needs}.") from error
    return Plan(policy, measurement, wanted.counts is not None, wanted.power, plans, collect(plans))


def _measurement(policy: GatePolicy, wanted: Wanted, at: datetime) -> Measurement | None:
    below = policy.suppress_below
    if wanted.score_table is not None:
        return measured_by_table(wanted.score_table, at, below)
    if wanted.dataset is not None:
        return measured_on_dataset(policy.system, wanted.dataset, at, below)
    newest = datasets_with_scores(policy.system)[:1]
    if wanted.counts is None:
        if not newest:
            raise invalid("dataset", "no scores of the system are there yet; write counts instead.")
        return measured_on_dataset(policy.system, newest[0], at, below)
    # Counts are written: rates of what is live are welcome, and nothing is wrong where there are none.
    try:
        return measured_on_dataset(policy.system, newest[0], at, below) if newest else None
    except GovernanceError:
        return None


def _required(measurement: Measurement | None) -> Measurement:
    if measurement is None:
        raise invalid("counts", "name a dataset or write counts.")
    return measurement


def _measured(measurement: Measurement | None) -> Measured:
    """The rates of a line as the table has them, none of so few people that they are kept back."""

    def found(criterion: Criterion, spec: ClusteredSpec, key: str) -> tuple[dict[str, float], str]:
        if measurement is None:
            return {}, ""
        source = measurement.source
        sample = _sample(source.samples(spec), key)
        if is_kept_back(spec.strata.kind(), sample.subjects, source.below):
            return {}, ""
        pair = source.pairs.of(spec, key)
        known = {"discordance": pair.discordance} if pair else {}
        if sample.rate is not None:
            known["rate"] = sample.rate
        return known, pair.said if pair else measurement.said

    return found


def _if_it_can_be(measured: Measured) -> Measured:
    """The same, where rates are welcome and not needed: a table that cannot be counted gives none, and is not
    read again for every line.
    """
    refused: list[Exception] = []

    def found(criterion: Criterion, spec: ClusteredSpec, key: str) -> tuple[dict[str, float], str]:
        if refused:
            return {}, ""
        try:
            return measured(criterion, spec, key)
        except (NotAnswerable, GovernanceError) as error:
            refused.append(error)
            return {}, ""

    return found


def _sample(samples: Mapping[str, Sample], key: str) -> Sample:
    return samples.get(key, Sample())


def _criterion_document(plan: CriterionPlan) -> dict[str, Any]:
    criterion = plan.criterion
    return {
        "key": criterion.key,
        "kind": criterion.kind.key,
        "title": criterion.title,
        "decides": criterion.decides,
        "asks": criterion.sentence(),
        "outlook": plan.outlook.value,
        "sentence": plan_sentence(plan.outlook, [line.outlook for line in plan.lines], plan.said),
        "chance_to_pass": plan.chance,
        "notes": list(plan.notes),
        "strata": [line.document() for line in plan.lines],
    }

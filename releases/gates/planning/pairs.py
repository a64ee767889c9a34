"""How often two stacks decided differently, and what likeness cost there, as earlier runs measured it.

Read from completed evaluations on the same dataset, the newest first. What display keeps back because it is
of few people is not read from them either.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from releases.gates.criteria.disagreement import DisagreementSpec
from releases.gates.judging.differences import DifferenceSpec
from releases.gates.vocabulary.specs import ClusteredSpec

DISAGREES = "disagreement"


@dataclass(frozen=True, slots=True)
class Pair:
    """One stratum of two stacks: the share decided differently, of how many, and their design effect."""

    discordance: float
    presentations: int
    design_effect: float | None
    said: str


@dataclass(frozen=True)
class Pairs:
    """By what is compared, of which class and in which stratum."""

    known: Mapping[tuple[str, str, str, str], Pair] = field(default_factory=dict)

    def of(self, spec: ClusteredSpec, key: str) -> Pair | None:
        """What is known of a line of the criterion; None for a kind that compares nothing."""
        place = spec.gate_metric.label, spec.strata.kind(), key
        if isinstance(spec, DisagreementSpec):
            return self.known.get((DISAGREES, *place))
        return self.known.get((spec.metric, *place)) if isinstance(spec, DifferenceSpec) else None


def pairs_in(results: Iterable[tuple[str, Mapping[str, Any]]], datasets: Collection[str]) -> Pairs:
    """The pairs of stored results on a dataset, which goes by ``datasets``; the newest result comes first.

    Each comes with what to call it. Of several baselines the one that differed most counts: the plan should
    hold against each.
    """
    known: dict[tuple[str, str, str, str], Pair] = {}
    for said, result in results:
        found: dict[tuple[str, str, str, str], Pair] = {}
        for criterion in result.get("criteria", []):
            for line in criterion.get("strata", []):
                pair = _pair(criterion, line, said) if line.get("dataset") in datasets else None
                if pair is not None:
                    place = _place(criterion, line)
                    before = found.get(place)
                    if before is None or pair.discordance > before.discordance:
                        found[place] = pair
        known = {**found, **known}
    return Pairs(known)


def _pair(criterion: Mapping[str, Any], line: Mapping[str, Any], said: str) -> Pair | None:
    rows = line.get("n")
    if not rows or line.get("suppressed_in_display"):
        return None
    if criterion.get("kind") == DISAGREES and line.get("estimate") is not None:
        return Pair(float(line["estimate"]), int(rows), line.get("design_effect"), said)
    if line.get("b") is None or line.get("c") is None:
        return None
    return Pair((line["b"] + line["c"]) / rows, int(rows), line.get("design_effect"), said)


def _place(criterion: Mapping[str, Any], line: Mapping[str, Any]) -> tuple[str, str, str, str]:
    spec = criterion["spec"]
    kind, key = next(iter(line["stratum"].items()))
    if criterion["kind"] == DISAGREES:
        return DISAGREES, spec.get("population", "bona_fide"), kind, key
    metric = spec["metric"]
    return metric, "attack" if metric.startswith("ap") else "bona_fide", kind, key

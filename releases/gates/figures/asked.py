"""What pictures need of a policy: how rows cluster, how many are enough, which groups it judges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.registry.predicates import Predicate, attributes_of, parse_predicate
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import Inputs
from releases.gates.vocabulary.pins import PinnedSegment
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.gates.vocabulary.wording import segment_title
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima

ALPHA = 0.05
"""Bounds in pictures are one-sided 95 %, also where a policy decides by others."""


@dataclass(frozen=True)
class Group:
    """A segment of people that the policy judges; ``attribute`` names what it is cut by."""

    key: str
    title: str
    attribute: str
    predicate: Predicate


@dataclass(frozen=True)
class Asked:
    """The plans of both classes, the minima for a statement, and the segments."""

    bona_fide: ClusterPlan
    attack: ClusterPlan
    minima: Minima
    groups: tuple[Group, ...]


def asked_by(criteria: Sequence[Criterion], inputs: Inputs) -> Asked:
    """Read from the criteria that measure error rates; the defaults of a policy where there is none."""
    specs = [one.spec for one in criteria if isinstance(one.spec, ClusteredSpec)]
    errors = [spec for spec in specs if spec.gate_metric.name in {"apcer", "bpcer"}]
    attack = next((spec for spec in errors if spec.gate_metric.name == "apcer"), None)
    bona_fide = next((spec for spec in errors if spec.gate_metric.name == "bpcer"), attack)
    return Asked(
        bona_fide=bona_fide.plan if bona_fide else ClusterPlan(),
        attack=attack.plan if attack else ClusterPlan(),
        minima=attack.minima if attack else Minima(),
        groups=tuple(_groups(specs, inputs)),
    )


def _groups(specs: Iterable[ClusteredSpec], inputs: Inputs) -> Iterable[Group]:
    pinned: dict[str, PinnedSegment] = {}
    for spec in specs:
        for cut in spec.strata.cuts:
            for one in cut.pinned or []:
                pinned.setdefault(one.key, one)
    for added in inputs.added_segments:
        pinned.setdefault(added.key, added.pinned())
    for one in pinned.values():
        predicate = parse_predicate(one.predicate)
        attributes = attributes_of(predicate)
        title = segment_title(one.title, attributes)
        yield Group(one.key, title, ", ".join(sorted(attributes)), predicate)

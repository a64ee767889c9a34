"""Whether what somebody wrote speaks of anything that the policy judges; else it is a mistake, mostly of
spelling, and is refused instead of being passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from governance.errors import InvalidInput, invalid
from releases.gates.criteria.completeness import CompletenessSpec
from releases.gates.judging.criterion import Criterion
from releases.gates.planning.assumptions import Assumption, LineName
from releases.gates.planning.sources import ALL, BOTH, NOUNS, Key, label_of
from releases.gates.vocabulary.specs import ClusteredSpec, Spec

Counts = Mapping[tuple[str, Key], tuple[int, int]]
"""Presentations and subjects, by class and stratum."""

Judged = Sequence[tuple[Criterion, Sequence[Spec]]]
CLASSES = ("attack", "bona_fide")


def check_counts(criteria: Judged, counts: Counts) -> None:
    """Counts are of strata that the policy judges, of the class that it judges them in.

    Raises:
        InvalidInput: naming the first that is not.
    """
    known = {(label, ALL) for label in CLASSES} | set(_places(criteria))
    for index, (label, (kind, key)) in enumerate(counts):
        if (label, (kind, key)) not in known:
            raise invalid(
                f"counts[{index}].stratum",
                f"the policy judges no {kind} {key!r} of {NOUNS[label]}; it judges "
                f"{_some(one for its, (of, one) in known if (its, of) == (label, kind))}.",
            )


def _places(criteria: Judged) -> Iterator[tuple[str, Key]]:
    """Class and stratum of every line that counts."""
    for _, specs in criteria:
        for spec in specs:
            if isinstance(spec, ClusteredSpec):
                label, kind = label_of(spec), spec.strata.kind()
                for one in CLASSES if label == BOTH else (label,):
                    yield from ((one, (kind, key)) for key in spec.strata.names())
            if isinstance(spec, CompletenessSpec):
                yield from (("attack", ("species", key)) for key in spec.species or [])
                yield from (("bona_fide", ("segment", one.key)) for one in spec.pinned_segments or [])


def check_assumptions(criteria: Judged, assumptions: Sequence[Assumption]) -> None:
    """What is assumed is for lines that the policy has.

    Raises:
        InvalidInput: naming the first that is for none, and which of its names does not fit.
    """
    lines = [
        LineName(criterion.key, spec.gate_metric.name, (spec.strata.kind(), key))
        for criterion, specs in criteria
        for spec in specs
        if isinstance(spec, ClusteredSpec)
        for key in spec.strata.names()
    ]
    for index, one in enumerate(assumptions):
        if not one.general and not any(one.is_for(line) for line in lines):
            raise _matches_nothing(f"rates[{index}]", one, lines)


def _matches_nothing(field: str, one: Assumption, lines: Sequence[LineName]) -> InvalidInput:
    of_it = [line for line in lines if one.criterion in {"", line.criterion}]
    if not of_it:
        known = _some(line.criterion for line in lines)
        return invalid(f"{field}.criterion", f"the policy plans no criterion {one.criterion!r}, but {known}.")
    measured = [line for line in of_it if one.metric in {"", line.metric}]
    if not measured:
        known = _some(line.metric for line in of_it)
        return invalid(f"{field}.metric", f"nothing there measures {one.metric!r}, but {known}.")
    kind, key = one.stratum or ALL
    known = _some(f"{line.stratum[0]} {line.stratum[1]!r}" for line in measured)
    return invalid(f"{field}.stratum", f"no {kind} {key!r} is judged there, but {known}.")


def _some(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))[:20]) or "nothing of this kind"

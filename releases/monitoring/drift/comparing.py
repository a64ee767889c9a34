"""Two rows of counts compared: has something moved by more than chance explains? Pure: no database, no clock.

Sizes are subjects, not captures: captures of one person are not independent, so they count as one in what
chance explains. That makes the limit wide rather than narrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releases.statistics.drift import kolmogorov_smirnov_binned, population_stability_index, psi_limit

LEAST_SUBJECTS = 50
"""Below it a tenth of the reference holds fewer than five people, and the limit says nothing."""

MOST_CATEGORIES = 20
OTHER = "all others"


@dataclass(frozen=True)
class Side:
    """Decisions per bin or category of one period, and the people they were about."""

    counts: tuple[int, ...]
    subjects: int

    @property
    def decisions(self) -> int:
        """How many there are."""
        return sum(self.counts)


@dataclass(frozen=True)
class Compared:
    """``ks`` and its p value where the bins have an order."""

    psi: float
    limit: float
    ks: float | None = None
    ks_p_value: float | None = None

    @property
    def moved(self) -> bool:
        """Whether it lies above its limit."""
        return self.psi > self.limit


def why_not(reference: Side, current: Side) -> str:
    """Why the two cannot be compared; empty where they can."""
    for side, name in ((reference, "reference"), (current, "period")):
        if side.subjects < LEAST_SUBJECTS:
            return f"The {name} holds {side.subjects} people; {LEAST_SUBJECTS} are needed."
    return "" if len(reference.counts) > 1 else "All of it is of one kind, then and now."


def compare_ordered(reference: Side, current: Side) -> Compared:
    """Counts in the same ordered bins.

    KS is seen at the edges of the bins only, so its p value is rather too large.
    """
    found = compare_shares(reference, current)
    ks = kolmogorov_smirnov_binned(_as_people(reference), _as_people(current))
    return Compared(found.psi, found.limit, ks.statistic, ks.p_value)


def compare_shares(reference: Side, current: Side) -> Compared:
    """Counts in the same bins or categories, which need no order."""
    psi = population_stability_index(reference.counts, current.counts)
    limit = psi_limit(reference.subjects, current.subjects, bins=len(reference.counts))
    return Compared(psi, limit)


def _as_people(side: Side) -> list[float]:
    """The counts, scaled so that they add up to the people."""
    return [count * side.subjects / side.decisions for count in side.counts]


def merged(edges: Sequence[float], counts: Sequence[int], bins: int = 10) -> tuple[float, ...]:
    """Of the inner ``edges`` of fine bins with ``counts``, those that part them into about ``bins`` equal."""
    wanted, kept, passed, total = 1, [], 0, sum(counts)
    for edge, count in zip(edges, counts, strict=False):
        passed += count
        if total and 0 < passed < total and passed * bins >= wanted * total:
            kept.append(edge)
            wanted = passed * bins // total + 1
    return tuple(kept)


def aligned(reference: Mapping[str, int], current: Mapping[str, int]) -> tuple[str, ...]:
    """The categories to compare, the most frequent first; rare ones stand together as the last."""
    both = {name: reference.get(name, 0) + current.get(name, 0) for name in sorted({*reference, *current})}
    ranked = sorted(both, key=lambda name: -both[name])
    if len(ranked) <= MOST_CATEGORIES:
        return tuple(ranked)
    return (*ranked[: MOST_CATEGORIES - 1], OTHER)


def counts_in(names: Sequence[str], found: Mapping[str, int]) -> tuple[int, ...]:
    """The counts in the order of ``names``; what has no name of its own counts as the last."""
    named = [found.get(name, 0) for name in names]
    if names and names[-1] == OTHER:
        named[-1] = sum(found.values()) - sum(named[:-1])
    return tuple(named)

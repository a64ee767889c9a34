"""The power of a comparison the long way: every outcome there can be, judged by the gate's own bound."""

from scipy import stats

from releases.statistics.clusters import ClusterPlan
from releases.statistics.independent import newcombe_independent_interval
from releases.statistics.paired import PairedCounts, compare_paired
from releases.statistics.part_of_whole import PartCounts, compare_part

FREE = ClusterPlan(planned_deff=1)
RARE = 1e-7  # outcomes less likely are left out


def seen_pairs(n: int, discordant_rate: float, difference: float, margin: float) -> float:
    """Tango's bound of every (b, c)."""
    shares = (discordant_rate + difference) / 2, (discordant_rate - difference) / 2, 1 - discordant_rate
    found = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            weight = stats.multinomial.pmf([b, c, n - b - c], n, shares) if _near(n, b, c, shares) else 0.0
            found += weight * (weight > RARE and _pairs_pass(n, b, c, margin))
    return found


def seen_arms(n: int, rate: float, difference: float, margin: float) -> float:
    """Newcombe's bound of every pair of error counts."""
    ours, theirs = (_shares(n, one) for one in (rate + difference, rate))
    return float(
        sum(
            ours[x] * theirs[y]
            for x in range(n + 1)
            for y in range(n + 1)
            if ours[x] * theirs[y] > RARE
            and newcombe_independent_interval(x / n, n, y / n, n, alpha=0.1)[1] <= margin
        )
    )


def seen_part(n: int, rest: int, part_rate: float, rest_rate: float, limit: float) -> float:
    """The contrast's bound of every pair of error counts."""
    part, others = _shares(n, part_rate), _shares(rest, rest_rate)
    return float(
        sum(
            part[x] * others[y]
            for x in range(n + 1)
            for y in range(rest + 1)
            if part[x] * others[y] > RARE and _part_passes((x, n), (y, rest), limit)
        )
    )


def _shares(n: int, rate: float) -> list[float]:
    return [float(stats.binom.pmf(events, n, rate)) for events in range(n + 1)]


def _near(n: int, b: int, c: int, shares: tuple[float, float, float]) -> bool:
    return abs(b - n * shares[0]) < 12 + n * shares[0] and abs(c - n * shares[1]) < 12 + n * shares[1]


def _pairs_pass(n: int, b: int, c: int, margin: float) -> bool:
    counts = PairedCounts(
        rows_without_cluster=n, candidate_only_without_cluster=b, baseline_only_without_cluster=c
    )
    upper = compare_paired(counts, FREE).upper
    return upper is not None and upper <= margin


def _part_passes(part: tuple[int, int], rest: tuple[int, int], limit: float) -> bool:
    upper = compare_part(PartCounts((), (), (), (), *part, *rest), FREE).upper
    return upper is not None and upper <= limit

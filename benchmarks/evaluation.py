"""The measured process of a gate evaluation: read two stacks' tables, count 60 criteria, bound each line, and
resample 1,000 times for the report.

Eighteen metrics: six rates (APCER, its ceiling with retries, BPCER, BPCER with non-response, APNRR, BPNRR),
each of the candidate, of the baseline, and as their paired difference. They are taken in five segment columns
and, for attacks, in eight species.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.score_tables import ATTRIBUTES
from governance.registry.predicates import parse_predicate
from releases.scores.bands import Band, Bands
from releases.scores.canonical import scan_canonical
from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.resampling import RatioWanted, View, resampling_table
from releases.scores.scan import Scan, ScoredTable, scan_tables
from releases.scores.strata import ByColumn, BySegments, Label, Population, Strata
from releases.statistics.bootstrap import bootstrap_ratios
from releases.statistics.clusters import ClusterPlan
from releases.statistics.paired import compare_paired
from releases.statistics.rates import bound_rate
from releases.statistics.thresholds import AtThreshold, Polarity

CRITERIA = 60
REPLICATES = 1_000
RATES: tuple[tuple[Label, Metric], ...] = (
    ("attack", Metric.ERROR),
    ("attack", Metric.ERROR_IF_RETRY_ACCEPTED),
    ("attack", Metric.NON_RESPONSE),
    ("bona_fide", Metric.ERROR),
    ("bona_fide", Metric.ERROR_OR_NON_RESPONSE),
    ("bona_fide", Metric.NON_RESPONSE),
)
VIEWS: tuple[View, ...] = ("difference", "candidate", "baseline")
BANDS = Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.5, retry=0.6),))
PLAN = ClusterPlan()


def criteria() -> list[RatioWanted]:
    """Sixty of the 99 pairs of a metric and a cut, spread evenly: all 18 metrics and all six cuts occur."""
    pairs = [
        RatioWanted(Population(label), cut, metric, view)
        for view in VIEWS
        for label, metric in RATES
        for cut in _cuts(label)
    ]
    return [pairs[number * len(pairs) // CRITERIA] for number in range(CRITERIA)]


def _cuts(label: Label) -> list[Strata]:
    segments = [
        BySegments(tuple(_segment(name, value) for value in range(ATTRIBUTES[name]))) for name in ATTRIBUTES
    ]
    species: list[Strata] = [ByColumn("species")] if label == "attack" else []
    return [*species, *segments]


def _segment(name: str, value: int) -> tuple[str, Any]:
    text = f"{name}_{value}"
    return text, parse_predicate({"attribute": name, "operator": "eq", "value": text})


def evaluate(candidate: Sequence[str], baseline: Sequence[str], threads: int) -> dict[str, Any]:
    """Everything that a run computes from the tables, and a digest of all of it."""
    scan = scan_tables(_tables(candidate), _tables(baseline))
    wanted = criteria()
    lines = [line for one in wanted for line in _bounds(scan, one)]
    table = resampling_table(scan, wanted)
    drawn = bootstrap_ratios(
        table.counts, table.numerators, table.denominators, replicates=REPLICATES, seed=1, threads=threads
    )
    replicated = [drawn.lower.tolist(), drawn.upper.tolist(), drawn.standard_error.tolist()]
    digest = hashlib.sha256(json.dumps([lines, replicated]).encode()).hexdigest()
    return {"criteria": len(wanted), "lines": len(lines), "columns": table.counts.shape[1], "digest": digest}


def _tables(paths: Sequence[str]) -> list[ScoredTable]:
    return [
        ScoredTable(scan_canonical(Path(path)), Polarity.HIGHER_IS_ATTACK, BANDS, Path(path).stem)
        for path in paths
    ]


def _bounds(scan: Scan, wanted: RatioWanted) -> list[tuple[str, float | None, float | None, float | None]]:
    if wanted.view == "difference":
        pairs = count_pairs(scan, wanted.population, wanted.strata, wanted.metric).strata
        return [
            (one.stratum.key, found.estimate, found.lower, found.upper)
            for one in pairs
            for found in [compare_paired(one.counts, PLAN)]
        ]
    rates = count_rates(scan, wanted.population, wanted.strata, wanted.metric, wanted.view).strata
    return [
        (one.stratum.key, found.estimate, found.lower, found.upper)
        for one in rates
        for found in [bound_rate(one.counts, PLAN)]
    ]


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    timed(lambda: evaluate(given["candidate"], given["baseline"], given["threads"]))

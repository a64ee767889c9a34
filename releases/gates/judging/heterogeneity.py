"""One difference per source set: an effect that reverses between collections is no property of the stack."""

from typing import Any

from releases.scores.counting import Metric, PairStratum, count_pairs
from releases.scores.refusals import CountingRefused
from releases.scores.scan import Scan
from releases.scores.strata import (
    ByColumn,
    Population,
    Strata,
    population_rows,
    stratum_rows,
)


def by_source_set(
    scan: Scan, population: Population, strata: Strata, metric: Metric
) -> dict[str, list[dict[str, Any]]]:
    """For each stratum its differences per source set; nothing where fewer than two source sets are known.

    Counting them takes a pass over the captures for each stratum, saved where there is nothing to tell.
    """
    if scan.facts["source_set"].drop_nulls().n_unique() < 2:
        return {}
    inside = population_rows(scan.facts, population)
    return {
        stratum.key: _differences(scan.restricted(rows), population, metric)
        for stratum, rows in stratum_rows(scan.facts, inside, strata)
    }


def _differences(scan: Scan, population: Population, metric: Metric) -> list[dict[str, Any]]:
    try:
        counted = count_pairs(scan, population, ByColumn("source_set"), metric).strata
    except CountingRefused:  # more source sets than anybody could read
        return []
    known = [one for one in counted if one.counts.presentations]
    return [_difference(one) for one in known] if len(known) > 1 else []


def _difference(one: PairStratum) -> dict[str, Any]:
    n, b, c = one.counts.presentations, one.counts.candidate_only, one.counts.baseline_only
    return {"source_set": one.stratum.key, "n": n, "b": b, "c": c, "estimate": (b - c) / n}

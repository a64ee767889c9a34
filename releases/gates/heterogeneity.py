"""One difference per source set: an effect that reverses between collections is no property of the stack."""

from dataclasses import fields
from typing import Any

import polars as pl

from releases.scores.counting import Metric, PairStratum, count_pairs
from releases.scores.refusals import CountingRefused
from releases.scores.scan import Arm, Scan
from releases.scores.strata import (
    ByColumn,
    Flags,
    Population,
    Strata,
    population_rows,
    stratum_rows,
)


def by_source_set(
    scan: Scan, population: Population, strata: Strata, metric: Metric
) -> dict[str, list[dict[str, Any]]]:
    """For each stratum its differences per source set; empty where fewer than two source sets are known."""
    inside = population_rows(scan.facts, population)
    known = scan.facts["source_set"].drop_nulls().n_unique() > 1
    return {
        stratum.key: _differences(_restricted(scan, rows), population, metric) if known else []
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


def _restricted(scan: Scan, rows: Flags) -> Scan:
    return Scan(
        facts=scan.facts.filter(pl.Series(rows)),
        subject=scan.subject[rows],
        instrument=scan.instrument[rows],
        set_threshold=scan.set_threshold[rows],
        candidate=_part(scan.candidate, rows),
        baseline=None if scan.baseline is None else _part(scan.baseline, rows),
    )


def _part(arm: Arm, rows: Flags) -> Arm:
    return Arm(**{one.name: getattr(arm, one.name)[rows] for one in fields(Arm)})

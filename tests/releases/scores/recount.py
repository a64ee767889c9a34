"""A second way to count, row by row in plain Python, against which the scan is checked."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from releases.scores.counting import Cluster, Metric
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import AtThreshold, Polarity
from tests.releases.scores.tables import frame_of

Score = float | None | Literal["absent"]

HEADER = ("id", "person", "tool", "kind", "species", "value", "sex")
MAPPING = {"instrument": "tool", "attributes": ["sex"]}


@dataclass(frozen=True)
class Shot:
    """One capture as two stacks saw it; a score is a number, None (no answer) or absent from the table."""

    subject: str
    instrument: str
    label: Literal["bona_fide", "attack"]
    species: str
    sex: str
    candidate: Score
    baseline: Score


@dataclass(frozen=True)
class Policy:
    threshold: float
    polarity: Polarity
    at_threshold: AtThreshold

    def accepts(self, score: Score) -> bool:
        if not isinstance(score, float):
            return False
        if score == self.threshold:
            return self.at_threshold is AtThreshold.BONA_FIDE
        return (score < self.threshold) == (self.polarity is Polarity.HIGHER_IS_ATTACK)


def table(shots: Iterable[Shot], arm: Literal["candidate", "baseline"]) -> pl.DataFrame:
    """The canonical frame of one stack, by way of CSV; the order of rows is turned for the baseline."""
    rows = [
        (
            f"id{number:03}",
            shot.subject,
            shot.instrument,
            "real" if shot.label == "bona_fide" else "fake",
            shot.species,
            "" if getattr(shot, arm) is None else repr(getattr(shot, arm)),
            shot.sex,
        )
        for number, shot in enumerate(shots)
        if getattr(shot, arm) != "absent"
    ]
    return frame_of(rows if arm == "candidate" else rows[::-1], MAPPING, HEADER)


def is_event(metric: Metric, policy: Policy, shot: Shot, score: Score) -> bool:
    silent = not isinstance(score, float)
    if metric is Metric.NON_RESPONSE:
        return silent
    return policy.accepts(score) == (shot.label == "attack")


def counts_row(metric: Metric, *scores: Score) -> bool:
    return metric is not Metric.ERROR or all(isinstance(score, float) for score in scores)


def cluster_of(shots: list[Shot]) -> tuple[Cluster, Callable[[Shot], str]]:
    """Of instrument and subject the id with fewer distinct values; the subject for bona fide and on a tie."""
    subjects = {shot.subject for shot in shots if shot.subject}
    instruments = {shot.instrument for shot in shots if shot.instrument and shot.label == "attack"}
    if instruments and (not subjects or len(instruments) < len(subjects)):
        return Cluster.INSTRUMENT, lambda shot: shot.instrument
    return (Cluster.SUBJECT if subjects else Cluster.NONE), lambda shot: shot.subject


def rates(shots: list[Shot], policy: Policy, metric: Metric) -> tuple[Cluster, RateCounts]:
    used = [one for one in shots if one.candidate != "absent" and counts_row(metric, one.candidate)]
    cluster, name = cluster_of(used)
    events = [one for one in used if is_event(metric, policy, one, one.candidate)]
    rows, hits = Counter(map(name, used)), Counter(map(name, events))
    known = sorted(key for key in rows if key)
    return cluster, RateCounts(
        subject_events=tuple(hits[key] for key in known),
        subject_rows=tuple(rows[key] for key in known),
        events_without_cluster=hits[""],
        rows_without_cluster=rows[""],
    )


def pairs(shots: list[Shot], ours: Policy, theirs: Policy, metric: Metric) -> tuple[Cluster, PairedCounts]:
    used = [
        one
        for one in shots
        if counts_row(metric, one.candidate, one.baseline) and {one.candidate, one.baseline} != {"absent"}
    ]
    cluster, name = cluster_of(used)
    cells: Counter[tuple[str, bool, bool]] = Counter(
        (
            name(one),
            is_event(metric, ours, one, one.candidate),
            is_event(metric, theirs, one, one.baseline),
        )
        for one in used
    )
    known = sorted({name(one) for one in used} - {""})

    def cell(key: str, *, first: bool, second: bool) -> int:
        return cells[key, first, second]

    def whole(key: str) -> int:
        return sum(count for (owner, _, _), count in cells.items() if owner == key)

    return cluster, PairedCounts(
        subject_rows=tuple(whole(key) for key in known),
        subject_both=tuple(cell(key, first=True, second=True) for key in known),
        subject_candidate_only=tuple(cell(key, first=True, second=False) for key in known),
        subject_baseline_only=tuple(cell(key, first=False, second=True) for key in known),
        rows_without_cluster=whole(""),
        both_without_cluster=cell("", first=True, second=True),
        candidate_only_without_cluster=cell("", first=True, second=False),
        baseline_only_without_cluster=cell("", first=False, second=True),
    )

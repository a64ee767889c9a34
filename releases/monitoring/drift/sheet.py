"""The drift sheet of a release on a channel: score, traffic, devices, quality and attacks of a period.

Each measure says what it compared, with how many people, and whether it moved by more than chance explains.
What could not be compared says why.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from governance.registry.models import Channel
from releases.monitoring.drift.attacks import attack_measure
from releases.monitoring.drift.comparing import (
    Compared,
    Side,
    aligned,
    compare_ordered,
    compare_shares,
    counts_in,
    why_not,
)
from releases.monitoring.drift.measure import Measure, Row
from releases.monitoring.drift.measuring import DriftFigures, Reference, score_drift
from releases.monitoring.drift.reading import (
    CHANNEL,
    NOT_STATED,
    SDK,
    Period,
    Shares,
    Value,
    attribute,
    attribute_number,
    binned,
    quantiles,
    shares,
)
from releases.monitoring.drift.references import BINS, DAY, answered_since, first_met
from releases.monitoring.terms.models import MonitoringTerms
from releases.monitoring.terms.queries import terms_of
from releases.rollouts.models import Deployment

FIRST_DAY = "its first day there"
TRAFFIC = "Traffic by channel"
NOT_YET = "Its first day of decisions is not over: there is nothing to compare with yet."


@dataclass(frozen=True)
class DriftSheet:
    """All measures of one deployment in [``since``, ``until``)."""

    channel: str
    since: datetime
    until: datetime
    answered_since: datetime | None
    measures: tuple[Measure, ...]

    @property
    def moved(self) -> tuple[Measure, ...]:
        """What moved by more than chance explains."""
        return tuple(one for one in self.measures if one.moved)

    def document(self) -> dict[str, Any]:
        """The sheet as it is kept with a review."""
        return asdict(self)


def drift_sheet(deployment: Deployment, *, since: datetime, until: datetime) -> DriftSheet:
    """What moved on the deployment's channel since its first day there. Reads only."""
    started = answered_since(deployment)
    terms = terms_of(deployment.channel.system)
    periods = _periods(deployment, since, until, first_met(deployment))
    measures = (
        _score(score_drift(deployment, since=since, until=until)),
        *_mixes(deployment, periods, terms),
        attack_measure(deployment, since=since, until=until),
    )
    return DriftSheet(deployment.channel.name, since, until, started, measures)


def _score(found: DriftFigures) -> Measure:
    against = {
        Reference.FIRST_DAY: FIRST_DAY,
        Reference.GATE: "genuine users of its gate",
        Reference.NONE: "nothing",
    }
    sides = (
        Side(found.bins_reference, found.reference_subjects),
        Side(found.bins_current, found.current_subjects),
    )
    return Measure(
        key="score",
        title="Score",
        against=against[found.reference],
        value=found.psi,
        limit=found.psi_limit,
        moved=found.moved,
        reference_people=found.reference_subjects,
        people=found.current_subjects,
        problem=found.problem,
        rows=_rows(_bin_names(found.edges), *sides) if found.bins else (),
        also=_distances(found),
    )


def _distances(found: DriftFigures) -> str:
    if found.ks is None or found.wasserstein is None or found.ks_p_value is None:
        return ""
    return f"KS {found.ks:.3f} (p {found.ks_p_value:.2g}), mean shift of the score {found.wasserstein:.3g}"


@dataclass(frozen=True)
class Periods:
    """The first day, once it is over, and the period that is looked at."""

    first: Period | None
    current: Period


def _periods(deployment: Deployment, since: datetime, until: datetime, started: datetime | None) -> Periods:
    """The first day is no part of what is compared with it."""
    channels, revision = (deployment.channel_id,), deployment.revision_id
    if started is None or until <= started + DAY:
        return Periods(None, Period(channels, revision, since, until))
    first = Period(channels, revision, started, started + DAY)
    return Periods(first, Period(channels, revision, max(since, first.until), until))


def _mixes(deployment: Deployment, periods: Periods, terms: MonitoringTerms) -> Iterator[Measure]:
    system = deployment.channel.system_id
    channels = dict(Channel.objects.filter(system=system).order_by("name").values_list("id", "name"))
    names = {str(key): name for key, name in channels.items()}
    of_all = Periods(
        periods.first and Period(tuple(channels), None, periods.first.since, periods.first.until),
        Period(tuple(channels), None, periods.current.since, periods.current.until),
    )
    yield _traffic(of_all, names)
    yield _mix("sdk", "SDK", SDK, periods)
    for name in terms.mix_attributes:
        found = _mix(f"attribute:{name}", _titled(name), attribute(name), periods)
        if {row.name for row in found.rows} != {NOT_STATED}:  # what no decision states is no mix
            yield found
    yield _quality(terms.quality_attribute, periods)


def _titled(name: str) -> str:
    return "OS" if name == "os" else name.replace("_", " ").capitalize()


def _traffic(periods: Periods, names: dict[str, str]) -> Measure:
    """Between channels that reported then and now: one that reports nothing is no channel without people."""
    now = shares(periods.current, CHANNEL)
    before = shares(periods.first, CHANNEL) if periods.first is not None else None
    if before is None or before.counts.keys() == now.counts.keys():
        return _compared("traffic", TRAFFIC, before, now, names)
    both = before.counts.keys() & now.counts.keys()
    only = sorted(names.get(one, one) for one in before.counts.keys() ^ now.counts.keys())
    left = f"left out: {', '.join(only)}, with decisions of one of the two times only"
    if len(both) < 2:
        problem = f"Nothing to compare; {left}."
        return Measure("traffic", TRAFFIC, FIRST_DAY, problem=problem, people=now.subjects)
    found = _compared("traffic", TRAFFIC, _within(before, both), _within(now, both), names)
    return replace(found, also=left)


def _within(found: Shares, kept: Set[str]) -> Shares:
    """The same of some categories: people are taken to be spread as their decisions are."""
    counts = {name: count for name, count in found.counts.items() if name in kept}
    people = found.subjects * sum(counts.values()) // max(1, sum(found.counts.values()))
    return Shares(counts, people)


def _mix(key: str, title: str, value: Value, periods: Periods) -> Measure:
    before = shares(periods.first, value) if periods.first is not None else None
    return _compared(key, title, before, shares(periods.current, value))


def _compared(
    key: str, title: str, before: Shares | None, now: Shares, names: Mapping[str, str] | None = None
) -> Measure:
    found = aligned(before.counts if before else {}, now.counts)
    told = [(names or {}).get(name, name) for name in found]
    reference = Side(counts_in(found, before.counts), before.subjects) if before else None
    side = Side(counts_in(found, now.counts), now.subjects)
    return _measure(key, title, reference, side, told, ordered=False)


def _quality(name: str, periods: Periods) -> Measure:
    value, first, current = attribute_number(name), periods.first, periods.current
    seen = quantiles(first or current, value)
    edges = seen.edges(BINS)
    reference = binned(first, value, edges) if first is not None else None
    side = binned(current, value, edges)
    if not side.decisions:
        problem = f"No decision carries the number {name!r}."
        return Measure("quality", "Capture quality", problem=problem, people=0)
    return _measure("quality", "Capture quality", reference, side, _bin_names(edges), ordered=True)


def _measure(
    key: str, title: str, reference: Side | None, side: Side, names: Sequence[str], *, ordered: bool
) -> Measure:
    against = FIRST_DAY if reference else "nothing"
    problem = why_not(reference, side) if reference else NOT_YET
    found: Compared | None = None
    if reference is not None and not problem:
        found = compare_ordered(reference, side) if ordered else compare_shares(reference, side)
    return Measure(
        key=key,
        title=title,
        against=against,
        value=found.psi if found else None,
        limit=found.limit if found else None,
        moved=found.moved if found else None,
        reference_people=reference.subjects if reference else 0,
        people=side.subjects,
        problem=problem,
        rows=_rows(names, reference or Side((0,) * len(side.counts), 0), side),
    )


def _rows(names: Sequence[str], reference: Side, side: Side) -> tuple[Row, ...]:
    return tuple(
        Row(name, _share(before, reference), _share(now, side))
        for name, before, now in zip(names, reference.counts, side.counts, strict=True)
    )


def _share(count: int, side: Side) -> float | None:
    return count / side.decisions if side.decisions else None


def _bin_names(edges: Sequence[float]) -> tuple[str, ...]:
    if not edges:
        return ("all",)
    between = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return (f"up to {edges[0]:.4g}", *between, f"above {edges[-1]:.4g}")

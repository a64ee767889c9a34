"""How far the scores that a release gives on a channel have moved: from its own first day there, else from
what its gate saw.

It says that something moved, not that something got worse, so a trigger on it notifies.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from releases.bundles.models import Slot
from releases.monitoring.drift.comparing import LEAST_SUBJECTS, Side, compare_ordered, why_not
from releases.monitoring.drift.reading import Period, Quantiles, Value, binned, quantiles, score
from releases.monitoring.drift.references import BINS, DAY, GateScores, first_met, gate_scores
from releases.monitoring.replaying.queries import fusion_of
from releases.monitoring.replaying.replay import Fusion, NotReplayable
from releases.rollouts.models import Deployment
from releases.statistics.drift import wasserstein_1


class Reference(StrEnum):
    """What current scores are compared with."""

    FIRST_DAY = "first_day"
    GATE = "gate"
    NONE = "none"


@dataclass(frozen=True)
class DriftFigures:
    """Scores of one revision on one channel in [``since``, ``until``) against a reference.

    Sizes are of decisions with a score. ``psi``, ``psi_limit``, ``ks``, ``ks_p_value`` and ``wasserstein``
    (in the unit of the score) are None where ``problem`` says why there is no figure: too few people, or no
    reference. No figure is no finding: it neither trips nor clears anything. What chance explains is judged
    by ``reference_subjects`` and ``current_subjects``. ``bins_reference`` and ``bins_current`` count
    decisions between ``edges``.
    """

    since: datetime
    until: datetime
    reference: Reference
    reference_size: int
    current_size: int
    bins: int
    psi: float | None = None
    psi_limit: float | None = None
    ks: float | None = None
    ks_p_value: float | None = None
    wasserstein: float | None = None
    problem: str = ""
    reference_subjects: int = 0
    current_subjects: int = 0
    edges: tuple[float, ...] = ()
    bins_reference: tuple[int, ...] = ()
    bins_current: tuple[int, ...] = ()

    @property
    def moved(self) -> bool | None:
        """Whether the scores moved by more than chance explains; None where nothing can be said."""
        if self.psi is None or self.psi_limit is None:
            return None
        return self.psi > self.psi_limit


def score_drift(deployment: Deployment, *, since: datetime, until: datetime) -> DriftFigures:
    """Drift of the score that decides, of ``deployment``'s revision on its channel in [since, until).

    The score is the one that the threshold policy judges: sub-scores are fused as the release's fusion says.
    The reference is the day that began with the deployment's first decision, once that day is over and if
    it met people enough; it is then no part of [since, until), and the answer's ``since`` says so. Else it is
    the genuine users of its gate. Reads the database, changes nothing; sorts the period's scores, so it is
    for windows of hours, not for every tick.
    """
    try:
        value = score(_computed(deployment))
    except NotReplayable as reason:
        return DriftFigures(since, until, Reference.NONE, 0, 0, 0, problem=f"No score to compare: {reason}.")
    current = Period((deployment.channel_id,), deployment.revision_id, since, until)
    met = first_met(deployment)
    by_day = None
    if met is not None and until > met + DAY:
        first = replace(current, since=met, until=met + DAY)
        by_day = _against_first_day(replace(current, since=max(since, first.until)), first, value)
        if by_day.reference_subjects >= LEAST_SUBJECTS:
            return by_day
    found = gate_scores(deployment)
    if found is not None:
        return _against_gate(current, found, value)
    if by_day is not None:
        return by_day
    seen = quantiles(current, value)
    problem = "Its first day there is not over, and no gate kept scores to compare with."
    return DriftFigures(since, until, Reference.NONE, 0, seen.decisions, 0, problem=problem)


def _computed(deployment: Deployment) -> Fusion:
    rows = Slot.objects.filter(revision=deployment.revision_id, slot="fusion").select_related("component")
    fusion = fusion_of([one.component for one in rows])
    if fusion.strategy not in {"single_score", "weighted"}:
        name = fusion.strategy.replace("_", " ")
        raise NotReplayable(f"the fusion is a {name}, whose arithmetic does not stand in the release")
    return fusion


def _against_first_day(current: Period, first: Period, value: Value) -> DriftFigures:
    reference = quantiles(first, value)
    edges = reference.edges(BINS)
    sides = (binned(first, value, edges), binned(current, value, edges))
    now = quantiles(current, value)
    return _figures(current, Reference.FIRST_DAY, edges, sides, _distance(reference, now))


def _distance(reference: Quantiles, now: Quantiles) -> float | None:
    return wasserstein_1(reference.values, now.values) if reference.values and now.values else None


def _against_gate(current: Period, found: GateScores, value: Value) -> DriftFigures:
    now = quantiles(current, value)
    distance = None
    if now.values:
        distance = wasserstein_1(found.centres, now.values, reference_weights=found.weights)
    sides = (found.side, binned(current, value, found.edges))
    return _figures(current, Reference.GATE, found.edges, sides, distance)


def _figures(
    current: Period,
    reference: Reference,
    edges: tuple[float, ...],
    sides: tuple[Side, Side],
    distance: float | None,
) -> DriftFigures:
    before, now = sides
    known = DriftFigures(
        current.since,
        current.until,
        reference,
        before.decisions,
        now.decisions,
        len(before.counts),
        problem=why_not(before, now),
        reference_subjects=before.subjects,
        current_subjects=now.subjects,
        edges=edges,
        bins_reference=before.counts,
        bins_current=now.counts,
    )
    if known.problem:
        return known
    found = compare_ordered(before, now)
    return replace(
        known,
        psi=found.psi,
        psi_limit=found.limit,
        ks=found.ks,
        ks_p_value=found.ks_p_value,
        wasserstein=distance,
    )

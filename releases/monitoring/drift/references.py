"""What current scores are compared with: the release's own first day on the channel, or its gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment
from releases.bundles.queries import served_by
from releases.gates.drawn import figures_shown
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.monitoring.decisions.models import Decision
from releases.monitoring.drift.comparing import Side, merged
from releases.rollouts.models import Deployment

DAY = timedelta(days=1)
BINS = 10


@dataclass(frozen=True)
class GateScores:
    """Scores of genuine users as the gate saw them: inner edges of ten bins, and the captures in each.

    ``centres`` and ``weights`` are its fine histogram, for the distance.
    """

    edges: tuple[float, ...]
    side: Side
    centres: tuple[float, ...]
    weights: tuple[int, ...]


def answered_since(deployment: Deployment) -> datetime | None:
    """When the deployment first answered people beyond single keys; None where it has not."""
    return answering_since([deployment]).get(deployment.pk)


def answering_since(deployments: Sequence[Deployment]) -> dict[UUID, datetime]:
    """The same of many, in one query; without those that have not: what waits for the ledger, too."""
    of = {one.pk: one for one in deployments}
    found: dict[UUID, datetime] = {}
    for row, since, _ in served_by(set(of)) if of else []:
        deployment = of[row.deployment_id] if row.deployment_id else None
        if deployment and row.channel_id == deployment.channel_id and _is_shown(row, deployment.revision_id):
            found.setdefault(deployment.pk, since)
    return found


def _is_shown(row: Assignment, revision: UUID) -> bool:
    """Whether the revision answers people there, and not only the keys of a list."""
    if row.candidate_id is None:
        return row.stable_id == revision
    return (
        row.candidate_id == revision and row.treatment_share > 0 and row.stage != StageKind.INTERNAL_TESTING
    )


def first_met(deployment: Deployment) -> datetime | None:
    """When it made its first decision there about people beyond single keys; None where it has made none."""
    started = answered_since(deployment)
    if started is None:
        return None
    rows = Decision.objects.filter(
        channel=deployment.channel_id, revision=deployment.revision_id, at__gte=started
    )
    return rows.order_by("at").values_list("at", flat=True).first()


def evaluation_of(deployment: Deployment) -> GateEvaluation | None:
    """The evaluation that was approved; of a deployment without an approval, the revision's newest result."""
    if deployment.approval is not None:
        return deployment.approval.request.evaluation
    rows = GateEvaluation.objects.filter(revision=deployment.revision_id, status=EvaluationStatus.COMPLETED)
    return rows.order_by("-ended_at", "-id").first()


def gate_scores(deployment: Deployment) -> GateScores | None:
    """The gate's scores of genuine users, from the figures that its run kept; None where it kept none."""
    evaluation = evaluation_of(deployment)
    figures = figures_shown(evaluation) if evaluation else None
    stack = _candidate(figures) if figures else None
    if stack is None:
        return None
    histogram = stack["histogram"]
    counts = [sum(row) for row in zip(*histogram["counts"]["bona_fide"].values(), strict=True)]
    low, width = histogram["low"], (histogram["high"] - histogram["low"]) / histogram["bins"]
    fine = [low + width * place for place in range(1, histogram["bins"])]
    edges = merged(fine, counts, BINS)
    centres = tuple(low + width * (place + 0.5) for place in range(histogram["bins"]))
    people = round(stack["bpcer"]["subjects"])
    return GateScores(edges, Side(_regrouped(fine, counts, edges), people), centres, tuple(counts))


def _candidate(figures: dict[str, Any]) -> dict[str, Any] | None:
    for comparison in figures.get("comparisons", []):
        for stack in comparison.get("stacks", []):
            if stack["of"] == "candidate" and stack["captures"]["bona_fide"]:
                found: dict[str, Any] = stack
                return found
    return None


def _regrouped(fine: list[float], counts: list[int], edges: tuple[float, ...]) -> tuple[int, ...]:
    """Counts of the fine bins, added up between the kept edges."""
    sums, place = [0] * (len(edges) + 1), 0
    for number, count in enumerate(counts):
        sums[place] += count
        if place < len(edges) and number < len(fine) and fine[number] == edges[place]:
            place += 1
    return tuple(sums)

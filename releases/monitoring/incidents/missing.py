"""What let through what went wrong: the evaluation behind the release that decided, and its criteria."""

from dataclasses import dataclass

from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.monitoring.incidents.models import Incident
from releases.rollouts.models import Deployment


@dataclass(frozen=True)
class LetPass:
    """The evaluation, and the titles of its criteria by key in their order; none where there was no gate."""

    evaluation: GateEvaluation | None
    criteria: dict[str, str]


def criteria_that_let_it_pass(incident: Incident) -> LetPass:
    """The criteria of the evaluation that was approved; of a release without one, of its newest result."""
    if incident.revision_id is None:
        return LetPass(None, {})
    evaluation = _approved(incident) or _newest(incident)
    if evaluation is None:
        return LetPass(None, {})
    criteria = evaluation.result.get("criteria", [])
    return LetPass(evaluation, {str(one["key"]): str(one.get("title") or one["key"]) for one in criteria})


def _approved(incident: Incident) -> GateEvaluation | None:
    rows = Deployment.objects.filter(
        revision=incident.revision_id,
        channel=incident.channel_id,
        approval__isnull=False,
        started_at__lte=incident.happened_at,
    )
    found = rows.select_related("approval__request__evaluation").order_by("-started_at", "-id").first()
    return found.approval.request.evaluation if found and found.approval else None


def _newest(incident: Incident) -> GateEvaluation | None:
    rows = GateEvaluation.objects.filter(
        revision=incident.revision_id, status=EvaluationStatus.COMPLETED, ended_at__lte=incident.happened_at
    )
    return rows.order_by("-ended_at", "-id").first()

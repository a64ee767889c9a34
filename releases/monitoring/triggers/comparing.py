"""What stands in for a control arm: the interval of the last one, or what the gate measured. Reads only."""

from datetime import datetime

from releases.bundles.arms import Arm
from releases.bundles.models import Revision
from releases.bundles.queries import served_by
from releases.bundles.triggers import ThresholdTrigger, VsControlTrigger
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.monitoring.triggers.given import Interval
from releases.monitoring.triggers.judgements import CannotJudge, NothingToCompareWith
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.windows.queries import counts_of
from releases.statistics.rates import clopper_pearson_upper


def compared_with(scene: Scene, place: Place) -> Interval | None:
    """The interval that the trigger is held against, where it needs one.

    Raises:
        CannotJudge: it needs one and there is none.
    """
    spec = place.spec
    if isinstance(spec, ThresholdTrigger) and spec.limit == "gate":
        return _of_gate(scene.deployment.revision, place.segment)
    if isinstance(spec, VsControlTrigger) and scene.step.is_last and not scene.has_control:
        return _of_last_control(scene, place, spec)
    return None


def _of_gate(revision: Revision, segment: str) -> Interval:
    """The largest upper bound of the decisions that differ, over the lines of the newest result."""
    rows = GateEvaluation.objects.filter(revision=revision, status=EvaluationStatus.COMPLETED)
    result = rows.order_by("-requested_at", "-id").values_list("result", flat=True).first() or {}
    lines = [
        line
        for one in result.get("criteria", [])
        if one.get("kind") == "disagreement"
        for line in one.get("strata", [])
        if line.get("upper") is not None and _is_about(line.get("stratum", {}), segment)
    ]
    if not lines:
        about = f"the segment {segment}" if segment else "everybody"
        raise CannotJudge(f"The gate measured no share of decisions that differ for {about}.")
    worst = max(lines, key=lambda line: float(line["upper"]))
    return Interval(
        float(worst["estimate"]), float(worst["upper"]), float(worst.get("n") or 0), "at most at the gate"
    )


def _is_about(stratum: dict[str, str], segment: str) -> bool:
    return stratum == {"segment": segment} if segment else "segment" not in stratum


def _of_last_control(scene: Scene, place: Place, spec: VsControlTrigger) -> Interval:
    """What the control arm of the last stage that had one came to, with its upper bound."""
    span = _last_span_with_control(scene)
    if span is None:
        raise NothingToCompareWith("No stage of this rollout had a control arm to compare with.")
    since, until = span
    rows = [
        row
        for row in counts_of(scene.deployment, since=since, until=until, at=scene.at)
        if row.arm is Arm.CONTROL and row.metric == spec.metric and row.segment == place.segment
    ]
    subjects, events = sum(row.subjects for row in rows), sum(row.events for row in rows)
    if not subjects:
        raise NothingToCompareWith("The last control arm saw no subject to compare with.")
    share = min(1.0, events / subjects)
    upper = clopper_pearson_upper(share, subjects, spec.alpha)
    return Interval(share, upper, subjects, "in the last control arm")


def _last_span_with_control(scene: Scene) -> tuple[datetime, datetime] | None:
    """When the last stage with a control arm began and ended, as the channel was answered."""
    watched = scene.deployment
    beside = [
        (row.stage_number, lower, upper)
        for row, lower, upper in served_by({watched.pk})
        if row.control_share and row.candidate_id == watched.revision_id
    ]
    if not beside:
        return None
    number, _, until = beside[-1]
    return next(lower for stage, lower, _ in beside if stage == number), until or scene.at

"""Looks at the demo's rollouts in its past: by the functions of the worker's tick, at the demo's time."""

from collections.abc import Sequence

from releases.demo.people import Stage
from releases.demo.traffic import Flow, beat, serve
from releases.monitoring.triggers.evaluation import evaluate_triggers
from releases.monitoring.watching.acting import TAKEN_BACK, act_on, act_on_triggers
from releases.monitoring.watching.looking import look_at
from releases.rollouts.models import Deployment
from releases.rollouts.readings import Check, keep_reading, last_reading
from releases.rollouts.stages import current_step

FURTHER = 6
"""Windows that pass before it is asked again whether a stage shows what its plan asks."""

MOST = 10
"""So often; a story that shows it never is wrong."""


def watch(stage: Stage, deployment: Deployment) -> Deployment:
    """Look at it once and do what was found; answers it as it stands then."""
    beat(stage, deployment.channel)
    with stage.at_once():
        engine, at = stage.engine(), stage.clock.now
        row = _as_it_stands(deployment)
        evaluated = evaluate_triggers(engine, row, at)
        if act_on_triggers(engine, row, evaluated) != TAKEN_BACK:
            row = _as_it_stands(deployment)
            reading = look_at(row, evaluated, at)
            keep_reading(row, reading)
            act_on(engine, row, reading, at)
    return _as_it_stands(deployment)


def watch_until_shown(stage: Stage, deployment: Deployment, flows: Sequence[Flow]) -> Deployment:
    """Look at it, and let windows pass, until its stage shows what the plan asks."""
    for _ in range(MOST):
        found = watch(stage, deployment)
        lacks = lacking(found)
        if not lacks:
            return found
        serve(stage, flows, FURTHER)
    raise RuntimeError(f"the demo's stage never shows what its plan asks: {lacks[0].sentence}")


def lacking(deployment: Deployment) -> Sequence[Check]:
    """What its stage asks for and the last look did not find."""
    reading = last_reading(deployment)
    return reading.open_among(current_step(deployment).asks_for) if reading else ()


def _as_it_stands(deployment: Deployment) -> Deployment:
    rows = Deployment.objects.select_related(
        "release__system", "revision__release__system", "channel__system", "approval", "reading"
    )
    return rows.prefetch_related("stage_approvals").get(pk=deployment.pk)

"""The demo's rollouts: one through every stage, one taken back by a trigger, one on its way, one held.

Traffic is told of the hours before each decision; what the other hours brought is left out, to keep it short.
"""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.demo.incidents import suspect_and_dismiss
from releases.demo.people import Stage
from releases.demo.traffic import Flow, accepted_by, serve
from releases.demo.visits import CERTIFICATE_EXPIRED, CONNECTIONS_OPENED_ANEW, accepted_attack
from releases.demo.watching import watch, watch_until_shown
from releases.monitoring.vocabulary.series import WINDOW
from releases.rollouts.advancing import advance_rollout
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import last_reading
from releases.rollouts.services import start_rollout
from releases.rollouts.stage_approvals import approve_stage
from releases.rollouts.stages import advance_at, current_step

ALL_QUIET = "Nothing unusual in support tickets and error logs either."
MANY, SOME, FEW = 240, 60, 30
"""People who come to a channel in a window."""

GUARDED, GUARDED_WIDER = 4, 5
"""Stages of the plan by number."""

AN_HOUR = 12
"""Windows of traffic around the moment: a whole hour, since an hour is one block of a stage's evidence."""

BEFORE_THE_FAULT = 4
AFTER_LAUNCH = 6
BEFORE_THE_SLOWDOWN = 18
HOURS_TODAY = 2.75
MOST_LOOKS = 10


def _started(stage: Stage, revision: Revision, channel: Channel) -> Deployment:
    return start_rollout(stage.actor("release_manager"), revision=revision, channel=channel)


def _advanced(stage: Stage, deployment: Deployment) -> Deployment:
    """The next stage, at this moment or as soon as the present one has lasted long enough."""
    stage.clock.reach(advance_at(deployment))
    with stage.at_once():
        return advance_rollout(stage.actor("release_manager"), deployment=deployment, reason=ALL_QUIET)


def _until(stage: Stage, deployments: Sequence[Deployment], stage_number: int) -> Sequence[Deployment]:
    """The rollouts side by side until they are in that stage."""
    while any(one.stage_number < stage_number for one in deployments):
        deployments = [_advanced(stage, one) for one in deployments]
    return deployments


def _reach_hour_of(stage: Stage, deployment: Deployment) -> None:
    """Let time pass until the hour in which the stage may be left."""
    stage.clock.reach(advance_at(deployment).replace(minute=0, second=0, microsecond=0))


def _advanced_by_figures(stage: Stage, deployment: Deployment, flows: Sequence[Flow]) -> Deployment:
    """The next stage, once the present one shows what the plan asks and those approved whom it names."""
    stage.clock.reach(advance_at(deployment))
    found = watch_until_shown(stage, deployment, flows)
    with stage.at_once():
        if current_step(found).stage.requires_approval:
            _approve(stage, found)
        return _advanced(stage, found)


def _approve(stage: Stage, deployment: Deployment) -> None:
    reading = last_reading(deployment)
    approve_stage(
        stage.actor("security_all"),
        deployment=deployment,
        reason="No segment is accepted less often than beside it, and no attack is known to have passed.",
        evidence_digest=reading.digest if reading else "",
    )


def go_live_and_back(stage: Stage, revision: Revision, android: Channel, mobile_web: Channel) -> UUID:
    """Through every stage on android; on mobile_web a trigger takes it back soon after half of the people got
    it. Answers the decision that let an attack pass there."""
    stage.clock.ago(days=20.5)
    started = [_started(stage, revision, channel) for channel in (android, mobile_web)]
    on_android, on_web = _until(stage, started, GUARDED_WIDER)
    of_android, of_web = Flow(android, MANY), Flow(mobile_web, MANY)
    _reach_hour_of(stage, on_web)
    of_web.also = accepted_attack(revision.release.name, "print_medium")
    serve(stage, (of_android, of_web), AN_HOUR)
    on_android = _advanced_by_figures(stage, on_android, (of_android, of_web))
    on_web = _advanced_by_figures(stage, on_web, (of_android, of_web))
    of_web.people = MANY // 2
    serve(stage, (of_web,), BEFORE_THE_FAULT)
    of_web.trouble = CERTIFICATE_EXPIRED
    _until_moved(stage, on_web, (of_web,), DeploymentState.ROLLED_BACK)
    _reach_hour_of(stage, on_android)
    serve(stage, (of_android,), AFTER_LAUNCH)
    _advanced_by_figures(stage, on_android, (of_android,))
    return UUID(of_web.brought["id"])


def _until_moved(
    stage: Stage, deployment: Deployment, flows: Sequence[Flow], state: DeploymentState
) -> Deployment:
    """Let windows pass until a trigger has moved the rollout there."""
    for _ in range(MOST_LOOKS):
        serve(stage, flows, 1)
        deployment = watch(stage, deployment)
        if deployment.state != DeploymentState.ROLLING_OUT:
            break
    if deployment.state != state:
        raise RuntimeError(f"the demo's rollout is {deployment.state}, and ought to be {state}")
    return deployment


def serve_after_launch(stage: Stage, channels: Sequence[Channel]) -> None:
    """Half an hour of what is live there."""
    serve(stage, [Flow(channel, SOME) for channel in channels], AFTER_LAUNCH)


def guard(
    stage: Stage, revision: Revision, ios: Channel, desktop_web: Channel
) -> tuple[Deployment, Deployment]:
    """Guarded at 25 % on ios, where a suspected attack held it for hours; at 10 % on desktop_web."""
    stage.clock.ago(days=2.6)
    (on_ios,) = _until(stage, [_started(stage, revision, ios)], GUARDED)
    told = serve(stage, (Flow(ios, SOME),), BEFORE_THE_FAULT)
    on_ios = suspect_and_dismiss(stage, watch(stage, on_ios), accepted_by(told, revision))
    stage.clock.ago(hours=24 + HOURS_TODAY)
    (on_desktop,) = _until(stage, [_started(stage, revision, desktop_web)], GUARDED)
    return _advanced(stage, on_ios), on_desktop


def serve_today(
    stage: Stage, on_ios: Deployment, on_desktop: Deployment, mobile_web: Channel, on_android: Deployment
) -> None:
    """The hours before now. On desktop_web the candidate becomes slow, and a trigger holds it there."""
    ios, desktop = Flow(on_ios.channel, SOME), Flow(on_desktop.channel, SOME)
    others = [Flow(channel, FEW) for channel in (on_android.channel, mobile_web)]
    serve(stage, (ios, desktop), BEFORE_THE_SLOWDOWN)
    desktop.trouble = CONNECTIONS_OPENED_ANEW
    _until_moved(stage, on_desktop, (ios, desktop, *others), DeploymentState.HELD)
    serve(stage, (ios, desktop, *others), (timezone.now() - stage.clock.now) // WINDOW)
    for deployment in (on_ios, on_desktop, on_android):
        watch(stage, deployment)

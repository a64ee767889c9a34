"""The demo's rollouts: one through every stage, one taken back, one on its way, one held."""

from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.demo.people import Stage
from releases.demo.traffic import ON_THE_WEB, report_traffic
from releases.rollouts.advancing import advance_rollout
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress import hold_rollout
from releases.rollouts.services import roll_back, start_rollout
from releases.rollouts.stages import advance_at

NOTHING_SEEN = "Nothing unusual in support tickets and error logs; no metric was measured."


def _started(stage: Stage, revision: Revision, channel: Channel) -> Deployment:
    return start_rollout(stage.actor("release_manager"), revision=revision, channel=channel)


def _advanced(stage: Stage, deployment: Deployment) -> Deployment:
    """The next stage, as soon as the present one has lasted long enough."""
    earliest = advance_at(deployment)
    stage.clock.now = max(stage.clock.now, earliest)
    return advance_rollout(stage.actor("release_manager"), deployment=deployment, reason=NOTHING_SEEN)


def _until(stage: Stage, deployment: Deployment, stage_number: int) -> Deployment:
    while deployment.stage_number < stage_number:
        deployment = _advanced(stage, deployment)
    return deployment


def go_live_and_back(stage: Stage, revision: Revision, android: Channel, mobile_web: Channel) -> None:
    """Through every stage on both channels, then taken back on one of them by its reviewer."""
    stage.clock.pass_by(hours=8)
    waiting = [_started(stage, revision, channel) for channel in (android, mobile_web)]
    while any(deployment.state != DeploymentState.LIVE for deployment in waiting):
        waiting = [_advanced(stage, deployment) for deployment in waiting]
    stage.clock.pass_by(days=1)
    roll_back(
        stage.actor("security_web"),
        channel=mobile_web,
        reason="Support reported a rise in retries on mobile web after the release; cause not known yet.",
    )


def guard_and_hold(stage: Stage, revision: Revision, ios: Channel, desktop_web: Channel) -> None:
    """Guarded at 25 % on ios with its decisions on record; held at 10 % on desktop_web by its reviewer."""
    on_ios = _until(stage, _started(stage, revision, ios), 4)
    on_desktop = _until(stage, _started(stage, revision, desktop_web), 4)
    report_traffic(stage, on_ios)
    _until(stage, on_ios, 5)
    report_traffic(stage, on_ios)
    report_traffic(stage, on_desktop, ON_THE_WEB)
    stage.clock.pass_by(hours=6)
    hold_rollout(
        stage.actor("security_web"),
        deployment=on_desktop,
        reason="Webcams of one maker are refused more often than others; looking at captures before more "
        "people get the release.",
    )

"""Rollouts that are watched: triggers in their plan, and windows that were counted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from governance.actors import Actor
from releases.bundles.arms import Arm, arm_of
from releases.monitoring.triggers.evaluation import evaluate_triggers
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.vocabulary import Evaluated
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, Metric
from releases.monitoring.windows.models import RollUp, Window
from releases.monitoring.windows.stretches import runs_of
from releases.rollouts.models import Deployment
from tests.factories.approvals import World, candidate
from tests.factories.bundles import rollback_plan
from tests.factories.gates import engine
from tests.factories.rollouts import on_its_way
from tests.factories.snapshot import remembered

GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}
RETRY: dict[str, Any] = {
    "key": "retry_spike",
    "kind": "vs_control",
    "metric": "retry",
    "description": "Retries rise.",
    "owner": "author",
}
ERRORS: dict[str, Any] = {
    **RETRY,
    "kind": "threshold",
    "test": "bound",
    "limit": 0.1,
    "action": "hold",
}
EVENT: dict[str, Any] = {"key": "spoof", "kind": "event", "description": "A spoof passed.", "owner": "author"}
HEARTBEAT: dict[str, Any] = {"key": "beat", "kind": "heartbeat", "description": "Silence.", "owner": "author"}
WORSE = ((200, 60), (200, 14))
ALIKE = ((200, 14), (200, 14))
"""Subjects and retries of candidate and control in a window."""
WHERE = ("channel", "stage_began_at", "starts_at", "arm", "revision", "segment", "metric")
COUNTS = ("subjects", "events", "captures", "capture_events", "sketch", "version")


@remembered
def watched(
    here: World,
    *triggers: dict[str, Any],
    stages: Sequence[dict[str, Any]] = (GUARDED, GENERAL),
    channel: str = "android",
) -> Deployment:
    """A release ``v2`` in its first stage on the channel, with these triggers in force in every stage."""
    keys = [trigger["key"] for trigger in triggers]
    revision = candidate(
        here,
        "2",
        rollout_plan={"stages": [{**stage, "triggers": keys} for stage in stages]},
        rollback_plan=rollback_plan(here.cast, triggers=list(triggers)),
    )
    (deployment,) = on_its_way(here, revision, channel)
    return deployment


def slot(deployment: Deployment, place: int) -> datetime:
    """The beginning of a window of the deployment's stage, counted from the one in which it began."""
    began = deployment.stage_entered_at or deployment.started_at
    first = began - (began - datetime(2026, 1, 1, tzinfo=began.tzinfo)) % WINDOW
    return first + WINDOW * place


@dataclass(frozen=True)
class Place:
    """Where counts of a deployment belong now, asked once for many windows: the runs in which people are
    counted, each with whether all are seen there for the first time, and the revision beside it."""

    deployment: Deployment
    runs: Sequence[tuple[Any, bool]]
    stable: Any

    def windows(
        self,
        place: int,
        ours: tuple[int, float],
        control: tuple[int, float] = (0, 0),
        *,
        metric: Metric = Metric.RETRY,
        segment: str = "",
        arm: Arm = Arm.CANDIDATE,
        version: int = 1,
        new: bool = True,
    ) -> Iterator[Window]:
        """The rows of :func:`counted`, for :func:`write`."""
        for side, (subjects, events), revision in (
            (arm, ours, self.deployment.revision_id),
            (Arm.CONTROL, control, self.stable),
        ):
            for began_at, is_first in self.runs if subjects else ():
                yield Window(
                    channel=self.deployment.channel,
                    deployment=self.deployment,
                    stage_began_at=began_at,
                    starts_at=slot(self.deployment, place),
                    arm=side,
                    revision_id=revision,
                    segment=segment,
                    metric=metric,
                    subjects=subjects if new or is_first else 0,
                    events=events if new or is_first else 0,
                    captures=subjects,
                    capture_events=min(int(events), subjects),
                    version=version,
                )


def place_of(deployment: Deployment) -> Place:
    """Where what is counted of it now belongs. After a pause that is twice: the stay in the stage, and the
    whole stage."""
    newest = deployment.assignments.order_by("-period").first()
    stage = runs_of(deployment).again.get(newest.period.lower) if newest else None
    if newest is None or stage is None:
        return Place(deployment, [(deployment.stage_entered_at, True)], newest and newest.stable_id)
    return Place(deployment, [(newest.period.lower, True), (stage, False)], newest.stable_id)


def write(deployment: Deployment, windows: Iterable[Window]) -> None:
    """Store these in one statement, over what stands there, and say that there was counted."""
    Window.objects.bulk_create(
        windows, update_conflicts=True, unique_fields=WHERE, update_fields=["deployment", *COUNTS]
    )
    _moved(deployment)


def counted(
    deployment: Deployment,
    place: int,
    ours: tuple[int, float],
    control: tuple[int, float] = (0, 0),
    **given: Any,
) -> None:
    """A window as it is counted now, with (subjects, events) of both arms. After a pause these are of the
    stay in the stage, and of the whole stage too where they are ``new`` to it."""
    write(deployment, place_of(deployment).windows(place, ours, control, **given))


def _moved(deployment: Deployment) -> None:
    """Say, as counting does, that something was counted: later than it was said before, also at one time."""
    progress, _ = RollUp.objects.get_or_create(channel=deployment.channel)
    before = progress.rolled_up_at or timezone.now()
    progress.rolled_up_at = max(timezone.now(), before + timedelta(microseconds=1))
    progress.save()


def closed(deployment: Deployment, place: int) -> datetime:
    """When a window has waited for what is late."""
    return slot(deployment, place) + WINDOW + ALLOWED_LATENESS + timedelta(seconds=1)


def evaluated(deployment: Deployment, at: datetime, by: Actor | None = None) -> Evaluated:
    """What its triggers say at a time."""
    found = Deployment.objects.select_related("revision__release__system", "release__system", "channel")
    return evaluate_triggers(by or engine(), found.get(id=deployment.id), at)


def status(deployment: Deployment, key: str = "retry_spike", segment: str = "") -> TriggerStatus:
    """How the trigger stands."""
    return TriggerStatus.objects.get(deployment=deployment, key=key, segment=segment)


def somebody(deployment: Deployment) -> str:
    """A subject that gets the candidate."""
    assignment = deployment.assignments.get(period__upper_inf=True)
    names = (f"subject-{number}" for number in range(1000))
    return next(name for name in names if arm_of(assignment, name) is Arm.CANDIDATE)

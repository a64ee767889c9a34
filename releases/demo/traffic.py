"""Traffic of the demo's past: who came to which channel, reported window by window as a service would.

Which release answers follows from the person's hash, as it would at the caller. Only the times are
staged, and what :mod:`releases.demo.visits` says that the package does not know.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from governance.registry.models import Channel
from releases.bundles.arms import CONTROL_BEGINS, Arm, arm_of
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import assignments_at
from releases.demo.people import SERVICE, Stage
from releases.demo.visits import CALM, Crowd, Seen, Trouble
from releases.monitoring.decisions.reporting import report_lines
from releases.monitoring.heartbeats.services import Beat, report_heartbeat
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, window_start
from releases.monitoring.windows.services import count_decisions

SEED = 24
"""One at which each stage shows within its hour what it asks; another takes hours more, not another end."""

REPORTED_AFTER = timedelta(seconds=15)
"""So long after the end of a window the service has reported it."""

BEGUN = timedelta(minutes=3)
"""A window that is no older may still be told whole: it is reported at its end."""

COMES_WITHIN = 220.0
"""People come in the first seconds of a window, so that who tries again still does within it."""

AGAIN_AFTER = timedelta(seconds=45)
INSTANCES = ("a", "b")


@dataclass
class Flow:
    """The decision service of one channel: how many people come in a window, and what befalls those whom the
    candidate answers. ``also`` is a capture that comes to it once; ``brought`` is what that led to."""

    channel: Channel
    people: int
    trouble: Trouble = CALM
    also: Seen | None = None
    brought: dict[str, Any] = field(default_factory=dict)
    crowd: Crowd = field(init=False)

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.channel.name, SEED)


def serve(stage: Stage, flows: Sequence[Flow], windows: int) -> list[dict[str, Any]]:
    """Let whole windows pass on the channels; answers the decisions once they are reported and counted."""
    assignments = {flow.channel.id: _assignment(flow.channel) for flow in flows}
    since = max(one.period.lower for one in assignments.values())
    told: list[dict[str, Any]] = []
    for _ in range(windows):
        starts_at = _next_window(stage.clock.now, since)
        decisions = [one for flow in flows for one in _window(flow, assignments[flow.channel.id], starts_at)]
        stage.clock.reach(starts_at + WINDOW + REPORTED_AFTER)
        _report(stage, decisions)
        told += decisions
    stage.clock.pass_by(seconds=ALLOWED_LATENESS.seconds)  # then the last one is closed too
    for flow in flows:
        _count(stage, flow.channel)
    return told


def beat(stage: Stage, channel: Channel) -> None:
    """The instances say that they are alive, and which releases they answer with."""
    assignment = _assignment(channel)
    running = [one for one in (assignment.candidate, assignment.stable) if one is not None]
    with stage.at_once():
        for instance in INSTANCES:
            for revision in running:
                said = Beat(f"{channel.name}-{instance}", revision.manifest_digest, stage.clock.now)
                report_heartbeat(stage.actor(SERVICE), channel=channel, beat=said)


def _assignment(channel: Channel) -> Assignment:
    rows = assignments_at().select_related("stable__release", "candidate__release", "control__release")
    found: Assignment = rows.get(channel=channel)
    return found


def _next_window(now: datetime, since: datetime) -> datetime:
    """The window that has just begun, if what answers did so before; else the next one."""
    begun = window_start(now)
    return begun if now - begun <= BEGUN and since <= begun else begun + WINDOW


def _window(flow: Flow, assignment: Assignment, starts_at: datetime) -> Iterator[dict[str, Any]]:
    for seconds in flow.crowd.moments(flow.people, COMES_WITHIN):
        visitor = _visitor(flow, assignment, _arm_at(assignment, flow.crowd.chance()))
        yield from visitor.comes(flow.crowd.capture(), starts_at + timedelta(seconds=seconds))
    if flow.also is not None:
        visitor = _visitor(flow, assignment, Arm.CANDIDATE)
        flow.brought, flow.also = visitor.meets(flow.also, starts_at, 1), None
        yield flow.brought


def _arm_at(assignment: Assignment, place: float) -> Arm:
    """The arm that holds the place in [0, 1)."""
    if assignment.candidate is not None and place < assignment.treatment_share:
        return Arm.CANDIDATE
    is_control = CONTROL_BEGINS <= place < CONTROL_BEGINS + assignment.control_share
    return Arm.CONTROL if is_control else Arm.STABLE


def _visitor(flow: Flow, assignment: Assignment, arm: Arm) -> "_Visitor":
    """Somebody new of the arm: the salt of a rollout is chance, and the story must come out the same."""
    subject = flow.crowd.pseudonym(lambda key: arm_of(assignment, key) is arm)
    trouble = flow.trouble if arm is Arm.CANDIDATE else CALM
    return _Visitor(flow, subject, assignment.answering(arm), trouble)


@dataclass(frozen=True)
class _Visitor:
    """A person and what answers them."""

    flow: Flow
    subject: str
    revision: Revision
    trouble: Trouble

    def comes(self, seen: Seen, at: datetime) -> Iterator[dict[str, Any]]:
        """A decision, and a second one if they try again."""
        first = self.meets(seen, at, 1)
        yield first
        if self.flow.crowd.tries_again(first):
            yield self.meets(self.flow.crowd.another(seen), at + AGAIN_AFTER, 2)

    def meets(self, seen: Seen, at: datetime, attempt: int) -> dict[str, Any]:
        """One decision."""
        crowd = self.flow.crowd
        return crowd.decision(
            crowd.answer(self.revision.release.name, seen, self.trouble),
            seen,
            at=at.isoformat(),
            channel=str(self.flow.channel.id),
            stamp=self.revision.manifest_digest,
            subject=self.subject,
            attempt=attempt,
        )


def _report(stage: Stage, decisions: Iterable[dict[str, Any]]) -> None:
    lines = [(number, json.dumps(one).encode()) for number, one in enumerate(decisions, start=1)]
    with stage.at_once():
        report = report_lines(stage.actor(SERVICE), lines)
    if report.refused:
        raise RuntimeError(f"the demo's decisions were refused: {report.refused[0]}")


def _count(stage: Stage, channel: Channel) -> None:
    with stage.at_once():
        while count_decisions(stage.engine(), channel=channel).batches_counted:
            pass


def accepted_by(told: Iterable[dict[str, Any]], revision: Revision) -> UUID:
    """The id of a decision by which the revision accepted somebody."""
    wanted = (revision.manifest_digest, "accept")
    return next(UUID(one["id"]) for one in told if (one["stamp"], one["outcome"]) == wanted)

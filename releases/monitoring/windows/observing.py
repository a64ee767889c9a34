"""A report of ready-made windows: read, place under what was assigned then, store, say what became of each.

Idempotent by what a window is of: the same again is a duplicate and changes nothing, other figures for the
same window are refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.access.queries import reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput, invalid
from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.bundles.models import Revision
from releases.monitoring.decisions.lines import Refusal
from releases.monitoring.decisions.reporting import NO_CHANNEL, Report
from releases.monitoring.windows.models import Observation
from releases.monitoring.windows.observations import NewObservation, report_observations
from releases.monitoring.windows.observed_lines import ObservedLine, read_observation, read_observed_line
from releases.monitoring.windows.stretches import Stretch, predicates_of, run_at, stretches_of

REPORTED_OTHERWISE = "reported_otherwise"


class ReportedOtherwise(GovernanceError):
    """Other figures were reported for this window; what is stored never changes."""

    code = REPORTED_OTHERWISE
    title = "This window was reported with other figures"
    next_step = "Report each window once, when it is over; report decisions where figures may still change."


@dataclass
class _Places:
    """What was assigned on each channel, read once in a report."""

    channels: Mapping[UUID, Channel]
    stretches: dict[UUID, list[Stretch]] = field(default_factory=dict)
    releases: dict[UUID, UUID] = field(default_factory=dict)
    segments: dict[tuple[UUID, int], frozenset[str]] = field(default_factory=dict)

    def of(self, channel: Channel) -> list[Stretch]:
        """The channel's stretches."""
        if channel.id not in self.stretches:
            found = stretches_of(channel)
            named = {due for one in found for due in (one.stable, one.candidate, one.kept) if due}
            rows = Revision.objects.filter(id__in=named).values_list("id", "release_id")
            self.releases.update(rows)
            self.stretches[channel.id] = found
        return self.stretches[channel.id]

    def keys(self, channel: Channel, stretch: Stretch) -> frozenset[str]:
        """The segments that count in the stretch, and everybody."""
        place = (channel.id, stretch.number)
        if place not in self.segments:
            self.segments[place] = frozenset({"", *(key for key, _ in predicates_of(channel, stretch))})
        return self.segments[place]


def report_observed_lines(actor: Actor, lines: Iterable[tuple[int, bytes]]) -> Report:
    """Take a report of many windows.

    Raises:
        PermissionDenied: the actor reports nowhere.
        InvalidInput: the report cannot be read, or holds no line; then nothing of it is stored.
    """
    now = actor.at or timezone.now()
    return _report(actor, (read_observed_line(number, data, now) for number, data in lines))


def report_observation(actor: Actor, value: Any) -> Report:
    """Take one window; what a report would refuse as a line is raised.

    Raises:
        PermissionDenied, InvalidInput, ReportedOtherwise: see the messages.
    """
    report = _report(actor, [read_observation(1, value, actor.at or timezone.now())])
    for refusal in report.refused:
        if refusal.code == REPORTED_OTHERWISE:
            raise ReportedOtherwise(f"{refusal.field}: {refusal.message}")
        raise invalid(refusal.field, refusal.message)
    return report


def _report(actor: Actor, lines: Iterable[ObservedLine | Refusal]) -> Report:
    report = Report()
    places = _Places(_reportable(actor))
    incoming: dict[tuple[object, ...], NewObservation] = {}
    for line in lines:
        found = line if isinstance(line, Refusal) else _placed(line, places)
        if isinstance(found, Refusal):
            report.refused.append(found)
        elif found.line.key in incoming:
            _settle(report, found, incoming[found.line.key].digest)
        else:
            incoming[found.line.key] = found
    if not incoming and not report.refused:
        raise InvalidInput("The report holds no line.", next_step="Send one JSON object per line.")
    if incoming:
        _store(actor, report, list(incoming.values()))
    report.refused.sort(key=lambda one: one.line)
    return report


def _store(actor: Actor, report: Report, incoming: list[NewObservation]) -> None:
    batch = report_observations(actor, observations=incoming)
    stored = _stored(incoming)
    for one in incoming:
        digest, by = stored[one.line.key]
        if by == batch.report:
            report.accepted += 1
        else:
            _settle(report, one, digest)


def _reportable(actor: Actor) -> dict[UUID, Channel]:
    """The channels that the actor may report on; being none is a refusal of its own."""
    found = reach(actor, Permission.REPORT_DECISIONS)
    rows = visible_to(Channel.objects.select_related("system"), actor)
    channels = {row.id: row for row in rows if found is not None and found.acts_on(row.access_scope())}
    if not channels:
        report_observations(actor, observations=[])
    return channels


def _placed(line: ObservedLine, places: _Places) -> NewObservation | Refusal:
    """The window under the assignment that was in force, or why there is none that it fits."""
    body = line.body
    channel = places.channels.get(body.channel)
    if channel is None:
        message = f"there is no such channel {body.channel} that you may report on."
        return Refusal(line.number, line.name, "channel", message, NO_CHANNEL)
    starts_at, ends_at = body.window
    stretch = run_at(places.of(channel), starts_at, ends_at)
    if stretch is None:
        message = (
            "what is live changed within this window, or nothing was live; "
            "report its decisions one by one, they can be told apart."
        )
        return Refusal(line.number, line.name, "window", message)
    due = stretch.due(Arm(body.arm))
    if (body.arm == Arm.CANDIDATE and due != stretch.candidate) or places.releases.get(due) != body.release:
        message = f"the arm {body.arm} did not get the release {body.release} on this channel then."
        return Refusal(line.number, line.name, "release", message)
    if body.arm == Arm.CONTROL and not stretch.control_share:
        return Refusal(line.number, line.name, "arm", "there was no control arm on this channel then.")
    if body.segment not in places.keys(channel, stretch):
        known = ", ".join(sorted(places.keys(channel, stretch) - {""})) or "none"
        message = f"{body.segment!r} is no segment that counts there; known: {known}."
        return Refusal(line.number, line.name, "segment", message)
    return NewObservation(line, channel, stretch, due, digest_of_bytes(written(line)))


def written(line: ObservedLine) -> bytes:
    """The canonical line, with its line feed."""
    return canonical_bytes(line.document()) + b"\n"


def _settle(report: Report, incoming: NewObservation, known: str) -> None:
    if known == incoming.digest:
        report.duplicates += 1
        return
    message = "this window was reported with other figures before; what is stored never changes."
    line = incoming.line
    report.refused.append(Refusal(line.number, line.name, "window", message, REPORTED_OTHERWISE))


def _stored(incoming: list[NewObservation]) -> dict[tuple[object, ...], tuple[str, UUID]]:
    """The digest and the report of what is stored, by key."""
    times: set[datetime] = {one.line.starts_at for one in incoming}
    rows = Observation.objects.filter(
        channel__in={one.line.channel for one in incoming}, starts_at__in=times
    ).values_list(
        "channel_id",
        "release_id",
        "arm",
        "segment",
        "metric",
        "starts_at",
        "ends_at",
        "line_digest",
        "batch__report",
    )
    return {row[:7]: (row[7], row[8]) for row in rows}

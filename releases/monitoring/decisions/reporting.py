"""A report of decisions from the first line to the answer: read, sort out, store, say what became of each.

Decisions are idempotent by their ids: the same line again is a duplicate and changes nothing, another line
under a known id is refused. It makes no difference whether the other came in an earlier report, in the same
one, or at the same time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from governance.access.queries import reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput, invalid
from governance.ledger.canonical import digest_of_bytes
from governance.registry.models import Channel
from releases.monitoring.decisions.lines import DecisionBody, Line, Refusal, read_line, read_value
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.decisions.services import NewDecision, report_decisions

IDS_AT_ONCE = 5000
ID_REUSED = "decision_id_reused"
NO_CHANNEL = "no_such_channel"


class DecisionIdReused(GovernanceError):
    """Another decision was reported under this id; what is stored never changes."""

    code = ID_REUSED
    title = "Another decision has this id"
    next_step = "Give every decision an id of its own."


@dataclass
class Report:
    """What became of the lines so far."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class _Incoming:
    number: int
    new: NewDecision

    @property
    def id(self) -> UUID:
        return self.new.row.id


def report_lines(actor: Actor, lines: Iterable[tuple[int, bytes]]) -> Report:
    """Take a report of many lines.

    Raises:
        PermissionDenied: the actor reports decisions nowhere.
        InvalidInput: the report cannot be read, or holds no line; then nothing of it is stored.
    """
    now = actor.at or timezone.now()
    return _report(actor, (read_line(number, data, now) for number, data in lines))


def report_one(actor: Actor, value: Any) -> Report:
    """Take one decision; what a report would refuse as a line is raised.

    Raises:
        PermissionDenied, InvalidInput, DecisionIdReused: see the messages.
    """
    report = _report(actor, [read_value(1, value, actor.at or timezone.now())])
    for refusal in report.refused:
        message = f"{refusal.field}: {refusal.message}"
        if refusal.code == ID_REUSED:
            raise DecisionIdReused(message)
        raise invalid(refusal.field, refusal.message)
    return report


def _report(actor: Actor, lines: Iterable[Line | Refusal]) -> Report:
    report = Report()
    channels = _reportable(actor)
    incoming = list(_sorted_out(report, channels, lines))
    if not incoming and not report.refused:
        raise InvalidInput("The report holds no line.", next_step="Send one JSON object per line.")
    fresh = _without_stored(report, incoming)
    if fresh:
        batch = report_decisions(actor, decisions=[one.new for one in fresh])
        stored = (
            DecisionBatch.objects.filter(report=batch.report).aggregate(n=Sum("decisions_count"))["n"] or 0
        )
        report.accepted = stored
        if stored < len(fresh):
            _settle_raced(report, fresh, batch)
    report.refused.sort(key=lambda one: one.line)
    return report


def _reportable(actor: Actor) -> dict[UUID, Channel]:
    """The channels that the actor may report decisions on; being none is a refusal of its own."""
    found = reach(actor, Permission.REPORT_DECISIONS)
    rows = visible_to(Channel.objects.select_related("system"), actor)
    channels = {row.id: row for row in rows if found is not None and found.acts_on(row.access_scope())}
    if not channels:
        report_decisions(actor, decisions=[])
    return channels


def _sorted_out(
    report: Report, channels: dict[UUID, Channel], lines: Iterable[Line | Refusal]
) -> Iterator[_Incoming]:
    """Lines that can be stored, each id once."""
    digests: dict[UUID, str] = {}
    for line in lines:
        if isinstance(line, Refusal):
            report.refused.append(line)
            continue
        channel = channels.get(line.body.channel)
        if channel is None:
            report.refused.append(_no_channel(line))
            continue
        incoming = _Incoming(line.number, _new(line.body, channel))
        if incoming.id in digests:
            _settle(report, incoming, digests[incoming.id])
            continue
        digests[incoming.id] = incoming.new.row.line_digest
        yield incoming


def _new(body: DecisionBody, channel: Channel) -> NewDecision:
    row = Decision(
        id=body.id,
        channel=channel,
        at=body.at,
        stamp=body.stamp,
        subject=body.subject,
        scores=body.scores,
        band=body.band,
        outcome=body.outcome,
        latency_ms=body.latency_ms,
        sdk=body.sdk,
        shadow=body.shadow.model_dump(mode="json") if body.shadow else None,
        attributes=body.attributes,
    )
    line = row.line()
    row.line_digest = digest_of_bytes(line)
    return NewDecision(row, line)


def _no_channel(line: Line) -> Refusal:
    message = f"there is no such channel {line.body.channel} that you may report decisions on."
    return Refusal(line.number, str(line.body.id), "channel", message, NO_CHANNEL)


def _settle(report: Report, incoming: _Incoming, known: str) -> None:
    """A line whose id is known: the same again is a duplicate, another one is refused."""
    if known == incoming.new.row.line_digest:
        report.duplicates += 1
        return
    message = "another decision was reported under this id; what is stored never changes."
    report.refused.append(Refusal(incoming.number, str(incoming.id), "id", message, ID_REUSED))


def _stored(ids: list[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """The digest of the line and the report of each decision that is stored."""
    found: dict[UUID, tuple[str, UUID]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        rows = Decision.objects.filter(id__in=ids[start : start + IDS_AT_ONCE])
        for key, digest, batch in rows.values_list("id", "line_digest", "batch__report"):
            found[key] = (digest, batch)
    return found


def _without_stored(report: Report, incoming: list[_Incoming]) -> list[_Incoming]:
    stored = _stored([one.id for one in incoming])
    fresh = []
    for one in incoming:
        if one.id in stored:
            _settle(report, one, stored[one.id][0])
        else:
            fresh.append(one)
    return fresh


def _settle_raced(report: Report, fresh: list[_Incoming], batch: DecisionBatch) -> None:
    """Lines that another report stored between our looking and our storing."""
    stored = _stored([one.id for one in fresh])
    for one in fresh:
        digest, by = stored[one.id]
        if by != batch.report:
            _settle(report, one, digest)

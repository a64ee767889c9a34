"""A report of decisions from the first line to the answer: read, sort out, store, say what became of each.

Decisions are idempotent by their ids: the same line again is a duplicate and changes nothing, another line
under a known id is refused. It makes no difference whether the other came in an earlier report, in the same
one, or at the same time.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from governance.access.queries import reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput, invalid
from governance.registry.models import Channel
from releases.monitoring.decisions.lines import Refusal, read_line, read_value
from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey
from releases.monitoring.decisions.rows import NewDecision
from releases.monitoring.decisions.services import report_decisions
from releases.monitoring.decisions.storing import days_of, make_days

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


def _report(actor: Actor, lines: Iterable[NewDecision | Refusal]) -> Report:
    report = Report()
    channels = _reportable(actor)
    incoming = list(_sorted_out(report, channels, lines))
    if not incoming and not report.refused:
        raise InvalidInput("The report holds no line.", next_step="Send one JSON object per line.")
    if incoming:
        make_days(days_of(incoming))
        batch = report_decisions(actor, decisions=incoming)
        batches = DecisionBatch.objects.filter(report=batch.report)
        report.accepted = batches.aggregate(n=Sum("decisions_count"))["n"] or 0
        if report.accepted < len(incoming):
            _settle_others(report, incoming, batch)
    report.refused.sort(key=lambda one: one.line)
    return report


def _reportable(actor: Actor) -> set[str]:
    """The channels that the actor may report decisions on; being none is a refusal of its own."""
    found = reach(actor, Permission.REPORT_DECISIONS)
    rows = visible_to(Channel.objects.select_related("system"), actor)
    channels = {str(row.id) for row in rows if found is not None and found.acts_on(row.access_scope())}
    if not channels:
        report_decisions(actor, decisions=[])
    return channels


def _sorted_out(
    report: Report, channels: Container[str], lines: Iterable[NewDecision | Refusal]
) -> Iterator[NewDecision]:
    """Lines that can be stored, each id once."""
    digests: dict[str, str] = {}
    for line in lines:
        if isinstance(line, Refusal):
            report.refused.append(line)
        elif line.channel not in channels:
            report.refused.append(_no_channel(line))
        elif line.id in digests:
            _settle(report, line, digests[line.id])
        else:
            digests[line.id] = line.digest
            yield line


def _no_channel(line: NewDecision) -> Refusal:
    message = f"there is no such channel {line.channel} that you may report decisions on."
    return Refusal(line.number, line.id, "channel", message, NO_CHANNEL)


def _settle(report: Report, incoming: NewDecision, known: str) -> None:
    """A line whose id is known: the same again is a duplicate, another one is refused."""
    if known == incoming.digest:
        report.duplicates += 1
        return
    message = "another decision was reported under this id; what is stored never changes."
    report.refused.append(Refusal(incoming.number, incoming.id, "id", message, ID_REUSED))


def _stored(ids: list[str]) -> dict[str, tuple[str, UUID]]:
    """The digest of the line and the report of each decision that is stored."""
    found: dict[str, tuple[str, UUID]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        keys = DecisionKey.objects.filter(id__in=ids[start : start + IDS_AT_ONCE])
        times = dict(keys.values_list("id", "at"))
        if times:
            rows = Decision.objects.filter(
                id__in=times, at__gte=min(times.values()), at__lte=max(times.values())
            )
            for key, digest, batch in rows.values_list("id", "line_digest", "batch__report"):
                found[str(key)] = (digest, batch)
    return found


def _settle_others(report: Report, incoming: list[NewDecision], batch: DecisionBatch) -> None:
    """Lines whose ids were stored before, by whichever report, also while this one was being read."""
    stored = _stored([one.id for one in incoming])
    for one in incoming:
        # A decision that is gone has no digest any more: what comes under its id cannot be the same.
        digest, by = stored.get(one.id, ("", None))
        if by != batch.report:
            _settle(report, one, digest)

"""The nightly check: once after each night's hour, caught up when it was missed, and its outcome is an entry.

The entry names what was found by table, row and column, and not what stands there: whoever may see the row
runs ``verify_ledger``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance.actors import Actor, acting_as
from governance.ledger.entries import append_entry
from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.heads import head_file
from governance.ledger.models import Entry, Leaf, SignedCheckpoint, TreeState
from governance.ledger.verifying import known_keys, verify_record

STREAM = "ledger:checks"
NIGHT = timedelta(hours=2, minutes=30)
"""The time of day, UTC, after which the record is checked."""

OVERDUE_AFTER = timedelta(hours=36)
MOST_NAMED = 50


@dataclass(frozen=True)
class LastCheck:
    """The outcome of the newest check. ``findings`` are the first sentences; ``number`` counts all."""

    at: datetime
    is_whole: bool
    number: int
    findings: tuple[str, ...]
    unchecked: tuple[str, ...]
    entries: int
    rows: int
    seconds: float


def last_check() -> LastCheck | None:
    """The newest check; None where there was none yet."""
    entry = Entry.objects.filter(stream=STREAM).order_by("-stream_seq").first()
    if entry is None:
        return None
    after = entry.document["after"]
    return LastCheck(
        entry.at,
        after["whole"],
        after["number"],
        tuple(one["sentence"] for one in after["findings"]),
        tuple(after["unchecked"]),
        after["entries"],
        after["rows"],
        after["seconds"],
    )


def overdue_since(now: datetime) -> datetime | None:
    """When the check that is missing ought to have been done; None where none is."""
    last = last_check()
    begun = last.at if last else Leaf.objects.filter(index=0).values_list("sealed_at", flat=True).first()
    if begun is None or now - begun <= OVERDUE_AFTER:
        return None
    due: datetime = begun + OVERDUE_AFTER
    return due


def is_due(now: datetime) -> bool:
    """Whether no check was made since the hour of the last night, and there is something to check."""
    night = now.replace(hour=0, minute=0, second=0, microsecond=0) + NIGHT
    if night > now:
        night -= timedelta(days=1)
    last = last_check()
    return (last is None or last.at < night) and TreeState.objects.filter(size__gt=0).exists()


def check_if_due(actor: Actor) -> Report | None:
    """Check the record if that is to be done, and write down what came out."""
    if not is_due(timezone.now()):
        return None
    began = timezone.now()
    head = head_file()
    report = verify_record(known_keys(), head)
    unchecked = report.unchecked
    findings = report.findings
    if SignedCheckpoint.objects.exists() and not head.exists():
        # Where the worker runs on another machine than the integrator the file is not here.
        findings = tuple(one for one in findings if one.kind != "head")
        unchecked = (*unchecked, f"head: {head} is not there where the worker runs")
    _write(actor, report, findings, unchecked, (timezone.now() - began).total_seconds())
    return report


def _write(
    actor: Actor, report: Report, findings: tuple[Finding, ...], unchecked: tuple[str, ...], seconds: float
) -> None:
    after = {
        "whole": not findings,
        "number": len(findings),
        "findings": [_named(one) for one in findings[:MOST_NAMED]],
        "unchecked": list(unchecked),
        "entries": report.leaves,
        "checkpoints": report.checkpoints,
        "signatures": report.signatures,
        "rows": report.rows,
        "seconds": round(seconds, 3),
    }
    with acting_as(actor), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [STREAM])
        append_entry("ledger.checked", STREAM, after=after)


def _named(finding: Finding) -> dict[str, Any]:
    place = {"table": finding.table, "row": finding.row, "column": finding.column}
    return {
        "kind": finding.kind,
        "sentence": finding.summary[:500],
        "index": finding.index,
        **{name: value for name, value in place.items() if value},
    }

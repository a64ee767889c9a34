"""The nightly check: once after each night's hour, caught up when it was missed, and its outcome is an entry.

The entry names what was found by table, row and column, and not what stands there: whoever may see the row
runs ``verify_ledger``.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from governance.actors import Actor, acting_as
from governance.ledger.entries import append_entry
from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.heads import head_file
from governance.ledger.models import Entry, Leaf, SignedCheckpoint, TreeState
from governance.ledger.verifying import known_keys, unreadable, verify_record

logger = logging.getLogger(__name__)

STREAM = "ledger:checks"
NIGHT = timedelta(hours=2, minutes=30)
"""The time of day, UTC, after which the record is checked."""

OVERDUE_AFTER = timedelta(hours=36)
MOST_NAMED = 50


@dataclass(frozen=True)
class LastCheck:
    """The outcome of the newest check. ``findings`` are the first sentences; ``number`` counts all.
    ``epochs`` says that the log began anew, one sentence for each time."""

    at: datetime
    is_whole: bool
    number: int
    findings: tuple[str, ...]
    unchecked: tuple[str, ...]
    entries: int
    rows: int
    seconds: float
    epochs: tuple[str, ...] = ()


def last_check() -> LastCheck | None:
    """The newest check; None where there was none yet. One that cannot be read found something: itself.

    It counts from when it got its place in the tree, by the integrator's clock: an entry that is dated ahead
    does not put off the next one.
    """
    entry = Entry.objects.filter(stream=STREAM).select_related("leaf").order_by("-stream_seq").first()
    if entry is None:
        return None
    at = entry.leaf.sealed_at if hasattr(entry, "leaf") else entry.at
    try:
        return _read(min(at, entry.at), entry.document["after"])
    except (KeyError, TypeError):
        found = f"Entry {entry.stream_seq} of {STREAM} does not say what a check says."
        return LastCheck(at, False, 1, (found,), (), 0, 0, 0.0)


def _read(at: datetime, after: dict[str, Any]) -> LastCheck:
    return LastCheck(
        at,
        after["whole"],
        after["number"],
        tuple(one["sentence"] for one in after["findings"]),
        tuple(after["unchecked"]),
        after["entries"],
        after["rows"],
        after["seconds"],
        tuple(after.get("epochs", ())),
    )


def damaged_since() -> datetime | None:
    """The first check after the last one that found nothing; None where the newest found nothing."""
    return _first_since(document__after__whole=True)


def partial_since() -> datetime | None:
    """The first check after the last one that looked at everything; None where the newest did."""
    return _first_since(document__after__unchecked=[])


def _first_since(**good: Any) -> datetime | None:
    checks = Entry.objects.filter(stream=STREAM)
    last = checks.filter(**good).order_by("-stream_seq").values_list("stream_seq", flat=True).first()
    later = checks.filter(stream_seq__gt=last or 0).order_by("stream_seq")
    return later.values_list("at", flat=True).first()


def overdue_since(now: datetime) -> datetime | None:
    """When the check that is missing ought to have been done; None where none is."""
    last = last_check()
    begun = last.at if last else Leaf.objects.filter(index=0).values_list("sealed_at", flat=True).first()
    if begun is None or timedelta(0) <= now - begun <= OVERDUE_AFTER:
        return None
    due: datetime = min(now, begun + OVERDUE_AFTER)
    return due


def is_due(now: datetime) -> bool:
    """Whether no check was made since the hour of the last night, and there is something to check."""
    night = now.replace(hour=0, minute=0, second=0, microsecond=0) + NIGHT
    if night > now:
        night -= timedelta(days=1)
    last = last_check()
    is_missing = last is None or last.at < night or last.at > now
    return is_missing and TreeState.objects.filter(size__gt=0).exists()


def check_if_due(actor: Actor) -> Report | None:
    """Check the record if that is to be done, and write down what came out."""
    if not is_due(timezone.now()):
        return None
    began = timezone.now()
    head = head_file()
    report = _checked(head)
    unchecked = report.unchecked
    findings = report.findings
    if SignedCheckpoint.objects.exists() and not head.exists() and not _has_read_head():
        # Where the worker runs on another machine than the integrator the file is not here, and never was.
        findings = tuple(one for one in findings if one.kind != "headless")
        unchecked = (*unchecked, f"head: {head} is not there where the worker runs")
    _write(actor, report, findings, unchecked, (timezone.now() - began).total_seconds())
    return report


def _checked(head: Path) -> Report:
    """The report; whatever stops the check stands in it, so that it is written down and known of."""
    try:
        return verify_record(known_keys(), head)
    except (OperationalError, InterfaceError):
        raise
    except Exception as stopped:
        logger.exception("the record could not be checked")
        return Report(TreeState.objects.get(id=1).size, 0, 0, (unreadable(stopped),))


def _has_read_head() -> bool:
    """Whether an earlier check had the head before it: then it is not on another machine, but gone."""
    return Entry.objects.filter(stream=STREAM, document__after__head_read=True).exists()


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
        "epochs": list(report.epochs),
        "seconds": round(seconds, 3),
        "head_read": head_file().exists(),
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

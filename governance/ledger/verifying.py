"""The whole check: the tree from the bodies up, the rows beside their entries, and what else is named.

What higher slices declare of their rows, and what they compare besides, stands in the settings: the ledger
knows none of them.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils.module_loading import import_string

from governance.ledger.fsck.checking import check_record
from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.fsck.progress import Progress, silently
from governance.ledger.keys import keys_for
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key, verifier_of
from governance.ledger.reconciling.checking import one_snapshot, reconcile
from governance.ledger.reconciling.declared import Declaration
from governance.ledger.signing import LEDGER, KeyFileUnfit
from governance.ledger.witnesses.known import WitnessesUnfit
from governance.ledger.witnesses.standing import witness_findings

logger = logging.getLogger(__name__)

NO_ROWS = "rows: whether they are what their entries say"


def declarations() -> list[Declaration]:
    """What the slices declare of their rows."""
    found: list[Declaration] = []
    for name in settings.RECONCILED:
        found += import_string(name)
    return found


def known_keys() -> list[VerifierKey]:
    """The verifier keys of the ledger that are known here: those of the key file, and those in the file that
    ``COUNTERSIGN_LEDGER_VERIFIERS`` names, for machines that check and do not sign. Never those that the
    database names alone: whoever rewrites it could write a key of his own there.
    """
    try:
        own = [verifier_of(key) for key in keys_for(LEDGER)]
    except KeyFileUnfit as unfit:
        logger.error("the ledger's own keys are not known: %s", unfit)
        own = []
    path: Path | None = settings.LEDGER_VERIFIERS_FILE
    try:
        given = read_verifiers(path) if path else []
    except (OSError, UnicodeDecodeError, NoteFails) as fault:
        logger.error("the verifier keys of %s are not known: %s", path, fault)
        given = []
    return list(dict.fromkeys([*own, *given]))


def read_verifiers(path: Path) -> list[VerifierKey]:
    """The verifier keys of a file, one a line; lines that begin with # are passed over.

    Raises:
        OSError, UnicodeDecodeError, NoteFails: it cannot be read, or a line is no verifier key.
    """
    lines = [line for line in path.read_text().splitlines() if line.strip() and line[0] != "#"]
    return [verifier_key(line) for line in lines]


def verify_record(
    keys: Sequence[VerifierKey], head: Path, *, rows: bool = True, progress: Progress = silently
) -> Report:
    """Check everything. Without ``rows`` the rows are not compared, and the report says so. What stops the
    second part is a finding beside those of the first, which are not lost by it.

    Raises:
        OperationalError, InterfaceError: the database went away.
    """
    report = check_record(keys, head, progress=progress)
    report = _witnessed(report)
    if not rows:
        return replace(report, unchecked=(*report.unchecked, NO_ROWS))
    try:
        with one_snapshot():
            reconciled = reconcile(declarations(), progress)
            further = list(_further())
    except (OperationalError, InterfaceError):
        raise
    except Exception as stopped:
        logger.exception("the rows could not be compared with their entries")
        return replace(report, findings=(*report.findings, unreadable(stopped)))
    findings = [*report.findings, *_new(reconciled.findings, report.findings), *further]
    return replace(report, findings=tuple(findings), rows=reconciled.rows)


def _witnessed(report: Report) -> Report:
    """The report with what witnesses show."""
    try:
        return replace(report, findings=(*report.findings, *witness_findings()))
    except WitnessesUnfit as unfit:
        return replace(report, unchecked=(*report.unchecked, f"witnesses: {unfit}"))


def unreadable(stopped: Exception) -> Finding:
    """What a check could not get past. The log has the rest; no value of a row or an entry stands here."""
    return Finding("unreadable", f"The check came no further: {type(stopped).__name__}; the log says where.")


def _new(found: Iterable[Finding], before: Sequence[Finding]) -> Iterator[Finding]:
    """Both passes read the entries: a fault of an entry that the first has named is not named again."""
    named = {one.kind for one in before}
    yield from (one for one in found if one.table or one.kind not in named)


def _further() -> Iterator[Finding]:
    for name in settings.RECORD_CHECKS:
        check: Callable[[], Iterator[Finding]] = import_string(name)
        yield from check()

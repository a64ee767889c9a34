"""The whole check: the tree from the bodies up, the rows beside their entries, and what else is named.

What higher slices declare of their rows, and what they compare besides, stands in the settings: the ledger
knows none of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from governance.ledger.fsck.checking import check_record
from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.keys import keys_for
from governance.ledger.models import TreeState
from governance.ledger.notes import VerifierKey, verifier_of
from governance.ledger.reconciling.checking import Progress, one_snapshot, reconcile, silently
from governance.ledger.reconciling.declared import Declaration
from governance.ledger.signing import LEDGER, KeyFileUnfit

NO_ROWS = "rows: whether they are what their entries say"


def declarations() -> list[Declaration]:
    """What the slices declare of their rows."""
    found: list[Declaration] = []
    for name in settings.RECONCILED:
        found += import_string(name)
    return found


def known_keys() -> list[VerifierKey]:
    """The verifier keys of the ledger that this installation knows; none where it has no usable key file."""
    try:
        return [verifier_of(key) for key in keys_for(LEDGER)]
    except KeyFileUnfit:
        return []


def verify_record(
    keys: Sequence[VerifierKey], head: Path, *, rows: bool = True, progress: Progress = silently
) -> Report:
    """Check everything. Without ``rows`` the rows are not compared, and the report says so."""
    size = TreeState.objects.get(id=1).size
    report = check_record(keys, head, progress=lambda done: progress("entries and their tree", done, size))
    if not rows:
        return replace(report, unchecked=(*report.unchecked, NO_ROWS))
    with one_snapshot():
        reconciled = reconcile(declarations(), progress)
        further = list(_further())
    findings = [*report.findings, *_new(reconciled.findings, report.findings), *further]
    return replace(report, findings=tuple(findings), rows=reconciled.rows)


def _new(found: Iterable[Finding], before: Sequence[Finding]) -> Iterator[Finding]:
    """Both passes read the entries: a fault of an entry that the first has named is not named again."""
    named = {one.kind for one in before}
    yield from (one for one in found if one.table or one.kind not in named)


def _further() -> Iterator[Finding]:
    for name in settings.RECORD_CHECKS:
        check: Callable[[], Iterator[Finding]] = import_string(name)
        yield from check()

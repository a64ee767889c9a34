"""Pre-registration: the policy was locked before the candidate's scores were known to the system.

Where scores of another threshold policy are decided anew, they were known before; then the lock must precede
the registration of the numbers that decide them now.
"""

from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.registry.models import ComponentVersion
from releases.gates.models import GatePolicy
from releases.gates.vocabulary.inputs import Inputs
from releases.scores.models import ScoreTable


def is_preregistered(policy: GatePolicy | None, inputs: Inputs) -> bool | None:
    """Whether the lock precedes the import of every candidate table; None without a policy or a table.

    Order is that of the ledger: by leaf index where both entries are sealed, else by their times.
    """
    tables = [table for dataset in inputs.datasets for table in dataset.candidate_tables()]
    if policy is None or not tables:
        return None
    lock = entry_of(policy.stream(), "gate_policy.locked")
    measured = ScoreTable.objects.filter(id__in=[one.id for one in tables if not one.re_decided])
    known = [entry_of(table.stream(), "score_table.imported") for table in measured]
    if any(one.re_decided for one in tables):
        numbers = ComponentVersion.objects.filter(
            system=policy.system_id, kind="threshold_policy", digest__in=inputs.thresholds.digests
        )
        known += [entry_of(one.stream(), "component.registered") for one in numbers]
    return lock is not None and all(entry is not None and _precedes(lock, entry) for entry in known)


def _precedes(first: Entry, second: Entry) -> bool:
    ours, theirs = getattr(first, "leaf", None), getattr(second, "leaf", None)
    if ours is not None and theirs is not None:
        return bool(ours.index < theirs.index)
    return first.at < second.at

"""Pre-registration: the policy was locked before the candidate's scores were known to the system."""

from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.gates.inputs import Inputs
from releases.gates.models import GatePolicy
from releases.scores.models import ScoreTable


def is_preregistered(policy: GatePolicy | None, inputs: Inputs) -> bool | None:
    """Whether the lock precedes the import of every candidate table; None without a policy or a table.

    Order is that of the ledger: by leaf index where both entries are sealed, else by their times.
    """
    tables = [dataset.candidate.id for dataset in inputs.datasets if dataset.candidate is not None]
    if policy is None or not tables:
        return None
    lock = entry_of(policy.stream(), "gate_policy.locked")
    imports = [
        entry_of(table.stream(), "score_table.imported") for table in ScoreTable.objects.filter(id__in=tables)
    ]
    return lock is not None and all(entry is not None and _precedes(lock, entry) for entry in imports)


def _precedes(first: Entry, second: Entry) -> bool:
    ours, theirs = getattr(first, "leaf", None), getattr(second, "leaf", None)
    if ours is not None and theirs is not None:
        return bool(ours.index < theirs.index)
    return first.at < second.at

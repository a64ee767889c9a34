"""What never leaves the installation, though entries name it: figures of groups of so few that one could be
told from them. Pages show none of these either (:mod:`releases.gates.display`); the bytes stay in the
ledger's store for whoever audits there, and their digests stand in the dossier.
"""

from collections.abc import Iterable
from typing import Any

from governance.ledger.models import Entry
from releases.gates.models import GateEvaluation

OF_RUN = "gate_evaluation.completed"
FEW = "It holds figures of groups of few people, which are shown nowhere; the installation keeps it."
DRAWN = "What pictures are drawn from may tell of few people; the report shows the pictures."


def withheld(entries: Iterable[Entry]) -> dict[str, str]:
    """Digests of what is kept back, each with the reason."""
    runs = {one.stream.partition(":")[2]: one for one in entries if one.document["type"] == OF_RUN}
    rows = GateEvaluation.objects.filter(id__in=list(runs)).values_list("id", "result")
    found = {}
    for key, result in rows:
        refs = runs[str(key)].document["refs"]
        if "figures" in refs:
            found[refs["figures"]] = DRAWN
        if has_suppressed(result):
            found[refs["result"]] = FEW
    return found


def has_suppressed(result: dict[str, Any]) -> bool:
    """Whether a line of the result, as pages show it, is without its figures."""
    lines = (line for criterion in result.get("criteria", []) for line in criterion.get("strata", []))
    return any(line.get("suppressed_in_display") for line in lines)

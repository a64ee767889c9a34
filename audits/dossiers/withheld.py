"""What never leaves the installation, though entries name it: figures of groups of so few that one could be
told from them. Pages show none of these either (:mod:`releases.gates.display`); the bytes stay in the
ledger's store for whoever audits there, and their digests stand in the dossier.
"""

from collections.abc import Iterable
from typing import Any

from governance.ledger.models import Entry
from releases.gates.drawn import FIGURES
from releases.gates.models import GateEvaluation

FEW = "It holds figures of groups of few people, which are shown nowhere; the installation keeps it."
DRAWN = "What pictures are drawn from may tell of few people; the report shows the pictures."


def withheld(entries: Iterable[Entry]) -> dict[str, str]:
    """Digests of what is kept back, each with the reason.

    Whether a result is kept back is asked by its digest, not by the run's own entry: requests, attestations
    and overrides name it too, and may be in a dossier in which the run is not.
    """
    refs = (one.document["refs"] or {} for one in entries)
    named = {(name, digest) for one in refs for name, digest in one.items() if digest}
    found = {digest: DRAWN for name, digest in named if name == FIGURES}
    rows = GateEvaluation.objects.filter(result_digest__in={digest for _, digest in named})
    for digest, result in rows.order_by().values_list("result_digest", "result"):
        if has_suppressed(result):
            found[digest] = FEW
    return found


def has_suppressed(result: dict[str, Any]) -> bool:
    """Whether a line of the result, as pages show it, is without its figures."""
    lines = (line for criterion in result.get("criteria", []) for line in criterion.get("strata", []))
    return any(line.get("suppressed_in_display") for line in lines)

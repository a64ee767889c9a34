"""The trace of a decision without what would tell who stood in front of the camera."""

from typing import Any

from audits.trace.documents import trace_document
from audits.trace.queries import trace_decision
from releases.monitoring.decisions.models import Decision

PERSONAL = ("subject", "attributes", "shadow")
"""Of a decision's own fields; the ledger holds a digest of the report that it came with."""


def trace_of(decision: Decision) -> dict[str, Any]:
    """The trace as the interface answers it, but for the subject and what is said about the person."""
    document = trace_document(trace_decision(decision))
    kept = {name: value for name, value in document["decision"].items() if name not in PERSONAL}
    stage = document["stage"]
    # The position follows from the subject: whoever has a list of people could find out whose it is.
    placed = {name: value for name, value in stage.items() if name != "u"} if stage else None
    return {**document, "decision": kept, "stage": placed}

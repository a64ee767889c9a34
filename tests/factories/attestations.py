"""Attestations, reached through the real service, and the contents that fit a run."""

from typing import Any

from releases.gates.attestations.error_analysis import BUCKETS, WORST
from releases.gates.attestations.failures import failures_of
from releases.gates.attestations.figures import calibration_figures
from releases.gates.attestations.services import attest
from releases.gates.models import Attestation, GateEvaluation
from tests.factories.cast import Cast, actor
from tests.factories.snapshot import remembered


def analysis_of(run: GateEvaluation, **buckets: Any) -> dict[str, Any]:
    """An error analysis that fits: the worst failures are blurred, and nothing else was found."""
    worst = [one.sample for one in failures_of(run).worst(WORST)]
    none = {"state": "none_found"}
    blur = {"state": "found", "count": len(worst), "seen": "Motion blur.", "samples": worst}
    return {"buckets": {**dict.fromkeys(BUCKETS, none), "blur": blur if worst else none, **buckets}}


def review_of(run: GateEvaluation, **changes: Any) -> dict[str, Any]:
    """A calibration review that fits, with or without figures."""
    digest = calibration_figures(run)["digest"]
    return {"figures_digest": digest, "how_judged": "By the share of errors per decile.", **changes}


@remembered
def attested(cast: Cast, run: GateEvaluation, kind: str, *, acceptable: bool = True) -> Attestation:
    """An attestation of the run's revision by the QA lead."""
    content = analysis_of(run) if kind == "error_analysis" else review_of(run)
    return attest(
        actor(cast.qa_lead),
        revision=run.revision,
        kind=kind,
        acceptable=acceptable,
        conclusion="Looked at; nothing speaks against it.",
        content=content,
    )

"""What the demo's QA lead states before release 2 goes to a vote: failures sorted, calibration reviewed.

Nobody can look at the captures, since the package has scores and annotations but no images. Buckets are
filled from what the annotations say (adverse light, a replayed screen); what they do not say is stated as not
looked at, with that reason.
"""

from typing import Any

from releases.demo.people import Stage
from releases.gates.attestations.error_analysis import BUCKETS, WORST
from releases.gates.attestations.failures import Failure, failures_of
from releases.gates.attestations.figures import calibration_figures
from releases.gates.attestations.services import attest
from releases.gates.models import GateEvaluation

NO_IMAGES = "The package holds scores and annotations, no images, and the annotations do not say."


def review(stage: Stage, run: GateEvaluation) -> None:
    """Both attestations that the policy asks for, on the figures of the run."""
    stage.clock.pass_by(hours=5)
    _attest(
        stage,
        run,
        "error_analysis",
        "The worst failures are what the annotations let one expect; none points to a fault of capture.",
        _sorted_failures(run),
    )
    stage.clock.pass_by(hours=1)
    figures = calibration_figures(run)
    _attest(
        stage,
        run,
        "calibration_review",
        _calibration_in_words(figures),
        {"figures_digest": figures["digest"], "how_judged": "By the reliability figures of the run."},
    )


def _calibration_in_words(figures: dict[str, Any]) -> str:
    candidate, live = figures["datasets"][0]["arms"][:2]
    return (
        f"The calibration error is {candidate['ece']:.3f}, that of the live release {live['ece']:.3f}. The "
        "thresholds were chosen on the scores themselves, and nothing reads the scores as frequencies."
    )


def _attest(stage: Stage, run: GateEvaluation, kind: str, conclusion: str, content: dict[str, Any]) -> None:
    attest(
        stage.actor("qa_lead"),
        revision=run.revision,
        kind=kind,
        acceptable=True,
        conclusion=conclusion,
        content=content,
        evaluation=run,
    )


def _sorted_failures(run: GateEvaluation) -> dict[str, Any]:
    worst = failures_of(run).worst(WORST)
    dark = [one for one in worst if one.attributes.get("lighting") == "adverse"]
    screens = [one for one in worst if one.species.startswith("replay") and one not in dark]
    rest = [one for one in worst if one not in dark and one not in screens]
    found = {
        "low_light": _bucket(dark, "Annotated as taken in adverse light."),
        "reflective_replay": _bucket(screens, "Replayed on a screen, as annotated."),
    }
    return {
        "buckets": {key: found.get(key) or {"state": "not_looked_at", "seen": NO_IMAGES} for key in BUCKETS},
        "unsorted": [
            {"sample": one.sample, "seen": f"{_kind(one)}; nothing else is annotated."} for one in rest
        ],
    }


def _bucket(failures: list[Failure], seen: str) -> dict[str, Any]:
    samples = [one.sample for one in failures]
    if not samples:
        return {"state": "none_found", "seen": f"None of the {WORST} worst failures."}
    return {"state": "found", "count": len(samples), "seen": seen, "samples": samples}


def _kind(failure: Failure) -> str:
    return failure.species.replace("_", " ") if failure.label == "attack" else "A genuine user"

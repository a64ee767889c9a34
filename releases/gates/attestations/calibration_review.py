"""Calibration review (S12): made with the reliability figures of the run in front of the reviewer.

The digest of the figures comes back with the review and must be that of the run's own. Where scores are no
probabilities there are no such figures, and the reviewer states how calibration was judged.
"""

from typing import Annotated, Any

from pydantic import StringConstraints

from governance.documents import checked
from governance.errors import invalid
from releases.gates.attestations.figures import calibration_figures
from releases.gates.attestations.kind import AttestationKind
from releases.gates.attestations.refusals import FiguresDiffer
from releases.gates.models import GateEvaluation
from releases.gates.vocabulary.pins import Part


class CalibrationReview(Part):
    """Which figures were looked at, and how calibration was judged where there are none."""

    figures_digest: str = ""
    how_judged: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] = ""


def checked_review(run: GateEvaluation, content: Any, field: str) -> dict[str, Any]:
    """The review with the figures it rests on.

    Raises:
        FiguresDiffer: the digest is not that of the run's figures.
        InvalidInput: there are no figures, and how calibration was judged is not said.
    """
    review = checked(CalibrationReview, content, field=field, title="The calibration review")
    figures = calibration_figures(run)
    if review.figures_digest != figures["digest"]:
        found = review.figures_digest or "no digest"
        raise FiguresDiffer(
            f"{field}.figures_digest: found {found}; those of the run have {figures['digest']}."
        )
    if not figures["has_figures"] and not review.how_judged:
        raise invalid(
            f"{field}.how_judged",
            "the candidate's scores are no probabilities, so there is no reliability curve: say how "
            "calibration was judged.",
        )
    return {**review.model_dump(mode="json"), "figures": figures}


KIND = AttestationKind(
    key="calibration_review",
    title="Calibration review",
    states="the reliability of the scores was looked at, against that of the live release",
    checked=checked_review,
)

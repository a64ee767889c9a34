"""What a QA lead does with the figures of a run: review the calibration, analyse the failures."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.http import HttpResponse

from audits.pages.attestation_forms import AnalysisForm, CalibrationForm, analysis_content, as_fields
from audits.pages.release_acts import RevisionAct
from audits.pages.reliability import reliability_plots, x_ticks, y_ticks
from governance.access.admin_acts import ActForm, Words
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput
from releases.bundles.models import Revision
from releases.gates.attestations.error_analysis import WORST
from releases.gates.attestations.failures import failures_of
from releases.gates.attestations.figures import calibration_figures
from releases.gates.attestations.services import attest
from releases.gates.models import EvaluationStatus, GateEvaluation

LISTED = 50


class Attest(RevisionAct, ABC):
    """Base: the newest completed run stands above the form."""

    kind: ClassVar[str] = ""

    def run_of(self, target: Revision) -> GateEvaluation | None:
        """The run whose figures are looked at."""
        completed = target.evaluations.filter(status=EvaluationStatus.COMPLETED)
        return completed.order_by("-requested_at", "-id").first()

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form below its evidence; too much for a dialog."""
        run = self.run_of(target)
        self.extra_context = {"revision": target, "run": run, **(self.evidence(run) if run else {})}
        return super().shown(form, target, status=status)

    @abstractmethod
    def evidence(self, run: GateEvaluation) -> dict[str, Any]:
        """What the reviewer looks at."""

    @abstractmethod
    def content(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the form says, as the content of the attestation."""

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Attest it."""
        try:
            attest(
                actor,
                revision=target,
                kind=self.kind,
                acceptable=given["acceptable"],
                conclusion=given["conclusion"],
                content=self.content(given),
                evaluation=self.run_of(target),
            )
        except InvalidInput as refusal:
            raise as_fields(refusal) from refusal
        return "Your review stands in the record; the gate decides again by itself."


class AttestCalibration(Attest):
    """Review the calibration."""

    kind = "calibration_review"
    form_class = CalibrationForm
    page = "countersign/attest_calibration.html"

    def words(self, target: Revision) -> Words:
        """What the review does."""
        return Words(
            f"Calibration review of {target.release.name}, revision {target.number}",
            "Look whether a score means the same as it did: the closer a curve lies to the diagonal, the "
            "more often what the score says is so.",
            "Sign the review",
        )

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:
        """The form asks how calibration was judged only where there is no curve."""
        run = self.run_of(target)
        return {"has_figures": bool(run and calibration_figures(run)["has_figures"])}

    def initial(self, target: Revision) -> dict[str, Any]:
        """The digest of the figures that are shown."""
        run = self.run_of(target)
        return {"figures_digest": calibration_figures(run)["digest"]} if run else {}

    def evidence(self, run: GateEvaluation) -> dict[str, Any]:
        """The curves of candidate and live release on each test dataset."""
        figures = calibration_figures(run)
        plots = reliability_plots(figures)
        return {"figures": figures, "plots": plots, "x_ticks": x_ticks(), "y_ticks": y_ticks()}

    def content(self, given: dict[str, Any]) -> dict[str, Any]:
        """Which figures were seen."""
        return {"figures_digest": given["figures_digest"], "how_judged": given.get("how_judged", "")}


class AnalyseErrors(Attest):
    """Analyse the failures."""

    kind = "error_analysis"
    form_class = AnalysisForm
    page = "countersign/attest_errors.html"

    def words(self, target: Revision) -> Words:
        """What the analysis does."""
        return Words(
            f"Error analysis of {target.release.name}, revision {target.number}",
            "Look at the captures above, the worst first, and sort what stands behind them. Every kind of "
            f"trouble gets an answer, and each of the {WORST} worst captures a place.",
            "Sign the analysis",
        )

    def evidence(self, run: GateEvaluation) -> dict[str, Any]:
        """The captures that the candidate got wrong."""
        try:
            failures = failures_of(run)
        except GovernanceError as refusal:
            return {"failures": [], "total": 0, "why": f"{refusal.message} {refusal.next_step}"}
        return {"failures": failures.worst(LISTED), "total": failures.total, "must_place": WORST}

    def content(self, given: dict[str, Any]) -> dict[str, Any]:
        """The buckets with their captures."""
        return analysis_content(given)

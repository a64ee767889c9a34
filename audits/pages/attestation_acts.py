"""What a QA lead does with the figures of a run: review the calibration, analyse the failures."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpResponse

from audits.pages.attestation_forms import AnalysisForm, CalibrationForm, analysis_content, as_fields
from audits.pages.attestations import why_not
from audits.pages.release_acts import RevisionAct
from audits.pages.reliability import reliability_plots, x_ticks, y_ticks
from governance.access.admin_acts import ActForm, Words
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput
from releases.bundles.models import Revision
from releases.gates.attestations.error_analysis import WORST
from releases.gates.attestations.failures import Failure, Failures, failures_of
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
        locked = why_not(actor_from(self.request), target, [run] if run else [])
        evidence = self.evidence(run, form) if run else {}
        self.extra_context = {"revision": target, "run": run, "locked": locked, **evidence}
        return super().shown(form, target, status=status)

    @abstractmethod
    def evidence(self, run: GateEvaluation, form: Any) -> dict[str, Any]:
        """What the reviewer looks at; the ``form`` may have fields beside it."""

    @abstractmethod
    def content(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the form says, as the content of the attestation."""

    def placed(self, refusal: InvalidInput, given: dict[str, Any]) -> InvalidInput:
        """The refusal with its problems at the form's own fields."""
        return refusal

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
            raise self.placed(refusal, given) from refusal
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

    def evidence(self, run: GateEvaluation, form: Any) -> dict[str, Any]:
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
    failures: Failures | None = None
    listed: Sequence[Failure] = ()
    unknown = ""
    """Why there are no failures to look at; empty where there are."""
    page = "countersign/attest_errors.html"

    def words(self, target: Revision) -> Words:
        """What the analysis does."""
        return Words(
            f"Error analysis of {target.release.name}, revision {target.number}",
            f"Look at the captures above and say where each of the {WORST} worst belongs. Here every kind of "
            "trouble gets an answer.",
            "Sign the analysis",
        )

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:
        """The form has a place for each of the worst captures."""
        run = self.run_of(target)
        try:
            self.failures = failures_of(run) if run else None
        except GovernanceError as refusal:
            self.failures, self.unknown = None, f"{refusal.message} {refusal.next_step}"
        self.listed = self.failures.worst(LISTED) if self.failures else []
        return {"worst": [one.sample for one in self.listed[:WORST]]}

    def evidence(self, run: GateEvaluation, form: Any) -> dict[str, Any]:
        """The captures that the candidate got wrong; beside each of the worst, where it belongs."""
        return {
            "worst": list(zip(self.listed, form.places(), strict=False)),
            "failures": self.listed[WORST:],
            "places": len(self.listed[:WORST]),
            "listed": len(self.listed),
            "total": self.failures.total if self.failures else 0,
            "why": self.unknown,
        }

    def content(self, given: dict[str, Any]) -> dict[str, Any]:
        """The buckets with their captures."""
        return analysis_content(given, [one.sample for one in self.listed[:WORST]])

    def placed(self, refusal: InvalidInput, given: dict[str, Any]) -> InvalidInput:
        """By field, and in a field of many lines by line."""
        return as_fields(refusal, given, [one.sample for one in self.listed[:WORST]])

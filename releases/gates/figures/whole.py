"""The figures of a run: of each test dataset, the candidate beside each stack that is live, or else pinned.

They depend on the frozen inputs and the policy alone, so the same run gives the same pictures. They decide
nothing: what cannot be drawn says why, and the verdict stands as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.errors import GovernanceError
from governance.ledger.canonical import plain
from governance.registry.predicates import attributes_of
from releases.gates.figures.asked import Asked, asked_by
from releases.gates.figures.coverage import coverage
from releases.gates.figures.histograms import histogram
from releases.gates.figures.rates import point_document, rate_document, species_of, stack_rates
from releases.gates.figures.scores import StackScores, read_scores
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import DatasetInput, ReferenceInput
from releases.gates.vocabulary.outcomes import NotAnswerable
from releases.scores.bands import Band
from releases.scores.counting import is_by_transaction
from releases.scores.scan import ArmName, Scan
from releases.statistics.curves import DetCurve, det_curve

SCHEMA = "countersign.figures.v1"
POINTS, POINTS_OF_SPECIES = 160, 40
RANKS = 2000
Figures = dict[str, Any]


def figures_of(context: Context, criteria: Sequence[Criterion]) -> Figures:
    """Everything that pictures of the run are drawn from."""
    asked = asked_by(criteria, context.inputs)
    found: Any = plain(
        {
            "schema": SCHEMA,
            "minima": asked.minima,
            "comparisons": [
                comparison
                for dataset in context.inputs.datasets
                for comparison in _Dataset(context, dataset, asked).comparisons()
            ],
        }
    )
    whole: Figures = found
    return whole


@dataclass
class _Dataset:
    """One test dataset; ``scored`` is what was drawn of the candidate's scores, by the species judged.

    With each reference the candidate is the same: its scores are read and drawn once.
    """

    context: Context
    dataset: DatasetInput
    asked: Asked
    scored: dict[tuple[str, ...], Figures] = field(default_factory=dict)

    def comparisons(self) -> list[Figures]:
        """One for each live stack, also for one that cannot be compared, which says why. Where none can, the
        candidate stands alone before them; where it has no scores either, one says why nothing is there.
        """
        references = self.context.live_references() or self.context.inputs.references[:1]
        found = [self._against(reference) for reference in references]
        if any(one["stacks"] for one in found):
            return found
        alone = self._alone([one["why"] for one in found])
        return [alone, *found] if alone["stacks"] else [alone]

    def _against(self, reference: ReferenceInput) -> Figures:
        place = {
            "dataset": self.dataset.name,
            "baseline": {
                "name": reference.name,
                "revision": reference.number,
                "kind": "live" if reference.live_on else "pinned",
                "channels": [one.name for one in reference.live_on],
            },
        }
        try:
            scan = self.context.paired_scan(self.dataset, reference, None)
            return {**place, **self._drawn(scan, ("candidate", "baseline"))}
        except (NotAnswerable, GovernanceError) as refusal:
            return {**place, "stacks": [], "why": _said(refusal)}

    def _alone(self, why: Sequence[str]) -> Figures:
        place = {"dataset": self.dataset.name, "baseline": None}
        try:
            return {**place, **self._drawn(self.context.candidate_scan(self.dataset, None), ("candidate",))}
        except (NotAnswerable, GovernanceError) as refusal:
            return {**place, "stacks": [], "why": " ".join(dict.fromkeys([*why, _said(refusal)]))}

    def _drawn(self, scan: Scan, arms: Sequence[ArmName]) -> Figures:
        judged = species_of(scan, self.asked)
        return {
            "stacks": [self._stack(scan, arm, judged) for arm in arms],
            "coverage": coverage(scan, self.asked),
            "why": "",
        }

    def _stack(self, scan: Scan, arm: ArmName, judged: tuple[str, ...]) -> Figures:
        rates = stack_rates(scan, arm, judged, self.asked)
        known = self.scored if arm == "candidate" else {}
        if rates.judged not in known:
            known[rates.judged] = _scored(scan, arm, rates.judged)
        return {
            "of": arm,
            "by_transaction": is_by_transaction(scan, arm),
            "bpcer": rate_document(rates.bpcer),
            "species": {name: rate_document(one) for name, one in rates.species.items()},
            "judged": rates.judged,
            "point": point_document(rates),
            **known[rates.judged],
        }


def _said(refusal: NotAnswerable | GovernanceError) -> str:
    if isinstance(refusal, NotAnswerable):
        return f"{refusal.sentence}."
    return refusal.message


def _scored(scan: Scan, arm: ArmName, judged: tuple[str, ...]) -> Figures:
    """What is drawn of a stack's scores, which are no longer held afterwards."""
    scores = read_scores(scan.tables[arm])
    return {
        "polarity": scores.bands.polarity,
        "at_threshold": scores.bands.at_threshold,
        "bands": [_band(one) for one in scores.bands.bands],
        "left_out": scores.left_out,
        "captures": {
            "bona_fide": scores.bona_fide.scores.size,
            "attack": sum(one.scores.size for one in scores.attacks),
        },
        "curve": _curve(scores, judged, POINTS),
        "curves": {
            name: [point[2:] for point in _curve(scores, (name,), POINTS_OF_SPECIES)] for name in judged
        },
        "histogram": histogram(scores),
    }


def _curve(scores: StackScores, judged: tuple[str, ...], points: int) -> list[list[float]]:
    """BPCER and APCER along the thresholds, then their places on probit axes; empty without both classes."""
    attacks = {name: scores.species[name].scores for name in judged if name in scores.species}
    if not attacks or not scores.bona_fide.scores.size:
        return []
    found: DetCurve = det_curve(
        bona_fide=scores.bona_fide.scores,
        attacks=attacks,
        polarity=scores.bands.polarity,
        at_threshold=scores.bands.at_threshold,
        points=points,
        ranks=RANKS,
    )
    return [
        [round(one.bpcer, 6), round(one.apcer, 6), round(one.bpcer_probit, 4), round(one.apcer_probit, 4)]
        for one in found.points
    ]


def _band(band: Band) -> Figures:
    segment = band.segment
    return {
        "accept": band.accept,
        "retry": band.retry,
        "use_case": band.use_case,
        "channel": band.channel,
        "segment": ", ".join(sorted(attributes_of(segment))) if segment is not None else None,
    }

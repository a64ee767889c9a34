"""The pictures of a run beside its forest: trade-off, scores, calibration, species and coverage.

They are drawn from what the worker kept with the run, so a page reads no score table, and a run from before
figures were kept says so. No figure of a segment of too few people is shown, as in every other place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audits.pages.det import Det, det
from audits.pages.evidence import Line
from audits.pages.forest import against
from audits.pages.heat import Heat, heat
from audits.pages.reliability import ReliabilityPlot, reliability_plots, x_ticks, y_ticks
from audits.pages.score_bars import ScoreBars, scale_of, score_bars
from audits.pages.species_rates import SpeciesRates, species_rates
from releases.gates.drawn import figures_shown, is_from_before
from releases.gates.models import GateEvaluation

BEFORE = (
    "This run is from before runs kept what pictures are drawn from. Evaluate again to see them; the same "
    "inputs give the same verdict."
)
LOST = "What the pictures of this run are drawn from could not be computed or found. Evaluate again."


@dataclass(frozen=True)
class ComparisonPictures:
    """The pictures of one dataset against one other stack; ``why`` where there are none."""

    title: str
    dataset: str
    other: str
    other_look: str
    is_log: bool
    why: str
    det: Det | None = None
    scores: tuple[ScoreBars, ...] = ()
    species: SpeciesRates | None = None
    coverage: Heat | None = None
    reliability: ReliabilityPlot | None = None


@dataclass(frozen=True)
class DatasetPictures:
    """Those of one test dataset: against the stack that the worst line is about, then against the others."""

    first: ComparisonPictures
    others: tuple[ComparisonPictures, ...]


@dataclass(frozen=True)
class Pictures:
    """All of a run; ``why`` where nothing can be drawn."""

    datasets: tuple[DatasetPictures, ...]
    why: str
    reliability_x: Sequence[tuple[float, str]] = ()
    reliability_y: Sequence[tuple[float, str]] = ()


def pictures_of(
    evaluation: GateEvaluation, name: str, lines: Sequence[Line], worst: Line | None = None
) -> Pictures:
    """The pictures of a completed run of the release ``name``, first against what ``worst`` is about."""
    figures = figures_shown(evaluation)
    if figures is None:
        return Pictures((), BEFORE if is_from_before(evaluation) else LOST)
    below = evaluation.policy.suppress_below if evaluation.policy else 0
    against_first = str(((worst.baseline if worst else None) or {}).get("name", ""))
    return drawn(figures, name, lines, below, against_first)


def drawn(
    figures: Mapping[str, Any], name: str, lines: Sequence[Line], below: int, against_first: str = ""
) -> Pictures:
    """The pictures from figures; segments of fewer than ``below`` people are kept back."""
    found: dict[str, list[ComparisonPictures]] = {}
    for one in figures["comparisons"]:
        drawn_one = _comparison(one, name, lines, (figures["minima"], below))
        plot = _reliability(figures.get("calibration"), drawn_one.dataset, one["baseline"])
        found.setdefault(drawn_one.dataset, []).append(replace(drawn_one, reliability=plot))
    datasets = []
    for comparisons in found.values():
        first, *others = sorted(comparisons, key=lambda one: (bool(one.why), one.other != against_first))
        datasets.append(DatasetPictures(first, tuple(others)))
    return Pictures(tuple(datasets), "", x_ticks(), y_ticks())


def _reliability(
    calibration: Mapping[str, Any] | None, dataset: str, baseline: Mapping[str, Any] | None
) -> ReliabilityPlot | None:
    """The diagram of the two stacks that are compared; more curves in one picture could not be told apart."""
    for one in (calibration or {}).get("datasets", []):
        if one["dataset"] == dataset:
            candidate, *others = one["arms"]
            arms = [candidate, *(arm for arm in others if _is_of(arm, baseline))]
            return reliability_plots({**(calibration or {}), "datasets": [{**one, "arms": arms}]})[0]
    return None


def _is_of(arm: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> bool:
    """Whether the curve is of that revision; figures of before named releases alone."""
    if baseline is None or arm["name"] != baseline["name"]:
        return False
    return bool(arm.get("revision", baseline["revision"]) == baseline["revision"])


def _comparison(
    comparison: Mapping[str, Any], name: str, lines: Sequence[Line], limits: tuple[Mapping[str, Any], int]
) -> ComparisonPictures:
    stacks, baseline = comparison["stacks"], comparison["baseline"]
    other = baseline["name"] if baseline else ""
    names = {"candidate": name, "baseline": other}
    dataset = str(comparison["dataset"])
    title = f"on {dataset}{', ' if baseline else ''}{against(baseline)}"
    look = "live" if not baseline or baseline["kind"] == "live" else "reference"
    if not stacks:
        return ComparisonPictures(title, dataset, other, look, False, comparison["why"])
    scale = scale_of([stack["histogram"] for stack in stacks])
    here = [line for line in lines if line.dataset in {"", dataset}]
    return ComparisonPictures(
        title=title,
        dataset=dataset,
        other=other,
        other_look=look,
        is_log=scale.is_log,
        why="",
        det=det(stacks, names),
        scores=tuple(score_bars(stack, names[stack["of"]], scale) for stack in reversed(stacks)),
        species=species_rates(stacks, names, here),
        coverage=heat(comparison["coverage"], limits[0], limits[1]),
    )

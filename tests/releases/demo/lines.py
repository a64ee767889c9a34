"""Lines of the demo's evaluations as they ought to come out, and where they stand."""

from dataclasses import dataclass
from typing import Any

from releases.gates.models import GateEvaluation
from releases.gates.queries import evaluation_document

VERDICTS = [
    ("quality_rbf", "pass"),
    ("auxiliary", "fail"),
    ("auxiliary_type_i_and_ii", "inconclusive"),
]


@dataclass(frozen=True)
class Expected:
    """A line of an evaluation; bounds in points, rounded to one decimal."""

    release: str
    criterion: str
    baseline: str | None
    stratum: str
    verdict: str
    n: int
    b: int | None
    c: int | None
    lower: float | None
    upper: float


RBF, CNN, CNN_BOTH = "quality_rbf", "auxiliary", "auxiliary_type_i_and_ii"
LINES = [
    Expected(CNN, "bpcer_live", RBF, "skin_tone_6", "fail", 87, 21, 3, 8.4, 33.7),
    Expected(CNN, "apcer_live", RBF, "mask_rigid", "inconclusive", 180, 58, 26, -1.1, 35.5),
    Expected(CNN_BOTH, "bpcer_live", RBF, "skin_tone_6", "inconclusive", 87, 17, 4, 3.7, 26.9),
    Expected(CNN_BOTH, "bpcer_live", RBF, "skin_tone_5", "inconclusive", 129, 13, 13, -9.5, 9.5),
    Expected(CNN_BOTH, "apcer_live", RBF, "mask_rigid", "inconclusive", 180, 61, 23, -0.3, 40.7),
    Expected(RBF, "apcer_benchmark", None, "print_medium", "pass", 220, None, None, None, 41.4),
]


def newest(release: str) -> GateEvaluation:
    return GateEvaluation.objects.filter(release__name=release).latest("requested_at")


def line_of(release: str, criterion: str, baseline: str | None, stratum: str) -> dict[str, Any]:
    document = evaluation_document(newest(release))
    found = next(one for one in document["criteria"] if one["key"] == criterion)
    return next(
        line
        for line in found["strata"]
        if stratum in line["stratum"].values() and (line.get("baseline") or {}).get("name") == baseline
    )

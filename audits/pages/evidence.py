"""The lines of a gate's result as values that pages draw and talk about. Pure: the stored document in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from releases.gates.vocabulary.wording import MOST_SUBJECTS

FEW = 30
PERCEIVED = " as annotators perceived"
ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}
LOOKS = {"fail": "fail", "inconclusive": "inc", "pass": "pass"}


@dataclass(frozen=True)
class Wording:
    """How a metric is said: the heading, the standard's abbreviation, and what the release does."""

    heading: str
    abbreviation: str
    does: str
    whom: str


METRICS: dict[str, Wording] = {
    "bpcer": Wording("Genuine users refused", "BPCER", "refuses", "genuine users"),
    "apcer": Wording("Attacks accepted", "APCER", "accepts", "attacks"),
    "bpnrr": Wording("Genuine users without an answer", "BPNRR", "leaves without an answer", "genuine users"),
    "apnrr": Wording("Attacks without an answer", "APNRR", "leaves without an answer", "attacks"),
    "apcer_with_retry": Wording(
        "Attacks accepted or allowed a retry", "APCER with retries", "accepts or retries", "attacks"
    ),
    "bpcer_with_non_response": Wording(
        "Genuine users refused or without an answer",
        "BPCER with non-response",
        "refuses or does not answer",
        "genuine users",
    ),
    "retry_rate": Wording(
        "Genuine users asked to try again", "retry rate", "asks for another try from", "genuine users"
    ),
    "retry_rate of attacks": Wording(
        "Attacks asked to try again", "retry rate", "asks for another try from", "attacks"
    ),
    "disagreement": Wording(
        "Genuine users decided differently", "disagreement", "decides differently about", "genuine users"
    ),
    "disagreement of attacks": Wording(
        "Attacks decided differently", "disagreement", "decides differently about", "attacks"
    ),
    "calibration": Wording("Calibration error of the scores", "ECE", "", "captures"),
    "latency_quantile": Wording("Answer time for genuine users", "latency", "", "genuine users"),
    "latency_quantile of attacks": Wording("Answer time for attacks", "latency", "", "attacks"),
}
"""By metric, or by kind of criterion where that says what is measured. Without ``does`` no sentence of the
form "it does so to these people" can be made, and pages quote the line's own."""


@dataclass(frozen=True)
class Line:
    """One stratum of one criterion against one baseline; rates and bounds are shares, as they are stored.

    ``is_narrowed``: the criterion looks only at captures that meet a condition, so its lines are no statement
    on the whole of their strata.
    """

    criterion: str
    metric: str
    decides: bool
    kind: str
    name: str
    perceived: bool
    verdict: str
    reason_code: str
    sentence: str
    needs: str
    more_subjects: int | None
    dataset: str
    baseline: Mapping[str, Any] | None
    numbers: Mapping[str, Any]
    criterion_kind: str = ""
    is_narrowed: bool = False

    def number(self, key: str) -> float | None:
        """A measured value, or None where nothing was measured."""
        value = self.numbers.get(key)
        return None if value is None else float(value)

    def points(self, key: str) -> float | None:
        """A share in percentage points."""
        value = self.number(key)
        return None if value is None else 100 * value

    @property
    def unit(self) -> str:
        """What its figures are: share, ratio or ms."""
        return str(self.numbers.get("unit", "share"))

    def scaled(self, key: str) -> float | None:
        """A measured value as pictures show it: a share in percent, another unit as it is."""
        return self.points(key) if self.is_drawn else self.number(key)

    @property
    def is_difference(self) -> bool:
        """Whether two rates are compared; otherwise the line is one figure with a limit.

        How often two releases disagree is one rate, though it takes both to measure it.
        """
        return self.baseline is not None and not self.metric.startswith("disagreement")

    @property
    def is_drawn(self) -> bool:
        """Whether its figures are shares, which plots share an axis for; another unit has its own panel."""
        return self.unit == "share"

    @property
    def is_suppressed(self) -> bool:
        """Whether its figures are kept back, because they are of so few people."""
        return bool(self.numbers.get("suppressed_in_display"))

    @property
    def n(self) -> int:
        """Captures used."""
        return int(self.numbers.get("n") or 0)

    @property
    def is_few(self) -> bool:
        """Whether the line rests on fewer than thirty captures."""
        return self.n < FEW

    @property
    def look(self) -> str:
        """The state's short class name."""
        return LOOKS[self.verdict]

    @property
    def wording(self) -> Wording:
        """How the metric is said."""
        return METRICS.get(self.metric, Wording(self.metric, self.metric, "shows", "captures"))

    @property
    def excess(self) -> float:
        """How far the deciding bound lies beyond the limit, in its unit; minus infinity if there is none."""
        bound = self.scaled("upper" if self.verdict == "pass" else "lower")
        limit = self.scaled("limit")
        return float("-inf") if bound is None or limit is None else bound - limit

    @property
    def settle(self) -> str:
        """In a few words, what a fail rests on or what would settle an inconclusive line."""
        if self.is_suppressed:
            return "too few people to show figures"
        if self.verdict == "pass":
            return ""
        if self.verdict == "inconclusive":
            if self.more_subjects is not None:
                if self.more_subjects > MOST_SUBJECTS:
                    return f"over {spaced(MOST_SUBJECTS)} more subjects needed: out of reach of captures"
                many = spaced(self.more_subjects)
                return f"{many} more subject{'' if self.more_subjects == 1 else 's'} needed"
            return self.needs
        return "fewer than 30 captures" if self.is_few else ""


def spaced(many: int) -> str:
    """A count with narrow spaces between thousands."""
    return f"{many:,}".replace(",", " ")


def lines_of(result: Mapping[str, Any]) -> list[Line]:
    """Every measured line of a result, in the order of the criteria; checks that measure nothing are none."""
    return [
        _line(criterion, stratum, metric)
        for criterion in result.get("criteria", [])
        if (metric := _metric(criterion))
        for stratum in criterion.get("strata", [])
    ]


def _metric(criterion: Mapping[str, Any]) -> str:
    """What is measured: the metric that is named, else what the kind measures, of which class."""
    spec, kind = criterion.get("spec", {}), str(criterion.get("kind", ""))
    if spec.get("metric"):
        return str(spec["metric"])
    if kind not in METRICS:
        return ""
    return f"{kind} of attacks" if spec.get("population") == "attack" else kind


def decides(criterion: Mapping[str, Any]) -> bool:
    """Whether the gate's verdict depends on the criterion."""
    return (
        criterion.get("severity") == "blocking"
        and criterion.get("mode") == "enforce"
        and criterion.get("counted", True)
    )


def _line(criterion: Mapping[str, Any], stratum: Mapping[str, Any], metric: str) -> Line:
    title = str(stratum.get("title", ""))
    return Line(
        criterion=str(criterion["key"]),
        metric=metric,
        decides=decides(criterion),
        kind=next(iter(stratum.get("stratum", {"": ""}))),
        name=title.replace(PERCEIVED, ""),
        perceived=PERCEIVED in title,
        verdict=str(stratum["verdict"]),
        reason_code=str(stratum["reason_code"]),
        sentence=str(stratum["sentence"]),
        needs=str(stratum.get("needs", "")),
        more_subjects=stratum.get("more_subjects"),
        dataset=str(stratum.get("dataset", "")),
        baseline=stratum.get("baseline"),
        numbers=_with_rates(stratum),
        criterion_kind=str(criterion.get("kind", "")),
        is_narrowed=_is_narrowed(criterion, stratum),
    )


def _is_narrowed(criterion: Mapping[str, Any], stratum: Mapping[str, Any]) -> bool:
    """Whether a condition keeps captures out; beside such lines protected segments are judged in full."""
    if stratum.get("narrowed_to"):
        return True
    return bool(criterion.get("spec", {}).get("where")) and stratum.get("added") != "protected"


def _with_rates(stratum: Mapping[str, Any]) -> Mapping[str, Any]:
    """The figures, the two calibration errors of a line in the place of its two rates."""
    if stratum.get("candidate_ece") is None:
        return stratum
    return {
        **stratum,
        "candidate_rate": stratum["candidate_ece"],
        "baseline_rate": stratum.get("baseline_ece"),
    }


def badness(line: Line) -> tuple[int, bool, float]:
    """Sorts worst first: fails, then inconclusive lines (few captures last), then passes by their margin."""
    return ORDER[line.verdict], line.verdict == "inconclusive" and line.is_few, -line.excess


def worst_first(lines: Iterable[Line]) -> list[Line]:
    """The lines, worst first."""
    return sorted(lines, key=badness)


def worst_line(lines: Sequence[Line]) -> Line | None:
    """The line that decides what a reader should know first: a drawable one of the worst verdict."""
    deciding = worst_first(line for line in lines if line.decides) or worst_first(lines)
    if not deciding:
        return None
    worst = [line for line in deciding if line.verdict == deciding[0].verdict]
    return next((line for line in worst if line.is_drawn and line.number("lower") is not None), worst[0])


@dataclass(frozen=True)
class Tally:
    """How many lines have which verdict."""

    fail: int
    inconclusive: int
    passed: int

    @property
    def total(self) -> int:
        """All lines."""
        return self.fail + self.inconclusive + self.passed

    @property
    def squares(self) -> tuple[str, ...]:
        """One class name per line, worst first."""
        return ("fail",) * self.fail + ("inc",) * self.inconclusive + ("pass",) * self.passed


def tally(lines: Iterable[Line]) -> Tally:
    """Counts the verdicts."""
    verdicts = [line.verdict for line in lines]
    return Tally(verdicts.count("fail"), verdicts.count("inconclusive"), verdicts.count("pass"))

"""The lines of a gate's result as values that pages draw and talk about. Pure: the stored document in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
}


@dataclass(frozen=True)
class Line:
    """One stratum of one criterion against one baseline; rates and bounds are shares, as they are stored."""

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

    def number(self, key: str) -> float | None:
        """A measured value, or None where nothing was measured."""
        value = self.numbers.get(key)
        return None if value is None else float(value)

    def points(self, key: str) -> float | None:
        """A share in percentage points."""
        value = self.number(key)
        return None if value is None else 100 * value

    @property
    def is_difference(self) -> bool:
        """Whether two releases are compared; otherwise the line is a rate with a limit."""
        return self.baseline is not None

    @property
    def is_drawn(self) -> bool:
        """Whether its figures are shares, which plots share an axis for; a ratio is told in its sentence."""
        return str(self.numbers.get("unit", "share")) == "share"

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
        """How far the deciding bound lies beyond the limit, in points; minus infinity if there is none."""
        bound = self.points("upper" if self.verdict == "pass" else "lower")
        limit = self.points("limit")
        return float("-inf") if bound is None or limit is None else bound - limit

    @property
    def settle(self) -> str:
        """In a few words, what a fail rests on or what would settle an inconclusive line."""
        if self.verdict == "pass":
            return ""
        if self.verdict == "inconclusive":
            if self.more_subjects is not None:
                many = f"{self.more_subjects:,}".replace(",", " ")
                return f"{many} more subject{'' if self.more_subjects == 1 else 's'} needed"
            return self.needs
        return "fewer than 30 captures" if self.is_few else ""


def lines_of(result: Mapping[str, Any]) -> list[Line]:
    """Every measured line of a result, in the order of the criteria; checks without a metric are none."""
    return [
        _line(criterion, stratum)
        for criterion in result.get("criteria", [])
        if criterion.get("spec", {}).get("metric")
        for stratum in criterion.get("strata", [])
    ]


def decides(criterion: Mapping[str, Any]) -> bool:
    """Whether the gate's verdict depends on the criterion."""
    return (
        criterion.get("severity") == "blocking"
        and criterion.get("mode") == "enforce"
        and criterion.get("counted", True)
    )


def _line(criterion: Mapping[str, Any], stratum: Mapping[str, Any]) -> Line:
    title = str(stratum.get("title", ""))
    return Line(
        criterion=str(criterion["key"]),
        metric=str(criterion.get("spec", {}).get("metric", "")),
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
        numbers=stratum,
    )


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

"""What a criterion may measure: the rates of ISO/IEC 30107-3 and what stands beside them.

The classification error rates count rows that the stack answered; non-response rates count all of them.
"""

from dataclasses import dataclass

from releases.scores.counting import Metric
from releases.scores.strata import Label


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: its abbreviation, the words people read, and the class of presentations that it is of."""

    name: str
    abbreviation: str
    words: str
    label: Label

    @property
    def is_non_response(self) -> bool:
        """Whether it asks for answers alone, not for decisions."""
        return False


@dataclass(frozen=True, slots=True)
class GateMetric(Measure):
    """A rate, and how its events are counted."""

    counted: Metric

    @property
    def is_non_response(self) -> bool:
        return self.counted is Metric.NON_RESPONSE


_METRICS = (
    GateMetric("apcer", "APCER", "attacks accepted", "attack", Metric.ERROR),
    GateMetric("bpcer", "BPCER", "genuine users refused", "bona_fide", Metric.ERROR),
    GateMetric("apnrr", "APNRR", "attacks without an answer", "attack", Metric.NON_RESPONSE),
    GateMetric("bpnrr", "BPNRR", "genuine users without an answer", "bona_fide", Metric.NON_RESPONSE),
    GateMetric(
        "apcer_with_retry",
        "APCER with retries",
        "attacks accepted or allowed a retry",
        "attack",
        Metric.ERROR_IF_RETRY_ACCEPTED,
    ),
    GateMetric(
        "bpcer_with_non_response",
        "BPCER with non-response",
        "genuine users refused or without an answer",
        "bona_fide",
        Metric.ERROR_OR_NON_RESPONSE,
    ),
)

METRICS: dict[str, GateMetric] = {metric.name: metric for metric in _METRICS}

RETRIES: dict[str, GateMetric] = {
    "bona_fide": GateMetric(
        "retry_rate", "Retry rate", "genuine users asked to try again", "bona_fide", Metric.RETRY
    ),
    "attack": GateMetric("retry_rate", "Retry rate", "attacks asked to try again", "attack", Metric.RETRY),
}
"""How often another attempt is asked for, by class."""

DISAGREEMENTS: dict[str, Measure] = {
    "bona_fide": Measure("disagreement", "Disagreement", "genuine users decided differently", "bona_fide"),
    "attack": Measure("disagreement", "Disagreement", "attacks decided differently", "attack"),
}
"""How often two stacks decide the same presentation differently, by class."""

ANSWER_TIMES: dict[str, Measure] = {
    "bona_fide": Measure("latency", "Latency", "answer time for genuine users", "bona_fide"),
    "attack": Measure("latency", "Latency", "answer time for attacks", "attack"),
}
"""How long an answer takes, by class."""

CALIBRATION = Measure("calibration_error", "ECE", "calibration error of the scores", "bona_fide")
"""How far scores are from shares, over both classes together; clusters are subjects."""

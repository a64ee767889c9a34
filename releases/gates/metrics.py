"""What a criterion may measure: the rates of ISO/IEC 30107-3, each over one class of presentations.

The classification error rates count rows that the stack answered; non-response rates count all of them.
"""

from dataclasses import dataclass

from releases.scores.counting import Metric
from releases.scores.strata import Label


@dataclass(frozen=True, slots=True)
class GateMetric:
    """A rate: its abbreviation in the standard, the words people read, and how it is counted."""

    name: str
    abbreviation: str
    words: str
    label: Label
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

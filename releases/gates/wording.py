"""Sentences that a manager can read: the number, then its bound, then the limit."""

from collections.abc import Callable, Sequence

from releases.gates.metrics import GateMetric
from releases.gates.outcomes import Evidence
from releases.statistics.decisions import Decision, Remedy, Verdict

PERCEIVED = frozenset({"skin_tone", "sex", "gender", "age"})
"""Attributes of people that annotators judged by sight; every sentence about them says so."""

_AS_PERCEIVED = " as annotators perceived"
MORE_DATA_WILL_NOT_PASS = "more data will not pass this"  # noqa: S105 - a sentence, no password


def percent(share: float) -> str:
    """``29.9 %``."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """``+8.4``, ``−0.3`` or ``0.0``: percentage points with their sign."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", "−")


def limit_points(margin: float) -> str:
    """``+7``: a margin as it was stated."""
    return f"{100 * margin:+.6g}".replace("-", "−")


def limit_percent(limit: float) -> str:
    """``45 %``: a limit as it was stated."""
    return f"{100 * limit:.6g} %"


def species_title(species: str) -> str:
    """``print medium``."""
    return species.replace("_", " ")


def segment_title(title: str, attributes: frozenset[str]) -> str:
    """A segment's title; for what annotators judged, with those words."""
    if attributes & PERCEIVED and "perceived" not in title:
        return title + _AS_PERCEIVED
    return title


def listed(titles: Sequence[str]) -> str:
    """All titles of a criterion in one phrase; what annotators judged is said once, at the end."""
    plain = [title.removesuffix(_AS_PERCEIVED) for title in titles]
    each = "each of " if len(plain) > 1 else ""
    ending = "," + _AS_PERCEIVED if list(titles) != plain else ""
    return f"{each}{', '.join(plain)}{ending}"


def headed(metric: GateMetric, title: str, n: int) -> str:
    """``Genuine users refused, skin tone 6 (n 87)``."""
    return f"{metric.words.capitalize()}, {title} (n {n})"


def needs(decision: Decision, title: str) -> str:
    """What would settle an inconclusive line; empty for a settled one."""
    match decision.remedy:
        case Remedy.MORE_SUBJECTS:
            many = decision.more_subjects or 0
            return f"needs {many} more subject{'s' if many != 1 else ''} of {title}"
        case Remedy.MORE_DATA_WILL_NOT_PASS:
            return MORE_DATA_WILL_NOT_PASS
        case Remedy.STATE_CLUSTER_IDS:
            return "needs the subject of each capture, or a planned_deff in the policy"
        case Remedy.BRING_DATA:
            return f"needs captures of {title}"
        case _:
            return ""


def rate_sentence(metric: GateMetric, title: str, evidence: Evidence, decision: Decision) -> str:
    """One line of an absolute criterion."""
    head = headed(metric, title, evidence.n)
    if evidence.estimate is None:
        return _closed(f"{head}: nothing was measured", "", decision, title)
    bound = _bound(decision, evidence, percent)
    return _closed(
        f"{head}: {percent(evidence.estimate)}{bound}",
        f"limit {limit_percent(evidence.limit)}",
        decision,
        title,
    )


def paired_sentence(
    metric: GateMetric, title: str, evidence: Evidence, decision: Decision, against: str
) -> str:
    """One line of a comparison; ``against`` is "today" or names the reference release."""
    head = headed(metric, title, evidence.n)
    if evidence.estimate is None or evidence.candidate_rate is None or evidence.baseline_rate is None:
        return _closed(f"{head}: no capture was measured on both {against}", "", decision, title)
    rates = f"{percent(evidence.candidate_rate)} against {percent(evidence.baseline_rate)} {against}"
    bound = _bound(decision, evidence, points)
    return _closed(
        f"{head}: {rates}, {points(evidence.estimate)} points{bound}",
        f"limit {limit_points(evidence.limit)}",
        decision,
        title,
    )


def _bound(decision: Decision, evidence: Evidence, write: Callable[[float], str]) -> str:
    if evidence.lower is None or evidence.upper is None:
        return ", without bounds"
    if decision.verdict is Verdict.PASS:
        return f", at most {write(evidence.upper)}"
    if decision.verdict is Verdict.FAIL:
        return f", at least {write(evidence.lower)}"
    return f", between {write(evidence.lower)} and {write(evidence.upper)}"


def _closed(measured: str, limit: str, decision: Decision, title: str) -> str:
    return "; ".join(part for part in (measured, limit, needs(decision, title)) if part) + "."

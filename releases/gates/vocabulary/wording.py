"""Sentences that a manager can read: the number, then its bound, then the limit."""

from collections.abc import Callable, Sequence

from governance.registry.predicates import Predicate, attributes_of
from governance.registry.predicates import sentence as spoken
from releases.gates.vocabulary.metrics import Measure
from releases.gates.vocabulary.outcomes import Evidence
from releases.statistics.decisions import Decision, Remedy, Verdict

PERCEIVED = frozenset({"skin_tone", "sex", "gender", "age"})
"""Attributes of people that annotators judged by sight; every sentence about them says so."""

_AS_PERCEIVED = " as annotators perceived"
LEAST_TO_SAY = 5
"""Below an effective sample of so many captures no bound is worth reading."""

MOST_SUBJECTS = 100_000
"""A need beyond it is no plan: nobody captures so many people, and a number would only look like one."""
OUT_OF_REACH = "at these rates captures cannot show this limit"

MORE_DATA_WILL_NOT_PASS = "more data will not pass this"  # noqa: S105 - a sentence, no password


def percent(share: float) -> str:
    """``29.9 %``."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """``+8.4``, ``−0.3`` or ``0.0``: percentage points with their sign."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", "−")


def limit_points(margin: float) -> str:
    """``+7``: a margin as it was stated; ``0`` has no sign."""
    return f"{100 * margin:+.6g}".replace("-", "−") if margin else "0"


def milliseconds(value: float) -> str:
    """``412 ms``."""
    return f"{value:,.0f} ms"


def times(ratio: float) -> str:
    """``1.31 ×``."""
    return f"{ratio:.2f} ×"


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


def crossed_title(first: str, second: str) -> str:
    """Two titles of a crossing as one; what annotators judged is said once, at the end."""
    plain = [title.removesuffix(_AS_PERCEIVED) for title in (first, second)]
    return " × ".join(plain) + (_AS_PERCEIVED if [first, second] != plain else "")


def listed(titles: Sequence[str]) -> str:
    """All titles of a criterion in one phrase; what annotators judged is said once, at the end."""
    plain = [title.removesuffix(_AS_PERCEIVED) for title in titles]
    each = "each of " if len(plain) > 1 else ""
    ending = "," + _AS_PERCEIVED if list(titles) != plain else ""
    return f"{each}{', '.join(plain)}{ending}"


def listed_plainly(titles: Sequence[str]) -> str:
    """Titles one after the other, for a note."""
    return listed(titles).removeprefix("each of ")


def only_where(condition: Predicate) -> str:
    """``, only where capture_device is mobile_high``: what narrows a population, behind a title."""
    perceived = _AS_PERCEIVED if attributes_of(condition) & PERCEIVED else ""
    return f", only where {spoken(condition)}{perceived}"


def because(reason: str | None) -> str:
    """A written reason behind what it is the reason of; nothing where there is none."""
    return f" ({reason.rstrip('.')})" if reason else ""


def headed(metric: Measure, title: str, n: int) -> str:
    """``Genuine users refused, skin tone 6 (n 87)``."""
    return f"{metric.words.capitalize()}, {title} (n {n})"


def needs(decision: Decision, title: str) -> str:
    """What would settle an inconclusive line; empty for a settled one."""
    match decision.remedy:
        case Remedy.MORE_SUBJECTS:
            many = decision.more_subjects or 0
            if many > MOST_SUBJECTS:
                return f"needs more than {MOST_SUBJECTS:,} more subjects of {title}: {OUT_OF_REACH}"
            return f"needs {many} more subject{'s' if many != 1 else ''} of {title}"
        case Remedy.MORE_DATA_WILL_NOT_PASS:
            return MORE_DATA_WILL_NOT_PASS
        case Remedy.STATE_CLUSTER_IDS:
            return "needs the subject of each capture, or a planned_deff in the policy"
        case Remedy.BRING_DATA:
            return f"needs captures of {title}"
        case Remedy.NOT_ESTIMABLE:
            return (
                "no error was seen at all, so a ratio cannot be shown; needs captures on which errors occur"
            )
        case _:
            return ""


def rate_sentence(metric: Measure, title: str, evidence: Evidence, decision: Decision) -> str:
    """One line of a rate against a limit."""
    head = headed(metric, title, evidence.n)
    limit = f"limit {limit_percent(evidence.limit)}"
    return bounded(head, _number(percent, evidence), limit, percent, (evidence, decision, title))


def paired_sentence(metric: Measure, title: str, evidence: Evidence, decision: Decision, against: str) -> str:
    """One line of a comparison; ``against`` is "today" or names the reference release."""
    head = headed(metric, title, evidence.n)
    if evidence.estimate is None or evidence.candidate_rate is None or evidence.baseline_rate is None:
        return closed(f"{head}: no capture was measured on both {against}", "", decision, title)
    rates = f"{percent(evidence.candidate_rate)} against {percent(evidence.baseline_rate)} {against}"
    value = f"{rates}, {points(evidence.estimate)} points"
    limit = f"limit {limit_points(evidence.limit)}"
    return bounded(head, value, limit, points, (evidence, decision, title))


def bounded(
    head: str, value: str, limit: str, write: Callable[[float], str], line: tuple[Evidence, Decision, str]
) -> str:
    """The number, its bound as the verdict needs it, the limit, and what would settle the line."""
    evidence, decision, title = line
    if evidence.n == 0:
        return closed(f"{head}: nothing was measured", "", decision, title)
    if says_nothing(evidence, decision):
        people = f"{evidence.subjects:.3g} subject{'s' if evidence.subjects != 1 else ''}"
        captures = f"{evidence.n} capture{'s' if evidence.n != 1 else ''}"
        return closed(f"{head}: no statement possible from {captures} of {people}", limit, decision, title)
    return closed(f"{head}: {value}{_bound(decision, evidence, write)}", limit, decision, title)


def says_nothing(evidence: Evidence, decision: Decision) -> bool:
    """Whether an inconclusive line rests on so little that figures would only pretend to say something."""
    if decision.verdict is not Verdict.INCONCLUSIVE or evidence.n_eff is None:
        return False
    return evidence.n_eff < LEAST_TO_SAY or evidence.subjects <= 1


def _number(write: Callable[[float], str], evidence: Evidence) -> str:
    return "" if evidence.estimate is None else write(evidence.estimate)


def _bound(decision: Decision, evidence: Evidence, write: Callable[[float], str]) -> str:
    lower, upper = evidence.lower, evidence.upper
    if decision.verdict is Verdict.PASS and upper is not None:
        return f", at most {write(upper)}"
    if decision.verdict is Verdict.FAIL and lower is not None:
        return f", at least {write(lower)}"
    if lower is None or upper is None:
        return (
            ", without bounds" if lower is None else f", at least {write(lower)} and without an upper bound"
        )
    return f", between {write(lower)} and {write(upper)}"


def closed(measured: str, limit: str, decision: Decision, title: str) -> str:
    """A sentence of its parts, with what would settle it."""
    return "; ".join(part for part in (measured, limit, needs(decision, title)) if part) + "."

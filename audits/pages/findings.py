"""What an evaluation says, as the sentences that lead a page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.evidence import PERCEIVED, Line, Tally, lines_of, tally, worst_line
from audits.pages.plots import counted, limit_text, signed
from releases.gates.vocabulary.wording import MOST_SUBJECTS

TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
SAYS = {"pass": "passes its gate", "fail": "fails its gate", "inconclusive": "is inconclusive"}
STATES = {
    "fail": ("fail", "dangerous", "Gate failed"),
    "inconclusive": ("inc", "contrast", "Gate inconclusive"),
    "pass": ("pass", "check_circle", "Gate passed"),
    "error": ("inc", "error", "Evaluation ended with an error"),
    "requested": ("open", "progress_activity", "Evaluation running"),
    "none": ("open", "radio_button_unchecked", "Not evaluated"),
}


@dataclass(frozen=True)
class Finding:
    """The gate's answer: a state, one sentence, its numbers, and the line that decides it."""

    verdict: str
    headline: str
    support: str
    advice: str
    worst: Line | None
    tally: Tally

    @property
    def look(self) -> str:
        """The state's short class name."""
        return STATES[self.verdict][0]

    @property
    def icon(self) -> str:
        """The state's icon."""
        return STATES[self.verdict][1]

    @property
    def title(self) -> str:
        """The state in words."""
        return STATES[self.verdict][2]


def finding(name: str, status: str, verdict: str, result: Mapping[str, Any]) -> Finding:
    """What an evaluation of the release ``name`` says; ``status`` is '' where there is none."""
    lines = lines_of(result)
    counts = tally(lines)
    if status != "completed":
        key = {"requested": "requested", "failed": "error"}.get(status, "none")
        return Finding(key, _waiting(name, key), str(result.get("sentence", "")), "", None, counts)
    worst = worst_line(lines)
    if worst is None or not worst.is_drawn or not worst.wording.does:
        sentence = str(result.get("sentence", ""))
        return Finding(verdict, f"{name}: {_bare(sentence)}", "", "", None, counts)
    makers = {"fail": _failed, "inconclusive": _undecided, "pass": _passed}
    headline, advice = makers[verdict](name, worst, counts, lines)
    if worst.verdict != verdict:
        headline = f"{name} {SAYS[verdict]}: {_bare(str(result.get('sentence', '')))}"
    return Finding(verdict, headline, numbers(worst), advice, worst, counts)


def _bare(sentence: str) -> str:
    return sentence.split(": ", 1)[-1] if sentence else "no result"


def _waiting(name: str, key: str) -> str:
    return {
        "requested": f"{name} is being evaluated.",
        "error": f"The evaluation of {name} ended with an error, which counts as inconclusive.",
        "none": f"{name} has not been evaluated.",
    }[key]


def _group_of(line: Line) -> str:
    if line.kind == "species":
        return f"{line.name} {line.wording.whom}"
    if line.kind == "pooled":
        return line.wording.whom
    perceived = f" ({PERCEIVED.strip()})" if line.perceived else ""
    return f"{line.wording.whom} of the group {_lower(line.name)}{perceived}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def than(baseline: Mapping[str, Any] | None) -> str:
    """With what a sentence compares."""
    if baseline and baseline.get("kind") == "pinned":
        return f"the reference release {baseline.get('name', '')}"
    return "the live release"


def how_often(line: Line) -> str:
    """``three times as often as the live release``; plain "more often" where no ratio can be said."""
    candidate, base = line.number("candidate_rate"), line.number("baseline_rate")
    other = than(line.baseline)
    if not candidate or not base or candidate / base < 1.75:
        return f"more often than {other}"
    times = round(candidate / base)
    return f"{TIMES.get(times, f'{times} times')} as often as {other}"


def _failed(name: str, worst: Line, counts: Tally, lines: Sequence[Line]) -> tuple[str, str]:
    doing = f"It {worst.wording.does} {_group_of(worst)}"
    if worst.is_difference:
        headline = f"Do not approve {name} as it stands. {doing} {how_often(worst)}."
    else:
        headline = f"Do not approve {name} as it stands. {doing} more often than the policy allows."
    more = f" {counts.fail} lines fail." if counts.fail > 1 else ""
    return headline, f"Request changes or reject.{more} Only two persons can override a fail."


def _undecided(name: str, worst: Line, counts: Tally, lines: Sequence[Line]) -> tuple[str, str]:
    many = f"{counts.inconclusive} of {counts.total} lines are" if counts.inconclusive > 1 else "One line is"
    undecided = [line for line in lines if line.verdict == "inconclusive"]
    hopeless = list(dict.fromkeys(_lower(line.name) for line in undecided if line.more_subjects is None))
    settle = [line for line in undecided if line.more_subjects and _lower(line.name) not in hopeless]
    parts = [f"More data of this kind will not pass {_listed(hopeless)}."] if hopeless else []
    if settle:
        needed = [f"{_subjects(line)} more subjects of {_lower(line.name)}" for line in settle]
        parts.append(f"Still needed: {', '.join(list(dict.fromkeys(needed))[:3])}.")
    headline = (
        f"{name} cannot be approved yet: {many} inconclusive. Closest to failing: {_lower(worst.name)}."
    )
    return headline, " ".join(parts)


def _subjects(line: Line) -> str:
    """How many, of those that anybody could capture."""
    many = line.more_subjects or 0
    return f"more than {counted(MOST_SUBJECTS)}" if many > MOST_SUBJECTS else counted(many)


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:3])
    if len(names) > 3:
        return f"{', '.join(shown)} and {len(names) - 3} other{'s' if len(names) > 4 else ''}"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _passed(name: str, worst: Line, counts: Tally, lines: Sequence[Line]) -> tuple[str, str]:
    return f"{name} passes its gate: all {counts.total} lines hold.", ""


def numbers(line: Line) -> str:
    """The line in numbers: rates, difference, bound, limit, and what it rests on."""
    candidate, limit = line.points("candidate_rate"), line.points("limit")
    if candidate is None or limit is None:
        return line.sentence
    subjects = line.number("subjects") or 0
    head = f"{line.wording.heading}, {_lower(line.name)}: {candidate:.1f} %"
    people = f"{counted(line.n)} captures, {counted(subjects)} subjects"
    bound = _bound(line)
    if not line.is_difference:
        return f"{head}, {bound}; the limit is {limit_text(limit, is_difference=False)} % ({people})."
    base = line.points("baseline_rate") or 0.0
    other = "today" if (line.baseline or {}).get("kind") == "live" else f"with {than(line.baseline)}"
    change = signed(line.points("estimate") or 0.0, 1)
    return (
        f"{head} against {base:.1f} % {other}. That is {change} points, {bound}; "
        f"the limit is {limit_text(limit, is_difference=True)} ({people})."
    )


def _bound(line: Line) -> str:
    lower, upper = line.points("lower"), line.points("upper")
    if lower is None or upper is None:
        return "without bounds"
    low, high = (
        (signed(lower, 1), signed(upper, 1)) if line.is_difference else (f"{lower:.1f} %", f"{upper:.1f} %")
    )
    return {"fail": f"at least {low}", "pass": f"at most {high}"}.get(
        line.verdict, f"between {low} and {high}"
    )


def finding_of(name: str, evaluation: Any) -> Finding:
    """The finding of a stored evaluation, or of none."""
    if evaluation is None:
        return finding(name, "", "", {})
    return finding(name, evaluation.status, evaluation.verdict, evaluation.result)

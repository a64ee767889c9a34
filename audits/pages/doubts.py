"""What a reader should know before trusting an evaluation's numbers. Pure but for the objects it is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.evidence import Line, lines_of
from audits.pages.findings import Finding
from audits.pages.plots import counted


@dataclass(frozen=True)
class Doubt:
    """A sentence about the evidence; ``is_alert`` marks what an approver has to answer for, ``url`` is where
    to read on."""

    text: str
    is_alert: bool = False
    url: str = ""


def doubts_of(
    evaluation: Any,
    finding: Finding,
    revoked: Sequence[str],
    warnings: Iterable[str],
    former: Mapping[str, str] | None = None,
) -> list[Doubt]:
    """All that stands between the numbers and a decision, the gravest first.

    ``former`` names the policies that earlier runs were judged by, each with where it is compared with the
    one of this run; empty where none is told.
    """
    result = evaluation.result
    lines = lines_of(result)
    found = [Doubt(text, True) for text in warnings]
    if revoked:
        found.append(Doubt(f"Revoked components stand in this release: {', '.join(revoked)}.", True))
    if evaluation.preregistered is False:
        text = (
            "The policy was locked after these scores were registered, so its limits could be chosen to fit."
        )
        found.append(Doubt(text, True))
    if result.get("earlier_runs"):
        found.append(Doubt(_earlier(int(result["earlier_runs"]), lines), True))
    found += _policy(evaluation, former or {})
    found += [*_rests_on(finding), *_regressions(lines), *_without_subject(lines), *_missing(lines)]
    found += [*_set_up(lines), *_pinned(lines), *_perceived(lines)]
    notes = [note for criterion in result.get("criteria", []) for note in criterion.get("notes", [])]
    return [*found, *(Doubt(note) for note in dict.fromkeys(notes))]


def _earlier(count: int, lines: Sequence[Line]) -> str:
    runs = "run" if count == 1 else "runs"
    stated = {
        f"{100 * (count + 1) * alpha:.4g} %"
        for line in lines
        if line.decides and (alpha := line.number("alpha_pass")) is not None
    }
    allowed = stated.pop() if len(stated) == 1 else "what the policy states,"
    return (
        f"{count} earlier {runs} of this line of releases on the same data did not pass; each try makes a "
        f"pass harder: the error rate allowed is {allowed} divided by {count + 1}."
    )


def _policy(evaluation: Any, former: Mapping[str, str]) -> list[Doubt]:
    """That the rules were changed after a run that did not pass, or have been replaced since."""
    inputs, found = evaluation.inputs, []
    if any(run["policy_digest"] != inputs["policy_digest"] for run in inputs.get("earlier_runs", ())):
        judged = f" {' and '.join(former)} judged it, {evaluation.policy} judges now." if former else ""
        text = f"The policy was changed after a run of this line of releases that did not pass.{judged}"
        found.append(Doubt(text, True, next(iter(former.values()), "")))
    if evaluation.policy is not None and evaluation.policy.in_force_until is not None:
        text = f"{evaluation.policy} judged this run; a newer policy is in force for what was frozen since."
        found.append(Doubt(text))
    return found


def _rests_on(finding: Finding) -> list[Doubt]:
    line = finding.worst
    if line is None or line.verdict == "pass" or line.is_suppressed:
        return []
    subjects = line.number("subjects") or 0
    what = "The fail" if line.verdict == "fail" else "The worst line"
    text = f"{what} rests on {counted(line.n)} captures of {counted(subjects)} subjects"
    adjusted, plain = line.number("p_adjusted"), line.number("p")
    if line.verdict == "fail" and plain is not None and adjusted is not None:
        text += (
            f". Alone its p is {plain:.3f}; adjusted for the other groups of the criterion (Holm) "
            f"{adjusted:.3f}. "
            "The gate acts on the unadjusted bound"
        )
    return [Doubt(f"{text}.")]


def _regressions(lines: Sequence[Line]) -> list[Doubt]:
    worse = [line for line in lines if line.verdict == "pass" and line.numbers.get("regression_detected")]
    if not worse:
        return []
    names = ", ".join(dict.fromkeys(line.name.lower() for line in worse))
    return [Doubt(f"Within their margin, yet clearly worse than the baseline: {names}.", True)]


def _without_subject(lines: Sequence[Line]) -> list[Doubt]:
    found = [line for line in lines if line.numbers.get("rows_without_cluster")]
    if not found:
        return []
    most = max(found, key=lambda line: int(line.numbers["rows_without_cluster"]))
    rows = int(most.numbers["rows_without_cluster"])
    text = (
        f"Some captures name no subject, most of them in {most.name.lower()} ({counted(rows)} of "
        f"{counted(most.n)}). They count "
        "with the design effect that the policy plans."
    )
    return [Doubt(text)]


def _missing(lines: Sequence[Line]) -> list[Doubt]:
    most = 0
    for line in lines:
        excluded = line.numbers.get("excluded") or {}
        most = max(most, sum(int(excluded.get(key, 0)) for key in ("candidate_missing", "both_missing")))
    if not most:
        return []
    return [
        Doubt(
            f"The release gave no answer to up to {most} captures of a line; non-response has "
            f"lines of its own."
        )
    ]


def _set_up(lines: Sequence[Line]) -> list[Doubt]:
    most = max((int(line.numbers.get("set_threshold") or 0) for line in lines), default=0)
    if not most:
        return []
    return [Doubt(f"Up to {most} captures of a line also set the threshold, which flatters the result.")]


def _pinned(lines: Sequence[Line]) -> list[Doubt]:
    names = {
        str(line.baseline["name"])
        for line in lines
        if line.baseline and line.baseline.get("kind") == "pinned"
    }
    return [
        Doubt(f"Compared also with the reference release {name}, so that small steps cannot add up unseen.")
        for name in sorted(names)
    ]


def _perceived(lines: Sequence[Line]) -> list[Doubt]:
    if not any(line.perceived for line in lines):
        return []
    return [
        Doubt("Skin tone, sex and age are what annotators perceived, not what the people said of themselves.")
    ]

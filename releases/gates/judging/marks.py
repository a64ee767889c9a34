"""What an outcome says beside its figures: which strata were added, and which scores were decided anew."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from releases.gates.judging.lines import concluded
from releases.gates.vocabulary.inputs import Inputs
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, StratumOutcome
from releases.gates.vocabulary.wording import listed_plainly
from releases.scores.strata import CROSS

NOT_NAMED = "Judged although the policy does not name it, because it is protected"
MORE_ALIKE = 0.5
"""From this likeness of one person's captures (ICC) on, bounds hold less often than planned."""
LEAST_SUBJECTS = 30
"""From fewer people a likeness is no estimate, only luck; and nothing is told of so few."""

IN_FULL = "Judged on all captures although the policy looks at some only, because it is protected"


def with_added(added: Collection[str], outcome: CriterionOutcome) -> CriterionOutcome:
    """The outcome with the lines marked that are of segments added for protection."""
    if not added:
        return outcome
    lines = tuple(
        replace(line, added="protected") if _segments(line) & set(added) else line for line in outcome.strata
    )
    return replace(outcome, strata=lines)


def joined(outcomes: Sequence[CriterionOutcome]) -> CriterionOutcome:
    """Several outcomes of one criterion as one."""
    if len(outcomes) == 1:
        return outcomes[0]
    lines = [line for one in outcomes for line in one.strata]
    if not lines:
        return outcomes[0]
    notes = dict.fromkeys(note for one in outcomes for note in one.notes)
    return concluded(lines, tuple(notes))


def marked(inputs: Inputs, outcome: CriterionOutcome) -> CriterionOutcome:
    """The outcome with its notes; one without any is answered as it is."""
    again = {one.name for one in inputs.datasets if one.candidate and one.candidate.re_decided}
    lines = tuple(_decided_anew(line, again) for line in outcome.strata)
    notes = [*outcome.notes, *_added(lines), *_beyond_plan(lines)]
    notes += [
        f"The scores on {name} were measured under another threshold policy of the same model, fusion and "
        "SDK; they are decided anew by the policy of this revision."
        for name in sorted({line.dataset for line in lines if line.evidence} & again)
    ]
    return replace(outcome, strata=lines, notes=tuple(notes))


def _added(lines: Sequence[StratumOutcome]) -> list[str]:
    """Which lines protection added: of segments that were not named, and of those that were in part."""
    named = {key for line in lines if not line.added for key in _segments(line)}
    added = [line for line in lines if line.added]
    found = []
    for said, titles in (
        (NOT_NAMED, [line.title for line in added if not _segments(line) <= named]),
        (IN_FULL, [line.title for line in added if _segments(line) <= named]),
    ):
        if titles:
            found.append(f"{said}: {listed_plainly(list(dict.fromkeys(titles)))}.")
    return found


def _beyond_plan(lines: Sequence[StratumOutcome]) -> list[str]:
    """Where captures of one person resemble each other far more than planned, bounds hold less often: with a
    likeness of 0.5 to 0.6 and a plan of 0.2 in 87 to 93 of 100 samples instead of 95.
    """
    titles = [line.title for line in lines if line.evidence is not None and _is_beyond_plan(line.evidence)]
    if not titles:
        return []
    return [
        "Captures of one person resemble each other far more than the policy plans "
        f"(ICC {MORE_ALIKE:g} or more): {listed_plainly(list(dict.fromkeys(titles)))}. "
        "Bounds that should hold in 95 of 100 samples then hold in about 87 to 93."
    ]


def _is_beyond_plan(evidence: Evidence) -> bool:
    """The likeness behind the estimated design effect is that high, and the one behind its floor is not."""
    size, estimated, floor = (
        evidence.weighted_cluster_size,
        evidence.design_effect_estimated,
        evidence.design_effect_floor,
    )
    if size is None or estimated is None or floor is None or size <= 1:
        return False
    return evidence.subjects >= LEAST_SUBJECTS and floor < 1 + MORE_ALIKE * (size - 1) <= estimated


def _decided_anew(line: StratumOutcome, again: set[str]) -> StratumOutcome:
    if line.evidence is None or line.dataset not in again:
        return line
    evidence = replace(line.evidence, more={**line.evidence.more, "re_decided": True})
    return replace(line, evidence=evidence)


def _segments(line: StratumOutcome) -> set[str]:
    """Keys of the segments that a line is of, also within a crossing."""
    return {
        part
        for kind, key in line.stratum.items()
        for of, part in zip(kind.split(CROSS), key.split(CROSS), strict=False)
        if of == "segment"
    }

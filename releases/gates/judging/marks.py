"""What an outcome says beside its figures: which strata were added, and which scores were decided anew."""

from collections.abc import Sequence
from dataclasses import replace

from releases.gates.judging.lines import concluded
from releases.gates.vocabulary.inputs import Inputs
from releases.gates.vocabulary.outcomes import CriterionOutcome, StratumOutcome
from releases.gates.vocabulary.pins import PinnedSegment
from releases.gates.vocabulary.wording import listed_plainly
from releases.scores.strata import CROSS


def joined(outcomes: Sequence[CriterionOutcome]) -> CriterionOutcome:
    """Several outcomes of one criterion as one."""
    if len(outcomes) == 1:
        return outcomes[0]
    lines = [line for one in outcomes for line in one.strata]
    if not lines:
        return outcomes[0]
    notes = dict.fromkeys(note for one in outcomes for note in one.notes)
    return concluded(lines, tuple(notes))


def marked(inputs: Inputs, added: Sequence[PinnedSegment], outcome: CriterionOutcome) -> CriterionOutcome:
    """The outcome with its marks; one without any is answered as it is."""
    keys = {one.key for one in added}
    again = {one.name for one in inputs.datasets if one.candidate and one.candidate.re_decided}
    lines = tuple(_marked(line, keys, again) for line in outcome.strata)
    notes = list(outcome.notes)
    titles = dict.fromkeys(line.title for line in lines if line.added)
    if titles:
        which = listed_plainly(list(titles))
        notes.append(f"Judged although the policy does not name it, because it is protected: {which}.")
    notes += [
        f"The scores on {name} were measured under another threshold policy of the same model, fusion and "
        "SDK; they are decided anew by the policy of this revision."
        for name in sorted({line.dataset for line in lines if line.evidence} & again)
    ]
    return replace(outcome, strata=lines, notes=tuple(notes)) if lines != outcome.strata else outcome


def _marked(line: StratumOutcome, added: set[str], again: set[str]) -> StratumOutcome:
    parts = [(kind, key) for kind, key in _named(line) if kind == "segment" and key in added]
    if parts:
        line = replace(line, added="protected")
    if line.evidence is None or line.dataset not in again:
        return line
    evidence = replace(line.evidence, more={**line.evidence.more, "re_decided": True})
    return replace(line, evidence=evidence)


def _named(line: StratumOutcome) -> list[tuple[str, str]]:
    """The strata of a line one by one, also of a crossing."""
    return [
        pair
        for kind, key in line.stratum.items()
        for pair in zip(kind.split(CROSS), key.split(CROSS), strict=False)
    ]

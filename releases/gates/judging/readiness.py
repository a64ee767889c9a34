"""Whether a release can be taken back and approved: the lines of it, from what was frozen with the inputs.

What the author or an administrator left out fails; what has yet to happen (a drill, a release to go back
to) is inconclusive.
"""

from collections.abc import Iterator, Sequence

from releases.gates.vocabulary.fact_inputs import PathInput, ReadinessInput
from releases.gates.vocabulary.outcomes import ReasonCode, StratumOutcome
from releases.statistics.decisions import Verdict


def judged_readiness(
    found: ReadinessInput | None, asked: Sequence[str], max_drill_age_days: float | None
) -> list[StratumOutcome]:
    """The lines of what is asked; nothing asked, no lines."""
    if not asked:
        return []
    if found is None:
        wanted = "needs the evaluation to be requested again"
        said = f"Whether the release is ready was not read when the evaluation was requested; {wanted}."
        return [_open("readiness", "Readiness", ReasonCode.NO_DATA, said, wanted)]
    lines = []
    if "rollback_path" in asked:
        lines += [*_way_back(found), *_drill(found, max_drill_age_days)]
    if "owners_and_approvers" in asked:
        lines += _people(found)
    return list({line.stratum["check"]: line for line in lines}.values())  # the rollback owner stands in both


def _way_back(found: ReadinessInput) -> Iterator[StratumOutcome]:
    yield _owner("rollback_owner", "The rollback owner", found.rollback_owner_problem)
    key, title = "rollback_triggers", "Rollback triggers"
    if found.triggers:
        yield _met(key, title, f"{found.triggers} events that lead to a rollback are defined.")
    else:
        yield _unmet(
            key, title, "No event that leads to a rollback is defined", "needs a trigger in the plan"
        )
    for path in found.paths:
        yield _path(path)


def _path(path: PathInput) -> StratumOutcome:
    key, title = f"rollback_path {path.channel}", f"The way back on {path.channel}"
    if path.target and not path.problem:
        return _met(key, title, f"A rollback on {path.channel} leads to {path.target}.")
    if path.target:
        wanted = f"needs another target of the rollback on {path.channel}"
        return _unmet(key, title, f"The way back on {path.channel} is closed: {path.problem}", wanted)
    wanted = f"needs a release to go back to: adopt what serves {path.channel}"
    said = f"There is no way back on {path.channel}: {path.problem}; {wanted}."
    return _open(key, title, ReasonCode.NO_DATA, said, wanted)


def _drill(found: ReadinessInput, limit: float | None) -> Iterator[StratumOutcome]:
    if limit is None:
        return
    key, title, age = "rollback_drill", "The last drill of a rollback", found.last_drill_age_days
    wanted = f"needs a drill within the last {limit:g} days"
    if age is None:
        said = f"No drill of a rollback is on record; {wanted}."
        yield _open(key, title, ReasonCode.NO_DATA, said, wanted)
    elif age > limit:
        said = f"The last drill of a rollback is older than {limit:g} days; {wanted}."
        yield _open(key, title, ReasonCode.STALE_EVIDENCE, said, wanted)
    else:
        yield _met(key, title, f"A rollback was rehearsed within the last {limit:g} days.")


def _people(found: ReadinessInput) -> Iterator[StratumOutcome]:
    yield _owner("release_owner", "The release owner", found.release_owner_problem)
    yield _owner("rollback_owner", "The rollback owner", found.rollback_owner_problem)
    approvers = found.approvers
    if approvers is None or (not approvers.seats and not approvers.problem):
        yield _unmet("approvers", "Approvers", "No rule says who approves", "needs a rule of approval")
        return
    for seat in approvers.seats:
        where = f" on {seat.channel}" if seat.channel else ""
        key, title = f"approvers {seat.rule}{where}", f"Approvers for {seat.title}{where}"
        if len(seat.eligible) >= seat.needed:
            yield _met(key, title, f"Enough people could be seated for {seat.title}{where}.")
        else:
            wanted = f"needs {seat.needed - len(seat.eligible)} more of {seat.who}{where}"
            yield _unmet(key, title, f"Too few people could be seated for {seat.title}{where}", wanted)
    short = any(len(seat.eligible) < seat.needed for seat in approvers.seats)
    if approvers.problem and not short:
        title = "Approvers together"
        said = "There is no way to fill every seat at once, for nobody counts for two rules"
        wanted = "needs more people who may approve"
        if not approvers.seats:
            said, wanted = "No rule of approval covers these channels and changes", "needs a rule that does"
        yield _unmet("approvers", title, said, wanted)


def _owner(key: str, title: str, problem: str) -> StratumOutcome:
    if not problem:
        return _met(key, title, f"{title} is named and active.")
    return _unmet(key, title, f"{title}: {problem}", f"needs an active account as {title.lower()[4:]}")


def _met(key: str, title: str, said: str) -> StratumOutcome:
    return StratumOutcome({"check": key}, title, Verdict.PASS, ReasonCode.MEETS, said)


def _unmet(key: str, title: str, said: str, wanted: str) -> StratumOutcome:
    sentence = f"{said}; {wanted}."
    return StratumOutcome({"check": key}, title, Verdict.FAIL, ReasonCode.VIOLATES, sentence, wanted)


def _open(key: str, title: str, reason: ReasonCode, said: str, wanted: str) -> StratumOutcome:
    return StratumOutcome({"check": key}, title, Verdict.INCONCLUSIVE, reason, said, wanted)

"""Which evaluation approved the release? (S22): the run that was approved, its verdict, who reviewed it."""

from collections.abc import Iterator

from audits.answers.answered import Answer, Fact, Question, Stands, day, listed, worded
from audits.answers.behind import Behind
from audits.trace.evidence import gate_of
from releases.approvals.models import Approval
from releases.bundles.models import RevisionState
from releases.gates.models import EvaluationStatus, GateEvaluation, Verdict
from releases.gates.overrides.standing import Standing, overridden

CAME_TO = {
    Verdict.PASS.value: "which passed",
    Verdict.FAIL.value: "which failed",
    Verdict.INCONCLUSIVE.value: "which was inconclusive",
}


def evaluated_answer(known: Behind) -> Answer:
    """The answer of S22."""
    stands, sentence = _sentence(known)
    support = tuple(text for text in (*_past(known), _doubt(known), _others(known)) if text)
    return Answer(Question.EVALUATED, stands, sentence, support, tuple(_facts(known)))


def approved_runs(known: Behind) -> dict[GateEvaluation, Approval]:
    """The evaluations that were approved, the newest approval first."""
    runs = {one.pk: one for one in known.evaluations}
    found: dict[GateEvaluation, Approval] = {}
    for approval in known.approvals:
        run = runs.get(approval.request.evaluation_id)
        if run is not None:
            found.setdefault(run, approval)
    return found


def _sentence(known: Behind) -> tuple[Stands, str]:
    if known.revision.adopted:
        return Stands.NOBODY, "None: it was adopted as it stood, without a gate."
    approved = list(approved_runs(known))
    if approved:
        many = "" if len(approved) == 1 else f"; so did {len(approved) - 1} more of the same revision"
        return Stands.YES, f"{_named(approved[0])}, {_came_to(approved[0])}{many}."
    newest = next((one for one in known.evaluations if one.status != EvaluationStatus.REQUESTED), None)
    if newest is not None and known.only:
        return (
            Stands.NOT_YET,
            f"{_named(newest)}, {_came_to(newest)}; that it was approved is not on record {known.only}.",
        )
    if newest is not None:
        return Stands.NOT_YET, f"None yet: {_lower(_named(newest))}, {_came_to(newest)}, is not approved."
    if known.revision.state == RevisionState.DRAFT:
        return Stands.NOT_YET, "None yet: it is a draft, and only what is frozen is evaluated."
    return Stands.NOT_YET, "None yet: it was not evaluated."


def _named(run: GateEvaluation) -> str:
    under = f" under the policy {run.policy}" if run.policy else " without a policy in force"
    return f"The evaluation of {day(run.ended_at or run.requested_at)}{under}"


def _lower(sentence: str) -> str:
    return f"{sentence[0].lower()}{sentence[1:]}"


def _came_to(run: GateEvaluation) -> str:
    if run.status == EvaluationStatus.FAILED:
        return "which ended with an error"
    return CAME_TO.get(run.verdict, "which came to no verdict")


def _past(known: Behind) -> Iterator[str]:
    """What let it past a gate that was not passed, as it stood when it was approved."""
    for approval in known.approvals:
        override = approval.request.override
        if override is not None:
            said = overridden(override, Standing.IN_FORCE)
            yield f"The gate was {said}. The reason given: {override.reason}"


def _doubt(known: Behind) -> str:
    if any(run.preregistered is False for run in approved_runs(known)):
        return "Its policy was locked after the scores were imported: limits may have been fitted to them."
    return ""


def _others(known: Behind) -> str:
    others = [one for one in known.evaluations if one not in approved_runs(known)]
    if not others or not approved_runs(known):
        return ""
    verdicts = listed(worded(one.verdict or one.status) for one in others)
    times = "once" if len(others) == 1 else f"{len(others)} times"
    return f"The revision was evaluated {times} beside it: {verdicts}."


def _facts(known: Behind) -> Iterator[Fact]:
    approved = approved_runs(known)
    for run in approved or known.evaluations[:1]:
        yield from _run(known, run, approved.get(run))
    for one in known.attestations:
        kind = worded(one.kind).capitalize()
        said = f"{'acceptable' if one.acceptable else 'not acceptable'}, signed by {one.attested_by_username}"
        entry = known.told.find("attestation.made", one.stream())
        yield Fact(kind, said, one.attested_at, entry, one, one.digest)


def _run(known: Behind, run: GateEvaluation, approval: Approval | None) -> Iterator[Fact]:
    event = "gate_evaluation.failed" if run.status == EvaluationStatus.FAILED else "gate_evaluation.completed"
    entry = known.told.find(event, run.stream())
    gate = gate_of(run, [entry] if entry else [], approval)
    lines = (
        f"{gate.passed} of {gate.total} measured lines passed" if gate and gate.total else "no line measured"
    )
    verdict = worded(run.verdict) if run.verdict else worded(run.status)
    yield Fact("Verdict", f"{verdict}; {lines}", run.ended_at, entry, run, run.result_digest)
    if gate is not None and gate.worst:
        yield Fact("Closest to its limit", str(gate.worst.get("sentence", "")))
    if run.policy is not None:
        locked = {True: "locked before the scores", False: "locked after the scores"}
        said = locked.get(run.preregistered or False, "") if run.preregistered is not None else "locked"
        yield Fact("Policy", f"{run.policy}, {said}", run.policy.locked_at, about=run.policy)
    if run.statement_digest:
        yield Fact("Signed statement", "in-toto test result", digest=run.statement_digest)

"""The evaluation and the votes behind a release, and the entries of the ledger that tell of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from audits.trace.facts import Gate, Moment, Sealed, VoteCast
from governance.actors import AuthMethod
from governance.ledger.models import Entry
from governance.ledger.queries import entries_of
from releases.approvals.models import Approval, Vote
from releases.bundles.models import Assignment, Revision
from releases.gates.models import GateEvaluation
from releases.gates.vocabulary.outcomes import FEW
from releases.monitoring.decisions.models import DecisionBatch
from releases.rollouts.models import Deployment

TOLD = (
    "release.frozen",
    "release.adopted",
    "gate_evaluation.completed",
    "override.given",
    "approval.requested",
    "vote.cast",
    "release.approved",
    "rollout.started",
)
ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def entries_behind(
    revision: Revision | None, evaluation: GateEvaluation | None, approval: Approval | None
) -> list[Entry]:
    """The entries that may tell of the release, oldest first: one query."""
    streams = [
        *([revision.stream()] if revision else []),
        *([evaluation.stream()] if evaluation else []),
        *([approval.request.stream()] if approval else []),
        *([approval.request.override.stream()] if approval and approval.request.override else []),
    ]
    if not streams:
        return []
    found = entries_of(streams).filter(document__type__in=TOLD).order_by("at", "stream_seq")
    return list(found)


def sealed_steps(
    entries: Iterable[Entry],
    moment: Moment,
    *,
    evaluation: GateEvaluation | None,
    approval: Approval | None,
    deployment: Deployment | None,
    assignment: Assignment | None,
    reported: DecisionBatch | None,
) -> tuple[Sealed, ...]:
    """The steps from the frozen release to the report of the decision, if any, each with its entry."""
    wanted = {
        "revision": moment.revision_id,
        "evaluation": evaluation.id if evaluation else None,
        "approval": approval.id if approval else None,
        "request": approval.request_id if approval else None,
        "override": approval.request.override_id if approval else None,
        "deployment": deployment.id if deployment else None,
    }
    steps = [step for entry in entries for step in _step(entry, wanted)]
    if assignment is not None:
        steps.append(Sealed("stage", "stage at that time", assignment.entry))
    if reported is not None:
        steps.append(Sealed("reported", "decisions reported", reported.entry))
    return tuple(steps)


def _step(entry: Entry, wanted: Mapping[str, Any]) -> Iterator[Sealed]:
    document = entry.document
    after = document.get("after") or {}
    prefix, _, aggregate = entry.stream.partition(":")
    of_release = prefix == "release"
    kind = str(document["type"])
    told = {
        "release.frozen": ("frozen", "release frozen", _is(after, "revision", wanted)),
        "release.adopted": ("adopted", "release adopted", of_release),
        "gate_evaluation.completed": ("evaluated", "gate evaluated", aggregate == str(wanted["evaluation"])),
        "override.given": ("overridden", "gate overridden", aggregate == str(wanted["override"])),
        "approval.requested": ("requested", "approval requested", aggregate == str(wanted["request"])),
        "vote.cast": ("vote", f"vote: {_voter(after)}", aggregate == str(wanted["request"])),
        "release.approved": ("approved", "approved", of_release and _is(after, "request", wanted)),
        "rollout.started": ("started", "rollout started", _is(after, "deployment", wanted)),
    }
    key, title, counts = told[kind]
    if counts:
        yield Sealed(key, title, entry)


def _is(after: Mapping[str, Any], key: str, wanted: Mapping[str, Any]) -> bool:
    return wanted[key] is not None and str(after.get(key)) == str(wanted[key])


def _voter(after: Mapping[str, Any]) -> str:
    return str((after.get("voter") or {}).get("role", "")).replace("_", " ")


def gate_of(
    evaluation: GateEvaluation | None, entries: Iterable[Entry], approval: Approval | None = None
) -> Gate | None:
    """What the evaluation came to; only lines of measured rates count, as everywhere."""
    if evaluation is None:
        return None
    criteria = evaluation.result.get("criteria", [])
    measured = [criterion for criterion in criteria if criterion.get("spec", {}).get("metric")]
    lines = [line for criterion in measured for line in criterion.get("strata", [])]
    entry = next((one for one in entries if one.stream == evaluation.stream()), None)
    passed = sum(line["verdict"] == "pass" for line in lines)
    bounded = [line for line in lines if line.get("upper") is not None] or lines
    worst = min(bounded, key=_badness, default=None)
    override = approval.request.override if approval else None
    return Gate(evaluation, worst, passed, len(lines), entry, override)


def _badness(line: Mapping[str, Any]) -> tuple[int, bool, float]:
    """Fails and inconclusive lines by their lower bound, those on few captures last; passes by the upper."""
    bound = line.get("upper" if line["verdict"] == "pass" else "lower")
    few = line["verdict"] == "inconclusive" and (line.get("n") or 0) < FEW
    return ORDER[line["verdict"]], few, float("inf") if bound is None else -float(bound)


def votes_of(approval: Approval | None, entries: Iterable[Entry]) -> tuple[VoteCast, ...]:
    """The votes with the seats that the approval's own entry says they filled."""
    if approval is None:
        return ()
    found = {
        str((entry.document.get("after") or {}).get("vote")): entry
        for entry in entries
        if entry.document["type"] == "vote.cast"
    }
    seats = _seats(approval, entries)
    return tuple(
        VoteCast(
            seat=seats.get(vote.username, ""),
            role=vote.role,
            username=vote.username,
            decision=vote.decision,
            at=vote.cast_at,
            strength=strength_of(vote),
            reason=vote.reason,
            entry=found.get(str(vote.id)),
        )
        for vote in approval.request.votes.all()
    )


def _seats(approval: Approval, entries: Iterable[Entry]) -> dict[str, str]:
    titles = {rule["key"]: rule.get("title", "") for rule in approval.request.rule_snapshot["rules"]}
    for entry in entries:
        after = entry.document.get("after") or {}
        if entry.document["type"] == "release.approved" and after.get("request") == str(approval.request_id):
            seats = after.get("seats", [])
            return {seat["voter"]: titles.get(seat["rule"], seat["rule"]) for seat in seats if seat["voter"]}
    return {}


def strength_of(vote: Vote) -> str:
    """How the voter had proved who they are."""
    if vote.auth_mfa:
        return "two factors"
    return "token" if vote.auth_method == AuthMethod.TOKEN else "password"

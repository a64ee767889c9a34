"""Which runs came before: a release, its revisions, and releases copied from one of them that did not pass.

Trying until it passes is counted. A copy of what is live, was live or passed starts anew.
"""

from uuid import UUID

from releases.bundles.models import Assignment, Release, Revision
from releases.gates.inputs import EarlierRun, Inputs
from releases.gates.models import EvaluationStatus, GateEvaluation, Verdict


def lineage_of(release: Release) -> set[UUID]:
    """Ids of the releases whose tries count for this one, itself included."""
    origin = release
    seen = {origin.id}
    while (parent := _unsettled_parent(origin)) is not None and parent.id not in seen:
        origin = parent
        seen.add(origin.id)
    found, waiting = {origin.id}, [origin.id]
    while waiting:
        copies = Release.objects.filter(copied_from__release=waiting.pop()).select_related("copied_from")
        new = [copy.id for copy in copies if copy.id not in found and _unsettled_parent(copy) is not None]
        found.update(new)
        waiting.extend(new)
    return found


def _unsettled_parent(release: Release) -> Release | None:
    """The release it was copied from, if the copied revision neither passed nor ever served anybody."""
    copied = release.copied_from
    if copied is None or copied.adopted or Assignment.objects.filter(stable=copied).exists():
        return None
    newest = (
        GateEvaluation.objects.filter(revision=copied, status=EvaluationStatus.COMPLETED)
        .order_by("-requested_at")
        .first()
    )
    return None if newest is not None and newest.verdict == Verdict.PASS else copied.release


def earlier_runs(revision: Revision, inputs: Inputs) -> list[EarlierRun]:
    """Distinct results of the lineage on one of these datasets that did not pass, the oldest first.

    A run without scores, or without a policy, tried nothing. A run of the very same inputs is the same try:
    it takes over what the first of them had counted, so that running again gives the same result.
    """
    runs = (
        GateEvaluation.objects.filter(
            release__in=lineage_of(revision.release),
            status=EvaluationStatus.COMPLETED,
            policy__isnull=False,
        )
        .select_related("release")
        .defer("result")
        .order_by("requested_at", "id")
    )
    datasets = {dataset.digest for dataset in inputs.datasets}
    found: dict[str, EarlierRun] = {}
    for run in runs:
        stored = Inputs.model_validate(run.inputs)
        if stored.digest == inputs.digest:
            return stored.earlier_runs
        if run.verdict != Verdict.PASS and datasets & _measured(stored):
            found.setdefault(run.result_digest, _earlier(run, stored))
    return list(found.values())


def _measured(stored: Inputs) -> set[str]:
    return {dataset.digest for dataset in stored.datasets if dataset.candidate is not None}


def _earlier(run: GateEvaluation, stored: Inputs) -> EarlierRun:
    return EarlierRun(
        result_digest=run.result_digest,
        verdict=run.verdict,
        release=run.release.name,
        policy_digest=stored.policy_digest,
    )

"""Which runs came before: a release, its revisions, and releases copied from one of them that did not pass.

Trying until it passes is counted. A copy of what is live, was live or passed starts anew.
"""

from uuid import UUID

from governance.ledger.canonical import digest_of
from releases.bundles.models import Assignment, Release, Revision
from releases.gates.models import EvaluationStatus, GateEvaluation, Verdict
from releases.gates.vocabulary.inputs import EarlierRun, Inputs

NOT_MEASURED = frozenset({"facts", "attestations"})
"""Parts of an identity that change no figure: to complete a card or to attest is no second try."""


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

    A run without scores, or without a policy, tried nothing. A run of the same policy on the same tables is
    the same try, whatever was attested or completed meanwhile: no figure can come out differently. It takes
    over what the first of them had counted, so that running again gives the same figures.
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
    this = try_of(inputs)
    tries: dict[str, list[tuple[GateEvaluation, Inputs]]] = {}
    for run in runs:
        stored = Inputs.model_validate(run.inputs)
        tries.setdefault(try_of(stored), []).append((run, stored))
    if this in tries:
        return tries[this][0][1].earlier_runs
    found: dict[str, EarlierRun] = {}
    for made in tries.values():
        first, stored = made[0]
        # A try that passed once what was missing beside its figures was brought is no failed one.
        if datasets & _measured(stored) and all(run.verdict != Verdict.PASS for run, _ in made):
            found.setdefault(first.result_digest, _earlier(first, stored))
    return list(found.values())


def try_of(inputs: Inputs) -> str:
    """The digest of what chance enters through: policy, stack, thresholds, tables and references."""
    return digest_of({name: part for name, part in inputs.identity().items() if name not in NOT_MEASURED})


def _measured(stored: Inputs) -> set[str]:
    return {dataset.digest for dataset in stored.datasets if dataset.candidate is not None}


def _earlier(run: GateEvaluation, stored: Inputs) -> EarlierRun:
    return EarlierRun(
        result_digest=run.result_digest,
        verdict=run.verdict,
        release=run.release.name,
        policy_digest=stored.policy_digest,
    )

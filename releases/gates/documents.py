"""An evaluation as the interface answers it and pages read it: the contract's body, and what explains it."""

from typing import Any

from releases.gates.models import EvaluationProgress, GateEvaluation
from releases.gates.records import recorded
from releases.gates.vocabulary.inputs import Inputs


def evaluation_document(evaluation: GateEvaluation) -> dict[str, Any]:
    """The evaluation with every criterion's evidence; no queries beyond the related rows it names."""
    policy, result = evaluation.policy, evaluation.result
    inputs = Inputs.model_validate(evaluation.inputs)
    criteria = result.get("criteria", [])
    return {
        "id": str(evaluation.id),
        "release": str(evaluation.release_id),
        "release_name": evaluation.release.name,
        "revision": evaluation.revision.number,
        "revision_id": str(evaluation.revision_id),
        "policy": str(policy.id) if policy else None,
        "policy_name": str(policy) if policy else None,
        "policy_digest": inputs.policy_digest or None,
        "status": evaluation.status,
        "verdict": evaluation.verdict or None,
        "reason_code": result.get("reason_code"),
        "sentence": result.get("sentence", ""),
        "result_digest": evaluation.result_digest or None,
        "statement_digest": evaluation.statement_digest or None,
        "signed": bool(evaluation.statement_digest),
        "preregistered": evaluation.preregistered,
        "criteria": recorded(criteria, inputs),
        "warnings": _warnings(evaluation, inputs, criteria),
        "earlier_runs": [run.model_dump() for run in inputs.earlier_runs],
        "baselines": _baselines(inputs),
        "tables": _tables(inputs),
        "manifest_digest": inputs.manifest_digest,
        "stack_digest": inputs.stack_digest,
        "threshold_policies": inputs.thresholds.digests,
        "attestations": [one.model_dump() for one in inputs.attestations],
        "inputs": inputs.identity(),
        "environment": result.get("environment", {}),
        "attempt": result.get("attempt"),
        "error": evaluation.error,
        "requested_at": evaluation.requested_at,
        "requested_by": evaluation.requested_by_username,
        "ended_at": evaluation.ended_at,
        "progress": _progress(evaluation),
    }


def regressions(criteria: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines with a regression detected after Holm; where they pass, a named person acknowledges them."""
    return [
        line
        for criterion in criteria
        for line in criterion.get("strata", [])
        if line.get("regression_detected")
    ]


def _baselines(inputs: Inputs) -> list[dict[str, Any]]:
    return [
        {
            "release": reference.release,
            "name": reference.name,
            "revision": reference.number,
            "revision_id": reference.revision,
            "stack_digest": reference.stack_digest,
            "live_on": [channel.name for channel in reference.live_on],
        }
        for reference in inputs.references
    ]


def _tables(inputs: Inputs) -> list[dict[str, Any]]:
    """Both score tables of every comparison, by the digests of the file that came and of what is stored."""
    return [
        {
            "dataset": dataset.name,
            "dataset_digest": dataset.digest,
            "of": of,
            "id": table.id,
            "file_digest": table.file_digest,
            "canonical_digest": table.canonical_digest,
            "rows": table.rows,
        }
        for dataset in inputs.datasets
        for of, tables in (
            ("candidate", dataset.candidate_tables()),
            *((one.name, dataset.reference_tables(one.revision)) for one in inputs.references),
        )
        for table in tables
    ]


def _warnings(
    evaluation: GateEvaluation, inputs: Inputs, criteria: list[dict[str, Any]]
) -> list[dict[str, str]]:
    found = []
    policy = evaluation.policy
    if evaluation.preregistered is False:
        found.append(("not_preregistered", _NOT_PREREGISTERED))
    if inputs.earlier_runs:
        many = len(inputs.earlier_runs)
        found.append(
            (
                "earlier_runs",
                f"{many} earlier run{'s' if many > 1 else ''} of this lineage on the same data did not pass; "
                f"bounds are taken at an error rate {many + 1} times smaller.",
            )
        )
    if any(run.policy_digest != inputs.policy_digest for run in inputs.earlier_runs):
        found.append(("policy_changed", "The policy was changed after a run that did not pass."))
    if policy is not None and policy.in_force_until is not None:
        found.append(
            ("policy_superseded", "A newer policy is in force; revisions frozen since are judged by it.")
        )
    found += _of_the_inputs(inputs)
    found += [
        ("regression_detected", f"Worse than the baseline beyond chance: {line['sentence']}")
        for line in regressions(criteria)
    ]
    flagged = max((line.get("set_threshold", 0) for one in criteria for line in one["strata"]), default=0)
    if flagged:
        found.append(
            (
                "set_threshold",
                f"Up to {flagged} captures of a line also set the threshold they are judged by.",
            )
        )
    return [{"code": code, "sentence": sentence} for code, sentence in found]


def _of_the_inputs(inputs: Inputs) -> list[tuple[str, str]]:
    """What a reader must know of what was looked at."""
    found = []
    for code, said, added in (
        (
            "segments_added",
            "Judged although the policy does not name them, for protection",
            [one.title for one in inputs.added_segments if one.criteria],
        ),
        (
            "segments_in_full",
            "Criteria of the policy look at some captures only; judged on all captures too, for protection",
            [one.title for one in inputs.added_segments if one.in_full],
        ),
    ):
        if added:
            found.append((code, f"{said}: {', '.join(added)}."))
    found += [
        ("re_decided", f"The scores on {one.name} are of another threshold policy, decided anew by this one.")
        for one in inputs.datasets
        if one.candidate is not None and one.candidate.re_decided
    ]
    found += [
        ("nothing_live", f"Nothing was live on {channel.name} when the evaluation was requested.")
        for channel in inputs.channels_without_live
    ]
    return found


_NOT_PREREGISTERED = (
    "The policy was locked after the candidate's scores were registered; each approver acknowledges it."
)


def _progress(evaluation: GateEvaluation) -> dict[str, Any] | None:
    try:
        progress = evaluation.progress
    except EvaluationProgress.DoesNotExist:
        return None
    return {
        "done": progress.done,
        "total": progress.total,
        "step": progress.step,
        "number": min(progress.done + 1, progress.total) if progress.total else None,
        "updated_at": progress.updated_at,
    }

"""The evidence record of every criterion and line: the digests behind each figure, beside the figures.

A line names its dataset and its baseline; which stack, tables, thresholds and criterion that was is known
from the frozen inputs. The record is derived when it is read, so that results keep their digests.
"""

from typing import Any

from releases.gates.vocabulary.inputs import DatasetInput, Inputs, ReferenceInput, TableInput


def recorded(criteria: list[dict[str, Any]], inputs: Inputs) -> list[dict[str, Any]]:
    """The criteria with the digests that each line rests on."""
    datasets = {one.name: one for one in inputs.datasets}
    references = {(one.release, one.number): one for one in inputs.references}
    return [
        {
            **criterion,
            "strata": [
                {**line, "record": _record(criterion, line, inputs, datasets, references)}
                for line in criterion["strata"]
            ],
        }
        for criterion in criteria
    ]


def _record(
    criterion: dict[str, Any],
    line: dict[str, Any],
    inputs: Inputs,
    datasets: dict[str, DatasetInput],
    references: dict[tuple[str, int], ReferenceInput],
) -> dict[str, Any]:
    dataset = datasets.get(line["dataset"])
    baseline = line["baseline"] or {}
    reference = references.get((str(baseline.get("release")), int(baseline.get("revision") or 0)))
    return {
        "criterion": criterion["digest"],
        "stack": inputs.stack_digest,
        "threshold_policies": inputs.thresholds.digests,
        "dataset": dataset.digest if dataset else None,
        "tables": [_table(table) for table in dataset.candidate_tables()] if dataset else [],
        "baseline": reference and _baseline(reference, dataset),
    }


def _baseline(reference: ReferenceInput, dataset: DatasetInput | None) -> dict[str, Any]:
    tables = dataset.reference_tables(reference.revision) if dataset else []
    return {
        "stack": reference.stack_digest,
        "threshold_policies": reference.thresholds.digests,
        "tables": [_table(table) for table in tables],
    }


def _table(table: TableInput) -> dict[str, str]:
    return {"file": table.file_digest, "canonical": table.canonical_digest}

"""The verb that imports a table of scores."""

from dataclasses import asdict
from typing import Any, BinaryIO
from uuid import UUID

from governance.access.proposals import account_of
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import digest_of, plain
from governance.ledger.verbs import record, verb
from governance.registry.models import ComponentStatus, ComponentVersion, System
from governance.registry.predicates import Predicate, parse_predicate
from governance.registry.queries import segments_in_force
from releases.scores.importing import ImportedTable, import_table
from releases.scores.mapping import TableMeta
from releases.scores.meta import parse_meta
from releases.scores.models import ScoreTable
from releases.scores.store import score_store


class DatasetRevoked(GovernanceError):
    """The dataset was revoked; what is measured on it counts no longer."""

    code = "dataset_revoked"
    title = "The dataset is revoked"
    next_step = "Register a new version of the dataset and import the scores on that."


def _component(system: System, kind: str, identifier: str, field: str) -> ComponentVersion:
    try:
        found = ComponentVersion.objects.filter(system=system, kind=kind, id=UUID(identifier)).first()
    except ValueError:
        found = None
    if found is None:
        raise invalid(field, f"{identifier!r} is no registered {kind.replace('_', ' ')} of {system}.")
    return found


def _dataset(system: System, meta: TableMeta) -> ComponentVersion:
    dataset = _component(system, "dataset", meta.dataset, "meta.dataset")
    if dataset.status == ComponentStatus.REVOKED:
        raise DatasetRevoked(f"{dataset} is revoked: {dataset.status_reason}")
    return dataset


def _report(system: System, meta: TableMeta) -> ComponentVersion | None:
    if meta.evaluation_report is None:
        return None
    return _component(system, "evaluation_report", meta.evaluation_report, "meta.evaluation_report")


def _segments(system: System) -> list[tuple[str, Predicate]]:
    return [(segment.key, parse_predicate(segment.predicate)) for segment in segments_in_force(system)]


def _new_table(
    system: System,
    dataset: ComponentVersion,
    report: ComponentVersion | None,
    meta: TableMeta,
    found: ImportedTable,
) -> ScoreTable:
    return ScoreTable(
        system=system,
        dataset=dataset,
        evaluation_report=report,
        stack_digest=str(report.attributes["stack_digest"] if report else meta.stack_digest),
        file_digest=found.digest,
        canonical_digest=found.canonical_digest,
        meta=meta.model_dump(mode="json", exclude_none=True),
        polarity=meta.polarity.value,
        rows=found.rows,
        counts=_counts(found),
        refusals=[asdict(refusal) for refusal in found.refusals],
        auroc=found.polarity.auroc,
        imported_at=moment(),
    )


def _counts(found: ImportedTable) -> dict[str, Any]:
    """The summary as JSON; rows without an attribute's value stand under the key ``""``."""
    summary = asdict(found.summary)
    summary["attributes"] = {
        name: {value or "": counts for value, counts in values.items()}
        for name, values in summary["attributes"].items()
    }
    return {
        **summary,
        "rows_read": found.rows_read,
        "rows_filtered_out": found.rows_filtered_out,
        "missing_scores": found.missing_scores,
        "source_format": found.source_format,
        "source_note": found.source_note,
        "row_numbering": "data_rows" if found.source_format == "parquet" else "spreadsheet",
        "polarity_note": found.polarity.note,
        "attempts_note": found.attempts_note,
    }


def _recorded(table: ScoreTable, found: ImportedTable) -> dict[str, Any]:
    """What the ledger says of an import."""
    return {
        "system": table.system_id,
        "dataset": table.dataset_id,
        "evaluation_report": table.evaluation_report_id,
        "stack_digest": table.stack_digest,
        "rows": table.rows,
        "refused_rows": sum(refusal.count for refusal in found.refusals),
        "polarity": table.polarity,
        "auroc": table.auroc,
        "meta": digest_of(plain(table.meta)),
        "counts": digest_of(table.counts),
        "refusals": digest_of(table.refusals),
    }


@verb("score_table.imported")
def import_scores(
    actor: Actor,
    *,
    system: System,
    file: BinaryIO,
    meta: dict[str, Any],
    digest: str | None = None,
    name: str = "",
) -> ScoreTable:
    """Import a file (CSV, CSV in gzip, or Parquet) of one stack's scores on one dataset; stored by digest.
    ``name`` is what the sender calls the file; it decides nothing.

    Rows whose content cannot be taken are refused by reason and counted in the record; a broken file, a
    duplicate sample, or a polarity that the data contradict refuse the file whole.

    Raises:
        InvalidInput: a field of ``meta``.
        ScoreTableRefused: the file, naming rows.
        DatasetRevoked: the dataset does not count any longer.
    """
    require(actor, Permission.IMPORT_SCORES, system)
    checked = parse_meta(meta)
    dataset = _dataset(system, checked)
    report = _report(system, checked)
    found = import_table(
        file, checked, score_store(), expected_digest=digest, name=name, segments=_segments(system)
    )
    table = _new_table(system, dataset, report, checked, found)
    table.imported_by = account_of(actor) if actor.id else None
    table.imported_by_username = actor.username
    table.save(force_insert=True)
    refs = {"file": table.file_digest, "table": table.canonical_digest}
    record(table.stream(), after=_recorded(table, found), refs=refs)
    return table

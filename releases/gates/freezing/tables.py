"""Which score tables an evaluation looks at: of the candidate, of every reference, and of what set
thresholds.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from governance.registry.models import ComponentVersion, System
from releases.bundles.models import Revision, Slot
from releases.gates.vocabulary.inputs import DatasetInput, ProblemInput, ReferenceInput, TableInput
from releases.gates.vocabulary.outcomes import ReasonCode
from releases.scores.models import ScoreTable
from releases.scores.queries import newest_table

TEST_ROLE = "test"
SET_UP_ROLES = ("validation", "calibration")
"""Datasets of these roles set the thresholds; their samples are flagged where they are tested on too."""

SECONDS_OF_A_DAY = 86_400
DECIDING_SLOTS = ("model", "fusion", "sdk")
"""What makes scores; the threshold policy only decides them."""


def datasets_of(slots: Iterable[Slot], roles: Sequence[str] = (TEST_ROLE,)) -> list[ComponentVersion]:
    """Datasets that the release uses in one of the roles and that were registered for it."""
    found = {
        slot.component.digest: slot.component
        for slot in slots
        if slot.slot == "dataset"
        and slot.component.attributes.get("role") in roles
        and (slot.role or slot.component.attributes.get("role")) in roles
    }
    return [found[digest] for digest in sorted(found)]


def dataset_inputs(
    revision: Revision, slots: Sequence[Slot], references: Sequence[ReferenceInput], at: datetime
) -> list[DatasetInput]:
    """Every test dataset with the tables of the candidate and of each reference on it."""
    return [_dataset(revision, dataset, slots, references, at) for dataset in datasets_of(slots)]


def set_up_inputs(revision: Revision, slots: Iterable[Slot], at: datetime) -> list[TableInput]:
    """The tables on which the candidate's thresholds were set, where there are any."""
    tables = (
        newest_table(revision.release.system, revision.stack_digest, dataset)
        for dataset in datasets_of(slots, SET_UP_ROLES)
    )
    return [_table(table, at) for table in tables if table is not None]


def _dataset(
    revision: Revision,
    dataset: ComponentVersion,
    slots: Sequence[Slot],
    references: Sequence[ReferenceInput],
    at: datetime,
) -> DatasetInput:
    system = revision.release.system
    candidate = _report_tables(newest_table(system, revision.stack_digest, dataset))
    re_decided = not candidate
    if re_decided:
        candidate = _report_tables(_of_the_same_scores(revision, slots, dataset))
    ours = [_table(table, at, re_decided=re_decided) for table in candidate]
    theirs = {one.revision: tables_of_stack(system, one.stack_digest, dataset, at) for one in references}
    return DatasetInput(
        id=str(dataset.id),
        name=str(dataset),
        digest=dataset.digest,
        candidate=ours[0] if ours else None,
        candidate_parts=ours[1:],
        problem=None if ours else _problem(dataset, slots),
        references={revision: tables[0] if tables else None for revision, tables in theirs.items()},
        reference_parts={revision: tables[1:] for revision, tables in theirs.items() if tables[1:]},
    )


def tables_of_stack(
    system: System, stack_digest: str, dataset: ComponentVersion, at: datetime
) -> list[TableInput]:
    """The newest table of a stack on a dataset, with the others of its report behind it; none if none is."""
    newest = newest_table(system, stack_digest, dataset)
    return [_table(table, at) for table in _report_tables(newest)]


def _report_tables(newest: ScoreTable | None) -> list[ScoreTable]:
    """The table with all others that the same report brings on the same dataset, the newest first."""
    if newest is None or newest.evaluation_report_id is None:
        return [newest] if newest else []
    tables = ScoreTable.objects.filter(
        evaluation_report_id=newest.evaluation_report_id,
        stack_digest=newest.stack_digest,
        dataset__digest=newest.dataset.digest,
    )
    return list(tables.order_by("-imported_at", "-id"))


def _of_the_same_scores(
    revision: Revision, slots: Sequence[Slot], dataset: ComponentVersion
) -> ScoreTable | None:
    """The newest table of a stack that differs in its threshold policy alone: to be decided anew."""
    wanted = _what_scores(slots)
    models = [slot.component_id for slot in slots if slot.slot == "model"]
    others = (
        Revision.objects.filter(release__system=revision.release.system, slots__component__in=models)
        .exclude(stack_digest__in=["", revision.stack_digest])
        .distinct()
        .prefetch_related("slots__component")
    )
    stacks = {one.stack_digest for one in others if _what_scores(one.slots.all()) == wanted}
    tables = ScoreTable.objects.filter(
        system=revision.release.system, stack_digest__in=stacks, dataset__digest=dataset.digest
    )
    return tables.select_related("dataset").order_by("-imported_at", "-id").first()


def _what_scores(slots: Iterable[Slot]) -> set[tuple[str, str, str]]:
    return {
        (slot.slot, str(slot.channel_id or ""), slot.component.digest)
        for slot in slots
        if slot.slot in DECIDING_SLOTS
    }


def _problem(dataset: ComponentVersion, slots: Iterable[Slot]) -> ProblemInput:
    """Why the candidate has no table: it has one of another stack, or none at all."""
    reports = [slot.component_id for slot in slots if slot.slot == "evaluation_report"]
    foreign = ScoreTable.objects.filter(evaluation_report__in=reports, dataset__digest=dataset.digest)
    needs = f"needs the scores of this stack on {dataset}"
    if foreign.exists():
        return ProblemInput(
            reason=ReasonCode.REPORT_NOT_OF_THIS_STACK,
            sentence=f"The scores on {dataset} that the release names were measured on another stack",
            needs=needs,
        )
    return ProblemInput(
        reason=ReasonCode.NO_DATA, sentence=f"No scores of this stack on {dataset}", needs=needs
    )


def _table(table: ScoreTable, at: datetime, *, re_decided: bool = False) -> TableInput:
    return TableInput(
        id=str(table.id),
        file_digest=table.file_digest,
        canonical_digest=table.canonical_digest,
        stack_digest=table.stack_digest,
        polarity=table.polarity,
        rows=table.rows,
        age_days=(at - table.imported_at).total_seconds() / SECONDS_OF_A_DAY,
        re_decided=re_decided,
    )

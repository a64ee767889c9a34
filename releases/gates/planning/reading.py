"""What a plan reads: the policy as it would judge now, and the newest scores of what is live on a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from governance.errors import invalid
from governance.registry.models import ComponentVersion, System
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import assignments_at
from releases.gates.freezing.freeze import thresholds_of
from releases.gates.freezing.protection import added_at
from releases.gates.freezing.tables import tables_of_stack
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.models import EvaluationStatus, GateEvaluation, GatePolicy
from releases.gates.planning.measuring import MeasuredTable
from releases.gates.planning.pairs import Pairs, pairs_in
from releases.gates.policies.pinning import pinned
from releases.gates.queries import criteria_of
from releases.gates.vocabulary.fact_inputs import FactsInput
from releases.gates.vocabulary.inputs import BandInput, DatasetInput, Inputs, TableInput, ThresholdInput
from releases.gates.vocabulary.specs import Spec
from releases.scores.models import ScoreTable
from releases.scores.queries import load_frame, newest_table

MOST_ROWS = 2_000_000
"""Rows that are counted while somebody waits; larger tables are planned with written counts."""

MOST_LINES = 1_000
RUNS_READ = 5
"""Earlier runs on the dataset that are looked at for how often decisions differ."""


@dataclass(frozen=True)
class Measurement:
    """The table that is counted, and the release it is of; one that serves nobody is live nowhere."""

    dataset: ComponentVersion
    table: ScoreTable
    revision: Revision | None
    live_on: tuple[str, ...]
    source: MeasuredTable

    @property
    def said(self) -> str:
        """The release in words."""
        if self.revision is None:
            return "a stack that no release holds"
        name = self.revision.release.name
        return (
            f"{name}, live on {', '.join(self.live_on)}" if self.live_on else f"{name}, which serves nobody"
        )

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        revision = self.revision
        return {
            "dataset": {"id": str(self.dataset.id), "name": str(self.dataset)},
            "score_table": str(self.table.id),
            "release": revision and str(revision.release_id),
            "release_name": revision and revision.release.name,
            "revision": revision and revision.number,
            "live_on": list(self.live_on),
            "knows_rates": self.source.knows_rates,
        }


def judged_criteria(policy: GatePolicy, at: datetime) -> list[tuple[Criterion, Sequence[Spec]]]:
    """The criteria as they would judge a revision frozen now: names resolved, protected segments added.

    Raises:
        InvalidInput: a draft names a segment, channel or release that does not exist; or there are too many
            lines to plan at once.
    """
    criteria = [
        one
        if one.spec.is_pinned()
        else replace(one, spec=pinned(policy.system, one.spec, f"criteria.{one.key}"))
        for one in criteria_of(policy)
    ]
    added = added_at(policy.system, at, criteria)
    found: list[tuple[Criterion, Sequence[Spec]]] = [(one, one.specs(added)) for one in criteria]
    lines = sum(len(spec.strata.names()) for _, specs in found for spec in specs if hasattr(spec, "strata"))
    if lines > MOST_LINES:
        raise invalid("policy", f"it judges {lines:,} lines; at most {MOST_LINES:,} are planned at once.")
    return found


def datasets_with_scores(system: System) -> list[ComponentVersion]:
    """The system's datasets that scores are on, the newest scores first."""
    tables = (
        ScoreTable.objects.filter(system=system).select_related("dataset").order_by("-imported_at", "-id")
    )
    return list(
        {table.dataset.digest: table.dataset for table in tables.defer("meta", "counts", "refusals")}.values()
    )


def measured_on_dataset(
    system: System, dataset: ComponentVersion, at: datetime, below: int = 0
) -> Measurement:
    """What is live, measured on the dataset; where it was not, whatever was measured there last.

    Raises:
        InvalidInput: no scores are on the dataset, or too many to count while somebody waits.
    """
    for revision in live_revisions(system):
        table = newest_table(system, revision.stack_digest, dataset)
        if table is not None:
            return _measurement(table, revision, at, below)
    tables = ScoreTable.objects.filter(system=system, dataset__digest=dataset.digest)
    table = tables.select_related("dataset").order_by("-imported_at", "-id").first()
    if table is None:
        raise invalid("dataset", f"no scores are on {dataset}. Import a score table, or write counts.")
    return measured_by_table(table, at, below)


def measured_by_table(table: ScoreTable, at: datetime, below: int = 0) -> Measurement:
    """What a table measured, decided by the thresholds of the release whose stack it is of.

    Raises:
        InvalidInput: it has too many rows to count while somebody waits.
    """
    revisions = Revision.objects.filter(release__system=table.system, stack_digest=table.stack_digest)
    served = revisions.filter(id__in=Assignment.objects.values("stable_id")).order_by("-number").first()
    return _measurement(table, served or revisions.order_by("-number").first(), at, below)


def live_revisions(system: System) -> list[Revision]:
    """What serves people now, on most channels first."""
    now = assignments_at().filter(channel__system=system, channel__drill=False)
    rows = Revision.objects.filter(id__in=now.values("stable_id")).select_related("release__system")
    return list(_by_channels(rows, now))


def _by_channels(rows: QuerySet[Revision], now: QuerySet[Assignment]) -> list[Revision]:
    many = dict(now.order_by().values_list("stable_id").annotate(many=Count("channel_id")))
    return sorted(rows, key=lambda one: (-many.get(one.id, 0), str(one.id)))


def _measurement(table: ScoreTable, revision: Revision | None, at: datetime, below: int) -> Measurement:
    system, dataset = table.system, table.dataset
    tables = tables_of_stack(system, table.stack_digest, dataset, at)
    rows = sum(one.rows for one in tables)
    if rows > MOST_ROWS:
        raise invalid(
            "dataset",
            f"the scores on {dataset} have {rows:,} rows; at most {MOST_ROWS:,} are counted while you wait. "
            "Write the counts per species and segment instead, as an evaluation on it shows them.",
        )
    thresholds = thresholds_of(revision, revision.slots.select_related("component")) if revision else None
    knows_rates = thresholds is not None and not thresholds.problem
    return Measurement(
        dataset=dataset,
        table=table,
        revision=revision,
        live_on=_live_on(revision),
        source=MeasuredTable(
            context=Context(_inputs(table, tables, thresholds if knows_rates else None), _load),
            dataset=_dataset(dataset, tables),
            pairs=pairs_on(system, dataset),
            knows_rates=knows_rates,
            below=below,
        ),
    )


def _live_on(revision: Revision | None) -> tuple[str, ...]:
    if revision is None:
        return ()
    now = assignments_at().filter(stable=revision, channel__drill=False)
    return tuple(sorted(now.values_list("channel__name", flat=True)))


def _dataset(dataset: ComponentVersion, tables: Sequence[TableInput]) -> DatasetInput:
    return DatasetInput(
        id=str(dataset.id),
        name=str(dataset),
        digest=dataset.digest,
        candidate=tables[0],
        candidate_parts=list(tables[1:]),
    )


def _inputs(table: ScoreTable, tables: Sequence[TableInput], thresholds: ThresholdInput | None) -> Inputs:
    # Without known thresholds captures are counted all the same; then one band decides every row, somehow.
    counting = ThresholdInput(
        digests=[], polarity=table.polarity, at_threshold="bona_fide", bands=[BandInput(accept=0.0)]
    )
    return Inputs(
        manifest_digest="",
        stack_digest=table.stack_digest,
        policy_digest="",
        thresholds=thresholds or counting,
        datasets=[_dataset(table.dataset, tables)],
        references=[],
        channels=[],
        channels_without_live=[],
        set_up=[],
        facts=FactsInput(),
    )


def _load(table: TableInput) -> Any:
    return load_frame(ScoreTable.objects.get(id=table.id))


def pairs_on(system: System, dataset: ComponentVersion) -> Pairs:
    """How often decisions differed in the newest runs on the dataset."""
    runs = (
        GateEvaluation.objects.filter(
            release__system=system,
            status=EvaluationStatus.COMPLETED,
            inputs__datasets__contains=[{"digest": dataset.digest}],
        )
        .select_related("release")
        .only("result", "inputs", "release__name")
        .order_by("-requested_at", "-id")[:RUNS_READ]
    )
    known: list[tuple[str, Any]] = []
    names = set()
    for run in runs:
        names |= {one["name"] for one in run.inputs["datasets"] if one["digest"] == dataset.digest}
        known.append((f"the run of {run.release.name}", run.result))
    return pairs_in(known, names)

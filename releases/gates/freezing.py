"""Freeze the inputs of an evaluation: which tables, baselines, numbers and facts it will look at."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from governance.registry.models import Channel, ComponentVersion
from governance.registry.queries import segments_in_force
from releases.bundles.completeness import ReleaseIncomplete, check_complete
from releases.bundles.content import content_of
from releases.bundles.models import Revision, Slot
from releases.bundles.queries import live_revision
from releases.gates.criteria.noninferiority import NoninferioritySpec
from releases.gates.criterion import Criterion
from releases.gates.inputs import (
    BandInput,
    ChannelInput,
    DatasetInput,
    FactsInput,
    Inputs,
    ProblemInput,
    ReferenceInput,
    TableInput,
    ThresholdInput,
)
from releases.gates.outcomes import ReasonCode
from releases.scores.models import ScoreTable
from releases.scores.queries import newest_table

TEST_ROLE = "test"
SET_UP_ROLES = ("validation", "calibration")
"""Datasets of these roles set the thresholds; their samples are flagged where they are tested on too."""


def freeze_inputs(
    revision: Revision, policy_digest: str, criteria: Sequence[Criterion], at: datetime
) -> Inputs:
    """The inputs of an evaluation of ``revision`` requested at ``at``."""
    slots = list(revision.slots.select_related("component", "channel"))
    channels = list(revision.channels.order_by("name"))
    live = {channel.id: live_revision(channel) for channel in channels}
    references = _references(channels, live, criteria)
    return Inputs(
        manifest_digest=revision.manifest_digest,
        stack_digest=revision.stack_digest,
        policy_digest=policy_digest,
        thresholds=thresholds_of(revision, slots),
        datasets=[
            _dataset(revision, dataset, slots, references, at) for dataset in _datasets(slots, [TEST_ROLE])
        ],
        references=references,
        channels=[_channel(channel) for channel in channels],
        channels_without_live=[_channel(channel) for channel in channels if live[channel.id] is None],
        set_up=_set_up(revision, slots, at),
        facts=_facts(revision, slots),
    )


def thresholds_of(revision: Revision, slots: Iterable[Slot]) -> ThresholdInput:
    """The revision's threshold policies as one set of bands; segments resolved to their predicates."""
    policies = sorted(
        (slot.component for slot in slots if slot.slot == "threshold_policy"), key=lambda one: one.digest
    )
    digests = [policy.digest for policy in policies]
    if not policies:
        return ThresholdInput(digests=[], problem="The release holds no threshold policy")
    shared = [
        {key: policy.attributes[key] for key in ("polarity", "at_threshold", "attempts_allowed")}
        for policy in policies
    ]
    if any(one != shared[0] for one in shared):
        return ThresholdInput(
            digests=digests, problem="The threshold policies differ in polarity, ties or attempts"
        )
    predicates = {one.key: one.predicate for one in segments_in_force(revision.release.system)}
    bands = [band for policy in policies for band in policy.attributes["bands"]]
    unknown = sorted({band["segment"] for band in bands if band.get("segment")} - predicates.keys())
    if unknown:
        return ThresholdInput(
            digests=digests, problem=f"A band is stated for the unknown segment {unknown[0]}"
        )
    return ThresholdInput(digests=digests, **shared[0], bands=[_band(band, predicates) for band in bands])


def _band(band: dict[str, Any], predicates: dict[str, Any]) -> BandInput:
    use_case = band.get("use_case")
    return BandInput(
        accept=band["accept"],
        retry=band.get("retry"),
        # The default band is for whatever has no band of its own, also for rows that name no use case.
        use_case=None if use_case == "default" else use_case,
        channel=band.get("channel"),
        segment=predicates[band["segment"]] if band.get("segment") else None,
    )


def _channel(channel: Channel) -> ChannelInput:
    return ChannelInput(id=str(channel.id), name=channel.name)


def _references(
    channels: Sequence[Channel], live: dict[Any, Revision | None], criteria: Sequence[Criterion]
) -> list[ReferenceInput]:
    """Every distinct revision to compare with, once, in the order of its id."""
    wanted = {revision.id: revision for revision in live.values() if revision is not None}
    pinned = [
        criterion.spec.baseline.pinned.revision
        for criterion in criteria
        if isinstance(criterion.spec, NoninferioritySpec) and criterion.spec.baseline.pinned is not None
    ]
    wanted |= {
        one.id: one for one in Revision.objects.filter(id__in=pinned).select_related("release__system")
    }
    return [
        _reference(wanted[key], [one for one in channels if (serving := live[one.id]) and serving.id == key])
        for key in sorted(wanted)
    ]


def _reference(revision: Revision, live_on: Sequence[Channel]) -> ReferenceInput:
    return ReferenceInput(
        revision=str(revision.id),
        release=str(revision.release_id),
        name=revision.release.name,
        number=revision.number,
        stack_digest=revision.stack_digest,
        thresholds=thresholds_of(revision, revision.slots.select_related("component")),
        live_on=[_channel(channel) for channel in live_on],
    )


def _datasets(slots: Iterable[Slot], roles: Sequence[str]) -> list[ComponentVersion]:
    """Datasets that the release uses in one of the roles and that were registered for it."""
    found = {
        slot.component.digest: slot.component
        for slot in slots
        if slot.slot == "dataset"
        and slot.component.attributes.get("role") in roles
        and (slot.role or slot.component.attributes.get("role")) in roles
    }
    return [found[digest] for digest in sorted(found)]


def _dataset(
    revision: Revision,
    dataset: ComponentVersion,
    slots: Iterable[Slot],
    references: Iterable[ReferenceInput],
    at: datetime,
) -> DatasetInput:
    system = revision.release.system
    candidate = newest_table(system, revision.stack_digest, dataset)
    return DatasetInput(
        id=str(dataset.id),
        name=str(dataset),
        digest=dataset.digest,
        candidate=_table(candidate, at),
        problem=None if candidate else _problem(dataset, slots),
        references={
            one.revision: _table(newest_table(system, one.stack_digest, dataset), at) for one in references
        },
    )


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


def _table(table: ScoreTable | None, at: datetime) -> TableInput | None:
    if table is None:
        return None
    return TableInput(
        id=str(table.id),
        file_digest=table.file_digest,
        canonical_digest=table.canonical_digest,
        stack_digest=table.stack_digest,
        polarity=table.polarity,
        rows=table.rows,
        age_days=(at - table.imported_at).total_seconds() / 86_400,
    )


def _set_up(revision: Revision, slots: Iterable[Slot], at: datetime) -> list[TableInput]:
    found = [
        _table(newest_table(revision.release.system, revision.stack_digest, dataset), at)
        for dataset in _datasets(slots, SET_UP_ROLES)
    ]
    return [table for table in found if table is not None]


def _facts(revision: Revision, slots: Sequence[Slot]) -> FactsInput:
    problems = []
    try:
        check_complete(content_of(revision))
    except ReleaseIncomplete as incomplete:
        problems = list(incomplete.field_errors)
    reports = [slot.component for slot in slots if slot.slot == "evaluation_report"]
    other = [report for report in reports if report.attributes["stack_digest"] != revision.stack_digest]
    datasets = _datasets(slots, [TEST_ROLE])
    return FactsInput(
        slots_missing=[
            problem.message for problem in problems if problem.field.startswith(("slots", "channels"))
        ],
        card_missing=[
            problem.field.removeprefix("card.") for problem in problems if problem.field.startswith("card.")
        ],
        plans_missing=[problem.message for problem in problems if problem.field.startswith("roll")],
        datasets_without_report=[str(one) for one in datasets if not any(_is_on(r, one) for r in reports)],
        reports_of_other_stacks=[str(one) for one in datasets if any(_is_on(r, one) for r in other)],
    )


def _is_on(report: ComponentVersion, dataset: ComponentVersion) -> bool:
    """Whether a report names the dataset, by any of the names a dataset goes by, or holds scores on it."""
    names = {str(dataset), dataset.name, dataset.version, dataset.digest, str(dataset.id)}
    return report.attributes["dataset"] in names or bool(
        ScoreTable.objects.filter(evaluation_report=report, dataset__digest=dataset.digest).exists()
    )

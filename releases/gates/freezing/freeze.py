"""Freeze the inputs of an evaluation: which tables, baselines, numbers and facts it will look at."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from governance.registry.models import Channel
from governance.registry.queries import segments_in_force
from releases.bundles.models import Revision, Slot
from releases.bundles.queries import live_revision
from releases.gates.attestations.queries import attested_inputs
from releases.gates.freezing.facts import facts_of
from releases.gates.freezing.protection import added_segments
from releases.gates.freezing.tables import dataset_inputs, set_up_inputs
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.inputs import BandInput, ChannelInput, Inputs, ReferenceInput, ThresholdInput


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
        datasets=dataset_inputs(revision, slots, references, at),
        references=references,
        channels=[_channel(channel) for channel in channels],
        channels_without_live=[_channel(channel) for channel in channels if live[channel.id] is None],
        set_up=set_up_inputs(revision, slots, at),
        facts=facts_of(revision, slots, criteria, at),
        added_segments=added_segments(revision, criteria),
        attestations=attested_inputs(revision, at),
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
    pinned = [release.revision for one in criteria if (release := one.spec.reference()) is not None]
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

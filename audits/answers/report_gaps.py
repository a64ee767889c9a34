"""Gaps that reported decisions leave: stamps that are no release's, and SDKs that are not of their release.

Told of what is assigned now, from its newest decisions of a day. In a fixed number of queries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from audits.answers.field_gaps import FieldGap
from audits.answers.gap_kinds import GapKind
from audits.trace.sdks import is_of_release
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel, ComponentVersion
from releases.bundles.models import Assignment, Revision, Slot
from releases.bundles.sealed import in_effect
from releases.monitoring.decisions.sdks import SdkCount, sdks_of

WITHIN = timedelta(days=1)
"""So long such a decision leaves a gap."""

MOST_NAMED = 3

Place = tuple[UUID, UUID]
"""Ids of a channel and of a revision that answers there."""


def gaps_of_reports(actor: Actor) -> Iterator[FieldGap]:
    """One of each channel, and one of each revision and channel, within the actor's reach."""
    now = timezone.now()
    places = _places(actor)
    channels = {channel for channel, _ in places}
    counts = sdks_of(channels, since=now - WITHIN, until=now) if channels else []
    others = _others([one for one in counts if (one.channel, one.revision) in places and one.sdk])
    strange = _by_channel(one for one in counts if one.revision is None)
    named = {channel for channel, _ in others} | strange.keys()
    if not named:
        return
    known = Channel.objects.select_related("system").in_bulk(named)
    revisions = Revision.objects.select_related("release__system").in_bulk({key for _, key in others})
    looked_at = {key: sum(one.decisions for one in counts if one.channel == key) for key in strange}
    for channel, found in strange.items():
        yield _unknown(known[channel], found, looked_at[channel])
    for (channel, revision), (own, bad, total) in others.items():
        yield _other_sdk(revisions[revision], known[channel], own, bad, total)


def _places(actor: Actor) -> set[Place]:
    """Where which revision answers somebody now."""
    rows = visible_to(Assignment.objects.filter(in_effect()), actor)
    found: set[Place] = set()
    for channel, *answering in rows.order_by().values_list("channel", "stable", "candidate", "control"):
        found.update((channel, revision) for revision in answering if revision is not None)
    return found


def _by_channel(counts: Iterable[SdkCount]) -> dict[UUID, list[SdkCount]]:
    found: dict[UUID, list[SdkCount]] = {}
    for one in counts:
        found.setdefault(one.channel, []).append(one)
    return found


def _others(
    counts: Sequence[SdkCount],
) -> dict[Place, tuple[ComponentVersion | None, list[SdkCount], int]]:
    """Where decisions ran another SDK: that of the release, those counts, and how many name any."""
    grouped: dict[Place, list[SdkCount]] = {}
    for one in counts:
        if one.revision is not None:
            grouped.setdefault((one.channel, one.revision), []).append(one)
    slots = _slots({revision for _, revision in grouped}) if grouped else {}
    found = {}
    for place, many in grouped.items():
        own = slots.get(place)
        bad = [one for one in many if not is_of_release(one.sdk, own)]
        if bad:
            found[place] = (own, bad, sum(one.decisions for one in many))
    return found


def _slots(revisions: set[UUID]) -> Mapping[Place, ComponentVersion]:
    """The SDK of each revision on each channel."""
    rows = Slot.objects.filter(revision__in=revisions, slot="sdk", channel__isnull=False)
    return {
        (row.channel_id, row.revision_id): row.component
        for row in rows.order_by().select_related("component")
        if row.channel_id is not None
    }


def _other_sdk(
    revision: Revision,
    channel: Channel,
    own: ComponentVersion | None,
    others: Sequence[SdkCount],
    looked_at: int,
) -> FieldGap:
    bad = sum(one.decisions for one in others)
    named = sorted(others, key=lambda one: -one.decisions)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    ran = ", ".join(one.sdk for one in named[:MOST_NAMED])
    due = f"the release's is {own}" if own else "the release names none"
    return FieldGap(
        kind=GapKind.SDK_NOT_OF_RELEASE,
        revision=revision,
        channels=(channel,),
        since=min(one.since for one in others),
        found=f"{bad:,} of the newest {looked_at:,} decisions ran {ran}{more}; {due}",
        key=f"{channel.pk}:{revision.pk}",
        decision=named[0].example,
    )


def _unknown(channel: Channel, found: Sequence[SdkCount], looked_at: int) -> FieldGap:
    bad = sum(one.decisions for one in found)
    carry = "carries" if bad == 1 else "carry"
    what = f"{carry} a stamp that no release of the system has"
    return FieldGap(
        kind=GapKind.UNKNOWN_STAMPS,
        revision=None,
        channels=(channel,),
        since=min(one.since for one in found),
        found=f"{bad:,} of the newest {looked_at:,} decisions {what}",
        key=str(channel.pk),
        decision=max(found, key=lambda one: one.decisions).example,
    )

"""Gaps that SDKs in users' hands leave: decisions that ran another one than their release was approved with.

Told of what is assigned now, from its newest decisions of a day. In a fixed number of queries.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from audits.answers.field_gaps import FieldGap
from audits.answers.gap_kinds import GapKind
from audits.trace.sdks import is_of_release
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel, ComponentVersion
from releases.bundles.models import Revision, Slot
from releases.bundles.queries import assignments_at
from releases.monitoring.decisions.sdks import SdkCount, sdks_of

WITHIN = timedelta(days=1)
"""So long a decision that ran another SDK leaves a gap."""

MOST_NAMED = 3


def gaps_of_sdks(actor: Actor) -> Iterable[FieldGap]:
    """One of each revision and channel within the actor's reach."""
    now = timezone.now()
    answering: dict[tuple[UUID, UUID], tuple[Revision, Channel]] = {}
    rows = assignments_at().select_related(
        "stable__release__system", "candidate__release__system", "control__release__system"
    )
    for row in visible_to(rows, actor):
        for revision in filter(None, (row.stable, row.candidate, row.control)):
            answering[row.channel_id, revision.pk] = (revision, row.channel)
    counts: dict[tuple[UUID, UUID], list[SdkCount]] = {}
    channels = {channel for channel, _ in answering}
    for one in sdks_of(channels, since=now - WITHIN, until=now) if channels else ():
        counts.setdefault((one.channel, one.revision), []).append(one)
    slots = _slots({revision for _, revision in counts})
    for (channel, key), found in counts.items():
        own = slots.get((channel, key))
        others = [one for one in found if not is_of_release(one.sdk, own)]
        if others and (channel, key) in answering:
            yield _gap(*answering[channel, key], own, others, sum(one.decisions for one in found))


def _slots(revisions: set[UUID]) -> Mapping[tuple[UUID, UUID], ComponentVersion]:
    """The SDK of each revision on each channel."""
    rows = Slot.objects.filter(revision__in=revisions, slot="sdk", channel__isnull=False)
    return {
        (row.channel_id, row.revision_id): row.component
        for row in rows.select_related("component")
        if row.channel_id is not None
    }


def _gap(
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

"""The verb of the decision service: report decisions, one or many at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor, moment
from governance.identifiers import new_id
from governance.ledger.canonical import format_time, is_digest
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.monitoring.decisions.models import DecisionBatch, digest_of_lines
from releases.monitoring.decisions.rows import NewDecision
from releases.monitoring.decisions.storing import claim, store
from releases.rollouts.steps import lock_channels


@verb("decisions.reported")
def report_decisions(
    actor: Actor, *, decisions: Sequence[NewDecision]
) -> DecisionBatch | Unchanged[DecisionBatch]:
    """Store decisions with one entry per channel; those whose ids are stored already are passed over.

    Answers one of the batches, all of which carry the same ``report``. Days that are not there yet are made
    before (:func:`releases.monitoring.decisions.storing.make_days`). The rows go in before the channels are
    locked, so that a long report never keeps a rollback waiting.
    """
    channels = _require_on_channels(actor, decisions)
    report = new_id()
    free = claim(decisions)
    if not free:
        return Unchanged(DecisionBatch(report=report, decisions_count=0))
    kept = sorted((one for one in decisions if one.id in free), key=attrgetter("id"))
    batches = {channel: new_id() for channel in {one.channel for one in kept}}
    revisions = _revisions(kept, channels)
    store(kept, batches, revisions, format_time(moment()))
    made = []
    for channel in lock_channels(UUID(one) for one in batches):
        key = str(channel.id)
        its = [one for one in kept if one.channel == key]
        unknown = sum((key, one.stamp) not in revisions for one in its)
        made.append(_batch(actor, channel, its, batch_id=batches[key], report=report, unknown_stamps=unknown))
    return made[0]


def _require_on_channels(actor: Actor, decisions: Iterable[NewDecision]) -> dict[UUID, Channel]:
    """The channels of the decisions, on each of which the permission is asked."""
    rows = Channel.objects.select_related("system").filter(id__in={one.channel for one in decisions})
    channels = {row.id: row for row in rows}
    for channel in channels.values() or [INSTALLATION]:
        require(actor, Permission.REPORT_DECISIONS, channel)
    return channels


def _revisions(
    decisions: Iterable[NewDecision], channels: dict[UUID, Channel]
) -> dict[tuple[str, str], UUID]:
    """Which revision of the channel's system a stamp names, by channel and stamp."""
    stamps = {one.stamp for one in decisions}
    systems = {channel.system_id for channel in channels.values()}
    rows = Revision.objects.filter(
        release__system__in=systems, manifest_digest__in=[stamp for stamp in stamps if is_digest(stamp)]
    )
    found = rows.order_by("number").values_list("release__system_id", "manifest_digest", "id")
    named = {(system, stamp): revision for system, stamp, revision in found}
    return {
        (str(channel.id), stamp): named[(channel.system_id, stamp)]
        for channel in channels.values()
        for stamp in stamps
        if (channel.system_id, stamp) in named
    }


def _batch(
    actor: Actor,
    channel: Channel,
    decisions: Sequence[NewDecision],
    *,
    batch_id: UUID,
    report: UUID,
    unknown_stamps: int,
) -> DecisionBatch:
    """The batch of a channel with its entry, which holds the digest of all its lines."""
    times = {one.at for one in decisions}
    batch = DecisionBatch(
        id=batch_id,
        report=report,
        channel=channel,
        received_at=moment(),
        reported_by_username=actor.username,
        decisions_count=len(decisions),
        first_at=datetime.fromisoformat(min(times)),
        last_at=datetime.fromisoformat(max(times)),
        unknown_stamps=unknown_stamps,
        digest=digest_of_lines([one.line for one in decisions]),
    )
    batch.entry = record(
        channel.stream(),
        after={
            "batch": batch.id,
            "report": report,
            "decisions": batch.decisions_count,
            "first_at": batch.first_at,
            "last_at": batch.last_at,
            "unknown_stamps": batch.unknown_stamps,
        },
        refs={"decisions": batch.digest},
    )
    batch.save(force_insert=True)
    return batch

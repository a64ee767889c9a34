"""The verb of the decision service: report decisions, one or many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor, moment
from governance.identifiers import new_id
from governance.ledger.canonical import is_digest
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.monitoring.decisions.models import Decision, DecisionBatch, digest_of_lines
from releases.rollouts.steps import lock_channels

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class NewDecision:
    """A decision to store: a row without its batch, and the canonical line that the batch's digest covers."""

    row: Decision
    line: bytes


@verb("decisions.reported")
def report_decisions(
    actor: Actor, *, decisions: Sequence[NewDecision]
) -> DecisionBatch | Unchanged[DecisionBatch]:
    """Store decisions with one entry per channel; those whose ids are stored already are passed over.

    Answers one of the batches, all of which carry the same ``report``. The rows go in before the channels
    are locked, so that a long report never keeps a rollback waiting, and in the order of their ids, so that
    two reports of the same decisions do not wait for one another in a circle.
    """
    channels = _require_on_channels(actor, decisions)
    report = new_id()
    batches = {channel_id: new_id() for channel_id in channels}
    ordered = sorted(decisions, key=lambda one: one.row.id)
    _insert(ordered, batches, _revisions(ordered, channels))
    stored = set(Decision.objects.filter(batch__in=batches.values()).values_list("id", flat=True))
    kept = [one for one in ordered if one.row.id in stored]
    if not kept:
        return Unchanged(DecisionBatch(report=report, decisions_count=0))
    touched = {one.row.channel_id for one in kept}
    made = [
        _batch(actor, channel, batches[channel.id], report, [one for one in kept if _is_on(one, channel)])
        for channel in lock_channels(touched)
    ]
    return made[0]


def _require_on_channels(actor: Actor, decisions: Sequence[NewDecision]) -> dict[UUID, Channel]:
    """The channels of the decisions, on each of which the permission is asked."""
    channels = {one.row.channel_id: one.row.channel for one in decisions}
    for channel in channels.values() or [INSTALLATION]:
        require(actor, Permission.REPORT_DECISIONS, channel)
    return channels


def _is_on(one: NewDecision, channel: Channel) -> bool:
    return one.row.channel_id == channel.id


def _revisions(
    decisions: Iterable[NewDecision], channels: dict[UUID, Channel]
) -> dict[tuple[UUID, str], UUID]:
    """Which revision of which system a stamp names."""
    stamps = {one.row.stamp for one in decisions if is_digest(one.row.stamp)}
    systems = {channel.system_id for channel in channels.values()}
    rows = Revision.objects.filter(release__system__in=systems, manifest_digest__in=stamps)
    found = rows.order_by("number").values_list("release__system_id", "manifest_digest", "id")
    return {(system, stamp): revision for system, stamp, revision in found}


def _insert(
    decisions: Iterable[NewDecision],
    batches: dict[UUID, UUID],
    revisions: dict[tuple[UUID, str], UUID],
) -> None:
    rows = []
    for one in decisions:
        row = one.row
        row.batch_id = batches[row.channel_id]
        row.received_at = moment()
        row.revision_id = revisions.get((row.channel.system_id, row.stamp))
        rows.append(row)
    Decision.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


def _batch(
    actor: Actor, channel: Channel, batch_id: UUID, report: UUID, decisions: Sequence[NewDecision]
) -> DecisionBatch:
    """The batch of a channel with its entry, which holds the digest of all its lines."""
    times = [one.row.at for one in decisions]
    batch = DecisionBatch(
        id=batch_id,
        report=report,
        channel=channel,
        received_at=moment(),
        reported_by_username=actor.username,
        decisions_count=len(decisions),
        first_at=min(times),
        last_at=max(times),
        unknown_stamps=sum(one.row.revision_id is None for one in decisions),
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

"""The verb that stores ready-made windows: governed batches, rows written once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor, moment
from governance.identifiers import new_id
from governance.ledger.canonical import digest_of
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel
from releases.monitoring.windows.models import Observation, ObservationBatch
from releases.monitoring.windows.observed_lines import ObservedLine
from releases.monitoring.windows.stretches import Stretch
from releases.rollouts.steps import lock_channels


@dataclass(frozen=True)
class NewObservation:
    """A window to store, under the stretch that was in force, of the revision that was due."""

    line: ObservedLine
    channel: Channel
    stretch: Stretch
    revision: UUID
    digest: str


@verb("observations.reported")
def report_observations(
    actor: Actor, *, observations: Sequence[NewObservation]
) -> ObservationBatch | Unchanged[ObservationBatch]:
    """Store windows with one entry per channel; those that are stored already are passed over.

    Answers one of the batches, all of which carry the same ``report``.
    """
    _require_on_channels(actor, observations)
    report = new_id()
    batches = {one.channel.id: new_id() for one in observations}
    channels = lock_channels(batches)
    rows = [_row(one, batches[one.channel.id]) for one in observations]
    Observation.objects.bulk_create(rows, ignore_conflicts=True)
    made = [
        _batch(actor, channel, batches[channel.id], report)
        for channel in channels
        if Observation.objects.filter(batch=batches[channel.id]).exists()
    ]
    return made[0] if made else Unchanged(ObservationBatch(report=report, observations_count=0))


def _require_on_channels(actor: Actor, observations: Iterable[NewObservation]) -> None:
    channels = {one.channel.id: one.channel for one in observations}
    for channel in channels.values() or [INSTALLATION]:
        require(actor, Permission.REPORT_DECISIONS, channel)


def _row(one: NewObservation, batch: UUID) -> Observation:
    body = one.line.body
    return Observation(
        batch_id=batch,
        channel=one.channel,
        release_id=body.release,
        revision_id=one.revision,
        deployment_id=one.stretch.deployment,
        stage_began_at=one.stretch.began_at,
        arm=body.arm,
        segment=body.segment,
        metric=body.metric,
        starts_at=body.window[0],
        ends_at=body.window[1],
        n=body.n,
        events=body.events,
        sketch=one.line.sketch,
        received_at=moment(),
        line_digest=one.digest,
    )


def _batch(actor: Actor, channel: Channel, batch_id: UUID, report: UUID) -> ObservationBatch:
    """The batch of a channel with its entry, which holds the digest of its rows' digests."""
    rows = Observation.objects.filter(batch=batch_id).order_by("id")
    digests = list(rows.values_list("line_digest", flat=True))
    batch = ObservationBatch(
        id=batch_id,
        report=report,
        channel=channel,
        received_at=moment(),
        reported_by_username=actor.username,
        observations_count=len(digests),
        digest=digest_of(digests),
    )
    batch.entry = record(
        channel.stream(),
        after={"batch": batch.id, "report": report, "observations": batch.observations_count},
        refs={"observations": batch.digest},
    )
    batch.save(force_insert=True)
    return batch

"""What serves a channel, as a step for the verbs that start, adopt and roll back."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from psycopg.types.range import TimestamptzRange

from governance.actors import moment
from governance.ledger.verbs import record
from governance.registry.models import Channel
from releases.bundles.models import Assignment, Revision

TICK = timedelta(microseconds=1)


def assign(
    channel: Channel,
    *,
    stable: Revision,
    deployment: Model | None,
    reason: str,
    event: str = "assignment.changed",
    stage: str = "general",
) -> Assignment:
    """Let ``stable`` answer on ``channel`` from now on; what answered before ends at the same moment.

    Locks the channel and records the change in the channel's stream, so the calling verb's own entry is
    recorded before. ``deployment`` is the one by which the revision goes live, if there is one.
    """
    channel = Channel.objects.select_for_update(no_key=True).get(id=channel.id)
    before = _open_assignment(channel)
    starts_at = _start(before)
    after = {**_document(stable, stage), "deployment": deployment.pk if deployment else None}
    entry = record(
        channel.stream(),
        event=event,
        before=_document(before.stable, before.stage) if before else None,
        after={**after, "from": starts_at},
        reason=reason,
        refs={"manifest": stable.manifest_digest} if stable.manifest_digest else {},
    )
    if before is not None:
        before.period = TimestamptzRange(before.period.lower, starts_at)
        before.save(update_fields=["period"])
    return Assignment.objects.create(
        channel=channel,
        period=TimestamptzRange(starts_at, None),
        stable=stable,
        deployment_id=deployment.pk if deployment else None,
        stage=stage,
        entry=entry,
    )


def _open_assignment(channel: Channel) -> Assignment | None:
    rows = Assignment.objects.select_related("stable__release")
    return rows.filter(channel=channel, period__upper_inf=True).first()


def _start(before: Assignment | None) -> datetime:
    """Now; but never so that the period before would be empty, which would hide that it ever answered."""
    if before is None:
        return moment()
    lower: datetime = before.period.lower
    return max(moment(), lower + TICK)


def _document(revision: Revision, stage: str) -> dict[str, Any]:
    return {
        "release": revision.release_id,
        "name": revision.release.name,
        "revision": revision.id,
        "number": revision.number,
        "manifest_digest": revision.manifest_digest or None,
        "stage": stage,
    }

"""What serves a channel, as a step for the verbs that move rollouts, adopt and roll back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from psycopg.types.range import TimestamptzRange

from governance.actors import moment
from governance.ledger.verbs import record
from governance.registry.models import Channel
from releases.bundles.models import Assignment, Revision
from releases.bundles.sealed import check_nothing_waits

TICK = timedelta(microseconds=1)
SIDES = ("stable", "candidate", "control")
NOT_NAMED = tuple(f"{side}__{name}" for side in SIDES for name in ("card", "rollout_plan", "rollback_plan"))
"""What an entry does not say of a revision."""


@dataclass(frozen=True)
class Exposure:
    """Who gets a candidate: its stage by kind and number, the size of both arms, or single keys."""

    candidate: Revision
    stage: str
    stage_number: int
    salt: str
    treatment_share: float = 0.0
    control_share: float = 0.0
    internal_keys: tuple[str, ...] = ()
    paused: bool = False


@dataclass(frozen=True)
class Kept:
    """What was live before, left to a small share of the subjects as a control."""

    control: Revision
    share: float
    salt: str


def assign(
    channel: Channel,
    *,
    stable: Revision,
    deployment: Model | None,
    reason: str,
    event: str = "assignment.changed",
    stage: str = "general",
    stage_number: int = 1,
    exposure: Exposure | None = None,
    kept: Kept | None = None,
    at_once: bool = False,
) -> Assignment:
    """Let ``stable`` answer on ``channel`` from now on, beside a candidate where ``exposure`` says so. With
    ``kept`` a small share of the subjects keeps what was live before.

    Locks the channel, ends what answered before at that moment, and records it in the channel's stream after
    the verb's own entry. ``deployment`` is the candidate's, else the one by which ``stable`` went live. On a
    system that logs before it acts it waits for its entry to be signed, unless it is to serve ``at_once``; it
    raises PendingSeal while another one waits.
    """
    channel = _locked(channel)
    before = _open_assignment(channel)
    key, starts_at = _key(deployment), _start(before)
    waits = _waits(channel, at_once=at_once)
    values = _values(exposure, stage, stage_number, kept) | waits
    after = {"deployment": key, "from": starts_at, **waits}
    entry = record(
        channel.stream(),
        event=event,
        before=_before(before),
        after=_document(stable, exposure, values["stage"], kept) | after,
        reason=reason,
        refs=_manifests(stable, exposure),
    )
    _end(before, starts_at)
    period = TimestamptzRange(starts_at, None)
    return Assignment.objects.create(
        channel=channel, period=period, stable=stable, deployment_id=key, entry=entry, **values
    )


def _waits(channel: Channel, *, at_once: bool) -> dict[str, bool]:
    if at_once or not channel.system.log_before_act:
        return {}
    check_nothing_waits(channel.id)
    return {"waits_for_seal": True}


def _locked(channel: Channel) -> Channel:
    rows = Channel.objects.select_for_update(no_key=True, of=("self",)).select_related("system")
    return rows.get(id=channel.id)


def _end(before: Assignment | None, at: datetime) -> None:
    if before is not None:
        before.period = TimestamptzRange(before.period.lower, at)
        before.save(update_fields=["period"])


def _manifests(stable: Revision, exposure: Exposure | None) -> dict[str, str]:
    manifests = {"manifest": stable.manifest_digest} if stable.manifest_digest else {}
    if exposure is not None:
        manifests["candidate"] = exposure.candidate.manifest_digest
    return manifests


def _key(deployment: Model | None) -> Any:
    return deployment.pk if deployment else None


def _values(exposure: Exposure | None, stage: str, stage_number: int, kept: Kept | None) -> dict[str, Any]:
    if exposure is None:
        values: dict[str, Any] = {"stage": stage, "stage_number": stage_number}
        if kept is not None:
            values |= {"control": kept.control, "control_share": kept.share, "salt": kept.salt}
        return values
    return {
        "candidate": exposure.candidate,
        "stage": exposure.stage,
        "stage_number": exposure.stage_number,
        "salt": exposure.salt,
        "treatment_share": exposure.treatment_share,
        "control_share": exposure.control_share,
        "internal_keys": list(exposure.internal_keys),
        "paused": exposure.paused,
    }


def _open_assignment(channel: Channel) -> Assignment | None:
    rows = Assignment.objects.select_related("stable__release", "candidate__release", "control__release")
    open_now = rows.filter(channel=channel, period__upper_inf=True).defer(*NOT_NAMED)
    return next(iter(open_now.order_by()[:1]), None)


def _start(before: Assignment | None) -> datetime:
    """Now; but never so that the period before would be empty, which would hide that it ever answered."""
    if before is None:
        return moment()
    lower: datetime = before.period.lower
    return max(moment(), lower + TICK)


def _before(before: Assignment | None) -> dict[str, Any] | None:
    if before is None:
        return None
    exposure = kept = None
    if before.control is not None:
        kept = Kept(before.control, before.control_share, before.salt)
    if before.candidate is not None:
        exposure = Exposure(
            before.candidate,
            before.stage,
            before.stage_number,
            before.salt,
            before.treatment_share,
            before.control_share,
            tuple(before.internal_keys),
            before.is_pause,
        )
    return _document(before.stable, exposure, before.stage, kept)


def _document(revision: Revision, exposure: Exposure | None, stage: str, kept: Kept | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "release": revision.release_id,
        "name": revision.release.name,
        "revision": revision.id,
        "number": revision.number,
        "manifest_digest": revision.manifest_digest or None,
        "stage": stage,
    }
    if kept is not None:
        document |= {"control": _named(kept.control), "control_share": kept.share, "salt": kept.salt}
    if exposure is None:
        return document
    return {
        **document,
        "candidate": _named(exposure.candidate),
        "stage_number": exposure.stage_number,
        "treatment_share": exposure.treatment_share,
        "control_share": exposure.control_share,
        "internal_keys": len(exposure.internal_keys),
        "salt": exposure.salt,
        "paused": exposure.paused,
    }


def _named(revision: Revision) -> dict[str, Any]:
    return {
        "release": revision.release_id,
        "name": revision.release.name,
        "revision": revision.id,
        "number": revision.number,
        "manifest_digest": revision.manifest_digest,
    }

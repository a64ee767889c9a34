"""Verbs on a rollback that is watched until every instance of the decision service follows it.

What instances report is read above; it is handed down as what is missing.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.ledger.verbs import Unchanged, record, touching, verb
from releases.bundles.steps import lock_release
from releases.rollouts.models import Landing, Rollback
from releases.rollouts.recipients import tell_of_landing

ESCALATED_AFTER = timedelta(minutes=2)
"""Instances report every minute: after two, one that follows has been heard."""

GONE_AFTER = timedelta(minutes=3)
"""Three reports long: an instance that was silent for so long may not be there any more."""

WATCHED_AFTERWARDS = timedelta(days=7)


def watched_rollbacks() -> list[Rollback]:
    """Rollbacks that not every instance is seen to follow, the oldest first: one that was escalated for a
    week more."""
    lately = Q(landing=Landing.ESCALATED, escalated_at__gte=timezone.now() - WATCHED_AFTERWARDS)
    rows = Rollback.objects.filter(Q(landing=Landing.PENDING) | lately)
    if not rows.exists():
        return []  # as it is nearly always, and the joins take their time
    return list(
        rows.select_related(
            "deployment__channel__system",
            "deployment__revision__release__system",
            "deployment__release__system",
            "target__release",
        ).order_by("rolled_back_at")
    )


def _locked(rollback: Rollback) -> Rollback:
    touching(rollback.stream())
    lock_release(rollback.release_id)
    return Rollback.objects.select_related(
        "deployment__channel", "deployment__revision__release__system", "target__release"
    ).get(id=rollback.id)


@verb("rollback.landed")
def confirm_landing(
    actor: Actor, *, rollback: Rollback, instances: Sequence[str], gone: Sequence[str] = ()
) -> Rollback | Unchanged[Rollback]:
    """Record that each of ``instances``, which are all that report there, follows the rollback; ``gone`` are
    those that reported before and have fallen silent."""
    require(actor, Permission.WATCH_ROLLOUT, rollback.deployment.channel)
    rollback = _locked(rollback)
    if rollback.landing not in {Landing.PENDING, Landing.ESCALATED}:
        return Unchanged(rollback)
    before = rollback.landing
    rollback.landing, rollback.landed_at, rollback.missing = Landing.LANDED, moment(), ""
    rollback.save()
    record(
        rollback.stream(),
        before={"landing": before},
        after={
            **_document(rollback),
            "seconds": round((moment() - rollback.rolled_back_at).total_seconds(), 3),
            "instances": sorted(instances),
            **({"gone": sorted(gone)} if gone else {}),
        },
        refs={"manifest": rollback.target.manifest_digest},
    )
    return rollback


@verb("rollback.escalated")
def escalate_rollback(actor: Actor, *, rollback: Rollback, missing: str) -> Rollback | Unchanged[Rollback]:
    """Say that not every instance followed in time, and tell those who can act; once per rollback."""
    require(actor, Permission.WATCH_ROLLOUT, rollback.deployment.channel)
    rollback = _locked(rollback)
    if rollback.landing != Landing.PENDING or moment() < rollback.rolled_back_at + ESCALATED_AFTER:
        return Unchanged(rollback)
    rollback.landing, rollback.escalated_at, rollback.missing = Landing.ESCALATED, moment(), missing
    rollback.save()
    record(
        rollback.stream(),
        before={"landing": Landing.PENDING},
        after={**_document(rollback), "missing": missing},
        refs={"manifest": rollback.target.manifest_digest},
    )
    tell_of_landing(rollback)
    return rollback


def _document(rollback: Rollback) -> dict[str, object]:
    return {
        "rollback": rollback.id,
        "deployment": rollback.deployment_id,
        "channel": rollback.deployment.channel_id,
        "landing": rollback.landing,
    }

"""Gaps of a whole system in which something is live: no gate policy in force, and drills that nobody ran.

In a fixed number of queries.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from audits.answers.gap import Gap
from audits.answers.gap_kinds import GapKind
from audits.answers.policies import Policies
from audits.answers.probing import There
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel, System
from releases.rollouts.models import Deployment, Drill, DrillState

DRILL_DAYS = 180.0
"""So many days ago a system with a drill channel ought to have rehearsed, where its policy says nothing."""


def gaps_of_systems(actor: Actor, live: Sequence[Deployment], policies: Policies, there: There) -> list[Gap]:
    """All of them; ``live`` is what is live within the actor's reach."""
    since: dict[UUID, datetime] = {}
    systems: dict[UUID, System] = {}
    for row in live:
        key = row.channel.system_id
        systems[key] = row.channel.system
        since[key] = min(row.state_changed_at, since.get(key, row.state_changed_at))
    if not systems:
        return []
    without = [systems[key] for key in systems if key not in policies.criteria]
    unlocked = [_unlocked(system, since[system.pk]) for system in without]
    asks = there.drill_channels or any(policies.drill_days(key) is not None for key in systems)
    return [*unlocked, *(_drills(actor, systems, since, policies) if asks else ())]


def _unlocked(system: System, since: datetime) -> Gap:
    found = "no gate policy is in force, and releases are live"
    return Gap(GapKind.POLICY_NOT_LOCKED, None, (), since, found, of_system=system)


def _drills(
    actor: Actor, systems: dict[UUID, System], since: dict[UUID, datetime], policies: Policies
) -> Iterator[Gap]:
    """Whoever rehearses, or whose policy asks for it, does so in time; a drill that failed does not count."""
    rows = visible_to(Channel.objects.filter(system__in=systems, drill=True), actor)
    channels: dict[UUID, list[Channel]] = {}
    for channel in rows.select_related("system").order_by("name"):
        channels.setdefault(channel.system_id, []).append(channel)
    asked = {key: policies.drill_days(key) for key in systems}
    wanted = [key for key in systems if key in channels or asked[key] is not None]
    if not wanted:
        return
    done = Drill.objects.filter(channel__system__in=wanted, state=DrillState.COMPLETED)
    latest = dict(done.order_by().values_list("channel__system").annotate(Max("ended_at")))
    now = timezone.now()
    for key in wanted:
        days = asked[key] or DRILL_DAYS
        last = latest.get(key)
        due = (last or since[key]) + timedelta(days=days)
        # What a policy asks for and never took place is missing from the start.
        if due <= now or (last is None and asked[key] is not None):
            text = _undrilled(last, days, by_policy=asked[key] is not None)
            at = due if last is not None else since[key]
            yield Gap(
                GapKind.DRILL_OVERDUE,
                None,
                tuple(channels.get(key, ())),
                at,
                text,
                of_system=systems[key],
            )


def _undrilled(last: datetime | None, days: float, *, by_policy: bool) -> str:
    had = f"the last drill ended on {last:%-d %B %Y}" if last else "no drill of a rollback is on record"
    asks = "the gate policy asks for one" if by_policy else "one is due"
    return f"{had}; {asks} every {days:g} days"

"""Gaps of what nothing would take back by itself: a trigger that fires on what is live and cannot act, what
monitoring cannot look at, and what was reported and is not counted.

In a fixed number of queries.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from audits.answers.field_gaps import FieldGap
from audits.answers.gap_kinds import GapKind
from audits.answers.probing import There
from governance.access.queries import visible_to
from governance.actors import Actor
from releases.bundles.triggers import measured_triggers
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import listed_triggers, override_of, shown_sentence
from releases.monitoring.triggers.vocabulary import Action, Mode
from releases.monitoring.windows.queries import uncounted
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.readings import ERRORS_BEFORE_HOLD
from releases.rollouts.stages import ON_ITS_WAY

LONGEST_FOUND = 300


def gaps_of_watching(actor: Actor, there: There) -> list[FieldGap]:
    """All of them within the actor's reach; ``there`` says what may be looked for in vain."""
    firing = _firing(actor) if there.firing else ()
    unread = _not_looked_at(actor) if there.unread else ()
    return [*firing, *unread, *(_not_counted(actor) if there.uncounted else ())]


def _firing(actor: Actor) -> Iterable[FieldGap]:
    """One for what is live on a channel, with all that fires there and that nobody overrode."""
    now = timezone.now()
    rows = listed_triggers().filter(
        deployment__state=DeploymentState.LIVE, action__in=[Action.ROLLBACK, Action.HOLD]
    )
    found: dict[Deployment, list[TriggerStatus]] = {}
    for row in visible_to(rows, actor).order_by("since", "key", "segment"):
        if _is_enforced(row) and not override_of(row, now):
            found.setdefault(row.deployment, []).append(row)
    for deployment, firing in found.items():
        said = "; ".join(f"{row}: {shown_sentence(row).rstrip('.')}" for row in firing)
        yield _gap(GapKind.FIRING_UNANSWERED, deployment, firing[0].fired_at or firing[0].since, said)


def _is_enforced(row: TriggerStatus) -> bool:
    """Whether its plan enforces it; one whose plan cannot be read is taken to be."""
    try:
        specs = measured_triggers(row.deployment.revision.rollback_plan)
        return any(one.key == row.key and Mode(one.mode) is Mode.ENFORCE for one in specs)
    except ValueError:
        return True


def _not_looked_at(actor: Actor) -> Iterable[FieldGap]:
    rows = visible_to(
        Deployment.objects.filter(
            state__in=[*ON_ITS_WAY, DeploymentState.LIVE], reading__errors__gte=ERRORS_BEFORE_HOLD
        ),
        actor,
    )
    for row in rows.select_related("channel", "revision__release__system", "reading").order_by("id"):
        reading: StageReading = row.reading
        said = f"{reading.errors:,} looks in a row failed ({reading.error.partition(':')[0]})"
        yield _gap(GapKind.NOT_WATCHED, row, reading.read_at, said)


def _not_counted(actor: Actor) -> Iterable[FieldGap]:
    """One of each channel, with what is on its way there, or else what is live."""
    waiting = {one.channel.pk: one for one in uncounted(timezone.now()) if one.is_left}
    if not waiting:
        return
    rows = Deployment.objects.filter(
        state__in=[*ON_ITS_WAY, DeploymentState.LIVE], channel__in=waiting
    ).select_related("channel", "revision__release__system")
    found = sorted(visible_to(rows, actor).order_by("id"), key=lambda row: row.state in ON_ITS_WAY)
    for channel, row in {row.channel_id: row for row in found}.items():
        one = waiting[channel]
        tried = f"every try fails ({one.problem})" if one.problem else "no round gets to them"
        said = f"reports have waited since {one.since:%-d %b, %H:%M} UTC to be counted; {tried}"
        yield _gap(GapKind.NOT_COUNTED, row, one.since, said)


def _gap(kind: GapKind, row: Deployment, since: datetime, said: str) -> FieldGap:
    return FieldGap(
        kind=kind,
        revision=row.revision,
        channels=(row.channel,),
        since=since,
        found=said[:LONGEST_FOUND],
        owner=str(row.revision.rollback_plan.get("owner", "")),
        about=row,
        key=str(row.pk),
    )

"""Gaps that the time after a launch leaves: what nobody reported, did or reviewed; replays that differ.

In a fixed number of queries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min, Sum
from django.utils import timezone

from audits.answers.gap_kinds import GapKind
from audits.answers.probing import WITHIN, There
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Assignment, Revision
from releases.bundles.sealed import in_effect
from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_overdue, serving
from releases.monitoring.incidents.models import Incident
from releases.monitoring.incidents.queries import open_reports, overdue_follow_ups
from releases.monitoring.replaying.models import ReplayWindow
from releases.monitoring.replaying.sampling import first_of
from releases.rollouts.models import Deployment


@dataclass(frozen=True)
class FieldGap:
    """One gap; ``about`` is the incident, review or rollout that it is about, none for replays. ``decision``
    is one of those that it is about, where it is about decisions. Without a revision it is about the
    channels, which come with their system then."""

    kind: GapKind
    revision: Revision | None
    channels: tuple[Channel, ...]
    since: datetime
    found: str
    owner: str = ""
    about: Incident | DriftReview | Deployment | None = None
    key: str = ""
    decision: UUID | None = None


def gaps_of_the_field(actor: Actor, there: There) -> list[FieldGap]:
    """All of them within the actor's reach; ``there`` says what may be looked for in vain."""
    now = timezone.now()
    return [
        *(_incidents(actor, now, there) if there.reports or there.follow_ups else ()),
        *(_reviews(actor, now) if there.reviews else ()),
        *(_replays(actor, now) if there.differing else ()),
        *(_given_up(actor, now) if there.given_up else ()),
    ]


def _incidents(actor: Actor, now: datetime, there: There) -> Iterable[FieldGap]:
    """Of an incident that no release is known to have decided the gap stands with what may have."""
    late = list(visible_to(open_reports(now), actor)) if there.reports else []
    todos = list(visible_to(overdue_follow_ups(now), actor)) if there.follow_ups else []
    revisions = _revisions([*late, *(one.incident for one in todos)])
    for one in late:
        if one.pk in revisions:
            found = f"{_what(one)}, report due {one.report_due_at:%-d %b %Y}"
            yield FieldGap(
                GapKind.INCIDENT_REPORT_OVERDUE,
                revisions[one.pk],
                (one.channel,),
                one.report_due_at,
                found,
                one.reported_by_username,
                one,
                str(one.pk),
            )
    for todo in todos:
        if todo.incident_id in revisions:
            yield FieldGap(
                GapKind.FOLLOW_UP_OVERDUE,
                revisions[todo.incident_id],
                (todo.incident.channel,),
                todo.due_at,
                f"{todo.text[:200]} (due {todo.due_at:%-d %b %Y})",
                todo.owner_username,
                todo.incident,
                str(todo.pk),
            )


def _what(incident: Incident) -> str:
    return f"{incident.get_kind_display().lower()}, {incident.get_status_display().lower()}"


def _revisions(incidents: list[Incident]) -> dict[UUID, Revision]:
    """By incident, the revision that decided, else one that may have, else what answers there now."""
    wanted: dict[UUID, UUID] = {}
    bare: dict[UUID, UUID] = {}
    for one in incidents:
        if one.revision_id is not None:
            wanted[one.pk] = one.revision_id
        elif one.possible:
            wanted[one.pk] = UUID(one.possible[0])
        else:
            bare[one.pk] = one.channel_id
    if bare:
        rows = Assignment.objects.filter(in_effect(), channel__in=bare.values())
        live = dict(rows.values_list("channel", "stable"))
        wanted |= {key: live[channel] for key, channel in bare.items() if channel in live}
    if not wanted:
        return {}
    found = Revision.objects.select_related("release__system").in_bulk(set(wanted.values()))
    return {key: found[revision] for key, revision in wanted.items() if revision in found}


def _reviews(actor: Actor, now: datetime) -> Iterable[FieldGap]:
    """The first overdue review of each revision: those after it cannot be done before it."""
    rows: dict[UUID, DriftReview] = {}
    for one in visible_to(reviews_overdue(now), actor):
        rows.setdefault(one.revision_id, one)
    if not rows:
        return
    live: dict[UUID, list[Channel]] = {}
    deployments = visible_to(serving().filter(revision__in=rows), actor).select_related("channel")
    for row in deployments.order_by("channel__name"):
        live.setdefault(row.revision_id, []).append(row.channel)
    for key, one in rows.items():
        if key in live:
            found = f"review {one.number} was due on {one.due_at:%-d %B %Y}"
            yield FieldGap(
                GapKind.DRIFT_REVIEW_OVERDUE,
                one.revision,
                tuple(live[key]),
                one.due_at,
                found,
                "",
                one,
                str(one.pk),
            )


def _replays(actor: Actor, now: datetime) -> Iterable[FieldGap]:
    rows = ReplayWindow.objects.filter(starts_at__gte=now - WITHIN, mismatched__gt=0, revision__isnull=False)
    sums = (
        visible_to(rows, actor)
        .order_by()
        .values("revision", "channel")
        .annotate(bad=Sum("mismatched"), since=Min("starts_at"))
    )
    found: dict[UUID, list[dict[str, object]]] = {}
    for one in sums:
        found.setdefault(one["revision"], []).append(one)
    if not found:
        return
    revisions = Revision.objects.select_related("release__system").in_bulk(list(found))
    channels = Channel.objects.in_bulk([one["channel"] for many in found.values() for one in many])
    for key, many in found.items():
        yield _differing(revisions[key], many, channels)


def _differing(revision: Revision, many: list[dict[str, object]], channels: dict[UUID, Channel]) -> FieldGap:
    bad = sum(int(str(one["bad"])) for one in many)
    named = sorted((channels[UUID(str(one["channel"]))] for one in many), key=lambda one: one.name)
    since = min(one["since"] for one in many if isinstance(one["since"], datetime))
    text = f"{bad} replayed decision{'s' if bad > 1 else ''} of the last day came out otherwise"
    owner = str(revision.rollback_plan.get("owner", ""))
    return FieldGap(GapKind.REPLAYS_DIFFER, revision, tuple(named), since, text, owner)


def _given_up(actor: Actor, now: datetime) -> Iterable[FieldGap]:
    """One of each channel on which reports of the last day could not be replayed at all."""
    rows = DecisionBatch.objects.filter(pk__gte=first_of(now - WITHIN)).exclude(replay__problem="")
    sums = visible_to(rows.filter(replay__isnull=False), actor).order_by().values("channel")
    found = list(
        sums.annotate(many=Count("pk"), since=Min("replay__replayed_at"), problem=Max("replay__problem"))
    )
    channels = Channel.objects.select_related("system").in_bulk([one["channel"] for one in found])
    for one in found:
        many = one["many"]
        text = f"the replay of {many:,} report{'s' if many > 1 else ''} was given up: {one['problem']}"
        key, where = str(one["channel"]), (channels[one["channel"]],)
        yield FieldGap(GapKind.REPLAYS_GIVEN_UP, None, where, one["since"], text, key=key)

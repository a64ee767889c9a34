"""Reading releases: newest revisions with all they hold, and what is live where, now or at any time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery

from governance.access.scopes import AccessScope
from governance.registry.models import Channel
from releases.bundles.models import Assignment, Release, Revision, RevisionChannel, Slot
from releases.bundles.sealed import PENDING, in_effect, spans, waiting_beside, with_serves


def revisions_with_content(revisions: QuerySet[Revision]) -> QuerySet[Revision]:
    """The revisions with system, channels, slots and components, in a fixed number of queries."""
    channels = RevisionChannel.objects.select_related("channel").order_by("channel__name")
    slots = Slot.objects.select_related("component", "channel").order_by("slot", "channel__name", "role")
    return revisions.select_related("release__system").prefetch_related(
        Prefetch("channel_rows", queryset=channels), Prefetch("slots", queryset=slots)
    )


def newest_revisions(releases: Iterable[Release]) -> QuerySet[Revision]:
    """The newest revision of each release, with content."""
    newest = Revision.objects.filter(release=OuterRef("release")).order_by("-number").values("id")[:1]
    rows = Revision.objects.filter(release__in=list(releases), id=Subquery(newest))
    return revisions_with_content(rows)


def reading_scope(revision: Revision) -> AccessScope:
    """Where the revision is read: by grants on its system or on a channel that it touches.

    Acting on it is another matter: see ``access_scope()``.
    """
    channels = RevisionChannel.objects.filter(revision=revision).values_list("channel_id", flat=True)
    return AccessScope(revision.release.system_id, frozenset(channels))


def newest_revision(release: Release) -> Revision:
    """The release's newest revision: the one that is edited, frozen and reviewed."""
    return release.revisions.order_by("-number")[0]


def assignments_at(at: datetime | None = None) -> QuerySet[Assignment]:
    """What answers on each channel at ``at``; without a time, now. ``serves`` is since when it does, and
    ``pending_seal`` whether something newer waits for the ledger."""
    rows = Assignment.objects.select_related(
        "channel", "stable__release", "candidate__release", "control__release", "entry__leaf", "deployment"
    )
    return with_serves(rows).annotate(**{PENDING: waiting_beside(at)}).filter(in_effect(at))


def live_assignment(channel: Channel, at: datetime | None = None) -> Assignment | None:
    """What answers on the channel at ``at``, or now; None where nothing does."""
    return next(iter(assignments_at(at).filter(channel=channel).order_by()[:1]), None)


def open_assignment(channel: Channel) -> Assignment | None:
    """What answers on the channel now, by ids alone, with since when it ``serves``; None where nothing does.
    For whoever asks again and again."""
    rows = with_serves(Assignment.objects.filter(in_effect(), channel=channel))
    return next(iter(rows.order_by()[:1]), None)


def served_by(deployments: Collection[UUID]) -> list[tuple[Assignment, datetime, datetime | None]]:
    """The assignments of these deployments that answered, each with from when to when, in one query.

    Those of their channels from the first of them on are read: what waits for the ledger, and what takes its
    place before it has served, decides how long another one did.
    """
    first = Assignment.objects.filter(
        deployment__in=deployments,
        channel=OuterRef("channel"),
        period__startswith__lte=OuterRef("period__startswith"),
    )
    rows = with_serves(Assignment.objects.filter(Exists(first))).order_by("channel_id", "period")
    return [
        span
        for _, of_channel in groupby(rows, key=attrgetter("channel_id"))
        for span in spans(of_channel)
        if span[0].deployment_id in deployments
    ]


def live_revision(channel: Channel, at: datetime | None = None) -> Revision | None:
    """The revision that serves the channel at ``at``, or now."""
    assignment = live_assignment(channel, at)
    return assignment.stable if assignment else None


@dataclass(frozen=True)
class LiveCell:
    """One channel and what answers on it, if anything."""

    channel: Channel
    assignment: Assignment | None

    @property
    def since(self) -> datetime | None:
        """When what is live began to answer."""
        return self.assignment.serves if self.assignment else None


def live_matrix(channels: QuerySet[Channel], at: datetime | None = None) -> tuple[LiveCell, ...]:
    """What is live on each of the channels, by system and name; pass those that the reader may see."""
    rows = list(channels.select_related("system").order_by("system__slug", "name"))
    live = {row.channel_id: row for row in assignments_at(at).filter(channel__in=rows)}
    return tuple(LiveCell(channel, live.get(channel.id)) for channel in rows)

"""How was drift monitored after launch? (S25): dates, people and figures of one launched revision.

Everything stands on record: launches, the calendar of reviews with the figures that each reviewer saw,
incidents, and the sample of decisions that was recomputed. Nothing is measured anew for the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Revision, RevisionChannel
from releases.monitoring.drift.figures import moved_in_words, nothing_in_words
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_of
from releases.monitoring.drift.references import answering_since
from releases.monitoring.incidents.models import Incident, IncidentStatus
from releases.monitoring.incidents.queries import listed_incidents
from releases.monitoring.replaying.windows import ReplayTotals, totals_by_channel
from releases.rollouts.models import Deployment, DeploymentState

MET_NOBODY = {DeploymentState.NEW}


@dataclass(frozen=True)
class Launch:
    """The revision on one channel: since when it answered people there, and what became of it."""

    deployment: Deployment
    answered_since: datetime | None
    replays: ReplayTotals

    @property
    def is_live(self) -> bool:
        """Whether it is live there now."""
        return self.deployment.state == DeploymentState.LIVE

    @property
    def is_open(self) -> bool:
        """Whether it answers somebody there now."""
        return self.is_live or self.deployment.state in {DeploymentState.ROLLING_OUT, DeploymentState.HELD}


@dataclass(frozen=True)
class DriftReport:
    """The answer for one revision at ``at``."""

    revision: Revision
    at: datetime
    launches: tuple[Launch, ...]
    reviews: tuple[DriftReview, ...]
    incidents: tuple[Incident, ...]
    only: str = ""
    """Where the reader does not see all of its channels: on which of them everything is told."""

    @property
    def done(self) -> tuple[DriftReview, ...]:
        """Reviews that somebody did."""
        return tuple(one for one in self.reviews if one.reviewed_at is not None)

    @property
    def overdue(self) -> tuple[DriftReview, ...]:
        """Reviews that ought to be done; none once it is live nowhere."""
        if not any(one.is_live for one in self.launches):
            return ()
        return tuple(one for one in self.reviews if one.reviewed_at is None and one.due_at <= self.at)

    @property
    def next_due(self) -> DriftReview | None:
        """The next review that is still to come."""
        if not any(one.is_live for one in self.launches):
            return None
        return next((one for one in self.reviews if one.reviewed_at is None and one.due_at > self.at), None)

    @property
    def figures(self) -> dict[str, Any] | None:
        """Those of the newest review that was done."""
        return self.done[-1].figures if self.done else None

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if not self.launches and self.only:
            return f"It has not answered anybody {self.only}, so there is no drift to monitor there."
        if not self.launches:
            return "It has not answered anybody yet, so there is no drift to monitor."
        times = len(self.done)
        if not times:
            return "Nobody has reviewed how it drifts since its launch."
        last = self.done[-1]
        moved = moved_in_words(last.figures or {})
        what = f"{moved} had moved" if moved else nothing_in_words(last.figures or {}, "had moved")
        fine = "it may go on as it is" if last.acceptable else "it may not go on as it is"
        many = "once since its launch," if times == 1 else f"{times} times since its launch, last"
        day = f"{last.reviewed_at:%-d %B %Y}"
        return f"It was reviewed {many} on {day}: {what}, and {fine}."

    @property
    def support(self) -> list[str]:
        """What else the reader must know."""
        told = [text for text in (self._calendar(), self._incidents(), self._replays()) if text]
        return [*told, f"All this is told {self.only} alone."] if self.only else told

    def _calendar(self) -> str:
        if self.overdue:
            return f"A review is overdue since {self.overdue[0].due_at:%-d %B %Y}."
        if self.next_due is not None:
            return f"The next review is due on {self.next_due.due_at:%-d %B %Y}."
        if not self.launches:
            return ""
        where = f"not live {self.only}" if self.only else "live nowhere"
        return f"No further review is planned: it is {where}."

    def _incidents(self) -> str:
        confirmed = sum(one.status == IncidentStatus.CONFIRMED for one in self.incidents)
        suspected = sum(one.status == IncidentStatus.SUSPECTED for one in self.incidents)
        if not self.launches:
            return ""
        if not confirmed and not suspected:
            return f"No incident of it{' ' * bool(self.only)}{self.only} is on record."
        return f"Incidents of it: {confirmed} confirmed, {suspected} suspected."

    def _replays(self) -> str:
        each = {one.deployment.channel_id: one.replays for one in self.launches}.values()
        replayed = sum(one.replayed for one in each)
        bad = sum(one.mismatched for one in each)
        if not replayed:
            return "None of its decisions was recomputed yet." if self.launches else ""
        came = f"{bad} of them came out otherwise" if bad else "all came out the same"
        return f"{replayed:,} of its decisions were recomputed: {came}."


def launched_revision(actor: Actor, revisions: QuerySet[Revision]) -> Revision | None:
    """Of a release's revisions the newest that went to a channel, else the newest that there is."""
    rows = revisions.order_by("-number")
    met = rows.filter(deployments__in=visible_to(_launched(), actor)).first()
    return met or rows.first()


def _launched() -> QuerySet[Deployment]:
    return Deployment.objects.exclude(state__in=MET_NOBODY)


def drift_report(actor: Actor, revision: Revision) -> DriftReport:
    """The report of the revision, as far as the actor sees its channels."""
    now = timezone.now()
    rows = visible_to(_launched().filter(revision=revision), actor)
    deployments = rows.select_related("channel__system", "revision").order_by("channel__name", "started_at")
    launches = _launches(list(deployments), revision, now)
    incidents = visible_to(listed_incidents().filter(revision=revision), actor).order_by("happened_at", "id")
    return DriftReport(
        revision,
        now,
        tuple(one for one in launches if one.answered_since is not None),
        tuple(reviews_of(revision)),
        tuple(incidents.exclude(status=IncidentStatus.DISMISSED)),
        only_on(actor, revision),
    )


def only_on(actor: Actor, revision: Revision) -> str:
    """``on the channels that you read (ios)``, where the actor does not see all that the revision touches."""
    touched = RevisionChannel.objects.filter(revision=revision).order_by("channel__name")
    rows = list(touched.values_list("channel_id", "channel__name"))
    channels = visible_to(Channel.objects.filter(pk__in=[key for key, _ in rows]), actor)
    seen = set(channels.order_by().values_list("pk", flat=True))
    if len(seen) == len(rows):
        return ""
    names = ", ".join(name for key, name in rows if key in seen)
    return f"on the channels that you read ({names or 'none of its own'})"


def _launches(rows: Sequence[Deployment], revision: Revision, now: datetime) -> list[Launch]:
    """In two queries. Replays are those of the channel since the revision first answered there."""
    since = answering_since(rows)
    begun: dict[UUID, datetime] = {}
    for row in rows:
        if row.pk in since:
            begun[row.channel_id] = min(since[row.pk], begun.get(row.channel_id, since[row.pk]))
    totals = totals_by_channel(begun, revision, until=now)
    nothing = ReplayTotals(0, 0, 0)
    return [Launch(row, since.get(row.pk), totals.get(row.channel_id, nothing)) for row in rows]

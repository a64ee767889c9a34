"""Gaps that overrides leave: one in force, one that ran out under a live release, a review that is due.

In a fixed number of queries. A release that passes its gate after all closes what its override left open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from audits.answers.gap_kinds import GapKind
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel
from releases.approvals.models import ApprovalRequest, RequestState
from releases.bundles.models import Revision, RevisionState
from releases.gates.models import EvaluationStatus, GateEvaluation, Override, Verdict
from releases.gates.overrides.queries import listed_overrides, stands_at
from releases.gates.overrides.standing import Standing, by_whom, overridden, said_at
from releases.rollouts.models import Deployment, DeploymentState


@dataclass(frozen=True)
class Left:
    """What an override leaves open: of which kind, where, since when, and what was found."""

    kind: GapKind
    revision: Revision
    channels: tuple[Channel, ...]
    since: datetime
    found: str
    override: Override


def gaps_of_overrides(actor: Actor) -> list[Left]:
    """All of them within the actor's reach."""
    now = timezone.now()
    rows = _open(actor, now)
    if not rows:
        return []
    live = _live(rows)
    channels = _channels(actor, rows)
    found = [left for row in rows for left in _of(row, live.get(row.pk, set()), channels, now)]
    return [left for left in found if left.channels]


def _open(actor: Actor, now: datetime) -> list[Override]:
    """Overrides that may leave something open: in force, used, or an expedite without its review."""
    used = Exists(ApprovalRequest.objects.filter(override=OuterRef("pk"), state=RequestState.APPROVED))
    newest = GateEvaluation.objects.filter(
        revision=OuterRef("revision"), status=EvaluationStatus.COMPLETED
    ).order_by("-requested_at", "-id")
    later = Revision.objects.filter(release=OuterRef("release"), number__gt=OuterRef("revision__number"))
    rows = listed_overrides().annotate(
        is_used=used, is_newest=~Exists(later), newest_verdict=Subquery(newest.values("verdict")[:1])
    )
    open_now = Q(withdrawn_at__isnull=True) & (Q(expires_at__gt=now) | Q(is_used=True))
    return list(visible_to(rows.filter(open_now), actor).order_by("given_at"))


def _live(rows: Sequence[Override]) -> dict[UUID, set[str]]:
    """By override, the ids of the channels on which what it let past is live or on its way."""
    states = [DeploymentState.LIVE, DeploymentState.ROLLING_OUT, DeploymentState.HELD]
    found = Deployment.objects.filter(approval__request__override__in=rows, state__in=states)
    live: dict[UUID, set[str]] = {}
    for override, channel in found.values_list("approval__request__override", "channel"):
        live.setdefault(override, set()).add(str(channel))
    return live


def _channels(actor: Actor, rows: Iterable[Override]) -> dict[str, Channel]:
    named = {key for row in rows for key in row.channels}
    seen = visible_to(Channel.objects.filter(pk__in=named), actor).order_by("name")
    return {str(one.pk): one for one in seen}


def _of(row: Override, live: set[str], channels: dict[str, Channel], now: datetime) -> list[Left]:
    stands = stands_at(row, now)
    held = tuple(one for key, one in channels.items() if key in row.channels)
    serving = tuple(one for key, one in channels.items() if key in live)
    words = f"{'' if row.trigger_id else 'gate '}{overridden(row, stands)}"
    left = []
    if stands is Standing.IN_FORCE and (live or _may_yet_go(row)):
        left.append(Left(GapKind.OVERRIDE_IN_FORCE, row.revision, held, row.given_at, words, row))
    elif stands is not Standing.IN_FORCE and live and _newest_verdict(row) != Verdict.PASS:
        since = min(row.expires_at, now)
        left.append(Left(GapKind.OVERRIDE_EXPIRED, row.revision, serving, since, words, row))
    if row.expedite and row.reviewed_at is None and row.review_due_at is not None and _is_used(row):
        is_late = row.review_due_at <= now
        kind = GapKind.EXPEDITE_REVIEW_OVERDUE if is_late else GapKind.EXPEDITE_REVIEW_DUE
        due = f"the review {'was' if is_late else 'is'} due on {said_at(row.review_due_at)}"
        text = f"expedited by {by_whom(row)}; {due}"
        left.append(Left(kind, row.revision, held, row.given_at, text, row))
    return left


def _may_yet_go(row: Override) -> bool:
    """Whether its revision can still go to approval or live: it is the newest and was not taken out."""
    counts = row.revision.state in {RevisionState.FROZEN, RevisionState.IN_REVIEW, RevisionState.APPROVED}
    return counts and bool(getattr(row, "is_newest", True))


def _newest_verdict(row: Override) -> str:
    return str(getattr(row, "newest_verdict", ""))


def _is_used(row: Override) -> bool:
    return bool(getattr(row, "is_used", False))

"""What a reviewer of drift has in front of them: the sheets of every channel, incidents and replays.

The same period gives the same figures, and so the same digest, unless decisions of it arrive late; then a
conclusion about the old ones is refused, and the reviewer looks again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.ledger.canonical import digest_of, plain
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.sheet import drift_sheet
from releases.monitoring.incidents.queries import incident_counts
from releases.monitoring.replaying.windows import replay_totals
from releases.rollouts.models import Deployment, DeploymentState

SCHEMA = "countersign.drift-review.v1"
SERVING = (DeploymentState.LIVE, DeploymentState.ROLLING_OUT, DeploymentState.HELD)
STEP = timedelta(minutes=5)
EPOCH_STEPS = STEP.total_seconds()
SAID_AT_MOST = 2


@dataclass(frozen=True)
class ReviewFigures:
    """The figures as they are kept, and their digest."""

    document: dict[str, Any]

    @property
    def digest(self) -> str:
        """What a conclusion names."""
        return digest_of(self.document)


def settled(at: datetime) -> datetime:
    """The newest moment before ``at`` up to which figures are taken: a multiple of five minutes."""
    return datetime.fromtimestamp(at.timestamp() // EPOCH_STEPS * EPOCH_STEPS, tz=at.tzinfo)


def begins(review: DriftReview) -> datetime:
    """Where the period of a review begins: at the end of the one before, else at the launch."""
    rows = DriftReview.objects.filter(
        revision=review.revision_id, number__lt=review.number, figures__isnull=False
    )
    before = rows.order_by("-number").values_list("figures", flat=True).first()
    return datetime.fromisoformat(before["until"]) if before else review.launched_at


def figures_of(review: DriftReview, until: datetime) -> ReviewFigures:
    """The figures of the review's period, which ends at ``until``."""
    since = min(begins(review), until)
    rows = Deployment.objects.filter(
        revision=review.revision_id, state__in=SERVING, channel__drill=False
    ).select_related("channel__system", "revision", "approval__request__evaluation")
    channels = [_channel(row, since, until) for row in rows.order_by("channel__name")]
    found: Any = plain(
        {
            "schema": SCHEMA,
            "revision": review.revision_id,
            "since": since,
            "until": until,
            "channels": channels,
        }
    )
    document: dict[str, Any] = found
    return ReviewFigures(document)


def _channel(row: Deployment, since: datetime, until: datetime) -> dict[str, Any]:
    counts = incident_counts(row.channel, revision=row.revision, since=since, until=until)
    replays = replay_totals([row.channel], row.revision, since=since, until=until)
    return {
        "channel": row.channel_id,
        "name": row.channel.name,
        "state": row.state,
        "sheet": drift_sheet(row, since=since, until=until).document(),
        "incidents": {"suspected": counts.suspected, "confirmed": counts.confirmed},
        "replays": {
            "replayed": replays.replayed,
            "mismatched": replays.mismatched,
            "not_replayable": replays.not_replayable,
        },
    }


def moved_in(document: dict[str, Any]) -> list[str]:
    """What moved, by channel, as phrases: ``Score on android``."""
    return [
        f"{measure['title']} on {channel['name']}"
        for channel in document.get("channels", [])
        for measure in channel["sheet"]["measures"]
        if measure["moved"]
    ]


def moved_in_words(document: dict[str, Any]) -> str:
    """What moved, short enough for a sentence; empty where nothing did."""
    moved = moved_in(document)
    if len(moved) <= SAID_AT_MOST:
        return " and ".join(moved)
    compared = sum(
        measure["moved"] is not None
        for channel in document["channels"]
        for measure in channel["sheet"]["measures"]
    )
    return f"{len(moved)} of {compared} measures"


def nothing_in_words(document: dict[str, Any], verb: str = "moved") -> str:
    """What is said where nothing moved: what could not be compared has not stayed as it was."""
    compared = any(
        measure["value"] is not None
        for channel in document.get("channels", [])
        for measure in channel["sheet"]["measures"]
    )
    return f"nothing {verb} by more than chance explains" if compared else "nothing could be compared"

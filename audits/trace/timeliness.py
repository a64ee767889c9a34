"""Whether the release of a decision was to decide at all at that time, on that channel.

What happened after a decision is no evidence for it: a release that was approved and started later had been
approved by nobody when it decided. That, and a release that decides after it was taken back, is the gravest
thing a trace can show, so it stands before everything else.
"""

from datetime import UTC, datetime

from audits.trace.facts import Moment, Untimely
from releases.approvals.models import Approval
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment

STEPS = ("frozen", "approved", "started")


def untimely(moment: Moment, deployment: Deployment | None, later: Deployment | None) -> Untimely | None:
    """What speaks against the decision's time; ``later`` is the first deployment after it, if none was before
    it."""
    revision = moment.revision
    if revision is None:
        return None
    if deployment is not None:
        return _taken_back(moment, deployment)
    if later is not None and revision.adopted:
        return Untimely(
            ("not_adopted",),
            "Not adopted at that time",
            f"{named(revision)} was not adopted on {moment.channel} at that time: it was on "
            f"{spelled(later.started_at)}.",
        )
    return _too_early(moment, revision, later)


def _taken_back(moment: Moment, deployment: Deployment) -> Untimely | None:
    rollback = getattr(deployment, "rollback", None)
    if rollback is None or rollback.rolled_back_at > moment.at:
        return None
    return Untimely(
        ("rolled_back",),
        "Rolled back before",
        f"{named(deployment.revision)} was rolled back on {moment.channel} on "
        f"{spelled(rollback.rolled_back_at)}, before this decision: it was not to answer there any more.",
    )


def _too_early(moment: Moment, revision: Revision, later: Deployment | None) -> Untimely:
    times = (revision.frozen_at, _first_approval(moment, revision), later.started_at if later else None)
    missing = [step for step, at in zip(STEPS, times, strict=True) if at is None or at > moment.at]
    since = [
        f"{step} {spelled(at)}"
        for step, at in zip(STEPS, times, strict=True)
        if step in missing and at is not None
    ]
    never = [step for step, at in zip(STEPS, times, strict=True) if at is None]
    sentence = f"{named(revision)} was {_nots(missing)} on {moment.channel} at that time"
    if since:
        sentence += f": it was {_list(since)}"
    if never:
        sentence += f"{', and' if since else ', and it was'} never {' or '.join(never)} there"
    return Untimely(
        tuple(f"not_{step}" for step in missing), f"Not {missing[0]} at that time", f"{sentence}."
    )


def _first_approval(moment: Moment, revision: Revision) -> datetime | None:
    found = Approval.objects.filter(revision=revision, request__channels=moment.channel)
    return found.order_by("approved_at").values_list("approved_at", flat=True).first()


def _nots(steps: list[str]) -> str:
    return _list([f"not {step}" for step in steps])


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def named(revision: Revision) -> str:
    """The revision in a sentence."""
    return f"{revision.release.name} revision {revision.number}"


def spelled(at: datetime) -> str:
    """A time in a sentence."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"

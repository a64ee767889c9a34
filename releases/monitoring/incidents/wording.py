"""An incident in words: what is the matter, and what is to be done. Pure: no database, no clock."""

from datetime import datetime

from releases.monitoring.incidents.models import Attribution, FollowUp, Incident, IncidentStatus

S = IncidentStatus


def named(incident: Incident) -> str:
    """Which release decided, as a phrase."""
    if incident.revision is not None:
        return f"{incident.revision.release.name} revision {incident.revision.number}"
    if incident.attribution == Attribution.UNKNOWN:
        return "one of two releases"
    return "no release of ours"


def headline(incident: Incident, now: datetime) -> str:
    """What is the matter and what to do, in one sentence."""
    what = f"{incident.get_kind_display()} on {incident.channel.name}"
    who = f"{named(incident)} decided"
    if incident.status == S.SUSPECTED:
        return f"{what} is suspected, and {who}. Confirm or dismiss it."
    if incident.status == S.DISMISSED:
        return f"{what} was suspected and dismissed. Nothing is to be done."
    left = to_do(incident, list(incident.follow_ups.all()), now)
    todo = f"To be done: {', '.join(left)}." if left else "Nothing is left to do."
    return f"{what} is confirmed, and {who}. {todo}"


def to_do(incident: Incident, follow_ups: list[FollowUp], now: datetime) -> list[str]:
    """What is left to do about an incident that was not dismissed."""
    if incident.status == S.DISMISSED:
        return []
    waiting = [one for one in follow_ups if one.done_at is None]
    late = sum(one.due_at <= now for one in waiting)
    overdue = "" if not late else ", overdue" if late == len(waiting) else f", {late} of them overdue"
    return [
        *(["find out which release decided"] if incident.attribution == Attribution.UNKNOWN else []),
        *(["decide whether it happened"] if incident.status == S.SUSPECTED else []),
        *(["file its report"] if incident.report_filed_at is None else []),
        *(["name what ought to have caught it"] if not incident.missed_reason else []),
        *([f"{len(waiting)} follow-up{'s' if len(waiting) > 1 else ''}{overdue}"] if waiting else []),
    ]


def effect(incident: Incident) -> str:
    """What the incident sets off by itself."""
    if incident.status == S.DISMISSED:
        return "A rollout that it held stays held until somebody resumes it."
    if incident.attribution == Attribution.NONE:
        return "No release of this system is known to have decided, so nothing is held or taken back."
    if incident.attribution == Attribution.UNKNOWN:
        return (
            "More than one release answered then, and nobody has said whom it met: it counts as suspected of "
            "each of them, and holds what is on its way, where the rollback plan says so."
        )
    if incident.status == S.SUSPECTED:
        return "As long as it is suspected it holds what is on its way, where the rollback plan says so."
    return (
        "A confirmed incident takes back what decided, where that still answers and its rollback plan has a "
        "trigger for it."
    )


def due(at: datetime, now: datetime, done_at: datetime | None) -> str:
    """open, overdue or done, for a report or a follow-up."""
    if done_at is not None:
        return f"done on {said(done_at)}"
    return f"overdue since {said(at)}" if at <= now else f"due {said(at)}"


def said(at: datetime) -> str:
    """A moment as tables say it."""
    return f"{at:%-d %b %Y, %H:%M} UTC"

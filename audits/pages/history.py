"""Entries of the ledger as rows that people read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from governance.ledger.events import EVENTS
from governance.ledger.models import Entry
from governance.registry.models import Channel

LOOKS = {
    "release.approved": "pass",
    "gate_evaluation.failed": "inc",
    "release.rejected": "fail",
    "release.changes_requested": "held",
    "rollout.started": "live",
    "rollout.restored": "live",
    "rollout.advanced": "live",
    "rollout.resumed": "live",
    "rollout.held": "held",
    "rollout.paused": "held",
    "release.adopted": "live",
    "rollout.rolled_back": "fail",
    "rollout.superseded": "void",
    "trigger.fired": "fail",
    "trigger.cleared": "pass",
    "trigger.no_data": "void",
    "trigger.failed": "inc",
    "trigger.measured_again": "open",
    "trigger.overridden": "held",
    "trigger.acknowledged": "open",
    "override.given": "held",
    "override.withdrawn": "void",
    "expedite.reviewed": "pass",
    "verb.refused": "void",
    "approval_request.voided": "void",
    "release.withdrawn": "void",
    "release.revised": "void",
}
ICONS = {
    "rollout.started": "stairs",
    "rollout.advanced": "stairs",
    "rollout.rolled_back": "undo",
    "override.given": "key",
    "trigger.fired": "notifications_active",
    "trigger.no_data": "cloud_off",
    "trigger.overridden": "key",
    "trigger.acknowledged": "visibility",
    "verb.refused": "do_not_disturb_on",
}
VERDICTS = {
    "pass": ("pass", "Gate passed"),
    "fail": ("fail", "Gate failed"),
    "inconclusive": ("inc", "Gate inconclusive"),
}
DECISIONS = {
    "approve": ("pass", "Vote: approve"),
    "reject": ("fail", "Vote: reject"),
    "request_changes": ("held", "Vote: request changes"),
}
ON_A_STAGE = {"rollout.started", "rollout.advanced", "rollout.held", "rollout.paused", "rollout.resumed"}
LONGEST_REASON = 240


@dataclass(frozen=True)
class Event:
    """One row of a history. ``simulated`` marks what the demo told about the past."""

    at: datetime
    look: str
    icon: str
    title: str
    detail: str
    reason: str
    who: str
    simulated: bool
    entry: Entry


def events_of(
    entries: Iterable[Entry], channels: QuerySet[Channel] | None = None, *, every: bool = False
) -> list[Event]:
    """The entries as rows, in one query; a consequence in a second stream that says the same is left out
    unless ``every`` one is asked for.

    Of ``channels`` alone the names are told; by default of all, for whoever reads the whole release.
    """
    entries = list(entries)
    names = _channel_names(entries, Channel.objects.all() if channels is None else channels)
    rows: list[Event] = []
    told: set[tuple[str, str]] = set()
    for entry in entries:
        document = entry.document
        key = (str(document["type"]), str(document.get("reason")) + str(document["at"]))
        if key in told and not every:
            continue
        told.add(key)
        rows.append(_event(entry, names))
    return rows


def _channel_names(entries: Iterable[Entry], channels: QuerySet[Channel]) -> dict[str, str]:
    """Names of the channels that the entries of rollouts name by id."""
    named = {
        str((entry.document.get("after") or {}).get("channel"))
        for entry in entries
        if str(entry.document["type"]).startswith("rollout.")
    }
    rows = channels.filter(id__in=named - {"None"})
    return {str(key): name for key, name in rows.values_list("id", "name")}


def _event(entry: Entry, channels: Mapping[str, str]) -> Event:
    document = entry.document
    name = str(document["type"])
    after = document.get("after") or {}
    title = EVENTS[name].title if name in EVENTS else name
    look, title = _look(name, title, after)
    reason = str(document.get("reason") or "")
    return Event(
        at=entry.at,
        look=look,
        icon=ICONS.get(name, ""),
        title=title,
        detail=_detail(name, after, channels),
        reason=reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…",
        who=str(document["actor"]["username"]),
        simulated=bool(document.get("simulated")),
        entry=entry,
    )


def _look(name: str, title: str, after: dict[str, Any]) -> tuple[str, str]:
    if name == "gate_evaluation.completed":
        return VERDICTS.get(str(after.get("verdict")), ("", title))
    if name == "attestation.made":
        return _attested(after)
    if name == "vote.cast":
        return DECISIONS.get(str(after.get("decision")), ("", title))
    return LOOKS.get(name, ""), title


def _attested(after: dict[str, Any]) -> tuple[str, str]:
    kind = str(after.get("kind", "")).replace("_", " ").capitalize()
    return ("pass", f"{kind}: acceptable") if after.get("acceptable") else ("fail", f"{kind}: not acceptable")


def _detail(name: str, after: dict[str, Any], channels: Mapping[str, str]) -> str:
    if name == "verb.refused":
        return str(after.get("message") or after.get("code") or "")
    if name.startswith("trigger."):
        return ", ".join(str(after[part]) for part in ("key", "segment") if after.get(part))
    number = after.get("revision_number") or after.get("number")
    parts = [f"revision {number}"] if number else []
    if name == "override.given":
        parts += _past(after)
    if name in ON_A_STAGE and after.get("stage"):
        share = f" {after['share'] * 100:.4g} %" if after.get("share") else ""
        parts.append(f"{str(after['stage']).replace('_', ' ')}{share}")
    channel = channels.get(str(after.get("channel") or ""))
    if channel:
        parts.append(f"on {channel}")
    return ", ".join(parts)


def _past(after: Mapping[str, Any]) -> list[str]:
    """What an override goes past, and who answers for it."""
    verdict = {"fail": "failed"}.get(str(after.get("verdict")), str(after.get("verdict")))
    people = [str(name) for name in (after.get("given_by"), after.get("confirmed_by")) if name]
    haste = ["expedited"] if after.get("expedite") else []
    return [f"gate {verdict}", *haste, f"by {' and '.join(people)}", f"until {_said(after['expires_at'])}"]


def _said(at: str) -> str:
    return f"{datetime.fromisoformat(at):%-d %b, %H:%M} UTC"

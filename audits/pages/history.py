"""Entries of the ledger as rows that people read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.ledger.events import EVENTS
from governance.ledger.models import Entry

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
    "verb.refused": "void",
    "approval_request.voided": "void",
    "release.withdrawn": "void",
    "release.revised": "void",
}
ICONS = {
    "rollout.started": "stairs",
    "rollout.advanced": "stairs",
    "rollout.rolled_back": "undo",
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


def events_of(entries: Iterable[Entry]) -> list[Event]:
    """The entries as rows; a consequence in a second stream that says the same is left out."""
    rows: list[Event] = []
    told: set[tuple[str, str]] = set()
    for entry in entries:
        document = entry.document
        key = (str(document["type"]), str(document.get("reason")) + str(document["at"]))
        if key in told:
            continue
        told.add(key)
        rows.append(_event(entry))
    return rows


def _event(entry: Entry) -> Event:
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
        detail=_detail(name, after),
        reason=reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…",
        who=str(document["actor"]["username"]),
        simulated=bool(document.get("simulated")),
        entry=entry,
    )


def _look(name: str, title: str, after: dict[str, Any]) -> tuple[str, str]:
    if name == "gate_evaluation.completed":
        return VERDICTS.get(str(after.get("verdict")), ("", title))
    if name == "vote.cast":
        return DECISIONS.get(str(after.get("decision")), ("", title))
    return LOOKS.get(name, ""), title


def _detail(name: str, after: dict[str, Any]) -> str:
    if name == "verb.refused":
        return str(after.get("message") or after.get("code") or "")
    number = after.get("revision_number") or after.get("number")
    parts = [f"revision {number}"] if number else []
    if name in ON_A_STAGE and after.get("stage"):
        parts.append(str(after["stage"]).replace("_", " "))
    return ", ".join(parts)

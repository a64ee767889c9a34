"""The steps of a release on its way to being live, as a rail. Pure but for the objects it is given."""

from dataclasses import dataclass
from datetime import datetime

from audits.pages.release_facts import Known
from governance.ledger.models import Entry
from releases.bundles.models import RevisionState

EVENTS = {
    "Draft": ("release.drafted", "release.revised"),
    "Frozen": ("release.frozen",),
    "Adopted": ("release.adopted",),
    "Evaluated": ("gate_evaluation.completed", "gate_evaluation.failed"),
    "In review": ("approval.requested",),
    "Approved": ("release.approved",),
    "Live": ("rollout.started", "release.adopted"),
}


@dataclass(frozen=True)
class Step:
    """One step: how it looks, when it happened, a note, and its entry in the ledger."""

    title: str
    look: str
    at: datetime | None = None
    note: str = ""
    entry: Entry | None = None


def steps_of(known: Known, entries: list[Entry]) -> list[Step]:
    """The rail of the revision; ``entries`` are those of the release, newest first."""
    if known.revision.adopted:
        titles = ["Draft", "Adopted", "Live"]
    else:
        titles = ["Draft", "Frozen", "Evaluated", "In review", "Approved", "Live"]
    done = _done(known)
    stopped = known.finding.verdict in {"fail", "inconclusive"}
    here = "" if stopped else next((title for title in titles if title not in done), "")
    return [_step(known, title, done, here, entries) for title in titles]


def _done(known: Known) -> set[str]:
    revision = known.revision
    done = {"Draft"} if revision.state != RevisionState.DRAFT else set()
    if revision.frozen_at:
        done.add("Frozen")
    if revision.adopted:
        done |= {"Adopted"}
    if known.finding.verdict in {"pass", "fail", "inconclusive"}:
        done.add("Evaluated")
    if known.requests and revision.state not in {RevisionState.FROZEN, RevisionState.IN_REVIEW}:
        done.add("In review")
    if revision.state in {RevisionState.APPROVED, RevisionState.EXPIRED}:
        done |= {"In review", "Approved"}
    if known.live:
        done.add("Live")
    return done


def _step(known: Known, title: str, done: set[str], here: str, entries: list[Entry]) -> Step:
    entry = _entry(known, title, entries) if title in done or title == "Draft" else None
    look = "done" if title in done else "here" if title == here else "todo"
    note = ""
    if title == "Evaluated" and title in done and known.finding.verdict != "pass":
        look = "failed" if known.finding.verdict == "fail" else "unsure"
        note = known.finding.title.lower()
        if known.override is not None and known.override.is_in_force:
            note = f"{note}, overridden"
    if title == "In review" and known.seating and known.seating.is_open:
        note = f"{known.seating.filled} of {len(known.seating.rows)} seats"
        look = "here" if title not in done else look
    if title == "Live":
        note = _live_note(known)
        look = "failed" if not known.live and known.facts.rolled_back else look
    return Step(title, look, entry.at if entry else None, note, entry)


def _live_note(known: Known) -> str:
    facts = known.facts
    parts = [f"on {', '.join(facts.live)}"] if facts.live else []
    parts += facts.on_the_way
    parts += [f"rolled back on {', '.join(facts.rolled_back)}"] if facts.rolled_back else []
    parts += [f"replaced on {', '.join(facts.superseded)}"] if facts.superseded and not facts.live else []
    return "; ".join(parts)


def _entry(known: Known, title: str, entries: list[Entry]) -> Entry | None:
    """The newest entry of the step that is about this revision."""
    number, wanted = known.revision.number, str(known.revision.pk)
    for entry in entries:
        if entry.document["type"] not in EVENTS[title]:
            continue
        after = entry.document.get("after") or {}
        if wanted in {str(after.get("revision")), str(after.get("revision_id"))}:
            return entry
        if after.get("revision_number", after.get("number", number)) == number and "revision" not in after:
            return entry
    return None

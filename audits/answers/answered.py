"""What an answer of the record is made of: a sentence, what else is to be known, facts with their entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Model

from governance.ledger.models import Entry
from governance.ledger.queries import entries_of
from releases.bundles.models import Revision, RevisionState


class Question(StrEnum):
    """The five questions of an audit, by the row of the requirements."""

    DECIDED = "S21"
    EVALUATED = "S22"
    CHANGED = "S23"
    APPROVED = "S24"
    WATCHED = "S25"


ASKED: dict[Question, str] = {
    Question.DECIDED: "Which model and threshold make its decisions?",
    Question.EVALUATED: "Which evaluation approved the release?",
    Question.CHANGED: "What changed since the last version?",
    Question.APPROVED: "Who approved the rollout?",
    Question.WATCHED: "How was drift monitored after launch?",
}


STATES: dict[str, str] = {
    RevisionState.DRAFT: "a draft",
    RevisionState.FROZEN: "frozen",
    RevisionState.IN_REVIEW: "in review",
    RevisionState.APPROVED: "approved",
    RevisionState.REJECTED: "rejected",
    RevisionState.EXPIRED: "approved no longer: the approval expired",
    RevisionState.WITHDRAWN: "withdrawn",
}
"""Where a revision stands, behind "it is"."""


SHORT: dict[Question, str] = {
    Question.DECIDED: "Model and threshold",
    Question.EVALUATED: "Evaluation",
    Question.CHANGED: "Changes",
    Question.APPROVED: "Approval",
    Question.WATCHED: "Drift",
}


class Stands(StrEnum):
    """Whether there is an answer: ``yes``, ``not_yet`` while it may still come, ``nobody`` where what was
    asked for is missing and the release serves people without it."""

    YES = "yes"
    NOT_YET = "not_yet"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Fact:
    """One line behind an answer. ``about`` is the row that it tells of, ``entry`` the entry in the ledger
    that tells of it, ``digest`` that of what is meant, by which its bytes are known."""

    what: str
    said: str
    at: datetime | None = None
    entry: Entry | None = None
    about: Model | None = None
    digest: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to one question, the sentence first."""

    question: Question
    stands: Stands
    sentence: str
    support: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def asked(self) -> str:
        """The question in words."""
        return ASKED[self.question]

    @property
    def short(self) -> str:
        """What it is about, in a word or two."""
        return SHORT[self.question]


class Told:
    """The entries that tell of a revision, found by event and by what they say; read in one query."""

    def __init__(self, streams: Sequence[str], events: Iterable[str]) -> None:
        rows = entries_of(streams).filter(document__type__in=list(events))
        self._entries = list(rows.order_by("-at", "-stream_seq")) if streams else []

    def find(self, event: str, stream: str = "", **after: UUID | str | None) -> Entry | None:
        """The newest entry of the event, in the stream if one is named, that says all of ``after``."""
        for entry in self._entries:
            document = entry.document
            if document["type"] == event and stream in {"", entry.stream} and _says(document, after):
                return entry
        return None

    def all_of(self, event: str, stream: str) -> list[Entry]:
        """The event's entries in the stream, the oldest first."""
        found = [one for one in self._entries if one.stream == stream and one.document["type"] == event]
        return found[::-1]

    def with_seats(self) -> list[Entry]:
        """All of them, for whoever looks for seats and votes in them."""
        return self._entries


def frozen_fact(revision: Revision, told: Told, what: str) -> Fact | None:
    """The entry that fixed the revision's content, with the digest of its manifest; none of a draft."""
    if not revision.manifest_digest:
        return None
    frozen = told.find("release.frozen", revision.stream(), revision=revision.pk)
    entry = frozen or told.find("release.adopted", revision.stream(), revision=revision.pk)
    said = f"manifest of {revision.release.name} revision {revision.number}"
    return Fact(what, said, revision.frozen_at, entry, revision, revision.manifest_digest)


def _says(document: Mapping[str, Any], after: Mapping[str, UUID | str | None]) -> bool:
    said = document.get("after") or {}
    return all(str(said.get(name)) == str(value) for name, value in after.items())


def day(at: datetime) -> str:
    """A day in a sentence."""
    return f"{at.astimezone(UTC):%-d %B %Y}"


def listed(parts: Iterable[str]) -> str:
    """``a, b and c``, each once."""
    found = list(dict.fromkeys(part for part in parts if part))
    return found[0] if len(found) == 1 else " and ".join([", ".join(found[:-1]), found[-1]] if found else [])


def worded(stored: str) -> str:
    """A stored word as people read it."""
    return stored.replace("_", " ")

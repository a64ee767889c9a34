"""The ledger browser: everything on record within the reader's reach, narrowed by what one asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from audits.pages.frame import draw
from audits.pages.history import Event, events_of
from audits.pages.ledger_form import LedgerForm
from audits.pages.ledger_state import epochs_said, seal_state
from audits.pages.ledger_subjects import Subject, subjects_of
from audits.pages.ledger_witnesses import witnesses_seen
from audits.records.searching import FILTERS
from audits.records.visibility import aggregates, entries_visible_to, seen_among
from governance.access.queries import reading, visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.ledger.models import Entry, Leaf, stream_name
from governance.ledger.nightly import last_check
from governance.registry.models import Channel

AT_ONCE = 50
TITLE = "Ledger"
LARGEST_INDEX = 18
ALONE = {"event", "stream", "refused"}
"""What is asked for by these is shown by itself."""


@dataclass(frozen=True)
class Row:
    """An entry as the list shows it: its event, what it is about, and its own page."""

    event: Event
    subject: Subject | None
    url: str
    seq: int
    stream: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)


def ledger(request: HttpRequest) -> HttpResponse:
    """The page; ``?find=`` goes to the entry or the history that it names."""
    actor = actor_from(request)
    asked = request.GET.get("find", "").strip()
    with reading():
        seen = entries_visible_to(actor)
        place = _place(seen, asked) if asked else ""
        if place:
            return redirect(place)
        form = LedgerForm(request.GET or None, actor=actor)
        rows, has_more = _page(narrowed(seen, actor, form), request.GET.get("older", ""))
        context: dict[str, Any] = {
            "form": form,
            "asked": asked[:100],
            "wrong": asked and not place,
            "rows": rows_of(actor, rows),
            "lead": _lead(form, rows, has_more),
            "older": _further(request.GET, older=str(rows[-1].pk)) if has_more else "",
            "is_first": not request.GET.get("older"),
            "newest": _further(request.GET),
            "export": f"{reverse('ledger-entry-export')}?{form.as_query()}",
            "state": seal_state(last_check()),
            "epochs": epochs_said(),
            "witnesses": witnesses_seen(),
        }
    return draw(request, "countersign/ledger.html", context, title=TITLE, crumbs=[(TITLE, "")])


def narrowed(rows: QuerySet[Entry], actor: Actor, form: LedgerForm) -> QuerySet[Entry]:
    """The rows that fit what was asked for; of a question that means nothing all of them."""
    for name, value in form.given().items():
        rows = FILTERS[name](rows, actor, value)
    return rows


def rows_of(actor: Actor, entries: Sequence[Entry]) -> list[Row]:
    """The entries with what they are about; a refusal is about what was tried."""
    events = events_of(entries, visible_to(Channel.objects.all(), actor), every=True)
    about = {_about(entry) for entry in entries}
    # Whoever sees an entry sees what it is about; of one's own attempts that holds only as long as the role.
    tried = about - {entry.stream for entry in entries}
    subjects = subjects_of((about - tried) | seen_among(tried, actor))
    return [
        Row(
            event,
            subjects.get(_about(event.entry)),
            reverse("admin:ledger_entry", args=[event.entry.pk]),
            event.entry.stream_seq,
            event.entry.stream,
        )
        for event in events
    ]


def _about(entry: Entry) -> str:
    """The stream whose object is named beside an entry."""
    targets = (
        (entry.document.get("after") or {}).get("targets") if entry.stream.startswith("refusals:") else None
    )
    return str(targets[0]) if targets else entry.stream


def _page(rows: QuerySet[Entry], older: str) -> tuple[list[Entry], bool]:
    """So many entries at once, the newest first, from behind the entry ``older`` on."""
    key = _id(older)
    last = Entry.objects.filter(pk=key).values("at", "pk").first() if key else None
    if last is not None:
        rows = rows.filter(Q(at__lt=last["at"]) | Q(at=last["at"], pk__lt=last["pk"]), at__lte=last["at"])
    found = list(rows.order_by("-at", "-pk")[: AT_ONCE + 1])
    return found[:AT_ONCE], len(found) > AT_ONCE


def _place(seen: QuerySet[Entry], asked: str) -> str:
    """Where the number of an entry, its id, the id of an object or a stream leads; '' for nothing seen."""
    number = asked.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) <= LARGEST_INDEX:
        key = Leaf.objects.filter(index=int(number)).values_list("entry_id", flat=True).first()
        return _entry_page(seen, key)
    if not asked.isprintable():
        return ""
    key = _id(asked)
    if key is not None and (place := _entry_page(seen, key)):
        return place
    names = [stream_name(prefix, key) for prefix in ("account", *aggregates())] if key else [asked]
    stream = seen.filter(stream__in=names).order_by().values_list("stream", flat=True).first()
    return f"{reverse('admin:ledger')}?stream={stream}" if stream else ""


def _entry_page(seen: QuerySet[Entry], key: UUID | None) -> str:
    is_seen = key is not None and seen.filter(pk=key).exists()
    return reverse("admin:ledger_entry", args=[key]) if is_seen else ""


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in {32, 36} else None
    except ValueError:
        return None


def _further(asked: QueryDict, **more: str) -> str:
    """The same question as the query of another address."""
    kept = asked.copy()
    for name in ("older", "find", "csrfmiddlewaretoken"):
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        kept.pop(name)
    for name, value in more.items():
        kept[name] = value
    return kept.urlencode()


def _lead(form: LedgerForm, rows: Sequence[Entry], has_more: bool) -> str:
    if form.wrong:
        return "This cannot be asked so: mend what is marked. Everything is shown meanwhile."
    if not form.given():
        return "Everything that was done, by whom and why, as it was sealed."
    if not rows:
        return "Nothing on record fits that you may see."
    count = (
        f"The newest {len(rows)} entries"
        if has_more
        else "One entry"
        if len(rows) == 1
        else f"{len(rows)} entries"
    )
    beside = "" if form.given().keys() & ALONE else ", approvals and refused attempts included"
    return f"{count} about what you asked for{beside}."

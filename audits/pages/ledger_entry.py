"""One entry of the ledger: what it says in a sentence, what changed, where it lies, and whether it holds."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from audits.pages.frame import draw
from audits.pages.ledger_changes import fields_of, ids_in
from audits.pages.ledger_list import Row, rows_of
from audits.records.verifying import Step, newest_note, verify_entry
from audits.records.visibility import entries_visible_to
from governance.access.queries import reading, visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.merkle.proofs import NotProvable
from governance.ledger.models import Entry, Leaf, SignedCheckpoint
from governance.ledger.proving import Inclusion, prove_inclusion
from governance.ledger.stored_tree import TreeIncomplete
from governance.registry.models import Channel, ComponentVersion
from releases.bundles.models import Release, Revision

KINDS = {"user": "person", "service": "service", "task": "the engine", "command": "the operator's shell"}
METHODS = {
    "session": "signed in",
    "token": "with a token",
    "worker": "as the worker",
    "shell": "at the server",
    "demo": "told by the demo",
}


def ledger_entry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; ``?verify=1`` checks the entry anew and shows each step.

    Raises:
        Http404: there is no such entry, or none that the person may see.
    """
    actor = actor_from(request)
    with reading():
        seen = entries_visible_to(actor)
        entry = seen.filter(pk=pk).first()
        if entry is None:
            raise Http404
        (row,) = rows_of(actor, [entry])
        # One for all that the page says: the next may be signed while it is made.
        note = newest_note()
        steps = verify_entry(entry, note) if request.GET.get("verify") else []
        context = {
            **_told(actor, seen, entry, row),
            "steps": steps,
            "verdict": _verdict(steps),
            "proof": _proof(entry, note),
            "raw": json.dumps(entry.document, indent=2, ensure_ascii=False, sort_keys=True),
        }
    title = f"Entry {_number(entry)}"
    crumbs = [("Ledger", reverse("admin:ledger")), (title, "")]
    return draw(request, "countersign/ledger_entry.html", context, title=title, crumbs=crumbs)


def ledger_proof(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The proof as a file (C2SP tlog-proof), to be kept with the entry's own bytes.

    Raises:
        Http404: there is no such entry, none that the person may see, or no proof of it yet.
    """
    entry = _found(request, pk)
    proof = _proof(entry, newest_note())
    if proof is None:
        raise Http404
    return _file(proof.text().encode(), f"{proof.index}.tlog-proof", "text/plain; charset=utf-8")


def ledger_body(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The exact bytes of the entry as a file: their SHA-256 behind a zero byte is the leaf.

    Raises:
        Http404: there is no such entry, or none that the person may see.
    """
    entry = _found(request, pk)
    return _file(bytes(entry.body), f"{_number(entry).removeprefix('#')}.json", "application/json")


def _found(request: HttpRequest, pk: UUID) -> Entry:
    entry = entries_visible_to(actor_from(request)).filter(pk=pk).first()
    if entry is None:
        raise Http404
    return entry


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _told(actor: Actor, seen: QuerySet[Entry], entry: Entry, row: Row) -> dict[str, Any]:
    """What the entry says, and what lies around it."""
    document = entry.document
    names = _names(actor, ids_in([document.get("before"), document.get("after")]))
    refs = dict(document.get("refs") or {})
    cause = refs.pop("cause", None)
    follows = seen.filter(Q(document__refs__cause=str(entry.pk)), at__gte=entry.at, at__lte=entry.at)
    beside = seen.filter(
        stream=entry.stream, stream_seq__in=(entry.stream_seq - 1, entry.stream_seq + 1)
    ).values_list("stream_seq", "pk")
    around = {seq: reverse("admin:ledger_entry", args=[key]) for seq, key in beside}
    linked = list(follows.exclude(pk=entry.pk)[:20])
    linked += list(seen.filter(pk=cause)) if cause else []
    return {
        "entry": entry,
        "row": row,
        "number": _number(entry),
        "who": _who(document),
        "leaf": getattr(entry, "leaf", None),
        "changes": fields_of(document.get("before"), document.get("after"), names),
        "has_before": document.get("before") is not None,
        "refs": sorted((name.replace("_", " "), value) for name, value in refs.items() if value),
        "linked": rows_of(actor, linked),
        "earlier": around.get(entry.stream_seq - 1, ""),
        "later": around.get(entry.stream_seq + 1, ""),
        "history_url": f"{reverse('admin:ledger')}?stream={entry.stream}",
    }


def _number(entry: Entry) -> str:
    leaf: Leaf | None = getattr(entry, "leaf", None)
    return f"#{leaf.index}" if leaf is not None else "without a number"


def _who(document: Mapping[str, Any]) -> dict[str, str]:
    """Who acted, how they had proved it, and for whom."""
    actor = document["actor"]
    auth = actor.get("auth") or {}
    method = METHODS.get(str(auth.get("method")), str(auth.get("method")))
    other = document.get("on_behalf_of") or {}
    return {
        "name": str(actor["username"]),
        "kind": KINDS.get(str(actor["kind"]), str(actor["kind"])),
        "how": f"{method}, two factors" if auth.get("mfa") else method,
        "for": str(other.get("username") or ""),
    }


def _proof(entry: Entry, note: SignedCheckpoint | None) -> Inclusion | None:
    """The proof that it is in the tree of the note; None while there is none."""
    leaf: Leaf | None = getattr(entry, "leaf", None)
    if leaf is None or note is None:
        return None
    try:
        return prove_inclusion(leaf, note)
    except (GovernanceError, NotProvable, TreeIncomplete):
        return None


def _verdict(steps: list[Step]) -> tuple[str, str, str]:
    """Look, word and sentence over all steps; empty where nothing was checked."""
    if not steps:
        return "", "", ""
    wrong = [step for step in steps if step.holds is False]
    if wrong:
        return "fail", "Does not hold", f"{wrong[0].title}: no. {wrong[0].means}"
    if any(step.holds is None for step in steps):
        return "open", "Not proved yet", "Nothing is wrong with it; what is left open is said below."
    return "pass", "Verified", "It is as it was recorded, and lies in the ledger that was signed."


def _names(actor: Actor, ids: set[str]) -> dict[str, str]:
    """The names behind the ids that a document holds, of what the reader may see."""
    keys = {one for one in ids if _is_id(one)}
    if not keys:
        return {}
    found: dict[str, str] = {}
    revisions = visible_to(Revision.objects.filter(pk__in=keys), actor)
    for key, name, number in revisions.order_by().values_list("pk", "release__name", "number"):
        found[str(key)] = f"{name} revision {number}"
    named: tuple[type[Any], ...] = (Channel, Release)
    for model in named:
        rows = visible_to(model._default_manager.filter(pk__in=keys), actor)
        found |= {str(key): str(name) for key, name in rows.order_by().values_list("pk", "name")}
    components = visible_to(ComponentVersion.objects.filter(pk__in=keys).defer("attributes"), actor)
    return found | {str(row.pk): str(row) for row in components}


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

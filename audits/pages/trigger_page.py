"""The numbers behind one trigger: its chart, every window of it, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from audits.pages.frame import draw
from audits.pages.history import Event, events_of
from audits.pages.rollout_facts import rollout_facts, visible_rollout
from audits.pages.rollout_offers import rollout_url
from audits.pages.rollout_page import crumbs_of, moment_of, sides_of
from audits.pages.trigger_cards import card_of_row
from audits.pages.trigger_facts import Watched, points_of, watch_of
from audits.pages.trigger_stands import in_words
from governance.ledger.models import Entry
from releases.monitoring.triggers.judgements import Judgement
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.wording import e_value, number, percent

MOST_ROWS = 300
JUDGED = {
    Judgement.BREACH.value: ("fail", "Over its limit", "dangerous"),
    Judgement.CLEAR.value: ("pass", "Good", "check_circle"),
    Judgement.BETWEEN.value: ("inc", "Between", "contrast"),
    Judgement.WAITING.value: ("open", "Too few", "hourglass_empty"),
}


@dataclass(frozen=True)
class WindowRow:
    """One window in words."""

    at: datetime
    candidate: str
    people: str
    control: str
    control_people: str
    bound: str
    limit: str
    e: str
    stands: tuple[str, str, str]


def trigger(request: HttpRequest, pk: UUID, key: UUID) -> HttpResponse:
    """The page of one trigger, for everybody or for one segment."""
    facts = rollout_facts(visible_rollout(request, pk))
    watch = watch_of(facts)
    found = next(((one, row) for one in watch.measured for row in one.rows if row.pk == key), None)
    if found is None:
        raise Http404
    one, row = found
    readings = points_of([row.pk], watch.drawn_since, watch.until)[row.pk]
    alone = Watched(one.spec, (row,), one.newest, tuple(readings), one.counted)
    sides = sides_of(facts)
    card = card_of_row(alone, row, watch, moment_of(facts, watch), sides)
    newest = list(row.readings.order_by("-at")[: MOST_ROWS + 1])
    context: dict[str, Any] = {
        "rollout": facts.deployment,
        "back_url": rollout_url(facts.deployment),
        "card": card,
        "sides": sides,
        "watch": watch,
        "among": in_words(row.segment) if row.segment else "everybody",
        "description": one.spec.description,
        "status": row,
        "rows": rows_of(newest[:MOST_ROWS], is_share=card.what != "ms"),
        "is_cut": len(newest) > MOST_ROWS,
        "events": _events(row),
    }
    name = f"{card.title}{f', {in_words(row.segment)}' if row.segment else ''}"
    crumbs = [*crumbs_of(facts.deployment)[:1], (crumbs_of(facts.deployment)[1][0], context["back_url"])]
    title = f"{name} of {facts.deployment.release} on {facts.channel}"
    return draw(request, "countersign/trigger.html", context, title=title, crumbs=[*crumbs, (name, "")])


def _events(row: TriggerStatus) -> list[Event]:
    rows = Entry.objects.filter(stream=row.stream()).select_related("leaf").order_by("-at", "-id")
    return events_of(rows[:40])


def rows_of(readings: Iterable[TriggerReading], *, is_share: bool) -> list[WindowRow]:
    """Readings as rows of a table."""
    said = percent if is_share else number
    return [
        WindowRow(
            one.at,
            "–" if one.value is None else said(one.value),
            _people(one.subjects),
            "–" if one.control is None else said(one.control),
            _people(one.control_subjects),
            "–" if one.bound is None else said(one.bound),
            "–" if one.limit is None else said(one.limit),
            "–" if one.log_e is None else e_value(one.log_e),
            JUDGED[one.judgement],
        )
        for one in readings
    ]


def _people(count: int | None) -> str:
    return "" if count is None else f"{count:,}".replace(",", " ")

"""The page of a back-test: how a trigger would have gone on past windows. Nothing is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audits.pages.back_test_form import SENT, BackTestForm, unit_of
from audits.pages.frame import draw
from audits.pages.series_plot import Point, SeriesPlot, series_plot
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.errors import GovernanceError
from releases.monitoring.triggers.backtest import Spell
from releases.monitoring.triggers.trying import (
    Tried,
    counted_spec,
    rows_of_csv,
    try_on_rollout,
    try_on_series,
)
from releases.monitoring.triggers.wording import number
from releases.rollouts.models import Deployment

TITLE = "Back-test"
MOST_ROLLOUTS = 100
MOST_ROWS = 500


@dataclass(frozen=True)
class SpellRow:
    """A firing as a line of the table."""

    spell: Spell
    stands: tuple[str, str, str]


def back_test_page(request: HttpRequest) -> HttpResponse:
    """The form, and below it what came of it."""
    rows = Deployment.objects.select_related("channel", "revision__release__system")
    seen = visible_to(rows, actor_from(request)).order_by("-started_at")[:MOST_ROLLOUTS]
    is_sent = request.method == "POST"
    data = (request.POST, request.FILES) if is_sent else (None, None)
    form = BackTestForm(*data, deployments=seen)
    tried = _tried(form) if is_sent else None
    context: dict[str, Any] = {"form": form, **(shown(tried) if tried else {})}
    return draw(request, "countersign/back_test.html", context, title=TITLE, crumbs=[(TITLE, "")])


def _tried(form: BackTestForm) -> Tried | None:
    """What came of it; what keeps it from being tried stands in the form."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    try:
        if given["windows"] == SENT:
            return _on_file(form, given)
        deployment = form.deployments[given["windows"]]
        return try_on_rollout(form.document(), deployment, given["incidents"], at=timezone.now())
    except GovernanceError as error:
        form.add_error(None, f"{error.message} {error.next_step}".strip())
    return None


def _on_file(form: BackTestForm, given: dict[str, Any]) -> Tried:
    rows, document = rows_of_csv(given["file"]), form.document()
    if given["quiet_hours"] and document["kind"] == "quantile":
        spec = counted_spec({**document, "limit": 1.0})
        width = timedelta(seconds=spec.window_seconds)
        count = round(timedelta(hours=given["quiet_hours"]) / width)
        rows.sort(key=lambda row: str(row.get("at", "")))
        quiet = [float(row["value"]) for row in rows[:count] if "value" in row]
        if quiet:
            document["limit"] = float(np.quantile(quiet, 0.99))
        rows = rows[count:]
    return try_on_series(document, rows, given["incidents"])


def shown(tried: Tried) -> dict[str, Any]:
    """What the template draws."""
    false = set(tried.compared.false_alarms)
    known = bool(tried.incidents)
    spells = [SpellRow(one, _stands(known, one in false)) for one in tried.result.spells]
    return {
        "tried": tried,
        "look": _look(tried),
        "plot": _plot(tried),
        "limit": _limit(tried),
        "spells": spells[:MOST_ROWS],
        "missed": tried.compared.missed,
        "steps": tried.result.steps[-MOST_ROWS:],
        "left_out": max(0, len(tried.result.steps) - MOST_ROWS),
        "scale": unit_of(tried.spec)[1],
    }


def _stands(known: bool, is_false: bool) -> tuple[str, str, str]:
    if not known:
        return ("inc", "Fired", "notifications_active")
    return ("fail", "False alarm", "dangerous") if is_false else ("pass", "Known incident", "check_circle")


def _look(tried: Tried) -> tuple[str, str, str]:
    if not tried.result.steps:
        return ("open", "Nothing could be judged", "contrast")
    if not tried.incidents:
        fired = len(tried.result.spells)
        return ("inc", "Fired", "notifications_active") if fired else ("pass", "Quiet", "check_circle")
    if tried.compared.missed or tried.compared.false_alarms:
        return ("inc", "Not perfect", "contrast")
    return ("pass", "All detected, none false", "check_circle")


def _limit(tried: Tried) -> str:
    limits = [
        step.judged.figures.limit for step in tried.result.steps if step.judged.figures.limit is not None
    ]
    if not limits:
        return ""
    unit, scale = unit_of(tried.spec)
    return f"{number(limits[-1] * scale)}{' %' if unit else ''}"


def _plot(tried: Tried) -> SeriesPlot | None:
    points = [
        Point(
            step.judged.at, step.judged.figures.value, step.judged.figures.control, step.judged.figures.limit
        )
        for step in tried.result.steps
    ]
    end = points[-1].at if points else timezone.now()
    fired: Sequence[tuple[datetime, datetime]] = [
        (one.began_at, one.ended_at or end) for one in tried.result.spells
    ]
    known = [
        (one.began_at, one.ended_at)
        for one in (*(incident for incident, _ in tried.compared.detected), *tried.compared.missed)
    ]
    return series_plot(points, known, fired, label=tried.sentence, scale=unit_of(tried.spec)[1])

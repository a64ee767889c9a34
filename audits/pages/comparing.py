"""Two runs of the gate side by side: what came out differently, and which input changed."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from audits.pages.findings import finding_of
from audits.pages.frame import draw
from audits.pages.standing import listed
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from releases.bundles.models import Release
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.queries import evaluation_document
from releases.gates.runs.comparison import SAME, comparison

LOOKS = {"pass": "pass", "fail": "fail", "inconclusive": "inc"}
OFFERED = 50
COLUMNS = (("n", 0), ("estimate", 3), ("bounds", 3), ("limit", 3))


def compare_url(evaluations: Sequence[GateEvaluation]) -> str:
    """The comparison of the newest completed run with the one before; '' where there is none before."""
    completed = [row for row in evaluations if row.status == EvaluationStatus.COMPLETED]
    if len(completed) < 2:
        return ""
    return f"{reverse('admin:evaluation_compare', args=[completed[0].pk])}?with={completed[1].pk}"


def compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; without ``with`` the run is compared with the one of its release before it."""
    actor = actor_from(request)
    now = _run(actor, pk)
    others = _others(actor, now)
    then = _chosen(actor, request.GET.get("with", ""), now, others)
    found = _shown(then, now) if then else None
    name = now.release.name
    context: dict[str, Any] = {
        "found": found,
        "now": finding_of(name, now),
        "then": finding_of(then.release.name, then) if then else None,
        "then_pk": then.pk if then else None,
        "others": [{"pk": row.pk, "label": _label(row)} for row in others],
        **_lead(then, now, found),
    }
    crumbs = [("Releases", admin_url(Release, "changelist"))]
    crumbs += [(name, admin_url(Release, "change", now.release_id)), ("Two runs compared", "")]
    return draw(request, "countersign/compare.html", context, title=f"Runs of {name} compared", crumbs=crumbs)


def _visible(actor: Actor) -> Any:
    rows = GateEvaluation.objects.filter(status=EvaluationStatus.COMPLETED)
    return visible_to(rows.select_related("release__system", "revision", "policy", "progress"), actor)


def _run(actor: Actor, pk: UUID) -> GateEvaluation:
    found: GateEvaluation | None = _visible(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _others(actor: Actor, now: GateEvaluation) -> list[GateEvaluation]:
    """Runs of the same system to choose from: those of the release first, each group by time."""
    rows = _visible(actor).filter(release__system=now.release.system_id).exclude(pk=now.pk)
    newest = list(rows.defer("inputs", "result").order_by("-requested_at")[:OFFERED])
    return sorted(newest, key=lambda row: row.release_id != now.release_id)


def _chosen(
    actor: Actor, given: str, now: GateEvaluation, others: Sequence[GateEvaluation]
) -> GateEvaluation | None:
    if given:
        try:
            return _run(actor, UUID(given))
        except ValueError:
            raise Http404 from None
    own = [row for row in others if row.release_id == now.release_id and row.requested_at < now.requested_at]
    return _run(actor, own[0].pk) if own else None


def _label(row: GateEvaluation) -> str:
    at = f"{row.requested_at:%-d %b %Y, %H:%M} UTC"
    return f"{row.release.name}, revision {row.revision.number}: {row.get_verdict_display().lower()}, {at}"


def _lead(then: GateEvaluation | None, now: GateEvaluation, found: dict[str, Any] | None) -> dict[str, str]:
    if then is None or found is None:
        return {"look": "open", "headline": f"There is no earlier run of {now.release.name}.", "support": ""}
    changed = [one["title"] for one in found["criteria"] if one["change"] != SAME]
    inputs = [f"{one['title'][:1].lower()}{one['title'][1:]}" for one in found["inputs"]]
    look = LOOKS.get(now.verdict, "open")
    if found["same_result"]:
        headline = "The two runs have the same result, digit for digit."
    elif then.verdict == now.verdict:
        headline = f"Both runs say {now.get_verdict_display().lower()}."
    else:
        was, became = then.get_verdict_display().lower(), now.get_verdict_display().lower()
        headline = f"The verdict went from {was} to {became}."
    why = f"Changed since: {listed(inputs)}." if inputs else "No input changed."
    lines = f" Another verdict on: {listed(changed)}." if changed else ""
    return {"look": look, "headline": headline, "support": f"{why}{lines}"}


def _shown(then: GateEvaluation, now: GateEvaluation) -> dict[str, Any]:
    found = comparison(evaluation_document(then), evaluation_document(now))
    inputs = [
        {**one, "then_text": _text(one["then"]), "now_text": _text(one["now"])} for one in found["inputs"]
    ]
    criteria = [_criterion(one) for one in found["criteria"]]
    moved = [one for one in criteria if one["change"] != SAME or one["moved"] or one["asks_changed"]]
    unmoved = [one["title"] for one in criteria if one not in moved]
    return {**found, "inputs": inputs, "criteria": moved, "unmoved": unmoved}


def _criterion(one: dict[str, Any]) -> dict[str, Any]:
    moved = [_line(line) for line in one["strata"] if line["then"] != line["now"]]
    return {**one, **_looks(one), "moved": moved, "unmoved": len(one["strata"]) - len(moved)}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    cells = [
        (name, _cell(line["then"], name, digits), _cell(line["now"], name, digits))
        for name, digits in COLUMNS
    ]
    return {**line, **_looks(line), "cells": cells}


def _looks(one: dict[str, Any]) -> dict[str, str]:
    return {
        f"{side}_look": LOOKS.get(one[side]["verdict"], "open") if one[side] else "open"
        for side in ("then", "now")
    }


def _cell(figures: dict[str, Any] | None, name: str, digits: int) -> str:
    if figures is None:
        return "–"
    if name == "bounds" and figures["lower"] is None and figures["upper"] is None:
        return "–"
    if name == "bounds":
        return f"{_number(figures['lower'], digits)} to {_number(figures['upper'], digits)}"
    return _number(figures[name], digits)


def _number(value: Any, digits: int) -> str:
    return "–" if value is None else f"{float(value):.{digits}f}".replace("-", "−")


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)

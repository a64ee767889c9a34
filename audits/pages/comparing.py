"""Two runs of the gate side by side: what came out differently, and which input changed."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from audits.pages.compared_lines import LOOKS, compared_criteria
from audits.pages.findings import SAYS, finding_of
from audits.pages.frame import draw
from audits.pages.overrides import mark_of
from audits.pages.standing import listed
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from releases.bundles.models import Release
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.overrides.queries import listed_overrides, overrides_said, stands_at
from releases.gates.queries import evaluation_document
from releases.gates.runs.comparison import SAME, comparison

OFFERED = 50


def compare_url(evaluations: Sequence[GateEvaluation]) -> str:
    """The comparison of the newest completed run with the one before; '' where there is none before."""
    completed = [row for row in evaluations if row.status == EvaluationStatus.COMPLETED]
    if len(completed) < 2:
        return ""
    return f"{reverse('admin:evaluation_compare', args=[completed[0].pk])}?with={completed[1].pk}"


def compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; without ``with`` the run is compared with the one of its release before it. The earlier of
    the two stands first, whichever was named."""
    actor = actor_from(request)
    asked = _run(actor, pk)
    others = _others(actor, asked)
    other = _chosen(actor, request.GET.get("with", ""), asked, others)
    earlier = other is None or other.requested_at <= asked.requested_at
    then, now = (other, asked) if other is None or earlier else (asked, other)
    called = _called(then, now)
    found = _shown(then, now) if then else None
    name = asked.release.name
    context: dict[str, Any] = {
        "found": found,
        "sides": [_side(row, name) for row, name in zip((then, now), called, strict=True) if row],
        "called": called,
        "other_pk": other.pk if other else None,
        "others": [{"pk": row.pk, "label": _label(row)} for row in others],
        **_lead(then, now, found),
    }
    crumbs = [("Releases", admin_url(Release, "changelist"))]
    crumbs += [(name, admin_url(Release, "change", asked.release_id)), ("Two runs compared", "")]
    return draw(request, "countersign/compare.html", context, title=f"Runs of {name} compared", crumbs=crumbs)


def _visible(actor: Actor) -> Any:
    rows = GateEvaluation.objects.filter(status=EvaluationStatus.COMPLETED)
    rows = rows.prefetch_related(Prefetch("overrides", queryset=listed_overrides()))
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
    past = [word.lower() for _, word, _ in _marks(row)]
    said = ", ".join([row.get_verdict_display().lower(), *past])
    return f"{row.release.name}, revision {row.revision.number}: {said}, {at}"


def _marks(row: GateEvaluation) -> list[tuple[str, str, str]]:
    """The newest override of the run as a chip, if it has one."""
    at = timezone.now()
    return [mark_of(one, stands_at(one, at)) for one in list(row.overrides.all())[:1]]


def _side(row: GateEvaluation, called: str) -> dict[str, Any]:
    """One of the two runs: the verdict, and what goes past it."""
    return {
        "called": called,
        "finding": finding_of(row.release.name, row),
        "marks": _marks(row),
        "past": [f"{row.release.name}: {one['sentence']}." for one in overrides_said(row)[:1]],
    }


def _called(then: GateEvaluation | None, now: GateEvaluation) -> tuple[str, str]:
    """What tells the two apart: the releases, else the revisions, else the time."""
    if then is None or then.revision_id == now.revision_id:
        return "Then", "Now"
    if then.release_id == now.release_id:
        return f"Revision {then.revision.number}", f"Revision {now.revision.number}"
    return then.release.name, now.release.name


def _lead(then: GateEvaluation | None, now: GateEvaluation, found: dict[str, Any] | None) -> dict[str, str]:
    if then is None or found is None:
        return {"look": "open", "headline": f"There is no earlier run of {now.release.name}.", "support": ""}
    changed = [one["title"] for one in found["criteria"] if one["change"] != SAME]
    inputs = [f"{one['title'][:1].lower()}{one['title'][1:]}" for one in found["inputs"]]
    since = "Changed since" if then.release_id == now.release_id else "What differs"
    why = f"{since}: {listed(inputs)}." if inputs else "No input changed."
    lines = f" Another verdict on: {listed(changed)}." if changed else ""
    headline = _headline(then, now, same=found["same_result"])
    return {"look": LOOKS.get(now.verdict, "open"), "headline": headline, "support": f"{why}{lines}"}


def _headline(then: GateEvaluation, now: GateEvaluation, *, same: bool) -> str:
    if same:
        return "The two runs have the same result, digit for digit."
    if then.verdict == now.verdict:
        return f"Both runs say {now.get_verdict_display().lower()}."
    if then.release_id != now.release_id:
        return f"{now.release.name} {SAYS[now.verdict]}; {then.release.name} {SAYS[then.verdict]}."
    was, became = then.get_verdict_display().lower(), now.get_verdict_display().lower()
    return f"The verdict went from {was} to {became}."


def _shown(then: GateEvaluation, now: GateEvaluation) -> dict[str, Any]:
    found = comparison(evaluation_document(then), evaluation_document(now))
    inputs = [
        {**one, "then_text": _text(one["then"]), "now_text": _text(one["now"])} for one in found["inputs"]
    ]
    criteria, unmoved = compared_criteria(found)
    return {**found, "inputs": inputs, "criteria": criteria, "unmoved": unmoved}


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)

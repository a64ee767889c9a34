"""The report in a dossier: one file that reads and prints by itself, with the same pictures as the brief.

It is for people; what can be checked stands in the other files. Light colours only, no scripts, no links into
the installation, nothing loaded from anywhere.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from audits.answers.release_answers import answers_of
from audits.dossiers.contents import Reported
from audits.dossiers.models import DossierKind
from audits.pages.evidence import decides, lines_of, worst_first
from audits.pages.findings import finding_of
from audits.pages.forest import difference_forest, rate_forest, unit_forests
from audits.pages.pictures import pictures_of
from audits.pages.plans import card_rows, plan_rows
from governance.ledger.events import EVENTS
from governance.ledger.models import Entry
from releases.bundles.models import Revision
from releases.gates.models import EvaluationStatus, GateEvaluation

STYLES = Path(__file__).parents[1] / "static" / "countersign" / "countersign.css"
NEUTRALS = {
    "50": "#f9fafb",
    "100": "#f3f4f6",
    "200": "#e5e7eb",
    "300": "#d1d5db",
    "400": "#9ca3af",
    "500": "#6b7280",
    "600": "#4b5563",
    "700": "#374151",
    "800": "#1f2937",
    "900": "#111827",
    "950": "#030712",
}
LINKED = re.compile(r"<a\b[^>]*>(.*?)</a>", re.DOTALL)
COPIED = re.compile(r'<button type="button" class="cs-copy"[^>]*>.*?</button>', re.DOTALL)
ICON = re.compile(r'<span class="cs-icon"[^>]*>[^<]*</span>')


def report_of(reported: Reported) -> bytes:
    """The report."""
    dossier, revision = reported.dossier, reported.revision
    context: dict[str, Any] = {
        "dossier": dossier,
        "about": reported.about,
        "at": reported.at,
        "revision": revision,
        "trace": reported.trace,
        "is_period": dossier.kind == DossierKind.PERIOD,
        "entries": [_told(entry) for entry in reported.entries],
        "partial": [one for one in reported.about["streams"] if not one["whole"]],
        "styles": _styles(),
    }
    if revision is not None:
        context |= {
            "answers": answers_of(reported.reader, revision).answers,
            "card": card_rows(revision),
            "plan": plan_rows(revision),
            **_gate(revision, _run(reported, revision)),
        }
    return standing_alone(render_to_string("countersign/dossier_report.html", context)).encode()


def standing_alone(html: str) -> str:
    """Without what works inside the installation only: links, buttons, letters of its icon font."""
    for pattern, kept in ((COPIED, ""), (ICON, ""), (LINKED, r"\1")):
        html = pattern.sub(kept, html)
    return html


def _run(reported: Reported, revision: Revision) -> GateEvaluation | None:
    """The run that a decision rests on; of a release the newest that has ended."""
    rows = revision.evaluations.filter(status=EvaluationStatus.COMPLETED).select_related("policy", "release")
    if reported.trace is not None:
        named = reported.trace.get("evaluation") or {}
        return rows.filter(id__in=[named["id"]]).first() if named else None
    return rows.order_by("-ended_at", "-id").first()


def _gate(revision: Revision, run: GateEvaluation | None) -> dict[str, Any]:
    found = finding_of(revision.release.name, run)
    if run is None:
        return {"finding": found}
    lines = lines_of(run.result)
    return {
        "finding": found,
        "evaluation": run,
        "differences": difference_forest(lines),
        "rates": rate_forest(lines),
        "unit_panels": unit_forests(lines),
        "pictures": pictures_of(run, revision.release.name, lines, found.worst),
        "criteria": [{**one, "decides": decides(one)} for one in run.result.get("criteria", [])],
        "evidence": worst_first(lines),
    }


def _told(entry: Entry) -> dict[str, Any]:
    """A row of the list of entries."""
    document = entry.document
    event = EVENTS.get(document["type"])
    behalf = document["on_behalf_of"]
    return {
        "index": entry.leaf.index,
        "at": entry.at,
        "title": event.title if event else document["type"],
        "who": document["actor"]["username"] + (f" for {behalf['username']}" if behalf else ""),
        "stream": entry.stream.partition(":")[::2],
        "reason": document["reason"] or "",
        "is_refusal": document["type"] == "verb.refused",
        "simulated": bool(document.get("simulated")),
    }


@lru_cache(maxsize=1)
def _styles() -> str:
    """The product's stylesheet with its light colours."""
    accents: dict[str, str] = settings.UNFOLD["COLORS"]["primary"]
    return f":root{{{_colours('base', NEUTRALS)}{_colours('primary', accents)}}}\n{STYLES.read_text()}"


def _colours(name: str, shades: dict[str, str]) -> str:
    return "".join(f"--color-{name}-{shade}:{colour};" for shade, colour in shades.items())

"""The report of drift: how a release was watched after its launch, by whom, with which figures (S25)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from audits.answers.drift_report import DriftReport, drift_report, launched_revision
from audits.pages.drift_rows import channels_of
from audits.pages.frame import draw
from audits.pages.standing import listed
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from releases.bundles.models import Release, Revision
from releases.monitoring.drift.figures import moved_in, nothing_in_words
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.wording import standing


def drift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a release; ``?revision=`` names one by number."""
    actor = actor_from(request)
    release = visible_to(Release.objects.select_related("system"), actor).filter(pk=pk).first()
    if release is None:
        raise Http404
    revision = launched_revision(actor, _asked(request, release))
    if revision is None:
        raise Http404
    report = drift_report(actor, revision)
    context: dict[str, Any] = {
        "report": report,
        "release": release,
        "release_url": f"{admin_url(Release, 'change', release.pk)}?revision={revision.number}",
        "look": _look(report),
        "chip": _chip(report),
        "reviews": [_review(one, report) for one in report.reviews],
        "channels": channels_of(report.figures) if report.figures else [],
        "last": report.done[-1] if report.done else None,
        "others": _others(release, revision),
    }
    crumbs = [
        ("Releases", admin_url(Release, "changelist")),
        (release.name, context["release_url"]),
        ("Drift after launch", ""),
    ]
    title = f"Drift of {release.name} after launch"
    return draw(request, "countersign/drift_report.html", context, title=title, crumbs=crumbs)


def _asked(request: HttpRequest, release: Release) -> Any:
    rows = Revision.objects.filter(release=release).select_related("release__system")
    number = request.GET.get("revision", "")
    if number.isascii() and number.isdecimal() and len(number) < 7:
        return rows.filter(number=int(number))
    return rows


def _look(report: DriftReport) -> str:
    return _chip(report)[0]


def _chip(report: DriftReport) -> tuple[str, str, str]:
    if report.overdue:
        return ("fail", "Review overdue", "schedule")
    if report.done and not report.done[-1].acceptable:
        return ("fail", "Not acceptable", "dangerous")
    if not report.launches:
        return ("open", "Not launched", "hourglass_empty")
    if not any(one.is_live for one in report.launches):
        return ("void", "Live nowhere", "block")
    if report.done and moved_in(report.done[-1].figures or {}):
        return ("inc", "Something moved", "contrast")
    return ("pass", "Watched", "check_circle") if report.done else ("open", "Not reviewed yet", "event")


def _review(one: DriftReview, report: DriftReport) -> dict[str, Any]:
    """A line of the calendar."""
    moved = moved_in(one.figures or {})
    found = ""
    if one.reviewed_at is not None:
        found = f"{listed(moved)} moved" if moved else nothing_in_words(one.figures or {})
    return {
        "review": one,
        "url": admin_url(DriftReview, "change", one.pk),
        "stands": standing(one, report.at),
        "found": found,
    }


def _others(release: Release, shown: Revision) -> list[Mapping[str, Any]]:
    """Other revisions of the release that were launched."""
    rows = release.revisions.filter(deployments__isnull=False).exclude(pk=shown.pk).distinct()
    base = reverse("admin:drift_report", args=[release.pk])
    return [
        {"number": number, "url": f"{base}?revision={number}"}
        for number in rows.order_by("number").values_list("number", flat=True)
    ]

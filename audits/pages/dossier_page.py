"""A dossier's page: how far it is, where to fetch it, how to check it without this installation."""

import shlex
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from audits.dossiers.archive import read_listing
from audits.dossiers.downloading import DossiersBusy, archive_response, file_name
from audits.dossiers.models import Dossier, DossierKind, DossierStatus
from audits.dossiers.queries import dossiers_visible_to
from governance.access.admin_base import admin_url
from governance.access.admin_parts import events_of_streams
from governance.access.requests import actor_from
from governance.errors import GovernanceError
from governance.ledger.models import Blob
from releases.bundles.models import Release

LOOKS = {
    DossierStatus.REQUESTED: ("open", "hourglass_empty"),
    DossierStatus.ISSUED: ("open", "progress_activity"),
    DossierStatus.COMPLETED: ("pass", "verified_user"),
    DossierStatus.FAILED: ("fail", "error"),
}
STEPS = (
    (DossierStatus.REQUESTED, "Asked for"),
    (DossierStatus.ISSUED, "Contents fixed"),
    (DossierStatus.COMPLETED, "Signed and ready"),
)
SAYS = {
    DossierStatus.REQUESTED: "A worker puts it together. This takes seconds; the page updates by itself.",
    DossierStatus.ISSUED: "Its contents are fixed. It waits for a signed checkpoint that covers them; the "
    "page updates by itself.",
    DossierStatus.COMPLETED: "It can be checked with Python alone, without this installation and without "
    "trusting it.",
    DossierStatus.FAILED: "It was not made.",
}


def dossier_context(dossier: Dossier) -> dict[str, Any]:
    """All that the page shows."""
    status, files = DossierStatus(dossier.status), _files(dossier)
    return {
        "dossier": dossier,
        "look": LOOKS[status],
        "says": SAYS[status],
        "steps": _steps(status),
        "about_url": _about_url(dossier),
        "file_name": shlex.quote(file_name(dossier)),
        "files": [name for name in files if not name.startswith(("blobs/", "attestations/"))],
        "script_digest": files.get("verify.py", "").removeprefix("sha256:"),
        "now_url": reverse("admin:dossier_now", args=[dossier.pk]),
        "download_url": reverse("admin:dossier_download", args=[dossier.pk]),
        "events": events_of_streams([dossier.stream()]),
    }


def _steps(status: DossierStatus) -> list[tuple[str, str]]:
    """Each step with how it looks: done, here, failed, or still to do."""
    order = [one for one, _ in STEPS]
    if status == DossierStatus.FAILED:
        return [("done", STEPS[0][1]), ("failed", "Not made")]
    here = order.index(status)
    looks = ["done" if at <= here else "here" if at == here + 1 else "todo" for at in range(len(order))]
    return [(look, title) for look, (_, title) in zip(looks, STEPS, strict=True)]


def _about_url(dossier: Dossier) -> str:
    if dossier.kind == DossierKind.DECISION:
        return f"{reverse('admin:decision_search')}?id={dossier.decision}"
    return admin_url(Release, "change", dossier.release_id) if dossier.release_id else ""


def _files(dossier: Dossier) -> dict[str, str]:
    """Digests of what was fixed, by name."""
    kept = Blob.objects.filter(digest=dossier.contents_digest).first() if dossier.contents_digest else None
    return read_listing(bytes(kept.bytes)) if kept else {}


def dossier_now(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asked every other second while something still happens; then the page is read anew."""
    dossier = _visible(request, pk)
    if not dossier.is_on_its_way:
        return HttpResponse(status=286, headers={"HX-Refresh": "true"})
    return TemplateResponse(request, "countersign/dossier_now.html", dossier_context(dossier))


def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The archive."""
    try:
        return archive_response(request, _visible(request, pk))
    except GovernanceError as refusal:
        said = f"{refusal.message} {refusal.next_step}".strip()
        headers = refusal.headers if isinstance(refusal, DossiersBusy) else {}
        return HttpResponse(
            said, status=refusal.status, content_type="text/plain; charset=utf-8", headers=headers
        )


def _visible(request: HttpRequest, pk: UUID) -> Dossier:
    found = dossiers_visible_to(actor_from(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found

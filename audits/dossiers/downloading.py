"""A dossier's archive as an answer over HTTP: few are made at once, and none for whoever has it already."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from audits.dossiers.models import Dossier
from audits.dossiers.packing import DossierNotReady, stored_archive
from governance.background.locks import one_of_locks
from governance.errors import GovernanceError

AT_ONCE = 2
"""In the whole installation: each is put together in memory, some of them of a hundred megabytes and more."""

ARCHIVE_TYPE = "application/zip"


class DossiersBusy(GovernanceError):
    """As many archives as may be are being made just now."""

    code = "dossiers_busy"
    status = 503
    title = "Other dossiers are being fetched"
    next_step = "Ask again after as many seconds as Retry-After says."
    headers = {"Retry-After": "3"}


def archive_response(request: HttpRequest | Request, dossier: Dossier) -> HttpResponseBase:
    """The archive as a file; 304 for whoever names its digest, and headers alone for HEAD.

    Raises:
        DossierNotReady, DossierDamaged, DossiersBusy
    """
    if not dossier.archive_digest:
        raise DossierNotReady(f"The dossier is in the state {dossier.get_status_display().lower()!r}.")
    tag = f'"{dossier.archive_digest}"'
    # A request of the framework answers for the one that it wraps.
    known = get_conditional_response(request, etag=tag)
    if known is None:
        answer: HttpResponseBase = HttpResponse(_archive(request, dossier), content_type=ARCHIVE_TYPE)
        answer.headers["Content-Disposition"] = f'attachment; filename="{file_name(dossier)}"'
        answer.headers["Content-Length"] = str(dossier.archive_bytes)
    else:
        answer = known
    answer.headers["ETag"] = tag
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _archive(request: HttpRequest | Request, dossier: Dossier) -> bytes:
    if request.method == "HEAD":
        return b""
    with one_of_locks("dossier:download", AT_ONCE) as held:
        if not held:
            raise DossiersBusy(f"{AT_ONCE} dossiers are being put together for others just now.")
        return stored_archive(dossier)


def file_name(dossier: Dossier) -> str:
    """A name that tells what it is about and when it was made."""
    about = dossier.subject.get("release", {}).get("name") or dossier.kind
    made = f"-{dossier.completed_at:%Y%m%dT%H%M%SZ}" if dossier.completed_at else ""
    return f"dossier-{about}{made}.zip"

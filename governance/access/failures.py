"""The answer where something broke on our side: 503 while the database is away or full, else 500.

Both say that nothing was half done, which is so: each act is one transaction. A page for people, problem
details for programs, and for both the wait after which asking again makes sense.
"""

import json
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from governance.access.problems import CONTENT_TYPE, problem

PROGRAMS = ("/api/", "/ofrep/")
AWAY = ("08", "53", "57")
"""Classes of SQLSTATE: no connection, no room or memory left, ended or stopped by the server."""

RETRY_AFTER_SECONDS = 5


def is_away(error: BaseException | None) -> bool:
    """Whether the database could not be asked at all, rather than having refused what it was asked."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None)
    # The driver has no SQLSTATE where the connection broke or never came about.
    return isinstance(error, OperationalError) and (state is None or state[:2] in AWAY)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of what no view has caught; called while that is being handled."""
    away = is_away(sys.exc_info()[1])
    status = 503 if away else 500
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if away else {}
    if not request.path_info.startswith(PROGRAMS):
        return HttpResponse(render_to_string(f"{status}.html"), status=status, headers=headers)
    body = problem(
        code="database_away" if away else "internal_error",
        status_code=status,
        title="The database does not answer" if away else "Something is broken on our side",
        detail="What was asked was done whole or not at all.",
        next_step=(
            "Ask again in a few seconds; with the same Idempotency-Key nothing is done twice."
            if away
            else "Look at the object before you ask again; tell the operator the time and X-Request-ID."
        ),
        errors=[],
    ).data
    return HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE, headers=headers)

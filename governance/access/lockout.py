"""What a client sees after too many wrong passwords: a page in the browser, problem details in the API."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from governance.access.problems import CONTENT_TYPE, problem

API_PREFIX = "/api/"


def locked_out(request: HttpRequest, response: Any, credentials: Any) -> HttpResponse:
    """The answer to every attempt during a lockout; it does not tell whether the password was right."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = f"Too many wrong passwords for this name from this address. Try again in {minutes} minutes."
    headers = {"Retry-After": str(minutes * 60)}
    if not request.path_info.startswith(API_PREFIX):
        return HttpResponse(detail, status=429, content_type="text/plain; charset=utf-8", headers=headers)
    body = problem(
        code="locked_out",
        status_code=429,
        title="Locked out",
        detail=detail,
        next_step="Wait, then try again; an administrator can set a new password.",
        errors=[],
    ).data
    return HttpResponse(json.dumps(body), status=429, content_type=CONTENT_TYPE, headers=headers)

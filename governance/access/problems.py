"""Errors as RFC 9457 problem details: one translation for everything a client can meet."""

from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from governance.errors import GovernanceError

CONTENT_TYPE = "application/problem+json"

NEXT_STEPS = {
    "parse_error": "Send well-formed JSON, or multipart where the endpoint takes files.",
    "not_authenticated": "Send a token as 'Authorization: Bearer …', or sign in.",
    "authentication_failed": "Ask for a new token; this one is unknown, expired or revoked.",
    "permission_denied": "Ask an administrator for a grant of a role that carries this permission.",
    "not_found": "Check the id, and that you have a grant on its system or channel.",
    "method_not_allowed": "See /api/docs/ for the methods of this address.",
    "unsupported_media_type": "Send application/json, or multipart/form-data where files are taken.",
    "throttled": "Wait as long as Retry-After says.",
    "invalid": "Correct the named fields and send the request again.",
}

TITLES = {
    "method_not_allowed": "Method not allowed",
    "unsupported_media_type": "Unsupported media type",
}
"""Where the framework's own words hold a placeholder."""


def problem(
    *,
    code: str,
    status_code: int,
    title: str,
    detail: str,
    next_step: str,
    errors: list[dict[str, str]],
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document: ``{type, title, status, detail, code, errors, next_step}``."""
    body = {
        "type": f"urn:countersign:problem:{code}",
        "title": title,
        "status": status_code,
        "detail": detail,
        "code": code,
        "errors": errors,
        "next_step": next_step,
    }
    return Response(body, status=status_code, content_type=CONTENT_TYPE, headers=headers)


def _inside(path: str, key: object) -> str:
    """The path of a field, or of an item: a list field names its bad items by number."""
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".strip(".")


def _flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            error
            for key, item in detail.items()
            for error in _flatten(item, path if key == "non_field_errors" else _inside(path, key))
        ]
    if isinstance(detail, list):
        flat: list[dict[str, str]] = []
        for index, item in enumerate(detail):
            nested = isinstance(item, dict | list)
            flat += _flatten(item, f"{path}[{index}]" if nested else path)
        return flat
    return [{"field": path, "message": str(detail)}]


def _from_governance(error: GovernanceError) -> Response:
    return problem(
        code=error.code,
        status_code=error.status,
        title=error.title,
        detail=error.message,
        next_step=error.next_step,
        errors=[{"field": item.field, "message": item.message} for item in error.field_errors],
    )


def _from_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]  # set by DRF's handler on 401
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    validation = isinstance(error, exceptions.ValidationError)
    code = "invalid" if validation else str(error.default_code)
    errors = _flatten(error.detail) if validation else []
    said = [f"{item['field']}: {item['message']}".strip(": ") for item in errors]
    detail = "; ".join([*(one.removesuffix(".") for one in said[:-1]), *said[-1:]])
    return problem(
        code="invalid_input" if validation else code,
        status_code=error.status_code,
        title=TITLES.get(code, str(error.default_detail).rstrip(".")),
        detail=detail or str(error.detail),
        next_step=NEXT_STEPS.get(code, "See /api/docs/."),
        errors=errors,
        headers=headers,
    )


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What is not translated here is a defect and stays a 500."""
    if isinstance(error, GovernanceError):
        return _from_governance(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return problem(
            code="too_large",
            status_code=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
            title="The request is too large",
            detail="Bodies may have at most 10 MB, except files of scores.",
            next_step="Send less at once.",
            errors=[],
        )
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError(str(error))
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    return _from_framework(error)

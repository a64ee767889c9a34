"""How the interface's own parts stand in the OpenAPI document; imported by the app's ``api`` module."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from governance.access.problems import CONTENT_TYPE

OPERATIONS = {"get", "post", "put", "patch", "delete"}
TEXT = {"type": "string"}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457): what is wrong, with a stable code and the next step.",
    "required": ["type", "title", "status", "detail", "code", "errors", "next_step"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:countersign:problem:invalid_input"]},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": TEXT, "message": TEXT},
            },
        },
        "next_step": TEXT,
    },
}
EVERYWHERE = {
    "400": "The request itself cannot be taken; errors name the fields.",
    "401": "Nobody is signed in, or the token is unknown, expired or revoked.",
    "403": "No grant in force, or no scope of the token, allows this.",
    "404": "No such object, or none that you may see.",
    "4XX": "Any other refusal, in the same form.",
}
WRITING = {"409": "The state of the object refuses this, or the Idempotency-Key stands for another request."}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registered by drf-spectacular's metaclass hook
    """How the token stands in the OpenAPI document."""

    target_class = "governance.access.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registered by drf-spectacular's metaclass hook
    """The browser's session, with its CSRF token on writes."""

    target_class = "governance.access.authentication.SessionWithCsrf"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def document_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook: every operation answers refusals as problem details, writes take a key."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for item in result["paths"].values():
        for method in OPERATIONS & set(item):
            refusals = EVERYWHERE if method == "get" else {**EVERYWHERE, **WRITING}
            for code, description in refusals.items():
                item[method]["responses"].setdefault(code, {"description": description, "content": content})
            if method == "post":
                item[method].setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    return result


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same key with the same request changes things once and answers the same object.",
}

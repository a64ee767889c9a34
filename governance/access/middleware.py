"""Middleware: a request id on every answer, grants asked once by what only reads, the time of signing in."""

from collections.abc import Callable
from contextlib import nullcontext

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from governance.access.queries import reading
from governance.access.requests import PROVED_AT, prove_identity, request_id_of

SAFE = frozenset({"GET", "HEAD"})


class ActorMiddleware:
    """Names each request, asks a reader's grants once, and notes when a new session proved its person.

    A session without the note is one that has just signed in: signing in is the only way to get one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identifier = request_id_of(request)
        with reading() if request.method in SAFE else nullcontext():
            response = self.get_response(request)
        # Not request.user: a token names an account too, and has no session that could have proved anything.
        if SESSION_KEY in request.session and PROVED_AT not in request.session:
            prove_identity(request)
        response["X-Request-ID"] = identifier
        return response

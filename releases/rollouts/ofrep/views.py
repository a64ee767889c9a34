"""What is live, asked through the OpenFeature Remote Evaluation Protocol (OFREP 0.3.0): one flag, or all.

The flag's key is a system's slug; the context names the subject (``targetingKey``) and the channel. Asking
changes and records nothing. Where nothing is live the answer is a success without ``value`` (the protocol's
code default): the client uses its own. On every refusal it does too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.cache import patch_cache_control
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access.authentication import BearerWithGrants, SessionWithCsrf
from governance.access.callers import Caller
from governance.access.parsing import StrictJSONParser
from governance.access.queries import reading
from governance.access.rates import PerAccount
from governance.access.requests import actor_from
from governance.access.roles import Permission, roles_with
from governance.actors import Actor
from governance.errors import InvalidInput
from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from releases.rollouts.ofrep.protocol import EvaluationRefused, context_of, subject_of
from releases.rollouts.ofrep.reaching import served_channel, served_channels

ASKING = roles_with(Permission.EVALUATE_FLAGS)


@contextmanager
def asking(request: Request) -> Iterator[Actor]:
    """The actor, with the grants that came with its token, while its question is answered."""
    actor = actor_from(request)
    caller: Caller | None = getattr(request, "caller", None)
    with reading({(caller.token.account_id, ASKING): caller.reach(ASKING)} if caller else None):
        yield actor


class FlagRate(PerAccount):
    """How often one account may ask, over single and bulk evaluation together."""

    name = "flags"


class EvaluationView(APIView):
    """Refusals have the protocol's form, not problem details; who may not ask at all gets those."""

    authentication_classes = (BearerWithGrants, SessionWithCsrf)
    parser_classes = (StrictJSONParser,)
    throttle_classes = (FlagRate,)
    schema = None

    def handle_exception(self, exc: Exception) -> Response:
        """Refusals of the protocol in its own form."""
        if isinstance(exc, ParseError | InvalidInput):
            exc = EvaluationRefused("PARSE_ERROR", str(exc))
        if not isinstance(exc, EvaluationRefused):
            return super().handle_exception(exc)
        named = {"key": self.kwargs["key"]} if "key" in self.kwargs else {}
        body = {**named, "errorCode": exc.error_code, "errorDetails": exc.message}
        return Response(body, status=exc.status)


class FlagEvaluationView(EvaluationView):
    """``POST /ofrep/v1/evaluate/flags/{key}``"""

    def post(self, request: Request, key: str) -> Response:
        """What is live on the context's channel for the context's subject."""
        with asking(request) as actor:
            context = context_of(request.data)
            channel = served_channel(actor, key, context.get("channel"))
            return Response(channel.answer(subject_of(context)))


class BulkEvaluationView(EvaluationView):
    """``POST /ofrep/v1/evaluate/flags``"""

    def post(self, request: Request) -> Response:
        """What is live on the context's channel of every system that the caller may ask about.

        The answer's ETag is the digest of the answer; sent back as If-None-Match it spares the body while
        nothing that concerns this subject has changed.
        """
        with asking(request) as actor:
            context = context_of(request.data)
            channels = served_channels(actor, context.get("channel"))
            subject = subject_of(context)
            answer: dict[str, Any] = {"flags": [channel.answer(subject) for channel in channels]}
        tag = f'"{digest_of_bytes(canonical_bytes(answer))}"'
        same = tag in _tags(request.headers.get("If-None-Match", ""))
        response = Response(status=status.HTTP_304_NOT_MODIFIED) if same else Response(answer)
        response.headers["ETag"] = tag
        patch_cache_control(response, private=True, no_cache=True)
        return response


def _tags(header: str) -> set[str]:
    """The tags of an If-None-Match, of which weak ones are as good as strong ones (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}

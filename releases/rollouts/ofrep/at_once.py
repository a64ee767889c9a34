"""The short way to an answer: token, grants and what is open, in one query and with no framework between.

Decision services ask many times a second, and nearly always there is an answer. Whatever has none (a token
that does not hold, a channel out of reach, a body that cannot be read, a call too many) is left to the long
way of :mod:`releases.rollouts.ofrep.views`, which says why; nothing is refused here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import ParseError

from governance.access.authentication import note_use
from governance.access.callers import MAY_ACT, TOKENS
from governance.access.parsing import parse_json
from governance.access.roles import SCOPE_OF, Permission
from governance.access.services import hash_token
from governance.errors import GovernanceError
from governance.prepared import first_row
from governance.registry.models import NAME, SLUG
from releases.rollouts.ofrep.protocol import context_of, subject_of
from releases.rollouts.ofrep.serving import WAITS, Open, answer_on
from releases.rollouts.ofrep.views import ASKING, FlagRate

LARGEST = 64 * 1024
_ASKED = f"""
SELECT token.id, used.last_used_at, account.id, assignment.id, leaf.index, {WAITS}
FROM {TOKENS}
JOIN governance_channel AS channel ON channel.name = %(channel)s
JOIN governance_system AS system ON system.id = channel.system_id AND system.slug = %(key)s
LEFT JOIN releases_assignment AS assignment
       ON assignment.channel_id = channel.id AND upper_inf(assignment.period)
LEFT JOIN leaf ON leaf.entry_id = assignment.entry_id
WHERE {MAY_ACT}
"""  # noqa: S608 - constants of ours
ROLES = sorted(ASKING)
COMPACT = {"separators": (",", ":"), "ensure_ascii": False}

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Question:
    """What a well-formed request asks."""

    secret_hash: str
    key: str
    channel: str
    subject: str


def at_once(long_way: View) -> View:
    """The view of single evaluation: the short way, and the long one where that ends."""

    def view(request: HttpRequest, key: str) -> HttpResponseBase:
        """What is live on the context's channel for the context's subject."""
        return _answer(request, key) or long_way(request, key=key)

    view.csrf_exempt = True  # type: ignore[attr-defined]  # only a token is looked at; the long way checks
    return view


def _answer(request: HttpRequest, key: str) -> HttpResponse | None:
    question = _question(request, key)
    if question is None:
        return None
    now = timezone.now()
    row = row_of(question, now)
    if row is None:
        return None
    token, last_used_at, account, *standing = row
    if not FlagRate().allows(account):
        return None
    note_use(token, last_used_at, now)
    answer = answer_on(question.key, question.channel, Open(*standing), question.subject)
    return JsonResponse(answer, json_dumps_params=COMPACT)


def row_of(question: Question, now: datetime) -> tuple[Any, ...] | None:
    """What is open on the channel, beside whoever asks; None unless that account may ask there at ``now``."""
    return first_row(
        _ASKED,
        {
            "channel": question.channel,
            "key": question.key,
            "now": now,
            "roles": ROLES,
            "scope": SCOPE_OF[Permission.EVALUATE_FLAGS],
            "secret_hash": question.secret_hash,
        },
    )


def _question(request: HttpRequest, key: str) -> Question | None:
    """What is asked, if that can be read."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if request.method != "POST" or request.content_type != "application/json" or scheme != "Bearer":
        return None
    try:
        if not 0 < int(request.META.get("CONTENT_LENGTH") or 0) <= LARGEST:
            return None
        context = context_of(parse_json(request.body))
        channel = context.get("channel")
        SLUG(key)
        NAME(channel)
        if not isinstance(channel, str):
            return None
        return Question(hash_token(secret), key, channel, subject_of(context))
    except (ParseError, GovernanceError, ValidationError, ValueError):
        return None

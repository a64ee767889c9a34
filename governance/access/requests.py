"""From a request to the Actor that its services are called with."""

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from governance.access.models import Account, AccountKind
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.errors import GovernanceError
from governance.identifiers import new_id

PROVED_AT = "countersign_proved_at"
MFA = "countersign_mfa"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class SignInNeeded(GovernanceError):
    """Nobody is signed in."""

    code = "sign_in_needed"
    status = 401
    title = "Sign in first"
    next_step = "Sign in, or send a token as 'Authorization: Bearer …'."


def request_id_of(request: HttpRequest) -> str:
    """The caller's ``X-Request-ID`` if it is well formed, else a new one; the same for one request."""
    known: str | None = getattr(request, "countersign_request_id", None)
    if known is None:
        sent = request.headers.get("X-Request-ID", "")
        known = sent if REQUEST_ID.fullmatch(sent) else str(new_id())
        request.countersign_request_id = known  # type: ignore[attr-defined]  # kept on the request, its natural owner
    return known


def prove_identity(request: HttpRequest, *, mfa: bool = False) -> None:
    """Remember in the session that the person has just proved who they are."""
    request.session[PROVED_AT] = timezone.now().isoformat()
    request.session[MFA] = mfa


def _session_authentication(request: HttpRequest) -> Authentication:
    proved = request.session.get(PROVED_AT)
    return Authentication(
        AuthMethod.SESSION,
        mfa=bool(request.session.get(MFA)),
        proved_at=datetime.fromisoformat(proved) if proved else None,
    )


def actor_from(request: Any) -> Actor:
    """The actor behind a Django or DRF request.

    Raises:
        SignInNeeded: the request carries neither a session nor a token.
    """
    account = request.user
    if not isinstance(account, Account) or not account.is_active:
        raise SignInNeeded("The request names no account.")
    auth = getattr(request, "auth", None)
    http_request = getattr(request, "_request", request)
    return Actor(
        ActorKind.SERVICE if account.kind == AccountKind.SERVICE else ActorKind.USER,
        account.username,
        auth if isinstance(auth, Authentication) else _session_authentication(http_request),
        id=account.id,
        request_id=request_id_of(http_request),
    )

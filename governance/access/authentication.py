"""How a request says who sends it: a bearer token, or a signed-in session with its CSRF token.

DRF loads this module while it starts, so it imports nothing of DRF's views.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from governance.access.callers import Caller, caller_of
from governance.access.models import Account, ApiToken, TokenUse
from governance.access.services import hash_token
from governance.actors import Authentication, AuthMethod

NOTED_EVERY = timedelta(minutes=1)


class BearerAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <token>``: looked up by hash, valid, of an active account."""

    def authenticate(self, request: Request) -> tuple[Account, Authentication] | None:
        """The token's account, and what the token proves; None where the request carries none."""
        digest = _digest(request)
        if digest is None:
            return None
        now = timezone.now()
        tokens = ApiToken.objects.select_related("account", "use").order_by()
        token = _checked(tokens.filter(secret_hash=digest).first(), now)
        use: TokenUse | None = getattr(token, "use", None)
        note_use(token.id, use.last_used_at if use else None, now)
        return token.account, _proof(token)

    def authenticate_header(self, request: Request) -> str:
        """For WWW-Authenticate."""
        return "Bearer"


class BearerWithGrants(BearerAuthentication):
    """The same answer in one query, which also brings the account's grants; for addresses that are asked
    all the time and only read. The view finds them as ``request.caller``.
    """

    def authenticate(self, request: Request) -> tuple[Account, Authentication] | None:
        """As above."""
        digest = _digest(request)
        if digest is None:
            return None
        now = timezone.now()
        caller: Caller | None = caller_of(digest, now)
        token = _checked(caller.token if caller else None, now)
        assert caller is not None
        note_use(token.id, caller.last_used_at, now)
        request.caller = caller  # type: ignore[attr-defined]  # kept on the request, its natural owner
        return token.account, _proof(token)


def _digest(request: Request) -> str | None:
    """The hash of the token that the request carries, if it carries one."""
    header = authentication.get_authorization_header(request).split()
    if not header or header[0].lower() != b"bearer":
        return None
    if len(header) != 2:
        raise exceptions.AuthenticationFailed("The Authorization header is not 'Bearer <token>'.")
    return hash_token(header[1].decode(errors="replace"))


def _checked(token: ApiToken | None, now: datetime) -> ApiToken:
    if token is None or not token.is_valid(now) or not token.account.is_active:
        raise exceptions.AuthenticationFailed("The token is unknown, expired or revoked.")
    return token


def note_use(token_id: UUID, last: datetime | None, now: datetime) -> None:
    """Remember that the token is in use, to the minute: a busy service would write on every call."""
    if last is None or now - last >= NOTED_EVERY:
        TokenUse.objects.update_or_create(token_id=token_id, defaults={"last_used_at": now})


def _proof(token: ApiToken) -> Authentication:
    return Authentication(
        AuthMethod.TOKEN,
        mfa=token.minted_with_mfa,
        proved_at=token.created_at,
        scopes=frozenset(token.scopes),
        token_id=token.id,
    )


class SessionWithCsrf(authentication.SessionAuthentication):
    """A signed-in browser; DRF checks the CSRF token of every unsafe request."""

"""How a request says who sends it: a bearer token, or a signed-in session with its CSRF token.

DRF loads this module while it starts, so it imports nothing of DRF's views.
"""

from typing import Any

from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from governance.access.models import ApiToken, TokenUse
from governance.access.services import hash_token
from governance.actors import Authentication, AuthMethod


class BearerAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <token>``: looked up by hash, valid, of an active account."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = authentication.get_authorization_header(request).split()
        if not header or header[0].lower() != b"bearer":
            return None
        if len(header) != 2:
            raise exceptions.AuthenticationFailed("The Authorization header is not 'Bearer <token>'.")
        digest = hash_token(header[1].decode(errors="replace"))
        token = ApiToken.objects.select_related("account").filter(secret_hash=digest).first()
        now = timezone.now()
        if token is None or not token.is_valid(now) or not token.account.is_active:
            raise exceptions.AuthenticationFailed("The token is unknown, expired or revoked.")
        TokenUse.objects.update_or_create(token=token, defaults={"last_used_at": now})
        proof = Authentication(
            AuthMethod.TOKEN,
            mfa=token.minted_with_mfa,
            proved_at=token.created_at,
            scopes=frozenset(token.scopes),
            token_id=token.id,
        )
        return token.account, proof

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionWithCsrf(authentication.SessionAuthentication):
    """A signed-in browser; DRF checks the CSRF token of every unsafe request."""

"""Django's test client as an account uses it: with a bearer token, or signed in with a session."""

from collections.abc import Callable
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from governance.access.models import Account
from governance.access.requests import PROVED_AT
from tests.factories.cast import token_for


class Answer(Protocol):
    """What the client answers: a response that also knows its JSON."""

    status_code: int

    @property
    def json(self) -> Callable[..., Any]: ...

    @property
    def content(self) -> Any: ...

    def __getitem__(self, header: str) -> str: ...


def with_token(account: Account, *scopes: str) -> Client:
    """A client that sends a new token of the account, for all scopes unless some are named."""
    return with_secret(token_for(account, *scopes))


def with_secret(secret: str) -> Client:
    """A client that sends this token."""
    return Client(headers={"authorization": f"Bearer {secret}"})


def signed_in(account: Account) -> Client:
    """A client with a session of the account, who has just proved who they are.

    The session is written once, as signing in leaves it: that takes a third of the statements.
    """
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[PROVED_AT] = timezone.now().isoformat()
    session.save()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client

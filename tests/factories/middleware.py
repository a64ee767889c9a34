"""One chain of middleware for all clients of a run: loading it looks at every static file, 30 ms each time.

A chain depends on the settings that its middleware read when it was made, so one is shared by what has the
same settings, and never by a test that patches the product.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test.client import ClientHandler

from tests.factories.snapshot import NotComparable, is_trusted, settings_of_the_test

PARTS = ("_view_middleware", "_template_response_middleware", "_exception_middleware", "_middleware_chain")
_made: dict[tuple[type, str], dict[str, Any]] = {}
_load = ClientHandler.load_middleware


def _loaded(handler: ClientHandler, is_async: bool = False) -> None:
    """Take the chain that was made under the same settings, or make it."""
    key = _key(handler)
    if key is None or is_async:
        _load(handler, is_async)
        return
    if key not in _made:
        _load(handler)
        _made[key] = {name: getattr(handler, name) for name in PARTS}
    for name, part in _made[key].items():
        setattr(handler, name, part)


def _key(handler: ClientHandler) -> tuple[type, str] | None:
    try:
        return (type(handler), settings_of_the_test()) if is_trusted() else None
    except NotComparable:
        return None


@contextmanager
def shared_middleware() -> Iterator[None]:
    """Clients made in this block share their middleware."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "load_middleware", _loaded)
        yield

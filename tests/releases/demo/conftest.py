"""The demo, seeded once by its command into a database of its own."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.browser.conftest import browser, serving, visit
from tests.database import servers
from tests.servers import SESSION_DATABASE

__all__ = ["browser", "visit"]

DATABASE = "seeded_demo"


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The database of the demo is connected; yields the directory where its tokens were written."""
    place = tmp_path_factory.mktemp("demo")
    changed = {
        "DEMO": True,
        "SCORE_STORE": place / "scores",
        "BASE_DIR": place,
        "MAILBOX": place / "mailbox",
        "MAIL_SERVER": True,
    }
    before = {name: getattr(settings, name) for name in changed}
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setattr(settings, name, value)
        servers().clone(DATABASE)
        connections.close_all()
        connections["default"].settings_dict["NAME"] = DATABASE
        try:
            call_command("seed_demo", stdout=StringIO())
            yield place
        finally:
            connections.close_all()
            connections["default"].settings_dict["NAME"] = SESSION_DATABASE
            servers().drop(DATABASE)
    assert {name: getattr(settings, name) for name in changed} == before


@pytest.fixture
def server(demo: Path) -> Iterator[str]:
    """The application in a thread, on the demo's database."""
    with serving() as address:
        yield address

"""Chromium on the admin: a live server on a world of the test's own, and pages that keep what went wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from governance.access.models import Account
from tests.factories.cast import PASSWORD
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared
from tests.outside import ARGUMENTS, EXECUTABLE
from tests.releases.conftest import committed, committed_world, score_directory

__all__ = ["committed", "committed_world", "score_directory"]

PATIENCE = 15_000  # milliseconds
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


@dataclass
class Visit:
    """A page of one person, with every error that the browser reported on it."""

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """From the front page's address through the form."""
        self.open("/admin/")
        self.fill_login(username, password)

    def arrive(self, account: Account) -> None:
        """With a session that stands already: for tests whose point is not the form."""
        name = settings.SESSION_COOKIE_NAME
        value = signed_in(account).cookies[name].value
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.address}])

    def fill_login(self, username: str, password: str) -> None:
        """Through the form that stands there."""
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", password)
        self.page.click("#login-form button[type=submit]")
        self.page.wait_for_load_state("networkidle")

    def open(self, path: str) -> None:
        """Go to an address of the admin and wait until it is still."""
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


_open: list[Browser] = []


@cache
def _playwright() -> Playwright:
    """One for the process: a second one would find the event loop of the first and refuse to start."""
    return sync_playwright().start()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, once for each directory that uses it; the driver ends with the last of them."""
    found = _playwright().chromium.launch(executable_path=EXECUTABLE, args=list(ARGUMENTS))
    _open.append(found)
    yield found
    _open.remove(found)
    found.close()
    if not _open:
        _playwright().stop()
        _playwright.cache_clear()


@contextmanager
def serving() -> Iterator[str]:
    """The application in a thread, on the database that Django uses now."""
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()
    connections.close_all()


@pytest.fixture
def server(committed: Prepared) -> Iterator[str]:
    """The application on the database of this test."""
    with serving() as address:
        yield address


Visitor = Callable[..., Visit]


def _context(browser: Browser, size: str, *, theme: str, scripts: bool) -> BrowserContext:
    width, height = SIZES[size]
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=scripts,
    )


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visitor]:
    """Makes visits: ``visit("desktop")``; their windows are closed with the test."""
    contexts: list[BrowserContext] = []

    def begin(size: str = "desktop", *, theme: str = "light", scripts: bool = True) -> Visit:
        context = _context(browser, size, theme=theme, scripts=scripts)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        found = Visit(context.new_page(), server)
        found.page.on("console", lambda message: _keep(found, message.type, message.text))
        found.page.on("pageerror", lambda error: found.errors.append(str(error)))
        return found

    yield begin
    for context in contexts:
        context.close()


def _keep(visit: Visit, kind: str, text: str) -> None:
    if kind == "error":
        visit.errors.append(text)

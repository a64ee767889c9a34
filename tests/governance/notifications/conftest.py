"""Fixtures of the notifications' tests."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from governance.access.models import Account
from tests.governance.notifications.acts import administrator, reader
from tests.governance.notifications.smtp import Letterbox, mail_settings, open_letterbox


@pytest.fixture
def letterbox(settings: Settings) -> Iterator[Letterbox]:
    """A mail server that takes everything, and the settings that send through it."""
    with open_letterbox(Letterbox()) as box:
        mail_settings(settings, box)
        yield box


@pytest.fixture
def root(db: None) -> Account:
    """The first administrator, in the test's rolled-back transaction."""
    return administrator()


@pytest.fixture
def ada(root: Account) -> Account:
    """A person with a mail address, there."""
    return reader("ada", by=root)


@pytest.fixture
def grace(committed_db: str) -> Account:
    """A person with a mail address, in a database where COMMIT commits."""
    return reader("grace", by=administrator())

"""Fixtures of the outbox's tests."""

import pytest

from governance.registry.models import System
from tests.governance.ledger.acts import found, person


@pytest.fixture
def system(committed_db: str) -> System:
    """A committed system, in a database where COMMIT commits."""
    return found(person(), slug="onboarding")

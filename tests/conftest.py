"""Fixtures that many tests share; states are reached through the factories, by the real services."""

import pytest

from tests.factories.cast import Cast, cast


@pytest.fixture
def team(db: None) -> Cast:
    """The fixed cast on one system with three channels, in the test's rolled-back transaction."""
    return cast()

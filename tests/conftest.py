"""Fixtures that many tests share; states are reached through the factories, by the real services."""

import gc

import pytest
from hypothesis import HealthCheck, settings

from tests.factories.cast import Cast, cast

# A busy machine is no defect: what takes long is seen in --durations.
settings.register_profile(
    "countersign", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("countersign")


def pytest_collection_finish() -> None:
    """What importing and collecting left behind stays for good: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def team(db: None) -> Cast:
    """The fixed cast on one system with three channels, in the test's rolled-back transaction."""
    return cast()

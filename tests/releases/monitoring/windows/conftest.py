"""A rollout in its guarded stage, and a clock that the test moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from releases.rollouts.models import Deployment
from tests.factories.rollouts import planned
from tests.factories.worlds import Prepared

NOON = datetime(2100, 3, 1, 12, tzinfo=UTC)
GUARDED = {"kind": "guarded", "coverage": 0.25}
WIDER = {"kind": "guarded", "coverage": 0.5}
GENERAL = {"kind": "general"}


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at noon."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def deployment(prepared: Prepared, clock: time_machine.Traveller) -> Deployment:
    """A rollout that entered its guarded stage of 25 % at noon, seen at four minutes past."""
    found = planned(prepared.here, GUARDED, WIDER, GENERAL)
    clock.move_to(minutes(4))
    return found

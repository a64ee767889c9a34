"""However long the other work takes, watching goes on: real workers, two evaluations that do not end, and a
confirmed incident."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from governance.queues import LONG, QUEUES
from releases.bundles.arms import Arm
from releases.gates.models import EvaluationProgress, GateEvaluation
from releases.gates.runs.evaluation import request_evaluation
from releases.rollouts.models import DeploymentState
from tests.database import Broker, servers
from tests.factories.approvals import candidate
from tests.factories.cast import actor
from tests.factories.incidents import confirmed
from tests.factories.looked import now
from tests.factories.worlds import Prepared
from tests.releases.monitoring.watching.test_incidents_acted_on import guarded, subject
from tests.workers import all_working

PROCESSES = next(queue.processes for queue in QUEUES if queue.name == LONG)


def eventually(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it holds within the time."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


@contextmanager
def kept_from_ending(evaluations: list[GateEvaluation]) -> Iterator[None]:
    """Whoever computes these evaluations waits before it can store what came of them."""
    url = servers().postgres.urls(str(connection.settings_dict["NAME"])).app
    with psycopg.connect(url) as other:
        keys = [one.pk for one in evaluations]
        other.execute("SELECT 1 FROM releases_gateevaluation WHERE id = ANY(%s) FOR UPDATE", [keys])
        yield


def deciding(evaluations: list[GateEvaluation]) -> int:
    """How many of them are computed and cannot be stored: each keeps a process busy."""
    return EvaluationProgress.objects.filter(evaluation__in=evaluations, step="deciding").count()


@pytest.mark.slow
def test_two_evaluations_that_do_not_end_keep_no_confirmed_incident_from_taking_a_release_back(
    committed: Prepared, world_urls: dict[str, str], broker: Broker, tmp_path: Path
) -> None:
    here = committed.here
    deployment = guarded(here)
    others = [candidate(here, tag) for tag in ("7", "8")]
    asked = [request_evaluation(actor(here.cast.author), revision=one) for one in others]

    with kept_from_ending(asked), all_working(world_urls, tmp_path):
        busy = eventually(lambda: deciding(asked) == PROCESSES, seconds=90)
        confirmed(here, subject=subject(here, Arm.CANDIDATE))
        back = eventually(lambda: now(deployment).state == DeploymentState.ROLLED_BACK, seconds=20)

    assert (busy, back) == (True, True)
    assert {one.status for one in GateEvaluation.objects.filter(id__in=[one.pk for one in asked])} == {
        "requested"
    }

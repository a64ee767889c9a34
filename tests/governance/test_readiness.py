"""``/healthz`` and ``/readyz``: each part fails alone, with its reason, and nothing else is asked for."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from governance.checks.heartbeat import HEARTBEAT_KEY, beat, key_of
from governance.checks.readiness import SEAL_LAG_LIMIT_SECONDS
from governance.project.celery import app
from governance.queues import LONG, QUEUES, SHORT, WATCH, Queue
from tests.database import Broker, servers

PENDING_SINCE = """
    WITH written AS (
        INSERT INTO entry (id, stream, stream_seq, body, at)
        VALUES (gen_random_uuid(), 'test:1', 1, '{}', '2001-01-01T00:00:00Z')
        RETURNING id
    )
    INSERT INTO pending (entry_id, queued_at) SELECT id, %s FROM written
"""


@pytest.fixture
def client(committed_db: str, broker: Broker) -> Client:
    """A client of a whole that is ready: database, broker and a heartbeat through each queue."""
    beat()
    beat(WATCH)
    beat(LONG)
    return Client()


def test_a_whole_that_works_is_ready(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert {name: part["ok"] for name, part in response.json()["parts"].items()} == dict.fromkeys(
        (
            *("database", "broker", "worker", "watcher", "evaluator", "seal"),
            "watching",
            "counting",
            "record",
            "witnesses",
        ),
        True,
    )


def test_a_dead_broker_is_named_and_the_database_still_counts_as_fine(client: Client, broker: Broker) -> None:
    broker.kill()

    response = client.get("/readyz")

    parts = response.json()["parts"]
    assert response.status_code == 503
    assert [name for name, part in parts.items() if not part["ok"]] == [
        "broker",
        "worker",
        "watcher",
        "evaluator",
    ]
    assert "work waits in the database" in parts["broker"]["next_step"]


def test_a_dead_database_is_named(client: Client, committed_db: str) -> None:
    connection.close()
    servers().drop(committed_db)

    response = client.get("/readyz")

    parts = response.json()["parts"]
    servers().clone(committed_db)
    assert response.status_code == 503
    assert [name for name, part in parts.items() if not part["ok"]] == [
        "database",
        "seal",
        "watching",
        "counting",
        "record",
    ]


def test_a_process_without_database_and_broker_still_answers_healthz(client: Client, broker: Broker) -> None:
    broker.kill()

    response = client.get("/healthz")

    assert response.status_code == 200


@pytest.mark.parametrize("queue", QUEUES, ids=[queue.worker for queue in QUEUES])
@pytest.mark.parametrize(("later", "ok"), [(-5, True), (5, False)])
def test_the_age_of_its_heartbeat_decides_about_each_worker(
    client: Client, queue: Queue, later: float, ok: bool
) -> None:
    age = queue.silent_seconds + later
    cache.set(key_of(queue.name), timezone.now().timestamp() - age)

    parts = client.get("/readyz").json()["parts"]

    assert parts[queue.worker]["ok"] is ok
    assert parts[queue.worker]["age_seconds"] == pytest.approx(age, abs=1)
    assert sum(not part["ok"] for part in parts.values()) == (not ok)


def test_no_heartbeat_at_all_is_not_ready(client: Client) -> None:
    cache.delete(HEARTBEAT_KEY)

    part = client.get("/readyz").json()["parts"]["worker"]

    assert part["ok"] is False
    assert part["reason"] == "no heartbeat yet"


@pytest.mark.parametrize(
    ("age", "ok"), [(SEAL_LAG_LIMIT_SECONDS - 2, True), (SEAL_LAG_LIMIT_SECONDS + 2, False)]
)
def test_the_age_of_the_oldest_pending_entry_decides_about_the_seal(
    client: Client, age: float, ok: bool
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PENDING_SINCE, [timezone.now() - timedelta(seconds=age)])

    part = client.get("/readyz").json()["parts"]["seal"]

    assert part["ok"] is ok
    assert part["lag_seconds"] == pytest.approx(age, abs=1)


def test_every_periodic_task_is_declared_and_expires_with_its_slot() -> None:
    app.loader.import_default_modules()

    schedule = app.conf.beat_schedule

    assert {entry["task"] for entry in schedule.values()} <= set(app.tasks)
    assert all(entry["options"]["expires"] in (entry["schedule"], 2.0) for entry in schedule.values())


def test_what_must_not_wait_and_what_takes_long_have_queues_of_their_own() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}

    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in ours}

    assert [name for name in app.conf.task_routes if name not in ours] == []
    assert queues["releases.monitoring.watch"] == queues["releases.monitoring.windows.roll_up"] == WATCH
    assert queues["releases.gates.evaluate"] == queues["releases.monitoring.replaying.replay"] == LONG
    assert queues["governance.notifications.deliver"] == SHORT


def test_a_worker_that_names_no_queue_serves_all() -> None:
    assert set(app.amqp.queues.consume_from) == {queue.name for queue in QUEUES}

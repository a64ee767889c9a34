"""Whether this process lives (``/healthz``) and whether the whole can do its work (``/readyz``)."""

import time
from collections.abc import Callable, Iterator
from functools import partial

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from governance.checks.heartbeat import key_of
from governance.queues import QUEUES, Queue

SEAL_LAG_LIMIT_SECONDS = 10.0
UNSIGNED_LIMIT_SECONDS = 30.0
# The server's own clock, not the entry's time: the demo's story lies in the past.
_OLDEST_PENDING = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(queued_at)), 0)::float8 FROM pending
"""
# Where something was signed once, what came since waits to be; without any key nothing ever is.
_UNSIGNED = """
    SELECT trouble, (
        SELECT extract(epoch FROM clock_timestamp() - min(made_at))::float8 FROM checkpoint
        WHERE size > (SELECT max(size) FROM signed_checkpoint)
    ) FROM tree_state
"""

Part = dict[str, object]


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Every part with its state and, where it fails, the reason and the next step; 200 or 503.

    For those who watch the whole, and never for a load balancer: what rolls back must be reached above all
    while a worker is silent, nothing is signed or the record was changed. Balancers ask ``/healthz``.
    """
    parts = {name: check() for name, check in (*PARTS, *_higher_parts())}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "demo": settings.DEMO, "parts": parts},
        status=200 if ready else 503,
    )


def database_part() -> Part:
    """The database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return _failed(f"no answer: {_first_line(error)}", "Start PostgreSQL or correct DATABASE_URL.")
    return {"ok": True}


def broker_part() -> Part:
    """Redis takes a value and gives it back."""
    try:
        cache.set("readiness:probe", 1, timeout=60)
    except RedisError as error:
        return _failed(
            f"no answer: {_first_line(error)}",
            "Start Redis or correct REDIS_URL; nothing is lost meanwhile, work waits in the database.",
        )
    return {"ok": True}


def worker_part(queue: Queue) -> Part:
    """The heartbeat task of the queue ran a moment ago: beat, broker and worker together."""
    try:
        beat_at = cache.get(key_of(queue.name))
    except RedisError:
        return _failed("unknown: Redis does not answer", "See broker.")
    if beat_at is None:
        step = f"Start the {queue.worker} and beat, or wait some seconds after a start."
        return _failed("no heartbeat yet", step)
    age = max(0.0, time.time() - float(beat_at))
    if age > queue.silent_seconds:
        return {
            **_failed(f"last heartbeat {age:.0f} s ago", f"Restart the {queue.worker} and beat."),
            "age_seconds": round(age, 1),
        }
    return {"ok": True, "age_seconds": round(age, 1)}


def seal_part() -> Part:
    """The oldest entry that waits for its leaf is younger than the limit, and checkpoints are signed."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_OLDEST_PENDING)
            lag = float(cursor.fetchone()[0])
            cursor.execute(_UNSIGNED)
            trouble, unsigned = cursor.fetchone()
    except DatabaseError as error:
        return _failed(f"unknown: {_first_line(error)}", "See database; run migrate if tables are missing.")
    if lag > SEAL_LAG_LIMIT_SECONDS:
        return {
            **_failed(f"the oldest entry has waited {lag:.0f} s", "Start or restart the integrator."),
            "lag_seconds": round(lag, 3),
        }
    if not trouble and unsigned is not None and unsigned > UNSIGNED_LIMIT_SECONDS:
        trouble = f"the newest checkpoint has waited {unsigned:.0f} s for its signature"
    if trouble:
        step = "Acts are recorded all the same. Keep database and files as they are and run verify_ledger."
        return {**_failed(f"no checkpoint is signed: {trouble}", step), "lag_seconds": round(lag, 3)}
    return {"ok": True, "lag_seconds": round(lag, 3)}


PARTS: tuple[tuple[str, Callable[[], Part]], ...] = (
    ("database", database_part),
    ("broker", broker_part),
    *((queue.worker, partial(worker_part, queue)) for queue in QUEUES),
    ("seal", seal_part),
)


def _higher_parts() -> Iterator[tuple[str, Callable[[], Part]]]:
    """Parts that higher apps watch over, as the settings name them."""
    for name, path in settings.READINESS_PARTS.items():
        yield name, import_string(path)


def _failed(reason: str, next_step: str) -> Part:
    return {"ok": False, "reason": reason, "next_step": next_step}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

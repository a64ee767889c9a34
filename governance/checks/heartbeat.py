"""The heartbeat of each queue's worker: a time in the cache that only a running task renews.

It goes through beat, the broker and a pool process, so a worker that stopped consuming is noticed.
"""

import time

from django.core.cache import cache

from governance.queues import SHORT

HEARTBEAT_KEY = "worker:heartbeat"
_KEPT_SECONDS = 24 * 3600


def key_of(queue: str) -> str:
    """Where the heartbeat of a queue is kept."""
    return HEARTBEAT_KEY if queue == SHORT else f"{HEARTBEAT_KEY}:{queue}"


def beat(queue: str = SHORT) -> None:
    """Note that a task of the queue ran just now."""
    cache.set(key_of(queue), time.time(), timeout=_KEPT_SECONDS)

"""The heartbeat of the worker: a time in the cache that only a running task renews.

It goes through beat, the broker and a pool process, so a worker that stopped consuming is noticed.
"""

import time

from django.core.cache import cache

HEARTBEAT_KEY = "worker:heartbeat"
HEARTBEAT_LIMIT_SECONDS = 30.0
_KEPT_SECONDS = 24 * 3600


def beat() -> None:
    """Note that a task ran just now."""
    cache.set(HEARTBEAT_KEY, time.time(), timeout=_KEPT_SECONDS)

"""How often one account may call: counted in Redis over all processes, in windows aligned to the clock.

A process takes calls from Redis a few at a time, at most a hundredth of what the limit allows and ten, since
asking it for every call is a way to another server and back. So an account may be turned away that many calls
early for each process, and never late.

A limit protects the others who share this installation; it guards no secret. So where Redis does not answer
nothing is counted and nobody is turned away: a decision service must learn what is live at that moment too.
"""

import logging
import math
import time
from functools import lru_cache
from threading import Lock
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

logger = logging.getLogger(__name__)

MOST_TAKEN = 10
"""Calls that a process takes at once."""

LONGEST_WAIT = 0.2
"""Seconds that a call waits for Redis."""

NOT_ASKED_FOR = 5.0
"""Seconds for which Redis is left alone after it did not answer."""


class PerAccount(BaseThrottle):
    """Turns an account away that called more often than ``settings.RATES[name]`` allows.

    Base: a subclass states ``name``. Views with the same name share one count.
    """

    name: ClassVar[str]
    _silent_until: ClassVar[float] = 0.0
    _taken: ClassVar[dict[tuple[str, UUID], tuple[int, int]]] = {}
    """By name and account: the window, and how many calls of it this process has left."""
    _lock: ClassVar[Lock] = Lock()

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the call; whether it is within the limit. Calls without an account are not let in anyway."""
        return request.user.pk is None or self.allows(request.user.pk)

    def allows(self, account: UUID) -> bool:
        """Count a call of the account; whether it is within the limit."""
        self.limit = _limit(settings.RATES[self.name])
        window = int(time.time() // self.limit.get_expiry())
        with self._lock:
            # Asked within: threads that waited for one that Redis kept waiting do not wait for it in turn.
            if time.monotonic() < PerAccount._silent_until:
                return True
            return self._has_left(account, window) or self._take(account, window)

    def _has_left(self, account: UUID, window: int) -> bool:
        of, left = self._taken.get((self.name, account), (window, 0))
        if of != window or not left:
            return False
        self._taken[self.name, account] = (window, left - 1)
        return True

    def _take(self, account: UUID, window: int) -> bool:
        some = max(1, min(MOST_TAKEN, self.limit.amount // 100))
        try:
            # The library's windows begin with the first call; one with a name is over by the clock.
            if not _limiter(settings.RATES_URL).hit(
                self.limit, self.name, str(account), str(window), cost=some
            ):
                return False
        except StorageError:
            PerAccount._silent_until = time.monotonic() + NOT_ASKED_FOR
            logger.warning("Redis does not answer: calls are not counted for %d seconds", NOT_ASKED_FOR)
            return True
        self._taken[self.name, account] = (window, some - 1)
        return True

    def wait(self) -> float:
        """Seconds until the window ends, for Retry-After."""
        length = self.limit.get_expiry()
        return max(0.0, math.ceil(length - time.time() % length) - 1)


@lru_cache(maxsize=32)
def _limit(text: str) -> RateLimitItem:
    return parse(text)


def load_limiter() -> None:
    """Load what counts calls, which takes longer than an answer; connects to nothing."""
    _limiter(settings.RATES_URL)


@lru_cache(maxsize=1)
def _limiter(url: str) -> FixedWindowRateLimiter:
    storage = RedisStorage(
        url, wrap_exceptions=True, socket_timeout=LONGEST_WAIT, socket_connect_timeout=LONGEST_WAIT
    )
    return FixedWindowRateLimiter(storage)

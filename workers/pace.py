"""How fast messages may leave: a moving window per connection on Valkey, kept as data on the connection."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from domain import pace_limits
from domain.connections import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """How many may go now, and when not even one may, after how many seconds to ask again."""

    allowed: int
    wait: float = 0.0
    unlimited: bool = False  # no pace holds the connection back


class Pace:
    """Asks Valkey before each handful. Without Valkey the windows live in this process until it is back."""

    def __init__(self, queue_url: str) -> None:
        self._storage = _storage(queue_url)
        self._shared = MovingWindowRateLimiter(self._storage)
        self._alone = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, connection: Connection, wanted: int) -> Turn:
        """Takes up to `wanted` places in the connection's windows; what is not used is not given back."""
        items = limits_of(connection)
        if not items:
            return Turn(wanted, unlimited=True)
        try:
            return await _take(self._shared, items, str(connection.id), wanted)
        except Exception as error:  # whatever the client throws when Valkey is gone: pace goes on in this process
            logger.warning("Pacing without the queue", extra={"error": type(error).__name__})
            return await _take(self._alone, items, str(connection.id), wanted)

    async def close(self) -> None:
        """Gives the connections to Valkey back."""
        with suppress(Exception):
            bridge: Any = self._storage.bridge  # its Redis client is not declared
            await bridge.get_connection().aclose()


def limits_of(connection: Connection) -> list[RateLimitItem]:
    """The windows of a connection; a limit of 0 in its options is no limit."""
    options = pace_limits.of(connection)
    made: list[RateLimitItem] = []
    if options["per_minute"]:
        made.append(RateLimitItemPerMinute(options["per_minute"]))
    if options["per_second"]:
        made.append(RateLimitItemPerSecond(options["per_second"]))
    return made


async def _take(limiter: MovingWindowRateLimiter, items: list[RateLimitItem], name: str, wanted: int) -> Turn:
    allowed, wait = wanted, 0.0
    for item in items:
        window = await limiter.get_window_stats(item, name)
        if window.remaining <= 0:
            wait = max(wait, window.reset_time - time(), 0.02)
        allowed = min(allowed, window.remaining)
    if allowed <= 0:
        return Turn(0, wait)
    for item in items:
        if not await limiter.hit(item, name, cost=allowed):  # another worker was quicker
            return Turn(0, 0.05)
    return Turn(allowed)


def _storage(queue_url: str) -> RedisStorage:
    url = f"async+redis+{queue_url}" if queue_url.startswith("unix:") else f"async+{queue_url}"
    storage = storage_from_string(url, implementation="redispy", socket_connect_timeout=1, socket_timeout=1)
    assert isinstance(storage, RedisStorage)
    return storage

"""How fast messages may leave: moving windows per connection and per sender on Valkey, kept as data on the
connection."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import time
from typing import Any
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from domain import clock, delivery, pace_limits
from domain.connections import Connection
from domain.delivery import News

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """How many may go now, and when they are fewer than wanted, after how many seconds there is room again."""

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
        return await self._places(items, str(connection.id), wanted) if items else Turn(wanted, unlimited=True)

    async def let_go(self, owner: str, connection: Connection, claimed: list[UUID], news: News) -> list[UUID]:
        """Those of claimed messages that may go now by the windows of who sends them; the others are put off until
        there is room."""
        a_minute = pace_limits.of_sender(connection)
        if not a_minute:
            return claimed
        held: set[UUID] = set()
        for person, theirs in (await delivery.by_sender(claimed)).items():
            turn = await self._places([RateLimitItemPerMinute(a_minute)], f"{connection.id}:{person}", len(theirs))
            if later := theirs[turn.allowed :]:
                opens = clock.now() + timedelta(seconds=turn.wait)
                news.listings |= await delivery.put_off(owner, connection.id, person, later, opens, a_minute)
                held.update(each for each, _ in later)
        return [each for each in claimed if each not in held]

    async def _places(self, items: list[RateLimitItem], name: str, wanted: int) -> Turn:
        try:
            return await _take(self._shared, items, name, wanted)
        except Exception as error:  # whatever the client throws when Valkey is gone: pace goes on in this process
            logger.warning("Pacing without the queue", extra={"error": type(error).__name__})
            return await _take(self._alone, items, name, wanted)

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
    windows = [await limiter.get_window_stats(item, name) for item in items]
    allowed = max(0, min(wanted, *(window.remaining for window in windows)))
    wait = 0.0
    for item, window in zip(items, windows, strict=True):
        if allowed < wanted and window.remaining <= allowed:  # full from now on; one that was empty for its whole span
            opens = window.reset_time - time() if window.remaining < item.amount else item.get_expiry()
            wait = max(wait, opens, 0.02)
    if not allowed:
        return Turn(0, wait)
    for item in items:
        if not await limiter.hit(item, name, cost=allowed):  # another worker was quicker
            return Turn(0, 0.05)
    return Turn(allowed, wait)


def _storage(queue_url: str) -> RedisStorage:
    url = f"async+redis+{queue_url}" if queue_url.startswith("unix:") else f"async+{queue_url}"
    storage = storage_from_string(url, implementation="redispy", socket_connect_timeout=1, socket_timeout=1)
    assert isinstance(storage, RedisStorage)
    return storage

"""How fast messages may leave: moving windows per connection and per sender on Valkey, kept as data on the
connection."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from time import time
from typing import Any
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string
from limits.util import WindowStats

from domain import delivery, pace_limits
from domain.connections import Connection

logger = logging.getLogger(__name__)

FULL = 0.25  # seconds until it is asked again whether anybody may send

Shares = dict[UUID | None, int]  # person -> messages; None: what nobody sends, an answer to STOP


@dataclass(frozen=True)
class Turn:
    """How many may go now, and when not even one may, after how many seconds to ask again."""

    allowed: int
    wait: float = 0.0
    shares: Shares | None = None  # of each sender, where they have a minute of their own


class Pace:
    """Asks Valkey before each handful. Without Valkey the windows live in this process until it is back."""

    def __init__(self, queue_url: str) -> None:
        self._storage = _storage(queue_url)
        self._shared = MovingWindowRateLimiter(self._storage)
        self._alone = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, connection: Connection, wanted: int) -> Turn:
        """Takes up to `wanted` places in the connection's windows, no more than its senders have in theirs; what is not
        used is not given back."""
        shares, items = await self._shares(connection), limits_of(connection)
        if shares is not None:
            wanted = min(wanted, sum(shares.values()))
        if not wanted:
            return Turn(0, FULL)
        turn = await self._places(items, str(connection.id), wanted) if items else Turn(wanted)
        return replace(turn, shares=shares)

    async def claim(self, owner: str, connection: Connection, turn: Turn) -> list[UUID]:
        """Claims what the turn allows of a connection whose senders have a minute of their own: in even parts, so that
        who has little due waits for nobody. Their places are taken now."""
        minute, claimed = _minute(connection), []
        for person, number in even(turn.shares or {}, turn.allowed).items():
            theirs = await delivery.claim(owner, connection.id, number, person)
            if person and theirs:
                places = await self._places([minute], _named(connection, person), len(theirs))
                await delivery.release(owner, theirs[places.allowed :])  # another worker was quicker
                theirs = theirs[: places.allowed]
            claimed += theirs
        return claimed

    async def close(self) -> None:
        """Gives the connections to Valkey back."""
        with suppress(Exception):
            bridge: Any = self._storage.bridge  # its Redis client is not declared
            await bridge.get_connection().aclose()

    async def _shares(self, connection: Connection) -> Shares | None:
        """What each who has something due by a connection may send now; None where senders have no minute of their
        own. Nothing is taken yet: the connection may let less go."""
        if not pace_limits.of_sender(connection):
            return None
        found: Shares = {}
        for person, due in (await delivery.due_senders(connection.id)).items():
            left = (await self._window(_minute(connection), _named(connection, person))).remaining if person else due
            if left > 0:
                found[person] = min(due, left)
        return found

    async def _window(self, item: RateLimitItem, name: str) -> WindowStats:
        try:
            return await self._shared.get_window_stats(item, name)
        except Exception as error:
            logger.warning("Pacing without the queue", extra={"error": type(error).__name__})
            return await self._alone.get_window_stats(item, name)

    async def _places(self, items: list[RateLimitItem], name: str, wanted: int) -> Turn:
        try:
            return await _take(self._shared, items, name, wanted)
        except Exception as error:  # whatever the client throws when Valkey is gone: pace goes on in this process
            logger.warning("Pacing without the queue", extra={"error": type(error).__name__})
            return await _take(self._alone, items, name, wanted)


def even(shares: Shares, wanted: int) -> Shares:
    """So many in all, each as much as the others as far as they have it; what is nobody's first."""
    parts: Shares = {}
    for place, (person, most) in enumerate(sorted(shares.items(), key=lambda each: (each[0] is not None, each[1]))):
        parts[person] = min(most, wanted if person is None else -(-wanted // (len(shares) - place)))
        wanted -= parts[person]
    return {person: number for person, number in parts.items() if number}


def _minute(connection: Connection) -> RateLimitItem:
    return RateLimitItemPerMinute(pace_limits.of_sender(connection))


def _named(connection: Connection, person: UUID) -> str:
    return f"{connection.id}:{person}"


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

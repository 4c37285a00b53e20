"""Open pages hear of changes: one subscription a process, handed on to the pages that look at that listing."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from domain.live import CHANNEL

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Live:
    """`async with live.pages(listing) as changed:` gives an Event that is set when that history changes."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._pages: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self.closing = asyncio.Event()

    async def stop(self) -> None:
        """Ends every open stream, or they would keep the server from stopping."""
        self.closing.set()
        for events in self._pages.values():
            for event in events:
                event.set()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @asynccontextmanager
    async def pages(self, listing: UUID) -> AsyncIterator[asyncio.Event]:
        if self._task is None:  # the first page that looks
            self._task = asyncio.create_task(self._listen())
        event = asyncio.Event()
        name = str(listing)
        self._pages[name].add(event)
        try:
            yield event
        finally:
            self._pages[name].discard(event)
            if not self._pages[name]:
                del self._pages[name]

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    self.connected = True
                    self._tell(list(self._pages))  # whatever happened while nobody listened
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            self._tell(message["data"].decode().split())
            except Exception as error:  # whatever the client throws: pages go on looking by themselves
                logger.info("No live hints for now: %s", type(error).__name__)
            self.connected = False
            await asyncio.sleep(RETRY_SECONDS)

    def _tell(self, listings: list[str]) -> None:
        for name in listings:
            for event in self._pages.get(name, ()):
                event.set()

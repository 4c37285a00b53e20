"""What providers told us, handled one event after the other."""

import asyncio
import logging
from typing import Any
from uuid import UUID

from domain import inbox

logger = logging.getLogger(__name__)

_one_at_a_time = asyncio.Lock()


async def fetch_files(ctx: dict[str, Any]) -> None:
    """Fetches the files that came with messages."""
    await ctx["hint"](await inbox.fetch_due())


async def handle_events(ctx: dict[str, Any]) -> None:
    """Handles every stored event that is due. One that fails is put off, and keeps nobody else waiting."""
    async with _one_at_a_time:
        while events := await inbox.due():
            changed: set[UUID] = set()
            for event in events:
                try:
                    listing = await inbox.handle(event)
                except Exception as error:
                    logger.exception("An event could not be handled", extra={"event": str(event)})
                    await inbox.put_off(event, type(error).__name__)
                    continue
                if listing is not None:
                    changed.add(listing)
            await ctx["hint"](changed)

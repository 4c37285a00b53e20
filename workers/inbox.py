"""What providers told us, handled one event after the other."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from domain import inbox

logger = logging.getLogger(__name__)

HANDFUL = 50  # events: then those that ask to stop are looked for again, and open pages are told

_at_it = asyncio.Lock()
_once_more = asyncio.Event()


async def fetch_files(ctx: dict[str, Any]) -> None:
    """Fetches the files that came with messages."""
    await ctx["hint"](await inbox.fetch_due())


async def handle_events(ctx: dict[str, Any]) -> None:
    """Handles every stored event that is due, handful by handful. Where that is being done already nobody waits for it:
    whoever is at it looks once more before they end."""
    _once_more.set()
    if _at_it.locked():
        return
    async with _at_it:
        while _once_more.is_set():
            _once_more.clear()
            hurry = inbox.Hurry()
            while events := await _next(hurry):
                await ctx["hint"](await _handle(events))


async def _next(hurry: inbox.Hurry) -> list[UUID]:
    """The oldest handful. Where more wait behind it, whatever asks to stop goes before."""
    events = await inbox.due(HANDFUL)
    if len(events) < HANDFUL:
        return events
    return list(dict.fromkeys((*await hurry.stops(HANDFUL), *events)))


async def _handle(events: Iterable[UUID]) -> set[UUID]:
    """The listings whose history changed. An event that fails is put off, and keeps nobody else waiting."""
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
    return changed

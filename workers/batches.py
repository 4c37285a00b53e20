"""Batches become messages, their first ones are looked at, and those that are through end."""

import asyncio
import logging
from typing import Any

from domain.batches import ending, expanding, steering, stuck

logger = logging.getLogger(__name__)

_one_at_a_time = asyncio.Lock()


async def expand_batches(ctx: dict[str, Any]) -> None:
    """Every batch that was started and is not all messages yet, wherever it was left off."""
    async with _one_at_a_time:
        for batch in await expanding.due():
            try:
                await expanding.expand(batch)
            except Exception as error:  # this one waits, the others go on
                logger.exception("A batch could not become messages", extra={"batch": str(batch)})
                await stuck.hold(batch, error)
            ctx["dispatcher"].wake()  # some of its messages may be made all the same


async def tend_batches(ctx: dict[str, Any]) -> None:
    """What batches under way need from time to time."""
    if await steering.tend():
        ctx["dispatcher"].wake()


async def close_batches(ctx: dict[str, Any]) -> None:
    """Stopped batches whose stopping was broken off: everybody gets a final state."""
    for batch in await ending.unclosed():
        await ending.close(batch)

"""Batches become messages, their first ones are looked at, and those that are through end."""

import asyncio
from typing import Any

from domain.batches import ending, expanding, steering

_one_at_a_time = asyncio.Lock()


async def expand_batches(ctx: dict[str, Any]) -> None:
    """Every batch that was started and is not all messages yet, wherever it was left off."""
    async with _one_at_a_time:
        for batch in await expanding.due():
            if await expanding.expand(batch):
                ctx["dispatcher"].wake()


async def tend_batches(ctx: dict[str, Any]) -> None:
    """What batches under way need from time to time."""
    if await steering.tend():
        ctx["dispatcher"].wake()


async def close_batches(ctx: dict[str, Any]) -> None:
    """Stopped batches whose stopping was broken off: everybody gets a final state."""
    for batch in await ending.unclosed():
        await ending.close(batch)

"""Tells open pages that the history of a listing changed. A hint only: the page reads the database."""

import asyncio
import logging
from collections.abc import Iterable
from uuid import UUID

from redis.asyncio import Redis

from domain.live import CHANNEL

logger = logging.getLogger(__name__)


async def hint(redis: Redis, listings: Iterable[UUID]) -> None:
    """One word a listing. Swallows every fault of the queue: pages also look by themselves."""
    names = [str(listing) for listing in listings if listing]
    if not names:
        return
    try:
        async with asyncio.timeout(0.5):
            await redis.publish(CHANNEL, " ".join(names))
    except Exception as error:  # whatever the client throws
        logger.debug("Live pages were not told: %s", type(error).__name__)

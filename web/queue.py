"""Tells the workers that there is something to do. A hint only: the row in the database is the truth."""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from arq.connections import ArqRedis
from litestar import Litestar, Request

from domain.live import CHANNEL
from domain.settings import settings

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 0.1  # no request waits longer for a hint


def client() -> ArqRedis:
    """The queue's client; it connects when first used, so that the web starts without a queue."""
    return ArqRedis.from_url(settings().queue_url, socket_connect_timeout=1)


async def kick(source: Request[Any, Any, Any] | Litestar, job: str, *args: Any, job_id: str | None = None) -> bool:
    """Enqueues a job by name; False, and a line in the log, when the queue is gone. Never raises."""
    app = source.app if isinstance(source, Request) else source
    try:
        async with asyncio.timeout(BUDGET_SECONDS):
            await app.state.redis.enqueue_job(job, *args, _job_id=job_id)
    except Exception as error:  # whatever the client throws: the sweep of the workers finds the row
        logger.warning("The queue did not take a job", extra={"job": job, "error": type(error).__name__})
        return False
    return True


def slot(job: str) -> str:
    """A job id shared by the kicks of the same twentieth of a second: one wake-up is enough for them all."""
    return f"{job}:{int(time.monotonic() * 20)}"


async def hint(source: Request[Any, Any, Any] | Litestar, listings: Iterable[UUID]) -> None:
    """Tells open pages that these histories changed. Never raises: they also look by themselves."""
    app = source.app if isinstance(source, Request) else source
    try:
        async with asyncio.timeout(BUDGET_SECONDS):
            await app.state.redis.publish(CHANNEL, " ".join(str(listing) for listing in listings if listing))
    except Exception as error:  # whatever the client throws
        logger.debug("Live pages were not told: %s", type(error).__name__)

"""The worker: its jobs, its dispatcher and clockwork, its start and its end."""

import asyncio
import gc
import logging
from contextlib import suppress
from functools import partial
from typing import Any, cast

from arq.connections import RedisSettings
from arq.worker import Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from domain import db, delivery, emojis, logs
from domain.channels import http
from domain.installations import booting
from domain.settings import settings
from workers import batches as batch_jobs
from workers import delivery as delivery_jobs
from workers import imports as import_jobs
from workers import inbox as inbox_jobs
from workers import lists as list_jobs
from workers import live
from workers import mail as mail_jobs
from workers import opt_outs as opt_out_jobs
from workers import pictures as picture_jobs
from workers.clockwork import Clockwork
from workers.dispatcher import PATIENCE, Dispatcher
from workers.pace import Pace
from workers.processes import identity, is_dead
from workers.sources import Sources

logger = logging.getLogger(__name__)

GARBAGE = 50_000  # objects made and not yet gone before they are looked through

# Every name anyone enqueues. keep_result=0, or arq would refuse the next kick of the same name for an hour.
FUNCTIONS = [
    func(delivery_jobs.dispatch, keep_result=0),
    func(batch_jobs.expand_batches, keep_result=0, timeout=600),
    func(inbox_jobs.handle_events, keep_result=0, timeout=3600),
    func(import_jobs.run_import, keep_result=0, timeout=3600),
    func(list_jobs.run_list_import, keep_result=0, timeout=3600),
    func(picture_jobs.fetch_pictures, keep_result=0, timeout=600),
    func(mail_jobs.send_mail, keep_result=0),
    func(opt_out_jobs.read_opt_outs, keep_result=0, timeout=3600),
]


async def start_up(ctx: dict[str, Any]) -> None:
    """Opens the database, ends the leases of the dead, starts the dispatcher and the clockwork."""
    logs.set_up()
    await db.start()
    owner = identity()
    if why := await booting.boot(owner):
        logger.warning("Nothing leaves until somebody releases it: %s", why)
    await delivery.end_dead_leases(is_dead)
    hint = partial(live.hint, ctx["redis"])
    ctx["hint"] = hint
    ctx["owner"] = owner
    pace = ctx["pace"] = Pace(settings().queue_url)
    dispatcher = Dispatcher(owner, pace, hint)
    ctx["dispatcher"] = dispatcher
    ctx["dispatching"] = asyncio.create_task(dispatcher.run())
    clockwork = Clockwork(ctx)
    ctx["clockwork"] = asyncio.create_task(clockwork.run())
    ctx["listening"] = asyncio.create_task(Sources(owner, partial(inbox_jobs.handle_events, ctx)).run())
    ctx["warming"] = asyncio.create_task(_warm())
    logger.info("Worker ready", extra={"owner": owner})


async def _warm() -> None:
    """What a message needs to be filled in, before one has to be; then what the worker is made of is set apart from
    the garbage. Python would look it through for every few hundred objects of a handful: a sixth of a text's cost."""
    await emojis.ready(emojis.ENGLISH)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)


async def _end(task: "asyncio.Task[Any]") -> None:
    """Cancels it until it has ended: a library may take a cancellation for an answer that came in the same moment, as
    Python 3.11's own wait_for does, and we would wait for ever."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)


async def shut_down(ctx: dict[str, Any]) -> None:
    """Lets open calls end and be recorded, then closes what would keep the process alive."""
    for name in ("clockwork", "listening"):
        if task := ctx.get(name):
            await _end(task)
    if warming := ctx.get("warming"):
        await asyncio.wait([warming])
    try:
        if dispatcher := ctx.get("dispatcher"):
            cast(Dispatcher, dispatcher).stop()
            async with asyncio.timeout(PATIENCE + 3):
                await ctx["dispatching"]
    except Exception:  # the database is gone, say: what we had in hand ends by its lease
        logger.exception("The dispatcher did not end in order")
    with suppress(Exception):  # then the next start finds what the last sign of life left
        await booting.leave()
    if pace := ctx.get("pace"):
        await pace.close()
    await http.close()
    await db.stop()


def redis_settings(queue_url: str) -> RedisSettings:
    """arq's settings for a queue that may blink: the worker waits for it instead of dying."""
    made = RedisSettings.from_dsn(queue_url)
    made.conn_retries = 60
    made.conn_retry_delay = 1
    made.retry_on_timeout = True
    made.retry_on_error = [RedisConnectionError, RedisTimeoutError, OSError]
    made.retry = Retry(ExponentialBackoff(cap=1, base=0.05), 100_000)
    return made


def run() -> None:
    """Runs a worker in this process until SIGTERM."""
    Worker(
        FUNCTIONS,
        redis_settings=redis_settings(settings().queue_url),
        on_startup=start_up,
        on_shutdown=shut_down,
        poll_delay=0.05,
        max_jobs=64,
        keep_result=0,
        job_timeout=60,
        handle_signals=True,
        health_check_interval=60,
        log_results=False,
    ).run()

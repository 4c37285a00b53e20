"""What is looked at from time to time, so that a lost wake-up or a dead worker only ever delays things."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, cast

from domain import answers, attachments, connections, delivery, messages, receipts, schedules, sessions, unanswered
from domain.installations import booting, freezing
from workers.asking import ask_about_unanswered, ask_for_names, look_numbers_up
from workers.batches import close_batches, expand_batches, tend_batches
from workers.imports import run_due_imports
from workers.inbox import fetch_files, handle_events
from workers.lists import run_due_list_imports
from workers.mail import send_mail
from workers.opt_outs import read_due_opt_outs
from workers.pictures import fetch_pictures
from workers.processes import is_dead

logger = logging.getLogger(__name__)

FOLLOWED = 500  # messages that are told to their listings in one transaction

Job = Callable[[dict[str, Any]], Awaitable[object]]


class Clockwork:
    """Runs each wheel at its own pace; a wheel that fails turns again next time."""

    def __init__(self, ctx: dict[str, Any]) -> None:
        self._ctx = ctx
        self._wheels: list[tuple[float, Job]] = [
            (0.5, follow_up),
            (2.0, release_plans),
            (2.0, carry_over),
            (2.0, handle_events),
            (2.0, fetch_files),
            (5.0, match_early_receipts),
            (2.0, expand_batches),
            (1.0, tend_batches),
            (10.0, send_mail),
            (5.0, run_due_imports),
            (5.0, run_due_list_imports),
            (10.0, fetch_pictures),
            (15.0, end_dead_leases),
            (booting.EVERY, beat),
            (60.0, sweep),
            (unanswered.EVERY.total_seconds(), ask_about_unanswered),
            (2.0, look_numbers_up),
            (5.0, ask_for_names),
            (60.0, end_late_answers),
            (60.0, end_plans),
            (60.0, close_batches),
            (300.0, read_due_opt_outs),
            (3600.0, tidy),
            (3600.0, tidy_files),
            (86400.0, tidy_all_files),
            (5.0, register_hooks),
        ]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for every, job in self._wheels:
                group.create_task(self._turn(every, job))

    async def _turn(self, every: float, job: Job) -> None:
        """Until it is cancelled, also when the job swallowed that: the group passes a cancellation on only once."""
        me = cast("asyncio.Task[None]", asyncio.current_task())
        while True:
            began = monotonic()
            try:
                await job(self._ctx)
            except Exception:
                logger.exception("A wheel of the clockwork failed", extra={"wheel": job.__name__})
            if me.cancelling():
                return
            await asyncio.sleep(max(0.05, every - (monotonic() - began)))


async def follow_up(ctx: dict[str, Any]) -> None:
    """What little came meanwhile is left for the next turn: while thousands leave there is always some, and a
    transaction for a few costs as much as one for hundreds."""
    full = True
    while full:
        listings = await delivery.follow_up(FOLLOWED)
        full = len(listings) == FOLLOWED
        if listings:
            await ctx["hint"](listings)


async def beat(ctx: dict[str, Any]) -> None:
    if why := await booting.beat():
        logger.warning("Nothing leaves until somebody releases it: %s", why)


async def release_plans(ctx: dict[str, Any]) -> None:
    if await freezing.is_frozen():  # nor does a plan become too late meanwhile
        return
    listings, queued = await schedules.release()
    if queued:
        ctx["dispatcher"].wake()
    if listings:
        await ctx["hint"](listings)


async def carry_over(ctx: dict[str, Any]) -> None:
    """After a change of provider nothing stays queued on the one that is gone."""
    if await messages.carry_over():
        ctx["dispatcher"].wake()


async def end_plans(ctx: dict[str, Any]) -> None:
    if listings := await schedules.end_without():
        await ctx["hint"](listings)


async def register_hooks(ctx: dict[str, Any]) -> None:
    if await freezing.is_frozen():  # a copy must not lead the provider's calls away from the original
        return
    await connections.register_missing_hooks()
    await connections.end_old_hooks()


async def match_early_receipts(ctx: dict[str, Any]) -> None:
    await ctx["hint"](await receipts.match_early())


async def end_late_answers(ctx: dict[str, Any]) -> None:
    await ctx["hint"](await answers.expire())


async def end_dead_leases(ctx: dict[str, Any]) -> None:
    await _heal(ctx, await delivery.end_dead_leases(is_dead))


async def tidy(ctx: dict[str, Any]) -> None:
    await sessions.tidy()


async def tidy_files(ctx: dict[str, Any]) -> None:
    await attachments.tidy()


async def tidy_all_files(ctx: dict[str, Any]) -> None:
    await attachments.tidy(whole=True)


async def sweep(ctx: dict[str, Any]) -> None:
    await _heal(ctx, await delivery.sweep())


async def _heal(ctx: dict[str, Any], news: delivery.News) -> None:
    if news.listings:
        logger.warning("Leases of a lost worker ended", extra={"listings": len(news.listings)})
        ctx["dispatcher"].wake()
        await ctx["hint"](news.listings)

"""Questions to providers that nobody waits for: what became of a call, what kind of line a number is, who wrote."""

from typing import Any

from domain import lookups, thread_names, turns, unanswered
from domain.installations import freezing
from workers.inbox import handle_events
from workers.processes import is_dead

TURN = 120.0  # seconds: longer than a round takes


async def ask_about_unanswered(ctx: dict[str, Any]) -> None:
    """One worker at a time asks about calls of unknown fate."""
    if await freezing.is_frozen() or not await turns.take("unanswered", ctx["owner"], TURN, is_dead):
        return
    if await unanswered.ask():
        await handle_events(ctx)


async def look_numbers_up(ctx: dict[str, Any]) -> None:
    """One worker at a time looks numbers up: each costs money."""
    if await freezing.is_frozen():
        return
    due = await lookups.due()  # first, so that where none looks up, nothing is written
    if due and await turns.take("lookups", ctx["owner"], TURN, is_dead):
        for connection in due:
            await lookups.look_up(connection)


async def ask_for_names(ctx: dict[str, Any]) -> None:
    """Who writes in threads, by name."""
    if not await freezing.is_frozen() and await thread_names.due():
        await ctx["hint"](await thread_names.ask())

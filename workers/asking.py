"""Questions to providers that nobody waits for: what became of a call, and what kind of line a number is."""

from typing import Any

from domain import lookups, turns, unanswered
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

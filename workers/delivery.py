"""The kick that says something may be due."""

from typing import Any


async def dispatch(ctx: dict[str, Any]) -> None:
    """Wakes this worker's dispatcher."""
    ctx["dispatcher"].wake()

"""Reads the lists that providers keep of people who said stop."""

from typing import Any
from uuid import UUID

from domain import provider_lists


async def read_opt_outs(ctx: dict[str, Any], connection_id: str) -> None:
    """One list now, because somebody asked or has just connected."""
    await provider_lists.read(UUID(connection_id))


async def read_due_opt_outs(ctx: dict[str, Any]) -> None:
    """Those whose night it is, and those never read; what failed is tried again the next time."""
    for connection in await provider_lists.due():
        await provider_lists.read(connection)

"""Uploaded files of addresses go into the no-contact lists."""

from typing import Any
from uuid import UUID

from domain.suppressions import files

TIDY_EVERY = 720  # rounds of run_due_list_imports: an hour


async def run_list_import(ctx: dict[str, Any], import_id: str) -> None:
    """One import to its end, unless another worker is at it."""
    await files.run(UUID(import_id))


async def run_due_list_imports(ctx: dict[str, Any]) -> None:
    """Those whose wake-up was lost, or whose worker was; now and then also tidies up."""
    for import_id in await files.due():
        await files.run(import_id)
    rounds = ctx["list_import_rounds"] = ctx.get("list_import_rounds", -1) + 1
    if rounds % TIDY_EVERY == 0:
        await files.tidy()

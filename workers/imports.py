"""Uploaded CSV files become listings."""

from typing import Any
from uuid import UUID

from domain import imports

TIDY_EVERY = 720  # rounds of run_due_imports: an hour


async def run_import(ctx: dict[str, Any], import_id: str) -> None:
    """One import to its end, or as far as another worker leaves it to us."""
    await imports.run(UUID(import_id), ctx["owner"])


async def run_due_imports(ctx: dict[str, Any]) -> None:
    """Those whose wake-up was lost, or whose worker was; now and then also tidies up."""
    for import_id in await imports.due():
        await imports.run(import_id, ctx["owner"])
    rounds = ctx["import_rounds"] = ctx.get("import_rounds", -1) + 1
    if rounds % TIDY_EVERY == 0:
        await imports.tidy()

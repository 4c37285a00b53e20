"""What would go on by itself: batches that have begun, with all they hold back, most of it without a time yet."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock
from domain.batches import steering
from domain.batches.tables import Batch
from domain.db import found

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

MOST = 200  # shown; all of them are ended
EARLIER = timedelta(hours=8)  # from the easternmost seller to a dealership in Hawaii
CANCELLED = "Cancelled before sending was released: its batch had begun."

# A batch whose time has not come is as any other plan; by each seller's own clock it comes earlier for some of them.
_WAITING = """b.size - b.expanded + (SELECT count(*) FROM message m WHERE m.batch = b.id
                                       AND m.state IN ('pending', 'queued', 'claimed'))"""
_BEGUN = """b.state IN ('expanding', 'running', 'paused') AND (b.scheduled_at IS NULL
             OR b.scheduled_at <= {} OR (b.schedule_rule = 'seller' AND b.scheduled_at <= {}))"""


async def batches(account: UUID | None = None, most: int = MOST) -> list[dict[str, Any]]:
    """Those that have begun, of all accounts or of one, the oldest first: dicts {id, account, state, held_reason,
    started_at, wording, person, waiting}."""
    now = clock.now()
    mine, arguments = ("AND b.account = {}", [account]) if account else ("", [])
    rows: list[dict[str, Any]] = await Batch.raw(
        f"""SELECT * FROM (
              SELECT b.id, b.account, b.state, b.held_reason, b.started_at, b.wording, u.name AS person,
                     {_WAITING} AS waiting
              FROM batch b LEFT JOIN app_user u ON u.id = b."user" WHERE {_BEGUN} {mine}) AS begun
            WHERE waiting > 0 ORDER BY started_at, id LIMIT {{}}""",
        now,
        now + EARLIER,
        *arguments,
        most,
    )
    return rows


async def end() -> dict[UUID, int]:
    """Ends them, with whatever of them waits; how many messages of each account that were."""
    ended: dict[UUID, int] = {}
    while rows := await batches():
        stopped = 0
        for row in rows:
            batch = await found(Batch.objects().get(Batch.id == row["id"]))
            if await steering.end(batch, None, CANCELLED):
                stopped += 1
                ended[row["account"]] = ended.get(row["account"], 0) + row["waiting"]
        if not stopped:
            break
    return ended

"""A planned batch that nothing could move for an hour: like a single plan it waits for a person, and never leaves by
itself long after its time. One under its pace is never late."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import db
from domain.batches import holding, turns
from domain.batches.tables import Batch
from domain.departures import LATEST

REASON = "Nothing could leave for more than an hour, so its time is past. Let it go on, or stop it."
# Of which batches this process knows that they move: when one of theirs last began here, or was found to have.
_moving: dict[UUID, datetime] = {}


async def hold(rows: Sequence[Mapping[str, Any]], now: datetime) -> set[UUID]:
    """Of messages about to leave {id, kind, batch, attempts, not_before}: pauses the planned batches of which some
    should have left an hour ago and none began since; those batches. A rest that the provider asked for is no such
    hour. Asks the database only where nothing is known here. In your transaction."""
    late = {row["batch"] for row in rows if _is_late(row, now)}
    asked = [each for each in late if _moving.get(each, now - LATEST) <= now - LATEST]
    if not asked:
        return set()
    since = now - LATEST
    found = await Batch.raw(
        f"""SELECT b.id FROM batch b
            WHERE {db.among("b.id")} AND b.state IN ('expanding', 'running', 'paused') AND b.schedule_rule <> ''
              AND b.changed_at < {{}}
              AND NOT EXISTS (SELECT 1 FROM message m JOIN attempt a ON a.message = m.id
                              WHERE m.batch = b.id AND a.started_at > {{}})
              AND NOT EXISTS (SELECT 1 FROM connection c WHERE c.account = b.account AND c.rests_until > {{}})""",  # noqa: S608 - fixed words
        db.listed(asked),
        since,
        since,
        since,
    )
    still = {row["id"] for row in found}
    mine = await turns.free(sorted(still))  # of the others somebody else is just pausing one
    for batch in await Batch.objects().where(Batch.id.is_in(mine)) if mine else []:
        if not await holding.pause(batch, REASON, None):  # it is paused already, so they wait with the others
            await holding.settle([row["id"] for row in rows if row["batch"] == batch.id])
    begun((each for each in asked if each not in still), now)
    return still


def begun(batches: Iterable[UUID | None], now: datetime) -> None:
    """Messages of these leave now."""
    _moving.update({each: now for each in batches if each})
    if len(_moving) > 1000:
        for each in [one for one, at in _moving.items() if at <= now - LATEST]:
            del _moving[each]


def stood_still(batch: Batch, since: datetime, now: datetime) -> bool:
    """Whether a planned batch should have gone on at `since`, and more than an hour passed without anybody's doing."""
    last: timedelta = now - max(since, batch.changed_at)
    return bool(batch.schedule_rule) and last > LATEST


def _is_late(row: Mapping[str, Any], now: datetime) -> bool:
    return row["kind"] == "batch" and not row["attempts"] and row["not_before"] < now - LATEST

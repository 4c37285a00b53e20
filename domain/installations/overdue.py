"""What is overdue: it would have left by now, and leaves at once when the sender is released."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, messages
from domain.departures import LATEST, is_late
from domain.history import Cursor
from domain.messages import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

PAGE = 50
AT_ONCE = 500
CANCELLED = "Cancelled before sending was released: it was overdue."

# In the words of the partial indexes, one part each.
_DUE = """SELECT id, account, kind, state, attempts, channel, to_address, listing, batch, not_before AS due
            FROM message WHERE state = 'queued' AND not_before <= {}
          UNION ALL SELECT id, account, kind, state, attempts, channel, to_address, listing, batch, not_before AS due
            FROM message WHERE state IN ('claimed', 'sending') AND state = 'claimed' AND not_before <= {}
          UNION ALL SELECT id, account, kind, state, attempts, channel, to_address, listing, batch, scheduled_at AS due
            FROM message WHERE state = 'pending' AND scheduled_at <= {}"""


@dataclass(frozen=True)
class Count:
    account: UUID
    kind: str
    number: int
    oldest: datetime


async def counts(account: UUID | None = None) -> list[Count]:
    """How many there are of each account, or of this one, and of each kind, the most first."""
    mine, arguments = ("WHERE account = {}", [account]) if account else ("", [])
    rows = await Message.raw(
        f"""SELECT account, kind, count(*) AS number, min(due) AS oldest FROM ({_DUE}) AS overdue {mine}
            GROUP BY account, kind ORDER BY number DESC, account, kind""",
        *_now(),
        *arguments,
    )
    return [Count(row["account"], row["kind"], row["number"], _moment(row["oldest"])) for row in rows]


async def page(account: UUID | None = None, after: Cursor | None = None) -> tuple[list[dict[str, Any]], bool]:
    """The 50 that are due longest, or those after a place, as dicts with the seller, the vehicle, the batch if any, and
    `leaves`: not a plan that is too late by now; and whether there are more."""
    where = ["account = {}"] if account else []
    arguments: list[Any] = [account] if account else []
    if after is not None:
        where.append("(due > {} OR (due = {} AND id > {}))")
        arguments += [after.at, after.at, after.id]
    such = f"WHERE {' AND '.join(where)}" if where else ""
    rows = await Message.raw(
        f"""SELECT few.*, l.year, l.make, l.model, p.first_name, p.last_name
            FROM (SELECT * FROM ({_DUE}) AS overdue {such} ORDER BY due, id LIMIT {{}}) AS few
            LEFT JOIN listing l ON l.id = few.listing LEFT JOIN seller p ON p.listing = few.listing
            ORDER BY few.due, few.id""",
        *_now(),
        *arguments,
        PAGE + 1,
    )
    return [_row(row) for row in rows[:PAGE]], len(rows) > PAGE


async def cancel() -> dict[UUID, int]:
    """Cancels all that is overdue now; how many of each account. A few at a time, so that nobody waits for it long."""
    now = _now()
    cancelled: dict[UUID, int] = {}
    while rows := await Message.raw(f"SELECT id FROM ({_DUE}) AS overdue LIMIT {{}}", *now, AT_ONCE):
        ended = await messages.cancel_overdue([row["id"] for row in rows], CANCELLED)
        for account in ended:
            cancelled[account] = cancelled.get(account, 0) + 1
        if not ended:
            break
    return cancelled


def _row(row: dict[str, Any]) -> dict[str, Any]:
    due, now = _moment(row["due"]), clock.now()
    too_late = row["state"] == "pending" and due < now - LATEST
    return {**row, "due": due, "leaves": not too_late and not is_late({**row, "not_before": due}, now)}


def _now() -> list[datetime]:
    return [clock.now()] * 3


def _moment(value: Any) -> datetime:
    """SQLite hands over what it computed as it keeps it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)

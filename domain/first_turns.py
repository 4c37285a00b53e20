"""An account's hour: how many sellers may hear from it first within any sixty minutes, and whose turn comes when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock, db, quiet_hours, seller_hours, standing, zones
from domain.messages.tables import Message
from domain.quiet_hours import Rules
from domain.zones import Zones

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

CODE = "first_contacts"  # of what waits for its turn
HOUR = timedelta(hours=1)
SOON = timedelta(minutes=1)  # who comes so much too early keeps their turn
MOST_DAYS = 1_000  # that turns are reckoned over; at one an hour 10,000 take no longer
# The last turn that is given away already. Takes the account.
LINE = f"""SELECT not_before FROM message WHERE account = {{}} AND state = 'queued' AND code = '{CODE}'"""


@dataclass
class Pace:
    """The last sixty minutes of an account that limits its first contacts: `left` more may be made now, and when there
    is room again; `line`: when the last of those that wait for a turn already has theirs."""

    limit: int
    left: int
    opens: datetime
    line: datetime | None
    _lent: bool = False

    def turn(self, now: datetime) -> datetime | None:
        """None: now. Else when; whoever asks next comes after them."""
        if self.left > 0:
            return None
        if not self._lent and self.opens - now <= SOON:
            self._lent = True
            return self.opens
        self.line = max(self.opens, self.line + apart(self.limit)) if self.line else self.opens
        return self.line

    def take(self) -> None:
        """One more leaves."""
        self.left -= 1


def apart(an_hour: int) -> timedelta:
    """What is between two turns."""
    return HOUR / an_hour


async def of_rows(rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[UUID, Pace]:
    """account -> its pace, of the accounts with a limit among {account, kind, an_hour, nothing_yet} of which a batch
    writes first to somebody; without one it asks the database nothing. Until the transaction ends no other batch of
    these makes a first contact, so that each turn is given once."""
    limits = {row["account"]: row["an_hour"] for row in rows if is_paced(row)}
    found = {}
    for account, limit in sorted(limits.items(), key=str):
        if db.on_postgres():
            await Message.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"hour:{account}")
        found[account] = await _hour(account, limit, now)
    return found


def is_paced(row: Mapping[str, Any]) -> bool:
    """Whether it waits for its turn: what a person writes to one seller does not."""
    return row["kind"] == "batch" and row["an_hour"] > 0 and bool(row["nothing_yet"])


async def _hour(account: UUID, limit: int, now: datetime) -> Pace:
    """What people wrote themselves counts too: who answers the sellers is the same either way."""
    [row] = await Message.raw(
        f"""SELECT COUNT(*) AS made, MIN(newest.at) AS oldest,
                   ({LINE} ORDER BY not_before DESC LIMIT 1) AS line
            FROM (SELECT f.message, MAX(f.at) AS at
                  FROM first_contact f JOIN message m ON m.id = f.message AND m.state IN {standing.LEFT}
                  WHERE f.account = {{}} AND f.at > {{}} GROUP BY f.message ORDER BY 2 DESC LIMIT {{}}) AS newest""",
        account,
        account,
        now - HOUR,
        limit,
    )
    oldest = _moment(row["oldest"]) or now
    return Pace(limit, limit - int(row["made"]), oldest + HOUR, _moment(row["line"]))


async def begins(account: UUID, an_hour: int, at: datetime, besides: UUID) -> datetime:
    """The first turn from a moment on, behind all that wait for one, but for those of a batch."""
    line = f"{LINE} AND not_before > {{}} AND batch <> {{}} ORDER BY not_before DESC LIMIT 1"
    rows = await Message.raw(line, account, clock.now(), besides)
    return behind(rows[0]["not_before"] if rows else None, an_hour, at)


def behind(line: Any, an_hour: int, at: datetime) -> datetime:
    """The first turn from a moment on behind the last one of the `line`, as the database tells it."""
    last = _moment(line)
    return max(at, last + apart(an_hour)) if last else at


def of_batch(batch: str) -> str:
    """SQL: columns of an account `a` for `last_of`. `batch` is an SQL expression for its id. Without a limit nothing is
    counted."""
    waits = f"m.batch = {batch} AND m.state IN ('pending', 'queued')"
    known = (
        f"SELECT 1 FROM message e WHERE e.listing = m.listing AND (e.direction = 'in' OR e.state IN {standing.LEFT})"
    )
    return f"""a.country, a.postal_code, a.phone, a.first_contacts_an_hour AS an_hour,
               CASE WHEN a.first_contacts_an_hour > 0 THEN (
                 SELECT COUNT(*) FROM message m WHERE {waits} AND NOT EXISTS ({known})) END AS turns,
               CASE WHEN a.first_contacts_an_hour > 0 THEN (
                 SELECT MIN(m.not_before) FROM message m WHERE {waits} AND m.code = '{CODE}') END AS turn"""


async def last_of(account: UUID, row: Mapping[str, Any], now: datetime) -> datetime:
    """When the last one of a batch has its turn, those included whose turn was in the night and who will need another;
    now, where none waits for any. The row is one of `of_batch`."""
    if not row["turns"]:
        return now
    turn = max(now, _moment(row["turn"]) or now)
    there = zones.of(row["country"], row["postal_code"], [row["phone"]] if row["phone"] else [])
    return last(row["turns"], turn, row["an_hour"], there, await seller_hours.rules_of(account))


def last(number: int, turn: datetime, an_hour: int, there: Zones, rules: Rules) -> datetime:
    """When the last of so many has had its turn, of which this is the first: by night nobody has one. By the hours of
    where the dealership is, for want of the sellers'."""
    for _ in range(MOST_DAYS):
        turn = quiet_hours.next_allowed(turn, there, rules) or turn
        closes = min((each.until for each in quiet_hours.here(turn, there, rules) if each.until), default=None)
        if closes is None or (today := -((turn - closes) // apart(an_hour))) >= number:
            break
        number, turn = number - today, closes
    return turn + apart(an_hour) * (number - 1)


def _moment(value: Any) -> datetime | None:
    """Of a column that was calculated, which SQLite tells as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value

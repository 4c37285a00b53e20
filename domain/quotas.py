"""A sender's day: how many segments each may text over a connection from midnight to midnight, and what of it is used.

Midnight is the account's. What left or may have left counts; who has used their day up goes on when the next begins.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain import clock, connections, db, standing, text, wall_times, zones
from domain.connections import Connection
from domain.errors import Refused
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.

OPTION = "segments_a_day"  # of a connection; 0 or none: no limit
MOST = 100_000
# What is used of a day: the segments of what left, or may have, by one connection of an account.
USED = "SUM(CASE WHEN m.segments > 1 THEN m.segments ELSE 1 END)"
OF_WHAT_LEFT = f"""FROM message m WHERE m.account = {{}} AND m.connection = {{}} AND m.direction = 'out'
                   AND m.channel = 'text' AND m.state IN {standing.LEFT}"""
# What was sent once more stands in the history where it stood at first.
ONCE_MORE = "m.attempts > 1 AND m.not_before >= {} AND m.at < {}"


@dataclass
class Day:
    """Today of those who send by one connection that limits them."""

    limit: int
    ends: datetime  # the next midnight
    used: Counter[UUID]  # segments by person

    def over(self, person: UUID, at: datetime) -> datetime | None:
        """When they may go on, if at that moment they have used up the day."""
        return self.ends if at < self.ends and self.used[person] >= self.limit else None

    def nights(self, person: UUID, segments: int, at: datetime) -> int:
        """How many midnights pass until they have sent so many more, beginning at that moment."""
        left = max(self.limit - self.used[person], 0) if at < self.ends else self.limit
        return -(-max(segments - left, 0) // self.limit)

    def take(self, person: UUID, body: str) -> None:
        """One more of theirs leaves."""
        self.used[person] += max(text.measure(body).segments, 1)


def limit_of(options: str | None) -> int:
    """Segments a day for each sender, of a connection's options; 0: no limit."""
    if not options or OPTION not in options:
        return 0
    given = str(json.loads(options).get(OPTION, ""))
    return int(given) if given.isdigit() else 0


async def limit(connection: Connection, user: UUID, typed: str, **more: Any) -> int:
    """Sets it to what was typed; empty or 0: none, and `more` options with it. Raises Refused at `segments_a_day`."""
    segments = text.number(typed.strip() or "0", MOST)
    if segments is None:
        raise Refused(f"Give a whole number of segments, {MOST:,} at most, or leave it empty for no limit.", OPTION)
    await connections.change_options(connection, user, segments_a_day=segments, **more)
    return segments


async def of(connection: Connection | None, timezone: str) -> Day | None:
    """Today by a connection; None without a limit, which asks the database nothing."""
    if connection is None or not (segments := limit_of(connection.options)):
        return None
    return await _day(connection.account, connection.id, segments, timezone, clock.now())


async def spent(connection: Connection, timezone: str) -> list[tuple[str, int]]:
    """Who used how much of today, the most first; nobody where there is no limit."""
    day = await of(connection, timezone)
    if day is None or not day.used:
        return []
    people = await User.select(User.id, User.name).where(User.id.is_in(list(day.used)))
    return sorted(((row["name"], day.used[row["id"]]) for row in people), key=lambda one: (-one[1], one[0]))


async def of_rows(rows: Iterable[Mapping[str, Any]], now: datetime) -> dict[UUID, Day]:
    """connection -> today, of the connections with a limit among {connection, account, options, timezone}. Until the
    transaction ends nobody else begins a text by one of these, so that what they may still send is sent once."""
    limited = {row["connection"]: row for row in rows if limit_of(row["options"])}
    found = {}
    for connection, row in sorted(limited.items()):
        if db.on_postgres():
            await Connection.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"day:{connection}")
        segments, zone = limit_of(row["options"]), row["timezone"]
        found[connection] = await _day(row["account"], connection, segments, zone, now)
    return found


def used_by() -> str:
    """SQL: the segments that one person has used of a day by a connection; its arguments are those of `of_person`."""
    counted = f"""SELECT COALESCE({USED}, 0) {OF_WHAT_LEFT} AND m."user" = {{}}"""
    return f"(({counted} AND m.at >= {{}}) + ({counted} AND {ONCE_MORE}))"


def of_person(connection: Connection, user: UUID, timezone: str) -> list[Any]:
    """Who it is about, as `used_by` takes them."""
    whose, begins = [connection.account, connection.id, user], bounds(clock.now(), timezone)[0]
    return [*whose, begins, *whose, begins, begins]


def day_of(connection: Connection, user: UUID, timezone: str, used: int) -> Day:
    """One person's today by a connection with a limit."""
    return Day(limit_of(connection.options), bounds(clock.now(), timezone)[1], Counter({user: used}))


async def _day(account: UUID, connection: UUID, segments: int, timezone: str, now: datetime) -> Day:
    begins, ends = bounds(now, timezone)
    counted = f"""SELECT m."user" AS person, {USED} AS used {OF_WHAT_LEFT} AND m."user" IS NOT NULL"""
    rows = await Connection.raw(
        f"""{counted} AND m.at >= {{}} GROUP BY m."user" UNION ALL {counted} AND {ONCE_MORE} GROUP BY m."user" """,
        account,
        connection,
        begins,
        account,
        connection,
        begins,
        begins,
    )
    used: Counter[UUID] = Counter()
    for row in rows:
        used[row["person"]] += int(row["used"])
    return Day(segments, ends, used)


def bounds(now: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The midnights before and after, by the clocks of a zone."""
    today = now.astimezone(zones.clock(timezone)).date()
    return wall_times.moment(today, time(), timezone), wall_times.moment(today + timedelta(days=1), time(), timezone)

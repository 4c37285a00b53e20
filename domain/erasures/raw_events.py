"""What providers told about somebody, as it came: found by the addresses in it, and emptied."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import ids
from domain.inbox import ProviderEvent
from domain.inbox.tables import EMPTY
from domain.same_seller import holes, parts

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

SHORTEST = 6  # characters: less would be found in anything
OVERLAP = 600_000  # milliseconds an event may take from its id to its commit, at most


async def mentioning(account: UUID, addresses: Collection[str], after: UUID | None = None) -> set[UUID]:
    """Events of the account's connections in which one of these addresses stands, of those from `after` on.

    It reads every event that it looks at: without `after` do it before your transaction.
    """
    wanted = [_pattern(each) for each in addresses if len(each) >= SHORTEST]
    if not wanted:
        return set()
    said = " OR ".join(["lower(e.payload) LIKE {} ESCAPE '!'"] * len(wanted))
    since = "AND e.id > {}" if after else ""
    rows = await ProviderEvent.raw(
        f"""SELECT e.id FROM provider_event e JOIN connection c ON c.id = e.connection
            WHERE c.account = {{}} AND ({said}) {since}""",
        *(account, *wanted, *([after] if after else [])),
    )
    return {row["id"] for row in rows}


def now() -> UUID:
    """A place before every event that is not committed yet."""
    return UUID(int=ids.new().int - (OVERLAP << 80))


async def empty(events: Collection[UUID], messages: Sequence[UUID], at: datetime) -> int:
    """Takes out what stands in these, and in those that brought the receipts of the messages; how many there were. One
    that waits to be handled is handled with it."""
    emptied = 0
    for part in parts(sorted(events)):
        emptied += await _empty(f"id IN ({holes(part)})", part, at)
    for part in parts(messages):
        emptied += await _empty(f"id IN (SELECT r.id FROM receipt r WHERE r.message IN ({holes(part)}))", part, at)
    return emptied


async def _empty(which: str, values: Sequence[Any], at: datetime) -> int:
    rows = await ProviderEvent.raw(
        f"""UPDATE provider_event SET payload = {{}}, problem = '', handled_at = COALESCE(handled_at, {{}})
            WHERE {which} AND payload <> {{}} RETURNING id""",
        *(EMPTY, at, *values, EMPTY),
    )
    return len(rows)


def _pattern(address: str) -> str:
    """Of a number the digits without the country's, as some providers leave it out; else as JSON has it."""
    said = address.removeprefix("+1").removeprefix("+") if address.startswith("+") else json.dumps(address)[1:-1]
    escaped = said.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"

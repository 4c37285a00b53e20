"""Calls that ended nobody knows how: a provider that tells what it took is asked, and its word comes in as by its hook.

Nothing is ever sent again here. What the provider does not know stays unknown, for a person.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock, connections, inbox
from domain.attempts import Attempt
from domain.channels.base import ChannelError, Kind, Outgoing
from domain.channels.registry import CHANNELS
from domain.connections import ConnectionState
from domain.db import among, listed
from domain.errors import Refused, Unavailable

EVERY = timedelta(seconds=60)  # how often a worker looks
FIRST = timedelta(minutes=1)  # after a call began; then each time after twice as long
LAST = timedelta(days=1)
LATE = timedelta(seconds=5)  # a worker may be
SKEW = timedelta(seconds=60)  # between our clock and the provider's, who counts whole seconds
MOST = 100  # questions a time


async def ask() -> bool:
    """Asks about those whose hour it is; True when the provider told something that is to be handled."""
    told = False
    silent: set[UUID] = set()  # connections whose provider does not answer just now
    for row in await _due(clock.now()):
        if row["connection"] not in silent:
            try:
                told = await _ask(row) or told
            except ChannelError as error:
                silent.add(row["connection"])
                if error.kind is Kind.CONNECTION_BROKEN:
                    await connections.broken(row["connection"], error.reason)
    return told


async def _due(now: datetime) -> Sequence[dict[str, Any]]:
    kinds = [kind for kind, provider in CHANNELS.items() if provider.tells_what_it_took]
    if not kinds:
        return []
    rows: list[dict[str, Any]] = await Attempt.raw(
        f"""SELECT a.connection, a.started_at, m.id, m.channel, m.to_address, m.body
            FROM attempt a JOIN message m ON m.id = a.message JOIN connection c ON c.id = a.connection
            WHERE a.outcome = 'unknown' AND a.provider_id = '' AND a.started_at BETWEEN {{}} AND {{}}
              AND m.state IN ('unknown', 'queued', 'claimed') AND m.to_address <> '' AND c.state = {{}}
              AND {among("c.kind")}
            ORDER BY a.started_at DESC LIMIT 500""",  # noqa: S608 - fixed words
        now - LAST,
        now - FIRST,
        str(ConnectionState.CONNECTED),
        listed(kinds),
    )
    due = [row for row in rows if is_time(now - row["started_at"])]
    return random.sample(due, MOST) if len(due) > MOST else due  # of too many none is always the last


def is_time(age: timedelta) -> bool:
    """Whether a call of that age is to be asked about now: after a minute, two, four, eight … Rows keep no count."""
    after = FIRST
    while after <= age:
        if age < after + EVERY + LATE:
            return True
        after *= 2
    return False


async def _ask(row: dict[str, Any]) -> bool:
    """Raises ChannelError."""
    connection = await connections.by_id(row["connection"])
    assert connection is not None  # connections are never deleted
    asked = Outgoing(row["id"], row["channel"], row["to_address"], row["body"], "")
    try:
        events = await connections.adapter(connection).took(asked, row["started_at"] - SKEW)
    except (Refused, Unavailable):  # its credentials are not whole, or cannot be unsealed
        return False
    return await inbox.store(connection.id, *events)

"""Who sends at the provider: asked again for claimed messages whose last look is old."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import (
    clock,
    connections,
    db,
)
from domain.channels.base import ChannelError, Kind
from domain.channels.registry import CHANNELS
from domain.delivery.claiming import postpone, release
from domain.delivery.news import News
from domain.delivery.retries import backoff
from domain.gate import BY_ITSELF
from domain.messages import Message
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

# How long a look counts for what leaves by itself: its sender is checked when its time has come, and of a batch of
# thousands once in so many seconds.
AT_ITS_TIME = timedelta(seconds=10)


def is_old(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether the sender of a message {kind, provider, checked_at} is to be asked for before it leaves."""
    if CHANNELS[row["provider"]].senders == "one":
        return False
    age = AT_ITS_TIME if row["kind"] in BY_ITSELF else connections.LINK_AGE
    return row["checked_at"] is None or bool(row["checked_at"] < now - age)


async def look_up_senders(owner: str, ids: Sequence[UUID]) -> tuple[list[UUID], News]:
    """Asks the provider for the senders of claimed messages whose last look is old: once for each sender.

    Returns the messages that may go on, and the news. Where the provider could not be asked its messages are
    given back, to be tried later; a refused key breaks the connection.
    """
    news = News()
    if not ids:
        return [], news
    now = clock.now()
    claimed = await Message.raw(
        f"""SELECT m.id, m.tries, m.kind, m.connection, m."user" AS person, c.kind AS provider, s.checked_at
            FROM message m JOIN connection c ON c.id = m.connection
            LEFT JOIN sender_link s ON s.connection = m.connection AND s."user" = m."user"
            WHERE {db.among("m.id")}""",
        db.listed(ids),
    )
    rows = [row for row in claimed if is_old(row, now)]
    held: set[UUID] = set()
    for connection_id, person in {(row["connection"], row["person"]) for row in rows}:
        connection = await connections.by_id(connection_id)
        user = await User.objects().get(User.id == person)
        if connection is None or user is None:
            continue
        try:
            await connections.sender(connection, user, AT_ITS_TIME)
        except ChannelError as error:
            mine = [row for row in rows if (row["connection"], row["person"]) == (connection_id, person)]
            held.update(row["id"] for row in mine)
            await _hold(owner, connection, mine, error, news)
    return [each for each in ids if each not in held], news


async def _hold(
    owner: str, connection: connections.Connection, rows: Sequence[Mapping[str, Any]], error: ChannelError, news: News
) -> None:
    """The provider could not say who sends: no attempt was made, the messages wait."""
    held = [row["id"] for row in rows]
    if error.kind is Kind.CONNECTION_BROKEN:
        await connections.broken(connection.id, error.reason)
        await release(owner, held)
        return
    await connections.failed(connection.id, error.reason)
    if error.kind is Kind.THROTTLED:
        news.closed[connection.id] = error.retry_after or backoff(0)
    await postpone(owner, held, error.reason, counted=error.kind is not Kind.THROTTLED)

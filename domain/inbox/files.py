"""The files that came with messages: fetched from the provider, looked into like any upload, put beside the words."""

import json
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import attachments, clock, connections, db
from domain.attachments import MessageAttachment
from domain.channels.base import AWAY, ChannelError, Kind, Media
from domain.connections import Connection, ConnectionState
from domain.errors import Refused, Unavailable
from domain.inbox.tables import IncomingFile, ProviderEvent
from domain.messages import Message
from domain.text import storable

logger = logging.getLogger(__name__)

MOST_TRIES = 8
PATIENCE = timedelta(minutes=5)  # how long one may be at it before another worker tries
LONGEST_AWAY = timedelta(days=1)  # after the message came; a connection that waits to be mended is waited for longer
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=20), timedelta(minutes=15)
BROKEN = "The connection is broken. The file comes once it is mended."
WHERE = "It is not kept here: look at it where it came in."
GAVE_UP = "The file could not be fetched."


async def fetch_due(limit: int = 10) -> set[UUID]:
    """Fetches files that nobody has yet, those of one event together; the listings whose history changed. One that
    fails keeps no other waiting."""
    by_event: dict[UUID, list[dict[str, Any]]] = {}
    for row in await _claim(limit):
        by_event.setdefault(row["event"], []).append(row)
    changed: set[UUID] = set()
    for rows in by_event.values():
        changed |= await _fetch_together(rows)
    return changed


async def _fetch_together(rows: list[dict[str, Any]]) -> set[UUID]:
    left, changed = list(rows), set[UUID]()
    try:
        connection, payload = await _of_event(rows[0]["event"])
        async with connections.adapter(connection).fetching(payload) as fetch:
            while left:
                row = left.pop(0)
                try:
                    listing = await _keep(row, connection.account, await fetch(row["origin"]))
                except Exception as error:
                    listing = await _failed(row, error)
                changed |= {listing} if listing else set()
    except Exception as error:  # what concerns all of them
        for row in left:
            listing = await _failed(row, error)
            changed |= {listing} if listing else set()
    return changed


async def _failed(row: dict[str, Any], error: Exception) -> UUID | None:
    if isinstance(error, ChannelError):
        if error.kind in AWAY:  # no fault of the file
            return await _wait(row, error)
        return await _again(row, error.reason, final=error.kind is Kind.PERMANENT)
    if isinstance(error, Unavailable):
        return await _again(row, str(error))
    logger.error("A file that came in could not be kept", exc_info=error, extra={"incoming_file": str(row["id"])})
    return await _again(row, GAVE_UP)


async def _claim(limit: int) -> list[dict[str, Any]]:
    now = clock.now()
    rows: list[dict[str, Any]] = await IncomingFile.raw(
        """UPDATE incoming_file SET tries = tries + 1, not_before = {}
           WHERE id IN (SELECT id FROM incoming_file WHERE state = 'waiting' AND not_before <= {}
                        ORDER BY not_before LIMIT {}) AND state = 'waiting' AND not_before <= {}
           RETURNING id, message, event, position, origin, name, media_type, tries""",
        *(now + PATIENCE, now, limit, now),
    )
    return rows


async def _of_event(event: UUID) -> tuple[Connection, dict[str, Any]]:
    events = await IncomingFile.raw("SELECT connection, payload FROM provider_event WHERE id = {}", event)
    connection = await connections.by_id(events[0]["connection"])
    assert connection is not None  # connections are never deleted
    if connection.state == ConnectionState.BROKEN:
        raise ChannelError(BROKEN, Kind.CONNECTION_BROKEN)
    return connection, json.loads(events[0]["payload"])


async def _keep(row: dict[str, Any], account: UUID, media: Media) -> UUID | None:
    try:
        kept = await attachments.add(account, None, _name(row, media), media.data)
    except Refused as refused:
        return await _refuse(row, _of_theirs(refused.message))
    async with db.writing():
        if not await _settle(row["id"], "kept", "", kept.id):
            return None  # another worker was faster; what nothing holds is tidied away
        beside = MessageAttachment(message=row["message"], attachment=kept.id, position=row["position"])
        await MessageAttachment.insert(beside)
        return await _changed(row["message"])


def _of_theirs(said: str) -> str:
    """The reason alone: what follows it is for somebody who can choose another file."""
    name = said.rfind("” ")
    reason = said[max(name, 0) :].partition(". ")[0].rstrip(".")
    return f"{said[: max(name, 0)]}{reason}. {WHERE}"


async def _refuse(row: dict[str, Any], problem: str) -> UUID | None:
    """It will never be here, and the history says why; the listing of its message."""
    async with db.writing():
        return await _changed(row["message"]) if await _settle(row["id"], "refused", problem) else None


async def _changed(message: UUID) -> UUID | None:
    seen = Message.update({Message.changed_at: clock.now()}).where(Message.id == message)
    [row] = await seen.returning(Message.listing)
    listing: UUID | None = row["listing"]
    return listing


def _name(row: dict[str, Any], media: Media) -> str:
    return row["name"] or media.name or f"file-{row['position'] + 1}"


async def _wait(row: dict[str, Any], error: ChannelError) -> UUID | None:
    """The provider is away, or its connection is: the try does not count, and the longer it lasts the rarer we ask."""
    [event] = await ProviderEvent.select(ProviderEvent.received_at).where(ProviderEvent.id == row["event"])
    age = clock.now() - event["received_at"]
    if age > LONGEST_AWAY and error.kind is not Kind.CONNECTION_BROKEN:
        return await _refuse(row, error.reason)
    wait = max(min(max(age / 4, SHORTEST_WAIT), LONGEST_WAIT), timedelta(seconds=error.retry_after or 0))
    await _later(row, error.reason, wait, row["tries"] - 1)
    return None


async def _again(row: dict[str, Any], problem: str, *, final: bool = False) -> UUID | None:
    if final or row["tries"] >= MOST_TRIES:
        return await _refuse(row, problem)
    await _later(row, problem, timedelta(seconds=10 * 2.0 ** row["tries"]), row["tries"])
    return None


async def _later(row: dict[str, Any], problem: str, wait: timedelta, tries: int) -> None:
    values: dict[Any, Any] = {IncomingFile.problem: storable(problem[:500]), IncomingFile.tries: tries}
    await IncomingFile.update({**values, IncomingFile.not_before: clock.now() + wait}).where(_is_waiting(row["id"]))


async def _settle(file: UUID, state: str, problem: str, attachment: UUID | None = None) -> bool:
    """False when another worker did it meanwhile."""
    values: dict[Any, Any] = {IncomingFile.state: state, IncomingFile.problem: storable(problem[:500])}
    settling = IncomingFile.update({**values, IncomingFile.attachment: attachment}).where(_is_waiting(file))
    return bool(await settling.returning(IncomingFile.id))


def _is_waiting(file: UUID) -> Any:
    return (IncomingFile.id == file) & (IncomingFile.state == "waiting")

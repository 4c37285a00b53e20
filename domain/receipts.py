"""What a provider said of a message it took: kept raw, climbing a ladder, so that any order ends in one state."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, db
from domain.channels import base
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.messages import CALLED, RANKS, Message, State


class Receipt(Table, db=DB, tablename="receipt"):
    id = key()
    connection = parent(Connection, index=False)
    provider_id = Text()
    message = parent(Message, null=True)  # None: it came before we knew the provider's id
    state = Varchar(12)
    reason = Text(default="")
    code = Varchar(20, default="")  # what follows from it, where more does than the reason says
    at = moment()  # by the provider's clock
    received_at = made()


EARLY_FOR = timedelta(days=1)


async def owner(connection: UUID, provider_id: str) -> dict[str, Any] | None:
    """The message the provider calls so, as {message, n, listing, erased, begun_at}. `n` is the attempt, 0 for one
    typed in its app; `erased`: its seller was, since; `begun_at`: when it left."""
    rows: list[dict[str, Any]] = await Receipt.raw(
        """SELECT a.message, a.n, m.listing, m.to_address = '' AS erased, a.started_at AS begun_at
           FROM attempt a JOIN message m ON m.id = a.message WHERE a.provider_id = {} AND a.connection = {}""",
        provider_id,
        connection,
    )
    if not rows:
        rows = await Receipt.raw(
            """SELECT id AS message, 0 AS n, listing, to_address = '' AS erased, at AS begun_at
               FROM message WHERE nonce = {}""",
            app_nonce(connection, provider_id),
        )
    return rows[0] if rows else None


def app_nonce(connection: UUID, provider_id: str) -> str:
    """What makes a message typed in the provider's app unique."""
    return nonce("app", connection, provider_id)


def nonce(prefix: str, connection: UUID, provider_id: str) -> str:
    """What makes a message unique that the provider made, not we."""
    name = provider_id if len(provider_id) <= 40 else hashlib.sha256(provider_id.encode()).hexdigest()[:40]
    return f"{prefix}:{connection.hex}:{name}"


async def keep(connection: UUID, event: UUID, receipt: base.Receipt) -> None:
    """Stores a receipt an event brought, once, and moves its message up, if the message is known yet. Call it inside
    a transaction."""
    row = Receipt(
        id=event,
        connection=connection,
        provider_id=receipt.provider_id,
        state=receipt.state,
        reason=receipt.reason,
        code=receipt.code,
        at=receipt.at,
    )
    once = Receipt.insert(row).on_conflict(target=Receipt.id, action="DO NOTHING")
    if not await once and not await Receipt.exists().where(
        (Receipt.id == event) & (Receipt.provider_id == receipt.provider_id)
    ):
        row.id = uuid5(event, receipt.provider_id)  # of several messages: the first has the event's own id
        await Receipt.insert(row).on_conflict(target=Receipt.id, action="DO NOTHING")
    await apply_early([(connection, receipt.provider_id)])


async def apply_early(known: Sequence[tuple[UUID, str]]) -> None:
    """Applies receipts that came before we knew whose they are. Call it in the transaction that learns the ids."""
    if not known:
        return
    rows = await Receipt.raw(
        f"""SELECT id, connection, provider_id, state, reason, code FROM receipt
            WHERE message IS NULL AND {db.among("connection")} AND {db.among("provider_id")}""",  # noqa: S608 - fixed words
        db.listed({connection for connection, _ in known}),
        db.listed({provider_id for _, provider_id in known}),
    )
    for row in rows:
        attempt = await owner(row["connection"], row["provider_id"])
        if attempt:
            await Receipt.update({Receipt.message: attempt["message"]}).where(Receipt.id == row["id"])
            await _climb(attempt, row)


async def match_early(limit: int = 200) -> set[UUID]:
    """Heals the rare pair that missed each other: a receipt and an answer stored at the same moment. Returns the
    listings whose history changed. Receipts of texts nobody knows are looked at for a day."""
    rows = await Receipt.raw(
        """SELECT r.connection, r.provider_id, m.listing FROM receipt r
           JOIN attempt a ON a.connection = r.connection AND a.provider_id = r.provider_id
           JOIN message m ON m.id = a.message
           WHERE r.message IS NULL AND r.received_at > {} ORDER BY r.received_at LIMIT {}""",
        clock.now() - EARLY_FOR,
        limit,
    )
    if rows:
        async with db.writing():
            await apply_early([(row["connection"], row["provider_id"]) for row in rows])
    return {row["listing"] for row in rows if row["listing"]}


async def _climb(attempt: Mapping[str, Any], receipt: Mapping[str, Any]) -> None:
    """Only the newest attempt speaks for the message, or the one by which it was settled when nobody knew how the
    newest ended; only upwards, and not while the next attempt waits."""
    state, rank = receipt["state"], RANKS[State(receipt["state"])]
    await Message.update(
        {
            Message.state: state,
            Message.rank: rank,
            Message.reason: receipt["reason"],
            Message.code: (receipt["code"] or "provider") if state == State.UNDELIVERED else "",
            Message.changed_at: clock.now(),
        }
    ).where(
        (Message.id == attempt["message"])
        & ((Message.attempts == attempt["n"]) | (Message.provider_id == receipt["provider_id"]))
        & (Message.rank < rank)
        & Message.state.is_in([str(called) for called in CALLED])
    )

"""Forms that are emailed as leads: while the email that carries them is gone they wait for it, as emails do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import connections, db
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.form_transports import LEAD
from domain.messages import Message

LENDS = "email"
AGAIN = timedelta(minutes=1)  # until somebody looks whether it is back


async def ready(rows: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those that may leave; a lead among them knows its `lender` and that one's `lent_by`. The other leads wait."""
    found: dict[UUID, Connection | None] = {}
    gone: dict[UUID, UUID] = {}  # connection -> account
    kept = []
    for row in rows:
        if row["channel"] == "form" and row["form_transport"] == LEAD:
            account = row["account"]
            if account not in found:
                found[account] = await connections.carrying(account, LENDS)
            lender = found[account]
            if lender is None or lender.state != ConnectionState.CONNECTED:
                gone[row["connection"]] = account
                continue
            row |= {"lender": lender.kind, "lent_by": lender.id}
        kept.append(row)
    for connection, account in gone.items():
        await _wait(connection, found[account], now)
    return kept


async def _wait(connection: UUID, lender: Connection | None, now: datetime) -> None:
    """All leads of that connection that are due, or were claimed: no other form waits behind them."""
    skip = "FOR UPDATE OF m SKIP LOCKED" if db.on_postgres() else ""
    await Message.raw(
        f"""UPDATE message SET state = 'queued', rank = 0, not_before = {{}}, code = 'no_connection', reason = {{}},
                   owner = '', lease_until = NULL, changed_at = {{}}
            WHERE id IN (SELECT m.id FROM message m
                         JOIN listing l ON l.id = m.listing JOIN source i ON i.id = l.source
                         WHERE m.connection = {{}} AND m.state IN ('queued', 'claimed') AND m.not_before <= {{}}
                           AND i.form_transport = '{LEAD}' {skip})""",  # noqa: S608 - fixed words
        now + AGAIN,
        _why(lender),
        now,
        connection,
        now,
    )


def _why(lender: Connection | None) -> str:
    name = CHANNELS[lender.kind].name if lender else "Email"
    if lender and lender.state == ConnectionState.BROKEN:
        return f"Held, because {name} refused your dealership's key. It leaves once that is mended under Apps."
    return f"Held, because leads leave by {name}, which is not connected. It leaves once it is connected under Apps."

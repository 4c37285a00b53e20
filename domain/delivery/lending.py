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

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

LENDS = "email"
AGAIN = timedelta(minutes=1)  # until somebody looks whether it is back


async def ready(rows: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those that may leave; a lead among them knows its `lender` and that one's `lent_by`. The other leads wait."""
    found: dict[UUID, Connection | None] = {}
    gone: dict[UUID, list[dict[str, Any]]] = {}  # connection -> leads of ours
    kept = []
    for row in rows:
        if row["channel"] == "form" and row["form_transport"] == LEAD:
            account = row["account"]
            if account not in found:
                found[account] = await connections.carrying(account, LENDS)
            lender = found[account]
            if lender is None or lender.state != ConnectionState.CONNECTED:
                gone.setdefault(row["connection"], []).append(row)
                continue
            row |= {"lender": lender.kind, "lent_by": lender.id}
        kept.append(row)
    for connection, leads in gone.items():
        await _wait(connection, [row["id"] for row in leads], _why(found[leads[0]["account"]]), now)
    return kept


async def _wait(connection: UUID, claimed: Sequence[UUID], why: str, now: datetime) -> None:
    """These, and all leads of that connection that are due: no other form waits behind them."""
    waits = """UPDATE message SET state = 'queued', rank = 0, not_before = {}, code = 'no_connection', reason = {},
                      owner = '', lease_until = NULL, changed_at = {}"""
    skip = "FOR UPDATE OF m SKIP LOCKED" if db.on_postgres() else ""
    values = (now + AGAIN, why, now)
    await Message.raw(f"{waits} WHERE {db.among('id')}", *values, db.listed(claimed))
    await Message.raw(
        f"""{waits} WHERE id IN (SELECT m.id FROM message m JOIN listing l ON l.id = m.listing
                                 JOIN source i ON i.id = l.source
                                 WHERE m.connection = {{}} AND m.state = 'queued' AND m.not_before <= {{}}
                                   AND i.form_transport = '{LEAD}' {skip})""",
        *values,
        connection,
        now,
    )


def _why(lender: Connection | None) -> str:
    name = CHANNELS[lender.kind].name if lender else "Email"
    if lender and lender.state == ConnectionState.BROKEN:
        return f"Held, because {name} refused your dealership's key. It leaves once that is mended under Apps."
    return f"Held, because leads leave by {name}, which is not connected. It leaves once it is connected under Apps."

"""A stop said in a thread is the person's: it counts by their numbers and email, whatever the listing, until it ends.

Those are put down for the thread's channel, not for texts or emails: at these addresses they said nothing, so a person
may answer there once they write again.
"""

from typing import Any
from uuid import UUID

from domain import audit, clock, ids, messages, threads
from domain.standing import THEIRS
from domain.suppressions.addresses import key
from domain.suppressions.tables import OptOut

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


async def spread(account_id: UUID, channel: str, address: str) -> None:
    """The seller of the thread with this address said stop there, which stands. Nothing where that is no thread, or
    nobody knows of which listing. In the transaction that stores the stop, after it."""
    stop = await _of_seller(account_id, channel, address)
    for theirs in _addresses(stop):
        rows = await OptOut.raw(
            """INSERT INTO opt_out (id, account, channel, address, word, message, at, lifted_at, lifted_by,
                                    source, note, added_by)
               VALUES ({}, {}, {}, {}, {}, {}, {}, null, '', {}, {}, {})
               ON CONFLICT (account, channel, address) WHERE lifted_at IS NULL
                 DO UPDATE SET said_again_at = excluded.at
               RETURNING id, said_again_at""",
            *(ids.new(), account_id, channel, theirs, stop["word"], stop["message"], clock.now()),
            *(stop["source"], stop["note"], stop["added_by"]),
        )
        if rows[0]["said_again_at"] is None:
            facts = {"address": theirs, "channel": channel, "source": stop["source"]}
            await audit.record(account_id, stop["added_by"], "opt_out.added", rows[0]["id"], stop["word"], **facts)
        await messages.cancel_for_address(account_id, theirs, "The seller asked to stop.", "opted_out")


async def withdraw(account_id: UUID, channel: str, address: str, by: str) -> None:
    """The stop in this thread was lifted, and with it what `spread` put down, but for who said stop in another one. In
    the transaction that lifts it."""
    theirs = _addresses(await _of_seller(account_id, channel, address, stands=False))
    if not theirs:
        return
    elsewhere = """SELECT 1 FROM opt_out s JOIN seller_thread t ON t.account = s.account AND t.channel = s.channel
                     AND t.address = s.address JOIN seller p ON p.listing = t.listing
                   WHERE s.account = opt_out.account AND s.channel = opt_out.channel AND s.lifted_at IS NULL
                     AND opt_out.address IN (p.mobile, p.phone, p.email)"""
    rows = await OptOut.raw(
        f"""UPDATE opt_out SET lifted_at = {{}}, lifted_by = {{}}
            WHERE account = {{}} AND channel = {{}} AND address IN ({", ".join(["{}"] * len(theirs))})
              AND lifted_at IS NULL AND NOT EXISTS ({elsewhere}) RETURNING id, address""",
        *(clock.now(), by, account_id, channel, *theirs),
    )
    for row in rows:
        facts = {"address": row["address"], "channel": channel}
        await audit.record(account_id, None, "opt_out.lifted", UUID(str(row["id"])), by, **facts)


async def _of_seller(account_id: UUID, channel: str, address: str, *, stands: bool = True) -> dict[str, Any]:
    """The opt-out of a thread, and by what its seller is known; empty where there is none. One that does not need to
    stand is asked for its seller only."""
    if channel not in threads.CHANNELS:
        return {}
    stop = """JOIN opt_out o ON o.account = t.account AND o.channel = t.channel AND o.address = t.address
                AND o.lifted_at IS NULL"""
    said = "o.word, o.message, o.source, o.note, o.added_by, "
    rows: list[dict[str, Any]] = await OptOut.raw(
        f"""SELECT {said if stands else ""} p.mobile, p.phone, p.email
            FROM seller_thread t JOIN seller p ON p.listing = t.listing {stop if stands else ""}
            WHERE t.account = {{}} AND t.channel = {{}} AND t.address = {{}}""",
        *(account_id, channel, address),
    )
    return rows[0] if rows else {}


def _addresses(row: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(key(row[name]) for name in THEIRS if row.get(name)))

"""The seller's word: addresses that said stop, and that nothing leaves to them once that has committed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns.combination import WhereRaw

from domain import audit, clock, consents, db, ids
from domain.suppressions.of_threads import withdraw
from domain.suppressions.tables import OptOut


async def opted_out(account_id: UUID, address: str, channel: str = "text") -> bool:
    """Whether this address said stop and has not lifted it, be it erased since or not."""
    if await OptOut.exists().where(_standing(account_id, address, channel)):
        return True
    kept = await consents.tombstoned(account_id, [address])
    return ("opt_out", channel) in kept.get(address, ())


async def opt_out(account_id: UUID, address: str, word: str, message: UUID | None, channel: str = "text") -> bool:
    """The seller said stop. True when that is news. Call it in the transaction that stores the message."""
    await wait_for_starts(account_id)
    rows = await OptOut.raw(
        """INSERT INTO opt_out (id, account, channel, address, word, message, at, lifted_at, lifted_by, source,
                                note)
           VALUES ({}, {}, {}, {}, {}, {}, {}, null, '', 'seller', '') ON CONFLICT DO NOTHING RETURNING id""",
        ids.new(),
        account_id,
        channel,
        address,
        word,
        message,
        clock.now(),
    )
    for row in rows:
        facts = {"address": address, "channel": channel, "source": "seller"}
        await audit.record(account_id, None, "opt_out.added", row["id"], word, **facts)
    if not rows:  # what they wrote before this one was before a stop
        again: dict[Any, Any] = {OptOut.said_again_at: clock.now()}
        await OptOut.update(again).where(_standing(account_id, address, channel))
    if not rows and message:  # said again: only a START after this one counts
        earlier = (
            "EXISTS (SELECT 1 FROM message m, message n WHERE m.id = opt_out.message AND n.id = {} AND m.at < n.at)"
        )
        await OptOut.update({OptOut.message: message}).where(
            _standing(account_id, address, channel) & WhereRaw(earlier, message)
        )
    return bool(rows)


async def opt_in(account_id: UUID, address: str, by: str, said_at: datetime, channel: str = "text") -> bool:
    """The seller said start again. True when an opt-out was lifted, of an address that was erased, too.

    One that was said later stands: events are put off and handled by several workers, so not always in order. So does
    one that was erased later, because nobody knows any more when it was said.
    """
    later = "EXISTS (SELECT 1 FROM message m WHERE m.id = opt_out.message AND m.at > {})"
    lifting = OptOut.update({OptOut.lifted_at: clock.now(), OptOut.lifted_by: by}).where(
        _standing(account_id, address, channel) & WhereRaw(f"NOT {later}", said_at)
    )
    erased = await consents.lift(account_id, consents.Entry("opt_out", channel, address), said_at)
    lifted = await lifting.returning(OptOut.id)
    for row in lifted:
        await audit.record(account_id, None, "opt_out.lifted", row["id"], by, address=address, channel=channel)
    if lifted:
        await withdraw(account_id, channel, address, by)
    if erased:
        await audit.record(account_id, None, "opt_out.lifted", None, by, erased=True)
    return bool(lifted) or erased


async def wait_for_starts(account_id: UUID) -> None:
    """Before an opt-out is written: waits for every transaction that is about to write attempt rows of this account.

    With it, no attempt row appears after the opt-out has committed: those under way commit first, later ones see it.
    On SQLite write transactions follow one another anyway.
    """
    if db.on_postgres():
        await OptOut.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"starts:{account_id}")


async def announce_start(account_id: UUID) -> None:
    """The other side of `wait_for_starts`: shared among the starts, shut out by an opt-out."""
    if db.on_postgres():
        await OptOut.raw("SELECT pg_advisory_xact_lock_shared(hashtext({}))", f"starts:{account_id}")


def _standing(account_id: UUID, address: str, channel: str) -> Any:
    return (
        (OptOut.account == account_id)
        & (OptOut.channel == channel)
        & (OptOut.address == address)
        & OptOut.lifted_at.is_null()
    )

"""Do not contact: our own decision about a person's addresses, across listings, sources and agents."""

from collections.abc import Iterable
from uuid import UUID

from domain import audit, clock, db, users
from domain.suppressions.addresses import key
from domain.suppressions.putting import Entry, Kind, put, said
from domain.suppressions.tables import DoNotContact
from domain.users import Permission, User


async def dnc(
    account_id: UUID,
    addresses: Iterable[str],
    reason: str,
    source: str = "manual",
    listing: UUID | None = None,
    user: User | None = None,
) -> int:
    """Nobody of the account writes to these addresses any more; how many of them are new on the list.

    Addresses are E.164 or email; empty ones are passed over, so that a seller's three can be given as they stand.
    `source` is one of stage, manual, import, report. What waits to leave to them is cancelled. In your transaction, or
    in one of its own.
    """
    entries = [Entry(address, reason) for address in sorted({key(each) for each in addresses if each})]
    if not entries:
        return 0
    by = user.id if user else None
    async with db.writing():
        new = await put(Kind.DNC, account_id, entries, source=source, by=by, listing=listing)
        for each in new:
            await audit.record(account_id, by, "dnc.added", each.id, reason, address=each.address, source=source)
    return len(new)


async def lift_dnc(account_id: UUID, user: User, address: str, reason: str) -> bool:
    """A manager lets people write to the address again. False when it is not on the list (any more).

    Raises Refused for anybody else (`no_permission`), and without a reason. In your transaction, or in one of its own.
    """
    users.require(user, Permission.LIFT_DNC)
    reason = said(reason)
    async with db.writing():
        lifted = await (
            DoNotContact.update(
                {
                    DoNotContact.lifted_at: clock.now(),
                    DoNotContact.lifted_by: user.id,
                    DoNotContact.lift_reason: reason,
                }
            )
            .where(DoNotContact.account == account_id)
            .where((DoNotContact.address == key(address)) & DoNotContact.lifted_at.is_null())
            .returning(DoNotContact.id)
        )
        for row in lifted:
            await audit.record(account_id, user.id, "dnc.lifted", row["id"], reason, address=key(address))
    return bool(lifted)

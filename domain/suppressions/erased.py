"""Addresses that were erased and stay on a list: whoever has the address finds it there, and a manager lifts it."""

from typing import Any, NamedTuple
from uuid import UUID

from domain import audit, consents, db, users
from domain.accounts import Account
from domain.consents import Consent
from domain.errors import Refused
from domain.suppressions.addresses import clean
from domain.suppressions.hearsay import WHAT_CONSENT
from domain.suppressions.putting import Kind, said
from domain.users import Permission, User


class Remembered(NamedTuple):
    """An erased address on a list. Who asks knows the address; we have only its digest."""

    kind: Kind
    channel: str
    address: str


async def of_address(account: Account, kind: Kind, typed: str) -> list[Remembered]:
    """Where an address, as somebody typed it, stands on this list though it was erased. Parts of one find nothing."""
    try:
        address = clean(typed, account.country)
    except Refused:
        return []
    kept = await consents.tombstoned(account.id, [address])
    return [Remembered(kind, channel, address) for name, channel in sorted(kept.get(address, ())) if name == kind]


async def lift(account_id: UUID, user: User, entry: Remembered, reason: str) -> bool:
    """A manager lets people write to the address again; of an opt-out `reason` is the written consent, which is kept.
    False when it is not on the list (any more).

    Raises Refused for anybody else (`no_permission`), and without a reason. In your transaction, or in one of its own.
    """
    users.require(user, Permission.LIFT_DNC)
    note = said(reason, WHAT_CONSENT) if entry.kind == Kind.OPT_OUT else said(reason)
    facts: dict[str, Any] = {"erased": True}
    async with db.writing():
        if not await consents.lift(account_id, consents.Entry(entry.kind, entry.channel, entry.address)):
            return False
        if entry.kind == Kind.OPT_OUT:
            consent = Consent(account=account_id, channel=entry.channel, address=entry.address, note=note)
            consent.basis, consent.captured_by = "express_written", user.id
            await Consent.insert(consent)
            facts["consent"] = str(consent.id)
        await audit.record(account_id, user.id, f"{entry.kind}.lifted", None, note, **facts)
    return True

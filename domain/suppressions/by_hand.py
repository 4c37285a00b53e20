"""What people do with the lists by hand, and programs in their name: an address as typed, the list by its name."""

from uuid import UUID

from domain import users
from domain.accounts import Account
from domain.errors import Refused
from domain.suppressions.addresses import channel_of, clean
from domain.suppressions.blocks import block, unblock
from domain.suppressions.do_not_contact import dnc, lift_dnc
from domain.suppressions.hearsay import agent_opt_out, lift_opt_out
from domain.suppressions.paging import Listed, of_address
from domain.suppressions.putting import Kind, said
from domain.users import Permission, User

MAY_ADD = {Kind.DNC: Permission.EDIT_LISTING, Kind.OPT_OUT: Permission.RESPOND, Kind.BLOCK: Permission.RESPOND}


async def add(kind: Kind, account: Account, user: User, typed: str, reason: str) -> tuple[Listed, bool]:
    """Puts an address onto a list; the entry that stands there now, and whether it is new.

    Raises Refused at `address` or `reason`, and for who may not (`no_permission`).
    """
    users.require(user, MAY_ADD[kind])
    address = clean(typed, account.country)
    if kind == Kind.DNC:
        new = bool(await dnc(account.id, [address], said(reason), user=user))
    elif kind == Kind.BLOCK:
        new = await block(account.id, user, address, reason)
    else:
        new = await agent_opt_out(account.id, user, address, channel_of(address), reason)
    standing = await of_address(account.id, address, kind)
    if not standing:
        raise Refused("Somebody lifted it at the same moment. Look at the list again.")
    return standing[0], new


async def lift(account_id: UUID, user: User, entry: Listed, reason: str) -> bool:
    """Takes an address off a list; of an opt-out `reason` is the written consent. False when it was lifted before.

    Raises Refused at `reason`, and for who may not (`no_permission`).
    """
    if entry.lifted_at is not None:
        return False
    if entry.kind == Kind.DNC:
        return await lift_dnc(account_id, user, entry.address, reason)
    if entry.kind == Kind.BLOCK:
        return await unblock(account_id, user, entry.address, reason)
    return await lift_opt_out(account_id, user, entry.address, entry.channel, reason, entry.listing)

"""Opt-outs that reach us another way than by the seller's own message, and the consent that lifts one."""

from collections.abc import Iterable
from uuid import UUID

from domain import audit, clock, db, history, users
from domain.consents import Consent
from domain.errors import Refused
from domain.suppressions.addresses import CHANNELS, key
from domain.suppressions.of_threads import withdraw
from domain.suppressions.putting import Entry, Kind, put, said
from domain.suppressions.tables import OptOut
from domain.users import Permission, User

WHERE_HEARD = "Say what you heard, and where: on the phone, by email, at the dealership."
WHAT_CONSENT = "Say where the seller’s written consent is kept, and from when it is."
AT_ONCE = 500  # addresses of a provider's list in one transaction


async def agent_opt_out(
    account_id: UUID, user: User, address: str, channel: str, note: str, listing: UUID | None = None
) -> bool:
    """The seller told an agent to stop, on the phone or anywhere else. True when that is news.

    `listing` is where it was heard; its history tells it. Raises Refused for who may not answer sellers
    (`no_permission`), for a channel there is not, and without a note. In your transaction, or in one of its own.
    """
    users.require(user, Permission.RESPOND)
    _check_channel(channel)
    address, note = key(address), said(note, WHERE_HEARD)
    async with db.writing():
        entries = [Entry(address, note)]
        new = await put(Kind.OPT_OUT, account_id, entries, source="agent", by=user.id, listing=listing, channel=channel)
        for each in new:
            facts = {"address": address, "channel": channel, "source": "agent"}
            await audit.record(account_id, user.id, "opt_out.added", each.id, note, **facts)
            if listing:
                await history.note(account_id, listing, "opted_out", user=user.id, address=address)
    return bool(new)


async def lift_opt_out(
    account_id: UUID, user: User, address: str, channel: str, consent_note: str, listing: UUID | None = None
) -> bool:
    """The seller consented in writing to be written to again, and a manager records it. False when nothing stood.

    Only this and the seller's own START lift an opt-out. The consent is kept as a row of its own. Raises Refused for
    anybody else (`no_permission`), and without a note. In your transaction, or in one of its own.
    """
    users.require(user, Permission.LIFT_DNC)
    _check_channel(channel)
    address, note = key(address), said(consent_note, WHAT_CONSENT)
    standing = (OptOut.account == account_id) & (OptOut.channel == channel) & (OptOut.address == address)
    by = f"Written consent recorded by {user.name}"
    async with db.writing():
        lifted = await (
            OptOut.update({OptOut.lifted_at: clock.now(), OptOut.lifted_by: by})
            .where(standing & OptOut.lifted_at.is_null())
            .returning(OptOut.id)
        )
        for row in lifted:
            consent = Consent(account=account_id, listing=listing, channel=channel, address=address, note=note)
            consent.basis, consent.captured_by = "express_written", user.id
            await Consent.insert(consent)
            facts = {"address": address, "channel": channel, "consent": str(consent.id)}
            await audit.record(account_id, user.id, "opt_out.lifted", row["id"], note, **facts)
            if listing:
                await history.note(account_id, listing, "opted_in", user=user.id, address=address)
        if lifted:
            await withdraw(account_id, channel, address, by)
    return bool(lifted)


async def from_provider(account_id: UUID, channel: str, addresses: Iterable[str], provider: str) -> int:
    """The provider keeps a list of its own of people who said stop; how many of these addresses are new on ours.

    `provider` is its name, such as Dialpad. Once new here an opt-out stays, whatever the provider's list says later:
    that they may be written to again only their START tells.
    """
    _check_channel(channel)
    note = f"On {provider}’s own list of opt-outs."
    entries = [Entry(address, note) for address in sorted({key(each) for each in addresses if each})]
    added = 0
    for first in range(0, len(entries), AT_ONCE):
        async with db.writing():
            part = entries[first : first + AT_ONCE]
            new = await put(Kind.OPT_OUT, account_id, part, source="provider", channel=channel)
            for each in new:
                facts = {"address": each.address, "channel": channel, "source": "provider"}
                await audit.record(account_id, None, "opt_out.added", each.id, note, **facts)
        added += len(new)
    return added


def _check_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise Refused(f"Choose a channel: {', '.join(CHANNELS)}.", field="channel")

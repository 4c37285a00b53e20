"""What a provider tells of a number itself, and where that is kept so that the gate knows it the next time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import address_marks, db, gate, history, number_facts, suppressions, threads
from domain.channels.base import Tells
from domain.channels.registry import CHANNELS

# what it tells -> the gate's code, which a message that ended because of it bears
CODES: dict[Tells, str] = {
    "opted_out": "opted_out",
    "untextable": "phone_untextable",
    "bounced": "email_invalid",
    "ended": "thread_ended",
}
TELLS: dict[str, Tells] = {code: tells for tells, code in CODES.items()}


def words(tells: Tells, channel: str, reason: str) -> str:
    """What is said of a message that ended because of it: of an opt-out the gate's sentence, else the carrier's own."""
    return gate.refusal("opted_out", channel=channel).message if tells == "opted_out" else reason


async def heed(
    account_id: UUID,
    provider: str,
    channel: str,
    address: str,
    tells: Tells,
    reason: str,
    *,
    at: datetime | None = None,
    listing: UUID | None = None,
) -> None:
    """Puts an address on the list of opt-outs, which cancels what was about to leave to it, or keeps that its number
    gets no texts, that mail to it came back, or that its thread is over. `provider` is a kind of connection.
    In your transaction, before it changes any message, or in one of its own."""
    if tells == "bounced":
        await address_marks.bounced(account_id, address, reason, at)
    elif tells == "ended":
        await threads.end(account_id, channel, address, reason, at)
    elif tells == "untextable":
        await number_facts.cannot_get_texts(account_id, address, reason, at)
    elif tells == "opted_out":
        async with db.writing():
            new = await suppressions.from_provider(account_id, channel, [address], CHANNELS[provider].name)
            if new and listing:
                await history.note(account_id, listing, "opted_out", address=address)


async def heed_refusal(row: Mapping[str, Any]) -> None:
    """The same of a message that ended with one of the CODES: {account, provider, channel, to_address, code, reason,
    listing}. Done twice it is as done once."""
    tells = TELLS[row["code"]]
    named = (row["account"], row["provider"], row["channel"], row["to_address"], tells, row["reason"])
    await heed(*named, listing=row["listing"])

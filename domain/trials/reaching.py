"""Where a test would reach whoever tries a connection: by their own number or address, or in a conversation they
opened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import clock, phones
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.threads import SellerThread
from domain.users import User

REACHES = {"text": "phone", "email": "email", "kijiji": "email"}  # channel -> where the person who tries it is reached
IN_THREADS = ("facebook",)
THE_WORD = "test"  # what somebody writes in a conversation that is to be offered: no seller happens to
OFFERED_FOR = timedelta(hours=24)
HOW = {
    "text": "To get a test, put your mobile number into your profile.",
    "facebook": "To get a test, write the one word TEST to your Page, from your own Messenger account. For a day that "
    "conversation is offered here.",
    "form": "A test goes out from the page of each site: it shows that site’s own form.",
}


@dataclass(frozen=True)
class Place:
    """An address of a test, and how it is called."""

    to: str
    shown: str
    heard_at: datetime | None = None


def how(connection: Connection) -> str:
    """What to do where there is no place yet."""
    return HOW.get(CHANNELS[connection.kind].channel, "")


async def places(connection: Connection, user: User) -> list[Place]:
    """None, one, or several to choose among. One query at most."""
    channel = CHANNELS[connection.kind].channel
    if channel in IN_THREADS:
        return await _conversations(connection, channel)
    to = str(getattr(user, REACHES[channel])) if channel in REACHES else ""
    return [Place(to, phones.shown(to) if to.startswith("+") else to)] if to else []


async def _conversations(connection: Connection, channel: str) -> list[Place]:
    """Those about no listing in which the last word of a day was TEST, the newest first."""
    rows = await SellerThread.raw(
        """SELECT t.address, t.name, t.last_inbound_at FROM seller_thread t
           WHERE t.account = {} AND t.connection = {} AND t.channel = {} AND t.listing IS NULL AND t.ended_at IS NULL
             AND t.last_inbound_at > {} AND (
               SELECT LOWER(TRIM(m.body)) FROM message m WHERE m.account = t.account AND m.from_address = t.address
                 AND m.channel = t.channel AND m.direction = 'in' ORDER BY m.at DESC, m.id DESC LIMIT 1) = {}
           ORDER BY t.last_inbound_at DESC LIMIT 10""",
        *(connection.account, connection.id, channel, clock.now() - OFFERED_FOR, THE_WORD),
    )
    return [
        Place(row["address"], row["name"] or f"the conversation {row['address'][-6:]}", row["last_inbound_at"])
        for row in rows
    ]

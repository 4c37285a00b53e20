"""What a mail is believed: a stop always, a start only from who got a mail of ours, a bounce by our Message-ID."""

from typing import Any

import pytest

from domain import mails, suppressions
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.listings import Listing
from domain.mails import EmailHeader
from domain.messages import Message, State
from tests import make
from tests.domain.test_inbox_beside import MAIL, Post, Relay, house_of, mail, sent_to, tell
from tests.sending import Shop, again

OTHER = "dana@work.example"


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (Post, Relay):
        monkeypatch.setitem(CHANNELS, each.kind, each)


async def id_of(message: Message) -> str:
    header = await EmailHeader.objects().get(EmailHeader.message == message.id)
    assert header is not None
    return header.rfc_id


async def evidence(known_by: str, dealer: Shop, connection: Connection, listing: Listing) -> dict[str, Any]:
    """By what a mail shows that it answers one of ours to MAIL."""
    if known_by == "token":
        return {"token": await mails.token_of(dealer.account.id, listing.id, MAIL)}
    return {"references": (await id_of(await sent_to(dealer, connection, listing, MAIL)),)}


async def stopped(dealer: Shop, address: str, channel: str = "email") -> bool:
    return await suppressions.opted_out(dealer.account.id, address, channel)


@pytest.mark.parametrize("known_by", ["token", "references"])
async def test_stop_from_another_mailbox_stops_the_address_that_we_wrote_to(
    house: None, monkeypatch: Any, known_by: str
) -> None:
    dealer, connection, listing = await house_of("email")
    shown = await evidence(known_by, dealer, connection, listing)
    waiting = await make.message(listing, channel="email", to_address=MAIL, state=State.QUEUED, user=dealer.user)
    assert await tell(connection, monkeypatch, mail(from_address=OTHER, body="STOP", **shown)) == listing.id
    assert await stopped(dealer, OTHER)
    assert await stopped(dealer, MAIL)
    assert (await again(waiting)).state == State.CANCELLED

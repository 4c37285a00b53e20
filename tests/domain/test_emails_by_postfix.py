"""Emails through the whole house and real servers: out by Postfix, back by Dovecot, into the history."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest

from domain import clock, connections, inbox, mails, suppressions
from domain.address_marks import AddressMark
from domain.attachments import MessageAttachment
from domain.attempts import Attempt
from domain.channels import http
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.conftest import Clock
from tests.files import picture
from tests.mail_server import MailServer
from tests.postfix import FORWARDED
from tests.sending import OWNER, Shop, again, leave, open_events, shop
from workers.sources import Sources

DANA = "dana.reed@mail.example"


@pytest.fixture
async def server(mail_server: MailServer) -> AsyncIterator[MailServer]:
    yield mail_server
    await http.close()


@asynccontextmanager
async def connected(
    server: MailServer, seller: str = DANA, **fields: str
) -> AsyncIterator[tuple[Shop, Connection, Listing]]:
    """A dealership whose mailbox is listened to, and a seller's listing."""
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"email": seller, "mobile": "", "phone": ""})
    connection, _ = await connections.connect(dealer.account.id, dealer.user.id, "email", server.fields(**fields))
    assert (connection.state, connection.last_error) == ("connected", "")

    async def woken() -> None:
        return None

    running = asyncio.create_task(Sources(OWNER, woken).run())
    try:
        await until(lambda: mails.position(connection.id, "INBOX"))
        yield dealer, connection, listing
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not await true():  # noqa: ASYNC110 - other processes and the database make it true
            await asyncio.sleep(0.02)


async def sends(dealer: Shop, connection: Connection, listing: Listing, to: str = DANA) -> Message:
    """An email of theirs, as far as it comes."""
    written = await make.message(
        listing,
        state=State.QUEUED,
        not_before=clock.now(),
        subject="Civic",
        body="Is it for sale?",
        channel="email",
        to_address=to,
        connection=connection.id,
        user=dealer.user,
    )
    await leave(connection)
    return await again(written)


async def hears() -> UUID | None:
    """What came into the mailbox, once it has; the listing whose history changed."""
    await until(open_events)
    [event] = await open_events()
    return await inbox.handle(event)


async def goes_out(server: MailServer) -> str:
    """Where the one mail that left asks to be answered."""

    async def taken() -> bool:
        return bool(server.world.taken)

    await until(taken)
    [(_, recipient, raw)] = server.world.taken
    assert recipient == DANA
    return message_from_bytes(raw)["Reply-To"].partition("<")[2][:-1]


async def test_an_email_goes_out_and_its_answer_comes_into_the_history(house: None, server: MailServer) -> None:
    async with connected(server) as (dealer, connection, listing):
        assert "app password" not in connection.options
        assert (await sends(dealer, connection, listing)).state == State.SENT
        reply_to = await goes_out(server)
        file = b"\r\n".join(
            [b"--b", b"Content-Type: image/jpeg; name=front.jpg", b"Content-Transfer-Encoding: base64", b""]
        )
        answer = (
            b"From: Dana Reed <other.address@mail.example>\r\nTo: " + reply_to.encode() + b"\r\nMessage-ID: <1@m>\r\n"
            b"Subject: Re: Civic\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
            b"Yes!\r\n\r\n> Is it for sale?\r\n" + file + b"\r\n" + base64.encodebytes(picture()) + b"\r\n--b--\r\n"
        )
        await asyncio.to_thread(server.receive, answer, reply_to, "other.address@mail.example")
        assert await hears() == listing.id
        assert await inbox.fetch_due() == {listing.id}
    [heard] = await Message.objects().where(Message.direction == "in")
    assert (heard.body, heard.subject, heard.author_name) == ("Yes!", "Re: Civic", "Dana Reed")
    assert await MessageAttachment.count().where(MessageAttachment.message == heard.id) == 1


async def test_what_comes_back_is_undelivered_and_no_more_leaves_until_they_answer(
    house: None, server: MailServer
) -> None:
    server.world.refuses = {DANA: "550 5.1.1 No such user here"}
    async with connected(server) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing)
        assert message.state == State.SENT
        assert await hears() == listing.id
        came_back = await again(message)
        assert (came_back.state, came_back.reason) == (
            State.UNDELIVERED,
            "This email came back: 550 5.1.1 No such user here",
        )
        assert await AddressMark.count().where(AddressMark.address == DANA) == 1
        assert (await sends(dealer, connection, listing)).state == State.FAILED
        token = await mails.token_of(dealer.account.id, listing.id, DANA)
        answer = f"From: {DANA}\r\nMessage-ID: <2@m>\r\n\r\nThis works again.\r\n"
        await asyncio.to_thread(server.receive, answer.encode(), f"sales+{token}@lots.example", DANA)
        assert await hears() == listing.id
        assert await AddressMark.count() == 0
        server.world.refuses.clear()
        assert (await sends(dealer, connection, listing)).state == State.SENT
        await goes_out(server)


async def test_who_moved_on_to_an_address_that_is_gone_may_be_written_to(house: None, server: MailServer) -> None:
    written_to, goes_on_to = FORWARDED
    server.world.refuses = {goes_on_to: "550 5.1.1 No such user here"}
    async with connected(server, written_to) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing, to=written_to)
        assert await hears() == listing.id
    assert (await again(message)).state == State.UNDELIVERED
    assert await AddressMark.count() == 0


async def test_what_is_late_is_not_undelivered_before_its_server_gives_up(house: None, server: MailServer) -> None:
    server.world.refuses = {DANA: "452 4.2.2 Mailbox full"}
    async with connected(server) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing)
        assert await hears() is None
        assert (await again(message)).state == State.SENT
        server.give_up()
        assert await hears() == listing.id
    came_back = await again(message)
    assert (came_back.state, came_back.reason) == (
        State.UNDELIVERED,
        "This email came back: 452 4.2.2 Mailbox full",
    )
    assert await AddressMark.count() == 0


async def test_who_is_greylisted_gets_it_at_the_next_try(house: None, server: MailServer, clock: Clock) -> None:
    server.world.turns_away = {DANA: "DEFER_IF_PERMIT Greylisted"}
    async with connected(server) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing)
        assert message.state == State.QUEUED
        server.world.turns_away.clear()
        clock.advance(minutes=10)
        await leave(connection)
        await goes_out(server)
    assert (await again(message)).state == State.SENT
    assert await Attempt.count().where(Attempt.message == message.id) == 2


@pytest.mark.parametrize(
    ("action", "gone"), [("550 5.1.1 No such user here", 1), ("REJECT Blocked by policy", 0)], ids=["gone", "blocked"]
)
async def test_what_is_refused_at_once_did_not_leave(house: None, server: MailServer, action: str, gone: int) -> None:
    server.world.turns_away = {DANA: action}
    async with connected(server) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing)
    assert message.state == State.FAILED
    assert action.partition(" ")[2].removeprefix("5.1.1 ") in message.reason
    assert await AddressMark.count() == gone


async def test_who_is_away_is_shown_and_neither_stops_nor_cancels_anything(house: None, server: MailServer) -> None:
    async with connected(server) as (dealer, connection, listing):
        await sends(dealer, connection, listing)
        reply_to = await goes_out(server)
        plan = await make.message(
            listing, channel="email", to_address=DANA, state=State.PENDING, kind="scheduled", at=clock.now()
        )
        away = f"From: {DANA}\r\nTo: {reply_to}\r\nSubject: Re: Civic\r\nMessage-ID: <3@m>\r\n\r\nI am at the lake.\r\n"
        await asyncio.to_thread(server.receive, away.encode(), reply_to)
        assert await hears() == listing.id
    [shown] = await Message.objects().where(Message.direction == "in")
    assert shown.body == "I am at the lake."
    assert shown.responded_at is not None
    assert (await again(plan)).state == State.PENDING
    assert not await suppressions.opted_out(dealer.account.id, DANA, "email")


async def test_who_says_stop_is_opted_out(house: None, server: MailServer) -> None:
    async with connected(server) as (dealer, connection, listing):
        await sends(dealer, connection, listing)
        reply_to = await goes_out(server)
        stop = f"From: {DANA}\r\nMessage-ID: <4@m>\r\n\r\nSTOP\r\n"
        await asyncio.to_thread(server.receive, stop.encode(), reply_to, DANA)
        assert await hears() == listing.id
    assert await suppressions.opted_out(dealer.account.id, DANA, "email")


async def test_an_address_that_is_not_the_accounts_loses_nothing(house: None, server: MailServer) -> None:
    """The connection rests instead, and the email leaves when it is mended."""
    fields = {"from_email": "boss@lots.example", "username": "sales@lots.example"}
    async with connected(server, **fields) as (dealer, connection, listing):
        message = await sends(dealer, connection, listing)
    assert message.state in (State.QUEUED, State.PENDING)
    paused = await Connection.objects().get(Connection.id == connection.id)
    assert paused is not None
    assert paused.state == "broken"
    assert "not owned by user" in paused.last_error

"""Emails through the whole house: out by a real server, in by its mailbox, into the history, and what follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from domain import address_marks, clock, connections, delivery, inbox, mails, scenes, suppressions
from domain.address_marks import AddressMark
from domain.channels import http
from domain.channels.base import Accepted, HookEvent
from domain.channels.email import reading
from domain.connections import Connection
from domain.inbox import MatchSuggestion
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.mail_server import LOGIN, MailServer
from tests.sending import OWNER, Shop, again, end, open_events, shop

PAYLOADS = Path(__file__).parents[1] / "payloads" / "email"
DANA = "dana.reed@mail.example"
IN_PAYLOADS = b"<0123456789abcdef0123456789abcdef@lots.example>"


@pytest.fixture
async def server(mail_server: MailServer) -> AsyncIterator[MailServer]:
    yield mail_server
    await http.close()


async def house_of() -> tuple[Shop, Connection, Listing]:
    dealer = await shop()
    options = {"from_email": LOGIN, "smtp_host": "mail.lots.example", "imap_host": "mail.lots.example"}
    connection = await make.connection(dealer.account, kind="email", options=options)
    listing = await make.listing(dealer.account, seller={"email": DANA, "mobile": "", "phone": ""})
    return dealer, connection, listing


async def ours(dealer: Shop, connection: Connection, listing: Listing, *, calls: bool = False) -> tuple[Message, bytes]:
    """An email of ours that a server took, a real one where it `calls`; and its Message-ID."""
    now = {"state": State.QUEUED, "not_before": clock.now(), "subject": "Civic", "body": "Is it for sale?"}
    written = await make.message(
        listing, **{**now, "channel": "email", "to_address": DANA, "connection": connection.id, "user": dealer.user}
    )
    [started] = (await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 10)))[0]
    assert started.outgoing.mail is not None
    accepted = Accepted(started.outgoing.mail.message_id, state="sent")
    if calls:
        accepted = await connections.adapter(connection).send(started.outgoing, started.permit)
    await end([started], accepted)
    return await again(written), started.outgoing.mail.message_id.encode()


async def comes(connection: Connection, raw: bytes) -> Any:
    """A mail as the mailbox would tell it, stored and handled."""
    key, place = reading.key(raw, len(raw)), {"folder": "INBOX", "validity": 1, "uid": 1}
    payload = reading.read(raw, LOGIN) | place | {"at": clock.now().isoformat(), "key": key}
    await inbox.store(connection.id, HookEvent(key, clock.now(), payload))
    listing = None
    for event in await open_events():
        listing = await inbox.handle(event)
    return listing


async def inbound() -> Message:
    [message] = await Message.objects().where(Message.direction == "in")
    return message


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not await true():  # noqa: ASYNC110 - another thread and the database make it true
            await asyncio.sleep(0.02)


async def test_an_answer_is_known_by_what_it_answers_where_no_token_came(house: None) -> None:
    dealer, connection, listing = await house_of()
    _, rfc_id = await ours(dealer, connection, listing)
    raw = (PAYLOADS / "outlook_answer.eml").read_bytes().replace(IN_PAYLOADS, rfc_id)
    assert await comes(connection, raw) == listing.id


async def test_words_of_opting_out_count_in_the_new_words_and_not_in_what_is_quoted(house: None) -> None:
    dealer, connection, listing = await house_of()
    _, rfc_id = await ours(dealer, connection, listing)
    assert await comes(connection, (PAYLOADS / "gmail_answer.eml").read_bytes().replace(IN_PAYLOADS, rfc_id))
    assert not await suppressions.opted_out(dealer.account.id, DANA, "email")
    await comes(connection, (PAYLOADS / "outlook_answer.eml").read_bytes().replace(IN_PAYLOADS, rfc_id))
    assert await suppressions.opted_out(dealer.account.id, DANA, "email")
    assert not await suppressions.opted_out(dealer.account.id, DANA, "text")


async def test_a_mail_program_that_unsubscribes_by_mail_is_heard(house: None) -> None:
    dealer, connection, listing = await house_of()
    token = await mails.token_of(dealer.account.id, listing.id, DANA)
    raw = f"From: {DANA}\nTo: sales+{token}@lots.example\nSubject: unsubscribe\nMessage-ID: <u@m>\n\n"
    assert await comes(connection, raw.encode()) == listing.id
    assert await suppressions.opted_out(dealer.account.id, DANA, "email")


async def test_a_stop_from_another_address_holds_for_the_one_that_was_written_to(house: None) -> None:
    dealer, connection, listing = await house_of()
    token = await mails.token_of(dealer.account.id, listing.id, DANA)
    raw = f"From: dana@work.example\nTo: sales+{token}@lots.example\nMessage-ID: <s@m>\n\nSTOP\n"
    assert await comes(connection, raw.encode()) == listing.id
    for address in (DANA, "dana@work.example"):
        assert await suppressions.opted_out(dealer.account.id, address, "email")


async def test_a_bounce_marks_the_address_and_the_message_and_an_answer_clears_it(house: None) -> None:
    dealer, connection, listing = await house_of()
    message, rfc_id = await ours(dealer, connection, listing)
    raw = (PAYLOADS / "postfix_bounce.eml").read_bytes().replace(IN_PAYLOADS, rfc_id)
    assert await comes(connection, raw) == listing.id
    ended = await again(message)
    assert (ended.state, "unknown user" in ended.reason) == (State.UNDELIVERED, True)
    assert await AddressMark.count() == 1
    scene = await scenes.of(dealer.account, dealer.user, listing)
    assert scene.address("email") == DANA
    await address_marks.clear(dealer.account.id, DANA)
    assert await AddressMark.count() == 0


async def test_a_refusal_of_one_mail_leaves_the_address_good(house: None) -> None:
    dealer, connection, listing = await house_of()
    message, rfc_id = await ours(dealer, connection, listing)
    await comes(connection, (PAYLOADS / "exchange_bounce.eml").read_bytes().replace(IN_PAYLOADS, rfc_id))
    assert (await again(message)).state == State.UNDELIVERED
    assert await AddressMark.count() == 0


async def test_a_bounce_that_names_a_mail_of_another_dealership_does_nothing(house: None) -> None:
    _, connection, _ = await house_of()
    other_dealer = await shop(account=await make.account())
    other_connection = await make.connection(other_dealer.account, kind="email", options={"from_email": LOGIN})
    other = await make.listing(other_dealer.account, seller={"email": DANA})
    message, rfc_id = await ours(other_dealer, other_connection, other)
    await comes(connection, (PAYLOADS / "gmail_bounce.eml").read_bytes().replace(IN_PAYLOADS, rfc_id))
    assert await AddressMark.count() == 0
    assert (await again(message)).state == State.SENT


async def test_who_is_away_is_shown_and_neither_stops_nor_cancels_anything(house: None) -> None:
    dealer, connection, listing = await house_of()
    _, rfc_id = await ours(dealer, connection, listing)
    waiting = await make.message(listing, channel="email", to_address=DANA, state=State.PENDING, kind="scheduled")
    assert await comes(connection, (PAYLOADS / "away.eml").read_bytes().replace(IN_PAYLOADS, rfc_id)) == listing.id
    assert (await inbound()).responded_at is not None
    assert (await again(waiting)).state == State.PENDING
    assert not await suppressions.opted_out(dealer.account.id, DANA, "email")


async def test_an_address_alone_is_asked_about(house: None) -> None:
    _, connection, listing = await house_of()
    assert await comes(connection, f"From: {DANA}\nMessage-ID: <n@m>\nSubject: Hi\n\nStill there?".encode()) is None
    [guess] = await MatchSuggestion.objects()
    assert guess.listing == listing.id


async def test_one_mail_by_two_ways_is_one_message(house: None) -> None:
    dealer, connection, listing = await house_of()
    _, rfc_id = await ours(dealer, connection, listing)
    raw = (PAYLOADS / "gmail_answer.eml").read_bytes().replace(IN_PAYLOADS, rfc_id)
    await comes(connection, raw)
    await comes(connection, raw)
    await comes(connection, b"Received: by another way\n" + raw)
    assert await Message.count().where(Message.direction == "in") == 1

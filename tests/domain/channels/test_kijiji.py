"""Kijiji's relay end to end: what comes in by it opens a conversation, what goes out is plain mail, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from domain import (
    by_hand,
    clock,
    composing,
    connections,
    ids,
    inbox,
    plans,
    scenes,
    suppressions,
    threads,
    trials,
)
from domain.accounts import Account
from domain.channels import kijiji
from domain.channels.base import Bounce, ChannelError, HookEvent, Incoming, Kind, Mail, Media, Outgoing
from domain.channels.email.imap import Found
from domain.channels.kijiji import OVER, PASSED_ON, SUBJECT, Kijiji
from domain.channels.registry import CHANNELS
from domain.composing import Draft
from domain.connections import Connection
from domain.errors import Refused
from domain.external_contacts import ExternalContact
from domain.inbox import MatchSuggestion
from domain.listings import Listing
from domain.mails import EmailHeader
from domain.messages import Message, State
from domain.threads import SellerThread
from tests import make
from tests.domain.channels.local_servers import Permit, WrongPermit
from tests.domain.channels.smtp_server import Scripted
from tests.sending import again, leave, open_events

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kijiji"
RELAY = "s.2k9x7c4d1@rts.kijiji.ca"
AD = "https://www.kijiji.ca/v-cars-trucks/city-of-toronto/2019-subaru-outback/1700000001"
OURS = "<0123456789abcdef0123456789abcdef@lots.example>"


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    listening = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()


def given(port: int = 9, **changes: str) -> dict[str, str]:
    return {
        "from_email": "sales@lots.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(port),
        "smtp_security": "none",
        "imap_host": "",
        "password": "secret",
        "own_network": "true",
        "trusted_authserv": "mx.lots.example",
        **changes,
    }


def outgoing(**changes: Any) -> Outgoing:
    values = {"message_id": ids.new(), "channel": "kijiji", "to": RELAY, "body": "Tomorrow at five?", "sender": ""}
    return Outgoing(**{"mail": Mail(html="<p>x</p>", message_id=OURS, token="ab" * 12), **values, **changes})


async def send(server: Scripted, message: Outgoing | None = None) -> Any:
    message = message or outgoing()
    return await Kijiji("", given(server.port)).send(message, Permit(message))


# Out


async def test_an_answer_is_plain_mail_from_the_registered_mailbox(server: Scripted) -> None:
    accepted = await send(server)
    assert (accepted.state, accepted.reason, accepted.from_address) == ("sent", PASSED_ON, "sales@lots.example")
    mail = message_from_bytes(server.mails[0])
    assert (mail["From"], mail["To"], mail["Subject"]) == ("sales@lots.example", RELAY, SUBJECT)
    assert (mail.get_content_type(), mail["Reply-To"], mail["Message-ID"]) == ("text/plain", None, OURS)
    assert b"Tomorrow at five?" in server.mails[0]


async def test_files_and_strangers_get_nothing(server: Scripted) -> None:
    for message in (outgoing(media=(Media("a.png", "image/png", b"x"),)), outgoing(to="dana@mail.example")):
        with pytest.raises(ChannelError) as caught:
            await send(server, message)
        assert caught.value.kind is Kind.PERMANENT
    assert server.mails == []
    assert Kijiji("", given()).files is None


async def test_a_relay_that_is_gone_ends_the_conversation(server: Scripted) -> None:
    server.says["RCPT"] = "550 5.1.1 No such user"
    with pytest.raises(ChannelError) as caught:
        await send(server)
    assert (caught.value.kind, caught.value.tells, caught.value.reason) == (Kind.PERMANENT, "ended", OVER)


async def test_a_permit_is_for_one_message(server: Scripted) -> None:
    with pytest.raises(WrongPermit):
        await Kijiji("", given(server.port)).send(outgoing(), Permit(outgoing()))
    assert server.mails == []


@pytest.mark.parametrize("name", ["", "two words", "x"])
def test_without_a_server_to_trust_it_does_not_begin(name: str) -> None:
    with pytest.raises(Refused) as caught:
        Kijiji("", given(trusted_authserv=name))
    assert caught.value.field == "trusted_authserv"


async def test_it_is_for_dealerships_in_canada_alone(house: None) -> None:
    await plans.seed()
    assert CHANNELS["kijiji"] is Kijiji
    account = await make.account(country="US")
    with pytest.raises(Refused) as caught:
        await connections.connect(account.id, None, "kijiji", given())
    assert caught.value.code == "country"


# In


class Box:
    """A mailbox with one mail."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def read(self, uid: int) -> Found:
        return Found(self.raw, len(self.raw), clock.now(), cut=False)


def event(name: str, channel: Kijiji | None = None) -> HookEvent | None:
    raw = (PAYLOADS / f"{name}.eml").read_bytes()
    box: Any = Box(raw)
    return (channel or Kijiji("", given()))._event(box, "INBOX", 1, 7)


def test_what_kijiji_passed_on_says_who_wrote_about_what() -> None:
    found = event("first")
    assert found is not None
    [said] = Kijiji("", given()).parse(json.loads(json.dumps(found.payload)))
    assert isinstance(said, Incoming)
    assert (said.from_address, said.from_name, said.about, said.automatic) == (RELAY, "Dana", AD, False)
    assert said.body.startswith("Yes, it is still for sale. When would you like to see it?")


@pytest.mark.parametrize("name", ["promotion", "forged"])
def test_the_rest_of_the_mailbox_is_none_of_its_business(name: str) -> None:
    assert event(name) is None


@pytest.fixture
async def connection(house: None) -> Connection:
    await plans.seed()
    account = await make.account(country="CA", kijiji=True, timezone="America/Toronto")
    secret = json.dumps({"password": "secret", "client_secret": "", "refresh_token": ""})
    options = json.dumps({name: value for name, value in given().items() if name != "password"})
    return await make.connection(account, kind="kijiji", base_url="", secret=secret, options=options)


async def listing_of(connection: Connection, **values: Any) -> Listing:
    seller = {"first_name": "Dana", "mobile": "", "phone": "", "email": ""}
    return await make.listing(connection.account, source="kijiji", seller=seller, **{"url": AD, **values})


async def hear(connection: Connection, name: str) -> None:
    adapter = connections.adapter(connection)
    assert isinstance(adapter, Kijiji)
    found = event(name, adapter)
    assert found is not None
    await inbox.store(connection.id, found)
    for each in await open_events():
        await inbox.handle(each)


async def scene_of(connection: Connection, listing: Listing) -> scenes.Scene:
    account = await Account.objects().get(Account.id == connection.account)
    assert account is not None
    return await scenes.of(account, await make.user(account), listing)


async def test_an_answer_opens_the_conversation_of_its_ad_for_sixty_days(connection: Connection, clock: Any) -> None:
    listing = await listing_of(connection)
    assert (await scene_of(connection, listing)).offers()["kijiji"].assisted
    for _ in range(100):
        await hear(connection, "first")
    [message] = await Message.objects()
    assert (message.listing, message.from_address, message.author_name) == (listing.id, RELAY, "Dana")
    scene = await scene_of(connection, listing)
    assert scene.address("kijiji") == RELAY
    assert (await composing.judge(scene, "kijiji")).allowed
    assert by_hand.place(scene, "kijiji", ()) is None
    clock.advance(days=60, seconds=1)
    scene = await scene_of(connection, listing)
    assert scene.address("kijiji") == ""
    decision = await composing.judge(scene, "kijiji")
    assert [each.code for each in decision.refusals] == ["no_contact"]
    place = by_hand.place(scene, "kijiji", decision.refusals)
    assert place is not None
    assert place.url == AD


async def test_an_answer_about_an_ad_nobody_knows_is_only_suggested(connection: Connection) -> None:
    listing = await listing_of(connection, url="https://elsewhere.example/1")
    scene = await scene_of(connection, listing)
    words = Draft("Is it still for sale?", "kijiji")
    listing_at = await listing_of(connection, url=AD.replace("1700000001", "1699999999"))
    await by_hand.sent(await scene_of(connection, listing_at), words)
    assert await ExternalContact.count() == 1
    await hear(connection, "answer")
    message = await Message.objects().get(Message.direction == "in")
    assert message is not None
    assert message.listing is None
    [guess] = await MatchSuggestion.objects()
    assert (guess.message, guess.listing) == (message.id, listing_at.id)
    assert scene.address("kijiji") == ""
    await threads.belongs(connection.account, "kijiji", RELAY, listing_at.id)  # somebody says so
    assert (await scene_of(connection, listing_at)).address("kijiji") == RELAY


async def answered(connection: Connection, listing: Listing, server: Scripted) -> Message:
    message = await make.message(
        listing,
        channel="kijiji",
        to_address=RELAY,
        connection=connection.id,
        state=State.QUEUED,
        not_before=clock.now() - timedelta(seconds=1),
    )
    await leave(connection, Kijiji("", given(server.port)))
    return await again(message)


async def test_a_mail_that_comes_back_returns_the_conversation_to_a_persons_hand(
    connection: Connection, server: Scripted, clock: Any
) -> None:
    listing = await listing_of(connection)
    await hear(connection, "first")
    message = await answered(connection, listing, server)
    assert (message.state, message.reason) == (State.SENT, PASSED_ON)
    header = await EmailHeader.objects().get(EmailHeader.message == message.id)
    assert header is not None
    assert header.rfc_id == message_from_bytes(server.mails[0])["Message-ID"]
    clock.advance(minutes=5)
    adapter = connections.adapter(connection)
    bounce = {"bounce": {"kind": "gone", "rfc_id": header.rfc_id, "address": RELAY, "reason": "No such conversation"}}
    payload = {**bounce, "at": clock.now().isoformat()}
    [said] = adapter.parse(payload)
    assert isinstance(said, Bounce)
    await inbox.store(connection.id, HookEvent("bounce", clock.now(), payload))
    for each in await open_events():
        await inbox.handle(each)
    assert (await again(message)).state == State.UNDELIVERED
    scene = await scene_of(connection, listing)
    assert scene.address("kijiji") == ""
    assert by_hand.place(scene, "kijiji", (await composing.judge(scene, "kijiji")).refusals) is not None


async def test_a_relay_that_refuses_at_once_does_the_same(connection: Connection, server: Scripted) -> None:
    listing = await listing_of(connection)
    await hear(connection, "first")
    server.says["RCPT"] = "550 5.1.1 No such user"
    message = await answered(connection, listing, server)
    assert (message.state, message.code, message.reason) == (State.FAILED, "thread_ended", OVER)
    thread = await SellerThread.objects().first()
    assert thread is not None
    assert thread.ended_at


async def test_a_seller_who_asked_to_stop_is_not_written_to(connection: Connection, server: Scripted) -> None:
    listing = await listing_of(connection)
    await hear(connection, "first")
    await suppressions.opt_out(connection.account, RELAY, "stop", None, "kijiji")
    message = await answered(connection, listing, server)
    assert (message.state, message.code) == (State.FAILED, "opted_out")
    assert server.mails == []


async def test_the_same_mail_in_another_connections_mailbox_is_not_kept_twice(connection: Connection) -> None:
    await listing_of(connection)
    await hear(connection, "first")
    secret = json.dumps({"password": "secret", "client_secret": "", "refresh_token": ""})
    options = json.dumps({"from_email": "sales@lots.example", "smtp_host": "127.0.0.1", "own_network": "true"})
    other = await make.connection(connection.account, kind="email", base_url="", secret=secret, options=options)
    payload = event("first")
    assert payload is not None
    await inbox.store(other.id, HookEvent("same", clock.now(), payload.payload))
    for each in await open_events():
        await inbox.handle(each)
    assert await Message.count() == 1


def test_sixty_days_are_what_kijiji_says() -> None:
    assert Kijiji.thread_lives == kijiji.LIVES == timedelta(days=60)


async def test_a_test_is_plain_mail_to_ones_own_address_by_the_mailbox(house: None, server: Scripted) -> None:
    await plans.seed()
    account = await make.account(country="CA")
    user = await make.user(account, role="admin", email="robin@lots.example")
    values = given(server.port)
    secret = json.dumps({"password": values.pop("password")})
    connection = await make.connection(account, kind="kijiji", secret=secret, options=json.dumps(values))
    trial = await trials.send(account, connection, user)
    assert (trial.ok, trial.sentence) == (
        True,
        "Kijiji took the test to robin@lots.example. It arrives within a minute.",
    )
    mail = message_from_bytes(server.mails[0])
    assert mail["To"] == "robin@lots.example"
    assert mail.get_content_type() == "text/plain"
    assert str(mail.get_payload()).startswith("TEST from Lotwire")
    await make.listing(account, seller={"email": "robin@lots.example"})
    with pytest.raises(Refused, match="never goes to a seller"):
        await trials.send(account, connection, user)
    assert len(server.mails) == 1

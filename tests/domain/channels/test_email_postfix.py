"""Emails through a real Postfix: handed over, refused, late, come back, and answered."""

import asyncio
import time
from email import message_from_bytes, policy
from typing import Any

import pytest

from domain import ids
from domain.channels.base import Bounce, ChannelError, Incoming, Kind, Mail, Media, Outgoing, Said
from domain.channels.email import Email, channel, servers
from tests.domain.channels.local_servers import Permit
from tests.domain.channels.test_email_mailbox import House, listening, until
from tests.mail_server import LOGIN, MailServer

DANA = "dana@mail.example"
OURS = "<0123456789abcdef0123456789abcdef@lots.example>"
TOKEN = "ab" * 12


@pytest.fixture
def server(mail_server: MailServer) -> MailServer:
    return mail_server


def outgoing(**changes: Any) -> Outgoing:
    given = {
        "message_id": ids.new(),
        "channel": "email",
        "to": DANA,
        "body": "Hi Dana,\n.\nSam",
        "subject": "Très bien",
        "sender": "",
        "mail": Mail(html="<p>Hi Dana,</p>", message_id=OURS, token=TOKEN),
    }
    return Outgoing(**given | changes)


async def send(server: MailServer, message: Outgoing | None = None, **fields: str) -> Any:
    message = message or outgoing()
    return await Email("", server.fields(**fields)).send(message, Permit(message))


async def refusal(server: MailServer, message: Outgoing | None = None, **fields: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(server, message, **fields)
    return caught.value


def said(server: MailServer, house: House) -> list[Said]:
    return [each for event in house.events for each in Email("", server.fields()).parse(event.payload)]


# Handed over


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_an_email_is_handed_over_and_passed_on_as_it_was_written(server: MailServer, way: str) -> None:
    port = {"starttls": server.starttls, "tls": server.tls}[way]
    fields = {"smtp_security": way, "smtp_port": str(port)}
    await Email("", server.fields(**fields)).check()
    accepted = await send(server, **fields)
    assert (accepted.provider_id, accepted.state) == (OURS, "sent")
    await until(lambda: server.world.taken)
    [(sender, recipient, raw)] = server.world.taken
    assert (sender, recipient) == (LOGIN, DANA)
    assert b"with ESMTPSA" in raw  # encrypted and signed in
    assert b"\r\nHi Dana,\r\n.\r\nSam\r\n" in raw
    assert b"Subject: =?utf-8?" in raw
    assert message_from_bytes(raw)["Message-ID"] == OURS


async def test_whom_it_knows_not_to_exist_is_refused_at_once(server: MailServer) -> None:
    error = await refusal(server, outgoing(to="nobody@lots.example"))
    assert (error.kind, error.tells) == (Kind.PERMANENT, "bounced")
    assert "User unknown" in error.reason


@pytest.mark.parametrize(
    ("action", "kind", "tells"),
    [
        ("REJECT Blocked by policy", Kind.PERMANENT, ""),
        ("550 5.1.1 No such user here", Kind.PERMANENT, "bounced"),
        ("452 4.2.2 Mailbox full", Kind.NEVER_CONNECTED, ""),
        ("421 4.3.2 Too busy", Kind.THROTTLED, ""),
    ],
)
async def test_what_it_will_not_take_means_one_thing(server: MailServer, action: str, kind: Kind, tells: str) -> None:
    server.world.turns_away[DANA] = action
    error = await refusal(server)
    assert (error.kind, error.tells) == (kind, tells)
    assert action.split(" ", 2)[-1].partition(" ")[2] in error.reason
    assert not server.on_the_way


async def test_who_is_greylisted_is_taken_the_next_time(server: MailServer) -> None:
    server.world.turns_away[DANA] = "DEFER_IF_PERMIT Greylisted, come back later"
    error = await refusal(server)
    assert (error.kind, error.code, error.tells) == (Kind.NEVER_CONNECTED, "450", "")
    assert "Greylisted" in error.reason
    server.world.turns_away.clear()
    assert (await send(server)).state == "sent"


async def test_a_mail_larger_than_it_takes_is_refused_and_the_next_one_leaves(server: MailServer) -> None:
    large = outgoing(media=(Media("front.jpg", "image/jpeg", b"x" * 1_000_000),))
    error = await refusal(server, large)
    assert (error.kind, error.code, error.tells) == (Kind.PERMANENT, "552", "")
    assert "size" in error.reason
    assert (await send(server)).state == "sent"


@pytest.mark.parametrize("way", ["smtp", "imap"])
async def test_a_wrong_password_pauses_the_connection(server: MailServer, way: str) -> None:
    email = Email("", server.fields(password="wrong"))
    with pytest.raises(ChannelError, match="refused the user name or the password") as caught:
        await (email.listen(House()) if way == "imap" else email.check())
    assert caught.value.kind is Kind.CONNECTION_BROKEN


async def test_an_address_that_is_not_this_accounts_pauses_the_connection(server: MailServer) -> None:
    error = await refusal(server, from_email="boss@lots.example", username=LOGIN)
    assert error.kind is Kind.CONNECTION_BROKEN
    assert "does not let this account send from your address" in error.reason


async def test_who_does_not_sign_in_where_one_has_to_pauses_the_connection(server: MailServer) -> None:
    error = await refusal(server, password="")
    assert error.kind is Kind.CONNECTION_BROKEN
    assert "not logged in" in error.reason


async def test_a_server_that_passes_nothing_on_for_us_pauses_the_connection(server: MailServer) -> None:
    """Where mail comes in instead of where it is handed over."""
    error = await refusal(server, password="", smtp_port=str(server.incoming))
    assert error.kind is Kind.CONNECTION_BROKEN
    assert "passes on no emails of this account" in error.reason
    assert "Relay access denied" in error.reason


async def test_a_server_that_cannot_prove_who_it_is_gets_no_password(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    before = len(server.log)
    for work in (Email("", server.fields()).check(), Email("", server.fields()).listen(House())):
        with pytest.raises(ChannelError, match="could not prove who it is") as caught:
            await work
        assert caught.value.kind is Kind.NEVER_CONNECTED
    await until(lambda: "commands=" in server.log[before:])
    assert "starttls=" in server.log[before:]
    assert "auth=" not in server.log[before:]


async def test_a_certificate_that_ran_out_is_no_proof(server: MailServer) -> None:
    error = await refusal(server, smtp_port=str(server.expired))
    assert (error.kind, error.code) == (Kind.NEVER_CONNECTED, "certificate")
    assert error.__cause__ is not None
    assert "certificate has expired" in f"{error.__cause__!r} {error.__cause__.__cause__!r}"


@pytest.mark.parametrize(
    ("way", "port", "security", "words"),
    [
        ("smtp", "starttls", "tls", "speaks no TLS on port"),
        ("smtp", "tls", "starttls", "said nothing on port"),
        ("smtp", "imap", "starttls", "speaks no SMTP on port"),
        ("imap", "imap", "tls", "speaks no TLS on port"),
        ("imap", "imaps", "starttls", "said nothing on port"),
    ],
)
async def test_a_port_of_another_kind_is_told_of(
    server: MailServer, way: str, port: str, security: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GREETING", 0.3)
    fields = {f"{way}_port": str(getattr(server, port)), f"{way}_security": security}
    with pytest.raises(ChannelError, match=words) as caught:
        await Email("", server.fields(**fields)).check()
    assert caught.value.kind is Kind.NEVER_CONNECTED


async def test_whoever_waits_for_a_check_is_told_soon_that_a_server_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(channel, "CHECK_SECONDS", 0.3)
    listening = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    fields = {"from_email": "sales@lots.example", "smtp_host": "127.0.0.1", "smtp_port": str(port)}
    fields |= {"smtp_security": "none", "own_network": "true", "password": "x"}
    began = time.monotonic()
    with pytest.raises(ChannelError, match=f"127.0.0.1 said nothing on port {port}") as caught:
        await Email("", fields).check()
    assert caught.value.kind is Kind.NEVER_CONNECTED
    assert time.monotonic() - began < 10
    listening.close()


async def test_a_line_of_any_length_arrives_whole(server: MailServer) -> None:
    long = "Ist er noch zu haben? " * 200
    await send(server, outgoing(body=long.strip(), mail=Mail(html=f"<p>{long}</p>", message_id=OURS)))
    await until(lambda: server.world.taken)
    arrived = message_from_bytes(server.world.taken[0][2], policy=policy.default)
    plain, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == long.strip()
    assert f"<p>{long}</p>" in html.get_content()


# Come back


@pytest.mark.parametrize(
    ("size", "returned"), [(10, "message/rfc822"), (100_000, "text/rfc822-headers")], ids=["whole", "its head alone"]
)
async def test_a_mail_that_the_world_refuses_comes_back_as_a_bounce(
    server: MailServer, size: int, returned: str
) -> None:
    server.world.refuses = {DANA: "550 5.1.1 No such user here"}
    house = House()
    async with listening(server, house):
        await send(server, outgoing(media=(Media("front.jpg", "image/jpeg", b"x" * size),)))
        await until(lambda: house.events)
    [bounce] = said(server, house)
    assert isinstance(bounce, Bounce)
    assert (bounce.rfc_id, bounce.address, bounce.for_good, bounce.address_good) == (OURS, DANA, True, False)
    assert bounce.reason == "This email came back: 550 5.1.1 No such user here"
    [report] = [each for each in server.mail.rglob("*") if each.is_file() and each.parent.name in ("new", "cur")]
    assert f"Content-Type: {returned}" in report.read_text()


async def test_a_mail_that_the_world_refuses_for_what_it_is_leaves_the_address_good(server: MailServer) -> None:
    server.world.refuses = {DANA: "554 5.7.1 Blocked by policy"}
    house = House()
    async with listening(server, house):
        await send(server)
        await until(lambda: house.events)
    [bounce] = said(server, house)
    assert isinstance(bounce, Bounce)
    assert (bounce.rfc_id, bounce.for_good, bounce.address_good) == (OURS, True, True)


async def test_a_mail_that_is_late_is_told_as_late_until_it_comes_back(server: MailServer) -> None:
    server.world.refuses = {DANA: "452 4.2.2 Mailbox full"}
    house = House()
    async with listening(server, house):
        await send(server)
        await until(lambda: house.events)
        server.give_up()
        await until(lambda: len(house.events) == 2)
    late, back = said(server, house)
    assert isinstance(late, Bounce)
    assert isinstance(back, Bounce)
    assert (late.rfc_id, late.for_good) == (OURS, False)
    assert (back.rfc_id, back.for_good, back.address_good) == (OURS, True, True)
    assert "Mailbox full" in back.reason


# Answered


async def test_an_answer_to_the_address_with_the_token_is_known_by_it(server: MailServer) -> None:
    house = House()
    async with listening(server, house):
        await send(server)
        await until(lambda: server.world.taken)
        reply_to = message_from_bytes(server.world.taken[0][2])["Reply-To"].partition("<")[2][:-1]
        # To whom it went stands on the envelope alone, as with a blind copy.
        answer = b"From: Dana <dana@work.example>\r\nMessage-ID: <a@m>\r\n\r\nYes!\r\n"
        await asyncio.to_thread(server.receive, answer, reply_to, "dana@work.example")
        await until(lambda: house.events)
    [answered] = said(server, house)
    assert isinstance(answered, Incoming)
    assert (answered.token, answered.from_address, answered.body) == (TOKEN, "dana@work.example", "Yes!")
    assert not answered.automatic


async def test_what_has_no_sender_was_written_by_a_machine(server: MailServer) -> None:
    house = House()
    async with listening(server, house):
        answer = f"From: {DANA}\r\nSubject: Thank you\r\nMessage-ID: <v@m>\r\n\r\nI am at the lake.\r\n"
        await asyncio.to_thread(server.receive, answer.encode(), f"sales+{TOKEN}@lots.example")
        await until(lambda: house.events)
    [away] = said(server, house)
    assert isinstance(away, Incoming)
    assert (away.token, away.automatic) == (TOKEN, True)

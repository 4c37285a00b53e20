"""What we hand to a mail server, and what each of its answers means for the email."""

import asyncio
import base64
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest

from domain import ids
from domain.channels.base import ChannelError, Kind, Mail, Media, Outgoing
from domain.channels.email import Email, servers, smtp
from domain.errors import Refused
from tests.domain.channels.local_servers import Permit, WrongPermit
from tests.domain.channels.local_servers import Scripted as Web
from tests.domain.channels.smtp_server import HANG_UP, Scripted

DANA = "dana@mail.example"
OURS = "<0123456789abcdef0123456789abcdef@lots.example>"


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    listening = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()


def fields(port: int, **changes: str) -> dict[str, str]:
    return {
        "from_email": "sales@lots.example",
        "from_name": "Harbor Motors",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(port),
        "smtp_security": "none",
        "password": "secret",
        "own_network": "true",
        **changes,
    }


def outgoing(**changes: Any) -> Outgoing:
    given = {
        "message_id": ids.new(),
        "channel": "email",
        "to": DANA,
        "body": "Hi Dana,\n\nis the Civic still for sale?\n.\nSam",
        "subject": "Inquiry about your 2015 Honda Civic",
        "sender": "",
        "mail": Mail(html="<p>Hi Dana,</p>", message_id=OURS, token="ab" * 12),
    }
    return Outgoing(**given | changes)


async def send(server: Scripted, message: Outgoing | None = None, **changes: str) -> Any:
    message = message or outgoing()
    return await Email("", fields(server.port, **changes)).send(message, Permit(message))


async def refusal(server: Scripted, message: Outgoing | None = None, **changes: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(server, message, **changes)
    return caught.value


async def taken(server: Scripted, **changes: Any) -> EmailMessage:
    await send(server, outgoing(**changes))
    return cast(EmailMessage, message_from_bytes(server.mails[-1], policy=policy.default))


# What we hand over


async def test_an_email_leaves_as_it_was_written(server: Scripted) -> None:
    accepted = await send(server)
    assert (accepted.provider_id, accepted.state, accepted.from_address) == (OURS, "sent", "sales@lots.example")
    assert [line for line in server.heard if line.startswith(("MAIL", "RCPT"))] == [
        f"MAIL FROM:<sales@lots.example> SIZE={len(server.mails[0]) - 1}",  # a dot is doubled on its way
        f"RCPT TO:<{DANA}>",
    ]
    mail = cast(EmailMessage, message_from_bytes(server.mails[0].replace(b"\r\n..", b"\r\n."), policy=policy.default))
    assert (mail["From"], mail["To"]) == ("Harbor Motors <sales@lots.example>", DANA)
    assert mail["Subject"] == "Inquiry about your 2015 Honda Civic"
    assert mail["Message-ID"] == OURS
    assert mail["Date"].datetime.tzinfo is not None
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "Hi Dana,\n\nis the Civic still for sale?\n.\nSam\n"
    assert "<p>Hi Dana,</p>" in html.get_content()


async def test_answers_come_to_an_address_with_the_token_unless_that_is_switched_off(server: Scripted) -> None:
    assert (await taken(server))["Reply-To"] == f"Harbor Motors <sales+{'ab' * 12}@lots.example>"
    await send(server, reply_tokens="false")
    assert message_from_bytes(server.mails[-1])["Reply-To"] is None


async def test_an_answer_says_what_it_answers_whatever_the_length(server: Scripted) -> None:
    references = tuple(f"<{n:032x}.{'x' * 60}@mail.lots.example>" for n in range(20))
    mail = await taken(server, mail=Mail(message_id=OURS, in_reply_to=references[-1], references=references))
    assert mail["In-Reply-To"] == references[-1]
    assert tuple(mail["References"].split()) == references
    assert b"=?" not in server.mails[-1].partition(b"\r\n\r\n")[0]
    assert max(map(len, server.mails[-1].split(b"\r\n"))) <= 998


async def test_one_click_unsubscribing_is_offered_where_many_get_the_same(server: Scripted) -> None:
    assert (await taken(server))["List-Unsubscribe"] is None
    mail = await taken(server, mail=Mail(message_id=OURS, unsubscribe="https://lots.example/u/1/x"))
    assert mail["List-Unsubscribe"].startswith("<https://lots.example/u/1/x>, <mailto:sales@lots.example?")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_files_go_along_under_their_names(server: Scripted) -> None:
    mail = await taken(server, media=(Media("Prüfbericht.pdf", "application/pdf", b"%PDF"),))
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "Prüfbericht.pdf",
        "application/pdf",
        b"%PDF",
    )


@pytest.mark.parametrize(
    "changes",
    [{"to": "dana@mail.example\r\nBcc: all@lots.example"}, {"to": "dana"}, {"to": "dána@mail.example"}],
    ids=["two lines", "no address", "not ascii"],
)
async def test_nothing_is_called_for_an_address_that_cannot_be(server: Scripted, changes: dict[str, str]) -> None:
    error = await refusal(server, outgoing(**changes))
    assert error.kind is Kind.PERMANENT
    assert server.heard == []


async def test_a_subject_stays_one_line(server: Scripted) -> None:
    mail = await taken(server, subject="Hello\r\nBcc: everybody@lots.example")
    assert mail["Subject"] == "Hello Bcc: everybody@lots.example"
    assert mail["Bcc"] is None


async def test_without_a_permit_nothing_leaves(server: Scripted) -> None:
    with pytest.raises(WrongPermit):
        await Email("", fields(server.port)).send(outgoing(), Permit(outgoing()))
    assert server.heard == []


# What the answers mean


@pytest.mark.parametrize(
    ("word", "said", "kind", "tells"),
    [
        ("BANNER", "421 4.3.2 Too busy", Kind.THROTTLED, ""),
        ("AUTH", "535 5.7.8 Bad credentials", Kind.CONNECTION_BROKEN, ""),
        ("AUTH", "454 4.7.0 Temporary failure", Kind.THROTTLED, ""),
        ("MAIL", "530 5.7.0 Sign in first", Kind.CONNECTION_BROKEN, ""),
        ("MAIL", "553 5.7.1 Sender address rejected: not owned by user", Kind.CONNECTION_BROKEN, ""),
        ("MAIL", "451 4.3.0 Try again later", Kind.THROTTLED, ""),
        ("MAIL", "552 5.3.4 Message too large", Kind.PERMANENT, ""),
        ("RCPT", "550 5.1.1 No such user", Kind.PERMANENT, "bounced"),
        ("RCPT", "550 User unknown", Kind.PERMANENT, "bounced"),
        ("RCPT", "550 5.7.1 Blocked by policy", Kind.PERMANENT, ""),
        ("RCPT", "554 5.7.1 Unknown user agent", Kind.PERMANENT, ""),
        ("RCPT", "450 4.2.0 Greylisted", Kind.NEVER_CONNECTED, ""),
        ("RCPT", "553 5.7.1 <a@b>: Sender address rejected: not owned by user us", Kind.CONNECTION_BROKEN, ""),
        (
            "RCPT",
            "550 5.1.1 <a@b>: undeliverable: host mx said: 553 Sender address rejected",
            Kind.PERMANENT,
            "bounced",
        ),
        ("RCPT", "554 5.7.1 <a@b>: Relay access denied", Kind.CONNECTION_BROKEN, ""),
        ("RCPT", "454 4.7.1 <a@b>: Relay access denied", Kind.CONNECTION_BROKEN, ""),
        (
            "text",
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Kind.CONNECTION_BROKEN,
            "",
        ),
        ("RCPT", "550 5.4.5 Daily user sending limit exceeded", Kind.THROTTLED, ""),
        ("DATA", "554 5.6.0 No", Kind.PERMANENT, ""),
        ("text", "550 5.1.1 The email account does not exist", Kind.PERMANENT, "bounced"),
        ("text", "554 5.7.1 Spam", Kind.PERMANENT, ""),
        ("text", "452 4.3.1 Disk full", Kind.NEVER_CONNECTED, ""),
        ("text", "354 Go on", Kind.UNKNOWN, ""),
        ("text", "150 Busy", Kind.UNKNOWN, ""),
    ],
)
async def test_every_answer_means_one_thing(server: Scripted, word: str, said: str, kind: Kind, tells: str) -> None:
    server.says[word] = said
    error = await refusal(server)
    assert (error.kind, error.tells) == (kind, tells)
    assert said.partition(" ")[2] in error.reason


async def test_a_line_that_breaks_before_the_text_sent_nothing_and_after_it_nobody_knows(server: Scripted) -> None:
    for word in ("BANNER", "EHLO", "AUTH", "MAIL", "RCPT"):
        server.says = {word: HANG_UP}
        assert (await refusal(server)).kind is Kind.NEVER_CONNECTED, word
    server.says = {"text": HANG_UP}
    assert (await refusal(server)).kind is Kind.UNKNOWN
    assert len(server.mails) == 1


async def test_a_server_that_never_says_that_it_has_it_leaves_it_unknown(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    server.says = {"text": "250-Wait for it"}
    assert (await refusal(server)).kind is Kind.UNKNOWN


@pytest.mark.parametrize("said", ["Ok, I have it", "250 " + "x" * 20_000], ids=["malformed", "too long"])
async def test_an_answer_that_nobody_understands_leaves_it_unknown(server: Scripted, said: str) -> None:
    server.says = {"text": said}
    assert (await refusal(server)).kind is Kind.UNKNOWN


async def test_a_server_that_takes_it_in_other_words_has_it(server: Scripted) -> None:
    server.says = {"text": "252 2.0.0 Taken, and passed on"}
    assert (await send(server)).state == "sent"


def test_whom_we_trust_is_read_once_and_again_when_it_is_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = servers.context()
    assert servers.context() is before
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    assert servers.context() is not before


async def test_nobody_there_is_nothing_sent() -> None:
    error = await refusal(Scripted(port=9))
    assert (error.kind, error.code) == (Kind.NEVER_CONNECTED, "unreachable")


async def test_a_name_that_leads_into_a_network_of_ours_is_not_called(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = Email("", fields(server.port, smtp_host="localhost", smtp_security="tls", own_network="false"))
    message = outgoing()
    with pytest.raises(ChannelError, match="not out on the internet"):
        await email.send(message, Permit(message))
    with pytest.raises(ChannelError, match="not out on the internet"):
        servers.dial_in_thread(servers.Server("127.0.0.1", server.port, "tls"))
    assert server.heard == []


# Signing in, and what connecting asks for


async def test_a_token_is_fetched_and_kept_until_it_runs_out(server: Scripted, provider: Web) -> None:
    provider.answers(200, {"access_token": "ya29.one", "expires_in": 3600})
    given = {"sign_in": "google", "client_id": "id", "client_secret": "cs", "refresh_token": "rt", "password": ""}
    email = Email("", fields(server.port, **given), token_url=f"{provider.url}/token")
    for _ in range(2):
        message = outgoing()
        await email.send(message, Permit(message))
    [call] = provider.asked
    assert dict(call.body) == {
        "client_id": "id",
        "client_secret": "cs",
        "grant_type": "refresh_token",
        "refresh_token": "rt",
    }
    said = base64.b64encode(b"user=sales@lots.example\1auth=Bearer ya29.one\1\1").decode()
    assert [line for line in server.heard if line.startswith("AUTH")] == [f"AUTH XOAUTH2 {said}"] * 2


async def test_a_refused_token_pauses_the_connection(server: Scripted, provider: Web) -> None:
    provider.answers(400, {"error": "invalid_grant", "error_description": "Expired."})
    given = {"sign_in": "microsoft", "client_id": "id", "client_secret": "cs", "tenant": "lots.example"}
    email = Email("", fields(server.port, **given), token_url=f"{provider.url}/token")
    message = outgoing()
    with pytest.raises(ChannelError, match=r"Expired\.") as caught:
        await email.send(message, Permit(message))
    assert caught.value.kind is Kind.CONNECTION_BROKEN
    assert server.heard == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("from_email", {"from_email": "sales"}),
        ("smtp_host", {"smtp_host": "mail lots"}),
        ("smtp_port", {"smtp_port": "many"}),
        ("smtp_security", {"own_network": "false"}),
        ("smtp_security", {"smtp_host": "mail.lots.example"}),
        ("imap_security", {"imap_host": "mail.lots.example", "imap_security": "none"}),
        ("password", {"password": "", "own_network": "false", "smtp_security": "tls"}),
        ("client_id", {"sign_in": "google"}),
        ("refresh_token", {"sign_in": "google", "client_id": "i", "client_secret": "s"}),
        ("tenant", {"sign_in": "microsoft", "client_id": "i", "client_secret": "s"}),
        ("reply_tokens", {"reply_tokens": "perhaps"}),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(field: str, changes: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        Email("", fields(25, **changes))
    assert caught.value.field == field


def test_an_option_nobody_knows_is_no_option_of_emails() -> None:
    with pytest.raises(TypeError):
        Email("", fields(25), colour="blue")
    Email("", fields(25), per_minute=10)


def test_what_nearly_everybody_fills_in_stands_first() -> None:
    first = [field.name for field in Email.fields if field.required or field.usual]
    assert first == ["from_email", "from_name", "smtp_host", "imap_host", "password"]

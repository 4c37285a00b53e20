"""The house's mail: sent once, tried again later, and one bad mail keeps no other back."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_string

import aiosmtplib
import pytest

from domain import house_mail
from domain.house_mail import Mail
from workers.mail import send_mail, server


class Post:
    """An SMTP server that keeps what it takes (RFC 5321, as little of it as a client needs)."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refuses = ""
        self.slow = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 post.example")
        while line := (await reader.readline()).decode().strip():
            if line.upper() == "DATA":
                await say("354 go on")
                lines = []
                while (part := (await reader.readline()).decode()) != ".\r\n":
                    lines.append(part)
                await asyncio.sleep(self.slow)
                self.taken.append("".join(lines))
                await say("250 taken")
            elif line.upper().startswith("RCPT") and self.refuses and self.refuses in line:
                await say("550 nobody here")
            elif line.upper() == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 fine")
        writer.close()

    @property
    def recipients(self) -> list[str]:
        return [str(message_from_string(each)["To"]) for each in self.taken]


@pytest.fixture
async def post(house, configure) -> AsyncIterator[Post]:
    made = Post()
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    configure(LOTWIRE_SMTP_URL=f"smtp://127.0.0.1:{port}", LOTWIRE_MAIL_FROM="Lotwire <lots@harbor.example>")
    async with listener:
        yield made


async def test_a_mail_is_sent_once_and_its_text_is_not_kept(post):
    mail = await house_mail.send("dana@example.com", "Your password", "Here: https://lots.example/x\n– Zoë")
    await send_mail({})
    await send_mail({})
    (taken,) = post.taken
    message = message_from_string(taken)
    assert (message["To"], message["Subject"], message["From"]) == (
        "dana@example.com",
        "Your password",
        "Lotwire <lots@harbor.example>",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert "– Zoë" in message.get_payload(decode=True).decode()
    kept = await Mail.objects().get(Mail.id == mail.id)
    assert kept.sent_at is not None
    assert kept.text == ""


async def test_several_workers_at_once_send_each_mail_once(post):
    post.slow = 0.05
    for n in range(4):
        await house_mail.send(f"person{n}@example.com", "Hello", "…")
    await asyncio.gather(*(send_mail({}) for _ in range(4)))
    assert sorted(post.recipients) == [f"person{n}@example.com" for n in range(4)]


async def test_a_mail_that_fails_keeps_no_other_back_and_is_tried_again(post, clock):
    post.refuses = "gone@example.com"
    for recipient in ("gone@example.com", "not an\naddress", "here@example.com"):
        await house_mail.send(recipient, "Hello", "…")
    await send_mail({})
    assert post.recipients == ["here@example.com"]
    failed = await Mail.objects().where(Mail.sent_at.is_null())
    assert all(mail.tries == 1 and mail.problem for mail in failed)
    assert len(failed) == 2
    post.refuses = ""
    await send_mail({})
    assert len(post.taken) == 1
    clock.advance(minutes=2)
    await send_mail({})
    assert post.recipients == ["here@example.com", "gone@example.com"]


async def test_a_server_that_is_away_is_tried_for_most_of_a_day_and_then_no_more(house, configure, clock, monkeypatch):
    configure(LOTWIRE_SMTP_URL="smtp://127.0.0.1:9", LOTWIRE_MAIL_FROM="lots@harbor.example")
    tries = []

    async def away(*_, **__) -> None:
        tries.append(clock.now())
        raise aiosmtplib.SMTPConnectError("nobody there")

    monkeypatch.setattr(aiosmtplib, "send", away)
    await house_mail.send("dana@example.com", "Hello", "…")
    for _ in range(400):
        await send_mail({})
        clock.advance(minutes=10)
    assert len(tries) == len(house_mail.WAITS) + 1
    assert (tries[-1] - tries[0]).total_seconds() > 12 * 3600


async def test_without_a_server_mail_waits(house, configure):
    configure(LOTWIRE_SMTP_URL="")
    await house_mail.send("dana@example.com", "Hello", "…")
    await send_mail({})
    assert len(await house_mail.due()) == 1


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://mail.example", {"port": 25, "use_tls": False, "start_tls": None}),
        ("smtp+starttls://mail.example", {"port": 587, "use_tls": False, "start_tls": True}),
        ("smtps://mail.example", {"port": 465, "use_tls": True, "start_tls": False}),
        ("smtps://u%40x:p%3Aw@mail.example:2465", {"port": 2465, "username": "u@x", "password": "p:w"}),
    ],
)
def test_the_url_says_port_encryption_and_who_we_are(url, wanted):
    made = server(url)
    assert made["hostname"] == "mail.example"
    assert made["timeout"] > 0
    assert {name: made[name] for name in wanted} == wanted

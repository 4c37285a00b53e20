"""The simulator's mail server as our channel and a seller see it: out, read, answered, heard."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from domain import ids
from domain.channels.base import ChannelError, HookEvent, Kind, Listening, Mail, Media, Outgoing
from domain.channels.email import Email
from domain.seeds import mailbox
from tests.domain.channels.local_servers import Permit
from workers.simulator.post import Post

DANA = "dana@mail.example"
OURS = "<0123456789abcdef0123456789abcdef@harborauto.example>"


class House(Listening):
    def __init__(self) -> None:
        self.events: list[HookEvent] = []
        self.place: tuple[int, int] | None = None

    async def keep(self, events: Sequence[HookEvent]) -> None:
        self.events += events

    async def well(self) -> None:
        return

    async def position(self, folder: str) -> tuple[int, int] | None:
        return self.place

    async def move_to(self, folder: str, validity: int, last: int) -> None:
        self.place = validity, last


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, Email]]:
    seen: list[int] = []
    made = Post(lambda: seen.append(1))
    doors = [await asyncio.start_server(talk, "127.0.0.1", 0, limit=40_000_000) for talk in (made.smtp, made.imap)]
    ports = ",".join(str(door.sockets[0].getsockname()[1]) for door in doors)
    yield made, Email("", mailbox.FIXED | mailbox._at(ports) | {"password": mailbox.PASSWORD})
    for door in doors:
        door.close()


def outgoing(to: str = DANA, **values: Any) -> Outgoing:
    mail = Mail("<p>Hi", OURS, token="ab" * 12)
    return Outgoing(
        ids.new(), "email", to, "Hi Dana,\n.\nfor sale?", "", **{"subject": "Civic", "mail": mail, **values}
    )


async def send(email: Email, message: Outgoing) -> None:
    await email.send(message, Permit(message))


async def test_a_seller_reads_our_email_and_the_answer_is_heard_at_once(post: tuple[Post, Email]) -> None:
    made, email = post
    await email.check()
    house = House()
    line = asyncio.create_task(email.listen(house))
    async with asyncio.timeout(10):
        while house.place is None:  # noqa: ASYNC110 - a thread makes it true
            await asyncio.sleep(0.01)
        await send(email, outgoing(media=(Media("front.pdf", "application/pdf", b"%PDF"),)))
        [letter] = made.mailboxes[DANA].letters
        assert (letter.subject, letter.text, letter.files) == ("Civic", "Hi Dana,\n.\nfor sale?", ("front.pdf",))
        for words in ("Yes", "9,000"):
            assert made.answer(DANA, words)
        while len(house.events) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    line.cancel()
    await asyncio.gather(line, return_exceptions=True)
    heard = [event.payload for event in house.events]
    assert [each["text"] for each in heard] == ["Yes", "9,000"]
    assert {(each["subject"], each["token"], each["references"][-1]) for each in heard} == {
        ("Re: Civic", "ab" * 12, OURS)
    }


async def test_an_address_that_is_none_is_refused(post: tuple[Post, Email]) -> None:
    made, email = post
    with pytest.raises(ChannelError) as caught:
        await send(email, outgoing("nobody@mail.example"))
    assert (caught.value.kind, caught.value.tells) == (Kind.PERMANENT, "bounced")
    assert not made.answer("nobody@mail.example", "Hi")

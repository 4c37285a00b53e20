"""A real mailbox: what comes in is heard within moments and each once, whatever happens in between."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest

from domain.channels.base import ChannelError, HookEvent, Incoming, Kind, Listening
from domain.channels.email import Email, channel, imap
from domain.channels.email.servers import Login, Server
from tests.mail_server import LOGIN, MailServer

DANA = "dana@mail.example"


@pytest.fixture
def server(mail_server: MailServer) -> MailServer:
    return mail_server


@dataclass
class House(Listening):
    """What it heard, and its place in each folder."""

    events: list[HookEvent] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    stood: int = 0
    breaks: bool = False
    faults: list[str] = field(default_factory=list)

    async def failed(self, reason: str) -> None:
        self.faults.append(reason)

    async def keep(self, events: Sequence[HookEvent]) -> None:
        known = {each.key for each in self.events}
        self.events += [each for each in events if each.key not in known]

    async def well(self) -> None:
        self.stood += 1

    async def position(self, folder: str) -> tuple[int, int] | None:
        return self.places.get(folder)

    async def move_to(self, folder: str, validity: int, last: int) -> None:
        if self.breaks and self.events:
            raise RuntimeError("The power went out.")
        self.places[folder] = validity, last

    @property
    def words(self) -> list[str]:
        return [each.payload["text"] for each in self.events]


@asynccontextmanager
async def listening(server: MailServer, house: House, **fields: str) -> AsyncIterator["asyncio.Task[None]"]:
    """A line that stands: everything that was there is read."""
    stood = house.stood
    task = asyncio.create_task(Email("", server.fields(**fields)).listen(house))
    try:
        await until(lambda: house.stood > stood or task.done())
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a thread makes it true
            await asyncio.sleep(0.01)


def mail(words: str, number: int = 0) -> bytes:
    return f"From: {DANA}\r\nTo: {LOGIN}\r\nMessage-ID: <{number}.{words}@x>\r\n\r\n{words}\r\n".encode()


def with_file(data: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["Message-ID"] = DANA, "<with-file@x>"
    message.set_content("See the front")
    message.add_attachment(data, maintype="image", subtype="jpeg", filename="front.jpg")
    return message.as_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("way", ["tls", "starttls"])
async def test_what_comes_in_is_heard_at_once_and_what_was_there_is_left_alone(server: MailServer, way: str) -> None:
    server.deliver(mail("before"))
    house = House()
    port = server.imaps if way == "tls" else server.imap
    async with listening(server, house, imap_security=way, imap_port=str(port)):
        server.deliver(mail("one"))
        await until(lambda: house.words == ["one"])
        server.deliver(mail("two"))
        await until(lambda: house.words == ["one", "two"])
    unread = list((server.mail / "new").iterdir()) + [
        each for each in (server.mail / "cur").iterdir() if "S" not in each.name.partition(":2,")[2]
    ]
    assert len(unread) == 3


async def test_whoever_begins_again_misses_nothing_and_repeats_nothing(server: MailServer) -> None:
    house = House()
    async with listening(server, house):
        pass
    for n in range(3):
        server.deliver(mail(f"m{n}", n))
    house.breaks = True
    async with listening(server, house) as task:
        await until(task.done)  # it broke between keeping the first and moving on
    house.breaks = False
    async with listening(server, house):
        pass
    assert house.words == ["m0", "m1", "m2"]


async def test_a_mailbox_that_was_made_anew_is_read_again_without_repeating(server: MailServer) -> None:
    house = House()
    async with listening(server, house):
        server.deliver(mail("one"))
        await until(lambda: house.events)
    house.places["INBOX"] = (1, 4_000_000_000)  # of a folder that is no more
    server.deliver(mail("two"))
    async with listening(server, house):
        await until(lambda: len(house.events) == 2)
    assert house.words == ["one", "two"]
    assert house.places["INBOX"][0] != 1


async def test_a_mail_that_cannot_be_read_keeps_none_that_follows_from_being_heard(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = channel.reading.read

    def fails(raw: bytes, *given: Any, **more: Any) -> dict[str, Any]:
        if b"poison" in raw:
            raise UnicodeError("Nobody thought of this.")
        return read(raw, *given, **more)

    monkeypatch.setattr(channel.reading, "read", fails)
    house = House()
    async with listening(server, house):
        server.deliver(mail("poison"))
        server.deliver(mail("two", 2))
        await until(lambda: len(house.events) == 2)
    assert house.words == [channel.reading.UNREADABLE, "two"]
    assert house.faults == ["An email in “INBOX” could not be read. Open it in the mailbox."]
    [said] = Email("", server.fields()).parse(house.events[0].payload)
    assert isinstance(said, Incoming)
    assert said.from_address == DANA


async def test_other_folders_are_read_too(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "POLL", 0.05)
    server.deliver(mail("old junk"), "Junk")
    house = House()
    async with listening(server, house, folders="INBOX, Junk"):
        server.deliver(mail("taken for junk", 2), "Junk")
        await until(lambda: house.events)
    assert house.words == ["taken for junk"]


async def test_a_folder_that_went_is_noted_once_and_silences_no_other(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "POLL", 0.05)
    house = House()
    async with listening(server, house, folders="INBOX, Renamed"):
        await until(lambda: house.stood > 2)
        server.deliver(mail("one"))
        await until(lambda: house.events)
    assert house.words == ["one"]
    assert house.faults == ["The mailbox has no folder “Renamed”."]


async def test_without_the_first_folder_nothing_is_heard_and_the_line_ends(server: MailServer) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(ChannelError, match="no folder “Renamed”"):
            await Email("", server.fields(folders="Renamed, INBOX")).listen(House())


async def test_without_idle_it_looks_from_time_to_time(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "POLL", 0.05)
    monkeypatch.setattr(imap._Client, "has_capability", lambda self, name: name != "IDLE")
    house = House()
    async with listening(server, house):
        server.deliver(mail("one"))
        await until(lambda: house.events)
    assert house.words == ["one"]


async def test_idle_is_renewed_before_a_server_hangs_up(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert imap.RENEW < 29 * 60
    monkeypatch.setattr(imap, "RENEW", 0.05)
    house = House()
    async with listening(server, house):
        await until(lambda: house.stood > 3)


async def test_news_in_one_breath_with_the_answer_to_idle_are_not_waited_for() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK here\r\n")
        while line := (await reader.readline()).decode().split():
            tag, word = line[0], line[1] if len(line) > 1 else ""
            said = {"CAPABILITY": "* CAPABILITY IMAP4rev1 IDLE\r\n", "EXAMINE": "* OK [UIDVALIDITY 7] x\r\n"}.get(
                word, ""
            )
            if word == "IDLE":
                idle = tag
                writer.write(b"+ idling\r\n* 1 EXISTS\r\n")
            else:
                writer.write(f"{said}{idle if tag == 'DONE' else tag} OK Done\r\n".encode())
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    box = await asyncio.to_thread(imap.Mailbox, Server("127.0.0.1", port, "none", nearby=True), Login("us", "secret"))
    try:
        async with asyncio.timeout(5):
            await asyncio.to_thread(box.wait)
        assert box._has_read_ahead() is False
    finally:
        box.hang_up()
        box.close()
        listening.close()


async def test_a_file_is_fetched_from_the_folder_that_its_mail_was_moved_to(server: MailServer) -> None:
    house, picture = House(), base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==") * 500
    moved = with_file(picture)
    async with listening(server, house):
        server.deliver(moved)
        await until(lambda: house.events)
    payload = house.events[0].payload
    server.empty()
    server.deliver(moved, "Junk")
    with pytest.raises(ChannelError, match="not in the mailbox any more"):
        await Email("", server.fields()).fetch(payload["files"][0]["ref"], payload)
    email = Email("", server.fields(folders="INBOX, Gone, Junk"))
    assert (await email.fetch(payload["files"][0]["ref"], payload)).data == picture
    gone = payload | {"folder": "Gone"}
    assert (await email.fetch(payload["files"][0]["ref"], gone)).data == picture


async def test_what_was_read_is_marked_only_where_that_is_wanted(server: MailServer) -> None:
    house = House()
    async with listening(server, house, mark_read="true"):
        server.deliver(mail("one"))
        await until(lambda: house.events and house.stood > 1)
    assert [each.name.partition(":2,")[2] for each in (server.mail / "cur").iterdir()] == ["S"]


async def test_a_folder_that_is_not_there_is_told_when_connecting(server: MailServer) -> None:
    with pytest.raises(ChannelError, match="no folder “Sellers”"):
        await Email("", server.fields(folders="Sellers")).check()


async def test_a_file_is_fetched_from_the_mailbox_when_it_is_wanted(server: MailServer) -> None:
    house, picture = House(), base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==") * 500
    async with listening(server, house):
        server.deliver(with_file(picture))
        await until(lambda: house.events)
    payload = house.events[0].payload
    assert picture not in str(payload).encode()
    email = Email("", server.fields())
    media = await email.fetch(payload["files"][0]["ref"], payload)
    assert (media.name, media.media_type, media.data) == ("front.jpg", "image/jpeg", picture)
    elsewhere = payload | {"validity": 1, "uid": 99}  # the folder was made anew: found by its Message-ID
    assert (await email.fetch(payload["files"][0]["ref"], elsewhere)).data == picture
    with pytest.raises(ChannelError, match="not in the mailbox any more") as caught:
        await email.fetch(payload["files"][0]["ref"], payload | {"uid": 99})
    assert caught.value.kind is Kind.PERMANENT


async def test_files_of_a_mail_are_fetched_by_signing_in_once(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, picture = House(), base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==") * 500
    async with listening(server, house):
        server.deliver(with_file(picture))
        await until(lambda: house.events)
    payload, email = house.events[0].payload, Email("", server.fields())
    opened: list[Any] = []
    real = channel.Mailbox
    monkeypatch.setattr(channel, "Mailbox", lambda *given: opened.append(given) or real(*given))
    async with email.fetching(payload) as fetch:
        for _ in range(3):
            assert (await fetch(payload["files"][0]["ref"])).data == picture
    assert len(opened) == 1


async def test_a_huge_mail_is_read_from_its_beginning(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "LARGEST", 50_000)
    monkeypatch.setattr(imap, "BEGINNING", 2_000)
    house = House()
    async with listening(server, house):
        server.deliver(with_file(b"x" * 100_000))
        await until(lambda: house.events)
    assert house.words == [f"See the front\n\n{channel.reading.TOO_LARGE}"]

"""Listening for events that come by no hook: one worker a connection, again when the line broke, each event once."""

import asyncio
from typing import Any

import pytest

from domain import clock, connections
from domain.channels.base import BadSignature, ChannelError, HookCall, HookEvent, Kind, Listening
from domain.channels.registry import CHANNELS
from domain.clock import now
from domain.connections import Connection, ConnectionState
from domain.errors import Unavailable
from domain.inbox import ProviderEvent
from domain.installations import freezing
from tests import make
from tests.sending import Provider
from workers import sources
from workers.sources import Sources


class Mailbox(Provider):
    """Tells one event, then is silent until it is cut off."""

    kind, channel, name = "email", "email", "Email"
    senders = "one"
    events = ("mailbox",)
    lines: list["Mailbox"] = []  # noqa: RUF012 - that stand now
    begun = 0
    breaks: ChannelError | None = None

    def listens(self) -> bool:
        return True

    async def listen(self, listening: Listening) -> None:
        Mailbox.begun += 1
        Mailbox.lines.append(self)
        try:
            last = await listening.position("INBOX")
            await listening.keep([HookEvent("7:1", clock.now(), {})])
            await listening.move_to("INBOX", 7, (last or (7, 0))[1] + 1)
            if Mailbox.breaks:
                raise Mailbox.breaks
            await asyncio.Event().wait()
        finally:
            Mailbox.lines.remove(self)


@pytest.fixture(autouse=True)
def mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "email", Mailbox)
    monkeypatch.setattr(sources, "SHORTEST_WAIT", 0.0)
    monkeypatch.setattr(sources, "is_dead", lambda owner: False)
    Mailbox.begun, Mailbox.breaks = 0, None


async def wake() -> None:
    return None


def worker(name: str) -> Sources:
    return Sources(name, wake)


async def settle(*workers: Sources) -> None:
    for each in workers:
        await each.look()
    for _ in range(20):
        await asyncio.sleep(0.005)


async def end(each: Sources) -> None:
    running = asyncio.create_task(each.run())
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_of_several_workers_one_listens_and_the_next_takes_over(house: None) -> None:
    await make.connection(kind="email")
    first, second = worker("first"), worker("second")
    await settle(first, second, first, second)
    assert (len(Mailbox.lines), Mailbox.begun) == (1, 1)
    await end(first)
    await settle(second)
    assert (len(Mailbox.lines), Mailbox.begun) == (1, 2)
    assert await ProviderEvent.count() == 1  # both told of the same event
    await end(second)
    assert Mailbox.lines == []


async def test_a_line_that_broke_begins_again_where_it_was(house: None) -> None:
    connection = await make.connection(kind="email")
    Mailbox.breaks = ChannelError("The line is gone.", Kind.NEVER_CONNECTED)
    one = worker("one")
    await settle(one)
    row: Any = await Connection.objects().get(Connection.id == connection.id)
    assert (Mailbox.begun, row.last_error) == (1, "")  # it may be back in a moment
    await settle(one)
    assert Mailbox.begun == 2
    row = await Connection.objects().get(Connection.id == connection.id)
    assert (row.last_error, row.state) == ("The line is gone.", ConnectionState.CONNECTED)
    Mailbox.breaks, begun = None, Mailbox.begun
    await settle(one)
    await settle(one)
    assert Mailbox.begun == begun + 1
    assert len(Mailbox.lines) == 1
    await end(one)


async def test_what_failed_on_a_line_that_stands_is_noted(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen(self: Mailbox, listening: Listening) -> None:
        await listening.failed("One email could not be read.")
        await asyncio.Event().wait()

    monkeypatch.setattr(Mailbox, "listen", listen)
    connection = await make.connection(kind="email")
    one = worker("one")
    await settle(one)
    row: Any = await Connection.objects().get(Connection.id == connection.id)
    assert (row.last_error, row.state) == ("One email could not be read.", ConnectionState.CONNECTED)
    await end(one)


async def test_a_refused_key_and_a_disconnected_provider_are_not_listened_to(house: None) -> None:
    connection = await make.connection(kind="email")
    Mailbox.breaks = ChannelError("No.", Kind.CONNECTION_BROKEN)
    one = worker("one")
    await settle(one, one, one)
    row: Any = await Connection.objects().get(Connection.id == connection.id)
    assert (row.state, Mailbox.begun) == (ConnectionState.BROKEN, 1)


async def test_what_is_signed_with_the_secret_before_is_taken_from_a_line_for_a_day(
    house: None, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    class Signed(Mailbox):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given[:2])
            self.secret = given[2]

        def verify(self, call: HookCall) -> list[HookEvent]:
            if call.body.decode() != self.secret:
                raise BadSignature("No.")
            return [HookEvent("k", now(), {})]

    monkeypatch.setitem(CHANNELS, "email", Signed)
    old = await make.connection(kind="email", hook_secret="the-first-secret")
    new = await connections.rotate_hook_secret(old, (await make.user()).id)
    connection = await connections.by_id(old.id)
    assert connection is not None
    home, channel = sources._House(connection, wake), connections.adapter(connection)
    for secret in (new, "the-first-secret"):
        assert home.verified(channel, HookCall("https://x.example/", secret.encode()))
    clock.advance(hours=25)
    assert home.verified(channel, HookCall("https://x.example/", new.encode()))
    with pytest.raises(BadSignature):
        home.verified(channel, HookCall("https://x.example/", b"the-first-secret"))


async def test_a_database_that_is_away_is_no_reason_to_hang_up(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(ids: set[Any]) -> None:
        raise Unavailable("The database is away.")

    asked = []
    connection = await make.connection(kind="email")
    monkeypatch.setattr(connections, "worked", lambda ids: asked.append(ids) or away(ids))
    await sources._House(connection, wake).well()
    assert asked == [{connection.id}]


async def test_a_copy_that_waits_for_release_listens_to_nobody(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    await make.connection(kind="email")

    async def frozen() -> bool:
        return True

    monkeypatch.setattr(freezing, "is_frozen", frozen)
    await settle(worker("one"))
    assert Mailbox.begun == 0

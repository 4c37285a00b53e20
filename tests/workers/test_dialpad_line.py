"""Dialpad's events over a websocket, for a Lotwire that cannot be called: against the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from domain.channels import dialpad_line as module
from domain.channels import sockets
from domain.channels.base import ChannelError, HookEvent, Kind, Listening
from domain.channels.dialpad import Dialpad
from domain.channels.dialpad_line import Line
from domain.errors import Unavailable
from domain.settings import settings
from tests.simulator import DANA, RunningSimulator, running_simulator
from workers.simulator import sockets as simulated

SECRET = "a-secret-for-the-line-of-this-connection"
SELLER = "+15205550142"


class House(Listening):
    """What a line keeps, and the place it has in the mailbox table."""

    def __init__(self) -> None:
        self.kept: list[HookEvent] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.signs = 0
        self.anew = 0  # lines before which none stood
        self.full = False
        self.tries = 0

    async def keep(self, events: Sequence[HookEvent]) -> None:
        self.tries += 1
        if self.full:
            raise Unavailable("The disk is full.")
        self.kept += events

    async def well(self) -> None:
        self.signs += 1

    async def hears(self, anew: bool) -> None:
        self.anew += anew
        await self.well()

    async def position(self, folder: str) -> tuple[int, int] | None:
        return self.places.get(folder)

    async def move_to(self, folder: str, validity: int, last: int) -> None:
        self.places[folder] = (validity, last)

    def texts(self) -> list[str]:
        return [each.payload["text"] for each in self.kept if each.payload["direction"] == "inbound"]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path, arguments=["--retry-delays", "0.2,0.5,1,2"]) as running:
        yield running


def dialpad(simulator: RunningSimulator, **options: str) -> Dialpad:
    return Dialpad(simulator.url, {"api_key": simulator.key}, SECRET, **options)


@asynccontextmanager
async def heard(channel: Dialpad, house: House) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.listen(house))
    try:
        await until(lambda: house.signs > 0 or task.done())
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ChannelError):
            await task


async def until(ready: Callable[[], Any], tries: int = 1000) -> None:
    for _ in range(tries):
        if ready():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("It never came to that.")


async def reply(simulator: RunningSimulator, text: str) -> None:
    await asyncio.to_thread(simulator.reply, SELLER, text, DANA["phone_numbers"][0])


async def test_what_a_seller_writes_comes_over_the_line_signed(house: None, simulator: RunningSimulator) -> None:
    home, channel = House(), dialpad(simulator)
    async with heard(channel, home):
        await reply(simulator, "Still there?")
        await until(home.texts)
    [event] = home.kept
    [said] = channel.parse(event.payload)
    assert (said.from_address, said.body) == (SELLER, "Still there?")  # type: ignore[union-attr]


async def test_a_line_that_broke_is_the_same_websocket_again(house: None, simulator: RunningSimulator) -> None:
    home = House()
    async with heard(dialpad(simulator), home):
        place = home.places["websocket"]
    await reply(simulator, "While nobody listened")  # the simulator holds it for a moment
    home.signs = 0
    async with heard(dialpad(simulator), home):
        assert home.places["websocket"] == place
        assert home.anew == 2
        await until(home.texts)
    assert home.texts() == ["While nobody listened"]
    found = simulator.call_api("GET", "/api/v2/subscriptions/sms")
    assert len(found["items"]) == 1


async def test_the_line_is_renewed_before_its_hour_is_over_and_nothing_is_lost(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_AFTER", 0.3)
    monkeypatch.setattr(sockets, "OVERLAP", 0.1)
    home = House()
    async with heard(dialpad(simulator), home) as task:
        for n in range(12):
            await reply(simulator, f"text {n}")
            await asyncio.sleep(0.1)
        await until(lambda: len(set(home.texts())) == 12)
        assert not task.done()
    assert (home.signs > 2, home.anew) == (True, 1)
    assert len(simulator.call_api("GET", "/api/v2/websockets")["items"]) == 1


async def test_a_websocket_that_is_gone_is_made_again(house: None, simulator: RunningSimulator) -> None:
    home = House()
    home.places["websocket"] = (77, 78)
    async with heard(dialpad(simulator), home):
        assert home.places["websocket"] != (77, 78)
        await reply(simulator, "Hello")
        await until(home.texts)


async def test_another_secret_makes_another_websocket_and_ends_the_old_one(
    house: None, simulator: RunningSimulator
) -> None:
    home = House()
    async with heard(dialpad(simulator), home):
        old = home.places["websocket"]
    home.signs = 0
    async with heard(Dialpad(simulator.url, {"api_key": simulator.key}, "another-secret-of-this-connection"), home):
        assert home.places["websocket"] != old
        await reply(simulator, "Hello")
        await until(home.texts)
    assert len(simulator.call_api("GET", "/api/v2/websockets")["items"]) == 1


async def test_a_refused_key_says_so_and_a_line_that_breaks_at_once_is_a_fault(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ChannelError) as refused:
        await Dialpad(simulator.url, {"api_key": "wrong"}, SECRET).listen(House())
    assert refused.value.kind is Kind.CONNECTION_BROKEN

    async def nowhere(self: Line, listening: Listening) -> str:
        return simulator.url.replace("http", "ws") + "/sockets/nonsense"

    monkeypatch.setattr(Line, "address", nowhere)
    with pytest.raises(ChannelError) as broken:
        await dialpad(simulator).listen(House())
    assert broken.value.kind is Kind.NEVER_CONNECTED
    assert "nonsense" not in broken.value.reason


async def test_what_is_not_signed_with_our_secret_is_not_kept(house: None, simulator: RunningSimulator) -> None:
    home = House()
    channel = dialpad(simulator)
    async with heard(channel, home):
        channel._webhook_secret = "somebody-elses-secret"
        await reply(simulator, "Forged")
        await asyncio.to_thread(simulator.settle)
        await asyncio.sleep(0.1)
    assert home.kept == []


@pytest.mark.parametrize("renew_after", [60.0, 0.2])
async def test_what_cannot_be_stored_is_held_until_it_can(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, renew_after: float
) -> None:
    """Also while its line is let go for the next."""
    monkeypatch.setattr(module, "RENEW_AFTER", renew_after)
    monkeypatch.setattr(sockets, "OVERLAP", 0.05)
    monkeypatch.setattr(sockets, "AGAIN", 0.05)
    home = House()
    async with heard(dialpad(simulator), home) as task:
        home.full = True
        for text in ("one", "two"):
            await reply(simulator, text)
        await until(lambda: home.tries > 4)
        assert (home.kept, task.done()) == ([], False)
        home.full = False
        await until(lambda: len(home.texts()) == 2)
        assert not task.done()
    assert home.texts() == ["one", "two"]


async def test_what_was_heard_is_stored_before_a_line_that_is_ended_is_gone(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "AGAIN", 0.3)
    home = House()
    async with heard(dialpad(simulator), home):
        home.full = True
        await reply(simulator, "STOP")
        await until(lambda: home.tries)
        home.full = False
    assert home.texts() == ["STOP"]


async def test_a_line_that_signs_with_a_strange_secret_is_refused_and_made_anew(
    house: None, simulator: RunningSimulator
) -> None:
    home, channel = House(), dialpad(simulator)
    async with heard(channel, home) as task:
        old = home.places["websocket"]
        channel._webhook_secret = "somebody-elses-secret"
        await reply(simulator, "Forged")
        await until(task.done)
        with pytest.raises(ChannelError, match="not ours"):
            await task
    home.signs = 0
    async with heard(dialpad(simulator), home):
        assert home.places["websocket"] != old
        await reply(simulator, "Hello")
        await until(home.texts)
    assert len(simulator.call_api("GET", "/api/v2/websockets")["items"]) == 1


async def test_a_websocket_whose_secret_dialpad_does_not_tell_is_ours_only_where_we_made_it(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_secret", lambda said: "")
    home = House()
    places = []
    for secret in (SECRET, SECRET, "another-secret-of-this-connection"):
        home.signs = 0
        async with heard(Dialpad(simulator.url, {"api_key": simulator.key}, secret), home):
            places.append(home.places["websocket"])
    assert places[0] == places[1] != places[2]
    assert len(simulator.call_api("GET", "/api/v2/websockets")["items"]) == 1


async def test_a_dialpad_without_websockets_is_asked_again_later_and_is_no_fault(
    house: None, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(self: Line, listening: Listening) -> str:
        raise ChannelError("Not found.", Kind.PERMANENT, code="404")

    monkeypatch.setattr(Line, "address", none)
    monkeypatch.setattr(module, "NO_LINES_FOR", 0.01)
    await dialpad(simulator).listen(House())
    monkeypatch.setattr(module, "NO_LINES_FOR", 60.0)
    task = asyncio.create_task(dialpad(simulator).listen(House()))
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_it_listens_where_dialpad_cannot_call_or_where_it_shall(configure: Callable[..., Any]) -> None:
    def made(**options: str) -> Dialpad:
        return Dialpad("https://dialpad.com", {"api_key": "k"}, SECRET, **options)

    assert not settings().public_url
    assert made().listens()
    assert not made(hears="hook").listens()
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")
    assert not made().listens()
    assert made(hears="websocket").listens()


@pytest.mark.parametrize("url", ["ws://dialpad.com/x", "https://dialpad.com/x", "", None, 7])
def test_an_address_that_is_no_encrypted_line_is_not_opened(url: object) -> None:
    with pytest.raises(ChannelError):
        Line(Dialpad("https://dialpad.com", {"api_key": "k"})._api, SECRET)._address({"websocket_url": url})


def test_the_simulated_address_is_good_for_an_hour() -> None:
    assert simulated.ADDRESS_LIVES == 3600

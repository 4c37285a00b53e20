"""A flood of events: handled handful by handful, stops first, and nobody waits for whoever is at it."""

import asyncio
from typing import Any

import pytest

from domain import clock, inbox, suppressions
from domain.channels.base import HookEvent
from domain.inbox import hurrying
from domain.messages import Message
from tests import make
from tests.sending import OUR_NUMBER, Shop, open_events, shop
from workers import inbox as inbox_jobs
from workers.settings import FUNCTIONS

SECONDS_A_JOB_HAS = 60  # unless it says otherwise


class Ctx(dict[str, Any]):
    """What the worker hands to its jobs; notes whenever open pages are told."""

    def __init__(self) -> None:
        self.told: list[int] = []
        super().__init__(hint=self._hint)

    async def _hint(self, listings: set[object]) -> None:
        self.told.append(await Message.count().where(Message.direction == "in"))


@pytest.fixture
async def dealer(house: None) -> Shop:
    return await shop()


async def flood(dealer: Shop, number: int, phone: str = "") -> None:
    for n in range(number):
        await dealer.stored(**dealer.inbound(phone or make.phone(), f"Number {n}"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_jobs, "HANDFUL", 4)


async def test_a_flood_is_handled_handful_by_handful(dealer: Shop, small: None) -> None:
    await flood(dealer, 10)
    ctx = Ctx()
    await inbox_jobs.handle_events(ctx)
    assert ctx.told == [4, 8, 10]
    assert await open_events() == []


async def test_a_stop_behind_a_flood_acts_before_it(dealer: Shop, small: None, monkeypatch: Any) -> None:
    phone = make.phone()
    await flood(dealer, 12)
    await dealer.stored(**dealer.inbound(phone, "STOP"))
    handled = inbox.handle
    flooded_before: list[int] = []

    async def watched(event: Any) -> Any:
        found = await handled(event)
        if await suppressions.opted_out(dealer.account.id, phone) and not flooded_before:
            flooded_before.append(await Message.count().where(Message.direction == "in"))
        return found

    monkeypatch.setattr(inbox, "handle", watched)
    await inbox_jobs.handle_events(Ctx())
    assert flooded_before == [1]
    assert await Message.count().where(Message.direction == "in") == 13


async def test_a_stop_that_comes_while_a_flood_is_handled_waits_for_one_handful(
    dealer: Shop, small: None, monkeypatch: Any
) -> None:
    phone = make.phone()
    await flood(dealer, 12)
    handled = inbox.handle
    order: list[bool] = []

    async def watched(event: Any) -> Any:
        if not order:
            await dealer.stored(**dealer.inbound(phone, "Please stop texting me"))
        found = await handled(event)
        order.append(await suppressions.opted_out(dealer.account.id, phone))
        return found

    monkeypatch.setattr(inbox, "handle", watched)
    await inbox_jobs.handle_events(Ctx())
    assert order.index(True) == 4


async def test_what_somebody_wrote_before_their_stop_is_handled_before_it(dealer: Shop, small: None) -> None:
    phone = make.phone()
    await flood(dealer, 6)
    first = await dealer.stored(**dealer.inbound(phone, "Is this about my car?"))
    await flood(dealer, 6)
    stop = await dealer.stored(**dealer.inbound(phone, "STOP"))
    await dealer.stored(**dealer.inbound(OUR_NUMBER, "Something else"))
    assert await inbox.Hurry().stops() == [first, stop]


async def test_an_event_that_cannot_be_read_hides_no_stop(dealer: Shop) -> None:
    await inbox.store(dealer.connection.id, HookEvent("odd", clock.now(), {"nothing": "known"}))
    stop = await dealer.stored(**dealer.inbound(make.phone(), "STOP"))
    assert await inbox.Hurry().stops() == [stop]


async def test_each_event_of_a_flood_is_read_once_however_often_it_is_looked_through(
    dealer: Shop, monkeypatch: Any
) -> None:
    await flood(dealer, 5)
    hurry = inbox.Hurry()
    read: list[str] = []
    told = hurrying._told

    def watched(channel: Any, payload: str) -> Any:
        read.append(payload)
        return told(channel, payload)

    monkeypatch.setattr(hurrying, "_told", watched)
    assert await hurry.stops() == []
    stop = await dealer.stored(**dealer.inbound(make.phone(), "STOP"))
    assert await hurry.stops() == await hurry.stops() == [stop]
    assert len(read) == 6
    await inbox.handle(stop)
    assert await hurry.stops() == []


async def test_who_comes_while_somebody_is_at_it_does_not_wait_and_nothing_is_missed(
    dealer: Shop, monkeypatch: Any
) -> None:
    await flood(dealer, 1)
    due, asked = inbox.due, []

    async def slow(limit: int) -> Any:
        found = await due(limit)
        asked.append(found)
        if not found and len(asked) == 2:  # nothing is left, and just now something comes
            await flood(dealer, 1)
            async with asyncio.timeout(1):
                await inbox_jobs.handle_events(Ctx())
            assert len(await open_events()) == 1
        return found

    monkeypatch.setattr(inbox, "due", slow)
    await inbox_jobs.handle_events(Ctx())
    assert await open_events() == []


def test_no_flood_ends_by_the_minute_that_jobs_have() -> None:
    [job] = [each for each in FUNCTIONS if each.name == "handle_events"]
    assert job.timeout_s is not None
    assert job.timeout_s > SECONDS_A_JOB_HAS * 10

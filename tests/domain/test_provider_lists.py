"""The lists providers keep of people who said stop: read whole at night, never half believed, never in the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain import connections, provider_lists, suppressions
from domain.audit import AuditEntry
from domain.channels.base import ChannelError, Kind
from domain.connections import Connection, ConnectionState
from domain.delivery.leases import Lease
from domain.messages import State
from domain.suppressions import OptOut
from tests import make
from tests.sending import Provider, Shop, again, shop


class Keeper(Provider):
    """A provider with a list: pages, or an error in the place of one."""

    keeps_opt_outs = True
    name = "Dialpad"

    def __init__(self, *pages: list[str] | Exception) -> None:
        super().__init__()
        self.pages = pages
        self.asked = 0
        self.before_each = asyncio.sleep

    async def opt_outs(self) -> AsyncIterator[list[str]]:
        for page in self.pages:
            self.asked += 1
            await self.before_each(0)
            if isinstance(page, Exception):
                raise page
            yield page


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch):
    """`provider(pages…)`: what every connection reads from then on."""

    def has(*pages: list[str] | Exception) -> Keeper:
        keeper = Keeper(*pages)
        monkeypatch.setattr(connections, "adapter", lambda connection: keeper)
        return keeper

    return has


async def row(dealer: Shop) -> Connection:
    found = await connections.by_id(dealer.connection.id)
    assert found is not None
    return found


def numbers(count: int) -> list[str]:
    return [make.phone() for _ in range(count)]


async def test_whoever_stands_on_the_list_is_opted_out_here(house, provider):
    dealer = await shop()
    first, second = numbers(3), numbers(2)
    provider(first, [], second)
    reading = await provider_lists.read(dealer.connection.id)
    assert (reading.listed, reading.new) == (5, 5)
    rows = await OptOut.select(OptOut.address, OptOut.source, OptOut.channel, OptOut.note)
    assert {each["address"] for each in rows} == {*first, *second}
    assert {(each["source"], each["channel"], each["note"]) for each in rows} == {
        ("provider", "text", "On Dialpad’s own list of opt-outs.")
    }
    assert (await row(dealer)).opt_outs_read_at == reading.at
    assert await provider_lists.last(await row(dealer)) == reading


async def test_what_waits_for_them_is_cancelled_also_when_they_were_known(house, provider):
    dealer = await shop()
    new, known, other = [await dealer.text() for _ in range(3)]
    await make.opt_out(known.to_address, dealer.account)
    provider([new.to_address, known.to_address])
    await provider_lists.read(dealer.connection.id)
    assert [(await again(each)).state for each in (new, known, other)] == [
        State.CANCELLED, State.CANCELLED, State.QUEUED
    ]  # fmt: skip


async def test_an_opt_out_of_ours_stays_whatever_the_list_says(house, provider):
    dealer = await shop()
    ours, theirs = numbers(2)
    await make.opt_out(ours, dealer.account)
    provider([theirs])
    await provider_lists.read(dealer.connection.id)
    provider([])
    reading = await provider_lists.read(dealer.connection.id)
    assert (reading.listed, reading.new) == (0, 0)
    for each in (ours, theirs):
        assert await suppressions.opted_out(dealer.account.id, each)


async def test_a_fault_in_the_middle_loses_nothing_and_the_next_reading_begins_anew(house, provider):
    dealer = await shop()
    first, second = numbers(2), numbers(2)
    provider(first, ChannelError("Dialpad had an error of its own.", Kind.NEVER_CONNECTED), second)
    assert await provider_lists.read(dealer.connection.id) is None
    assert {each["address"] for each in await OptOut.select(OptOut.address)} == set(first)
    broken = await row(dealer)
    assert (broken.opt_outs_read_at, broken.state) == (None, ConnectionState.CONNECTED)
    assert broken.last_error == (
        "Carrier simulator’s own list of opt-outs could not be read. Dialpad had an error of its own."
    )
    assert await provider_lists.due() == [dealer.connection.id]
    provider(first, second)
    reading = await provider_lists.read(dealer.connection.id)
    assert (reading.listed, reading.new) == (4, 2)
    assert (await row(dealer)).last_error == ""


async def test_a_fault_that_lasts_is_told_once(house, provider, clock):
    dealer = await shop()
    provider(ChannelError("No permission.", Kind.PERMANENT))
    await provider_lists.read(dealer.connection.id)
    told = (await row(dealer)).last_error_at
    clock.advance(hours=1)
    await provider_lists.read(dealer.connection.id)
    assert (await row(dealer)).last_error_at == told


async def test_another_fault_of_the_connection_is_not_wiped_away(house, provider):
    dealer = await shop()
    await connections.failed(dealer.connection.id, "Replies will not arrive.")
    provider(numbers(1))
    await provider_lists.read(dealer.connection.id)
    assert (await row(dealer)).last_error == "Replies will not arrive."


async def test_a_refused_key_breaks_the_connection(house, provider):
    dealer = await shop()
    provider(ChannelError("Dialpad no longer accepts the API key.", Kind.CONNECTION_BROKEN))
    assert await provider_lists.read(dealer.connection.id) is None
    assert (await row(dealer)).state == ConnectionState.BROKEN
    assert await provider_lists.due() == []


async def test_a_list_that_takes_too_long_is_left_and_what_was_read_is_kept(house, provider, monkeypatch):
    dealer = await shop()
    [first], [second] = numbers(1), numbers(1)
    keeper = provider([first], [second])

    async def slow(_: float) -> None:
        await asyncio.sleep(0 if keeper.asked == 1 else 60)

    keeper.before_each = slow
    monkeypatch.setattr(provider_lists, "LONGEST", 1.0)
    assert await provider_lists.read(dealer.connection.id) is None
    assert [each["address"] for each in await OptOut.select(OptOut.address)] == [first]
    assert (await row(dealer)).last_error.endswith("It took too long.")
    assert await Lease.count() == 0


async def test_of_several_workers_one_reads_a_list(house, provider):
    dealer = await shop()
    keeper = provider(numbers(2), numbers(2))

    async def slow(_: float) -> None:
        await asyncio.sleep(0.2)

    keeper.before_each = slow
    readings = await asyncio.gather(*(provider_lists.read(dealer.connection.id) for _ in range(5)))
    assert [each.listed for each in readings if each] == [4]
    assert keeper.asked == 2


async def test_a_reader_that_died_keeps_others_from_it_for_minutes_alone(house, provider, clock):
    dealer = await shop()
    provider(numbers(1))
    assert await provider_lists._take(dealer.connection.id, "the dead")
    assert await provider_lists.read(dealer.connection.id) is None
    clock.advance(minutes=11)
    assert await provider_lists.read(dealer.connection.id) is not None


async def test_a_long_list_is_read_in_pieces(house, provider):
    dealer = await shop()
    many = [f"+1520555{n:04}" for n in range(1_700)]
    provider(many[:1_200], many[1_200:])
    assert (await provider_lists.read(dealer.connection.id)).new == 1_700
    assert await AuditEntry.count().where(AuditEntry.action == "opt_out.added") == 1_700


# When


async def read_at(dealer: Shop, at) -> None:
    await Connection.update({Connection.opt_outs_read_at: at}).where(Connection.id == dealer.connection.id)


async def test_one_that_was_never_read_is_due_at_any_hour(house, clock):
    dealer = await shop()
    assert await provider_lists.due() == [dealer.connection.id]


@pytest.mark.parametrize(
    ("zone", "utc_hour", "is_due"),
    [
        ("America/New_York", 7, True),  # 2:00
        ("America/New_York", 9, True),  # 4:59
        ("America/New_York", 6, False),
        ("America/New_York", 10, False),
        ("America/Los_Angeles", 7, False),
        ("America/Los_Angeles", 10, True),
    ],
)
async def test_after_that_it_is_read_at_night_on_the_dealerships_clock(house, clock, zone, utc_hour, is_due):
    dealer = await shop(account=await make.account(timezone=zone))
    clock.set(clock.now().replace(month=12, hour=utc_hour, minute=59 if utc_hour == 9 else 0))
    await read_at(dealer, clock.now() - timedelta(hours=20, seconds=1))
    assert bool(await provider_lists.due()) == is_due
    await read_at(dealer, clock.now() - timedelta(hours=19, minutes=59))
    assert await provider_lists.due() == []


@pytest.mark.parametrize("state", [ConnectionState.BROKEN, ConnectionState.DISCONNECTED])
async def test_a_connection_that_does_not_work_is_not_read(house, provider, state):
    dealer = await shop(state=state)
    keeper = provider(numbers(1))
    assert await provider_lists.due() == []
    assert await provider_lists.read(dealer.connection.id) is None
    assert keeper.asked == 0


async def test_who_asks_for_it_makes_it_due(house, provider):
    dealer = await shop()
    provider(numbers(1))
    await provider_lists.read(dealer.connection.id)
    assert await provider_lists.due() == []
    await provider_lists.ask(dealer.connection, dealer.user)
    assert await provider_lists.due() == [dealer.connection.id]
    assert await provider_lists.last(await row(dealer)) is None
    [asked] = await AuditEntry.objects().where(AuditEntry.action == "opt_outs.asked_for")
    assert asked.user == dealer.user.id

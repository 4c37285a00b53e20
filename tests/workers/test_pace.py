"""Pace: never more than the window holds, whoever asks, with Valkey and without."""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

import pytest

from domain.channels.dialpad import Dialpad
from domain.connections import Connection
from domain.ids import new
from tests import valkey_server
from workers.pace import Pace, limits_of


@pytest.fixture
async def paces(queue: str) -> AsyncIterator[Callable[..., Pace]]:
    made: list[Pace] = []

    def pace(url: str = queue) -> Pace:
        made.append(Pace(url))
        return made[-1]

    yield pace
    for each in made:
        await each.close()


def connection(per_minute: object = 0, per_second: object = 0) -> Connection:
    return Connection(
        id=new(), account=new(), kind="simulator", options=f'{{"per_minute": {per_minute}, "per_second": {per_second}}}'
    )


async def take(pace: Pace, connection: Connection, wanted: int) -> int:
    return (await pace.take(connection, wanted)).allowed


async def test_a_window_gives_out_what_it_holds_and_not_one_more(paces):
    pace, shop = paces(), connection(per_minute=10)
    assert [await take(pace, shop, wanted) for wanted in (4, 4, 4, 1)] == [4, 4, 2, 0]


async def test_every_connection_has_windows_of_its_own(paces):
    pace, one, two = paces(), connection(per_minute=3), connection(per_minute=3)
    assert await take(pace, one, 5) == 3
    assert await take(pace, two, 5) == 3


async def test_without_limits_the_pace_is_open(paces):
    pace, free = paces(), connection()
    assert limits_of(free) == []
    assert [await take(pace, free, 10_000) for _ in range(3)] == [10_000] * 3


@pytest.mark.parametrize("options", ["", "{}", '{"per_minute": "many", "per_second": null}', '{"per_second": -1}'])
def test_what_nobody_set_or_cannot_be_read_is_the_default(options):
    assert [item.amount for item in limits_of(Connection(account=new(), kind="simulator", options=options))] == [
        Dialpad.per_minute,
        Dialpad.per_second,
    ]


def test_numbers_typed_as_words_of_digits_count():
    assert [item.amount for item in limits_of(connection('"30"', '"2"'))] == [30, 2]


async def test_in_no_second_more_leave_than_the_window_holds(paces):
    pace, shop = paces(), connection(per_second=4)
    went: list[float] = []
    end = monotonic() + 3.2
    while monotonic() < end:
        asked = monotonic()
        turn = await pace.take(shop, 3)
        went += [asked] * turn.allowed
        await asyncio.sleep(turn.wait if not turn.allowed else 0)
    assert len(went) >= 8, "the window never opened again"
    # A place is taken between asking and being told, so a little less than a second is the honest measure.
    for first in went:
        assert sum(first <= each < first + 0.9 for each in went) <= 4


async def test_many_workers_share_one_window(paces):
    workers, shop = [paces() for _ in range(6)], connection(per_minute=25)
    taken = 0
    for _ in range(10):
        taken += sum(await asyncio.gather(*(take(worker, shop, 3) for worker in workers)))
    assert taken <= 25
    for _ in range(30):
        taken += await take(workers[0], shop, 1)
    assert taken == 25


async def test_a_full_window_says_when_to_ask_again(paces):
    pace, shop = paces(), connection(per_second=2)
    await pace.take(shop, 2)
    turn = await pace.take(shop, 1)
    assert turn.allowed == 0
    assert 0 < turn.wait <= 1.0
    await asyncio.sleep(turn.wait + 0.05)
    assert await take(pace, shop, 1) == 1


async def test_a_wiped_valkey_may_burst_once_and_then_holds_again(paces, queue):
    pace, shop = paces(), connection(per_minute=5)
    assert await take(pace, shop, 9) == 5
    valkey_server.flush(queue)
    assert [await take(pace, shop, 9) for _ in range(2)] == [5, 0]


async def test_without_valkey_the_pace_holds_in_this_process(paces, tmp_path):
    pace, shop = paces(f"unix://{tmp_path}/nobody.sock"), connection(per_minute=5)
    assert [await take(pace, shop, 3) for _ in range(3)] == [3, 2, 0]

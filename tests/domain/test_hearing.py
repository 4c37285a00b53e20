"""A provider that tells everything once: when it could not be heard is noted, and what can be made good is."""

from datetime import timedelta

from domain import clock as house_clock
from domain import connections, provider_lists
from domain.connections import Connection, Silence
from tests import make


async def again(connection) -> Connection:
    return await connections.by_id(connection.id)


async def test_a_line_that_stands_again_leaves_the_time_in_which_none_did(house, clock):
    connection = await make.connection()
    await connections.hears(connection.id, anew=True)
    assert await connections.silences(await again(connection)) == []  # before the first line nothing was promised
    clock.advance(seconds=30)
    await connections.hears(connection.id, anew=False)
    clock.advance(minutes=3)
    await connections.hears(connection.id, anew=True)
    [(since, until)] = await connections.silences(await again(connection))
    assert until is not None
    assert timedelta(minutes=3) <= until - since < timedelta(minutes=3, seconds=30)


async def test_a_line_that_does_not_stand_is_a_silence_without_an_end(house, clock):
    connection = await make.connection()
    await connections.hears(connection.id, anew=True)
    last = (await again(connection)).heard_until
    clock.advance(minutes=2)
    assert await connections.silences(await again(connection)) == [(last, None)]


async def test_after_a_silence_the_providers_own_list_of_opt_outs_is_read_again(house, clock):
    connection = await make.connection(opt_outs_read_at=house_clock.now())
    await connections.hears(connection.id, anew=True)
    assert await provider_lists.due() == []
    clock.advance(minutes=1)
    await connections.hears(connection.id, anew=True)
    assert await provider_lists.due() == [connection.id]


async def test_what_was_disconnected_is_no_silence(house, clock):
    connection = await make.connection()
    await connections.hears(connection.id, anew=True)
    await connections.disconnect(await again(connection), None)
    clock.advance(days=1)
    await connections.hears(connection.id, anew=True)
    assert not await Silence.exists()


async def test_of_many_silences_the_last_three_are_told(house, clock):
    connection = await make.connection()
    for _ in range(6):
        await connections.hears(connection.id, anew=True)
        clock.advance(minutes=1)
    told = await connections.silences(await again(connection))
    assert len(told) == 3
    assert told == sorted(told, reverse=True)

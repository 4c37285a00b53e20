"""Hook calls of the same moment are kept together, each once, and each caller hears what became of its own."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from domain import clock, db
from domain.channels.base import HookEvent
from domain.connections import Connection
from domain.errors import Unavailable
from domain.inbox import Intake, ProviderEvent, intake
from tests import make


def event(key: str, **payload: Any) -> HookEvent:
    return HookEvent(key, clock.now(), payload)


async def test_five_thousand_at_once_are_all_kept_in_few_statements(house: None, count_queries: Any) -> None:
    here, connection = Intake(), await make.connection()
    with count_queries() as queries:
        told = await asyncio.gather(*(here.store(connection.id, [event(f"k{n}")]) for n in range(5_000)))
    assert all(told)
    assert await ProviderEvent.count() == 5_000
    assert queries.count <= 5_000 / intake.MOST + 5


async def test_of_one_event_told_twice_at_once_one_is_kept(house: None) -> None:
    here, one, two = Intake(), await make.connection(), await make.connection(kind="simulator")
    told = await asyncio.gather(
        here.store(one.id, [event("same"), event("other")]),
        here.store(one.id, [event("same")]),
        here.store(two.id, [event("same")]),
    )
    assert told[0]
    assert told[2]
    assert await ProviderEvent.count() == 3
    assert not await here.store(one.id, [event("same")])
    assert not await here.store(one.id, [])


async def test_every_caller_hears_that_it_was_not_kept_and_the_next_one_is(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, connection = Intake(), await make.connection()
    keep = intake.keep

    async def full(*_: Any) -> set[Any]:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(intake, "keep", full)
    told = await asyncio.gather(
        *(here.store(connection.id, [event(f"k{n}")]) for n in range(3)), return_exceptions=True
    )
    assert [type(each) for each in told] == [Unavailable] * 3
    monkeypatch.setattr(intake, "keep", keep)
    assert await here.store(connection.id, [event("k1")])


async def test_one_that_cannot_be_kept_keeps_no_other_of_its_moment_out(house: None) -> None:
    here, connection = Intake(), await make.connection()
    told = await asyncio.gather(
        here.store(connection.id, [event("before")]),
        here.store(uuid4(), [event("of nobody")]),
        here.store(connection.id, [event("after")]),
        return_exceptions=True,
    )
    assert (told[0], told[2]) == (True, True)
    assert isinstance(told[1], Exception)
    assert await ProviderEvent.count() == 2


async def test_a_caller_who_is_gone_loses_nothing_and_keeps_nobody_waiting(house: None) -> None:
    here, connection = Intake(), await make.connection()
    gone = asyncio.create_task(here.store(connection.id, [event("gone")]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await here.store(connection.id, [event("stays")])
    assert await ProviderEvent.count() == 2


async def test_what_is_kept_belongs_to_no_transaction_of_who_asked(house: None) -> None:
    here, connection = Intake(), await make.connection()
    if not db.on_postgres():  # on SQLite the one transaction would be waited for by the other
        assert await here.store(connection.id, [event("k")])
        return
    with suppress(ZeroDivisionError):
        async with db.writing():
            assert await here.store(connection.id, [event("k")])
            raise ZeroDivisionError
    assert await ProviderEvent.count() == 1


async def test_that_it_was_heard_of_is_noted(house: None) -> None:
    here, connection = Intake(), await make.connection()
    await here.store(connection.id, [event("k")])
    row = await Connection.select(Connection.last_event_at).where(Connection.id == connection.id).first()
    assert row["last_event_at"] is not None

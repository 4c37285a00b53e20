"""The seller's word: kept once an address, for the whole dealership, until the seller takes it back."""

import asyncio

from domain import clock, db, suppressions
from domain.suppressions import OptOut
from tests import make


async def said_stop(account, phone: str, word: str = "STOP") -> bool:
    async with db.writing():
        return await suppressions.opt_out(account.id, phone, word, None)


async def said_start(account, phone: str) -> bool:
    async with db.writing():
        return await suppressions.opt_in(account.id, phone, "START", clock.now())


async def test_stop_is_news_once_until_start(house):
    account, phone = await make.account(), make.phone()
    assert [await said_stop(account, phone), await said_stop(account, phone)] == [True, False]
    assert [await said_start(account, phone), await said_start(account, phone)] == [True, False]
    assert await said_stop(account, phone)
    assert await OptOut.count() == 2
    assert await suppressions.opted_out(account.id, phone)


async def test_stop_said_at_the_same_moment_is_kept_once(house):
    account, phone = await make.account(), make.phone()
    news = await asyncio.gather(*(said_stop(account, phone) for _ in range(10)))
    assert sorted(news) == [False] * 9 + [True]
    assert await OptOut.count() == 1


async def test_an_opt_out_is_for_that_dealership_channel_and_address_alone(house):
    account, other, phone = await make.account(), await make.account(), make.phone()
    await said_stop(account, phone)
    assert not await suppressions.opted_out(other.id, phone)
    assert not await suppressions.opted_out(account.id, make.phone())
    assert not await suppressions.opted_out(account.id, phone, "email")


async def test_an_opt_out_that_was_rolled_back_was_never_said(house):
    account, phone = await make.account(), make.phone()
    try:
        async with db.writing():
            assert await suppressions.opt_out(account.id, phone, "STOP", None)
            raise OSError("the disk is full")
    except OSError:
        pass
    assert not await suppressions.opted_out(account.id, phone)


async def test_starts_of_one_dealership_do_not_wait_for_each_other_nor_for_anothers_opt_out(house):
    account, other = await make.account(), await make.account()
    begun = asyncio.Event()

    async def start(account, others_too: bool) -> None:
        async with db.writing():
            await suppressions.announce_start(account.id)
            if others_too:
                begun.set()
                await asyncio.sleep(0.3)

    first = asyncio.create_task(start(account, True))
    await begun.wait()
    if db.on_postgres():  # on SQLite write transactions follow one another
        await asyncio.wait_for(start(account, False), 0.25)
        await asyncio.wait_for(said_stop(other, make.phone()), 0.25)
        assert not first.done()
    await first

"""Answers by themselves, end to end: a seller's phone at the simulator, the running house, and the phone again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import pytest

from domain import connections, provider_lists, suppressions
from domain.accounts import Account
from domain.channels import http
from domain.connections import Connection
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.suppressions import OptOut
from domain.users import User
from tests import make
from tests.site import Site

pytestmark = pytest.mark.parametrize("site", ["sqlite", "postgres"], indirect=True, scope="session")

PHRASE = "take me off your list"
CONFIRMED = "You will get no more texts from Harbor Motors. Reply START to get them again."


@dataclass
class House:
    """A dealership on the running site whose agent owns a number at the simulator."""

    site: Site
    account: Account
    agent: User
    number: str
    connection: Connection

    async def seller(self) -> str:
        """The number of a seller who can be written to."""
        return (await make.seller_of(await make.listing(self.account))).mobile

    def says(self, phone: str, words: str) -> None:
        self.site.simulator.reply(phone, words, self.number)

    def texts_to(self, phone: str) -> list[str]:
        return [each["text"] for each in self.site.simulator.messages(to=phone)]

    async def heard(self, number: int) -> None:
        """Waits until so many messages of sellers have come in and nothing is on its way any more."""
        end = monotonic() + 30
        while not await self._settled(number):
            assert monotonic() < end, f"not all was heard:\n{self.site.log[-2000:]}"
            await asyncio.sleep(0.05)

    async def _settled(self, number: int) -> bool:
        mine = Message.account == self.account.id
        if await Message.count().where(mine & (Message.direction == "in")) < number:
            return False
        on_its_way = [State.QUEUED, State.CLAIMED, State.SENDING]
        return not await Message.exists().where(mine & Message.state.is_in(on_its_way))


@asynccontextmanager
async def opened(site: Site) -> AsyncIterator[House]:
    async with site.opened():
        account, number = await make.account(name="Harbor Motors", tier="professional"), make.phone()
        agent = await make.user(account)
        user_id = agent.id.int % 2**53
        named = {"display_name": agent.name, "emails": [agent.email], "phone_numbers": ["+16195550100", number]}
        site.simulator.add_users({"id": user_id, **named})
        key = {"api_key": site.simulator.key}
        made, _ = await connections.connect(account.id, agent.id, "dialpad", key, site.simulator.url)
        await connections.sender(made, agent)
        try:
            yield House(site, account, agent, number, made)
        finally:
            site.simulator.as_usual()
            await connections.disconnect(made, agent.id)
            await http.close()


async def until(true: Callable[[], Awaitable[object]]) -> None:
    end = monotonic() + 30
    while not await true():
        assert monotonic() < end, "not true within half a minute"
        await asyncio.sleep(0.05)


async def test_who_says_stop_in_their_own_words_is_told_once_from_the_number_they_wrote_to(site: Site):
    async with opened(site) as house:
        phone, other = await house.seller(), await house.seller()
        house.says(phone, PHRASE)
        house.says(other, "STOP")
        await house.heard(2)
        [told] = site.simulator.messages(to=phone)
        assert (told["text"], told["from"], told["rejected"]) == (CONFIRMED, house.number, "")
        assert house.texts_to(other) == []  # the provider has told them itself
        assert "You are unsubscribed" in site.simulator.request("GET", f"/phones/{other}")[1]
        for each in (phone, other):
            assert await suppressions.opted_out(house.account.id, each)


async def test_fifty_who_say_it_at_once_and_one_who_says_it_fifty_times_are_told_once_each(site: Site):
    async with opened(site) as house:
        phones, one = [await house.seller() for _ in range(50)], await house.seller()
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda phone: house.says(phone, PHRASE), phones))
            list(threads.map(lambda n: house.says(one, f"{PHRASE}! {n}"), range(50)))
        await house.heard(100)
        assert [house.texts_to(phone) for phone in (*phones, one)] == [[CONFIRMED]] * 51
        assert await OptOut.count().where(OptOut.account == house.account.id) == 51


async def test_nobody_is_told_five_minutes_later(site: Site):
    async with opened(site) as house:
        phone = await house.seller()
        site.simulator.switch(too_many_requests={"value": 2, "applies_to": "sms"})  # it has to wait
        house.says(phone, PHRASE)
        waits = (Message.to_address == phone) & (Message.attempts > 0) & (Message.state == State.QUEUED)
        await until(lambda: Message.exists().where(waits).run())
        answer = await Message.objects().get(Message.to_address == phone)
        assert answer is not None
        await Message.update({Message.at: answer.at.replace(year=answer.at.year - 1)}).where(Message.id == answer.id)
        site.simulator.as_usual()
        await house.heard(1)
        ended = await Message.objects().get(Message.id == answer.id)
        assert ended is not None
        assert (ended.state, ended.reason) == (State.EXPIRED, "It was too late for this answer.")
        assert house.texts_to(phone) == []


async def test_a_start_is_confirmed_and_texts_arrive_again(site: Site):
    async with opened(site) as house:
        phone = await house.seller()
        house.says(phone, PHRASE)
        await house.heard(1)
        house.says(phone, "START")
        await house.heard(2)
        again = "You will get texts from Harbor Motors again. Reply STOP to end them."
        assert house.texts_to(phone) == [CONFIRMED, again]


async def test_what_the_provider_knows_of_a_number_comes_here(site: Site):
    """Its list, a refusal because of an opt-out, and a receipt that says a number gets no texts."""
    async with opened(site) as house:
        listed, refused, dead = [await make.listing(house.account) for _ in range(3)]
        phones = [(await make.seller_of(each)).mobile for each in (listed, refused, dead)]
        house.says(phones[0], "STOP")
        await house.heard(1)
        await OptOut.delete().where(OptOut.account == house.account.id)  # we were away when they said it
        reading = await provider_lists.read(house.connection.id)
        assert reading is not None
        assert reading.new >= 1
        site.simulator.switch(opted_out={"calls": 1})
        await leaving(house, refused)
        site.simulator.switch(invalid_destination={"calls": 1})
        await leaving(house, dead)
        await until(lambda: NumberFact.exists().where(NumberFact.address == phones[2]).run())
        await until(lambda: suppressions.opted_out(house.account.id, phones[1]))
        assert await suppressions.opted_out(house.account.id, phones[0])
        assert not await suppressions.opted_out(house.account.id, phones[2])
        assert await ending(phones[1]) == ("failed", "opted_out")
        assert await ending(phones[2]) == ("undelivered", "provider")


async def leaving(house: House, listing) -> None:
    values = {"user": house.agent, "connection": house.connection.id, "state": State.QUEUED}
    await make.message(listing, **values, not_before=listing.created_at)
    await house.heard(1)


async def ending(phone: str) -> tuple[str, str]:
    row = await Message.select(Message.state, Message.code).where(Message.to_address == phone).first()
    assert row is not None
    return row["state"], row["code"]

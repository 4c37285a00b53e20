"""What one sender may text in a minute: beyond it messages wait in a row, and nobody else waits for them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain import delivery, pace_limits
from domain.batches import estimating
from domain.batches.looking import Summary
from domain.connections import Connection
from domain.delivery import News
from domain.delivery.sender_turns import CODE
from domain.gate import ANSWER
from domain.messages import Message, State
from tests import make
from tests.sending import OWNER, Shop, again, put, shop
from workers.pace import Pace

NOON = datetime(2026, 11, 24, 19, tzinfo=UTC)
APART = timedelta(seconds=6)


@pytest.fixture
async def dealer(house, clock) -> Shop:
    clock.set(NOON)
    return await shop(options='{"per_minute": 0, "per_second": 0, "per_sender": 10}')


@pytest.fixture
async def pace(queue: str):
    made = Pace(queue)
    yield made
    await made.close()


async def texts(dealer: Shop, number: int, user=None, kind: str = "batch") -> list[Message]:
    """Due one after the other, so that they are claimed in this order."""
    return [
        await put(
            await dealer.text(await make.listing(dealer.account)),
            kind=kind,
            user=(user or dealer.user).id,
            not_before=NOON - timedelta(seconds=100 - n),
        )
        for n in range(number)
    ]


async def let_go(dealer: Shop, pace: Pace) -> tuple[list[Message], News]:
    connection, news = await Connection.objects().get(Connection.id == dealer.connection.id), News()
    claimed = await delivery.claim(OWNER, dealer.connection.id, 100)
    going = await pace.let_go(OWNER, connection, claimed, news)
    return [await Message.objects().get(Message.id == each) for each in going], news


async def waits(*messages: Message) -> list[timedelta]:
    found = [await again(each) for each in messages]
    assert {(each.state, each.code, each.owner, each.lease_until) for each in found} == {(State.QUEUED, CODE, "", None)}
    assert {each.reason for each in found} == {"Its sender may text 10 a minute, so it waits for its turn."}
    return [each.not_before - NOON for each in found]


async def test_what_is_more_than_the_sender_may_waits_in_a_row_and_others_go(dealer, pace):
    mine = await texts(dealer, 13)
    colleague = await make.user(dealer.account)
    theirs = await texts(dealer, 2, colleague)
    going, news = await let_go(dealer, pace)
    assert {each.id for each in going} == {each.id for each in [*mine[:10], *theirs]}
    assert news.listings == {each.listing for each in mine[10:]}
    first, second, third = await waits(*mine[10:])
    assert timedelta(seconds=50) < first <= timedelta(seconds=61), "not when the first of the ten is a minute old"
    assert [second - first, third - second] == [APART, APART]


async def test_who_comes_later_stands_behind_and_what_goes_to_one_seller_before(dealer, pace):
    first = await texts(dealer, 12)
    await let_go(dealer, pace)
    later = await texts(dealer, 2)
    by_hand = await texts(dealer, 1, kind="one_to_one")
    assert (await let_go(dealer, pace))[0] == []
    line = await waits(*first[10:], *later)
    assert [round((after - before) / APART) for before, after in pairwise(line)] == [1, 1, 1]
    assert (await waits(*by_hand))[0] <= line[0] + timedelta(seconds=1)


async def test_an_answer_to_stop_waits_for_no_sender(dealer, pace):
    await texts(dealer, 10)
    await let_go(dealer, pace)
    [answer] = await texts(dealer, 1, kind=ANSWER)
    assert [each.id for each in (await let_go(dealer, pace))[0]] == [answer.id]


async def test_without_a_limit_nothing_is_asked(dealer, pace, count_queries):
    await Connection.update({Connection.options: "{}"}).where(Connection.id == dealer.connection.id)
    connection = await Connection.objects().get(Connection.id == dealer.connection.id)
    await texts(dealer, 12)
    claimed = await delivery.claim(OWNER, dealer.connection.id, 100)
    with count_queries() as queries:
        assert await pace.let_go(OWNER, connection, claimed, News()) == claimed
    assert queries.count == 0


async def test_the_time_of_a_batch_is_reckoned_by_the_slowest_bound(dealer):
    assert pace_limits.minutes(dealer.connection, 100) == 10
    seen = await estimating.estimate(dealer.account, dealer.user, Summary(channels=Counter(text=40)))
    assert timedelta(minutes=4) <= seen.leaves_at - NOON < timedelta(minutes=4, seconds=30)

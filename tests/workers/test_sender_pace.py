"""What one sender may text in a minute: what is more waits, and nobody else for it."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain import delivery, pace_limits
from domain.batches import estimating
from domain.batches.looking import Summary
from domain.connections import Connection
from domain.gate import ANSWER
from domain.messages import Message, State
from domain.users import User
from tests import make
from tests.sending import OWNER, Shop, put, shop
from workers.pace import Pace, Turn, even

NOON = datetime(2026, 11, 24, 19, tzinfo=UTC)
LIKE_DIALPAD = '{"per_minute": 90, "per_second": 15, "per_sender": 10}'


@pytest.fixture
async def dealer(house, clock) -> Shop:
    clock.set(NOON)
    return await shop(options=LIKE_DIALPAD)


@pytest.fixture
async def pace(queue: str) -> AsyncIterator[Pace]:
    made = Pace(queue)
    yield made
    await made.close()


async def texts(dealer: Shop, number: int, user: User | None = None, kind: str = "batch") -> list[UUID]:
    """Due one after the other, so that they are claimed in this order."""
    return [
        (
            await put(
                await dealer.text(await make.listing(dealer.account)),
                kind=kind,
                user=(user or dealer.user).id,
                not_before=NOON - timedelta(seconds=100 - n),
            )
        ).id
        for n in range(number)
    ]


async def connection_of(dealer: Shop) -> Connection:
    found = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert found
    return found


async def handful(dealer: Shop, pace: Pace, wanted: int = 128) -> tuple[list[UUID], Turn]:
    """As the dispatcher takes one."""
    connection = await connection_of(dealer)
    turn = await pace.take(connection, wanted)
    if turn.allowed and turn.shares is None:
        return await delivery.claim(OWNER, connection.id, turn.allowed), turn
    return (await pace.claim(OWNER, connection, turn) if turn.allowed else []), turn


async def test_what_is_more_than_the_sender_may_stays_where_it_is(dealer, pace):
    mine = await texts(dealer, 13)
    claimed, _ = await handful(dealer, pace)
    assert claimed == mine[:10]
    claimed, turn = await handful(dealer, pace)
    assert (claimed, turn.allowed, 0 < turn.wait < 1) == ([], 0, True)
    rows = await Message.select(Message.not_before, Message.code).where(Message.state == State.QUEUED)
    assert [row["code"] for row in rows] == [""] * 3
    assert max(row["not_before"] for row in rows) < NOON, "their turn does not depend on what the limit once was"


async def test_a_batch_of_one_sender_takes_no_place_of_the_connection_that_others_need(dealer, pace):
    await texts(dealer, 150)
    await handful(dealer, pace)
    for _ in range(20):
        assert (await handful(dealer, pace))[0] == []
    theirs = await texts(dealer, 5, await make.user(dealer.account))
    assert (await handful(dealer, pace))[0] == theirs


async def test_who_has_little_due_goes_beside_who_has_much(dealer, pace):
    mine = await texts(dealer, 30)
    theirs = await texts(dealer, 2, await make.user(dealer.account))
    claimed, _ = await handful(dealer, pace, wanted=6)
    assert set(claimed) == {*mine[:4], *theirs}


async def test_what_a_sender_writes_to_one_seller_goes_before_their_batch(dealer, pace):
    await texts(dealer, 30)
    by_hand = await texts(dealer, 1, kind="one_to_one")
    claimed, _ = await handful(dealer, pace, wanted=3)
    assert claimed[0] == by_hand[0]


async def test_an_answer_to_stop_waits_for_no_sender(dealer, pace):
    await texts(dealer, 12)
    await handful(dealer, pace)
    answer = await texts(dealer, 1, kind=ANSWER)
    assert (await handful(dealer, pace))[0] == answer


async def test_a_limit_that_is_lifted_holds_nobody_any_more(dealer, pace):
    mine = await texts(dealer, 14)
    await handful(dealer, pace)
    without = '{"per_minute": 90, "per_second": 15, "per_sender": 0}'
    await Connection.update({Connection.options: without}).where(Connection.id == dealer.connection.id)
    claimed, turn = await handful(dealer, pace)
    assert (claimed, turn.shares) == (mine[10:], None)


async def test_two_workers_share_a_senders_minute(dealer, queue, pace):
    await texts(dealer, 30)
    connection, other = await connection_of(dealer), Pace(queue)
    turns = [await each.take(connection, 9) for each in (pace, other)]  # both before either claims
    claimed = [await each.claim(OWNER, connection, turn) for each, turn in zip((pace, other), turns, strict=True)]
    await other.close()
    assert [len(each) for each in claimed] == [9, 1]
    assert await Message.count().where(Message.state == State.CLAIMED) == 10


async def test_without_a_limit_nothing_is_asked(dealer, pace, count_queries):
    await Connection.update({Connection.options: "{}"}).where(Connection.id == dealer.connection.id)
    connection = await connection_of(dealer)
    with count_queries() as queries:
        turn = await pace.take(connection, 12)
    assert (turn.allowed, turn.shares, queries.count) == (12, None, 0)


@pytest.mark.parametrize(
    ("shares", "wanted", "parts"),
    [
        ({"a": 5, "b": 5}, 4, {"a": 2, "b": 2}),
        ({"a": 1, "b": 9}, 6, {"a": 1, "b": 5}),
        ({"a": 1, "b": 9, None: 3}, 4, {None: 3, "a": 1}),
        ({"a": 2, "b": 2, "c": 2}, 100, {"a": 2, "b": 2, "c": 2}),
        ({"a": 3, "b": 3, "c": 3}, 5, {"a": 2, "b": 2, "c": 1}),
    ],
)
def test_places_are_given_in_even_parts(shares, wanted, parts):
    assert even(shares, wanted) == parts


async def test_the_time_of_a_batch_is_reckoned_by_the_slowest_bound_and_what_the_sender_has_waiting(dealer):
    assert pace_limits.minutes(dealer.connection, 100) == 10
    seen = await estimating.estimate(dealer.account, dealer.user, Summary(channels=Counter(text=40)))
    assert timedelta(minutes=4) <= seen.leaves_at - NOON < timedelta(minutes=4, seconds=30)
    await texts(dealer, 20)
    await texts(dealer, 20, await make.user(dealer.account))
    seen = await estimating.estimate(dealer.account, dealer.user, Summary(channels=Counter(text=40)))
    assert timedelta(minutes=6) <= seen.leaves_at - NOON < timedelta(minutes=6, seconds=30)


async def test_who_has_something_due_is_counted_by_person(dealer):
    await texts(dealer, 2)
    await texts(dealer, 1, kind=ANSWER)
    colleague = await make.user(dealer.account)
    await texts(dealer, 3, colleague)
    assert await delivery.due_senders(dealer.connection.id) == {dealer.user.id: 2, None: 1, colleague.id: 3}

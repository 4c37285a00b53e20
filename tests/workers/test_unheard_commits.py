"""A database that goes away within the COMMIT that begins calls: whether it was done or not, each message leaves once,
and none is of unknown fate, for none was called."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import pytest

from domain import clock, db, delivery
from domain.connections import Connection
from domain.delivery import Started, recording, starting, unheard
from domain.messages import State
from tests.sending import OTHER, OWNER, Shop, again, attempts, put, shop, states
from tests.workers.test_dispatcher import (  # noqa: F401 - fixtures among them
    body,
    dealer,
    dispatching,
    running,
    settled,
    simulator,
    taken,
    texts,
    until,
)

CLAIMED_FIRST = '{"per_minute": 0, "per_second": 0, "per_sender": 1000}'
_ends: ContextVar[str] = ContextVar("ends", default="")


class Cut:
    """`hangs` is set once a commit does; one that hangs before it is done goes on with `goes_on`."""

    def __init__(self) -> None:
        self.hangs, self.goes_on = asyncio.Event(), asyncio.Event()


@pytest.fixture
def cut(house: None, monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Makes commits end as a block of `ending` says."""
    made = Cut()
    kind = type(db.DB.transaction())
    commit = kind.commit

    async def broken(self) -> None:
        how = _ends.get()
        if how == "hangs before":
            made.hangs.set()
            await made.goes_on.wait()
        if how != "undone":
            await commit(self)
        if how == "hangs":
            made.hangs.set()
            await asyncio.Event().wait()
        if how:
            raise OSError("The database went away.")

    monkeypatch.setattr(kind, "commit", broken)
    return made


@contextmanager
def ending(how: str) -> Iterator[None]:
    """Commits in this block are "undone" or "done", and nobody hears it; or done and never answered: "hangs"; or stay
    open for a while: "hangs before"."""
    before = _ends.set(how)
    try:
        yield
    finally:
        _ends.reset(before)


def cut_once(monkeypatch: pytest.MonkeyPatch, name: str, how: str) -> None:
    """The next call of that name ends so, if it began anything."""
    begin, left = getattr(delivery, name), [how]

    async def cutting(owner, what, *more, **named):
        how = left.pop() if left and (name == "take" or what) else ""
        with ending(how):
            return await begin(owner, what, *more, **named)

    monkeypatch.setattr(delivery, name, cutting)


@pytest.mark.parametrize("begin", ["take", "start"])
async def test_what_was_begun_unheard_leaves_all_the_same_once(dealer, queue, simulator, cut, monkeypatch, begin):  # noqa: F811
    monkeypatch.setattr(recording, "backoff", lambda tries: 0.05)
    cut_once(monkeypatch, begin, "done")
    if begin == "start":
        await Connection.update({Connection.options: CLAIMED_FIRST}).where(Connection.id == dealer.connection.id)
    words = body()
    messages = await texts(dealer, 5, words)
    async with running(queue):
        await until(settled)
    assert await states() == {State.ACCEPTED: 5}
    assert sorted(each["text"] for each in taken(simulator, words)) == [f"{words} {n}" for n in range(5)]
    for message in messages:
        tried = [(each.n, each.outcome, each.reason) for each in await attempts(message)]
        assert tried == [(1, "never_connected", unheard.NOT_CALLED), (2, "accepted", "")]


async def test_what_was_not_begun_after_all_is_begun_once(dealer, queue, simulator, cut, monkeypatch):  # noqa: F811
    cut_once(monkeypatch, "take", "undone")
    words = body()
    messages = await texts(dealer, 5, words)
    async with running(queue):
        await until(settled)
    assert await states() == {State.ACCEPTED: 5}
    assert len(taken(simulator, words)) == 5
    for message in messages:
        assert [(each.n, each.outcome) for each in await attempts(message)] == [(1, "accepted")]


async def test_a_worker_that_stops_within_the_commit_leaves_nothing_of_unknown_fate(
    dealer,  # noqa: F811
    queue,
    simulator,  # noqa: F811
    cut,
    monkeypatch,
):
    monkeypatch.setattr(dispatching, "PATIENCE", 0.2)
    words = body()
    with monkeypatch.context() as patch:
        cut_once(patch, "take", "hangs")
        (message,) = await texts(dealer, 1, words)
        async with running(queue):
            await asyncio.wait_for(cut.hangs.wait(), 10)
    assert ((await again(message)).state, (await again(message)).owner) == (State.QUEUED, "")
    assert taken(simulator, words) == []
    async with running(queue, OTHER):
        await until(settled)
    assert len(taken(simulator, words)) == 1
    assert await states() == {State.ACCEPTED: 1}


async def test_while_the_database_is_away_it_is_remembered_what_to_take_back(
    dealer,  # noqa: F811
    queue,
    simulator,  # noqa: F811
    cut,
    monkeypatch,
):
    monkeypatch.setattr(recording, "backoff", lambda tries: 0.05)
    cut_once(monkeypatch, "take", "done")
    back, failures, asked = delivery.take_back, [OSError("gone"), OSError("gone")], []

    async def now_and_then(calls):
        asked.append(len(calls))
        if calls and failures:
            raise failures.pop()
        return await back(calls)

    monkeypatch.setattr(delivery, "take_back", now_and_then)
    words = body()
    await texts(dealer, 3, words)
    async with running(queue):
        await until(settled)
    assert [each for each in asked if each] == [3, 3, 3]
    assert await states() == {State.ACCEPTED: 3}
    assert len(taken(simulator, words)) == 3


# Whose it is by then


async def _begun(dealer: Shop, how: str) -> list[Started]:  # noqa: F811
    left: list[Started] = []
    with ending(how), pytest.raises(OSError, match="went away"):
        await delivery.take(OWNER, dealer.connection, 10, left)
    return left


async def test_nobody_elses_call_is_taken_back(house, cut):
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    left = await _begun(dealer, "undone")
    assert [each.outgoing.message_id for each in left] == [message.id]
    (theirs,), _ = await delivery.take(OTHER, dealer.connection, 10)
    assert (theirs.n, theirs.outgoing.message_id) == (left[0].n, message.id)
    assert await delivery.take_back(left) == delivery.News()
    kept = await again(message)
    assert (kept.state, kept.owner, [each.outcome for each in await attempts(message)]) == (State.SENDING, OTHER, [""])


async def test_what_a_sweep_took_for_unknown_meanwhile_waits_again(house, cut):
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    left = await _begun(dealer, "done")
    await put(message, lease_until=clock.now() - timedelta(days=1))
    await delivery.sweep()
    assert (await again(message)).state == State.UNKNOWN
    news = await delivery.take_back(left)
    assert news.listings == {message.listing}
    kept = await again(message)
    assert (kept.state, kept.owner, kept.reason) == (State.QUEUED, "", unheard.NOT_CALLED)
    assert kept.not_before > clock.now()
    assert [each.outcome for each in await attempts(message)] == ["never_connected"]


async def test_what_never_gets_further_ends_after_five_times_and_says_why(house, cut, monkeypatch):
    monkeypatch.setattr(recording, "backoff", lambda tries: -1.0)
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    for _ in range(5):
        await delivery.take_back(await _begun(dealer, "done"))
    ended = await again(message)
    assert (ended.state, ended.reason, len(await attempts(message))) == (State.FAILED, unheard.NOT_CALLED, 5)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_server_that_is_still_at_that_commit_is_waited_for(house, cut, monkeypatch):
    """On SQLite the block itself waits for it."""
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    begun: list[Started] = []
    started = starting.started

    def noted(*about):
        begun.append(started(*about))
        return begun[-1]

    monkeypatch.setattr(starting, "started", noted)
    with ending("hangs before"):
        taking = asyncio.create_task(delivery.take(OWNER, dealer.connection, 10))
    await asyncio.wait_for(cut.hangs.wait(), 10)
    back = asyncio.create_task(delivery.take_back(begun))
    await asyncio.sleep(0.3)
    assert not back.done()
    cut.goes_on.set()
    with pytest.raises(OSError, match="went away"):
        await taking
    await asyncio.wait_for(back, 10)
    kept = await again(message)
    assert (kept.state, [each.outcome for each in await attempts(message)]) == (State.QUEUED, ["never_connected"])

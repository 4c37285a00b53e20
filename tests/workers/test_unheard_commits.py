"""A database that goes away within the COMMIT that begins calls: whether it was done or not, each message leaves once,
and none is of unknown fate, for none was called."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import asyncpg
import pytest

from domain import clock as moments
from domain import db, delivery, messages
from domain.batches import ending as batch_ends
from domain.batches import holding
from domain.batches.tables import Batch
from domain.channels.base import Accepted
from domain.connections import Connection, SenderLink
from domain.delivery import Started, Unheard, starting, unheard
from domain.errors import Unavailable
from domain.messages import Message, State
from tests.sending import OTHER, OWNER, Shop, again, attempts, end, put, shop, states
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
        assert [(each.n, each.outcome) for each in await attempts(message)] == [(1, "accepted")]


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
            await asyncio.wait_for(cut.hangs.wait(), 30)
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
    cut_once(monkeypatch, "take", "done")
    back, failures, asked = delivery.take_back, [OSError("gone"), OSError("gone")], []

    async def now_and_then(owner, unheard):
        asked.append(len(unheard.attempts))
        if unheard and failures:
            raise failures.pop()
        return await back(owner, unheard)

    monkeypatch.setattr(delivery, "take_back", now_and_then)
    words = body()
    await texts(dealer, 3, words)
    async with running(queue):
        await until(settled)
    assert [each for each in asked if each] == [3, 3, 3]
    assert await states() == {State.ACCEPTED: 3}
    assert len(taken(simulator, words)) == 3


async def test_a_worker_that_stops_while_the_database_is_away_for_a_moment_takes_it_back_before_it_ends(
    dealer,  # noqa: F811
    queue,
    simulator,  # noqa: F811
    cut,
    monkeypatch,
):
    back, failures = delivery.take_back, [OSError("gone"), Unavailable("gone")]

    async def now_and_then(owner, unheard):
        if unheard and failures:
            raise failures.pop()
        return await back(owner, unheard)

    monkeypatch.setattr(delivery, "take_back", now_and_then)
    cut_once(monkeypatch, "take", "done")
    (message,) = await texts(dealer, 1, body())
    async with running(queue) as made:
        await until(lambda: _some(made._unheard))
    assert (failures, (await again(message)).state) == ([], State.QUEUED)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_session_that_does_not_end_holds_nobody_else_up(dealer, queue, simulator, cut):  # noqa: F811
    """Of a worker whose line was cut within COMMIT, and whose server has not noticed."""
    (stuck,) = await texts(dealer, 1, body())
    left = await _begun(dealer, "undone")
    gone = await asyncpg.connect(db.DB.config["dsn"])
    try:
        await gone.execute("BEGIN")
        await gone.execute("SELECT 1 FROM message WHERE id = $1 FOR UPDATE", stuck.id)
        words = body()
        others = await texts(dealer, 3, words)
        async with running(queue) as made:
            made._unheard.attempts.update(left.attempts)
            made.wake()
            await until(lambda: _all_are(others, State.ACCEPTED))
            assert set(made._unheard.attempts.values()) == {stuck.id}
            await gone.execute("ROLLBACK")
            await until(settled)
            assert not made._unheard
    finally:
        await gone.close()
    assert (await again(stuck)).state == State.ACCEPTED


async def _some(unheard: Unheard) -> bool:
    return bool(unheard)


async def _all_are(messages: list[Message], state: State) -> bool:
    return {(await again(each)).state for each in messages} == {state}


# Whose it is by then


async def _begun(dealer: Shop, how: str) -> Unheard:  # noqa: F811
    left = Unheard()
    with ending(how), pytest.raises(OSError, match="went away"):
        await delivery.take(OWNER, dealer.connection, 10, left)
    return left


async def _swept(message: Message) -> None:
    await put(message, lease_until=moments.now() - timedelta(days=1))
    await delivery.sweep()
    assert (await again(message)).state == State.UNKNOWN


async def test_nobody_elses_call_is_taken_back(house, cut):
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    left = await _begun(dealer, "undone")
    assert set(left.attempts.values()) == {message.id}
    (theirs,), _ = await delivery.take(OTHER, dealer.connection, 10)
    assert (theirs.n, theirs.outgoing.message_id) == (1, message.id)
    assert await delivery.take_back(OWNER, left) == delivery.News()
    kept = await again(message)
    assert (kept.state, kept.owner, [each.outcome for each in await attempts(message)]) == (State.SENDING, OTHER, [""])
    assert not left


@pytest.mark.parametrize("swept", [False, True])
async def test_it_is_as_if_it_had_not_begun(house, cut, swept):
    dealer = await shop()  # noqa: F811
    message = await dealer.text(code="first_contacts", reason="Its turn came.")
    before = await again(message)
    left = await _begun(dealer, "done")
    assert (await again(message)).state == State.SENDING
    if swept:
        await _swept(message)
    news = await delivery.take_back(OWNER, left)
    assert (news.listings, bool(left)) == ({message.listing}, False)
    kept = await again(message)
    for name in ("state", "rank", "attempts", "tries", "owner", "lease_until", "not_before"):
        assert getattr(kept, name) == getattr(before, name), name
    assert (kept.code, kept.reason) == (("", "") if swept else (before.code, before.reason))
    assert await attempts(message) == []


async def test_a_plan_taken_back_hours_later_waits_for_a_person(house, cut, clock):
    dealer = await shop()  # noqa: F811
    message = await dealer.text(kind="scheduled")
    await SenderLink.update({SenderLink.checked_at: moments.now()}, force=True)
    left = await _begun(dealer, "done")
    assert left.attempts
    clock.advance(minutes=61)
    await delivery.take_back(OWNER, left)
    begun, news = await delivery.take(OWNER, dealer.connection, 10)
    begun += (await delivery.start(OWNER, news.to_look_up))[0]
    assert (begun, (await again(message)).state) == ([], State.EXPIRED)


async def test_what_was_sent_again_meanwhile_keeps_its_attempts_in_line(house, cut):
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    left = await _begun(dealer, "done")
    await _swept(message)
    swept = await again(message)
    assert await messages.retry(swept, dealer.user, swept.attempts)
    (theirs,), _ = await delivery.take(OTHER, dealer.connection, 10)
    await delivery.take_back(OWNER, left)
    assert ((await again(message)).state, (await again(message)).attempts) == (State.SENDING, 2)
    tried = [(each.n, each.outcome, each.reason) for each in await attempts(message)]
    assert tried == [(1, "never_connected", unheard.NOT_CALLED), (2, "", "")]
    await end([theirs], Accepted("p"))
    assert (await again(message)).state == State.ACCEPTED


async def test_who_was_only_put_aside_is_not_left_until_its_claim_runs_out(house, cut):
    dealer = await shop()  # noqa: F811
    message = await dealer.text()
    await SenderLink.update({SenderLink.checked_at: moments.now() - timedelta(days=2)}, force=True)
    left = await _begun(dealer, "done")
    assert ((await again(message)).state, left.aside) == (State.CLAIMED, {message.id})
    await delivery.take_back(OWNER, left)
    assert ((await again(message)).state, (await again(message)).owner, bool(left)) == (State.QUEUED, "", False)


@pytest.mark.parametrize(
    ("done", "ends"), [("paused", State.PENDING), ("stopped", State.CANCELLED), ("done", State.QUEUED)]
)
async def test_what_was_done_to_its_batch_meanwhile_holds(house, cut, done, ends):
    dealer = await shop()  # noqa: F811
    batch = Batch(account=dealer.account.id, user=dealer.user.id, state="running", size=1, expanded=1)
    batch.started_at = moments.now()
    await batch.save()
    message = await dealer.text(kind="batch", batch=batch.id)
    left = await _begun(dealer, "done")
    if done == "paused":
        assert await holding.pause(batch, "Wait.", None)
    elif done == "stopped":
        assert await batch_ends.end(batch, None)
    else:
        await _swept(message)
        assert await batch_ends.through(batch.id)
    await delivery.take_back(OWNER, left)
    assert (await again(message)).state == ends
    kept = await Batch.objects().get(Batch.id == batch.id)
    assert kept is not None
    assert (kept.state, kept.finished_at is None) == ("running" if done == "done" else done, done != "stopped")


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_a_server_is_still_at_waits_for_another_time(house, cut, monkeypatch):
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
    await asyncio.wait_for(cut.hangs.wait(), 30)
    left = Unheard({each.attempt: each.outgoing.message_id for each in begun})
    assert await asyncio.wait_for(delivery.take_back(OWNER, left), 20) == delivery.News()
    assert left.attempts == {begun[0].attempt: message.id}
    cut.goes_on.set()
    with pytest.raises(OSError, match="went away"):
        await taking
    assert (await again(message)).state == State.SENDING
    await delivery.take_back(OWNER, left)
    assert ((await again(message)).state, await attempts(message), bool(left)) == (State.QUEUED, [], False)

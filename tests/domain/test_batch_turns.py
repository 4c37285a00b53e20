"""Somebody pauses, resumes or cancels while a worker takes or records: each waits for the other, nobody for ever."""

import asyncio
import contextvars
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from domain import clock, db, delivery, messages
from domain.batches import late, steering
from domain.batches.tables import Batch
from domain.channels.base import ChannelError, Kind
from domain.connections import SenderLink
from domain.delivery import Outcome
from domain.messages import Message, State
from tests.domain.test_batch_late import released
from tests.domain.test_batches import fresh, leave, listings, sender, started, states
from tests.sending import OTHER, OWNER, Shop, again, attempts, put


def beside(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """In a transaction of its own, as another process would."""
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


async def one_of(batch: Batch) -> Message:
    found = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert found is not None
    return found


async def looked_up_now() -> None:
    seen: dict[Any, Any] = {SenderLink.checked_at: clock.now()}
    await SenderLink.update(seen, force=True)


async def cancelled(dealer: Shop, message: Message) -> None:
    assert await messages.cancel(message, dealer.user)


async def answered(dealer: Shop, message: Message) -> None:
    assert await messages.cancel_for_reply(dealer.account.id, [message.listing], [message.to_address])


@pytest.mark.parametrize("ends", [cancelled, answered])
async def test_what_is_cancelled_while_its_batch_is_resumed_does_not_leave(house, ends):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 3))
    assert await steering.pause(batch, dealer.user)
    theirs = await one_of(batch)
    async with db.writing():
        await ends(dealer, theirs)
        resuming = beside(steering.resume(await fresh(batch), dealer.user))
        await asyncio.sleep(0.2)
    assert await resuming
    assert await leave(dealer) == 2
    assert ((await again(theirs)).state, await attempts(theirs)) == (State.CANCELLED, [])


async def test_pause_and_answers_that_put_off_wait_for_each_other(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 4))
    first, _ = await delivery.take(OWNER, dealer.connection, 2)
    too_many = [Outcome(each, error=ChannelError("429", Kind.THROTTLED, retry_after=1)) for each in first]
    for _ in range(5):
        await asyncio.gather(beside(steering.pause(await fresh(batch), dealer.user)), beside(delivery.record(too_many)))
        assert (await fresh(batch)).state == "paused"
        assert await states(batch) == {"pending": 4}
        await steering.resume(await fresh(batch), dealer.user)
        await Message.update({Message.not_before: clock.now()}).where(Message.batch == batch.id)
        first, _ = await delivery.take(OWNER, dealer.connection, 2)
        too_many = [Outcome(each, error=ChannelError("429", Kind.THROTTLED, retry_after=1)) for each in first]
        assert len(too_many) == 2


async def test_whoever_records_waits_for_the_batch_before_it_touches_its_messages(house):
    """The order in which everybody takes them: the batch, then its messages."""
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 2))
    begun, _ = await delivery.take(OWNER, dealer.connection, 1)
    outcome = Outcome(begun[0], error=ChannelError("429", Kind.THROTTLED, retry_after=1))
    async with db.writing():
        await Batch.update({Batch.changed_at: clock.now()}).where(Batch.id == batch.id)
        recording = beside(delivery.record([outcome]))
        await asyncio.sleep(0.2)
        # Nobody waits for a message: it can be had.
        await Message.update({Message.changed_at: clock.now()}).where(Message.batch == batch.id)
    await asyncio.wait_for(recording, 10)
    assert await states(batch) == {"queued": 2}


async def test_who_starts_what_it_claimed_passes_over_what_somebody_holds(house):
    dealer = await sender()
    held, free = await dealer.texts(2)
    claimed = await dealer.claim()
    if db.on_postgres():
        async with db.writing():
            await Message.raw("SELECT id FROM message WHERE id = {} FOR UPDATE", held.id)
            begun, _ = await asyncio.wait_for(beside(delivery.start(OWNER, claimed)), 5)
        assert [each.outgoing.message_id for each in begun] == [free.id]
        assert (await again(held)).state == State.CLAIMED
        await put(held, lease_until=clock.now() - timedelta(seconds=1))
        await delivery.sweep()
    else:  # where one writer waits for the other, nothing is passed over
        begun, _ = await delivery.start(OWNER, claimed)
        assert len(begun) == 2
    assert (await again(held)).state == (State.QUEUED if db.on_postgres() else State.SENDING)


async def test_of_many_who_find_a_batch_too_late_one_pauses_it(house, clock, monkeypatch):
    monkeypatch.setattr(late, "_moving", {})
    dealer = await sender()
    batch = await released(dealer, 40, clock)
    clock.advance(minutes=61)
    await looked_up_now()
    takes = await asyncio.gather(*(delivery.take(f"host:boot:{n}:1", dealer.connection, 10) for n in range(4)))
    assert [started for started, _ in takes] == [[], [], [], []]
    assert ((await fresh(batch)).state, await states(batch)) == ("paused", {"pending": 40})


async def test_one_of_a_stopped_batch_that_is_sent_again_leaves_however_late(house, clock, monkeypatch):
    monkeypatch.setattr(late, "_moving", {})
    dealer = await sender()
    batch = await released(dealer, 2, clock)
    theirs = await one_of(batch)
    await put(theirs, state=State.FAILED)
    assert await steering.stop(await fresh(batch), dealer.user)
    assert await messages.retry(await again(theirs), dealer.user, 0)
    clock.advance(minutes=61)
    await looked_up_now()
    started_, _ = await delivery.take(OWNER, dealer.connection, 10)
    assert [each.outgoing.message_id for each in started_] == [theirs.id]


async def test_what_is_due_of_a_paused_batch_is_held_with_the_others(house, clock, monkeypatch):
    monkeypatch.setattr(late, "_moving", {})
    dealer = await sender()
    batch = await released(dealer, 3, clock)
    await Batch.update({Batch.state: "paused"}).where(Batch.id == batch.id)
    clock.advance(minutes=61)
    await looked_up_now()
    assert (await delivery.take(OWNER, dealer.connection, 10))[0] == []
    assert await states(batch) == {"pending": 3}
    assert (await delivery.take(OTHER, dealer.connection, 10))[1].looked_at == 0

"""After a change of provider what waits leaves by the new one, and what began stays where it began."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock as now_by
from domain import connections, delivery, messages
from domain.batches import steering
from domain.channels.base import Accepted, ChannelError, Kind
from domain.connections import Connection, ConnectionState
from domain.messages import Message, State, carrying_over
from tests import make
from tests.domain.test_batch_steering import few
from tests.domain.test_batches import fresh, leave, listings, sender, started, states
from tests.domain.test_texting_providers import TWILIO, by_twilio, set_state
from tests.sending import OTHER, OWNER, Shop, again, end, shop, unknown

__all__ = ["few"]


async def change_provider(dealer: Shop, **values: Any) -> Connection:
    """Their Dialpad is taken away and Twilio connected: by it everybody sends."""
    old = dealer.connection
    await set_state(old, ConnectionState.DISCONNECTED)
    dealer.connection = await make.connection(dealer.account, **{**TWILIO, **values})
    return old


async def where(*those: Message) -> list[Any]:
    return [(await again(each)).connection for each in those]


async def test_what_is_queued_when_the_provider_is_changed_leaves_by_the_new_one(house, monkeypatch):
    monkeypatch.setattr(carrying_over, "AT_ONCE", 2)
    dealer = await shop()
    mine, later = await dealer.texts(4), await dealer.text(not_before=now_by.now() + timedelta(hours=9))
    await change_provider(dealer)
    assert await delivery.claim(OWNER, dealer.connection.id, 9) == []
    assert await messages.carry_over() == 5
    assert await where(later) == [dealer.connection.id]
    assert {each.outgoing.message_id for each in await dealer.start()} == {each.id for each in mine}
    assert await messages.carry_over() == 0


async def test_what_began_what_nobody_knows_the_fate_of_and_what_ended_stays_where_it_was(house):
    dealer = await shop()
    unsure = await dealer.unknown()
    sending = await dealer.text()
    await dealer.start()
    claimed = await dealer.text()
    await dealer.claim(OTHER)
    over = [await dealer.text(state=state) for state in (State.ACCEPTED, State.FAILED, State.CANCELLED)]
    planned = await dealer.text(state=State.PENDING, kind="scheduled", scheduled_at=now_by.now() + timedelta(days=1))
    old = await change_provider(dealer)
    assert await messages.carry_over() == 0
    assert {*await where(unsure, sending, claimed, *over, planned)} == {old.id}
    assert [(await again(each)).state for each in (unsure, sending, claimed)] == ["unknown", "sending", "claimed"]


async def test_an_answer_to_stop_comes_from_the_number_that_was_written_to_or_not_at_all(house):
    dealer = await shop()
    answer, mine = await dealer.text(kind="answer"), await dealer.text()
    old = await change_provider(dealer)
    assert await messages.carry_over() == 1
    assert await where(answer, mine) == [old.id, dealer.connection.id]


@pytest.mark.parametrize("state", [ConnectionState.BROKEN, ConnectionState.DISCONNECTED])
async def test_it_waits_until_another_connection_works(house, state):
    dealer = await shop()
    message = await dealer.text()
    old = await change_provider(dealer, state=state)
    assert (await messages.carry_over(), await where(message)) == (0, [old.id])
    await set_state(dealer.connection, ConnectionState.CONNECTED)
    assert (await messages.carry_over(), await where(message)) == (1, [dealer.connection.id])


async def test_one_that_broke_keeps_what_waits_for_it_and_no_other_account_or_channel_carries_it(house):
    broken, gone = await shop(), await shop()
    await make.connection(broken.account, **TWILIO)
    waits, alone = await broken.text(), await gone.text()
    await set_state(broken.connection, ConnectionState.BROKEN)
    await set_state(gone.connection, ConnectionState.DISCONNECTED)
    await make.connection(gone.account, kind="email")
    assert await messages.carry_over() == 0
    assert await where(waits, alone) == [broken.connection.id, gone.connection.id]


async def test_one_who_has_no_number_at_the_new_provider_is_refused_when_it_leaves(house):
    dealer = await by_twilio()
    known, stranger = dealer.user, await make.user(dealer.account)
    allowed, refused = await dealer.text(), await dealer.text(user=stranger)
    await set_state(dealer.connection, ConnectionState.DISCONNECTED)
    dealer.connection = await make.connection(dealer.account, kind="simulator")
    await make.sender_link(dealer.connection, known)
    await make.sender_link(dealer.connection, stranger, provider_id="", numbers="")
    assert await messages.carry_over() == 2
    assert [each.outgoing.message_id for each in await dealer.start()] == [allowed.id]
    ended = await again(refused)
    assert (ended.state, ended.code) == (State.FAILED, "sender_not_linked")


async def test_the_failed_of_a_batch_tried_again_after_a_change_of_provider_leave_and_it_is_done(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 3))
    begun = await dealer.start()
    await end(begun[:2], ChannelError("No route", Kind.PERMANENT))
    await end(begun[2:], unknown())
    old = await change_provider(dealer)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 2
    await messages.carry_over()
    assert await leave(dealer) == 2
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"accepted": 2, "unknown": 1})
    [unsure] = await Message.objects().where((Message.batch == batch.id) & (Message.state == State.UNKNOWN))
    assert unsure.connection == old.id


async def test_a_batch_whose_first_few_went_ahead_by_a_provider_that_is_gone_goes_on_by_the_new_one(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 7))
    begun = await dealer.start()
    assert len(begun) == 2
    for each in begun:
        await end([each], Accepted(f"p-{each.outgoing.message_id}"))
    await change_provider(dealer)
    for _ in range(2):
        await steering.tend()
        clock.advance(seconds=61)
    assert await messages.carry_over() == 5
    assert await leave(dealer) == 5
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_what_a_pause_held_over_a_change_of_provider_leaves_once_it_is_resumed(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 3))
    assert await steering.pause(batch, dealer.user)
    await change_provider(dealer)
    assert await messages.carry_over() == 0
    assert await steering.resume(await fresh(batch), dealer.user)
    assert (await messages.carry_over(), await leave(dealer)) == (3, 3)


async def test_what_comes_back_from_a_provider_that_was_taken_away_meanwhile_goes_on_too(house, clock):
    dealer = await shop()
    message = await dealer.text()
    begun = await dealer.start()
    await change_provider(dealer)
    await end(begun, ChannelError("Slow down", Kind.THROTTLED))
    assert await messages.carry_over() == 1
    clock.advance(minutes=1)
    assert [each.outgoing.message_id for each in await dealer.start()] == [message.id]
    assert await connections.carrying(dealer.account.id, "text") == dealer.connection

"""What a provider says of a message it took: any order, any repetition, one end."""

import itertools
import random

import pytest

from domain import connections, ids, messages, receipts
from domain.channels import base
from domain.channels.base import Accepted
from domain.messages import Message, State
from domain.receipts import Receipt
from tests import make
from tests.sending import OTHER, again, attempts, end, shop, states

# What Dialpad says at each step: message_status and message_delivery_result.
SAYS = {
    "accepted": ("pending", None),
    "sent": ("success", None),
    "delivered": ("success", "accepted"),
    "undelivered": ("failed", "rejected_spam"),
}
GOOD, BAD = ("accepted", "sent", "delivered"), ("accepted", "sent", "undelivered")
ALL_ORDERS = [order for steps in (GOOD, BAD) for order in itertools.permutations(steps)]
REPEATED = sorted({order for steps in (GOOD, BAD) for order in itertools.permutations(steps * 2, 5)})
ORDERS = [*ALL_ORDERS, *random.Random(7).sample(REPEATED, 12)]


def receipt(dealer, message, provider_id, step):
    status, result = SAYS[step]
    return dealer.outbound(
        message.to_address, message.body, id=provider_id, message_status=status, message_delivery_result=result
    )


def highest(order):
    return max(order, key=lambda step: messages.RANKS[State(step)])


@pytest.mark.parametrize("answer_comes", range(5))
async def test_receipts_in_any_order_and_repetition_end_in_one_state(house, answer_comes):
    """`answer_comes`: how many receipts are here before the answer to the call is."""
    dealer = await shop()
    for n, order in enumerate(ORDERS):
        message, provider_id = await dealer.text(), 1_000_000 + n
        started = await dealer.start()
        for position, step in enumerate(order):
            if position == answer_comes:
                await end(started, Accepted(str(provider_id)))
            await dealer.hook(**receipt(dealer, message, provider_id, step))
        if answer_comes >= len(order):
            await end(started, Accepted(str(provider_id)))
        done = await again(message)
        assert done.state == highest(order), (order, answer_comes)
        assert bool(done.reason) == (done.state == State.UNDELIVERED)
        assert (await attempts(message))[0].outcome == "accepted"
    assert await Message.count() == len(ORDERS)


async def test_the_same_event_twice_is_one_receipt(house):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    for _ in range(3):
        await dealer.hook(**receipt(dealer, message, 1004, "sent"))
    assert await Receipt.count() == 1
    assert (await again(message)).state == State.SENT


async def test_an_event_about_several_messages_is_a_receipt_of_each(house):
    dealer = await shop()
    messages = [await dealer.accepted(provider_id=f"100{n}") for n in range(3)]
    event, at = ids.new(), messages[0].at
    for _ in range(3):  # and the event comes again
        for n in range(3):
            await receipts.keep(dealer.connection.id, event, base.Receipt(f"100{n}", "delivered", "", at))
    assert [(await again(each)).state for each in messages] == [State.DELIVERED] * 3
    rows = await Receipt.select(Receipt.provider_id, Receipt.message).order_by(Receipt.provider_id)
    assert rows == [{"provider_id": f"100{n}", "message": each.id} for n, each in enumerate(messages)]


async def test_an_undelivered_message_says_why(house):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    assert await dealer.hook(**receipt(dealer, message, 1004, "undelivered")) == message.listing
    ended = await again(message)
    assert (ended.state, ended.code) == (State.UNDELIVERED, "spam")
    assert ended.reason.startswith("The carrier took this text for spam.")


@pytest.mark.parametrize("step", SAYS)
async def test_a_receipt_of_an_earlier_attempt_does_not_touch_a_later_one(house, step):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await dealer.hook(**receipt(dealer, message, 1004, "undelivered"))
    assert await messages.retry(await again(message), dealer.user, 1)
    late = receipt(dealer, message, 1004, step)
    await receipts.keep(dealer.connection.id, ids.new(), parsed(dealer, late))
    assert (await again(message)).state == State.QUEUED, "the retry that waits was taken away"
    started = await dealer.start(OTHER)
    await receipts.keep(dealer.connection.id, ids.new(), parsed(dealer, late))
    assert (await again(message)).state == State.SENDING
    await end(started, Accepted("1005"))
    await dealer.hook(**receipt(dealer, message, 1005, "sent"))
    await receipts.keep(dealer.connection.id, ids.new(), parsed(dealer, late))
    assert (await again(message)).state == State.SENT


async def test_a_receipt_and_an_answer_that_missed_each_other_are_brought_together(house):
    """Both were written at the same moment and neither saw the other: what is left is a receipt without its message."""
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await Receipt.insert(Receipt(connection=dealer.connection.id, provider_id="1004", state="delivered", at=message.at))
    assert await receipts.match_early() == {message.listing}
    assert (await again(message)).state == State.DELIVERED
    assert await receipts.match_early() == set()


async def test_a_receipt_nobody_asked_for_is_not_looked_for_for_ever(house, clock):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await Receipt.insert(Receipt(connection=dealer.connection.id, provider_id="1004", state="sent", at=message.at))
    clock.advance(days=2)
    assert await receipts.match_early() == set()


async def test_receipts_are_kept_as_they_came(house):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    for step in ("delivered", "sent", "accepted"):
        await dealer.hook(**receipt(dealer, message, 1004, step))
    rows = await Receipt.select(Receipt.state, Receipt.message).order_by(Receipt.received_at)
    assert rows == [{"state": step, "message": message.id} for step in ("delivered", "sent", "accepted")]


async def test_a_receipt_of_another_connection_with_the_same_id_is_not_ours(house):
    dealer, other = await shop(), await shop(account=await make.account())
    message = await dealer.accepted(provider_id="1004")
    await other.hook(**receipt(other, message, 1004, "undelivered"))
    assert (await again(message)).state == State.ACCEPTED
    assert (await states())[State.UNDELIVERED] == 1  # typed in the other dealership's own app


def parsed(dealer, payload):
    [said] = connections.adapter(dealer.connection).parse(payload)
    return said

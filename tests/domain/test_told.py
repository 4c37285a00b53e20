"""What providers tell of a number itself is kept where the gate looks: who said stop to them, and who gets no texts."""

import asyncio
from datetime import timedelta

import pytest

from domain import clock, delivery, messages, number_facts, suppressions
from domain.channels.base import ChannelError, Kind
from domain.history import Event
from domain.messages import State
from domain.number_facts import NumberFact
from domain.suppressions import OptOut
from tests import make
from tests.sending import again, attempts, end, shop


def refused(tells, reason="Refused in the carrier's words.", code="invalid_destination") -> ChannelError:
    return ChannelError(reason, Kind.PERMANENT, code=code, tells=tells)


async def fact(account, address) -> NumberFact | None:
    return await NumberFact.objects().get((NumberFact.account == account.id) & (NumberFact.address == address))


# A refusal


async def test_a_recipient_who_said_stop_to_the_provider_is_opted_out_here_too(house):
    dealer = await shop()
    one, two = [await make.listing(dealer.account, seller={"mobile": "+15205550117"}) for _ in range(2)]
    message, pending = await dealer.text(one), await dealer.text(two, not_before=clock.now() + timedelta(hours=1))
    await end(await dealer.start(), refused("opted_out", "The recipient has opted out.", "opted_out"))
    failed = await again(message)
    assert (failed.state, failed.code) == (State.FAILED, "opted_out")
    assert failed.reason == "This number asked not to get texts."
    assert [each.reason for each in await attempts(message)] == ["The recipient has opted out."]
    assert await delivery.follow_up() == {one.id}
    [kept] = await OptOut.objects()
    assert (kept.address, kept.source, kept.lifted_at) == ("+15205550117", "provider", None)
    assert kept.note == "On Carrier simulator’s own list of opt-outs."
    ended = await again(pending)
    assert (ended.state, ended.code, ended.reason) == (State.CANCELLED, "opted_out", "The seller asked to stop.")
    [event] = await Event.objects().where(Event.kind == "opted_out")
    assert event.listing == one.id
    assert await delivery.follow_up() == set()


async def test_it_is_told_once_however_often_the_provider_says_so(house):
    dealer = await shop()
    texts = [await dealer.text(to_address="+15205550117") for _ in range(3)]
    await end(await dealer.start(), refused("opted_out", code="opted_out"))
    await messages.follow_up_on([each.id for each in texts])
    await asyncio.gather(delivery.follow_up(), delivery.follow_up())
    assert await OptOut.count() == 1
    assert await Event.count().where(Event.kind == "opted_out") == 1


async def test_a_number_that_gets_no_texts_is_kept_in_the_carriers_words(house):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), refused("untextable", "No carrier could reach this number."))
    failed = await again(message)
    assert (failed.state, failed.code) == (State.FAILED, "phone_untextable")
    assert failed.reason == "No carrier could reach this number."
    await delivery.follow_up()
    known = await fact(dealer.account, message.to_address)
    assert (known.untextable, known.landline, known.reason) == (True, False, "No carrier could reach this number.")
    assert not await OptOut.exists()


@pytest.mark.parametrize("kind", ["batch", "scheduled", "automated"])
async def test_what_leaves_by_itself_passes_it_over_and_a_person_may_still_try(house, kind):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    await number_facts.cannot_get_texts(dealer.account.id, phone, "No carrier could reach this number.")
    by_itself, by_hand = await dealer.text(listing, kind=kind), await dealer.text(listing)
    started = await dealer.start()
    assert [each.outgoing.message_id for each in started] == [by_hand.id]
    assert (await again(by_itself)).code == "phone_untextable"


async def test_a_failure_of_the_message_tells_nothing_of_the_number(house):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), refused("", "The carrier took this text for spam.", "rejected_spam"))
    assert (await again(message)).code == "rejected_spam"
    assert await delivery.follow_up() == set()
    assert not await NumberFact.exists()


async def test_the_refused_one_counts_neither_as_contact_nor_as_an_answer(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    question = await make.message(listing, direction="in", at=clock.now() - timedelta(hours=1))
    await dealer.text(listing)
    await end(await dealer.start(), refused("untextable"))
    await delivery.follow_up()
    assert (await again(question)).responded_at is None


# Receipts


def receipt(dealer, message, result, **values):
    status = "success" if result == "accepted" else "failed"
    return dealer.outbound(
        message.to_address, message.body, message_status=status, message_delivery_result=result, **values
    )


@pytest.mark.parametrize("result", ["invalid_destination", "no_route", "not_supported"])
async def test_a_receipt_that_concerns_the_number_is_kept_as_well(house, result):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await dealer.hook(**receipt(dealer, message, result, id=1004))
    known = await fact(dealer.account, message.to_address)
    failed = await again(message)
    assert (known.untextable, known.reason) == (True, failed.reason)
    assert failed.state == State.UNDELIVERED


@pytest.mark.parametrize("result", ["rejected", "rejected_spam", "time_out"])
async def test_other_receipts_are_not(house, result):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await dealer.hook(**receipt(dealer, message, result, id=1004))
    assert not await NumberFact.exists()


async def test_a_later_text_that_arrives_takes_it_back(house, clock):
    dealer = await shop()
    first = await dealer.accepted(provider_id="1004")
    await dealer.hook(**receipt(dealer, first, "no_route", id=1004))
    clock.advance(minutes=5)
    second = await dealer.accepted(provider_id="1005", to_address=first.to_address)
    await dealer.hook(**receipt(dealer, second, "accepted", id=1005))
    known = await fact(dealer.account, first.to_address)
    assert (known.untextable, known.reason) == (False, "")


async def test_an_earlier_text_that_arrived_does_not(house, clock):
    dealer = await shop()
    first = await dealer.accepted(provider_id="1004")
    late = receipt(dealer, first, "accepted", id=1004)
    clock.advance(minutes=5)
    second = await dealer.accepted(provider_id="1005", to_address=first.to_address)
    await dealer.hook(**receipt(dealer, second, "no_route", id=1005))
    await dealer.hook(**late)
    assert (await fact(dealer.account, first.to_address)).untextable


async def test_what_was_typed_in_the_providers_app_tells_of_the_number_too(house):
    dealer = await shop()
    message = await make.message(await make.listing(dealer.account))
    await dealer.hook(**receipt(dealer, message, "invalid_destination", id=7001))
    assert (await fact(dealer.account, message.to_address)).untextable


# The rows


async def test_many_at_once_are_one_row_each_number_and_account(house):
    account, other = await make.account(), await make.account()
    numbers = [make.phone() for _ in range(5)]
    await asyncio.gather(
        *(
            number_facts.cannot_get_texts(each.id, number, "No carrier could reach this number.")
            for each in (account, other)
            for number in numbers * 4
        )
    )
    assert await NumberFact.count() == 10


async def test_a_landline_stays_one(house):
    account, phone = await make.account(), make.phone()
    await NumberFact.insert(NumberFact(account=account.id, address=phone, landline=True))
    await number_facts.cannot_get_texts(account.id, phone, "Not a mobile.")
    assert await number_facts.clear(account.id, phone)
    assert not await number_facts.clear(account.id, phone)
    known = await fact(account, phone)
    assert (known.landline, known.untextable) == (True, False)


async def test_another_dealership_hears_nothing_of_it(house):
    dealer, other = await shop(), await make.account()
    message = await dealer.text()
    await end(await dealer.start(), refused("opted_out", code="opted_out"))
    await delivery.follow_up()
    assert await suppressions.opted_out(dealer.account.id, message.to_address)
    assert not await suppressions.opted_out(other.id, message.to_address)

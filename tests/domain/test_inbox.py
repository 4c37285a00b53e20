"""What came in: stored once, opt-outs first, matched, and never in anybody's way."""

import asyncio
import random
from datetime import timedelta

import pytest

from domain import clock, connections, delivery, inbox, messages, reviews, suppressions, unmatched
from domain.channels.base import Accepted
from domain.history import Event
from domain.inbox import ProviderEvent, handling, reported
from domain.listings import Listing, Stage
from domain.messages import Message, State
from domain.reviews import Review
from domain.suppressions import OptOut
from tests import make
from tests.sending import OUR_NUMBER, again, attempts, end, open_events, put, shop, states, unknown
from workers.inbox import handle_events


async def inbound() -> list[Message]:
    return await Message.objects().where(Message.direction == "in").order_by(Message.at)


async def ctx() -> dict:
    async def hint(listings):
        hinted.update(listings)

    hinted: set = set()
    return {"hint": hint, "hinted": hinted}


# Stored once


async def test_a_hook_call_replayed_a_hundred_times_is_one_message(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    payload = dealer.inbound(phone, "Yes, come by today.")
    stored = [await dealer.stored(**payload) for _ in range(100)]
    assert [bool(each) for each in stored] == [True] + [False] * 99
    await asyncio.gather(*(inbox.handle(stored[0]) for _ in range(10)))
    (message,) = await inbound()
    assert (message.body, message.listing, message.state) == ("Yes, come by today.", listing.id, State.RECEIVED)
    assert (message.author_kind, message.from_address, message.to_address) == ("seller", phone, OUR_NUMBER)


async def test_hook_calls_stored_at_the_same_moment_are_one(house):
    dealer = await shop()
    payload = dealer.inbound(make.phone(), "Hello?")
    await asyncio.gather(*(dealer.stored(**payload) for _ in range(8)))
    assert await ProviderEvent.count() == 1


async def test_one_message_in_two_wrappings_is_one_message(house):
    dealer = await shop()
    phone = (await make.seller_of(await make.listing(dealer.account))).mobile
    payload = dealer.inbound(phone, "Still here")
    await dealer.hook(**payload)
    assert await dealer.hook(**{**payload, "message_status": "success"}) is None
    assert len(await inbound()) == 1


async def test_two_messages_with_long_names_are_two(house):
    dealer = await shop()
    name = "m" * 63
    await dealer.hook(**dealer.inbound(make.phone(), "One", id=name + "a"))
    await dealer.hook(**dealer.inbound(make.phone(), "Two", id=name + "b"))
    assert [message.body for message in await inbound()] == ["One", "Two"]


async def test_words_no_database_can_hold_come_in_all_the_same(house):
    dealer = await shop()
    await dealer.hook(**dealer.inbound(make.phone(), "nul\0 and half \ud83d a pair"))
    assert [message.body for message in await inbound()] == ["nul and half ? a pair"]


# What it means for the listing


async def test_a_reply_contacts_the_listing_and_waits_for_an_answer(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    assert await dealer.hook(**dealer.inbound(phone, "Is the title clean?")) == listing.id
    changed = await Listing.objects().get(Listing.id == listing.id)
    first = changed.waiting_since
    assert (changed.stage, first is not None) == (Stage.CONTACTED, True)
    await dealer.hook(**dealer.inbound(phone, "Hello?"))
    assert (await Listing.objects().get(Listing.id == listing.id)).waiting_since == first


async def test_what_a_blocked_number_writes_is_stored_silently(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, stage=Stage.NOT_CONTACTED)
    phone, stranger = (await make.seller_of(listing)).mobile, make.phone()
    for address in (phone, stranger):
        await suppressions.block(dealer.account.id, dealer.user, address, "Threats")
        assert await dealer.hook(**dealer.inbound(address, "I know where you live")) is None
    first, second = await inbound()
    assert (first.body, first.listing, second.listing) == ("I know where you live", listing.id, None)
    assert await unmatched.count(dealer.account.id) == 0
    assert await messages.waiting_among([listing.id]) == set()
    listing = await Listing.objects().get(Listing.id == listing.id)
    assert (listing.waiting_since, listing.stage) == (None, Stage.NOT_CONTACTED)
    await dealer.hook(**dealer.inbound(phone, "not interested, and I know your kids"))
    assert await reviews.count(dealer.account.id) == 0
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    assert await suppressions.opted_out(dealer.account.id, phone)


async def test_a_reply_never_moves_a_stage_backwards(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, stage=Stage.APPOINTED)
    await dealer.hook(**dealer.inbound((await make.seller_of(listing)).mobile, "See you at four."))
    assert (await Listing.objects().get(Listing.id == listing.id)).stage == Stage.APPOINTED


# Matching


async def test_a_reply_belongs_to_the_listing_last_written_to_from_the_number_that_was_answered(house):
    dealer = await shop()
    phone = make.phone()
    ours, other, newest = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(3)]
    at = clock.now()
    await make.message(ours, from_address=OUR_NUMBER, at=at - timedelta(days=3))
    await make.message(other, from_address="+16195550143", at=at - timedelta(days=1))
    assert await dealer.hook(**dealer.inbound(phone, "To your number")) == ours.id
    await make.message(newest, from_address="+16195550143", at=at)
    assert await dealer.hook(**dealer.inbound(phone, "To your number again")) == ours.id


async def test_else_to_the_listing_last_written_to_at_all(house):
    dealer = await shop()
    phone = make.phone()
    older, later, _never = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(3)]
    await make.message(older, from_address="+16195550143", at=clock.now() - timedelta(days=2))
    await make.message(later, from_address="+16195550144", at=clock.now() - timedelta(days=1))
    assert await dealer.hook(**dealer.inbound(phone, "Who is this?")) == later.id


@pytest.mark.parametrize("never_left", [State.FAILED, State.CANCELLED, State.QUEUED, State.SKIPPED, State.EXPIRED])
async def test_what_never_left_wins_no_reply(house, never_left):
    dealer = await shop()
    phone = make.phone()
    written, failed = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    await make.message(written, at=clock.now() - timedelta(days=2))
    await make.message(failed, state=never_left)
    assert await dealer.hook(**dealer.inbound(phone, "Hi")) == written.id


async def test_after_ninety_days_it_belongs_to_the_newest_listing_of_that_number(house):
    dealer = await shop()
    phone = make.phone()
    written = await make.listing(dealer.account, seller={"mobile": phone}, created_at=clock.now() - timedelta(days=99))
    await make.message(written, from_address=OUR_NUMBER, at=clock.now() - timedelta(days=91))
    newest = await make.listing(dealer.account, seller={"mobile": "", "phone": phone})
    assert await dealer.hook(**dealer.inbound(phone, "I have another car")) == newest.id
    await put(await Message.objects().first(), at=clock.now() - timedelta(days=89))
    assert await dealer.hook(**dealer.inbound(phone, "And the old one")) == written.id


async def test_a_number_nobody_knows_is_kept_for_the_unmatched_inbox(house):
    dealer = await shop()
    stranger = await shop(account=await make.account())
    phone = make.phone()
    await make.listing(stranger.account, seller={"mobile": phone})
    assert await dealer.hook(**dealer.inbound(phone, "Wrong number?")) is None
    (message,) = await inbound()
    assert (message.listing, message.account, message.body) == (None, dealer.account.id, "Wrong number?")


# Opt-outs act first


@pytest.mark.parametrize("word", ["STOP", "stop.", "“Unsubscribe”", "opt-out", "Arrêt", "cancel\0"])
async def test_a_word_that_means_stop_cancels_all_that_has_not_left_to_that_number(house, word):
    dealer = await shop()
    phone = make.phone()
    one, two = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    sent = await dealer.accepted(one)
    claimed = await dealer.text(one)
    await dealer.claim()
    queued, pending = await dealer.text(two), await dealer.text(one, state=State.PENDING, kind="scheduled")
    elsewhere = await dealer.text()
    await dealer.hook(**dealer.inbound(phone, word))
    for message in (claimed, queued, pending):
        ended = await again(message)
        assert (ended.state, ended.code, ended.reason) == (State.CANCELLED, "opted_out", "The seller asked to stop.")
    assert (await again(sent)).state == State.ACCEPTED
    assert (await again(elsewhere)).state == State.QUEUED
    assert await suppressions.opted_out(dealer.account.id, phone)
    event = await Event.objects().get(Event.kind == "opted_out")
    assert event.listing == one.id
    (message,) = await inbound()
    assert (await OptOut.objects().first()).message == message.id


async def test_stop_holds_for_the_whole_dealership_and_for_no_other(house):
    dealer, other = await shop(), await shop(account=await make.account())
    phone = make.phone()
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    later = await make.listing(dealer.account, seller={"phone": phone, "mobile": ""})
    text = await dealer.text(later, to_address=phone)
    theirs = await other.text(to_address=phone)
    assert await dealer.start() == []
    assert (await again(text)).code == "opted_out"
    assert [each.outgoing.message_id for each in await other.start()] == [theirs.id]


async def test_stop_said_twice_is_noted_once(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    assert await OptOut.count() == 1
    assert await Event.count().where(Event.kind == "opted_out") == 1
    assert len(await inbound()) == 2


async def test_a_word_inside_a_sentence_stops_nothing(house):
    dealer = await shop()
    text = await dealer.text()
    await dealer.hook(**dealer.inbound(text.to_address, "Stop by tomorrow, cancel nothing."))
    assert await OptOut.count() == 0
    assert (await again(text)).state == State.QUEUED


@pytest.mark.parametrize("word", ["START", "unstop", "Yes"])
async def test_start_lifts_the_opt_out_by_the_sellers_own_word(house, word):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    await dealer.hook(**dealer.inbound(phone, word))
    assert not await suppressions.opted_out(dealer.account.id, phone)
    assert (await OptOut.objects().first()).lifted_by == word
    assert await Event.count().where(Event.kind == "opted_in") == 1
    await dealer.hook(**dealer.inbound(phone, "STOP"))
    assert await suppressions.opted_out(dealer.account.id, phone)


async def test_a_start_that_is_handled_late_does_not_lift_what_was_said_after_it(house):
    """Its event was put off, or another worker had it, and STOP overtook it."""
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    now = int(clock.now().timestamp() * 1000)
    await dealer.hook(**dealer.inbound(phone, "STOP", created_date=now - 60_000))
    await dealer.hook(**dealer.inbound(phone, "STOP", created_date=now - 20_000))
    await dealer.hook(**dealer.inbound(phone, "START", created_date=now - 40_000))
    assert await suppressions.opted_out(dealer.account.id, phone)
    await dealer.hook(**dealer.inbound(phone, "START", created_date=now - 10_000))
    assert not await suppressions.opted_out(dealer.account.id, phone)


async def test_yes_without_an_opt_out_is_just_a_yes(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await dealer.hook(**dealer.inbound((await make.seller_of(listing)).mobile, "Yes"))
    assert await Event.count().where(Event.kind == "opted_in") == 0
    assert (await inbound())[0].listing == listing.id


async def test_an_opt_out_and_its_message_are_stored_together_or_not_at_all(house, monkeypatch):
    dealer = await shop()
    text = await dealer.text()

    async def broken(*_):
        raise OSError("the disk is full")

    event = await dealer.stored(**dealer.inbound(text.to_address, "STOP"))
    with monkeypatch.context() as patch:
        patch.setattr(messages, "cancel_for_address", broken)
        with pytest.raises(OSError, match="disk is full"):
            await inbox.handle(event)
    assert (await OptOut.count(), len(await inbound())) == (0, 0)
    await inbox.handle(event)
    assert (await OptOut.count(), (await again(text)).state) == (1, State.CANCELLED)


# Outbound events: late answers, and texts typed in the provider's app


async def test_an_outbound_event_resolves_the_one_unknown_message_it_can_be(house):
    dealer = await shop()
    message = await dealer.unknown()
    payload = dealer.outbound(message.to_address, message.body, id=1004)
    assert await dealer.hook(**payload) == message.listing
    resolved = await again(message)
    assert (resolved.state, resolved.provider_id, resolved.reason) == (State.ACCEPTED, "1004", "")
    assert resolved.from_address == OUR_NUMBER
    (attempt,) = await attempts(message)
    assert (attempt.outcome, attempt.provider_id) == ("accepted", "1004")
    await dealer.hook(**{**payload, "message_status": "success", "message_delivery_result": "accepted"})
    assert (await again(message)).state == State.DELIVERED
    assert await Message.count() == 1


@pytest.mark.parametrize("difference", ["text", "sender", "number", "time"])
async def test_an_event_that_differs_resolves_nothing(house, difference):
    dealer = await shop()
    message = await dealer.unknown()
    payload = dealer.outbound(message.to_address, message.body)
    if difference == "text":
        payload["text"] = message.body + " "
    elif difference == "sender":
        payload["target"] = payload["target"] | {"id": 4711}
    elif difference == "number":
        payload["to_number"] = [make.phone()]
    else:
        payload["event_timestamp"] -= 16 * 60 * 1000
    await dealer.hook(**payload)
    assert (await again(message)).state == State.UNKNOWN


async def test_among_two_that_it_can_be_it_never_guesses(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    one = await dealer.unknown(listing, body="Hello there")
    two = await dealer.unknown(listing, body="Hello there")
    payload = dealer.outbound(one.to_address, "Hello there")
    await dealer.hook(**payload)
    worker = await ctx()
    for _ in range(12):
        clock.advance(minutes=2)
        await handle_events(worker)
    assert [(await again(each)).state for each in (one, two)] == [State.UNKNOWN] * 2
    # What the provider reported is not lost either: it stands in the history as what was sent there.
    (third,) = await Message.objects().where(Message.origin == "app")
    assert (third.listing, third.body) == (listing.id, "Hello there")
    assert await ProviderEvent.count().where(ProviderEvent.handled_at.is_null()) == 0


async def test_one_of_two_that_is_still_being_sent_is_waited_for(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    lost = await dealer.unknown(listing, body="Hello there")
    on_its_way = await dealer.text(listing, body="Hello there")
    started = await dealer.start()
    event = await dealer.stored(**dealer.outbound(lost.to_address, "Hello there", id=1005))
    assert await inbox.handle(event) is None
    await end(started, Accepted("1005"))
    clock.advance(minutes=1)
    await handle_events(await ctx())
    assert (await again(lost)).state == State.UNKNOWN
    assert (await again(on_its_way)).state == State.ACCEPTED
    assert await Message.count() == 2


async def test_an_event_that_overtakes_the_answer_waits_for_it_and_makes_no_second_entry(house, clock):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    event = await dealer.stored(**dealer.outbound(message.to_address, message.body, id=1004, message_status="success"))
    assert await inbox.handle(event) is None
    assert event in await open_events()
    await end(started, Accepted("1004"))
    assert (await again(message)).state == State.SENT
    clock.advance(minutes=1)
    await handle_events(await ctx())
    assert await open_events() == []
    assert await Message.count() == 1


async def test_an_event_that_overtakes_a_lost_answer_resolves_it_afterwards(house, clock):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004))
    await end(started, unknown())
    clock.advance(seconds=30)
    await handle_events(await ctx())
    assert ((await again(message)).state, (await again(message)).provider_id) == (State.ACCEPTED, "1004")


async def test_what_the_provider_reported_is_not_unsaid_by_our_own_late_fault(house):
    """The sweep took the message for unknown, its event resolved it, and only then did our call time out."""
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await _lost(message)
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004))
    await end(started, unknown())
    assert (await again(message)).state == State.ACCEPTED
    payload = dealer.outbound(message.to_address, message.body, id=1004, message_status="success")
    await dealer.hook(**payload)
    assert (await again(message)).state == State.SENT
    assert await Message.count() == 1


async def test_an_event_spares_a_retry_that_has_not_left(house):
    dealer = await shop()
    message = await dealer.unknown()
    assert await messages.retry(message, dealer.user, 1)
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004))
    assert (await again(message)).state == State.ACCEPTED
    assert await dealer.claim() == []


async def test_an_event_of_the_first_attempt_does_not_touch_the_second(house):
    dealer = await shop()
    message = await dealer.unknown()
    assert await messages.retry(message, dealer.user, 1)
    started = await dealer.start()
    await end(started, Accepted("1005"))
    payload = dealer.outbound(message.to_address, message.body, id=1004)
    await dealer.hook(**payload)
    await dealer.hook(**{**payload, "message_status": "failed", "message_delivery_result": "rejected"})
    assert ((await again(message)).state, (await again(message)).provider_id) == (State.ACCEPTED, "1005")
    assert [each.provider_id for each in await attempts(message)] == ["1004", "1005"]
    assert await Message.count() == 1


async def test_an_answer_written_between_the_two_looks_at_it_makes_no_text_typed_elsewhere(house, monkeypatch):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    looks = reported._unanswered

    async def meanwhile(*arguments):
        await end(started, Accepted("1005"))
        return await looks(*arguments)

    monkeypatch.setattr(reported, "_unanswered", meanwhile)
    payload = dealer.outbound(message.to_address, message.body, id=1005, message_status="success")
    assert await dealer.hook(**payload) == message.listing
    assert await Message.count() == 1
    assert ((await again(message)).state, (await again(message)).provider_id) == (State.SENT, "1005")


async def test_a_text_typed_in_the_providers_app_joins_the_history_marked_so(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    payload = dealer.outbound(phone, "On my way", id=77)
    assert await dealer.hook(**payload) == listing.id
    await dealer.hook(**{**payload, "message_status": "success", "message_delivery_result": "accepted"})
    (typed,) = await Message.objects()
    assert (typed.origin, typed.direction, typed.listing) == ("app", "out", listing.id)
    assert (typed.user, typed.author_name, typed.state) == (dealer.user.id, dealer.link.name, State.DELIVERED)
    assert (typed.body, typed.from_address, typed.to_address) == ("On my way", OUR_NUMBER, phone)


@pytest.mark.parametrize("seed", range(4))
async def test_the_events_of_a_typed_text_in_any_order_are_one_message(house, seed):
    dealer = await shop()
    says = [("pending", None), ("success", None), ("success", "accepted")] * 2
    random.Random(seed).shuffle(says)
    phone = make.phone()
    for status, result in says:
        await dealer.hook(**dealer.outbound(phone, "Hi", id=77, message_status=status, message_delivery_result=result))
    assert await states() == {State.DELIVERED: 1}


async def test_nothing_typed_in_the_app_is_ever_sent_by_us(house):
    dealer = await shop()
    await dealer.hook(**dealer.outbound(make.phone(), "Hi", id=77))
    assert await dealer.claim() == []


async def test_an_event_without_the_words_is_matched_by_its_id_alone(house):
    dealer = await shop()
    message = await dealer.unknown()
    payload = dealer.outbound(message.to_address, message.body)
    del payload["text"]
    await dealer.hook(**payload)
    assert (await again(message)).state == State.UNKNOWN


# In nobody's way


async def test_an_event_that_cannot_be_handled_is_put_off_and_keeps_nobody_waiting(house, monkeypatch, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    bad = await dealer.stored(**dealer.inbound(phone, "poison"))
    good = await dealer.stored(**dealer.inbound(phone, "a word"))
    take = handling.take

    async def choosy(connection, event, said):
        if said.body == "poison":
            raise ValueError("cannot be stomached")
        return await take(connection, event, said)

    worker = await ctx()
    with monkeypatch.context() as patch:
        patch.setattr(handling, "take", choosy)
        for _ in range(3):
            await handle_events(worker)
            clock.advance(minutes=10)
    assert [message.body for message in await inbound()] == ["a word"]
    assert worker["hinted"] == {listing.id}
    event = await ProviderEvent.objects().get(ProviderEvent.id == bad)
    assert (event.tries, event.problem, event.handled_at) == (3, "ValueError", None)
    assert good not in await open_events()
    await handle_events(worker)
    assert [message.body for message in await inbound()] == ["poison", "a word"]  # each where it was said


async def test_a_receipt_put_off_for_a_fault_of_ours_still_counts(house, monkeypatch, clock):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await dealer.stored(**dealer.outbound(message.to_address, message.body, id=1004, message_status="success"))

    async def broken(*_):
        raise OSError("the disk is full")

    worker = await ctx()
    with monkeypatch.context() as patch:
        patch.setattr(handling, "heed", broken)
        await handle_events(worker)
    clock.advance(minutes=1)
    await handle_events(worker)
    assert (await again(message)).state == State.SENT


async def test_an_event_put_off_for_years_is_still_put_off(house):
    dealer = await shop()
    event = await dealer.stored(**dealer.inbound(make.phone(), "Hi"))
    await ProviderEvent.update({ProviderEvent.tries: 20_000}).where(ProviderEvent.id == event)
    await inbox.put_off(event, "again")
    waiting = await ProviderEvent.objects().get(ProviderEvent.id == event)
    assert (waiting.not_before - clock.now()).total_seconds() < 300


async def test_an_event_nobody_can_read_is_settled_with_the_reason(house):
    dealer = await shop()
    event = await dealer.stored(id=5, direction="sideways")
    assert await inbox.handle(event) is None
    settled = await ProviderEvent.objects().get(ProviderEvent.id == event)
    assert settled.handled_at is not None
    assert settled.problem == "Dialpad's event says neither inbound nor outbound."


async def test_a_disconnected_providers_last_words_are_still_read(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    event = await dealer.stored(**dealer.inbound((await make.seller_of(listing)).mobile, "STOP"))
    await connections.disconnect(dealer.connection, None)
    assert await inbox.handle(event) == listing.id
    assert await OptOut.count() == 1


async def test_two_workers_with_the_same_events_do_each_once(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    phone = (await make.seller_of(listing)).mobile
    events = [await dealer.stored(**dealer.inbound(phone, f"Line {n}")) for n in range(6)]
    await asyncio.gather(*(inbox.handle(event) for event in events * 3))
    assert sorted(message.body for message in await inbound()) == [f"Line {n}" for n in range(6)]


async def _lost(message):
    await delivery.end_dead_leases(lambda owner: True)
    assert (await again(message)).state == State.UNKNOWN


@pytest.mark.parametrize(
    ("body", "opted_out", "review"),
    [
        ("STOP", True, None),
        ("Please take me off your list", True, "opt_out"),
        ("Wrong number", True, "opt_out"),
        ("stop. thanks", True, "opt_out"),
        ("Not interested", False, "review"),
        ("Call me instead", False, "review"),
        ("You can stop by tomorrow", False, None),
        ("I can't cancel my appointment", False, None),
        ("Yes, it is still for sale", False, None),
    ],
)
async def test_what_a_seller_says_in_plain_words_has_one_of_three_outcomes(house, body, opted_out, review):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    pending = await dealer.text(listing, state=State.QUEUED, not_before=clock.now() + timedelta(hours=1))
    phone = pending.to_address
    await dealer.hook(**dealer.inbound(phone, body))
    assert await suppressions.opted_out(dealer.account.id, phone) is opted_out
    assert (await again(pending)).state == (State.CANCELLED if opted_out else State.QUEUED)
    rows = await Review.select(Review.outcome, Review.evidence)
    assert [row["outcome"] for row in rows] == ([review] if review else [])
    assert all(row["evidence"] for row in rows)


async def test_a_message_that_waits_for_a_look_holds_what_leaves_by_itself_and_not_a_person(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    by_itself = await dealer.text(listing, kind="automated", stays_on_reply=True)
    person = await dealer.text(listing, to_address=by_itself.to_address)
    await dealer.hook(**dealer.inbound(by_itself.to_address, "Not interested"))
    started = await dealer.start()
    assert [each.outgoing.message_id for each in started] == [person.id]
    waiting = await again(by_itself)
    assert (waiting.state, waiting.code, waiting.attempts) == (State.QUEUED, "review_open", 0)
    assert waiting.not_before is not None
    assert waiting.not_before > clock.now()
    await Review.update({Review.settled_at: clock.now()}).where(Review.address == by_itself.to_address)
    await put(by_itself, not_before=clock.now())
    assert [each.outgoing.message_id for each in await dealer.start()] == [by_itself.id]

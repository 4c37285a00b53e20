"""Plans: written, released at their time, changed by one person at a time, and ended by what happens meanwhile."""

from datetime import timedelta

import pytest

from domain import (
    clock,
    composing,
    dealerships,
    plans,
    schedules,
    stages,
    suppressions,
)
from domain.accounts import Account
from domain.channels.base import Accepted
from domain.connections import SenderLink
from domain.departures import Plan
from domain.errors import Refused
from domain.gate import NO_DIALPAD_ACCOUNT
from domain.listings import Listing
from domain.messages import Message, State
from domain.schedules import Filters, Words
from tests import make, sending
from tests.sending import Shop, again, draft, end, put, shop

IN_A_DAY = timedelta(days=1)
ZONE = "America/New_York"


def at(ahead: timedelta = IN_A_DAY) -> Plan:
    return Plan.at(clock.now() + ahead, ZONE)


async def planned(dealer: Shop, listing: Listing | None = None, ahead: timedelta = IN_A_DAY, **values) -> Message:
    """A text the agent planned."""
    listing = listing or await make.listing(dealer.account)
    return await composing.send(await dealer.scene(listing), draft(plan=at(ahead), **values))


async def fired(dealer: Shop, clock, message: Message):
    """Its time comes, the wheel turns, and the dispatcher begins what is due."""
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    clock.set(message.scheduled_at)
    return await dealer.start()


# Planning


async def test_a_plan_waits_with_its_wording_and_its_clock(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Dana"})
    message = await again(await planned(dealer, listing, stays_on_reply=True))
    assert (message.state, message.kind, message.revision) == (State.PENDING, "scheduled", 1)
    assert message.body == "Hi Dana, is it still for sale?"
    assert message.wording == "Hi {{seller.first_name}}, is it still for sale?"
    assert (message.schedule_zone, message.stays_on_reply, message.undoable) == (ZONE, True, False)
    assert message.at == message.scheduled_at
    assert await dealer.claim() == []


async def test_a_form_that_is_sent_twice_plans_once(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    first = await planned(dealer, listing, nonce="form:1")
    second = await planned(dealer, listing, nonce="form:1")
    assert first.id == second.id
    assert await Message.count() == 1


async def test_a_plan_counts_neither_as_contact_nor_for_the_channel(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await planned(dealer, listing)
    scene = await dealer.scene(listing)
    assert scene.newest.nothing_yet
    assert scene.newest.channel is None


async def test_at_night_it_may_be_planned_and_what_will_not_change_is_refused(house, clock):
    dealer = await shop()
    at_night = timedelta(hours=15)  # 2:00 in New York
    assert (await planned(dealer, ahead=at_night)).state == State.PENDING
    listing = await make.listing(dealer.account)
    await make.opt_out((await make.seller_of(listing)).mobile, dealer.account)
    with pytest.raises(Refused) as refused:
        await planned(dealer, listing)
    assert refused.value.code == "opted_out"


async def test_a_blank_that_nothing_fills_is_refused_while_somebody_is_there_to_mend_it(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, vin="")
    with pytest.raises(Refused) as refused:
        await planned(dealer, listing, body="The VIN is {{vehicle.vin}}?")
    assert refused.value.code == "missing_wildcard:vehicle.vin"


@pytest.mark.parametrize("how", ["switch", "plan"])
async def test_where_scheduling_is_off_a_plan_is_refused_and_a_message_for_now_is_not(house, how):
    dealer = await shop()
    if how == "switch":
        await dealer.account.update_self({Account.scheduled_messages: False})
        dealer.account.scheduled_messages = False
    else:
        await sending.without("scheduled")
    with pytest.raises(Refused) as refused:
        await planned(dealer)
    assert (refused.value.field, refused.value.code) == ("date", "scheduling_off" if how == "switch" else "tier")
    assert (await composing.send(await dealer.scene(await make.listing(dealer.account)), draft())).state == State.QUEUED


# Release


async def test_it_is_due_at_its_second_and_not_before(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    clock.set(message.scheduled_at - timedelta(seconds=11))
    assert await schedules.release() == (set(), 0)
    clock.set(message.scheduled_at - timedelta(seconds=9))
    assert await schedules.release() == ({message.listing}, 1)
    queued = await again(message)
    assert (queued.state, queued.not_before) == (State.QUEUED, message.scheduled_at)
    clock.freeze(message.scheduled_at - timedelta(milliseconds=1))
    assert await dealer.claim() == []
    clock.freeze(message.scheduled_at)
    assert await dealer.claim() == [message.id]


async def test_many_that_are_due_at_once_are_released_to_the_last_one(house, clock, monkeypatch):
    monkeypatch.setattr(schedules.releasing, "AT_ONCE", 7)
    dealer = await shop()
    texts = [await dealer.text(state=State.PENDING, kind="batch", scheduled_at=clock.now()) for _ in range(20)]
    assert (await schedules.release())[1] == len(texts)
    assert await sending.states() == {"queued": 20}


async def test_its_blanks_are_filled_when_it_leaves(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Dana"}, price=1_890_000)
    message = await planned(dealer, listing, body="Is {{listing.price}} firm, {{seller.first_name}}?")
    await Listing.update({Listing.price: 1_750_000}).where(Listing.id == listing.id)
    (started,) = await fired(dealer, clock, message)
    assert started.outgoing.body == "Is $17,500 firm, Dana?"
    assert (await again(message)).body == "Is $17,500 firm, Dana?"


async def test_a_sender_who_is_gone_from_the_provider_fails_it_with_the_exact_sentence(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    await SenderLink.update({SenderLink.provider_id: ""}).where(SenderLink.id == dealer.link.id)
    assert await fired(dealer, clock, message) == []
    failed = await again(message)
    assert (failed.state, failed.code, failed.reason) == (State.FAILED, "sender_not_linked", NO_DIALPAD_ACCOUNT)
    assert failed.reason == "No Dialpad account found"


async def test_outside_the_hours_it_becomes_a_plan_for_the_next_good_minute_and_says_so(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"mobile": "+15205550117", "postal_code": "85701"})
    message = await planned(dealer, listing, ahead=timedelta(hours=12))  # 21:00 in Tucson
    assert await fired(dealer, clock, message) == []
    waits = await again(message)
    assert (waits.state, waits.code) == (State.PENDING, "quiet_hours")
    assert waits.reason
    assert waits.scheduled_at.astimezone(composing.departures.zones.clock("America/Phoenix")).hour == 9
    assert waits.at == waits.scheduled_at
    (started,) = await fired(dealer, clock, waits)
    assert started.outgoing.message_id == message.id


async def test_what_is_an_hour_late_waits_for_a_person_and_never_leaves_by_itself(house, clock):
    dealer = await shop()
    late, just = await planned(dealer), await planned(dealer, ahead=IN_A_DAY + timedelta(minutes=2))
    clock.set(late.scheduled_at + timedelta(minutes=61))
    assert await schedules.release() == ({late.listing, just.listing}, 1)
    expired = await again(late)
    assert (expired.state, expired.code) == (State.EXPIRED, "expired")
    assert "hour" in expired.reason
    assert await dealer.claim() == [just.id]


async def test_what_was_queued_when_the_server_went_down_is_late_at_the_last_look(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    of_batch = await dealer.text(kind="batch", not_before=message.scheduled_at)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    clock.set(message.scheduled_at + timedelta(minutes=61))
    started = await dealer.start()
    assert [each.outgoing.message_id for each in started] == [of_batch.id]
    assert (await again(message)).state == State.EXPIRED


async def test_a_plan_made_by_a_connection_that_is_gone_leaves_by_the_one_that_carries_now(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    await dealer.connection.update_self({type(dealer.connection).state: "disconnected"})
    other = await make.connection(dealer.account, kind="simulator")
    await make.sender_link(other, dealer.user)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    assert (await again(message)).connection == other.id


# The seller writes, and the rules that always cancel


async def test_a_seller_who_writes_cancels_what_waits_for_them_everywhere_but_what_stays(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    seller = await make.seller_of(listing)
    twin = await make.listing(dealer.account, seller={"mobile": seller.mobile})
    here, there = await planned(dealer, listing), await planned(dealer, twin)
    stays = await planned(dealer, listing, stays_on_reply=True)
    other = await planned(dealer)
    of_batch = await dealer.text(listing, kind="batch", state=State.PENDING, scheduled_at=clock.now() + IN_A_DAY)
    mine = await dealer.text(listing, not_before=clock.now() + timedelta(seconds=9))
    await dealer.hook(**dealer.inbound(seller.mobile, "Still here, call me"))
    for each in (here, there, of_batch):
        ended = await again(each)
        assert (ended.state, ended.code, ended.reason) == (
            State.CANCELLED,
            "seller_wrote",
            "The seller wrote meanwhile.",
        )
        assert ended.at <= clock.now()
    assert [(await again(each)).state for each in (stays, other, mine)] == [State.PENDING, State.PENDING, State.QUEUED]


async def test_even_in_its_last_ten_seconds_a_reply_cancels_it(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    clock.set(message.scheduled_at - timedelta(seconds=5))
    await schedules.release()
    await dealer.hook(**dealer.inbound(message.to_address, "Sold yesterday"))
    clock.set(message.scheduled_at)
    assert await dealer.start() == []
    assert (await again(message)).state == State.CANCELLED


async def _stage(dealer, listing, stage):
    manager = await make.user(dealer.account, role="manager")
    await stages.change(listing, stage, manager)


async def _opts_out(dealer, listing):
    await dealer.hook(**dealer.inbound((await make.seller_of(listing)).mobile, "STOP"))


async def _blocks(dealer, listing):
    manager = await make.user(dealer.account, role="manager")
    await suppressions.block(dealer.account.id, manager, (await make.seller_of(listing)).mobile, "Threats")


async def _reports(dealer, listing):
    await dealerships.report(dealer.account.id, listing, dealer.user, by_name=False)


async def _switches_off(dealer, listing):
    await dealer.account.update_self({Account.scheduled_messages: False})
    await schedules.end_without()


async def _downgrades(dealer, listing):
    await dealer.account.update_self({Account.tier: "standard"})
    await schedules.end_without()


async def _new_plans(dealer, listing):
    owner = await make.user(dealer.account, role="admin", owner=True)
    owner.account = dealer.account
    table = {str(tier): set(features) - {"messaging"} for tier, features in (await plans.table()).items()}
    await schedules.change_plans(table, owner)


ENDS = {
    "dnc": (lambda dealer, listing: _stage(dealer, listing, "dnc"), "not to be contacted"),
    "pass": (lambda dealer, listing: _stage(dealer, listing, "pass"), "was passed"),
    "acquired": (lambda dealer, listing: _stage(dealer, listing, "acquired"), "was acquired"),
    "opt-out": (_opts_out, "asked to stop"),
    "block": (_blocks, "block"),
    "report": (_reports, "dealership"),
    "switch": (_switches_off, "switched off"),
    "downgrade": (_downgrades, "no longer part of your plan"),
    "plans": (_new_plans, "no longer part of your plan"),
}


@pytest.mark.parametrize("kind", ["scheduled", "batch"])
@pytest.mark.parametrize("what", ENDS)
async def test_a_plan_ends_with_its_reason_whether_it_stays_on_a_reply_or_not(house, what, kind):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    message = await put(await planned(dealer, listing, stays_on_reply=True), kind=kind)
    happens, said = ENDS[what]
    await happens(dealer, listing)
    ended = await again(message)
    assert ended.state == State.CANCELLED
    assert said in ended.reason.lower()


async def test_other_dealerships_keep_their_plans(house):
    dealer, other = await shop(), await shop(account=await make.account())
    message = await planned(other)
    await _switches_off(dealer, None)
    assert (await again(message)).state == State.PENDING


async def test_after_a_downgrade_what_sellers_write_is_still_kept(house):
    dealer = await shop()
    message = await planned(dealer)
    await _downgrades(dealer, None)
    await dealer.hook(**dealer.inbound(message.to_address, "Hello?"))
    assert await Message.exists().where(Message.direction == "in")


# What people do about a plan


async def test_other_words_and_another_time_are_one_change(house):
    dealer = await shop()
    message = await planned(dealer)
    later = Plan.at(clock.now() + timedelta(days=2), ZONE)
    moved = await schedules.change(dealer.account, message, dealer.user, Words("Still there?", "", True), later, 1)
    changed = await again(message)
    assert moved is not None
    assert (changed.wording, changed.body, changed.stays_on_reply) == ("Still there?", "Still there?", True)
    assert (changed.scheduled_at, changed.at, changed.revision) == (moved.at, moved.at, 2)


async def test_of_two_who_change_it_the_second_is_told(house):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.change(dealer.account, message, dealer.user, Words("First"), at(timedelta(days=2)), 1)
    with pytest.raises(Refused) as refused:
        await schedules.change(dealer.account, message, dealer.user, Words("Second"), at(timedelta(days=3)), 1)
    assert refused.value.code == "changed"
    assert (await again(message)).wording == "First"


async def test_in_its_last_ten_seconds_nobody_changes_it(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    clock.set(message.scheduled_at - timedelta(seconds=9))
    await schedules.release()
    with pytest.raises(Refused) as refused:
        await schedules.change(dealer.account, message, dealer.user, Words("Too late"), at(), 1)
    assert refused.value.code == "frozen"
    with pytest.raises(Refused) as refused:
        await schedules.change(dealer.account, await again(message), dealer.user, Words("Too late"), at(), 1)
    assert refused.value.code == "frozen"


async def test_agents_change_their_own_and_managers_everybodys(house):
    dealer = await shop()
    message = await planned(dealer)
    colleague, manager = await make.user(dealer.account), await make.user(dealer.account, role="manager")
    support = await make.user(dealer.account, role="support")
    for stranger in (colleague, support):
        with pytest.raises(Refused) as refused:
            await schedules.cancel(message, stranger)
        assert refused.value.code == "no_permission"
    assert await schedules.change(dealer.account, message, manager, Words("Mine now"), at(timedelta(days=2)), 1)
    assert await schedules.cancel(message, manager)
    assert (await again(message)).reason == f"Cancelled by {manager.name}"


async def test_a_cancelled_plan_comes_back_for_its_time_and_leaves_then(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.cancel(message, dealer.user)
    assert (await again(message)).at < message.scheduled_at
    await schedules.restore(dealer.account, await again(message), dealer.user)
    restored = await again(message)
    assert (restored.state, restored.reason, restored.code) == (State.PENDING, "", "")
    assert restored.at == restored.scheduled_at == message.scheduled_at
    assert len(await fired(dealer, clock, restored)) == 1


async def test_one_whose_time_is_over_asks_for_a_new_one(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    await schedules.cancel(message, dealer.user)
    clock.set(message.scheduled_at)
    message = await again(message)
    with pytest.raises(Refused) as refused:
        await schedules.restore(dealer.account, message, dealer.user)
    assert (refused.value.field, refused.value.code) == ("date", "too_soon")
    await schedules.restore(dealer.account, message, dealer.user, at())
    assert (await again(message)).state == State.PENDING


async def test_what_may_not_go_any_more_does_not_come_back(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    message = await planned(dealer, listing)
    await _opts_out(dealer, listing)
    with pytest.raises(Refused) as refused:
        await schedules.restore(dealer.account, await again(message), dealer.user)
    assert refused.value.code == "opted_out"


async def test_what_was_undone_or_belonged_to_a_batch_is_no_plan_to_restore(house):
    dealer = await shop()
    undone = await dealer.text(state=State.CANCELLED, code="undone")
    of_batch = await put(await planned(dealer), kind="batch", state=State.CANCELLED)
    for message, code in ((undone, "left"), (of_batch, "of_batch")):
        with pytest.raises(Refused) as refused:
            await schedules.restore(dealer.account, message, dealer.user)
        assert refused.value.code == code


async def test_sent_now_it_leaves_at_once_as_its_authors_own_message(house):
    dealer = await shop()
    message = await planned(dealer)
    manager = await make.user(dealer.account, role="manager")
    await schedules.send_now(dealer.account, message, manager)
    (started,) = await dealer.start()
    assert started.outgoing.body == "Hi Dana, is it still for sale?"
    sent = await again(message)
    assert (sent.kind, sent.user, sent.scheduled_at) == ("one_to_one", dealer.user.id, None)
    await end([started], Accepted("p-1"))
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, await again(message), dealer.user)
    assert refused.value.code == "left"


async def test_sent_now_at_night_somebody_has_to_know(house, clock):
    dealer = await shop()
    message = await planned(dealer)
    clock.advance(hours=13)
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, message, dealer.user)
    assert refused.value.code == "quiet_hours"
    await schedules.send_now(dealer.account, message, dealer.user, knowing=True)
    assert len(await dealer.start()) == 1


async def test_an_expired_one_is_sent_by_a_person_or_let_go(house, clock):
    dealer = await shop()
    sent, gone = await planned(dealer), await planned(dealer)
    clock.set(sent.scheduled_at + timedelta(hours=2))
    await schedules.release()
    assert await schedules.cancel(await again(gone), dealer.user)
    assert (await again(gone)).reason == f"Let go by {dealer.user.name}"
    await schedules.send_now(dealer.account, await again(sent), dealer.user)
    assert [each.outgoing.message_id for each in await dealer.start()] == [sent.id]


async def test_two_plans_to_two_listings_of_one_person_are_one_first_contact(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    twin = await make.listing(dealer.account, seller={"mobile": (await make.seller_of(listing)).mobile})
    one, two = await planned(dealer, listing), await planned(dealer, twin)
    await schedules.send_now(dealer.account, one, dealer.user)
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, two, dealer.user)
    assert refused.value.code == "recent_contact"
    assert (await again(two)).state == State.PENDING


# Lists


async def test_agents_see_their_own_plans_and_managers_everybodys_soonest_first(house):
    dealer = await shop()
    ann = dealer.user
    later, sooner = await planned(dealer, ahead=timedelta(days=3)), await planned(dealer, ahead=timedelta(days=2))
    bens = await dealer.text(
        state=State.PENDING, kind="batch", user=await make.user(dealer.account), scheduled_at=clock.now() + IN_A_DAY
    )
    manager = await make.user(dealer.account, role="manager")
    assert [row["id"] for row in (await schedules.page(ann, Filters())).rows] == [sooner.id, later.id]
    assert [row["id"] for row in (await schedules.page(manager, Filters())).rows] == [bens.id, sooner.id, later.id]
    assert [row["id"] for row in (await schedules.page(manager, Filters(kind="batch"))).rows] == [bens.id]
    assert [row["id"] for row in (await schedules.page(manager, Filters(sender=ann.id))).rows] == [sooner.id, later.id]
    stranger = await make.user(await make.account(), role="admin")
    assert (await schedules.page(stranger, Filters())).rows == []


async def test_a_page_goes_on_where_the_one_before_it_ended(house):
    dealer = await shop()
    made = [await planned(dealer, ahead=timedelta(days=n)) for n in range(1, 6)]
    await put(made[1], scheduled_at=made[0].scheduled_at)
    seen, after = [], None
    for _ in range(3):
        found = await schedules.page(dealer.user, Filters(), after, 2)
        seen += [row["id"] for row in found.rows]
        after = found.next
    assert after is None
    assert sorted(seen) == sorted(each.id for each in made)
    assert set(seen[:2]) == {made[0].id, made[1].id}


async def test_what_ended_last_stands_first_whenever_it_was_planned_for(house, clock):
    dealer = await shop()
    due, far = await planned(dealer, ahead=timedelta(hours=1)), await planned(dealer, ahead=timedelta(days=30))
    middle = await planned(dealer, ahead=timedelta(days=9))
    for each in (far, middle):
        clock.advance(minutes=1)
        await schedules.cancel(each, dealer.user)
    clock.advance(hours=3)
    await schedules.release()
    seen, after = [], None
    for _ in range(3):
        found = await schedules.page(dealer.user, Filters(state="stopped"), after, 1)
        seen += [row["id"] for row in found.rows]
        after = found.next
    assert (seen, after) == ([due.id, middle.id, far.id], None)


async def test_what_a_batch_will_say_is_shown_and_found(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Lee"})
    wording = "Hi {{seller.first_name}}, is your {{vehicle.title}} around?"
    when = clock.now() + IN_A_DAY
    of_batch = await dealer.text(
        listing, state=State.PENDING, kind="batch", body="", wording=wording, scheduled_at=when
    )
    await planned(dealer)
    (row,) = (await schedules.page(dealer.user, Filters(words="AROUND"))).rows
    assert (row["id"], row["body"]) == (of_batch.id, "Hi Lee, is your 2019 Subaru Outback around?")


async def test_words_are_found_in_message_vehicle_and_seller(house):
    dealer = await shop()
    dana = await planned(dealer, await make.listing(dealer.account, make="Honda", seller={"last_name": "O’Neil"}))
    await planned(dealer, body="100% sure?")

    async def found(words):
        return [row["id"] for row in (await schedules.page(dealer.user, Filters(words=words))).rows]

    assert await found("honda dana") == [dana.id]
    assert await found("o’neil") == [dana.id]
    assert len(await found("100%")) == 1
    assert await found("%o%") == []


async def test_the_month_counts_every_plan_and_shows_the_first_of_each_day(house, clock):
    dealer = await shop()
    made = [await planned(dealer, ahead=timedelta(days=1, minutes=n)) for n in range(5)]
    other = await planned(dealer, ahead=timedelta(days=4))
    days = [clock.now().date() + timedelta(days=n) for n in range(7)]
    month = await schedules.month(dealer.user, Filters(), days, ZONE)
    assert month.counts == {days[1]: 5, days[4]: 1}
    assert [row["id"] for row in month.entries[days[1]]] == [each.id for each in made[:3]]
    assert [row["id"] for row in month.entries[days[4]]] == [other.id]


async def test_what_did_not_leave_is_news_to_its_author_unless_they_took_it_back(house, clock):
    dealer = await shop()
    mine, theirs = await planned(dealer), await planned(dealer)
    await schedules.cancel(mine, dealer.user)
    assert await schedules.counts(dealer.user) == {"pending": 1, "news": 0}
    await dealer.hook(**dealer.inbound(theirs.to_address, "Hi"))
    assert await schedules.counts(dealer.user) == {"pending": 0, "news": 1}
    clock.advance(days=8)
    assert await schedules.counts(dealer.user) == {"pending": 0, "news": 0}


async def test_what_it_says_now_is_read_from_the_rows_of_now(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Dana"})
    message = await planned(dealer, listing)
    seller = await make.seller_of(listing)
    await seller.update_self({type(seller).first_name: "Diana"})
    said = await schedules.what_it_says_now([message.id])
    assert said[message.id].body == "Hi Diana, is it still for sale?"

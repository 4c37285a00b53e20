"""Whoever asks the gate gets the same answer: the window, a look at many listings, and the worker's last look."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from domain import clock, composing, consents, delivery, installations, judging, messages, suppressions
from domain.connections import Connection
from domain.gate import BY_ITSELF
from domain.listings import Listing
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.reviews import Review
from domain.sources import Source
from domain.suppressions import FirstContact
from domain.users import User
from tests import make
from tests.sending import OWNER, Shop, again, draft, put, shop

NIGHT = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)  # 23:30 in Tucson
NOON = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
TUCSON = {"postal_code": "85701"}

# What may stand against a message, and the code it is refused with; each is done to a listing in the test below.
WORLDS: dict[str, str] = {
    "opted out": "opted_out",
    "dnc list": "phone_dnc",
    "block": "phone_blocked",
    "stage dnc": "stage_dnc",
    "stage pass": "stage_pass",
    "hidden": "hidden",
    "source": "source_not_messageable",
    "no number": "no_contact",
    "number that cannot be": "phone_invalid",
    "review": "review_open",
    "carrier said no": "phone_untextable",
    "landline": "phone_landline",
    "first contact": "recent_contact",
    "three today": "frequency_cap",
    "night": "quiet_hours",
    "no sender": "sender_not_linked",
    "landline by its plan": "phone_landline",
    "reads only": "no_permission",
    "day used up": "over_quota",
    "first contact at their other number": "recent_contact",
}


async def spoil(dealer: Shop, listing: Listing, world: str, at: Any) -> None:
    """Does to the listing what the world is called after."""
    phone = (await make.seller_of(listing)).mobile
    account = dealer.account.id
    if world == "opted out":
        await make.opt_out(phone, account)
    elif world == "dnc list":
        await suppressions.dnc(account, [phone], "Asked for it")
    elif world == "block":
        await suppressions.block(account, await make.user(dealer.account), phone, "Threats")
    elif world.startswith("stage "):
        await Listing.update({Listing.stage: world.removeprefix("stage ")}).where(Listing.id == listing.id)
    elif world == "hidden":
        await Listing.update({Listing.hidden: True}).where(Listing.id == listing.id)
    elif world == "source":
        await Source.update({Source.messageable: False}).where(Source.id == listing.source)
    elif world in ("no number", "number that cannot be"):
        number = "" if world == "no number" else "+15200000000"
        await Listing.raw("UPDATE seller SET mobile = {} WHERE listing = {}", number, listing.id)
    elif world == "review":
        inbound = await make.message(listing, direction="in", from_address=phone, at=clock.now() - timedelta(days=20))
        await Review.insert(Review(account=account, message=inbound.id, address=phone, outcome="review"))
    elif world == "carrier said no":
        await NumberFact.insert(NumberFact(account=account, address=phone, untextable=True))
    elif world == "landline by its plan":
        await Listing.raw("UPDATE seller SET mobile = '+442079460018' WHERE listing = {}", listing.id)
    elif world == "landline":
        await NumberFact.insert(NumberFact(account=account, address=phone, landline=True))
    elif world == "first contact":
        elsewhere = await make.listing(dealer.account, seller={**TUCSON, "mobile": phone})
        first = await make.message(elsewhere, state=State.SENT, to_address=phone)
        row = FirstContact(account=account, address=phone, listing=elsewhere.id, user=dealer.user.id, message=first.id)
        await FirstContact.insert(row)
    elif world == "first contact at their other number":
        other = make.phone()
        await Listing.raw("UPDATE seller SET phone = {} WHERE listing = {}", other, listing.id)
        elsewhere = await make.listing(dealer.account, seller={**TUCSON, "mobile": other})
        first = await make.message(elsewhere, state=State.SENT, to_address=other)
        row = FirstContact(account=account, address=other, listing=elsewhere.id, user=dealer.user.id, message=first.id)
        await FirstContact.insert(row)
    elif world == "reads only":
        dealer.user.role = "support"
        await User.update({User.role: "support"}).where(User.id == dealer.user.id)
    elif world == "day used up":
        await Connection.update({Connection.options: '{"segments_a_day": 1}'}).where(Connection.account == account)
        elsewhere = await make.listing(dealer.account)
        await make.message(elsewhere, user=dealer.user, connection=dealer.connection, state=State.SENT)
    elif world == "three today":
        await automatic(listing, 3, hours=2)
    elif world == "night":
        at.set(NIGHT)
    elif world == "no sender":
        await Listing.raw("UPDATE sender_link SET provider_id = '', checked_at = {}", clock.now() + timedelta(days=2))
    else:
        raise AssertionError(world)


async def promote(dealer: Shop) -> None:
    """Who sends may send batches, too."""
    dealer.user.role = "manager"
    await User.update({User.role: "manager"}).where(User.id == dealer.user.id)


async def automatic(listing: Listing, number: int, kind: str = "automated", **ago: float) -> None:
    for _ in range(number):
        at = clock.now() - timedelta(**ago)
        await make.message(listing, kind=kind, state=State.DELIVERED, at=at)


async def window(dealer: Shop, listing: Listing, kind: str) -> list[str]:
    """The codes the window would show for a message of this kind."""
    now = await Listing.objects().get(Listing.id == listing.id)
    decision = await composing.judge(await dealer.scene(now), "text", "mobile", kind=kind)
    return [each.code for each in decision.refusals]


async def many(dealer: Shop, listings: Sequence[UUID], kind: str) -> list[list[str]]:
    """The codes a look at many listings gives each."""
    judge = await judging.judge(dealer.account, dealer.user, kind)
    decisions = [
        judge.decide(row, "text", "mobile") async for some in judging.rows(dealer.account, listings) for row in some
    ]
    return [[each.code for each in decision.refusals] for decision in decisions]


async def last_look(dealer: Shop, listing: Listing, kind: str) -> list[str]:
    """The codes of the worker's decision on a message that is due now."""
    mobile = (await make.seller_of(listing)).mobile
    message = await dealer.text(listing, kind=kind, to_address=mobile)
    await dealer.start()
    ended = await again(message)
    if ended.state == State.SENDING:
        return []
    return list(json.loads(ended.decision)["codes"])


@pytest.mark.parametrize("kind", sorted(BY_ITSELF))
@pytest.mark.parametrize("world", WORLDS)
async def test_the_window_the_look_at_many_and_the_worker_say_the_same(
    house: None, clock: Any, world: str, kind: str
) -> None:
    clock.set(NOON)
    dealer = await shop()
    await promote(dealer)
    listing = await make.listing(dealer.account, seller=TUCSON)
    assert await window(dealer, listing, kind) == []
    await spoil(dealer, listing, world, clock)
    said = await window(dealer, listing, kind)
    assert WORLDS[world] in said
    assert await many(dealer, [listing.id], kind) == [said]
    assert await last_look(dealer, listing, kind) == said


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])  # a dealership each
@given(some.data())
async def test_however_worlds_meet_every_caller_gets_the_same_answer(house: None, clock: Any, data: Any) -> None:
    clock.set(NOON)
    dealer = await shop(account=await make.account())
    await promote(dealer)
    rare = {
        "no number",
        "number that cannot be",
        "landline by its plan",
        "first contact",
        "first contact at their other number",
    }
    usual = sorted(set(WORLDS) - rare)
    listings = []
    for _ in range(3):
        listing = await make.listing(dealer.account, seller=TUCSON)
        for world in data.draw(some.lists(some.sampled_from(usual), max_size=3, unique=True)):
            await spoil(dealer, listing, world, clock)
        listings.append(listing)
    said = [await window(dealer, listing, "batch") for listing in listings]
    assert await many(dealer, [listing.id for listing in listings], "batch") == said
    assert [await last_look(dealer, listing, "batch") for listing in listings] == said


async def test_an_agent_whom_no_admin_lets_send_batches_hears_the_same_of_every_caller_and_at_once(house, clock):
    clock.set(NOON)
    dealer = await shop()
    listing = await make.listing(dealer.account, seller=TUCSON)
    assert await window(dealer, listing, "batch") == []
    message = await dealer.text(listing, kind="batch")
    dealer.user.may_batch = False
    await User.update({User.may_batch: False}).where(User.id == dealer.user.id)
    assert await window(dealer, listing, "batch") == ["no_permission"]
    assert await many(dealer, [listing.id], "batch") == [["no_permission"]]
    assert await window(dealer, listing, "scheduled") == []
    await dealer.start()
    ended = await again(message)
    assert (ended.state, ended.code) == (State.FAILED, "no_permission")
    assert ended.reason == "An agent may send batches once an administrator allows it under People."
    scene = await dealer.scene(listing)
    [said] = (await composing.judge(scene, "text", kind="batch")).refusals
    assert (said.message, said.next_step) == (ended.reason, "Ask an administrator.")


async def test_many_listings_are_read_hundreds_at_a_time_and_in_the_order_asked(house, count_queries):
    dealer = await shop()
    listings = [await make.listing(dealer.account, seller=TUCSON) for _ in range(7)]
    foreign = await make.listing(await make.account())
    asked = [*reversed([each.id for each in listings]), foreign.id]
    judging_at_once, judging.AT_ONCE = judging.AT_ONCE, 4
    try:
        with count_queries() as queries:
            read = [row["listing"] async for some in judging.rows(dealer.account, asked) for row in some]
    finally:
        judging.AT_ONCE = judging_at_once
    assert read == asked[:-1]
    assert queries.count == 2


# How often


async def test_three_automatic_messages_a_day_are_enough_and_a_person_may_still_write(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await automatic(listing, 2, hours=23)
    await automatic(listing, 2, hours=25)
    await make.message(listing, direction="in", from_address=(await make.seller_of(listing)).mobile)
    assert await window(dealer, listing, "automated") == []
    await automatic(listing, 1, "batch", hours=1)
    assert await window(dealer, listing, "automated") == ["frequency_cap"]
    assert await window(dealer, listing, "one_to_one") == []


async def test_three_unanswered_in_a_row_are_enough_until_the_seller_writes(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    for days in (30, 20, 10):
        await automatic(listing, 1, days=days)
    assert await last_look(dealer, listing, "automated") == ["frequency_cap"]
    await make.message(listing, direction="in", from_address=(await make.seller_of(listing)).mobile)
    assert await last_look(dealer, listing, "automated") == []


@pytest.mark.parametrize("state", ["failed", "skipped", "cancelled", "expired", "pending"])
async def test_what_never_left_counts_for_nothing(house: None, state: str) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    for _ in range(4):
        await make.message(listing, kind="automated", state=state)
    assert await window(dealer, listing, "automated") == []


async def test_of_many_automatic_messages_to_one_number_that_are_due_at_once_three_leave(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await make.message(listing)
    texts = [await dealer.text(listing, kind="automated") for _ in range(8)]
    started = await dealer.start()
    assert len(started) == 3
    ended = [await again(each) for each in texts]
    assert sorted(each.state for each in ended) == ["failed"] * 5 + ["sending"] * 3
    assert {each.code for each in ended if each.state == State.FAILED} == {"frequency_cap"}


async def test_workers_side_by_side_let_three_through_together(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await make.message(listing)
    for n in range(12):
        await dealer.text(listing, kind="automated", state=State.CLAIMED, owner=f"{OWNER}{n % 4}")
    rows = await Message.select(Message.id, Message.owner).where(Message.state == State.CLAIMED)
    mine = {owner: [row["id"] for row in rows if row["owner"] == owner] for owner in {row["owner"] for row in rows}}
    begun = await asyncio.gather(*(delivery.start(owner, ids) for owner, ids in mine.items()))
    assert sum(len(started) for started, _ in begun) == 3


# First contacts of what leaves by itself, or once more


async def test_a_first_text_that_failed_does_not_leave_once_more_when_a_colleague_wrote_meanwhile(house):
    dealer = await shop()
    phone = make.phone()
    one, other = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    failed = await dealer.text(one, state=State.FAILED, attempts=1)
    await composing.send(await dealer.scene(other), draft("Hi", origin="api"))
    assert len(await dealer.start()) == 1
    await messages.retry(await again(failed), dealer.user, 1)
    assert await dealer.start() == []
    assert ((await again(failed)).state, (await again(failed)).code) == (State.FAILED, "recent_contact")


async def test_what_somebody_typed_in_the_providers_app_is_a_first_contact_too(house):
    dealer = await shop()
    phone = make.phone()
    _, newer = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    older = (await Listing.objects().where(Listing.id != newer.id).first()).id
    await dealer.hook(**dealer.outbound(phone, "Hi, is it still there?", message_status="success"))
    about = (await FirstContact.objects().first()).listing
    assert about in (older, newer.id)
    elsewhere = await Listing.objects().get(Listing.id == (older if about == newer.id else newer.id))
    assert await window(dealer, elsewhere, "one_to_one") == ["recent_contact"]


async def test_of_twenty_who_write_first_to_the_two_numbers_of_one_person_one_gets_through(house):
    dealer = await shop()
    first, second = make.phone(), make.phone()
    people = [{"mobile": first, "phone": second}, {"mobile": second, "phone": first}]
    listings = [await make.listing(dealer.account, seller=people[n % 2]) for n in range(20)]
    scenes = [await dealer.scene(listing) for listing in listings]
    sent = await asyncio.gather(
        *(composing.send(scene, draft("Hi", origin="api")) for scene in scenes), return_exceptions=True
    )
    assert sum(isinstance(each, Message) for each in sent) == 1


async def test_of_two_batches_to_one_person_about_two_cars_one_leaves_and_the_other_is_skipped(house):
    dealer = await shop()
    phone = make.phone()
    first, second = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    one = await dealer.text(first, kind="batch", to_address=phone)
    other = await dealer.text(second, kind="batch", to_address=phone)
    assert len(await dealer.start()) == 1
    states = {(await again(each)).state: (await again(each)).code for each in (one, other)}
    assert states == {"sending": "", "skipped": "recent_contact"}


async def test_two_automatic_messages_about_one_car_are_no_two_first_contacts(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    for _ in range(2):
        await dealer.text(listing, kind="automated")
    assert len(await dealer.start()) == 2


async def test_an_automatic_message_may_be_tried_again_after_its_own_first_contact(house):
    dealer = await shop()
    message = await dealer.text(kind="batch")
    await dealer.start()
    await put(message, state=State.CLAIMED, owner=OWNER, attempts=1)
    started, _ = await delivery.start(OWNER, [message.id])
    assert [each.outgoing.message_id for each in started] == [message.id]


async def test_what_leaves_by_itself_stands_in_the_history_when_it_left(house):
    dealer = await shop()
    planned = clock.now() - timedelta(days=3)
    by_itself, person = await dealer.text(kind="scheduled", at=planned), await dealer.text(at=planned)
    await dealer.start()
    assert (await again(by_itself)).at > planned + timedelta(days=2)
    assert (await again(person)).at == planned


async def test_what_is_refused_or_waits_keeps_the_decision_with_what_was_seen(house):
    dealer = await shop()
    message = await dealer.text(kind="batch")
    await make.opt_out(message.to_address, dealer.account)
    await dealer.start()
    kept = json.loads((await again(message)).decision)
    assert kept["codes"] == ["opted_out"]
    assert kept["facts"]["to"] == message.to_address
    assert kept["facts"]["opted_out"] is True


async def test_an_erased_number_stays_on_its_list_for_every_caller(house):
    dealer = await shop()
    await promote(dealer)
    listing = await make.listing(dealer.account, seller=TUCSON)
    phone = (await make.seller_of(listing)).mobile
    salt = await installations.salt()
    await consents.bury(dealer.account.id, salt, [consents.Entry("opt_out", "text", phone)])
    said = await window(dealer, listing, "batch")
    assert "opted_out" in said
    assert await many(dealer, [listing.id], "batch") == [said]
    assert await last_look(dealer, listing, "batch") == said

"""One wording to many: chosen and frozen, looked at, started once, expanded wherever it was left off, steered."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import delivery, messages, suppressions
from domain.batches import choosing, drafts, ending, expanding, looking, spans, starting, steering, watching
from domain.batches.drafts import Words
from domain.batches.looking import Summary
from domain.batches.tables import Batch, BatchListing
from domain.channels.base import Accepted, ChannelError, Kind
from domain.departures import Plan
from domain.errors import Refused
from domain.house_mail import Mail
from domain.inventory import Wanted
from domain.listings import Listing
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.sources import Source
from domain.users import User
from tests import make
from tests.sending import OWNER, Shop, again, end, shop

WORDING = "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?"
AS_IT_LEAVES = "Hi Dana, is your 2019 Subaru Outback still for sale?\nReply STOP to opt out"


async def sender(**values: Any) -> Shop:
    """A dealership whose manager sends batches."""
    dealer = await shop(**values)
    await User.update({User.role: "manager"}).where(User.id == dealer.user.id)
    dealer.user.role = "manager"
    return dealer


async def listings(dealer: Shop, number: int, **values: Any) -> list[Listing]:
    return [await make.listing(dealer.account, **values) for _ in range(number)]


async def draft(dealer: Shop, chosen: Sequence[Listing], wording: str = WORDING, **words: Any) -> Batch:
    batch = await choosing.choose(dealer.account, dealer.user, [each.id for each in chosen])
    return await drafts.change(batch, dealer.account, dealer.user, Words(wording, **words))


async def look(dealer: Shop, batch: Batch) -> Summary:
    return await looking.look(batch, dealer.account, dealer.user)


async def started(dealer: Shop, chosen: Sequence[Listing], **words: Any) -> Batch:
    """A batch that was looked at and let go, its messages made."""
    batch = await draft(dealer, chosen, **words)
    summary = await look(dealer, batch)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    await expanding.expand(batch.id)
    return await fresh(batch)


async def fresh(batch: Batch) -> Batch:
    return await starting.of(batch.account, batch.id)


async def states(batch: Batch) -> dict[str, int]:
    rows = await Message.select(Message.state).where(Message.batch == batch.id)
    return dict(Counter(row["state"] for row in rows))


async def codes(batch: Batch) -> list[str]:
    rows = await BatchListing.select(BatchListing.code).where(BatchListing.batch == batch.id).order_by(BatchListing.n)
    return [row["code"] for row in rows]


async def leave(dealer: Shop) -> int:
    """All that is due begins and is accepted; how many that were."""
    number = 0
    while begun := await dealer.start():
        for each in begun:
            await end([each], Accepted(f"p-{each.outgoing.message_id}"))
        number += len(begun)
    return number


# Choosing


async def test_the_selection_is_frozen_in_its_order_each_listing_once_and_no_foreign_one(house):
    dealer = await sender()
    one, two = await listings(dealer, 2)
    foreign = await make.listing(await make.account())
    batch = await choosing.choose(dealer.account, dealer.user, [two.id, one.id, two.id, foreign.id])
    assert batch.size == 2
    assert await looking.selection(batch) == [(0, two.id), (1, one.id)]


async def test_all_that_match_are_frozen_and_what_comes_later_is_not_in_it(house):
    dealer = await sender()
    await listings(dealer, 3, search="outback 2019")
    await listings(dealer, 2, search="civic")
    batch = await choosing.choose_all(dealer.account, dealer.user, Wanted("all", "outback"))
    await listings(dealer, 1, search="outback 2020")
    assert batch.size == len(await looking.selection(batch)) == 3


async def test_nobody_chosen_too_many_or_no_right_is_refused(house, monkeypatch):
    dealer = await sender()
    with pytest.raises(Refused, match="Tick the listings"):
        await choosing.choose(dealer.account, dealer.user, [])
    monkeypatch.setattr(choosing, "MOST", 2)
    many = await listings(dealer, 3)
    with pytest.raises(Refused, match="2 listings at most; 3 are chosen"):
        await choosing.choose(dealer.account, dealer.user, [each.id for each in many])
    with pytest.raises(Refused, match="at most"):
        await choosing.choose_all(dealer.account, dealer.user, Wanted("all"))
    agent = await make.user(dealer.account)
    with pytest.raises(Refused, match="Ask an admin to allow it under People"):
        await choosing.choose(dealer.account, agent, [many[0].id])
    agent.may_batch = True
    assert (await choosing.choose(dealer.account, agent, [many[0].id])).size == 1


# The words


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"wording": ""}, "body"),
        ({"wording": "Hi {{seller.nickname}}"}, "body"),
        ({"wording": "x" * 1501}, "body"),
        ({"wording": "Hi", "channel": "pigeon"}, "channel"),
        ({"wording": "Hi", "to_field": "fax"}, "to_field"),
        ({"wording": "Hi", "subject": "{{nothing}}", "channel": "email"}, "subject"),
    ],
)
async def test_words_that_cannot_go_are_refused_at_their_field(house: None, words: dict[str, Any], field: str) -> None:
    dealer = await sender()
    batch = await choosing.choose(dealer.account, dealer.user, [each.id for each in await listings(dealer, 1)])
    with pytest.raises(Refused) as refusal:
        await drafts.change(batch, dealer.account, dealer.user, Words(**words))
    assert refusal.value.field == field


async def test_from_five_hundred_texts_a_day_on_the_opt_out_line_stays_on_until_midnight(house, clock, monkeypatch):
    monkeypatch.setattr(drafts, "LOCKED_FROM", 3)
    dealer = await sender()
    [listing] = await listings(dealer, 1)
    for _ in range(2):
        await make.message(listing, user=dealer.user)
    batch = await draft(dealer, [listing], opt_out_line=False)
    assert batch.opt_out_line is False
    await make.message(listing, user=dealer.user)
    assert (await draft(dealer, [listing], opt_out_line=False)).opt_out_line is True
    clock.advance(hours=14)  # the next day in New York
    assert (await draft(dealer, [listing], opt_out_line=False)).opt_out_line is False


# The look: the table of cases of 10.2

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "all is well": ({}, ""),
    "said stop": ({"opted_out": True}, "opted_out"),
    "do not contact": ({"dnc": True}, "phone_dnc"),
    "blocked": ({"blocked": True}, "phone_blocked"),
    "stage dnc": ({"stage": "dnc"}, "stage_dnc"),
    "stage pass": ({"stage": "pass"}, "stage_pass"),
    "hidden": ({"hidden": True}, "hidden"),
    "no number": ({"seller": {"mobile": ""}}, "no_contact"),
    "the other number only": ({"seller": {"mobile": "", "phone": "+15205550150"}}, "no_contact:mobile"),
    "impossible number": ({"seller": {"mobile": "+15200000000"}}, "phone_invalid"),
    "landline": ({"landline": True}, "phone_landline"),
    "cannot be texted": ({"untextable": True}, "phone_untextable"),
    "source closed": ({"closed": True}, "source_not_messageable"),
    "facebook without a number": (
        {"source": "facebook", "seller": {"mobile": "", "email": "d@example.com"}},
        "facebook_without_phone",
    ),
    "facebook with a number": ({"source": "facebook"}, ""),
    "a blank nothing fills": (
        {"model": "", "make": "", "year": 0, "wording": "The {{vehicle.engine}}"},
        "missing_wildcard:vehicle.engine",
    ),
}


SPOILED = ("opted_out", "dnc", "blocked", "landline", "untextable", "closed")


@pytest.mark.parametrize("case", CASES)
async def test_who_gets_it_and_who_does_not_and_why(house: None, case: str) -> None:
    values, code = CASES[case]
    values = dict(values)
    dealer = await sender()
    wording = values.pop("wording", WORDING)
    spoiled = {
        name: values.pop(name, False) for name in ("opted_out", "dnc", "blocked", "landline", "untextable", "closed")
    }
    listing = await make.listing(dealer.account, **values)
    phone = (await make.seller_of(listing)).mobile
    await _spoil(dealer, listing, phone, spoiled)
    batch = await draft(dealer, [listing], wording, channel="text")
    summary = await look(dealer, batch)
    assert await codes(batch) == [code]
    assert (summary.sendable, summary.size) == (0 if code else 1, 1)
    if not code:
        assert summary.channels == {"text": 1}


async def _spoil(dealer: Shop, listing: Listing, phone: str, how: dict[str, bool]) -> None:
    if how["opted_out"]:
        await make.opt_out(phone, dealer.account)
    if how["dnc"]:
        await suppressions.dnc(dealer.account.id, [phone], "")
    if how["blocked"]:
        await suppressions.block(dealer.account.id, dealer.user, phone, "Threats")
    if how["landline"] or how["untextable"]:
        fact = NumberFact(account=dealer.account.id, address=phone)
        fact.landline, fact.untextable = how["landline"], how["untextable"]
        await NumberFact.insert(fact)
    if how["closed"]:
        await Source.update({Source.messageable: False}).where(Source.id == listing.source)


async def test_one_message_a_number_however_many_listings_have_it(house):
    dealer = await sender()
    phone = make.phone()
    twins = await listings(dealer, 2, seller={"mobile": phone})
    [other] = await listings(dealer, 1)
    batch = await draft(dealer, [*twins, other])
    summary = await look(dealer, batch)
    assert await codes(batch) == ["", "duplicate_recipient", ""]
    assert (summary.channels, summary.codes) == ({"text": 2}, {"duplicate_recipient": 1})


async def test_the_chosen_number_counts_and_no_other(house):
    dealer = await sender()
    [listing] = await listings(dealer, 1, seller={"mobile": "", "phone": "+15205550150"})
    assert (await look(dealer, await draft(dealer, [listing], to_field="phone"))).sendable == 1
    assert (await look(dealer, await draft(dealer, [listing], to_field="mobile"))).sendable == 0


async def test_at_night_they_are_told_that_it_waits_for_the_morning(house, clock):
    dealer = await sender()
    [listing] = await listings(dealer, 1, seller={"postal_code": "85701", "mobile": "+15205550117"})
    clock.advance(hours=14)
    summary = await look(dealer, await draft(dealer, [listing]))
    assert (summary.sendable, summary.waits) == (1, {"quiet_hours": 1})


async def test_segments_first_contacts_and_fallbacks_are_counted(house):
    dealer = await sender()
    named, nameless = (await listings(dealer, 1))[0], (await listings(dealer, 1, seller={"first_name": ""}))[0]
    await make.message(named, direction="in", from_address=(await make.seller_of(named)).mobile)
    batch = await draft(dealer, [named, nameless])
    summary = await look(dealer, batch)
    assert (summary.segments, summary.first) == (2, 1)
    rows = await BatchListing.select(BatchListing.fallbacks, BatchListing.length).order_by(BatchListing.n)
    assert [row["fallbacks"] for row in rows] == [0, 1]
    assert rows[0]["length"] == len(AS_IT_LEAVES)


# Starting


async def test_it_starts_once_of_fifty_at_once_and_each_gets_one(house):
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 5))
    summary = await look(dealer, batch)
    who = [starting.start(batch, dealer.account, dealer.user, batch.revision, summary) for _ in range(50)]
    assert sum(await asyncio.gather(*who)) == 1
    await asyncio.gather(*(expanding.expand(batch.id) for _ in range(8)))
    assert await states(batch) == {"queued": 5}
    assert (await fresh(batch)).state == "running"


async def test_what_was_changed_since_the_look_does_not_start(house):
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1))
    summary = await look(dealer, batch)
    await drafts.change(batch, dealer.account, dealer.user, Words("Other words"))
    with pytest.raises(Refused, match="its wording, or who gets it"):
        await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    assert (await fresh(batch)).state == "draft"


async def test_one_that_nobody_would_get_does_not_start(house):
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 2, seller={"mobile": ""}))
    with pytest.raises(Refused, match="Nobody of these"):
        await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))


async def test_a_started_one_cannot_be_rewritten(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 1))
    with pytest.raises(Refused, match="has begun"):
        await drafts.change(batch, dealer.account, dealer.user, Words("Other words"))


# Expanding


async def test_each_recipient_is_a_message_and_together_they_are_the_selection(house):
    dealer = await sender()
    good, bad = await listings(dealer, 4), await listings(dealer, 3, stage="pass")
    batch = await started(dealer, [*good, *bad])
    assert await states(batch) == {"queued": 4, "skipped": 3}
    progress = await watching.progress(batch)
    assert progress.size == sum(progress.groups.values()) == 7
    assert progress.codes == {"stage_pass": 3}
    assert await leave(dealer) == 4
    bodies = {row["body"] for row in await Message.select(Message.body).where(Message.state == "accepted")}
    assert bodies == {AS_IT_LEAVES}
    assert {row["main_user"] for row in await Listing.select(Listing.main_user).where(Listing.stage != "pass")} == {
        dealer.user.id
    }


async def test_a_worker_that_died_is_followed_where_it_left_off(house, monkeypatch):
    monkeypatch.setattr(expanding, "AT_ONCE", 3)
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 10))
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    prepared = await expanding._prepare(batch.id)
    assert await expanding._chunk(prepared) == 3
    assert (await fresh(batch)).expanded == 3
    monkeypatch.setattr(expanding, "_first_users", _full_disk)
    with pytest.raises(OSError, match="full"):
        await expanding._chunk(prepared)
    assert await states(batch) == {"queued": 3}
    monkeypatch.undo()
    monkeypatch.setattr(expanding, "AT_ONCE", 3)
    await expanding.expand(batch.id)
    assert await states(batch) == {"queued": 10}


@pytest.mark.parametrize("channel", ["auto", "text"])
async def test_two_workers_at_one_batch_know_of_each_other_whom_they_wrote_to(house, monkeypatch, channel):
    monkeypatch.setattr(expanding, "AT_ONCE", 2)
    dealer = await sender()
    one, two = make.phone(), make.phone()
    here = {"mobile": one, "phone": two}
    there = here if channel == "text" else {"mobile": two, "phone": one}  # one number, or one person
    same = [await make.listing(dealer.account, seller=seller) for seller in (here, there)]
    others = await listings(dealer, 5)
    chosen = [same[0], *others[:2], same[1], *others[2:]]  # the second is the other worker's
    batch = await draft(dealer, chosen, channel=channel)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    workers = [await expanding._prepare(batch.id) for _ in range(2)]
    while (await fresh(batch)).state == "expanding":
        for each in workers:
            await expanding._chunk(each)
    assert await states(batch) == {"queued": 6, "skipped": 1}
    [left_out] = await Message.objects().where((Message.batch == batch.id) & (Message.state == State.SKIPPED))
    assert (left_out.listing, left_out.code) == (same[1].id, "duplicate_recipient")


async def _full_disk(*_: Any) -> None:
    raise OSError("the disk is full")


async def test_one_that_changed_since_the_look_is_judged_anew_and_told(house):
    dealer = await sender()
    one, two, three = await listings(dealer, 3)
    batch = await draft(dealer, [one, two, three])
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    await Listing.update({Listing.stage: "dnc"}).where(Listing.id == one.id)
    await expanding.expand(batch.id)
    await make.opt_out((await make.seller_of(two)).mobile, dealer.account)
    await leave(dealer)
    assert await states(batch) == {"skipped": 2, "accepted": 1}
    progress = await watching.progress(batch)
    assert progress.codes == {"stage_dnc": 1, "opted_out": 1}


# Steering


async def test_paused_nothing_begins_also_not_what_a_worker_has_claimed_and_it_goes_on_where_it_was(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 6))
    claimed = await dealer.claim(limit=3)
    assert await steering.pause(batch, dealer.user)
    assert await delivery.start(OWNER, claimed) == ([], delivery.News())
    assert await dealer.start() == []
    assert await states(batch) == {"pending": 6}
    assert not await steering.pause(batch, dealer.user)
    assert await steering.resume(batch, dealer.user)
    assert await leave(dealer) == 6


async def test_stopped_what_has_not_left_is_cancelled_and_stays_so(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 4))
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
    assert await steering.stop(batch, dealer.user)
    await end(begun, Accepted("p-1"))
    assert await states(batch) == {"accepted": 1, "cancelled": 3}
    assert not await steering.resume(batch, dealer.user)
    assert (await fresh(batch)).state == "stopped"


async def test_only_the_failed_are_tried_again(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 3))
    one, two, three = await dealer.start()
    await end([one], Accepted("p-1"))
    await end([two], ChannelError("No route", Kind.PERMANENT))
    await end([three], ChannelError("Nobody knows", Kind.UNKNOWN))
    await steering.tend()
    assert (await fresh(batch)).state == "done"
    assert await steering.retry_failed(batch, dealer.user) == 1
    assert await states(batch) == {"accepted": 1, "queued": 1, "unknown": 1}
    assert (await fresh(batch)).state == "running"


async def test_a_batch_is_done_when_every_recipient_has_ended(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 2))
    await steering.tend()
    assert (await fresh(batch)).state == "running"
    await leave(dealer)
    await steering.tend()
    assert ((await fresh(batch)).state, (await fresh(batch)).finished_at is not None) == ("done", True)


async def test_out_of_credit_fails_the_rest_and_writes_to_who_started_it(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 5))
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
    other = await dealer.text()
    await end(begun, ChannelError("Insufficient funds", Kind.OUT_OF_CREDIT))
    assert await states(batch) == {"failed": 5}
    rows = await Message.select(Message.reason).where(Message.batch == batch.id)
    assert {row["reason"] for row in rows} == {"Insufficient funds"}
    assert (await again(other)).state == State.QUEUED
    [mail] = await Mail.select()
    assert (mail["recipient"], "Insufficient funds" in mail["text"]) == (dealer.user.email, True)


async def out_of_credit_while_it_is_made(dealer: Shop, number: int) -> Batch:
    """Its first few are messages, of which one was tried."""
    batch = await draft(dealer, await listings(dealer, number))
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    prepared = await expanding._prepare(batch.id)
    assert prepared
    await expanding._chunk(prepared)
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
    await end(begun, ChannelError("Insufficient funds", Kind.OUT_OF_CREDIT))
    return batch


async def test_out_of_credit_while_it_is_made_also_fails_what_is_no_message_yet(house, monkeypatch):
    monkeypatch.setattr(expanding, "AT_ONCE", 3)
    dealer = await sender()
    batch = await out_of_credit_while_it_is_made(dealer, 7)
    assert await Mail.count() == 0, "told before it is known how many did not get it"
    tried = await Message.objects().get((Message.batch == batch.id) & (Message.attempts == 1))
    assert tried
    assert await messages.retry(tried, dealer.user, tried.attempts)
    await expanding.expand(batch.id)
    assert await states(batch) == {"failed": 6, "queued": 1}, "one is tried again already"
    await end(await dealer.start(), ChannelError("Insufficient funds", Kind.OUT_OF_CREDIT))
    assert await states(batch) == {"failed": 7}
    rows = await Message.select(Message.code, Message.reason).where(Message.batch == batch.id)
    assert {(row["code"], row["reason"]) for row in rows} == {("out_of_credit", "Insufficient funds")}
    for each in await ending.over():
        await ending.through(each)
    [mail] = await Mail.select()
    assert "Your batch stopped" in mail["subject"]
    assert "7 messages were not sent" in mail["text"]


async def test_a_batch_that_is_tried_again_while_it_is_made_tries_the_rest_too(house, monkeypatch):
    monkeypatch.setattr(expanding, "AT_ONCE", 3)
    dealer = await sender()
    batch = await out_of_credit_while_it_is_made(dealer, 5)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 3
    await expanding.expand(batch.id)
    assert await states(batch) == {"queued": 5}


# Canaries


async def test_above_fifty_a_few_go_first_then_a_minute_passes_then_all_others(house, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 51))
    assert (batch.canary, await states(batch)) == (5, {"queued": 5, "pending": 46})
    assert await leave(dealer) == 5
    await steering.tend()
    assert await leave(dealer) == 0
    clock.advance(seconds=59)
    await steering.tend()
    assert await leave(dealer) == 0
    clock.advance(seconds=2)
    await steering.tend()
    assert await leave(dealer) == 46


@pytest.mark.parametrize(("failed", "state"), [(0, "running"), (1, "paused")])
async def test_it_goes_on_only_if_few_of_the_first_fail(house: None, clock: Any, failed: int, state: str) -> None:
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 60))
    begun = await dealer.start()
    for n, each in enumerate(begun):
        how = ChannelError("No route", Kind.PERMANENT) if n < failed else Accepted(f"p-{n}")
        await end([each], how)
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    now = await fresh(batch)
    assert now.state == state
    assert bool(now.held_reason) == (state == "paused")
    if failed:
        assert "1 failed" in now.held_reason
        assert await leave(dealer) == 0
        assert await steering.resume(now, dealer.user)
        assert await leave(dealer) == 55


async def test_it_goes_on_only_if_few_of_the_first_say_stop(house, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 60))
    begun = await dealer.start()
    await end(begun, Accepted("p"))
    clock.advance(seconds=5)
    await make.opt_out(begun[0].outgoing.to, dealer.account)
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert "1 asked to stop" in (await fresh(batch)).held_reason


@pytest.mark.parametrize(("sendable", "number"), [(50, 0), (51, 5), (250, 5), (251, 6), (10_000, 200)])
def test_the_larger_of_five_and_two_in_a_hundred_go_first(sendable: int, number: int) -> None:
    assert starting.canaries(sendable) == number


# Pace of first contacts


async def test_first_contacts_are_spread_over_the_hours_where_the_dealership_wishes_so(house):
    dealer = await sender()
    dealer.account.first_contacts_an_hour = 2
    await dealer.account.save(columns=[type(dealer.account).first_contacts_an_hour])
    batch = await started(dealer, await listings(dealer, 4))
    rows = await Message.select(Message.not_before).where(Message.batch == batch.id).order_by(Message.not_before)
    times = [row["not_before"] for row in rows]
    assert [(each - times[0]).total_seconds() for each in times] == [0, 1800, 3600, 5400]
    assert await leave(dealer) == 1


# Watching


async def test_recipients_are_paged_filtered_and_exported_whole(house, count_queries):
    dealer = await sender()
    batch = await started(dealer, [*await listings(dealer, 5), *await listings(dealer, 2, stage="pass")])
    with count_queries() as queries:
        first = await watching.recipients(batch, limit=3)
        second = await watching.recipients(batch, after=first[2]["id"], limit=3)
    assert queries.count == 2
    assert len(first) == 4
    assert {row["id"] for row in first[:3]} & {row["id"] for row in second} == set()
    skipped = await watching.recipients(batch, "skipped", "stage_pass")
    assert [row["code"] for row in skipped] == ["stage_pass"] * 2
    assert len([row async for row in watching.every_recipient(batch)]) == 7


async def test_batches_are_paged_the_newest_first(house):
    dealer = await sender()
    made = [await draft(dealer, await listings(dealer, 1)) for _ in range(3)]
    rows = await watching.page(dealer.account.id, dealer.user, limit=2)
    assert [row["id"] for row in rows] == [each.id for each in reversed(made)]
    last = rows[1]
    beyond = await watching.page(dealer.account.id, dealer.user, (last["created_at"], last["id"]), 2)
    assert [row["id"] for row in beyond] == [made[0].id]


# Later


def wall(shown: str) -> datetime:
    """What a clock shows somewhere."""
    return datetime.fromisoformat(shown)


async def planned(dealer: Shop, chosen: Sequence[Listing], plan: Plan, **words: Any) -> Batch:
    dealer.account.scheduled_messages = True
    return await started(dealer, chosen, plan=plan, **words)


async def test_all_leave_at_the_moment_it_was_planned_for(house: None) -> None:
    dealer = await sender()
    batch = await planned(dealer, await listings(dealer, 2), Plan("zone", wall("2026-11-30T09:00"), "America/Chicago"))
    moment = datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert batch.scheduled_at == moment
    rows = await Message.objects().where(Message.batch == batch.id)
    assert {(each.state, each.scheduled_at, each.not_before) for each in rows} == {("pending", moment, moment)}
    assert {(each.schedule_zone, each.schedule_wall) for each in rows} == {("America/Chicago", "2026-11-30T09:00")}


async def test_each_leaves_at_that_hour_by_the_sellers_own_clock(house: None) -> None:
    dealer = await sender()
    east = await make.listing(dealer.account, seller={"mobile": "+12125550101", "postal_code": "10001"})
    west = await make.listing(dealer.account, seller={"mobile": "+12135550102", "postal_code": "90001"})
    batch = await planned(dealer, [east, west], Plan("seller", wall("2026-11-30T09:00")))
    rows = {row.listing: row.scheduled_at for row in await Message.objects().where(Message.batch == batch.id)}
    assert rows == {
        east.id: datetime(2026, 11, 30, 14, tzinfo=UTC),
        west.id: datetime(2026, 11, 30, 17, tzinfo=UTC),
    }


async def test_the_look_judges_the_hour_at_which_it_leaves(house: None) -> None:
    dealer = await sender()
    dealer.account.scheduled_messages = True
    chosen = await listings(dealer, 1, seller={"mobile": "+12125550101", "postal_code": "10001"})
    night = await draft(dealer, chosen, plan=Plan("zone", wall("2026-11-30T23:00"), "America/New_York"))
    assert (await look(dealer, night)).waits == {"quiet_hours": 1}
    morning = await draft(dealer, chosen, plan=Plan("seller", wall("2026-11-30T09:00")))
    assert (await look(dealer, morning)).waits == {}


async def test_the_first_to_have_morning_are_the_canaries(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "CANARY_ABOVE", 1)
    monkeypatch.setattr(starting, "CANARY_LEAST", 1)
    dealer = await sender()
    west = await make.listing(dealer.account, seller={"mobile": "+12135550102", "postal_code": "90001"})
    east = await make.listing(dealer.account, seller={"mobile": "+12125550101", "postal_code": "10001"})
    batch = await planned(dealer, [west, east], Plan("seller", wall("2026-11-30T09:00")))
    rows = {row.listing: row.scheduled_at for row in await Message.objects().where(Message.batch == batch.id)}
    assert rows == {east.id: datetime(2026, 11, 30, 14, tzinfo=UTC), west.id: None}


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (Plan("zone", wall("2026-11-24T09:00"), "America/New_York"), "too_soon"),
        (Plan("seller", wall("2027-11-24T09:00")), "too_far"),
    ],
)
async def test_a_time_that_is_over_or_far_away_is_refused(house: None, plan: Plan, code: str) -> None:
    dealer = await sender()
    chosen = await listings(dealer, 1)
    dealer.account.scheduled_messages = False
    with pytest.raises(Refused) as refusal:
        await draft(dealer, chosen, plan=plan)
    assert refusal.value.code == "scheduling_off"
    dealer.account.scheduled_messages = True
    with pytest.raises(Refused) as refusal:
        await draft(dealer, chosen, plan=plan)
    assert refusal.value.code == code


async def test_a_plan_whose_time_passed_since_the_look_does_not_start(house: None, clock: Any) -> None:
    dealer = await sender()
    dealer.account.scheduled_messages = True
    plan = Plan("zone", wall("2026-11-24T11:05"), "America/New_York")
    batch = await draft(dealer, await listings(dealer, 1), plan=plan)
    summary = await look(dealer, batch)
    clock.advance(minutes=10)
    with pytest.raises(Refused, match="at least a minute from now"):
        await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)


async def test_whose_hour_is_over_already_gets_it_the_day_after_and_the_look_says_so(house: None, clock: Any) -> None:
    clock.set(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))  # 8:00 in Los Angeles, 11:00 in New York
    dealer = await sender()
    dealer.account.timezone = "America/Los_Angeles"
    east = await make.listing(dealer.account, seller={"mobile": "+12125550101", "postal_code": "10001"})
    west = await make.listing(dealer.account, seller={"mobile": "+12135550102", "postal_code": "90001"})
    dealer.account.scheduled_messages = True
    batch = await draft(dealer, [east, west], plan=Plan("seller", wall("2026-11-24T09:00")))
    summary = await look(dealer, batch)
    span = await spans.of(batch, dealer.account, Plan("seller", wall("2026-11-24T09:00")))
    assert span is not None
    assert (span.first, span.last) == (datetime(2026, 11, 24, 17, tzinfo=UTC), datetime(2026, 11, 25, 14, tzinfo=UTC))
    assert (span.over, span.as_asked, span.opens) == (True, True, None)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    clock.set(datetime(2026, 11, 24, 17, 0, 5, tzinfo=UTC))  # made only after nine in Los Angeles: nobody's fault there
    await expanding.expand(batch.id)
    rows = {row.listing: row for row in await Message.objects().where(Message.batch == batch.id)}
    assert rows[east.id].scheduled_at == datetime(2026, 11, 25, 14, tzinfo=UTC)
    assert rows[east.id].schedule_wall == "2026-11-25T09:00"
    assert (rows[west.id].state, rows[west.id].schedule_wall) == ("queued", "2026-11-24T09:00")

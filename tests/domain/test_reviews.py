"""Messages that somebody has to look at: who may decide what, and what a decision does."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain import clock, opt_out_words, reviews, suppressions
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.history import Event
from domain.listings import Listing
from domain.messages import Message
from domain.opt_out_words import Outcome, Reading
from domain.reviews import Review
from domain.suppressions import DoNotContact, OptOut
from tests import make
from tests.sending import standing_of

LOOK = Reading(Outcome.REVIEW, "not_interested", "not interested")
PHRASE = Reading(Outcome.OPT_OUT, "take_me_off", "take me off your list")


async def waits(listing: Listing, reading: Reading = LOOK, **values: Any) -> Review:
    """A message of the seller that came in and was read so, as the inbox stores it."""
    message = await make.message(listing, direction="in", **{"body": "Take me off your list", **values})
    if reading.outcome is Outcome.OPT_OUT:
        await suppressions.opt_out(listing.account, message.from_address, message.body, message.id)
    await reviews.open_(listing.account, listing.id, message.id, message.from_address, reading)
    review = await Review.objects().get(Review.message == message.id)
    assert review is not None
    return review


async def stopped(review: Review) -> bool:
    return await suppressions.opted_out(review.account, review.address)


# What waits


async def test_what_needs_a_look_waits_once(house: None) -> None:
    listing = await make.listing()
    review = await waits(listing)
    assert (review.outcome, review.rule, review.evidence) == ("review", "not_interested", "not interested")
    assert not await reviews.open_(listing.account, listing.id, review.message, review.address, LOOK)
    assert await reviews.count(listing.account) == 1


@pytest.mark.parametrize("body", ["STOP", "stop!", "Yes it is still here", "START", "HELP"])
async def test_what_is_clear_waits_for_nobody(house: None, body: str) -> None:
    message = await make.message(direction="in", body=body)
    reading = opt_out_words.understand(body)
    assert not await reviews.open_(message.account, message.listing, message.id, message.from_address, reading)
    assert not await Review.exists()


async def test_a_phrase_taken_for_an_opt_out_waits_to_be_looked_at(house: None) -> None:
    reading = opt_out_words.understand("please take me off your list")
    review = await waits(await make.listing(), reading)
    assert review.outcome == "opt_out"


async def test_the_page_shows_its_own_account_newest_first_and_loses_none(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "PAGE", 3)
    listing = await make.listing()
    made = [await waits(listing, body=f"number {n}") for n in range(7)]
    same = made[0].at  # several at one moment
    await Review.update({Review.at: same}).where(Review.account == listing.account)
    await waits(await make.listing(await make.account()), body="foreign")
    seen: list[str] = []
    before = None
    for _ in range(9):
        rows, before = await reviews.page(listing.account, before)
        seen += [row["body"] for row in rows]
        if before is None:
            break
    assert seen == [f"number {n}" for n in reversed(range(7))]


async def test_one_of_an_unmatched_message_is_shown_without_a_vehicle(house: None) -> None:
    message = await make.unmatched(body="who is this")
    await reviews.open_(message.account, None, message.id, message.from_address, LOOK)
    [row], _ = await reviews.page(message.account)
    assert (row["listing"], row["body"]) == (None, "who is this")
    review = await Review.objects().first()
    assert review is not None
    assert await reviews.settle(review, await make.user(), "dnc") is not None
    assert (await standing_of(message.account, message.from_address)).dnc


async def test_a_foreign_one_is_not_found(house: None) -> None:
    review = await waits(await make.listing())
    with pytest.raises(NotFound):
        await reviews.of((await make.account()).id, review.id)


# Decisions


async def test_carrying_on_ends_the_wait_and_nothing_else(house: None) -> None:
    review, user = await waits(await make.listing()), await make.user()
    assert await reviews.settle(review, user, "carry_on") == reviews.Settled()
    row = await reviews.of(review.account, review.id)
    assert (row.decision, row.settled_by) == ("carry_on", user.id)
    assert not await stopped(review)
    assert await reviews.count(review.account) == 0
    assert await AuditEntry.count().where(AuditEntry.action == "review.settled") == 1


async def test_opting_out_cancels_what_waits_and_says_who_heard_it(house: None) -> None:
    listing, user = await make.listing(), await make.user()
    review = await waits(listing)
    pending = await make.message(listing, state="queued")
    await reviews.settle(review, user, "opt_out")
    assert await stopped(review)
    row = await OptOut.select().first()
    assert (row["source"], row["added_by"]) == ("agent", user.id)
    assert (await Message.select().where(Message.id == pending.id).first())["state"] == "cancelled"


async def test_do_not_contact_reaches_stage_and_lists(house: None) -> None:
    listing = await make.listing(seller={"email": "Dana@Seller.example"})
    review = await waits(listing)
    await reviews.settle(review, await make.user(), "dnc")
    assert (await Listing.select().first())["stage"] == "dnc"
    listed = {row["address"] for row in await DoNotContact.select()}
    assert listed == {review.address, "dana@seller.example"}


async def test_of_many_who_decide_at_once_one_does(house: None) -> None:
    review = await waits(await make.listing())
    people = [await make.user() for _ in range(6)]
    wanted = ["carry_on", "opt_out", "dnc", "carry_on", "opt_out", "dnc"]
    done = await asyncio.gather(*(reviews.settle(review, *each) for each in zip(people, wanted, strict=True)))
    assert sum(each is not None for each in done) == 1
    decision = (await reviews.of(review.account, review.id)).decision
    assert await stopped(review) == (decision == "opt_out")
    assert await DoNotContact.exists() == (decision == "dnc")


@pytest.mark.parametrize("decision", ["", "settle", "CARRY_ON", "review"])
async def test_another_word_decides_nothing(house: None, decision: str) -> None:
    review = await waits(await make.listing())
    with pytest.raises(Refused) as refused:
        await reviews.settle(review, await make.user(), decision)
    assert refused.value.field == "decision"
    assert await reviews.count(review.account) == 1


async def test_support_decides_nothing(house: None) -> None:
    review = await waits(await make.listing())
    for decision in reviews.Decision:
        with pytest.raises(Refused) as refused:
            await reviews.settle(review, await make.user(role="support"), decision)
        assert refused.value.code == "no_permission"


# Taking back an opt-out


async def test_a_manager_takes_back_an_opt_out_with_a_reason(house: None) -> None:
    review, manager = await waits(await make.listing(), PHRASE), await make.user(role="manager", name="Mia")
    assert await stopped(review)
    assert await reviews.settle(review, manager, "carry_on", "He meant the car cover") == reviews.Settled()
    assert not await stopped(review)
    assert (await OptOut.select().first())["lifted_by"] == "Taken back by Mia: He meant the car cover"
    assert await AuditEntry.count().where(AuditEntry.action == "opt_out.lifted") == 1
    assert await Event.count().where(Event.kind == "opted_in") == 1


async def test_an_agent_or_a_manager_without_a_reason_takes_nothing_back(house: None) -> None:
    review = await waits(await make.listing(), PHRASE)
    with pytest.raises(Refused) as refused:
        await reviews.settle(review, await make.user(), "carry_on", "because")
    assert refused.value.code == "no_permission"
    for reason in ("", "  \n ", "x" * 501):
        with pytest.raises(Refused) as refused:
            await reviews.settle(review, await make.user(role="manager"), "carry_on", reason)
        assert refused.value.field == "reason"
    assert await stopped(review)
    assert await reviews.count(review.account) == 1


async def test_an_agent_confirms_an_opt_out(house: None) -> None:
    review = await waits(await make.listing(), PHRASE)
    await reviews.settle(review, await make.user(), "opt_out")
    assert await stopped(review)
    assert await OptOut.count() == 1


@pytest.mark.parametrize("first", ["before", "after"])
async def test_a_stop_of_the_same_seller_stands(house: None, first: str) -> None:
    listing, manager = await make.listing(), await make.user(role="manager")

    async def says_stop() -> None:
        message = await make.message(listing, direction="in", body="STOP")
        await suppressions.opt_out(listing.account, message.from_address, "STOP", message.id)

    if first == "before":
        await says_stop()
    review = await waits(listing, PHRASE)
    if first == "after":
        await says_stop()
    settled = await reviews.settle(review, manager, "carry_on", "A misunderstanding")
    assert settled == reviews.Settled(stands=True)
    assert await stopped(review)


async def test_of_two_phrases_the_opt_out_goes_with_the_second(house: None) -> None:
    listing, manager = await make.listing(), await make.user(role="manager")
    one, two = await waits(listing, PHRASE), await waits(listing, PHRASE)
    assert await reviews.settle(two, manager, "carry_on", "No") == reviews.Settled(stands=True)
    assert await stopped(one)
    assert await reviews.settle(one, manager, "carry_on", "No") == reviews.Settled()
    assert not await stopped(one)


async def test_what_an_agent_heard_or_a_provider_says_stands(house: None) -> None:
    manager = await make.user(role="manager")
    for source in ("agent", "provider", "import"):
        listing = await make.listing()
        seller = await make.seller_of(listing)
        await make.opt_out(seller.mobile, source=source, at=clock.now() - timedelta(days=1))
        review = await waits(listing, PHRASE)
        assert await reviews.settle(review, manager, "carry_on", "No") == reviews.Settled(stands=True)
        assert await stopped(review)


async def test_one_a_start_lifted_is_only_settled(house: None) -> None:
    review = await waits(await make.listing(), PHRASE)
    await suppressions.opt_in(review.account, review.address, "START", clock.now())
    settled = await reviews.settle(review, await make.user(role="manager"), "carry_on", "No")
    assert settled == reviews.Settled()
    assert not await stopped(review)


async def test_a_stop_of_another_seller_or_dealership_holds_nothing_back(house: None) -> None:
    review, other = await waits(await make.listing(), PHRASE), await make.listing()
    await make.message(other, direction="in", body="STOP")
    foreign = await make.listing(await make.account())
    await make.message(foreign, direction="in", body="STOP", from_address=review.address)
    settled = await reviews.settle(review, await make.user(role="manager"), "carry_on", "No")
    assert settled == reviews.Settled()

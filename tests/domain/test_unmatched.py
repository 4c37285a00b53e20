"""Messages that belong to no listing: found, linked, discarded and put back, blocked."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import clock, history, suppressions, threads, unmatched
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.history import Event
from domain.inbox import MatchSuggestion
from domain.inbox.matching import listing_of
from domain.listings import Listing
from domain.messages import Message
from domain.users import Role
from tests import make

NUMBER = "+15205550142"


def hour(before: float) -> datetime:
    return clock.now() - timedelta(hours=before)


async def row(key: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await Message.select().where(Message.id == key).first()
    return found


async def waiting(listing: Listing) -> datetime | None:
    found = await Listing.select(Listing.waiting_since).where(Listing.id == listing.id).first()
    return found["waiting_since"]


async def link(message: Message, listing: Listing, **more: Any) -> int:
    return await unmatched.link(await make.dealership(), message.id, listing, await make.user(), **more)


# Linked


async def test_a_linked_message_joins_the_history_at_its_own_time_and_waits_for_an_answer(house: None) -> None:
    listing = await make.listing()
    later = await make.message(listing, direction="in", at=hour(1))
    message = await make.unmatched(from_address=NUMBER, at=hour(5))
    assert await link(message, listing) == 1
    page = await history.page(listing.id)
    assert [each["id"] for each in page.rows if each["what"] == "message"] == [message.id, later.id]
    assert (await row(message.id))["responded_at"] is None
    assert await waiting(listing) == message.at
    assert (await Listing.select().where(Listing.id == listing.id).first())["stage"] == "contacted"
    assert await unmatched.count(listing.account) == 0
    assert await AuditEntry.exists().where(AuditEntry.action == "message.linked")


async def test_what_was_answered_since_does_not_wait(house: None) -> None:
    listing = await make.listing(stage="contacted")
    await make.message(listing, direction="out", at=hour(1))
    message = await make.unmatched(at=hour(5))
    await link(message, listing)
    assert (await row(message.id))["responded_at"] is not None
    assert await waiting(listing) is None


async def test_the_others_of_the_same_sender_come_along_and_nobody_elses(house: None) -> None:
    listing = await make.listing()
    first = await make.unmatched(from_address=NUMBER, at=hour(3))
    theirs = await make.unmatched(from_address=NUMBER, at=hour(2))
    typed = await make.unmatched(direction="out", origin="app", to_address=NUMBER, at=hour(1), state="delivered")
    stranger = await make.unmatched()
    discarded = await make.unmatched(from_address=NUMBER, responded_at=hour(1))
    foreign = await make.unmatched(await make.account(), from_address=NUMBER)
    assert await link(first, listing) == 3
    for each in (first, theirs, typed):
        assert (await row(each.id))["listing"] == listing.id
    for each in (stranger, discarded, foreign):
        assert (await row(each.id))["listing"] is None
    assert (await row(theirs.id))["responded_at"] is not None  # what was typed in the app answered it


async def test_linking_says_whose_thread_it_is_and_the_next_message_finds_its_way(house: None) -> None:
    account, listing = await make.dealership(), await make.listing()
    connection = await make.connection(account)
    await threads.heard(account.id, connection.id, "facebook", "psid-1", hour(2), listing=None)
    message = await make.unmatched(channel="facebook", from_address="psid-1")
    await MatchSuggestion.insert(MatchSuggestion(message=message.id, listing=listing.id, why="Perhaps."))
    await link(message, listing)
    assert await threads.listing_of(account.id, "facebook", "psid-1") == listing.id
    assert not await MatchSuggestion.exists()


async def test_the_next_text_of_a_linked_number_finds_the_listing_by_itself(house: None) -> None:
    account, listing = await make.dealership(), await make.listing()
    message = await make.unmatched(from_address=NUMBER)
    assert await listing_of(account.id, NUMBER, "") is None
    await link(message, listing)
    assert await listing_of(account.id, NUMBER, "") == listing.id


async def test_the_number_is_kept_where_the_seller_has_room_for_one(house: None) -> None:
    listing = await make.listing()
    seller = await make.seller_of(listing)
    await link(await make.unmatched(from_address=NUMBER), listing, keep=True)
    kept = await make.seller_of(listing)
    assert (kept.mobile, kept.phone) == (seller.mobile, NUMBER)
    assert (await Listing.select().where(Listing.id == listing.id).first())["model"] == "Outback"
    await link(await make.unmatched(from_address="+15205550143"), listing, keep=True)
    kept = await make.seller_of(listing)
    assert (kept.mobile, kept.phone) == (seller.mobile, NUMBER)


async def test_an_opt_out_among_them_is_told_in_the_history_and_a_reply_cancels_plans(house: None) -> None:
    account, listing = await make.dealership(), await make.listing()
    message = await make.unmatched(from_address=NUMBER, body="STOP")
    await suppressions.opt_out(account.id, NUMBER, "STOP", message.id)
    plan = await make.message(listing, kind="scheduled", state="pending", scheduled_at=hour(-5))
    await link(message, listing)
    assert await Event.exists().where((Event.kind == "opted_out") & (Event.listing == listing.id))
    assert (await row(plan.id))["state"] == "cancelled"


async def test_what_somebody_settled_is_not_linked_again(house: None) -> None:
    listing, other = await make.listing(), await make.listing()
    message = await make.unmatched()
    await link(message, listing)
    with pytest.raises(NotFound):
        await link(message, other)
    assert (await row(message.id))["listing"] == listing.id


async def test_what_was_discarded_can_still_be_linked(house: None) -> None:
    listing = await make.listing(stage="contacted")
    message = await make.unmatched(responded_at=hour(1))
    assert await link(message, listing) == 1
    assert await waiting(listing) == message.at


async def test_nothing_goes_into_another_dealerships_listing(house: None) -> None:
    message = await make.unmatched()
    theirs = await make.listing(await make.account())
    with pytest.raises(NotFound):
        await link(message, theirs)


# Suggested


async def test_the_guess_comes_first_then_whoever_has_that_number(house: None) -> None:
    account = await make.dealership()
    likely, known = await make.listing(), await make.listing(seller={"phone": NUMBER})
    await make.listing(seller={"phone": NUMBER}, hidden=True)
    message = await make.unmatched(from_address=NUMBER)
    await MatchSuggestion.insert(MatchSuggestion(message=message.id, listing=likely.id, why="The same name."))
    found = await unmatched.suggestions(account.id, await unmatched.of(account.id, message.id))
    assert [(each["listing"], each["why"]) for each in found] == [
        (likely.id, "The same name."),
        (known.id, "Its seller has this number or address."),
    ]


# Discarded, blocked


async def test_what_was_discarded_can_be_put_back_for_thirty_days(house: None) -> None:
    user, message = await make.user(), await make.unmatched()
    assert await unmatched.discard(message, user)
    assert not await unmatched.discard(message, user)
    rows, _ = await unmatched.page(message.account, discarded=True)
    assert [each["id"] for each in rows] == [message.id]
    assert await unmatched.restore(message, user)
    assert await unmatched.count(message.account) == 1
    await Message.update({Message.responded_at: hour(24 * 31)}).where(Message.id == message.id)
    assert not await unmatched.restore(message, user)
    assert (await unmatched.page(message.account, discarded=True))[0] == []


async def test_blocking_silences_the_sender_and_what_waits_from_there(house: None) -> None:
    user, message = await make.user(), await make.unmatched(from_address=NUMBER)
    await make.unmatched(from_address=NUMBER)
    await make.unmatched()
    assert await unmatched.block(message, user) == 2
    assert await suppressions.blocked(message.account, NUMBER)
    assert await unmatched.count(message.account) == 1


@pytest.mark.parametrize("verb", ["discard", "restore", "block"])
async def test_support_settles_nothing(house: None, verb: str) -> None:
    message, support = await make.unmatched(), await make.user(role=Role.SUPPORT)
    with pytest.raises(Refused, match="role"):
        await getattr(unmatched, verb)(message, support)
    with pytest.raises(Refused, match="role"):
        await unmatched.link(await make.dealership(), message.id, await make.listing(), support)

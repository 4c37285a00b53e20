"""Contacts made elsewhere: what they mean for the listing, and who may mend them how long."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import clock, external, history, reviews
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.external import Contact
from domain.external_contacts import ExternalContact
from domain.listings import Listing
from domain.messages import Message
from domain.reviews import Review
from domain.users import Role
from tests import make


def hour(before: float) -> datetime:
    return clock.now() - timedelta(hours=before)


def call(**said: Any) -> Contact:
    return Contact(**{"way": "call", "direction": "out", "at": hour(1), "note": "Left word.", "seconds": 90, **said})


async def log(listing: Listing, contact: Contact, **more: Any) -> UUID:
    user = more.pop("user", None) or await make.user()
    return await external.log(await make.dealership(), listing, user, contact, **more)


async def fresh(listing: Listing) -> dict[str, Any]:
    row: dict[str, Any] = await Listing.select().where(Listing.id == listing.id).first()
    return row


async def message(key: UUID) -> dict[str, Any]:
    row: dict[str, Any] = await Message.select().where(Message.id == key).first()
    return row


# Logged


async def test_a_call_stands_in_the_history_at_its_own_time_and_moves_the_listing_on(house: None) -> None:
    listing, user = await make.listing(), await make.user()
    newer = await make.message(listing, direction="in", body="Hi", at=hour(0.1), state="received")
    key = await log(listing, call(at=hour(2), note=" Wants  $12,000. "), user=user)
    page = await history.page(listing.id)
    assert [row["id"] for row in page.rows if row["what"] == "message"] == [key, newer.id]
    row = await message(key)
    assert (row["state"], row["kind"], row["channel"], row["body"]) == ("logged", "external", "call", "Wants $12,000.")
    beside = await ExternalContact.select().first()
    assert (beside["type"], beside["seconds"], beside["assisted"]) == ("follow_up", 90, False)
    assert (await fresh(listing))["stage"] == "contacted"
    assert (await fresh(listing))["main_user"] == user.id


async def test_a_contact_of_long_ago_does_not_make_the_last_one_older(house: None) -> None:
    listing = await make.listing(stage="contacted", last_contact_at=hour(1))
    await log(listing, call(at=hour(50)))
    assert (await fresh(listing))["last_contact_at"] > hour(2)


async def test_an_outbound_contact_answers_what_waited_before_it_and_nothing_later(house: None) -> None:
    listing = await make.listing(stage="contacted")
    before = await make.message(listing, direction="in", at=hour(3), state="received")
    after = await make.message(listing, direction="in", at=hour(0.5), state="received")
    await log(listing, call(at=hour(1)))
    assert (await message(before.id))["responded_at"] is not None
    assert (await message(after.id))["responded_at"] is None
    assert (await fresh(listing))["waiting_since"] == after.at


async def test_what_the_seller_wrote_elsewhere_waits_for_an_answer_but_a_call_was_one(house: None) -> None:
    listing = await make.listing(stage="contacted")
    talked = await log(listing, call(direction="in"))
    assert (await message(talked))["responded_at"] is not None
    assert (await fresh(listing))["waiting_since"] is None
    wrote = await log(listing, Contact("text", "in", hour(2), "reply", "Is it still for sale?"))
    assert (await message(wrote))["responded_at"] is None
    assert (await fresh(listing))["waiting_since"] is not None


async def test_what_was_answered_since_does_not_wait(house: None) -> None:
    listing = await make.listing(stage="contacted")
    await make.message(listing, direction="out", at=hour(1), state="delivered")
    key = await log(listing, Contact("email", "in", hour(2), "reply"))
    assert (await message(key))["responded_at"] is not None
    assert (await fresh(listing))["waiting_since"] is None


async def test_a_logged_reply_cancels_what_was_to_leave_by_itself(house: None) -> None:
    listing = await make.listing()
    plan = await make.message(listing, kind="scheduled", state="pending", scheduled_at=hour(-5))
    await log(listing, call(direction="out"))
    assert (await message(plan.id))["state"] == "pending"
    await log(listing, call(direction="in"))
    row = await message(plan.id)
    assert (row["state"], row["code"]) == ("cancelled", "seller_wrote")


async def test_a_form_sent_twice_is_kept_once(house: None) -> None:
    listing, user = await make.listing(), await make.user()
    first = await log(listing, call(), user=user, nonce="once")
    assert await log(listing, call(), user=user, nonce="once") == first
    assert await Message.count() == 1
    assert await log(listing, call(), user=user, nonce="twice") != first


@pytest.mark.parametrize(
    "other",
    [{"note": "She called back."}, {"direction": "in"}, {"way": "visit", "seconds": 0}, {"seconds": 91}, {"at": None}],
    ids=lambda each: next(iter(each)),
)
async def test_a_form_that_logged_something_else_loses_nothing_silently(house: None, other: dict[str, Any]) -> None:
    listing, user = await make.listing(), await make.user()
    said = call()
    first = await log(listing, said, user=user, nonce="once")
    changed = replace(said, **({"at": said.at - timedelta(minutes=1)} if "at" in other else other))
    with pytest.raises(Refused, match="Press again") as refused:
        await log(listing, changed, user=user, nonce="once")
    assert refused.value.code == external.LOGGED_OTHERWISE
    assert [row["id"] for row in await Message.select(Message.id)] == [first]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"at": datetime(2999, 1, 1, tzinfo=UTC)}, "time"),
        ({"at": datetime(1900, 1, 1, tzinfo=UTC)}, "date"),
        ({"at": datetime(1, 1, 2, tzinfo=UTC)}, "date"),
        ({"way": "pigeon"}, "way"),
        ({"way": "other", "place": "  "}, "place"),
        ({"direction": "sideways"}, "direction"),
        ({"type": "gossip"}, "type"),
        ({"seconds": -1}, "lasted"),
        ({"seconds": 90_000}, "lasted"),
        ({"note": "x" * 5_001}, "note"),
        ({"note": "x" * 60_000}, "note"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)
async def test_what_cannot_be_is_refused_at_its_field(house: None, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        await log(await make.listing(), call(**said))
    assert refused.value.field == field
    assert "xxx" not in refused.value.message
    assert not await Message.exists()


async def test_support_logs_nothing(house: None) -> None:
    with pytest.raises(Refused, match="role"):
        await log(await make.listing(), call(), user=await make.user(role=Role.SUPPORT))


async def test_the_length_of_a_call_belongs_to_a_call_alone(house: None) -> None:
    await log(await make.listing(), call(way="visit", place="Front desk"))
    beside = await ExternalContact.select().first()
    assert (beside["seconds"], beside["place"]) == (0, "")


# Mended


async def test_its_author_puts_it_right_and_what_it_answered_waits_again(house: None) -> None:
    account, listing, user = await make.dealership(), await make.listing(stage="contacted"), await make.user()
    waits = await make.message(listing, direction="in", at=hour(3), state="received")
    key = await log(listing, call(at=hour(1)), user=user)
    assert (await message(waits.id))["responded_at"] is not None
    await external.change(account, key, user, replace(call(), at=hour(4), note="Earlier."))
    assert (await message(waits.id))["responded_at"] is None
    assert (await fresh(listing))["waiting_since"] == waits.at
    assert (await message(key))["body"] == "Earlier."
    entry = await AuditEntry.select().where(AuditEntry.action == "external.changed").output(load_json=True).first()
    assert entry["subject"] == key
    assert "Earlier." not in str(entry["detail"])


async def test_of_two_windows_that_save_at_once_the_second_hears_of_the_first(house: None) -> None:
    account, listing, user = await make.dealership(), await make.listing(), await make.user()
    key = await log(listing, call(), user=user)
    seen = (await message(key))["revision"]
    both = (external.change(account, key, user, call(note=note, revision=seen)) for note in ("First.", "Second."))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in done) == 1
    assert (await message(key))["revision"] == seen + 1


async def test_its_author_takes_it_away_and_what_it_answered_waits_again(house: None) -> None:
    account, listing, user = await make.dealership(), await make.listing(), await make.user()
    waits = await make.message(listing, direction="in", at=hour(3), state="received")
    key = await log(listing, call(), user=user)
    before = await history.stamp(listing.id)
    assert await external.delete(account, key, user) == listing.id
    assert not await Message.exists().where(Message.id == key)
    assert not await ExternalContact.exists()
    assert (await message(waits.id))["responded_at"] is None
    assert await history.stamp(listing.id) != before
    assert await AuditEntry.exists().where(AuditEntry.action == "external.deleted")


async def test_nobody_else_changes_it_and_its_author_not_after_a_day(house: None) -> None:
    account, listing, user = await make.dealership(), await make.listing(), await make.user()
    key = await log(listing, call(), user=user)
    with pytest.raises(NotFound):
        await external.change(account, key, await make.user(role=Role.ADMIN), call())
    with pytest.raises(NotFound):
        await external.delete(await make.account(), key, user)
    await Message.update({Message.created_at: hour(24.1)}).where(Message.id == key)
    with pytest.raises(Refused, match="more than a day"):
        await external.change(account, key, user, call())
    with pytest.raises(Refused, match="more than a day"):
        await external.delete(account, key, user)


async def test_what_left_by_the_platform_is_not_taken_away(house: None) -> None:
    user = await make.user()
    sent = await make.message(await make.listing(), user=user.id, state="delivered")
    with pytest.raises(NotFound):
        await external.delete(await make.dealership(), sent.id, user)


# What they said elsewhere may mean stop


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"way": "text", "direction": "in", "note": "STOP"}, True),
        ({"way": "call", "direction": "in", "note": "Seller called and said STOP"}, True),
        ({"way": "call", "direction": "out", "note": "Reached her. Please stop texting me, she said."}, True),
        ({"way": "email", "direction": "in", "note": "Take me off your list."}, True),
        ({"way": "call", "direction": "out", "note": "Wants $12,000, can stop by on Monday."}, False),
        ({"way": "call", "direction": "in", "note": "Sold it already."}, False),
        ({"way": "email", "direction": "out", "note": "We stop texting you."}, False),
    ],
    ids=lambda each: str(each)[:40] if isinstance(each, bool) else f"{each['way']}-{each['direction']}",
)
async def test_a_stop_that_was_heard_elsewhere_waits_for_somebody_to_decide(
    house: None, said: dict[str, Any], asked: bool
) -> None:
    listing = await make.listing(seller={"email": "dana@mail.example"})
    seller = await make.seller_of(listing)
    key = await log(listing, call(seconds=0, **said))
    rows = await Review.objects()
    assert bool(rows) == asked == await reviews.waits(key)
    for row in rows:
        place = ("email", seller.email) if said["way"] == "email" else ("text", seller.mobile)
        assert (row.channel, row.address, row.outcome, row.settled_at) == (*place, "review", None)


async def test_what_was_put_right_or_taken_away_asks_nobody_any_more(house: None) -> None:
    listing, user = await make.listing(), await make.user()
    account = await make.dealership()
    key = await log(listing, call(direction="in", note="STOP"), user=user)
    await external.change(account, key, user, call(direction="in", note="Wants to meet."))
    assert not await reviews.waits(key)
    await external.change(account, key, user, call(direction="in", note="STOP"))
    assert await reviews.waits(key)
    await external.delete(account, key, user)
    assert not await Review.exists()

"""The lists hold numbers and emails: whoever is on one is passed over by every channel that would reach them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain import (
    clock,
    composing,
    consents,
    db,
    delivery,
    gate,
    installations,
    judging,
    messages,
    suppressions,
    threads,
)
from domain.batches import choosing, drafts, expanding, looking, starting
from domain.batches.drafts import Words
from domain.batches.looking import Summary
from domain.batches.tables import Batch, BatchListing
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.reviews import Review
from domain.users import User
from tests import make
from tests.sending import OWNER, Provider, Shop, again, shop

MOBILE, PHONE, MAIL = "+15205550181", "+15205550182", "dana@mail.example"
SELLER = {"mobile": MOBILE, "phone": PHONE, "email": MAIL}
BY = {"mobile": MOBILE, "phone": PHONE, "email": MAIL}


class Forms(Provider):
    kind, channel, name = "form", "form", "Contact forms"
    senders = "one"


class Post(Provider):
    kind, channel, name = "email", "email", "Email"
    senders = "one"


@pytest.fixture
async def dealer(house: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A manager at a dealership that texts, fills in forms and emails."""
    for each in (Forms, Post):
        monkeypatch.setitem(CHANNELS, each.kind, each)
    made = await shop()
    await User.update({User.role: "manager"}).where(User.id == made.user.id)
    made.user.role = "manager"
    for kind in ("form", "email"):
        await make.connection(made.account, kind=kind, options={"from_email": "sales@lots.example"})
    return made


async def ad(dealer: Shop, **seller: str) -> Listing:
    source = await make.source(dealer.account, "kbb", form_transport="http_form")
    return await make.listing(dealer.account, source=source, seller={**SELLER, **seller})


async def put(dealer: Shop, world: str, address: str) -> None:
    """Puts the address on a list."""
    if world == "dnc":
        await suppressions.dnc(dealer.account.id, [address], "From a file")
    elif world == "block":
        await suppressions.block(dealer.account.id, dealer.user, address, "Threats")
    elif world == "stop":
        await make.opt_out(address, dealer.account, channel="email" if "@" in address else "text")
    else:
        inbound = await make.message(await make.listing(dealer.account), direction="in", from_address=address)
        await Review.insert(Review(account=dealer.account.id, message=inbound.id, address=address, outcome="review"))


async def window(dealer: Shop, listing: Listing, channel: str, kind: str) -> list[str]:
    decision = await composing.judge(await dealer.scene(listing), channel, kind=kind)
    return _codes(decision.refusals)


async def many(dealer: Shop, listing: Listing, channel: str, kind: str) -> list[str]:
    judge = await judging.judge(dealer.account, dealer.user, kind)
    [row] = [row async for some in judging.rows(dealer.account, [listing.id]) for row in some]
    return _codes(judge.decide(row, channel, to=row["form"]).refusals)


async def last_look(dealer: Shop, listing: Listing, channel: str, kind: str) -> list[str]:
    carrier = dealer.connection
    if channel != "text":
        found = await Connection.objects().get((Connection.account == dealer.account.id) & (Connection.kind == channel))
        assert found is not None
        carrier = found
    to = {"text": MOBILE, "email": MAIL, "form": listing.url}[channel]
    message = await dealer.text(listing, channel=channel, kind=kind, to_address=to, connection=carrier.id)
    await delivery.start(OWNER, await delivery.claim(OWNER, carrier.id, 10))
    ended = await again(message)
    return [] if ended.state == State.SENDING else _without_hours(json.loads(ended.decision)["codes"])


def _codes(refusals: tuple[gate.Refusal, ...]) -> list[str]:
    return _without_hours([each.code for each in refusals])


def _without_hours(codes: list[str]) -> list[str]:
    return [each for each in codes if each != "quiet_hours"]


async def all_three(dealer: Shop, listing: Listing, channel: str, kind: str) -> list[str]:
    """What the window, the look at many and the worker say, which is the same."""
    said = await window(dealer, listing, channel, kind)
    assert await many(dealer, listing, channel, kind) == said
    assert await last_look(dealer, listing, channel, kind) == said
    return said


@pytest.mark.parametrize("whose", BY)
@pytest.mark.parametrize(
    ("world", "code"),
    [("dnc", "phone_dnc"), ("block", "phone_blocked"), ("stop", "opted_out"), ("review", "review_open")],
)
async def test_no_form_leaves_by_itself_to_who_is_on_a_list_by_any_of_theirs(
    dealer: Shop, world: str, code: str, whose: str
) -> None:
    listing = await ad(dealer)
    assert await window(dealer, listing, "form", "batch") == []
    await put(dealer, world, BY[whose])
    assert await all_three(dealer, listing, "form", "batch") == [code]


@pytest.mark.parametrize("channel", ["text", "email", "form"])
@pytest.mark.parametrize("kind", ["one_to_one", "scheduled"])
async def test_who_is_not_to_be_contacted_is_so_by_every_channel_and_number(
    dealer: Shop, channel: str, kind: str
) -> None:
    listing = await ad(dealer)
    await put(dealer, "dnc", PHONE)
    assert await all_three(dealer, listing, channel, kind) == ["phone_dnc"]
    [said] = (await composing.judge(await dealer.scene(listing), channel)).refusals
    assert said.message == "This seller is on your do-not-contact list."


PSID = "7020304050607081"
WAYS = {"text": MOBILE, "email": MAIL, "form": ""}


async def stop(dealer: Shop, listing: Listing, where: str) -> None:
    """The seller says stop by their mobile, their email or in their thread with our Page."""
    if where == "facebook":
        await threads.heard(dealer.account.id, dealer.connection.id, where, PSID, clock.now(), listing=listing.id)
    address = {"text": MOBILE, "email": MAIL, "facebook": PSID}[where]
    await make.opt_out(address, dealer.account, channel=where)


@pytest.mark.parametrize("where", ["text", "email", "facebook"])
@pytest.mark.parametrize("kind", ["one_to_one", "scheduled", "automated", "batch"])
async def test_who_said_stop_somewhere_is_written_to_nowhere(dealer: Shop, where: str, kind: str) -> None:
    listing = await ad(dealer)
    await stop(dealer, listing, where)
    for channel in WAYS:
        assert await all_three(dealer, listing, channel, kind) == ["opted_out"], channel
        said = (await composing.judge(await dealer.scene(listing), channel, kind=kind)).refusals[0].message
        assert (said == "This seller asked not to get messages.") == (channel != where)


@pytest.mark.parametrize("where", ["text", "email", "facebook"])
async def test_once_they_wrote_again_a_person_may_answer_elsewhere_and_nothing_leaves_by_itself(
    dealer: Shop, where: str, clock: Any
) -> None:
    listing = await ad(dealer)
    clock.advance(minutes=-1)
    await stop(dealer, listing, where)
    await make.message(listing, direction="in", from_address=PHONE, at=clock.now() - timedelta(hours=1))
    assert await window(dealer, listing, "form", "one_to_one") == ["opted_out"]  # that was before
    clock.advance(minutes=1)
    await make.message(listing, direction="in", from_address=PHONE, at=clock.now())
    for channel in WAYS:
        expected = ["opted_out"] if channel == where else []
        assert await all_three(dealer, listing, channel, "one_to_one") == expected, channel
        assert await all_three(dealer, listing, channel, "automated") == ["opted_out"]


async def test_a_stop_in_the_thread_of_another_vehicle_or_one_that_was_lifted_stops_nothing(dealer: Shop) -> None:
    listing, other = await ad(dealer), await ad(dealer, mobile="", phone="", email="bo@mail.example")
    await stop(dealer, other, "facebook")
    assert await window(dealer, listing, "text", "automated") == []
    await stop(dealer, listing, "text")
    await suppressions.opt_in(dealer.account.id, MOBILE, "START", clock.now())
    assert await window(dealer, listing, "email", "automated") == []


async def test_a_stop_cancels_what_waits_for_them_by_every_channel_but_its_own_answer(dealer: Shop) -> None:
    listing = await ad(dealer)
    waiting = [await dealer.text(listing, channel=channel, to_address="", kind="scheduled") for channel in WAYS]
    answer = await dealer.text(listing, kind="answer", to_address=MOBILE)
    async with db.writing():
        await messages.cancel_for_listing(listing.id, "The seller asked to stop.", "opted_out")
    assert {(await again(each)).state for each in waiting} == {State.CANCELLED}
    assert (await again(answer)).state == State.QUEUED


# How often


async def test_a_person_reached_by_two_numbers_an_email_and_a_form_counts_as_one(dealer: Shop) -> None:
    listing = await ad(dealer)
    await sent_by_itself(listing, "text", MOBILE)
    await sent_by_itself(listing, "email", MAIL)
    assert await all_three(dealer, listing, "text", "automated") == []
    listing = await ad(dealer, mobile=make.phone(), email="bo@mail.example")  # known by PHONE
    await sent_by_itself(listing, "form", listing.url)
    await sent_by_itself(listing, "text", PHONE)
    assert await window(dealer, listing, "email", "automated") == []
    await sent_by_itself(listing, "text", (await make.seller_of(listing)).mobile)
    assert await window(dealer, listing, "email", "automated") == ["frequency_cap"]
    assert await many(dealer, listing, "email", "automated") == ["frequency_cap"]
    assert await window(dealer, listing, "email", "one_to_one") == []


async def test_a_word_of_theirs_by_any_way_ends_the_row_of_unanswered_ones(dealer: Shop) -> None:
    listing = await ad(dealer)
    for days, (channel, to) in zip((30, 20, 10), (("text", MOBILE), ("text", PHONE), ("email", MAIL)), strict=True):
        await sent_by_itself(listing, channel, to, days=days)
    assert await window(dealer, listing, "form", "automated") == ["frequency_cap"]
    await make.message(listing, direction="in", channel="facebook", from_address=PSID)
    assert await window(dealer, listing, "form", "automated") == []


async def test_of_automatic_ones_to_one_person_by_several_ways_that_are_due_at_once_three_leave(dealer: Shop) -> None:
    listing = await ad(dealer)
    await make.message(listing, to_address=MOBILE)
    texts = [
        await dealer.text(listing, kind="automated", to_address=to, to_field=field)
        for to, field in ((MOBILE, "mobile"), (PHONE, "phone")) * 3
    ]
    assert len(await dealer.start()) == 3
    assert sorted([(await again(each)).state for each in texts]) == ["failed"] * 3 + ["sending"] * 3


async def sent_by_itself(listing: Listing, channel: str, to: str, **ago: float) -> None:
    at = clock.now() - timedelta(**(ago or {"hours": 2}))
    await make.message(listing, channel=channel, to_address=to, kind="automated", state=State.SENT, at=at)


async def test_a_block_and_a_review_of_one_number_are_none_of_the_other(dealer: Shop) -> None:
    listing = await ad(dealer)
    await put(dealer, "block", PHONE)
    await put(dealer, "review", PHONE)
    assert await all_three(dealer, listing, "text", "automated") == []


@pytest.mark.parametrize(
    ("entry", "code"),
    [("dnc", "phone_dnc"), ("block", "phone_blocked"), ("opt_out", "opted_out")],
)
async def test_an_erased_number_that_comes_back_stops_its_form(dealer: Shop, entry: str, code: str) -> None:
    salt = await installations.salt()
    await consents.bury(dealer.account.id, salt, [consents.Entry(entry, "text", PHONE)])
    listing = await ad(dealer)
    assert await all_three(dealer, listing, "form", "batch") == [code]


# A batch


async def looked(dealer: Shop, listings: list[Listing], channel: str = "auto") -> tuple[Batch, Summary]:
    batch = await choosing.choose(dealer.account, dealer.user, [each.id for each in listings])
    words = Words("Is it still for sale?", channel=channel, subject="Your car")
    batch = await drafts.change(batch, dealer.account, dealer.user, words)
    return batch, await looking.look(batch, dealer.account, dealer.user)


async def found(batch: Batch) -> list[tuple[str, str]]:
    rows = await BatchListing.select().where(BatchListing.batch == batch.id).order_by(BatchListing.n)
    return [(row["channel"], row["code"]) for row in rows]


@pytest.mark.parametrize(("world", "code"), [("dnc", "phone_dnc"), ("block", "phone_blocked"), ("stop", "opted_out")])
async def test_auto_tries_no_other_channel_for_who_is_on_a_list(dealer: Shop, world: str, code: str) -> None:
    listing, other = await ad(dealer), await ad(dealer, mobile="", phone="", email="")
    await put(dealer, world, MOBILE)
    batch, summary = await looked(dealer, [listing, other])
    assert await found(batch) == [("", code), ("form", "")]
    assert summary.channels == {"form": 1}


async def test_auto_passes_over_a_landline_whose_seller_wrote_what_has_to_be_looked_at(dealer: Shop) -> None:
    listing = await ad(dealer)
    await NumberFact.insert(NumberFact(account=dealer.account.id, address=MOBILE, landline=True))
    batch, _ = await looked(dealer, [listing])
    assert await found(batch) == [("form", "")]
    await put(dealer, "review", MOBILE)
    batch, _ = await looked(dealer, [listing])
    assert await found(batch) == [("", "review_open")]


async def test_auto_says_first_what_stands_against_the_listing(dealer: Shop) -> None:
    listing = await ad(dealer)
    await put(dealer, "dnc", MOBILE)
    await Listing.update({Listing.stage: "dnc"}).where(Listing.id == listing.id)
    batch, _ = await looked(dealer, [listing])
    assert await found(batch) == [("", "stage_dnc")]


@pytest.mark.parametrize("channel", ["form", "auto"])
async def test_a_seller_with_several_ads_gets_one_message_of_a_batch(
    dealer: Shop, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are known by any number or email, also when another worker goes on with the batch."""
    one = await ad(dealer)
    same_email = await ad(dealer, mobile=make.phone(), phone=make.phone())
    other = await ad(dealer, mobile=make.phone(), phone=make.phone(), email="bo@mail.example")
    same_number = await ad(dealer, mobile=make.phone(), email="da@mail.example")
    batch, summary = await looked(dealer, [one, same_email, other, same_number], channel)
    carried = "form" if channel == "form" else "text"
    expected: list[Any] = [(carried, ""), ("", "duplicate_recipient"), (carried, ""), ("", "duplicate_recipient")]
    assert await found(batch) == expected
    monkeypatch.setattr(expanding, "AT_ONCE", 1)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    for _ in range(5):  # a worker each, who knows what those before wrote from their messages alone
        prepared = await expanding._prepare(batch.id)
        if prepared:
            await expanding._chunk(prepared)
    rows = await Message.select().where(Message.batch == batch.id)
    by_listing = {row["listing"]: (row["state"] != "skipped", row["code"], row["reason"]) for row in rows}
    assert [by_listing[each.id][:2] for each in (one, same_email, other, same_number)] == [
        (True, ""),
        (False, "duplicate_recipient"),
        (True, ""),
        (False, "duplicate_recipient"),
    ]
    assert by_listing[same_email.id][2] == "Another listing of this batch is of the same seller."

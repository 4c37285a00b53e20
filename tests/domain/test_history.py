"""The history of a listing: pages that lose and repeat nothing, and a stamp that changes with every change."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain import clock, db, delivery, history, ids, messages
from domain.channels.base import Accepted, ChannelError, Kind
from domain.history import Cursor, Event
from domain.listings import Listing, Stage
from domain.messages import Message, State
from tests import make
from tests.sending import again, end, put, shop, unknown


async def fill(listing: Listing, number: int, *, seed: int = 1) -> list[UUID]:
    """Messages and events, many of them at equal times, in no order; their ids, oldest first."""
    chance = random.Random(seed)
    start = clock.now() - timedelta(days=2)
    rows: list[Message | Event] = []
    for n in range(number):
        at = start + timedelta(microseconds=chance.choice([0, 1, 1, 2, 999_999, 1_000_000]))
        kind = Message if n % 3 else Event
        row = kind(id=ids.new(), account=listing.account, listing=listing.id, at=at)
        if isinstance(row, Message):
            row.channel, row.direction, row.author_kind, row.state = "text", "in", "seller", State.RECEIVED
        else:
            row.kind = "stage"
        rows.append(row)
    chance.shuffle(rows)
    await Message.insert(*[row for row in rows if isinstance(row, Message)])
    await Event.insert(*[row for row in rows if isinstance(row, Event)])
    return [row.id for row in sorted(rows, key=lambda row: (row.at, row.id))]


@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_pages_neither_lose_nor_repeat_entries_with_equal_times(house, limit):
    listing, other = await make.listing(), await make.listing()
    wanted = await fill(listing, 60)
    await fill(other, 20, seed=2)
    page, pages = await history.page(listing.id, limit=limit), []
    while True:
        assert len(page.rows) <= limit
        pages.insert(0, page.rows)
        if page.older is None:
            break
        # As a browser sends it back.
        page = await history.page(listing.id, Cursor.read(str(page.older)), limit)
    assert [row["id"] for rows in pages for row in rows] == wanted


async def test_what_comes_in_while_somebody_reads_back_shifts_no_page(house):
    listing = await make.listing()
    wanted = await fill(listing, 40)
    page = await history.page(listing.id, limit=10)
    await make.message(listing, direction="in")
    older = await history.page(listing.id, page.older, 10)
    assert [row["id"] for row in older.rows + page.rows] == wanted[-20:]


async def test_an_empty_history_has_no_pages(house):
    page = await history.page((await make.listing()).id)
    assert page == history.Page([], None, None)


async def test_a_row_says_what_it_is_and_who_wrote_it(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await make.message(listing, direction="in", body="Is it still there?", at=clock.now() - timedelta(minutes=3))
    await make.message(listing, user=dealer.user, body="Yes")
    async with db.writing():
        await history.note(listing.account, listing.id, "stage", user=dealer.user.id, old="contacted", new="pass")
    rows = (await history.page(listing.id)).rows
    assert [(row["what"], row["person"]) for row in rows] == [
        ("message", None),
        ("message", dealer.user.name),
        ("event", dealer.user.name),
    ]
    assert [row.get("body") for row in rows] == ["Is it still there?", "Yes", None]


async def test_an_open_page_shows_everything_from_its_first_entry_on(house):
    listing = await make.listing()
    wanted = await fill(listing, 30)
    page = await history.page(listing.id, limit=10)
    new = await make.message(listing, direction="in")
    refreshed = await history.since(listing.id, Cursor.read(str(page.first)))
    assert [row["id"] for row in refreshed.rows] == [*wanted[-10:], new.id]
    assert refreshed.first == page.first
    assert refreshed.older is None


async def test_a_page_open_for_very_long_shows_the_newest_and_the_way_to_the_rest(house, monkeypatch):
    monkeypatch.setattr(history, "MOST_LIVE", 20)
    listing = await make.listing()
    wanted = await fill(listing, 30)
    first = (await history.page(listing.id, limit=30)).first
    refreshed = await history.since(listing.id, first)
    assert [row["id"] for row in refreshed.rows] == wanted[-20:]
    assert [row["id"] for row in (await history.page(listing.id, refreshed.older)).rows] == wanted[:-20]


@given(some.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=some.just(UTC)), some.uuids())  # noqa: DTZ001
def test_a_cursor_that_went_round_by_a_browser_is_the_same(at, name):
    assert Cursor.read(str(Cursor(at, name))) == Cursor(at, name)


@given(some.one_of(some.text(), some.from_regex(r"-?[0-9a-f]{0,30}-[0-9a-f]{0,40}")))
def test_a_cursor_nobody_made_is_none_or_harmless(written):
    read = Cursor.read(written)
    assert read is None or read.at.tzinfo is UTC


async def test_the_stamp_changes_with_every_change(house, clock):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    message = await dealer.text(listing, undoable=True)
    seen = [await history.stamp(listing.id)]

    async def look(what):
        stamp = await history.stamp(listing.id)
        assert stamp not in seen, what
        seen.append(stamp)
        assert await history.stamp(listing.id) == stamp

    started = await dealer.start()
    await look("started")
    await end(started, ChannelError("…", Kind.THROTTLED, retry_after=1))
    await look("queued again")
    await put(message, not_before=clock.now() - timedelta(seconds=1))
    await end(await dealer.start(), unknown())
    await look("unknown")
    assert await messages.retry(await again(message), dealer.user, 2)
    await look("retried")
    await end(await dealer.start(), Accepted("1004"))
    await look("accepted")
    await delivery.follow_up()
    await look("the stage moved")
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004, message_status="success"))
    await look("sent")
    await dealer.hook(**dealer.inbound(message.to_address, "Yes"))
    await look("answered")
    await messages.mark_responded(listing.id)
    await look("marked")
    pending = await dealer.text(listing, state=State.PENDING)
    await look("scheduled")
    async with db.writing():
        await messages.cancel_for_listing(listing.id, "The listing was passed.")
    await look("cancelled")
    assert (await again(pending)).state == State.CANCELLED
    async with db.writing():
        await history.note(listing.account, listing.id, "assigned", name="Robin")
    await look("assigned")


async def test_a_change_that_commits_after_a_later_one_is_not_missed(house):
    """Its time is from before, but nobody could see it before."""
    listing = await make.listing()
    late, quick = [await make.message(listing) for _ in range(2)]
    at = clock.now()
    await put(quick, state=State.SENT, changed_at=at + timedelta(milliseconds=5))
    seen = await history.stamp(listing.id)
    await put(late, state=State.UNDELIVERED, changed_at=at)
    assert await history.stamp(listing.id) != seen


async def test_another_listings_changes_leave_the_stamp_alone(house):
    listing, other = await make.listing(), await make.listing()
    await make.message(listing)
    seen = await history.stamp(listing.id)
    await make.message(other)
    await make.event(other)
    assert await history.stamp(listing.id) == seen


async def test_contact_moves_a_new_listing_on_once_however_many_see_it(house):
    listing, appointed = await make.listing(), await make.listing(stage=Stage.APPOINTED)
    await asyncio.gather(*(_contacted(listing, appointed) for _ in range(5)))
    assert (await Listing.objects().get(Listing.id == listing.id)).stage == Stage.CONTACTED
    assert (await Listing.objects().get(Listing.id == appointed.id)).stage == Stage.APPOINTED
    assert await Event.count().where(Event.kind == "stage") == 1


async def _contacted(*listings):
    async with db.writing():
        await history.contacted([listing.id for listing in listings], clock.now())

"""Planned batches among the plans: whom their first ones go ahead of stands there too, with the moment they leave."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain import clock, schedules, sellers
from domain.batches import starting, steering
from domain.batches.tables import Batch
from domain.departures import Plan
from domain.errors import Refused
from domain.messages import Message, State
from domain.schedules import Filters
from tests import make
from tests.domain.test_batches import fresh, leave, listings, sender, started, wall
from tests.sending import Shop, again

MORNING = Plan("zone", wall("2026-11-30T11:00"), "America/Chicago")
AT = datetime(2026, 11, 30, 17, tzinfo=UTC)
DAYS = [AT.date() + timedelta(days=n) for n in (-1, 0, 1)]


async def planned(dealer: Shop, number: int = 5) -> Batch:
    """To sellers in Arizona; two of them go ahead."""
    dealer.account.scheduled_messages = True
    sellers = [{"mobile": f"+1520555{n:04}", "postal_code": "85701"} for n in range(number)]
    return await started(dealer, [await make.listing(dealer.account, seller=each) for each in sellers], plan=MORNING)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "CANARY_ABOVE", 1)
    monkeypatch.setattr(starting, "CANARY_LEAST", 2)


async def test_all_of_a_planned_batch_wait_on_the_list_and_in_the_calendar_with_their_moment(house: None) -> None:
    dealer = await sender()
    await planned(dealer)
    page = await schedules.page(dealer.user, Filters())
    assert [row["leaves"] for row in page.rows] == [AT] * 5
    assert sorted(row["held"] for row in page.rows) == [False, False, True, True, True]
    assert (await schedules.counts(dealer.user))["pending"] == 5
    month = await schedules.month(dealer.user, Filters(), DAYS, "America/Chicago")
    assert month.counts == {AT.date(): 5}
    assert len(month.entries[AT.date()]) == 3
    that_hour = Filters(first=AT, end=AT + timedelta(hours=1))
    assert len((await schedules.page(dealer.user, that_hour)).rows) == 5
    assert (await schedules.page(dealer.user, Filters(first=AT + timedelta(seconds=1)))).rows == []


async def test_a_paused_one_waits_there_and_one_that_leaves_now_never_does(house: None) -> None:
    dealer = await sender()
    now = await started(dealer, await listings(dealer, 4))
    assert (await schedules.counts(dealer.user))["pending"] == 0
    assert await steering.pause(now, dealer.user)
    assert (await schedules.page(dealer.user, Filters())).rows == []
    batch = await planned(dealer)
    assert await steering.pause(batch, dealer.user)
    rows = (await schedules.page(dealer.user, Filters())).rows
    assert {(row["leaves"], row["held"], row["batch_state"]) for row in rows} == {(AT, True, "paused")}
    assert len(rows) == 5


async def test_pages_go_on_through_those_that_are_held(house: None) -> None:
    dealer = await sender()
    await planned(dealer)
    found, after = [], None
    while True:
        page = await schedules.page(dealer.user, Filters(), after, limit=2)
        found += [row["id"] for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert (len(found), len(set(found))) == (5, 5)


async def test_of_a_held_one_that_does_not_leave_its_starter_is_told(house: None) -> None:
    dealer = await sender()
    batch = await planned(dealer)
    held = await _held(batch)
    await dealer.hook(**dealer.inbound(held[0].to_address, "Sold it"))
    assert await schedules.counts(dealer.user) == {"pending": 4, "news": 1}
    (row,) = (await schedules.page(dealer.user, Filters("stopped"))).rows
    assert (row["id"], row["leaves"], row["reason"]) == (held[0].id, AT, "The seller wrote meanwhile.")


async def test_who_stops_a_batch_is_not_told_of_each_of_its_messages(house: None) -> None:
    dealer = await sender()
    assert await steering.stop(await planned(dealer), dealer.user)
    assert await schedules.counts(dealer.user) == {"pending": 0, "news": 0}
    assert len((await schedules.page(dealer.user, Filters("stopped"))).rows) == 5


async def test_what_a_person_sent_at_once_is_no_plan_whatever_it_was_before(house: None) -> None:
    dealer = await sender()
    when = clock.now() + timedelta(days=1)
    plan = await dealer.text(
        kind="scheduled", state=State.PENDING, wording="Hi", scheduled_at=when, schedule_zone="America/New_York"
    )
    await make.attempt(plan, dealer.connection)
    await schedules.send_now(dealer.account, plan, dealer.user, knowing=True)
    await Message.update({Message.state: "failed"}).where(Message.id == plan.id)
    assert await schedules.counts(dealer.user) == {"pending": 0, "news": 0}


async def test_once_the_first_have_left_the_others_go_as_before(house: None, clock) -> None:
    dealer = await sender()
    batch = await planned(dealer)
    clock.set(AT)
    assert (await schedules.release())[1] == 2
    assert await leave(dealer) == 2
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert await leave(dealer) == 3
    await steering.tend()
    assert (await fresh(batch)).state == "done"
    assert await schedules.counts(dealer.user) == {"pending": 0, "news": 0}


async def test_sent_now_at_night_one_of_them_waits_for_the_hours_and_says_until_when(house: None, clock) -> None:
    dealer = await sender()
    batch = await planned(dealer)
    clock.set(datetime(2026, 11, 28, 7, tzinfo=UTC))  # midnight in Arizona
    (message, *_) = await Message.objects().where((Message.batch == batch.id) & Message.scheduled_at.is_not_null())
    with pytest.raises(Refused) as refused:
        await schedules.send_now(dealer.account, message, dealer.user, revision=0)
    assert refused.value.code == "quiet_hours"
    words = schedules.Words("Hello there")
    said = await schedules.opens(dealer.account, await sellers.of_listing(message.listing))
    for _ in range(2):  # pressed twice
        until = await schedules.send_now(dealer.account, message, dealer.user, words, 0, knowing=True)
        assert until == said == datetime(2026, 11, 28, 16, tzinfo=UTC)
    waits = await again(message)
    assert (waits.state, waits.scheduled_at, waits.kind, waits.wording) == ("pending", until, "batch", "Hello there")
    assert await leave(dealer) == 0
    clock.set(until)
    await schedules.release()
    assert await leave(dealer) == 1


async def test_by_day_it_leaves_at_once(house: None) -> None:
    dealer = await sender()
    batch = await planned(dealer)
    (message, *_) = await Message.objects().where((Message.batch == batch.id) & Message.scheduled_at.is_not_null())
    assert await schedules.send_now(dealer.account, message, dealer.user) is None
    assert await leave(dealer) == 1


async def _held(batch: Batch) -> Sequence[Message]:
    return await Message.objects().where((Message.batch == batch.id) & Message.scheduled_at.is_null())

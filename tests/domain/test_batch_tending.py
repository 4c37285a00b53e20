"""Every second batches are tended: none is forgotten for the many that wait, and those cost next to nothing."""

from datetime import datetime, timedelta
from typing import Any

from domain import clock as now_by
from domain import messages, schedules
from domain.batches import canaries, ending, steering
from domain.batches.tables import Batch
from domain.departures import Plan
from domain.messages import Message, State
from tests import make
from tests.domain.test_batch_steering import few
from tests.domain.test_batches import fresh, leave, listings, sender, started, states, wall
from tests.sending import Shop

__all__ = ["few"]

AT_TWO = Plan("zone", wall("2026-11-24T14:00"), "America/New_York")


async def waiting(dealer: Shop, number: int, leaves: datetime, canary: int = 5) -> list[Batch]:
    """So many batches under way of which one message waits for its day."""
    listing, before = await make.listing(dealer.account), now_by.now() - timedelta(hours=1)
    words: dict[str, Any] = {"size": 1, "expanded": 1, "schedule_rule": "zone", "canary": canary}
    batches = [
        Batch(account=dealer.account.id, user=dealer.user.id, state="running", changed_at=before, **words)
        for _ in range(number)
    ]
    await Batch.insert(*batches)
    common = {"account": dealer.account.id, "listing": listing.id, "user": dealer.user.id, "kind": "batch"}
    common |= {"channel": "text", "direction": "out", "author_kind": "agent", "connection": dealer.connection.id}
    common |= {"state": State.PENDING, "scheduled_at": leaves, "not_before": leaves}
    await Message.insert(*[Message(batch=each.id, **common) for each in batches])
    return batches


async def test_a_batch_of_now_is_tended_however_many_wait_for_their_day(house, few, clock):
    dealer = await sender()
    for canary in (0, 5):
        await waiting(dealer, 100, now_by.now() + timedelta(days=3), canary)
    batch = await started(dealer, await listings(dealer, 5))
    assert await leave(dealer) == 2
    for _ in range(2):
        await steering.tend()
        clock.advance(seconds=61)
    assert await leave(dealer) == 3
    assert await steering.tend() == {batch.id}
    assert (await fresh(batch)).state == "done"


async def test_of_a_batch_that_waits_for_its_day_nothing_is_counted_and_nothing_written(house, few, clock, monkeypatch):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 5), plan=AT_TWO)
    [plain] = await waiting(dealer, 1, now_by.now() + timedelta(hours=3), canary=0)
    seen: list[str] = []

    async def noted(*_: Any) -> bool:
        seen.append("looked at")
        return False

    monkeypatch.setattr(canaries, "look", noted)
    monkeypatch.setattr(ending, "through", noted)
    assert (await steering.tend(), await ending.over(), seen) == (set(), [], [])
    clock.advance(hours=2, minutes=59, seconds=1)
    await steering.tend()
    assert seen == ["looked at"]
    assert {(await fresh(each)).state for each in (batch, plain)} == {"running"}


async def test_who_was_cancelled_days_before_has_somebody_in_their_place_when_the_first_leave(house, few, clock):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 5), plan=AT_TWO)
    planned = (Message.batch == batch.id) & Message.scheduled_at.is_not_null()
    first, _ = await Message.objects().where(planned)
    assert await messages.cancel(first, dealer.user)
    assert await steering.tend() == set()
    clock.advance(hours=2, minutes=59, seconds=1)
    await steering.tend()
    assert await Message.count().where(planned & (Message.state == State.PENDING)) == 2
    clock.advance(seconds=59)
    await schedules.release()
    assert await leave(dealer) == 2
    for _ in range(2):
        await steering.tend()
        clock.advance(seconds=61)
    assert await states(batch) == {"cancelled": 1, "accepted": 2, "queued": 2}


async def test_first_ones_of_another_clock_are_judged_though_the_others_have_hours_yet(house, few, clock):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    clock.advance(hours=-2)  # 9:00 in New York
    here = await listings(dealer, 2, seller={"mobile": "+12125550142", "postal_code": "10001"})
    here = [here[0], *await listings(dealer, 1, seller={"mobile": "+12125550143", "postal_code": "10001"})]
    there = [
        (await listings(dealer, 1, seller={"mobile": f"+1310555014{n}", "postal_code": "90001"}))[0] for n in range(2)
    ]
    batch = await started(dealer, [*there, *here], plan=Plan("seller", wall("2026-11-24T10:00")))
    clock.advance(hours=1)
    await schedules.release()
    assert await leave(dealer) == 2
    for _ in range(2):
        await steering.tend()
        clock.advance(seconds=61)
    assert (await fresh(batch)).canary == 0
    later = await Message.select(Message.scheduled_at).where(
        (Message.batch == batch.id) & (Message.state == State.PENDING)
    )
    assert [row["scheduled_at"].hour for row in later] == [18, 18]  # 10:00 in Los Angeles


async def test_a_paused_one_is_read_and_not_written_until_nothing_of_it_waits(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 2))
    assert await steering.pause(batch, dealer.user)
    assert await ending.over() == []
    await messages.cancel_for_batch(batch.id, "…", "cancelled")
    assert await ending.over() == [batch.id]
    assert await steering.tend() == {batch.id}

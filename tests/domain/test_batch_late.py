"""A planned batch that stood still for an hour waits for a person; one under its pace is never late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import delivery, schedules
from domain.batches import late, starting, steering
from domain.batches.tables import Batch
from domain.channels.base import Accepted
from domain.connections import Connection
from domain.departures import Plan
from tests.domain.test_batches import fresh, leave, listings, sender, started, states, wall
from tests.sending import OWNER, Shop, end

AT = datetime(2026, 11, 30, 17, tzinfo=UTC)  # 11:00 in Chicago
PLAN = Plan("zone", wall("2026-11-30T11:00"), "America/Chicago")


@pytest.fixture(autouse=True)
def restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process knows of no batch."""
    monkeypatch.setattr(late, "_moving", {})


async def planned(dealer: Shop, number: int) -> Batch:
    dealer.account.scheduled_messages = True
    return await started(dealer, await listings(dealer, number), plan=PLAN)


async def released(dealer: Shop, number: int, clock: Any) -> Batch:
    """Queued at their moment."""
    batch = await planned(dealer, number)
    clock.set(AT)
    await schedules.release()
    return batch


async def one_leaves(dealer: Shop) -> int:
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
    for each in begun:
        await end([each], Accepted(f"p-{each.outgoing.message_id}"))
    return len(begun)


async def test_what_was_queued_when_everything_went_down_waits_for_a_person(house: None, clock: Any) -> None:
    dealer = await sender()
    batch = await released(dealer, 3, clock)
    clock.advance(minutes=61)
    assert await leave(dealer) == 0
    held = await fresh(batch)
    assert (held.state, held.held_reason, await states(batch)) == ("paused", late.REASON, {"pending": 3})
    assert await steering.resume(held, dealer.user)
    assert await leave(dealer) == 3


async def test_an_hour_late_to_the_minute_still_leaves(house: None, clock: Any) -> None:
    dealer = await sender()
    await released(dealer, 3, clock)
    clock.advance(minutes=59, seconds=30)
    assert await leave(dealer) == 3


async def test_what_its_pace_keeps_for_hours_is_not_late(house: None, clock: Any) -> None:
    dealer = await sender()
    batch = await released(dealer, 5, clock)
    for _ in range(5):
        assert await one_leaves(dealer) == 1
        clock.advance(minutes=50)
    assert (await fresh(batch)).state == "running"


async def test_after_a_restart_its_last_hour_is_looked_up(
    house: None, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer = await sender()
    batch = await released(dealer, 5, clock)
    clock.advance(minutes=59)
    assert await one_leaves(dealer) == 1
    clock.advance(minutes=30)
    monkeypatch.setattr(late, "_moving", {})
    assert await one_leaves(dealer) == 1
    clock.advance(minutes=61)
    assert await leave(dealer) == 0
    assert await states(batch) == {"accepted": 2, "pending": 3}


async def test_a_rest_that_the_provider_asked_for_is_no_delay(house: None, clock: Any) -> None:
    dealer = await sender()
    await released(dealer, 3, clock)
    clock.advance(hours=24)
    rested = {Connection.rests_until: AT + timedelta(hours=24)}
    await Connection.update(rested).where(Connection.id == dealer.connection.id)
    assert await leave(dealer) == 3


async def test_a_batch_for_now_goes_on_whenever_it_can(house: None, clock: Any) -> None:
    dealer = await sender()
    await started(dealer, await listings(dealer, 3))
    clock.advance(hours=5)
    assert await leave(dealer) == 3


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "nothing ran after they left"])
@pytest.mark.parametrize(("hours", "state"), [(5, "paused"), (0, "running")])
async def test_who_follows_the_canaries_hours_too_late_waits_for_a_person(
    house: None, clock: Any, monkeypatch: pytest.MonkeyPatch, hours: int, state: str, noted: bool
) -> None:
    monkeypatch.setattr(starting, "CANARY_ABOVE", 1)
    monkeypatch.setattr(starting, "CANARY_LEAST", 2)
    dealer = await sender()
    batch = await released(dealer, 5, clock)
    assert await leave(dealer) == 2
    if noted:
        await steering.tend()
    clock.advance(hours=hours, minutes=2)
    await steering.tend()
    clock.advance(minutes=2)
    await steering.tend()
    assert (await fresh(batch)).state == state
    assert await leave(dealer) == (0 if hours else 3)

"""While frozen the dispatcher claims nothing and rests, no plan is released, and all goes on once it is released."""

import asyncio
from datetime import timedelta

from domain import clock
from domain.installations import freezing
from domain.messages import Message, State
from tests.sending import again, shop, states
from tests.workers.test_clockwork import Ctx
from tests.workers.test_dispatcher import (  # noqa: F401 - fixtures among them
    body,
    dealer,
    running,
    settled,
    simulator,
    taken,
    until,
)
from workers import clockwork


async def test_nothing_is_claimed_or_begun_and_what_waits_leaves_when_it_is_released(
    dealer,  # noqa: F811
    queue,
    simulator,  # noqa: F811
    monkeypatch,
):
    words = body()
    await freezing.freeze("Odd.")
    asked, ask = [], freezing.is_frozen
    monkeypatch.setattr(freezing, "is_frozen", lambda: asked.append(1) or ask())
    await dealer.text(body=f"{words} 1")
    async with running(queue) as dispatcher:
        await asyncio.sleep(0.3)
        await dealer.text(body=f"{words} 2")  # falls due while it is looked elsewhere
        dispatcher._closed[dealer.connection.id] = 0.0  # and a connection that may be looked at again
        dispatcher.wake()
        await asyncio.sleep(2.2)
        assert await states() == {State.QUEUED: 2}
        assert 3 <= len(asked) <= 8, "it asks once a second, and does not spin"
        assert taken(simulator, words) == []
        await freezing.release(None)
        await until(settled)
    assert len(taken(simulator, words)) == 2


async def test_no_plan_is_queued_nor_becomes_too_late_while_it_is_frozen(house):
    dealership = await shop()
    late, due = [
        await dealership.text(
            kind="scheduled", state=State.PENDING, not_before=None, scheduled_at=clock.now() - timedelta(minutes=ago)
        )
        for ago in (90, 1)
    ]
    await freezing.freeze("Odd.")
    await clockwork.release_plans(Ctx())
    assert {row["state"] for row in await Message.select(Message.state)} == {State.PENDING}
    await freezing.release(None)
    await clockwork.release_plans(Ctx())
    assert [(await again(each)).state for each in (late, due)] == [State.EXPIRED, State.QUEUED]

"""The clockwork: every wheel turns, one that fails turns again, and what was lost or missed is healed."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from domain import connections, delivery, house_mail, inbox, messages
from domain.inbox import ProviderEvent
from domain.listings import Listing, Stage
from domain.messages import State
from domain.receipts import Receipt
from tests import make
from tests.sending import OWNER, again, put, shop
from workers import clockwork
from workers.clockwork import Clockwork

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Ctx(dict):
    """What the worker hands to its wheels."""

    def __init__(self) -> None:
        self.hinted: set = set()
        self.woken = 0
        super().__init__(hint=self._hint, dispatcher=self)

    async def _hint(self, listings) -> None:
        self.hinted |= set(listings)

    def wake(self) -> None:
        self.woken += 1


async def turning(ctx: Ctx, seconds: float, wheels) -> None:
    made = Clockwork(ctx)
    made._wheels = wheels
    task = asyncio.create_task(made.run())
    await asyncio.sleep(seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_wheel_that_fails_turns_again_and_stops_no_other():
    turns = {"good": 0, "bad": 0}

    async def good(ctx) -> None:
        turns["good"] += 1

    async def bad(ctx) -> None:
        turns["bad"] += 1
        raise OSError("the disk is full")

    await turning(Ctx(), 0.5, [(0.05, good), (0.05, bad)])
    assert min(turns.values()) >= 3


async def test_many_that_were_accepted_are_told_in_full_groups_and_the_rest_at_the_next_turn(house, monkeypatch):
    dealer, ctx = await shop(), Ctx()
    sent = [await dealer.text(state=State.SENT, kind="scheduled") for _ in range(5)]
    await messages.follow_up_on([each.id for each in sent])
    monkeypatch.setattr(clockwork, "FOLLOWED", 2)
    await clockwork.follow_up(ctx)
    assert ctx.hinted == {each.listing for each in sent}
    assert await Listing.count().where(Listing.stage == Stage.CONTACTED) == 5
    late = await dealer.text(state=State.SENT, kind="scheduled")
    follow_up, groups = delivery.follow_up, []

    async def meanwhile_one_more(limit):
        groups.append(await follow_up(limit))
        await messages.follow_up_on([late.id])
        return groups[-1]

    monkeypatch.setattr(delivery, "follow_up", meanwhile_one_more)
    await clockwork.follow_up(ctx)
    await clockwork.follow_up(ctx)
    assert groups == [set(), {late.listing}]


async def test_a_slow_wheel_keeps_no_other_waiting():
    turns = 0

    async def quick(ctx) -> None:
        nonlocal turns
        turns += 1

    async def slow(ctx) -> None:
        await asyncio.sleep(60)

    await turning(Ctx(), 0.5, [(0.05, slow), (0.05, quick)])
    assert turns >= 3


async def test_a_wheel_that_swallows_its_cancellation_ends_all_the_same():
    asked = asyncio.Event()

    async def deaf(ctx) -> None:
        if not asked.is_set():
            asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    made = Clockwork(Ctx())
    made._wheels = [(3600.0, deaf)]
    task = asyncio.create_task(made.run())
    await asked.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done == {task}


async def test_every_duty_has_its_wheel():
    every = {job.__name__: seconds for seconds, job in Clockwork({})._wheels}
    wanted = {"follow_up": 1, "handle_events": 5, "match_early_receipts": 10, "send_mail": 15, "end_dead_leases": 20}
    wanted |= {"end_late_answers": 60, "read_due_opt_outs": 300, "carry_over": 5}
    for name, at_most in {**wanted, "sweep": 60, "tidy": 3600, "tidy_files": 3600, "tidy_all_files": 86400}.items():
        assert every[name] <= at_most, name


async def test_accepted_texts_reach_their_listings_and_open_pages_hear_of_it(house):
    dealer = await shop()
    several = [await dealer.accepted() for _ in range(3)]
    ctx = Ctx()
    await clockwork.follow_up(ctx)
    assert ctx.hinted == {message.listing for message in several}
    assert {row["stage"] for row in await Listing.select(Listing.stage)} == {Stage.CONTACTED}


async def test_leases_that_ran_out_and_those_of_the_dead_end_and_the_dispatcher_is_woken(house, monkeypatch):
    dealer = await shop()
    message = await dealer.text()
    await dealer.claim(OWNER)
    ctx = Ctx()
    await clockwork.sweep(ctx)
    assert (ctx.woken, (await again(message)).state) == (0, State.CLAIMED)
    await put(message, lease_until=LONG_AGO)
    await clockwork.sweep(ctx)
    assert (ctx.woken, ctx.hinted, (await again(message)).state) == (1, {message.listing}, State.QUEUED)
    await dealer.claim(OWNER)
    monkeypatch.setattr(clockwork, "is_dead", lambda owner: owner == OWNER)
    await clockwork.end_dead_leases(ctx)
    assert (ctx.woken, (await again(message)).state) == (2, State.QUEUED)


async def test_a_receipt_that_missed_its_answer_is_healed(house):
    dealer = await shop()
    message = await dealer.accepted(provider_id="1004")
    await Receipt.insert(Receipt(connection=dealer.connection.id, provider_id="1004", state="sent", at=message.at))
    ctx = Ctx()
    await clockwork.match_early_receipts(ctx)
    assert (ctx.hinted, (await again(message)).state) == ({message.listing}, State.SENT)


async def test_what_waits_on_a_provider_that_is_gone_is_carried_over_and_the_dispatcher_woken(house):
    dealer = await shop()
    message = await dealer.text()
    ctx = Ctx()
    await clockwork.carry_over(ctx)
    assert ctx.woken == 0
    await connections.Connection.update({connections.Connection.state: "disconnected"}).where(
        connections.Connection.id == dealer.connection.id
    )
    other = await make.connection(dealer.account, kind="twilio")
    await clockwork.carry_over(ctx)
    assert (ctx.woken, (await again(message)).connection) == (1, other.id)


async def test_an_event_nobody_was_kicked_for_is_handled_all_the_same(house):
    dealer = await shop()
    message = await dealer.accepted()
    await dealer.stored(**dealer.inbound(message.to_address, "STOP"))
    ctx = Ctx()
    await turning(ctx, 0.5, [wheel for wheel in Clockwork(ctx)._wheels if wheel[1] is clockwork.handle_events])
    assert ctx.hinted == {message.listing}
    assert await ProviderEvent.count().where(ProviderEvent.handled_at.is_null()) == 0
    assert await inbox.due() == []
    assert await house_mail.due() == []

"""A batch on its way: paused in any of its moments, its canaries, stopped while it still begins, and how it ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import delivery, messages, schedules
from domain.accounts import Account
from domain.batches import ending, expanding, exporting, starting, steering, watching
from domain.batches.tables import Batch
from domain.channels.base import Accepted, ChannelError, Kind
from domain.departures import Plan
from domain.errors import Refused
from domain.house_mail import Mail
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.domain.test_batches import draft, fresh, leave, listings, look, sender, started, states, wall
from tests.sending import OWNER, Shop, end

NIGHT_THERE = {"mobile": "+18085550101", "postal_code": "96813"}  # Honolulu, hours behind


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches have a canary from two recipients on, and are made three at a time."""
    monkeypatch.setattr(starting, "CANARY_ABOVE", 1)
    monkeypatch.setattr(starting, "CANARY_LEAST", 2)
    monkeypatch.setattr(expanding, "AT_ONCE", 3)


async def let_go(dealer: Shop, chosen: Sequence[Listing], **words: Any) -> Batch:
    """Started, and nothing of it is a message yet."""
    batch = await draft(dealer, chosen, **words)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    return await fresh(batch)


async def half(dealer: Shop, number: int, chunks: int = 1, **words: Any) -> Batch:
    """Only its first listings are messages by now."""
    batch = await let_go(dealer, await listings(dealer, number), **words)
    prepared = await expanding._prepare(batch.id)
    assert prepared
    for _ in range(chunks):
        await expanding._chunk(prepared)
    return await fresh(batch)


async def sums(batch: Batch) -> bool:
    """Whether its recipients are the sum over states, wherever they are counted."""
    progress, counts = await watching.progress(batch), await watching.counts(batch)
    by_list = (await watching.groups_of([(batch.id, batch.size)]))[batch.id]
    each = [sum(progress.groups.values()), sum(counts.states.values()), sum(counts.codes.values())]
    return {*each, sum(by_list.values())} == {batch.size}


async def fail(dealer: Shop, number: int) -> None:
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=number))
    await end(begun, ChannelError("No route", Kind.PERMANENT))


# Paused


async def test_what_is_tried_again_while_it_is_paused_waits_with_the_others_until_it_is_resumed(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 5))
    await fail(dealer, 2)
    assert await steering.pause(batch, dealer.user)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 2
    assert ((await fresh(batch)).state, await states(batch)) == ("paused", {"pending": 5})
    await steering.tend()
    assert await leave(dealer) == 0
    assert await steering.resume(await fresh(batch), dealer.user)
    assert await leave(dealer) == 5
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_paused_while_it_begins_it_begins_on_when_it_is_resumed(house, few, monkeypatch):
    monkeypatch.setattr(starting, "CANARY_ABOVE", 50)
    dealer = await sender()
    batch = await half(dealer, 8)
    await fail(dealer, 1)
    assert await steering.pause(batch, dealer.user)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 1
    assert await expanding.expand(batch.id) == 0
    assert await steering.resume(await fresh(batch), dealer.user)
    assert (await fresh(batch)).state == "expanding"
    await expanding.expand(batch.id)
    assert await leave(dealer) == 8
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_a_paused_one_whose_last_messages_were_cancelled_is_done(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 2))
    assert await steering.pause(batch, dealer.user)
    await steering.tend()
    assert (await fresh(batch)).state == "paused"
    for row in await Message.select(Message.to_address).where(Message.batch == batch.id):
        await messages.cancel_for_address(dealer.account.id, row["to_address"], "Blocked", "phone_blocked")
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_what_is_on_its_way_when_it_is_paused_or_stopped_and_comes_back_does_not_leave(house, clock):
    dealer = await sender()
    paused, stopped = [await started(dealer, await listings(dealer, 2)) for _ in range(2)]
    begun = await dealer.start()
    assert await steering.pause(paused, dealer.user)
    assert await steering.stop(stopped, dealer.user)
    await end(begun, ChannelError("Slow down", Kind.THROTTLED))
    clock.advance(minutes=1)
    assert (await states(paused), await states(stopped)) == ({"pending": 2}, {"cancelled": 2})
    assert await dealer.start() == []
    assert await steering.resume(await fresh(paused), dealer.user)
    assert await leave(dealer) == 2


# Canaries


async def test_paused_and_resumed_by_hand_the_first_few_still_go_ahead(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 6))
    assert await states(batch) == {"queued": 2, "pending": 4}
    for _ in range(2):
        assert await steering.pause(batch, dealer.user)
        assert await steering.resume(await fresh(batch), dealer.user)
        assert await states(batch) == {"queued": 2, "pending": 4}
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
    await end(begun, Accepted("p-1"))
    assert await steering.pause(batch, dealer.user)
    assert await steering.resume(await fresh(batch), dealer.user)
    assert await leave(dealer) == 1
    await steering.tend()
    assert await steering.pause(batch, dealer.user)
    assert await steering.resume(await fresh(batch), dealer.user)
    assert await leave(dealer) == 0
    clock.advance(seconds=61)
    await steering.tend()
    assert await leave(dealer) == 4


async def test_who_sleeps_is_no_canary_while_others_can_leave(house, few, clock):
    dealer = await sender()
    asleep = [await make.listing(dealer.account, seller={**NIGHT_THERE, "mobile": f"+180855501{n:02}"}) for n in (1, 2)]
    awake = await listings(dealer, 5)
    batch = await started(dealer, [*asleep, *awake])
    assert await leave(dealer) == 2
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert await leave(dealer) == 3
    rows = await Message.select(Message.state).where(Message.listing.is_in([each.id for each in asleep]))
    assert {row["state"] for row in rows} == {"queued"}
    assert (await watching.progress(await fresh(batch))).groups["queued"] == 2


async def test_where_all_sleep_the_first_to_wake_go_ahead(house, few, clock):
    clock.set(datetime(2026, 11, 24, 6, tzinfo=UTC))  # at night everywhere
    dealer = await sender()
    west = await make.listing(dealer.account, seller={"mobile": "+12135550102", "postal_code": "90001"})
    east = [
        await make.listing(dealer.account, seller={"mobile": f"+121255501{n:02}", "postal_code": "10001"})
        for n in (1, 2)
    ]
    batch = await started(dealer, [west, *east])
    held = await Message.select(Message.listing).where(
        (Message.batch == batch.id) & (Message.state == "pending") & Message.scheduled_at.is_null()
    )
    assert [row["listing"] for row in held] == [west.id]
    assert not await Message.exists().where((Message.batch == batch.id) & Message.scheduled_at.is_not_null())


async def test_who_falls_asleep_meanwhile_lets_others_go_ahead(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 5))
    rows = await Message.select(Message.id).where((Message.batch == batch.id) & (Message.state == "queued"))
    morning = clock.now() + timedelta(hours=9)
    await Message.update({Message.not_before: morning}).where(Message.id == rows[0]["id"])
    await steering.tend()
    assert await leave(dealer) == 2
    assert (await Message.objects().get(Message.id == rows[0]["id"])).state == "pending"


async def test_only_those_who_were_tried_count_and_others_take_the_place_of_who_was_not(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 30))
    one, two = await dealer.start()
    held = await Message.select(Message.to_address).where((Message.batch == batch.id) & (Message.state == "pending"))
    await end([one], Accepted("p-1"))
    await end([two], ChannelError("No route", Kind.PERMANENT))
    for row in held[:20]:
        await make.opt_out(row["to_address"], dealer.account)
        await messages.cancel_for_address(dealer.account.id, row["to_address"], "Stop", "opted_out")
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert (await fresh(batch)).held_reason == "Of the first 2 messages 1 failed. Look why before the others go."


async def test_those_who_stopped_it_without_having_got_one_do_not_hold_it(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 10))
    held = await Message.select(Message.to_address).where((Message.batch == batch.id) & (Message.state == "pending"))
    canary = await Message.select(Message.to_address).where((Message.batch == batch.id) & (Message.state == "queued"))
    for row in [*held[:3], canary[0]]:
        await make.opt_out(row["to_address"], dealer.account)
        await messages.cancel_for_address(dealer.account.id, row["to_address"], "Stop", "opted_out")
    assert await leave(dealer) == 1
    await steering.tend()
    assert await leave(dealer) == 1
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert (await fresh(batch)).held_reason == ""
    assert await leave(dealer) == 4


# Stopped


async def test_stopped_while_it_begins_everybody_has_a_final_state(house, few):
    dealer = await sender()
    batch = await half(dealer, 8)
    assert await leave(dealer) == 2
    assert await steering.stop(batch, dealer.user)
    batch = await fresh(batch)
    assert (batch.state, await states(batch)) == ("stopped", {"accepted": 2, "cancelled": 6})
    assert await sums(batch)
    rows = [line async for part in exporting.export(batch) for line in part.splitlines()]
    assert len(rows) == 1 + 8
    assert len([row for row in rows if "The batch was stopped." in row]) == 6
    await expanding.expand(batch.id)
    await steering.tend()
    assert await states(batch) == {"accepted": 2, "cancelled": 6}


async def test_a_stop_that_was_broken_off_counts_the_rest_at_once_and_is_finished(house, few, monkeypatch):
    monkeypatch.setattr(ending, "AT_ONCE", 2)
    dealer = await sender()
    batch = await half(dealer, 8)
    with monkeypatch.context() as broken:
        broken.setattr(ending, "_cancel_unmade", _full_disk)
        with pytest.raises(OSError, match="full"):
            await steering.stop(batch, dealer.user)
    batch = await fresh(batch)
    progress = await watching.progress(batch)
    assert (batch.state, progress.groups["cancelled"], progress.groups["queued"]) == ("stopped", 8, 0)
    assert await sums(batch)
    assert await ending.unclosed() == [batch.id]
    await ending.close(batch.id)
    assert (await ending.unclosed(), await states(batch)) == ([], {"cancelled": 8})


async def _full_disk(*_: Any) -> None:
    raise OSError("the disk is full")


async def test_a_stopped_one_whose_failed_are_tried_again_is_done_in_the_end(house, few, monkeypatch):
    monkeypatch.setattr(starting, "CANARY_ABOVE", 50)
    dealer = await sender()
    batch = await half(dealer, 8)
    await fail(dealer, 1)
    assert await steering.stop(batch, dealer.user)
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 1
    assert await leave(dealer) == 1
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"accepted": 1, "cancelled": 7})


async def test_what_has_not_begun_cannot_be_stopped(house):
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 1))
    with pytest.raises(Refused, match="has not begun"):
        await steering.stop(batch, dealer.user)
    assert (await fresh(batch)).state == "draft"


# What the dealership may do no more

MORNING = Plan("zone", wall("2026-11-30T09:00"), "America/Chicago")


async def test_a_paused_batch_that_was_planned_ends_where_nothing_is_sent_later_any_more(house):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 2), plan=MORNING)
    assert await steering.pause(batch, dealer.user)
    await dealer.account.update_self({Account.scheduled_messages: False})
    assert len(await schedules.end_without()) == 2
    rows = await Message.select(Message.state, Message.code).where(Message.batch == batch.id)
    assert [(row["state"], row["code"]) for row in rows] == [("cancelled", "scheduling_off")] * 2
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_a_batch_that_leaves_now_is_no_plan_also_when_it_was_paused(house, clock):
    dealer = await sender()
    dealer.account.first_contacts_an_hour = 2
    await dealer.account.save(columns=[Account.first_contacts_an_hour])
    batch = await started(dealer, await listings(dealer, 3))
    await dealer.account.update_self({Account.scheduled_messages: False})
    assert await steering.pause(batch, dealer.user)
    assert await schedules.end_without() == set()
    assert await steering.resume(await fresh(batch), dealer.user)
    assert await schedules.end_without() == set()
    assert not await Message.exists().where(Message.scheduled_at.is_not_null())
    assert await leave(dealer) == 1
    clock.advance(hours=2)
    assert await leave(dealer) == 2


@pytest.mark.parametrize("feature", ["batch", "messaging"])
async def test_a_plan_without_batches_ends_them_and_who_started_them_is_told(house, few, feature):
    dealer = await sender()
    waiting = await half(dealer, 5)
    paused = await started(dealer, await listings(dealer, 4))
    assert await steering.pause(paused, dealer.user)
    owner = await make.user(dealer.account, role="admin", owner=True)
    owner.account = dealer.account
    features = {each.slug for each in schedules.ending.plans.FEATURES} - {feature}
    await schedules.change_plans(dict.fromkeys(("standard", "professional", "accelerated"), features), owner)
    for batch, size in ((waiting, 5), (paused, 4)):
        now = await fresh(batch)
        assert (now.state, now.held_reason) == ("stopped", "Batches are no longer part of your plan.")
        rows = await Message.select(Message.state, Message.code, Message.reason).where(Message.batch == batch.id)
        said = {(row["state"], row["code"], row["reason"]) for row in rows}
        assert (len(rows), said) == (size, {("cancelled", "tier", "Batches are no longer part of your plan.")})
    mails = await Mail.select(Mail.recipient, Mail.text).order_by(Mail.created_at)
    assert [mail["recipient"] for mail in mails] == [dealer.user.email] * 2
    assert sorted("5 messages" in mail["text"] for mail in mails) == [False, True]


# When it will be through


async def test_who_waits_for_the_morning_counts_in_when_it_will_be_through(house, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 12))
    clock.advance(seconds=1)
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=2))
    await end(begun, Accepted("p"))
    clock.advance(seconds=4)
    progress = await watching.progress(batch)
    assert _about(progress.leaves_at, clock.now() + timedelta(seconds=20))
    morning = clock.now() + timedelta(hours=10)
    waiting = await Message.select(Message.id).where((Message.batch == batch.id) & (Message.state == "queued"))
    await Message.update({Message.not_before: morning}).where(Message.id.is_in([row["id"] for row in waiting[:4]]))
    assert _about((await watching.progress(batch)).leaves_at, morning + timedelta(seconds=8))
    clock.advance(hours=1)  # nothing left for a while: by the pace of the connection
    for found in ((await watching.progress(batch)).leaves_at, await watching.leaves_at(batch, await _counts(batch))):
        assert _about(found, morning + timedelta(seconds=4 * 60 / 90))


async def test_a_full_minute_of_the_sender_that_went_at_once_is_not_taken_for_the_pace(house, clock):
    dealer = await sender(options='{"per_sender": 6}')
    batch = await started(dealer, await listings(dealer, 18))
    await end((await delivery.start(OWNER, await dealer.claim(limit=6)))[0], Accepted("p"))
    clock.advance(seconds=2)
    assert _about((await watching.progress(batch)).leaves_at, clock.now() + timedelta(minutes=2))


def _about(found: datetime | None, expected: datetime) -> bool:
    return found is not None and abs(found - expected) < timedelta(seconds=1)


async def _counts(batch: Batch) -> watching.Counts:
    return await watching.counts(batch)


# Tried again


async def test_those_whose_time_was_over_are_tried_again_by_a_person_and_not_by_themselves(house, clock):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 3), plan=MORNING)
    clock.set(datetime(2026, 11, 30, 17, tzinfo=UTC))
    await schedules.release()
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"expired": 3})
    assert await leave(dealer) == 0
    assert (await watching.progress(batch)).groups["failed"] == 3
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 3
    await schedules.release()
    assert await leave(dealer) == 3
    await steering.tend()
    assert (await fresh(batch)).state == "done"


async def test_where_nothing_ran_when_the_first_were_to_go_nobody_leaves_late_by_itself(house, few, clock):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 6), plan=MORNING)
    clock.set(datetime(2026, 11, 30, 18, tzinfo=UTC))
    await schedules.release()
    for _ in range(3):
        await steering.tend()
    assert await leave(dealer) == 0
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"expired": 6})
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 6
    assert await leave(dealer) == 2
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert await leave(dealer) == 4


@pytest.mark.parametrize("held", ["paused", "canary"])
async def test_one_message_of_what_is_held_neither_leaves_nor_gets_another_time(house, few, held):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 4), plan=MORNING)
    if held == "paused":
        assert await steering.pause(batch, dealer.user)
    message = await (
        Message.objects()
        .where((Message.batch == batch.id) & Message.scheduled_at.is_null())
        .order_by(Message.id)
        .first()
    )
    assert message
    with pytest.raises(Refused, match="held back") as refusal:
        await schedules.send_now(dealer.account, message, dealer.user, knowing=True)
    assert refusal.value.code == "batch_held"
    words = schedules.Words(message.wording)
    plan = Plan("zone", wall("2026-12-01T09:00"), "America/Chicago")
    with pytest.raises(Refused, match="held back"):
        await schedules.change(dealer.account, message, dealer.user, words, plan, message.revision)
    assert (await Message.objects().get(Message.id == message.id)).state == State.PENDING


async def test_one_that_was_read_before_the_pause_does_not_leave_after_it(house):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 2), plan=MORNING)
    message = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert message
    assert await steering.pause(batch, dealer.user)
    with pytest.raises(Refused, match="held back"):
        await schedules.send_now(dealer.account, message, dealer.user, knowing=True)


async def test_one_message_of_a_done_batch_that_leaves_after_all_opens_it_again(house, clock):
    dealer = await sender()
    dealer.account.scheduled_messages = True
    batch = await started(dealer, await listings(dealer, 2), plan=MORNING)
    clock.set(datetime(2026, 11, 30, 17, tzinfo=UTC))
    await schedules.release()
    await steering.tend()
    message = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert message
    await schedules.send_now(dealer.account, message, dealer.user, knowing=True)
    assert (await fresh(batch)).state == "running"
    assert await leave(dealer) == 1
    await steering.tend()
    assert (await fresh(batch)).state == "done"


# Out of credit


async def test_out_of_credit_the_starter_is_told_once_with_what_did_not_leave_in_the_end(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 9))
    begun, _ = await delivery.start(OWNER, await dealer.claim(limit=4))
    await end(begun[:1], Accepted("p-1"))
    await end(begun[1:2], ChannelError("402.", Kind.OUT_OF_CREDIT, code="402"))
    assert await Mail.select() == []
    await end(begun[2:3], ChannelError("402.", Kind.OUT_OF_CREDIT, code="402"))
    await end(begun[3:], Accepted("p-4"))
    await steering.tend()
    await steering.tend()
    [mail] = await Mail.select()
    assert "7 messages were not sent" in mail["text"]
    assert await states(batch) == {"accepted": 2, "failed": 7}
    rows = await Message.select(Message.code, Message.reason).where(
        (Message.batch == batch.id) & (Message.state == "failed")
    )
    assert {(row["code"], row["reason"]) for row in rows} == {
        ("out_of_credit", "The provider is out of credit. Add credit there, then try again.")
    }
    assert (await fresh(batch)).state == "done"


async def test_who_was_told_of_missing_credit_is_not_told_again_when_some_are_tried_again(house):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 4))
    await end(await dealer.start(), ChannelError("No credit", Kind.OUT_OF_CREDIT))
    await steering.tend()
    [mail] = await Mail.select()
    assert "4 messages were not sent" in mail["text"]
    failed = await Message.objects().where(Message.batch == batch.id).order_by(Message.id).first()
    assert failed
    assert await messages.retry(failed, dealer.user, 1)
    assert await leave(dealer) == 1
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"accepted": 1, "failed": 3})
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 3
    await end(await dealer.start(), ChannelError("No credit", Kind.OUT_OF_CREDIT))
    await steering.tend()
    assert ((await fresh(batch)).state, await Mail.count()) == ("done", 1)


async def test_out_of_credit_among_the_first_the_first_few_go_ahead_again_once_it_is_tried_again(house, few, clock):
    dealer = await sender()
    batch = await started(dealer, await listings(dealer, 6))
    await end(await dealer.start(), ChannelError("No credit", Kind.OUT_OF_CREDIT))
    await steering.tend()
    assert ((await fresh(batch)).state, await states(batch)) == ("done", {"failed": 6})
    assert await steering.retry_failed(await fresh(batch), dealer.user) == 6
    assert await leave(dealer) == 2
    await steering.tend()
    clock.advance(seconds=61)
    await steering.tend()
    assert await leave(dealer) == 4


# All of it


async def test_whatever_is_done_to_it_its_recipients_are_the_sum_and_it_is_done_when_all_have_ended(house, few, clock):
    dealer = await sender()
    batch = await half(dealer, 20)
    steps = [steering.pause, steering.resume, steering.retry_failed, steering.pause, steering.retry_failed]
    for n, step in enumerate([*steps, steering.resume, steering.pause, steering.resume]):
        if n == 3:
            await expanding.expand(batch.id)
        begun, _ = await delivery.start(OWNER, await dealer.claim(limit=1))
        if begun:
            await end(begun, ChannelError("No route", Kind.PERMANENT) if n % 3 == 1 else Accepted(f"p-{n}"))
        await step(await fresh(batch), dealer.user)
        await steering.tend()
        assert await sums(await fresh(batch))
        clock.advance(seconds=20)
    for _ in range(8):
        await leave(dealer)
        await steering.tend()
        now = await fresh(batch)
        if now.state == "paused":
            await steering.resume(now, dealer.user)
        open_ones = {"pending", "queued", "claimed", "sending"} & set(await states(batch))
        assert (now.state == "done") == (not open_ones)
        clock.advance(seconds=61)
    assert (await fresh(batch)).state == "done"

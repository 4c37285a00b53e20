"""Restored, copied, moved, another clock: the sender starts frozen, and never because of an ordinary pause."""

import asyncio
import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain import clock, installations
from domain.audit import AuditEntry
from domain.batches import steering
from domain.batches.tables import Batch
from domain.channels.base import Accepted
from domain.errors import Refused
from domain.installations import Boot, booting, freezing, going_on, marks, oddities, overdue
from domain.installations.marks import Mark
from domain.installations.oddities import Found, jump, verdict
from domain.messages import Message, State
from domain.settings import settings
from tests import make
from tests.domain import test_batches as of_batches
from tests.sending import again, end, shop

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
OURS, THEIRS = UUID(int=1), UUID(int=2)
MARK = Mark(OURS, "machine", 40, ("here",))
AS_LEFT = Found(OURS, 40, False, NOW - timedelta(seconds=20), NOW, MARK, "here", others=False)


# The verdict


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (AS_LEFT, ""),
        (replace(AS_LEFT, seen_at=NOW - timedelta(days=400)), ""),  # a long pause
        (replace(AS_LEFT, generation=44), ""),  # other senders went on, or the file could not be kept
        (replace(AS_LEFT, generation=0, empty=True, seen_at=None, mark=None), ""),  # the first start of all
        (replace(AS_LEFT, generation=0, seen_at=None, mark=None), ""),  # the first start of this version
        (replace(AS_LEFT, generation=39), oddities.RESTORED),
        (replace(AS_LEFT, generation=39, others=True), oddities.RESTORED),
        (replace(AS_LEFT, generation=0, seen_at=None), oddities.RESTORED),
        (replace(AS_LEFT, installation=THEIRS), oddities.OTHER),
        (replace(AS_LEFT, installation=THEIRS, generation=0, seen_at=None), oddities.OTHER),  # older than the ledger
        (replace(AS_LEFT, installation=THEIRS, generation=0, empty=True, seen_at=None), ""),  # begun anew
        (replace(AS_LEFT, installation=THEIRS, others=True), ""),  # a machine joins another installation
        (replace(AS_LEFT, mark=None), oddities.COPIED),
        (replace(AS_LEFT, mark=None, empty=True), oddities.COPIED),
        (replace(AS_LEFT, mark=None, others=True), ""),  # a machine joins
        (replace(AS_LEFT, place="there"), oddities.MOVED),
        (replace(AS_LEFT, place="there", others=True), ""),  # a second machine, the same shared directory
        (replace(AS_LEFT, seen_at=NOW + timedelta(minutes=4)), ""),
    ],
)
def test_the_sender_starts_frozen_only_when_something_is_odd(found, why):
    assert verdict(found) == why


def test_a_clock_that_went_back_is_odd_beyond_five_minutes():
    said = verdict(replace(AS_LEFT, seen_at=NOW + timedelta(hours=3)))
    assert said == "The clock went back: it shows 3 hours less than when Lotwire last ran."


@pytest.mark.parametrize(
    ("clock_went", "ran", "said"),
    [
        (timedelta(seconds=15), timedelta(seconds=15), ""),
        (timedelta(minutes=30), timedelta(minutes=30), ""),  # the process was stopped, and both went on
        (timedelta(minutes=4), timedelta(seconds=1), ""),
        (timedelta(minutes=6), timedelta(seconds=1), "jumped on by 6 minutes"),
        (timedelta(hours=-5), timedelta(seconds=1), "jumped back by 5 hours"),
        (timedelta(days=9), timedelta(seconds=1), "jumped on by 9 days"),
    ],
)
def test_a_running_sender_notices_a_jump_of_more_than_five_minutes(clock_went, ran, said):
    why = jump(clock_went, ran)
    assert said in why
    assert bool(why) is bool(said)


# With a database and a data directory


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(booting, "LOOK_EVERY", 0.1)
    yield
    booting._here = freezing._look = None


async def boot() -> str:
    return await booting.boot("host:boot:1:1", patience=1)


async def odd() -> str:
    """Why it is frozen; empty if it is not."""
    row = await installations.here()
    assert (row.frozen_at is not None) is await freezing.is_frozen()
    return row.frozen_why if row.frozen_at else ""


def file():
    return settings().data_dir / marks.FILE


def lose_the_mark() -> None:
    file().unlink()


async def test_a_first_start_and_a_second_are_nothing_odd(house, data_dir, clock):
    assert await boot() == ""
    await booting.leave()
    clock.advance(days=30)
    assert await boot() == ""
    assert await odd() == ""
    assert oct(file().stat().st_mode)[-3:] == "600"
    ledger = await Boot.select().order_by(Boot.at)
    assert [row["verdict"] for row in ledger] == ["", ""]
    assert ledger[0]["machine"] == ledger[1]["machine"] == json.loads(file().read_text())["machine"]
    assert ledger[1]["last_seen"] is not None


async def test_several_workers_of_one_data_directory_start_and_run_beside_each_other(house, data_dir):
    for _ in range(3):
        assert await boot() == ""
        assert await booting.beat() == ""
    assert await odd() == ""


async def test_a_database_that_is_older_than_the_data_directory_remembers_freezes(house, data_dir):
    await boot()
    older = (await installations.here()).machine
    await booting.leave()
    await installations.Installation.update({"machine": older}).where(installations.Installation.one == "1")
    assert await boot() == oddities.RESTORED
    assert await odd() == oddities.RESTORED
    assert await boot() == "", "once told, it is not odd again"
    assert await odd() == oddities.RESTORED, "but frozen until somebody looked"


async def test_a_database_put_back_beneath_a_running_sender_freezes_it(house, data_dir):
    await boot()
    await installations.Installation.update({"machine": "machine:0"}).where(installations.Installation.one == "1")
    assert await booting.beat() == oddities.RESTORED
    assert await odd() == oddities.RESTORED


async def test_a_copy_of_the_database_alone_freezes(house, data_dir):
    await boot()
    await booting.leave()
    lose_the_mark()
    assert await boot() == oddities.COPIED
    assert await odd() == oddities.COPIED


async def test_a_mark_that_cannot_be_read_is_none(house, data_dir):
    await boot()
    file().write_text('{"installation": "x')
    assert await boot() == oddities.COPIED


async def test_a_copy_of_the_whole_data_directory_freezes(house, data_dir, configure):
    await boot()
    await booting.leave()
    copy = data_dir.parent / "copy"
    shutil.copytree(data_dir, copy)
    configure(LOTWIRE_DATA_DIR=str(copy))
    assert await boot() == oddities.MOVED


async def test_a_data_directory_that_is_only_renamed_is_the_same(house, data_dir, configure):
    await boot()
    renamed = data_dir.parent / "renamed"
    os.rename(data_dir, renamed)
    configure(LOTWIRE_DATA_DIR=str(renamed))
    assert await boot() == ""


async def test_a_clock_that_went_back_freezes_and_the_offset_of_demos_is_no_clock(house, data_dir, clock, configure):
    await boot()
    configure(LOTWIRE_CLOCK="-86400")
    assert await boot() == ""
    configure(LOTWIRE_CLOCK="0")
    clock.advance(hours=-1)
    assert (await boot()).startswith("The clock went back")


async def test_a_jump_is_noticed_at_the_next_question_whether_something_may_leave(house, data_dir, clock):
    await boot()
    clock.advance(minutes=4)
    assert await freezing.is_frozen() is False
    clock.advance(minutes=6)
    assert await freezing.is_frozen() is True
    assert "jumped on by 6 minutes" in await odd()


async def test_a_machine_that_joins_others_is_no_copy_but_a_copy_of_a_busy_database_is(house, database, data_dir):
    await boot()
    lose_the_mark()
    assert await boot() == oddities.COPIED, "it was seen just now, but nobody runs"
    await freezing.release(None)
    if database == "postgres":
        lose_the_mark()
        joined, _ = await asyncio.gather(boot(), somebody_runs())
        assert joined == ""


async def somebody_runs() -> None:
    """Another machine's sender, which takes the database on while we look."""
    await asyncio.sleep(0.3)
    await booting._grow("another machine", 0)


# Released


async def test_releasing_lets_things_leave_and_is_in_the_audit_log_of_every_account(house, data_dir):
    owner = await make.user(role="admin", owner=True)
    other = await make.account()
    await freezing.freeze("Odd.")
    assert await freezing.release(owner) == 0
    assert await odd() == ""
    row = await installations.here()
    assert row.released_by == owner.id
    assert row.released_at is not None
    audited = await AuditEntry.select().where(AuditEntry.action == "sending.released")
    assert {entry["account"] for entry in audited} == {owner.account, other.id}
    assert {entry["reason"] for entry in audited} == {"Odd."}
    assert await freezing.release(owner) is None, "a second time there is nothing to release"


async def test_only_the_owner_of_the_installation_releases_it(house, data_dir):
    await freezing.freeze("Odd.")
    with pytest.raises(Refused) as refused:
        await freezing.release(await make.user(role="admin"))
    assert refused.value.code == "no_permission"
    assert await odd() == "Odd."


async def test_what_is_overdue_is_told_in_order_and_cancelled_with_nothing_else(house, data_dir):
    dealer = await shop()
    now = clock.now()
    late = await dealer.text(not_before=now - timedelta(hours=3))
    claimed = await dealer.text(not_before=now - timedelta(hours=2), state=State.CLAIMED, owner="x")
    plan = await dealer.text(
        kind="scheduled", state=State.PENDING, not_before=None, scheduled_at=now - timedelta(minutes=90)
    )
    later = await dealer.text(not_before=now + timedelta(minutes=1))
    gone = await dealer.text(not_before=now - timedelta(hours=9), state=State.ACCEPTED)
    foreign = await dealer.text(await make.listing(await make.account()), not_before=now - timedelta(minutes=5))
    rows, more = await overdue.page()
    assert ([row["id"] for row in rows], more) == ([late.id, claimed.id, plan.id, foreign.id], False)
    assert [row["leaves"] for row in rows] == [True, True, False, True]
    assert rows[0]["due"] == late.not_before
    counts = {(each.account, each.kind): (each.number, each.oldest) for each in await overdue.counts()}
    assert counts[dealer.account.id, "one_to_one"] == (2, late.not_before)
    assert counts[dealer.account.id, "scheduled"][0] == 1
    assert [each.number for each in await overdue.counts(foreign.account)] == [1]
    await freezing.freeze("Odd.")
    assert await freezing.release(None, cancel_overdue=True) == 4
    for message in (late, claimed, plan, foreign):
        assert (await again(message)).state == State.CANCELLED
    assert (await again(late)).reason == overdue.CANCELLED
    assert [(await again(message)).state for message in (later, gone)] == [State.QUEUED, State.ACCEPTED]


async def test_a_batch_that_had_begun_ends_with_all_it_holds_back_when_the_overdue_are_cancelled(
    house, data_dir, clock
):
    dealer = await of_batches.sender()
    batch = await of_batches.started(dealer, await of_batches.listings(dealer, 60))
    half = await of_batches.started(dealer, await of_batches.listings(dealer, 1))
    await Batch.update({Batch.state: "expanding", Batch.size: 4}).where(Batch.id == half.id)
    next_week = await of_batches.started(dealer, await of_batches.listings(dealer, 2))
    await Batch.update({Batch.scheduled_at: clock.now() + timedelta(days=7)}).where(Batch.id == next_week.id)
    done = await of_batches.started(dealer, await of_batches.listings(dealer, 1))
    await Batch.update({Batch.state: "done"}).where(Batch.id == done.id)
    first = await dealer.start()
    await end(first[:1], Accepted("p-1"))
    await Message.update({Message.state: "queued", Message.not_before: clock.now() + timedelta(hours=1)}).where(
        Message.batch == next_week.id
    )
    await freezing.freeze("Odd.")
    begun = {row["id"]: (row["state"], row["waiting"]) for row in await going_on.batches()}
    assert begun == {batch.id: ("running", 55), half.id: ("expanding", 3)}
    assert await going_on.batches((await make.account()).id) == []
    assert await freezing.release(None, cancel_overdue=True) == 58
    clock.advance(minutes=2)
    await steering.tend()
    for each in (batch, half):
        assert (await of_batches.fresh(each)).state == "stopped"
        assert not {"queued", "pending"} & set(await of_batches.states(each))
    reasons = await Message.select(Message.reason).where((Message.batch == batch.id) & (Message.state == "cancelled"))
    assert {row["reason"] for row in reasons} == {going_on.CANCELLED}
    assert (await of_batches.states(next_week))["queued"] == 2
    assert await going_on.batches() == []


async def test_a_batch_by_each_sellers_clock_has_begun_before_its_hour_at_the_dealership(house, data_dir, clock):
    dealer = await of_batches.sender()
    batch = await of_batches.started(dealer, await of_batches.listings(dealer, 2))
    for rule, hours, begun in (("seller", 3, 1), ("seller", 30, 0), ("zone", 3, 0), ("zone", -1, 1)):
        when = clock.now() + timedelta(hours=hours)
        await Batch.update({Batch.scheduled_at: when, Batch.schedule_rule: rule}).where(Batch.id == batch.id)
        assert len(await going_on.batches()) == begun, (rule, hours)


async def test_a_batch_that_has_begun_goes_on_where_nobody_cancels(house, data_dir):
    dealer = await of_batches.sender()
    batch = await of_batches.started(dealer, await of_batches.listings(dealer, 60))
    await freezing.freeze("Odd.")
    assert await freezing.release(None) == 0
    assert (await of_batches.fresh(batch)).state == "running"


async def test_the_list_goes_on_where_the_page_before_it_ended(house, data_dir, monkeypatch):
    monkeypatch.setattr(overdue, "PAGE", 2)
    dealer = await shop()
    same = clock.now() - timedelta(hours=1)
    ids = {(await dealer.text(not_before=same)).id for _ in range(5)}
    seen: list[UUID] = []
    after, more = None, True
    while more:
        rows, more = await overdue.page(dealer.account.id, after)
        seen += [row["id"] for row in rows]
        after = overdue.Cursor(rows[-1]["due"], rows[-1]["id"])
    assert len(seen) == 5
    assert set(seen) == ids
    assert await Message.count() == 5

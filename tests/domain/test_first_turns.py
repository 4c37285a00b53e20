"""First contacts an hour: kept in any sixty minutes, over nights, pauses, restarts and several batches."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import composing, delivery, first_turns, quiet_hours, seller_hours, zones
from domain.accounts import Account
from domain.batches import estimating, expanding, starting, steering, watching
from domain.batches.tables import Batch
from domain.listings import Listing
from domain.messages import Message, State
from domain.suppressions import FirstContact
from tests import make
from tests.domain.test_batches import draft, fresh, leave, look, sender, started
from tests.sending import OWNER, Shop, again
from tests.sending import draft as words

ELEVEN = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # in Tucson, where everybody is
TUCSON = {"postal_code": "85701"}
_lines = itertools.cycle(range(100))
HOUR = timedelta(hours=1)
Look = Callable[[datetime], Awaitable[None]]
SAID = "Your dealership writes first to only so many sellers an hour."


@pytest.fixture(autouse=True)
def _eleven(clock: Any) -> None:
    clock.freeze()
    clock.set(ELEVEN)


async def limited(an_hour: int, **values: Any) -> Shop:
    dealer = await sender(**values)
    await dealer.account.update_self({Account.phone: ""})
    await dealer.account.update_self({Account.first_contacts_an_hour: an_hour})
    return dealer


async def chosen(dealer: Shop, number: int) -> list[Listing]:
    return [
        await make.listing(dealer.account, seller={**TUCSON, "mobile": f"+152055501{next(_lines):02}"})
        for _ in range(number)
    ]


async def all_leave(dealer: Shop, clock: Any, most: int = 500, seen: Look | None = None) -> list[datetime]:
    """The clock runs until nothing waits any more: when each left. Between two it is `seen` how the batch goes."""
    left: list[datetime] = []
    for _ in range(most):
        left += [clock.now()] * await leave(dealer)
        if seen:
            await seen(clock.now())
        if (due := await delivery.next_due()) is None:
            return left
        clock.set(due)
        clock.freeze()
    raise AssertionError(f"{len(left)} left, and still some wait.")


def most_in_an_hour(left: Sequence[datetime]) -> int:
    return max(sum(each - HOUR < other <= each for other in left) for each in left)


async def times(batch: Batch) -> list[int]:
    """When the messages of a batch leave, in seconds from eleven."""
    rows = await Message.select(Message.not_before).where(Message.batch == batch.id).order_by(Message.not_before)
    return [round((row["not_before"] - ELEVEN).total_seconds()) for row in rows]


# In any hour


async def test_over_nights_no_more_leave_in_an_hour_and_the_page_before_said_when_the_last_one_does(
    house: None, clock: Any
) -> None:
    dealer = await limited(2)
    batch = await draft(dealer, await chosen(dealer, 40))
    summary = await look(dealer, batch)
    seen = await estimating.estimate(dealer.account, dealer.user, summary)
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    await expanding.expand(batch.id)
    left = await all_leave(dealer, clock)
    assert len(left) == 40
    assert most_in_an_hour(left) == 2
    rules = await seller_hours.rules_of(dealer.account.id)
    assert all(quiet_hours.allowed(each, zones.of("US", "85701", ()), rules) for each in [*left, seen.leaves_at])
    assert timedelta() <= seen.leaves_at - max(left) <= timedelta(minutes=30)


async def test_while_it_runs_its_page_says_at_every_moment_when_the_last_one_leaves(house: None, clock: Any) -> None:
    dealer = await limited(2)
    batch = await started(dealer, await chosen(dealer, 40))
    said: list[tuple[datetime, datetime]] = []

    async def seen(now: datetime) -> None:
        if (at := (await watching.progress(batch)).leaves_at) is not None:
            assert at == await watching.leaves_at(batch, await watching.counts(batch))
            said.append((now, at))

    left = await all_leave(dealer, clock, seen=seen)
    assert (len(left), max(left) - min(left) > timedelta(hours=30), len(said) > 30) == (40, True, True)
    for now, at in said:
        assert abs(at - max(left)) <= max(timedelta(minutes=31), (max(left) - now) / 10), (now, at, max(left))


async def test_two_batches_share_the_hour_of_their_dealership_and_both_pages_said_when(house: None, clock: Any) -> None:
    dealer = await limited(4)
    said = []
    for _ in range(2):
        batch = await draft(dealer, await chosen(dealer, 8))
        summary = await look(dealer, batch)
        said.append((await estimating.estimate(dealer.account, dealer.user, summary)).leaves_at)
        assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
        await expanding.expand(batch.id)
    left = await all_leave(dealer, clock)
    assert (len(left), most_in_an_hour(left)) == (16, 4)
    assert said == [left[7], left[15]]


async def test_another_dealerships_first_contacts_are_its_own(house: None) -> None:
    for _ in range(2):
        dealer = await limited(1, account=await make.account())
        await started(dealer, await chosen(dealer, 2))
        assert await leave(dealer) == 1


async def test_a_worker_that_goes_on_where_another_was_stopped_spreads_the_rest_behind_the_first(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer = await limited(4)
    batch = await draft(dealer, await chosen(dealer, 6))
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, await look(dealer, batch))
    monkeypatch.setattr(expanding, "AT_ONCE", 2)
    prepared = await expanding._prepare(batch.id)
    assert prepared
    assert await expanding._chunk(prepared) == 2
    await expanding.expand(batch.id)
    assert await times(batch) == [0, 900, 1800, 2700, 3600, 4500]


async def test_what_came_due_in_a_pause_leaves_as_many_an_hour_as_ever(house: None, clock: Any) -> None:
    dealer = await limited(2)
    batch = await started(dealer, await chosen(dealer, 8))
    assert await steering.pause(batch, dealer.user)
    clock.set(ELEVEN + timedelta(hours=5))
    clock.freeze()
    assert await steering.resume(await fresh(batch), dealer.user)
    left = await all_leave(dealer, clock)
    assert (len(left), most_in_an_hour(left)) == (8, 2)
    assert max(left) - min(left) == timedelta(hours=3.5)  # two at once, then one each half hour


async def test_workers_side_by_side_make_the_first_contacts_of_an_hour_together_and_no_more(house: None) -> None:
    dealer = await limited(3)
    await started(dealer, await chosen(dealer, 6))
    await Message.update({Message.not_before: ELEVEN}).where(Message.state == State.QUEUED)
    owners = [f"host:boot:{n}:{n}" for n in range(3)]
    claims = [(owner, await dealer.claim(owner, 2)) for owner in owners]
    begun = await asyncio.gather(*(delivery.start(*claim) for claim in claims))
    assert sum(len(each) for each, _ in begun) == 3


# What waits, and what does not


async def test_who_waits_says_why_and_until_when_and_nobody_wrote_to_them_first_yet(house: None) -> None:
    dealer = await limited(1)
    await started(dealer, await chosen(dealer, 1))
    assert await leave(dealer) == 1
    waits = await dealer.text((await chosen(dealer, 1))[0], kind="batch")
    assert await leave(dealer) == 0
    now = await again(waits)
    assert (now.state, now.code, now.reason, now.not_before) == ("queued", "first_contacts", SAID, ELEVEN + HOUR)
    assert now.decision is not None
    assert json.loads(now.decision)["facts"]["turn"] == (ELEVEN + HOUR).isoformat()
    assert not await FirstContact.exists().where(FirstContact.message == waits.id)


async def test_those_of_a_batch_say_from_the_start_what_they_wait_for(house: None) -> None:
    dealer = await limited(2)
    batch = await started(dealer, await chosen(dealer, 3))
    rows = (
        await Message.select(Message.code, Message.reason).where(Message.batch == batch.id).order_by(Message.not_before)
    )
    assert [(row["code"], row["reason"]) for row in rows] == [("", ""), *[("first_contacts", SAID)] * 2]


async def test_what_a_person_writes_to_one_seller_never_waits_for_it_and_counts(house: None, clock: Any) -> None:
    dealer = await limited(1)
    await started(dealer, await chosen(dealer, 2))
    assert await leave(dealer) == 1
    own, planned = await chosen(dealer, 2)
    await composing.send(await dealer.scene(own), words())
    await dealer.text(planned, kind="scheduled")
    clock.advance(seconds=30)
    assert await leave(dealer) == 2
    clock.set(ELEVEN + timedelta(minutes=59))
    await dealer.text((await chosen(dealer, 1))[0])
    assert await leave(dealer) == 1
    clock.set(ELEVEN + HOUR)  # the second one's turn, but others wrote first meanwhile
    assert await leave(dealer) == 0


async def test_only_first_contacts_wait(house: None) -> None:
    dealer = await limited(1)
    await started(dealer, await chosen(dealer, 1))
    assert await leave(dealer) == 1
    [known] = await chosen(dealer, 1)
    await make.message(known, direction="in")
    await dealer.text(known, kind="batch")
    assert await leave(dealer) == 1


async def test_what_failed_takes_no_turn(house: None) -> None:
    dealer = await limited(1)
    await started(dealer, await chosen(dealer, 1))
    assert await leave(dealer) == 1
    await Message.update({Message.state: State.FAILED}).where(Message.direction == "out")
    await dealer.text((await chosen(dealer, 1))[0], kind="batch")
    assert await leave(dealer) == 1


# How the turns are given


def test_who_comes_a_moment_too_early_keeps_their_turn_and_all_others_go_behind_the_last() -> None:
    opens, line = ELEVEN + timedelta(seconds=2), ELEVEN + timedelta(hours=3)
    pace = first_turns.Pace(4, 1, opens, line)
    assert pace.turn(ELEVEN) is None
    pace.take()
    turns = [pace.turn(ELEVEN) for _ in range(3)]
    assert turns == [opens, line + HOUR / 4, line + HOUR / 2]
    far = first_turns.Pace(4, 0, ELEVEN + HOUR / 2, None)
    assert [far.turn(ELEVEN) for _ in range(2)] == [ELEVEN + HOUR / 2, ELEVEN + HOUR * 3 / 4]


# What it costs


async def test_without_a_limit_the_database_is_asked_nothing_and_with_one_once_a_handful(
    house: None, count_queries: Any
) -> None:
    dealer = await sender()
    counts = []
    for an_hour in (0, 0, 500):
        await dealer.account.update_self({Account.first_contacts_an_hour: an_hour})
        for listing in await chosen(dealer, 6):
            await dealer.text(listing, kind="batch")
        claimed = await dealer.claim()
        with count_queries() as queries:
            begun, _ = await delivery.start(OWNER, claimed)
        assert len(begun) == 6
        counts.append(queries.count)
    assert counts[2] - counts[1] in (1, 2)  # the lock of PostgreSQL

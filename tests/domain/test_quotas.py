"""A sender's day: what counts, whom it holds, and when they go on."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import composing, connections, delivery, gate, ids, messages, quotas
from domain.accounts import Account
from domain.composing import GateRefused
from domain.connections import Connection
from domain.errors import Refused
from domain.listings import Listing
from domain.messages import Message, State
from domain.users import User
from tests import make
from tests.sending import OWNER, Shop, again, draft, put, shop

NOON = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)  # 14:00 in New York, where the dealership is
MIDNIGHT = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)  # everywhere
TUCSON = {"postal_code": "85701"}
TWO = "x" * 200  # segments


@pytest.fixture(autouse=True)
def _noon(clock: Any) -> None:
    clock.set(NOON)


async def limited(segments: int) -> Shop:
    return await shop(options=json.dumps({"per_minute": 0, "segments_a_day": segments}))


async def used(dealer: Shop, user: User | None = None) -> int:
    """What one of them used, which the look before a batch asks for alone."""
    person, zone = (user or dealer.user).id, dealer.account.timezone
    day = await quotas.of(dealer.connection, zone)
    assert day
    of_person = quotas.of_person(dealer.connection, person, zone)
    [row] = await Message.raw(f"SELECT {quotas.used_by()} AS used", *of_person)
    assert quotas.day_of(dealer.connection, person, zone, row["used"]).used[person] == day.used[person]
    return day.used[person]


async def left(dealer: Shop, listing: Listing | None = None, **values: Any) -> Message:
    """A text of the agent's that left today."""
    listing = listing or await make.listing(dealer.account)
    return await make.message(
        listing, **{"user": dealer.user, "connection": dealer.connection, "state": State.SENT, "segments": 1, **values}
    )


# What counts


@pytest.mark.parametrize("state", ["sending", "accepted", "sent", "delivered", "undelivered", "unknown"])
async def test_what_left_or_may_have_left_counts_with_its_segments(house: None, state: str) -> None:
    dealer = await limited(10)
    await left(dealer, state=state, segments=3)
    await left(dealer, state=state, segments=0)  # a picture without words is a message too
    assert await used(dealer) == 4


@pytest.mark.parametrize("state", ["pending", "queued", "claimed", "failed", "skipped", "cancelled", "expired"])
async def test_what_did_not_leave_counts_for_nothing(house: None, state: str) -> None:
    dealer = await limited(10)
    await left(dealer, state=state)
    assert await used(dealer) == 0


async def test_another_sender_another_connection_emails_and_what_came_in_are_not_ones_own(house: None) -> None:
    dealer = await limited(10)
    colleague = await make.user(dealer.account)
    await left(dealer, user=colleague, segments=2)
    await left(dealer, connection=await make.connection(dealer.account))
    await left(dealer, channel="email")
    await make.message(await make.listing(dealer.account), direction="in", connection=dealer.connection)
    assert (await used(dealer), await used(dealer, colleague)) == (0, 2)


async def test_a_day_is_the_dealerships_and_begins_anew_at_its_midnight(house: None, clock: Any) -> None:
    dealer = await limited(10)
    begins = MIDNIGHT - timedelta(days=1)
    await left(dealer, at=begins - timedelta(seconds=1))
    await left(dealer, at=begins)
    assert await used(dealer) == 1
    day = await quotas.of(dealer.connection, dealer.account.timezone)
    assert day is not None
    assert day.ends == MIDNIGHT
    clock.set(MIDNIGHT)
    assert await used(dealer) == 0


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 8, 23), (11, 1, 25), (6, 1, 24)])
def test_a_day_on_which_the_clocks_are_changed_is_shorter_or_longer(month: int, day: int, hours: int) -> None:
    begins, ends = quotas.bounds(datetime(2026, month, day, 16, tzinfo=UTC), "America/New_York")
    assert ends - begins == timedelta(hours=hours)


async def test_what_a_person_sends_once_more_counts_on_the_day_it_leaves(house: None, clock: Any) -> None:
    dealer = await limited(2)
    failed = await left(dealer, state=State.FAILED, attempts=1, at=NOON - timedelta(days=3), not_before=NOON)
    await messages.retry(failed, dealer.user, 1)
    assert await used(dealer) == 0
    assert len(await dealer.start()) == 1
    assert await used(dealer) == 1
    clock.set(MORNING)
    assert await used(dealer) == 0


# Whom it holds


async def test_a_person_hears_it_in_the_window_once_their_day_is_used_up_and_nothing_is_written(house: None) -> None:
    dealer = await limited(2)
    listing = await make.listing(dealer.account, seller=TUCSON)
    await left(dealer)
    assert (await composing.judge(await dealer.scene(listing), "text")).allowed
    await left(dealer)
    with pytest.raises(GateRefused) as refused:
        await composing.send(await dealer.scene(listing), draft())
    [said] = refused.value.refusals
    assert said == gate.refusal("over_quota", channel="one_to_one")
    assert str(refused.value) == (
        "This sender has used up today's texts. Schedule it for tomorrow, or let a colleague send it."
    )
    assert not await Message.exists().where(Message.listing == listing.id)
    tomorrow = await composing.judge(await dealer.scene(listing), "text", kind="scheduled", at=MORNING)
    assert tomorrow.allowed
    colleague = await make.user(dealer.account)
    await make.sender_link(dealer.connection, colleague)
    assert (await composing.judge(await dealer.scene(listing, colleague), "text")).allowed


async def test_of_what_a_person_sent_in_one_breath_the_last_look_lets_the_day_through_and_no_more(house: None) -> None:
    dealer = await limited(3)
    texts = [await dealer.text(body=TWO, segments=2) for _ in range(3)]
    assert len(await dealer.start()) == 2  # the second begins with one left
    ended = await again(texts[2])
    assert (ended.state, ended.code) == (State.FAILED, "over_quota")
    assert ended.decision is not None
    assert json.loads(ended.decision)["facts"]["over_quota"] == MIDNIGHT.isoformat()


@pytest.mark.parametrize(("kind", "state"), [("batch", "queued"), ("automated", "queued"), ("scheduled", "pending")])
async def test_what_leaves_by_itself_waits_for_midnight_then_for_the_morning_and_goes(
    house: None, clock: Any, kind: str, state: str
) -> None:
    dealer = await limited(1)
    await left(dealer)
    message = await dealer.text(await make.listing(dealer.account, seller=TUCSON), kind=kind)
    assert await dealer.start() == []
    waiting = await again(message)
    assert (waiting.state, waiting.code, waiting.reason) == (
        state,
        "over_quota",
        "This sender has used up today's texts.",
    )
    assert (waiting.scheduled_at if kind == "scheduled" else waiting.not_before) == MIDNIGHT
    clock.set(MIDNIGHT)
    await put(message, state=State.CLAIMED, owner=OWNER, not_before=MIDNIGHT)
    assert (await delivery.start(OWNER, [message.id]))[0] == []
    assert (await again(message)).code == "quiet_hours"
    clock.set(MORNING)
    await put(message, state=State.CLAIMED, owner=OWNER, not_before=MORNING)
    assert len((await delivery.start(OWNER, [message.id]))[0]) == 1


async def test_a_batch_leaves_up_to_the_limit_and_the_rest_waits(house: None) -> None:
    dealer = await limited(5)
    await left(dealer)
    for _ in range(9):
        await dealer.text(kind="batch")
    assert len(await dealer.start()) == 4
    assert await used(dealer) == 5
    rows = await Message.select(Message.code).where((Message.state == State.QUEUED) & (Message.not_before == MIDNIGHT))
    assert [row["code"] for row in rows] == ["over_quota"] * 5


async def test_workers_side_by_side_send_a_day_together_and_no_more(house: None) -> None:
    dealer = await limited(5)
    for n in range(12):
        await dealer.text(kind="batch", state=State.CLAIMED, owner=f"{OWNER}{n % 4}")
    rows = await Message.select(Message.id, Message.owner).where(Message.state == State.CLAIMED)
    mine = {owner: [row["id"] for row in rows if row["owner"] == owner] for owner in {row["owner"] for row in rows}}
    begun = await asyncio.gather(*(delivery.start(owner, ids) for owner, ids in mine.items()))
    assert sum(len(started) for started, _ in begun) == 5


async def test_who_said_stop_is_told_so_on_a_day_that_is_used_up(house: None) -> None:
    dealer = await limited(1)
    await left(dealer)
    assert (await dealer.accepted(kind="answer")).state == State.ACCEPTED


async def test_an_email_leaves_on_a_day_whose_texts_are_used_up(house: None) -> None:
    dealer = await limited(1)
    await left(dealer)
    listing = await make.listing(dealer.account, seller={**TUCSON, "email": "dana@mail.example"})
    said = (await composing.judge(await dealer.scene(listing), "email")).refusals
    assert "over_quota" not in [each.code for each in said]


# What it costs


async def test_without_a_limit_the_database_is_asked_nothing_and_with_one_once_a_handful(
    house: None, count_queries: Any
) -> None:
    dealer = await shop()
    await dealer.texts(1)
    assert await dealer.start()  # plans and hours are read
    counts = []
    for options in ("{}", '{"segments_a_day": 0}', '{"segments_a_day": 500}'):
        await Connection.update({Connection.options: options}).where(Connection.id == dealer.connection.id)
        await dealer.texts(6)
        claimed = await dealer.claim()
        with count_queries() as queries:
            started, _ = await delivery.start(OWNER, claimed)
        assert len(started) == 6
        counts.append(queries.count)
    assert counts[0] == counts[1]
    assert counts[2] - counts[0] in (1, 2)  # the lock of PostgreSQL


async def test_a_connection_without_a_limit_has_no_day(house: None, count_queries: Any) -> None:
    dealer = await shop()
    with count_queries() as queries:
        assert await quotas.of(dealer.connection, dealer.account.timezone) is None
        assert await quotas.of(None, "") is None
    assert queries.count == 0


# The limit


@pytest.mark.parametrize("options", [None, "", "{}", '{"segments_a_day": "many"}', '{"segments_a_day": -1}'])
def test_what_is_no_number_is_no_limit(options: str | None) -> None:
    assert quotas.limit_of(options) == 0


async def test_a_limit_is_set_and_lifted_and_leaves_the_pace_alone(house: None) -> None:
    dealer = await shop(options='{"per_minute": "60"}')
    for typed, kept in ((" 250 ", 250), ("", 0)):
        assert await quotas.limit(dealer.connection, dealer.user.id, typed) == kept
        stored = await connections.by_id(dealer.connection.id)
        assert stored is not None
        assert json.loads(stored.options) == {"per_minute": "60", "segments_a_day": kept}
        assert connections.adapter(stored).channel == "text"
    with pytest.raises(Refused) as refused:
        await quotas.limit(dealer.connection, dealer.user.id, "100001")
    assert refused.value.field == "segments_a_day"


async def test_the_day_says_who_used_how_much_the_most_first(house: None) -> None:
    dealer = await limited(10)
    colleague = await make.user(dealer.account, name="Maya Ortiz")
    await left(dealer)
    await left(dealer, user=colleague, segments=4)
    zone = (await Account.objects().get(Account.id == dealer.account.id)).timezone
    assert await quotas.spent(dealer.connection, zone) == [("Maya Ortiz", 4), (dealer.user.name, 1)]


def test_how_many_nights_pass_until_so_many_segments_have_left() -> None:
    person = ids.new()
    day = quotas.Day(100, MIDNIGHT, Counter({person: 40}))
    assert [day.nights(person, segments, NOON) for segments in (0, 60, 61, 160, 161)] == [0, 0, 1, 1, 2]
    assert [day.nights(person, segments, MORNING) for segments in (100, 101)] == [0, 1]

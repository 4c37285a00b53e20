"""The dispatcher against the real simulator over HTTP, and against providers that hang, break and come back."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from domain import clock, connections, db, delivery, file_store, house_mail, messages
from domain.attachments import MessageAttachment
from domain.attempts import Attempt
from domain.channels import http
from domain.channels.base import Accepted, Channel, ChannelError, Kind, Outgoing, Sender
from domain.connections import Connection, ConnectionState, connecting, senders
from domain.errors import Unavailable
from domain.messages import Message, State
from tests import make
from tests.sending import OUR_NUMBER, SENDER, Provider, Shop, again, attempts, put, shop, states
from tests.simulator import KEY, RunningSimulator, running_simulator
from workers import dispatcher as dispatching
from workers.dispatcher import Dispatcher
from workers.pace import Pace

NO_PACE = '{"per_minute": 0, "per_second": 0}'


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
async def dealer(house: None, simulator: RunningSimulator) -> AsyncIterator[Shop]:
    """A dealership connected to the simulator, without a pace."""
    simulator.as_usual()
    simulator.set_keys(KEY)
    yield await shop(base_url=simulator.url, secret=KEY, options=NO_PACE)
    simulator.as_usual()
    await http.close()


@asynccontextmanager
async def running(queue: str, owner: str = "host:boot:1:1", patience: float = 20) -> AsyncIterator[Dispatcher]:
    """A dispatcher at work; at the end of the block it stops in order."""
    told: set = set()

    async def hint(listings) -> None:
        told.update(listings)

    pace = Pace(queue)
    made = Dispatcher(owner, pace, hint)
    made.told = told  # type: ignore[attr-defined]
    task = asyncio.create_task(made.run())
    try:
        yield made
        made.stop()
        await asyncio.wait_for(task, patience)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await pace.close()


async def until(true: Callable[[], Awaitable[object]], within: float = 30) -> None:
    end = monotonic() + within
    while not await true():
        assert monotonic() < end, f"not true within {within} s; states: {await states()}"
        await asyncio.sleep(0.02)


async def settled() -> bool:
    return not set(await states()) & {State.QUEUED, State.CLAIMED, State.SENDING}


def body() -> str:
    """Words no other test sends."""
    return f"Hi {uuid.uuid4()}"


def taken(simulator: RunningSimulator, words: str) -> list[dict]:
    return [each for each in simulator.messages() if each["text"].startswith(words)]


async def texts(dealer: Shop, number: int, words: str) -> list[Message]:
    listing = await make.listing(dealer.account)
    return [await dealer.text(listing, body=f"{words} {n}") for n in range(number)]


# Everything, once


async def test_three_hundred_texts_leave_once_each_and_all_are_recorded(dealer, queue, simulator):
    words = body()
    for n in range(300):
        await dealer.text(body=f"{words} {n}")
    async with running(queue) as made:
        await until(settled, within=60)
    assert await states() == {State.ACCEPTED: 300}
    arrived = taken(simulator, words)
    assert sorted(each["text"] for each in arrived) == sorted(f"{words} {n}" for n in range(300))
    ids = {each["id"] for each in arrived}
    rows = await Message.select(Message.provider_id, Message.listing)
    assert {row["provider_id"] for row in rows} == ids
    assert {row["listing"] for row in rows} == made.told
    assert await Attempt.count().where(Attempt.outcome == "accepted") == 300


async def test_the_minute_of_one_sender_holds_nobody_else_up(dealer, queue, simulator):
    options = '{"per_minute": 90, "per_second": 15, "per_sender": 3}'
    await Connection.update({Connection.options: options}).where(Connection.id == dealer.connection.id)
    mine, theirs = body(), body()
    await texts(dealer, 40, mine)
    colleague = await make.user(dealer.account)
    await make.sender_link(dealer.connection, colleague, provider_id=SENDER, numbers=OUR_NUMBER)

    async def left() -> tuple[int, int]:
        return len(taken(simulator, mine)), len(taken(simulator, theirs))

    async def is_full() -> bool:
        return await left() == (3, 0)

    async def is_there() -> bool:
        return await left() == (3, 1)

    async with running(queue):
        await until(is_full)
        await asyncio.sleep(1)  # in which it asks again and again
        await put(await dealer.text(body=theirs), user=colleague.id)
        await until(is_there, within=5)
    assert await states() == {State.ACCEPTED: 4, State.QUEUED: 37}


async def test_a_text_leaves_at_the_end_of_its_window_without_any_kick(dealer, queue, simulator):
    words = body()
    async with running(queue):
        await asyncio.sleep(0.1)
        due = clock.now() + timedelta(seconds=0.6)
        message = await dealer.text(body=words, not_before=due, undoable=True)
        await asyncio.sleep(0.3)
        assert taken(simulator, words) == []
        await until(settled, within=5)
    (attempt,) = await attempts(message)
    assert timedelta(0) <= attempt.started_at - due < timedelta(seconds=2)


async def test_a_kick_makes_a_text_leave_at_once(dealer, queue, simulator, monkeypatch):
    monkeypatch.setattr(dispatching, "LONGEST_SLEEP", 30.0)
    async with running(queue) as made:
        await asyncio.sleep(0.2)
        await dealer.text(body=body())
        made.wake()
        await until(settled, within=5)


async def test_two_dispatchers_at_once_send_nothing_twice(dealer, queue, simulator):
    """On PostgreSQL they share the work; on SQLite one works and the other stands by."""
    words = body()
    await texts(dealer, 150, words)
    async with running(queue, "host:boot:1:1"), running(queue, "host:boot:2:2"):
        await until(settled, within=40)
    arrived = [each["text"] for each in taken(simulator, words)]
    assert len(arrived) == len(set(arrived)) == 150
    assert await states() == {State.ACCEPTED: 150}


# Providers that misbehave, over HTTP


async def test_one_that_only_stands_by_does_not_look_again_and_again_at_what_is_due(house, queue, monkeypatch):
    dealer = await shop()
    looks = 0

    async def others(*_):
        nonlocal looks
        looks += 1
        return False

    monkeypatch.setattr(delivery, "take_turn", others)
    await dealer.text(not_before=clock.now() + timedelta(milliseconds=300))
    async with running(queue):
        await asyncio.sleep(1)
    assert looks <= 5


async def test_throttled_texts_leave_later_once_each(dealer, queue, simulator):
    words = body()
    simulator.switch(too_many_requests={"value": 0.5, "calls": 6})
    await texts(dealer, 10, words)
    async with running(queue):
        await until(settled)
    assert await states() == {State.ACCEPTED: 10}
    assert len(taken(simulator, words)) == 10
    assert await Attempt.count().where(Attempt.outcome == "throttled") == 6


@pytest.mark.parametrize(
    ("switch", "arrives"),
    [("server_error_after", 1), ("reset_after", 1), ("server_error", 0), ("reset_before", 0), ("not_json", 0)],
)
async def test_a_call_whose_fate_is_unknown_is_made_once_whether_or_not_it_arrived(
    dealer, queue, simulator, switch, arrives
):
    words = body()
    simulator.switch(**{switch: {"calls": 3}})
    (message,) = await texts(dealer, 1, words)
    async with running(queue) as made:
        await until(settled)
        made.wake()
        await asyncio.sleep(0.3)
    assert (await again(message)).state == State.UNKNOWN
    assert len(taken(simulator, words)) == arrives
    assert [attempt.outcome for attempt in await attempts(message)] == ["unknown"]


@pytest.mark.parametrize(
    ("switch", "words_of_dialpad"),
    [
        ("forbidden", "You are not permitted to send on behalf of this user."),
        ("out_of_credit", "Your company has run out of messaging credits."),
    ],
)
async def test_a_refusal_is_shown_in_dialpads_words(dealer, queue, simulator, switch, words_of_dialpad):
    simulator.switch(**{switch: True})
    (message,) = await texts(dealer, 1, body())
    async with running(queue):
        await until(settled)
    assert ((await again(message)).state, (await again(message)).reason) == (
        State.FAILED,
        f"Dialpad says: {words_of_dialpad}",
    )


async def test_a_refused_key_pauses_everything_and_all_leaves_once_it_is_mended(dealer, queue, simulator):
    boss = await make.user(dealer.account, role="admin")
    words = body()
    simulator.set_keys("another key")
    several = await texts(dealer, 60, words)

    async def paused() -> bool:
        broken = (await connections.by_id(dealer.connection.id)).state == ConnectionState.BROKEN
        return broken and await states() == {State.QUEUED: 60}

    async with running(queue) as made:
        await until(paused)
        calls = await Attempt.count()
        made.wake()
        await asyncio.sleep(0.3)
        assert await Attempt.count() == calls <= dispatching.OPEN_OF_ONE
        assert [mail.recipient for mail in await house_mail.Mail.objects()] == [boss.email]
        simulator.set_keys(KEY)
        assert await connections.recheck(await connections.by_id(dealer.connection.id)) == ""
        made.wake()
        await until(settled)
    assert len(taken(simulator, words)) == 60
    assert {(await again(message)).state for message in several} == {State.ACCEPTED}


async def test_a_provider_that_cannot_be_reached_fails_nothing_at_once(house, queue):
    dealer = await shop(base_url="http://127.0.0.1:9", options=NO_PACE)
    message = await dealer.text()
    async with running(queue):
        await until(lambda: Attempt.exists().where(Attempt.outcome == "never_connected"), within=10)
    assert (await again(message)).state == State.QUEUED
    await http.close()


async def test_a_person_who_lost_their_account_sends_nothing(dealer, queue, simulator):
    """The look at the sender is old, and the simulator knows nobody with that email."""
    (message,) = await texts(dealer, 1, body())
    await looked_up_long_ago()
    async with running(queue):
        await until(settled)
    assert (await again(message)).reason == "No Dialpad account found"
    assert await attempts(message) == []


# Pace


async def test_no_more_than_the_pace_leave_in_its_window(dealer, queue, simulator):
    words = body()
    await Connection.update({Connection.options: '{"per_minute": 5, "per_second": 0}'}).where(
        Connection.id == dealer.connection.id
    )
    await texts(dealer, 12, words)
    async with running(queue):
        await until(lambda: _are({State.QUEUED: 7, State.ACCEPTED: 5}))
        await asyncio.sleep(1.5)
    assert len(taken(simulator, words)) == 5
    assert await states() == {State.QUEUED: 7, State.ACCEPTED: 5}


async def test_one_text_costs_one_place_of_the_pace(dealer, queue, simulator):
    await Connection.update({Connection.options: '{"per_minute": 3, "per_second": 0}'}).where(
        Connection.id == dealer.connection.id
    )
    async with running(queue) as made:
        for _ in range(3):
            await texts(dealer, 1, body())
            made.wake()
            await until(settled, within=5)


async def looked_up_long_ago() -> None:
    """Whoever sends is to be asked for anew."""
    long_ago: dict[Any, Any] = {connections.SenderLink.checked_at: clock.now() - timedelta(minutes=6)}
    await connections.SenderLink.update(long_ago, force=True)


async def _are(wanted) -> bool:
    return await states() == wanted


# Stopping, and faults of ours


async def test_stopping_lets_open_calls_end_and_takes_nothing_new_on(dealer, queue, simulator):
    words = body()
    simulator.switch(slow=1.0)
    await texts(dealer, dispatching.OPEN_OF_ONE + 60, words)
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.SENDING))
    ended = await states()
    assert set(ended) <= {State.QUEUED, State.ACCEPTED}
    assert ended[State.QUEUED] > 0
    assert ended[State.ACCEPTED] == len(taken(simulator, words)) > 0


async def test_a_database_that_fails_loses_no_outcome(dealer, queue, simulator, monkeypatch):
    words = body()
    record, failures = delivery.record, iter([OSError("disk full"), Unavailable("gone"), ValueError("odd")])

    async def now_and_then(outcomes):
        for failure in failures:
            raise failure
        return await record(outcomes)

    monkeypatch.setattr(delivery, "record", now_and_then)
    await texts(dealer, 40, words)
    async with running(queue):
        await until(settled)
    assert await states() == {State.ACCEPTED: 40}
    assert len(taken(simulator, words)) == 40


async def test_a_full_disk_is_one_line_of_the_log_and_no_trace(house, queue, monkeypatch, caplog):
    waited = asyncio.Event()

    async def full(*_: object) -> bool:
        waited.set()
        raise Unavailable("The disk is full, so nothing was stored.")

    monkeypatch.setattr(delivery, "take_turn", full)
    async with running(queue):
        await waited.wait()
        await asyncio.sleep(0)
    said = [record for record in caplog.records if "The disk is full" in record.getMessage()]
    assert said
    assert all(record.levelname == "WARNING" and not record.exc_info for record in said)


async def test_a_commit_that_was_reported_as_failed_loses_and_doubles_nothing(dealer, queue, simulator, monkeypatch):
    words = body()
    record, failures = delivery.record, iter([OSError("the answer to COMMIT got lost")] * 2)

    async def committed_all_the_same(outcomes):
        news = await record(outcomes)
        for failure in failures:
            raise failure
        return news

    monkeypatch.setattr(delivery, "record", committed_all_the_same)
    await texts(dealer, 40, words)
    async with running(queue):
        await until(settled)
        await asyncio.sleep(1.2)
    assert await states() == {State.ACCEPTED: 40}
    assert len(taken(simulator, words)) == 40


async def test_one_outcome_the_database_will_not_have_keeps_no_other_waiting(dealer, queue, simulator, monkeypatch):
    poison, *others = await texts(dealer, 12, body())
    record, cured = delivery.record, asyncio.Event()

    async def choosy(outcomes):
        if not cured.is_set() and any(each.started.outgoing.message_id == poison.id for each in outcomes):
            raise ValueError("not this one")
        return await record(outcomes)

    monkeypatch.setattr(delivery, "record", choosy)
    async with running(queue):
        await until(lambda: _are({State.SENDING: 1, State.ACCEPTED: 11}), within=15)
        cured.set()
        await until(settled)
    assert {(await again(message)).state for message in (poison, *others)} == {State.ACCEPTED}


async def test_what_a_failed_start_left_behind_heals_although_this_worker_lives(dealer, queue, simulator, monkeypatch):
    """It began them and failed before it said which: nobody made the calls, and nobody may renew their leases."""
    monkeypatch.setattr(dispatching, "RENEW_EVERY", 0.02)
    words = body()
    take, failures = delivery.take, iter([OSError("the answer to COMMIT got lost")])

    async def committed_all_the_same(*about):
        result = await take(*about)
        for failure in failures:
            raise failure
        return result

    monkeypatch.setattr(delivery, "take", committed_all_the_same)
    (message,) = await texts(dealer, 1, words)
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.SENDING))
        await asyncio.sleep(0.2)
        await put(message, lease_until=message.at - timedelta(days=999))
        await asyncio.sleep(0.2)
        await delivery.sweep()
        assert (await again(message)).state == State.UNKNOWN
    assert taken(simulator, words) == []


async def test_what_could_not_be_taken_is_taken_once_it_can(dealer, queue, simulator, monkeypatch):
    take, failures = delivery.take, iter([OSError("disk full")])

    async def now_and_then(*about):
        for failure in failures:
            raise failure
        return await take(*about)

    monkeypatch.setattr(delivery, "take", now_and_then)
    words = body()
    await texts(dealer, 5, words)
    async with running(queue):
        await until(settled, within=10)
    assert await states() == {State.ACCEPTED: 5}
    assert len(taken(simulator, words)) == 5


async def test_a_start_that_failed_whole_gives_its_messages_back(dealer, queue, simulator, monkeypatch):
    start, failures = delivery.start, iter([OSError("disk full")])

    async def now_and_then(*about, **named):
        for failure in failures:
            raise failure
        return await start(*about, **named)

    monkeypatch.setattr(delivery, "start", now_and_then)
    await texts(dealer, 5, body())
    of_their_own = '{"per_minute": 0, "per_second": 0, "per_sender": 1000}'  # so they are claimed first
    await Connection.update({Connection.options: of_their_own}).where(Connection.id == dealer.connection.id)
    async with running(queue):
        await until(settled, within=10)
    assert await states() == {State.ACCEPTED: 5}


async def test_what_is_in_hand_keeps_its_lease_however_slow_the_provider(dealer, queue, simulator, monkeypatch):
    monkeypatch.setattr(dispatching, "RENEW_EVERY", 0.05)
    simulator.switch(slow=1.5)
    (message,) = await texts(dealer, 1, body())
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.SENDING))
        await put(message, lease_until=message.at - timedelta(days=999))
        await asyncio.sleep(0.5)
        await delivery.sweep()
        assert (await again(message)).state == State.SENDING
        await until(settled)
    assert (await again(message)).state == State.ACCEPTED


# Files


PICTURE = b"\xff\xd8\xff what a camera saw"


async def pictured(dealer: Shop, words: str, picture: bytes = PICTURE) -> Message:
    """A text with a picture whose bytes are in the store."""
    sha256 = hashlib.sha256(picture).hexdigest()
    await file_store.put(sha256, picture)
    file = await make.attachment(dealer.account, sha256=sha256, size=len(picture))
    message = await dealer.text(body=words)
    await MessageAttachment.insert(MessageAttachment(message=message.id, attachment=file.id))
    return message


@pytest.fixture
async def photographer(dealer: Shop) -> Shop:
    """The dealership with pictures switched on."""
    options = '{"per_minute": 0, "per_second": 0, "mms": true}'
    await Connection.update({Connection.options: options}).where(Connection.id == dealer.connection.id)
    return dealer


async def test_texts_leave_with_their_pictures_byte_for_byte(photographer, queue, simulator):
    words = body()
    for n in range(40):
        await pictured(photographer, f"{words} {n}", PICTURE + bytes([n]))
    await photographer.text(body=f"{words} without")
    async with running(queue) as made:
        await until(settled)
    assert await states() == {State.ACCEPTED: 41}
    arrived = {each["text"]: each.get("picture", "") for each in taken(simulator, words)}
    assert arrived.pop(f"{words} without") == ""
    for n in range(40):
        kept = simulator.state_dir / "pictures" / arrived[f"{words} {n}"]
        assert kept.read_bytes() == PICTURE + bytes([n])
    assert (made._open.total(), made._in_hand) == (0, set())


class Watched(delivery.Room):
    """Room for so many bytes, and how many were held at most."""

    peak = 0

    def take(self, message, size):
        taken = super().take(message, size)
        self.peak = max(self.peak, sum(self._held.values()))
        return taken


async def test_more_files_than_there_is_room_for_leave_one_after_another(photographer, queue, simulator, monkeypatch):
    monkeypatch.setattr("domain.delivery.claiming.backoff", lambda tries: 0.1)
    words = body()
    for n in range(6):
        await pictured(photographer, f"{words} {n}", PICTURE + bytes([n]) * 400_000)
    await pictured(photographer, f"{words} of", b"no picture at all" * 20_000)
    room = Watched(1_000_000)
    async with running(queue) as made:
        made._room = room
        await until(settled)
    assert await states() == {State.ACCEPTED: 6, State.FAILED: 1}
    assert len(taken(simulator, words)) == 6
    assert 800_000 <= room.peak <= 1_000_000
    assert room._held == {}
    assert (made._open.total(), made._in_hand) == (0, set())


async def test_texts_without_files_do_not_wait_for_a_store_that_hangs(photographer, queue, simulator, monkeypatch):
    get, freed = file_store.get, asyncio.Event()

    async def hanging(sha256, *, thumb=False):
        await freed.wait()
        return await get(sha256, thumb=thumb)

    monkeypatch.setattr(file_store, "get", hanging)
    slow = await pictured(photographer, body())
    plain = await texts(photographer, 60, body())
    async with running(queue):
        await until(lambda: _are({State.CLAIMED: 1, State.ACCEPTED: 60}))
        assert await attempts(slow) == []
        freed.set()
        await until(settled)
    assert {(await again(message)).state for message in (slow, *plain)} == {State.ACCEPTED}


async def test_a_worker_that_stops_over_a_file_gives_its_message_back(photographer, queue, simulator, monkeypatch):
    asked = asyncio.Event()

    async def hanging(sha256, *, thumb=False):
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(dispatching, "PATIENCE", 0.3)
    words = body()
    with monkeypatch.context() as patch:
        patch.setattr(file_store, "get", hanging)
        message = await pictured(photographer, words)
        async with running(queue):
            await asyncio.wait_for(asked.wait(), 10)
    assert ((await again(message)).state, (await again(message)).owner) == (State.QUEUED, "")
    assert (await attempts(message), taken(simulator, words)) == ([], [])
    async with running(queue, "host:boot:2:2"):
        await until(settled)
    assert len(taken(simulator, words)) == 1


async def test_a_start_that_fails_after_the_files_were_read_gives_its_messages_back(
    photographer, queue, simulator, monkeypatch
):
    start, failures = delivery.start, iter([OSError("disk full")])

    async def now_and_then(owner, ids, packed, *more):
        for failure in failures:
            raise failure
        return await start(owner, ids, packed, *more)

    monkeypatch.setattr(delivery, "start", now_and_then)
    words = body()
    await pictured(photographer, words)
    async with running(queue):
        await until(settled, within=10)
    assert await states() == {State.ACCEPTED: 1}
    assert len(taken(simulator, words)) == 1


async def test_a_picture_the_provider_refuses_fails_in_its_words(photographer, queue, simulator):
    words = body()
    message = await pictured(photographer, words, b"no picture at all")
    async with running(queue):
        await until(settled)
    failed = await again(message)
    assert (failed.state, failed.reason) == (State.FAILED, "Dialpad says: media is no picture: send JPEG, PNG or GIF.")
    assert [attempt.outcome for attempt in await attempts(message)] == ["permanent"]


# Several dealerships


class Hanging(Provider):
    """Never answers; `freed` lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.freed = asyncio.Event()

    async def answer(self, outgoing: Outgoing) -> Accepted:
        await self.freed.wait()
        return await super().answer(outgoing)

    async def find_sender(self, email: str) -> Sender | None:
        await self.freed.wait()
        raise ChannelError("Not now.", Kind.NEVER_CONNECTED)


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> dict[object, Channel]:
    """connection id -> the provider in this process that stands for it."""
    found: dict[object, Channel] = {}

    def adapter(connection: Connection) -> Channel:
        if connection.id not in found:
            raise Unavailable("A stored credential was sealed with another secret key.")
        return found[connection.id]

    for each in (connections, senders):
        monkeypatch.setattr(each, "adapter", adapter)
    return found


async def test_a_provider_that_hangs_keeps_no_other_dealership_waiting(house, queue, providers):
    slow, quick = [await shop(account=await make.account(), options=NO_PACE) for _ in range(2)]
    providers[slow.connection.id] = hanging = Hanging()
    providers[quick.connection.id] = Provider()
    for _ in range(dispatching.OPEN_CALLS + 10):
        await slow.text()
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.SENDING))
        theirs = [await quick.text() for _ in range(20)]
        await until(lambda: _accepted(quick, 20), within=10)
        hanging.freed.set()
    assert {(await again(message)).state for message in theirs} == {State.ACCEPTED}


async def test_a_look_up_that_hangs_keeps_no_other_dealership_waiting(house, queue, providers):
    slow, quick = [await shop(account=await make.account(), options=NO_PACE) for _ in range(2)]
    providers[slow.connection.id] = hanging = Hanging()
    providers[quick.connection.id] = Provider()
    await connections.SenderLink.delete().where(connections.SenderLink.id == slow.link.id)
    waiting = await slow.text()
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.CLAIMED))
        await quick.text()
        await until(lambda: _accepted(quick, 1), within=5)
        hanging.freed.set()
    assert (await again(waiting)).state == State.QUEUED


async def test_a_connection_whose_key_cannot_be_opened_keeps_no_other_waiting(house, queue, providers):
    locked, fine = [await shop(account=await make.account(), options=NO_PACE) for _ in range(2)]
    providers[fine.connection.id] = Provider()
    waiting = await locked.text()
    async with running(queue):
        await asyncio.sleep(0.2)
        await fine.text()
        await until(lambda: _accepted(fine, 1), within=5)
    assert (await again(waiting)).state == State.QUEUED


async def test_all_that_waits_leaves_once_an_administrator_ends_a_rest(house, queue, providers, monkeypatch):
    class Resting(Provider):
        rests = True

        async def answer(self, outgoing: Outgoing) -> Accepted:
            if Resting.rests:
                raise ChannelError("Give us a day.", Kind.RESTS, retry_after=86_400)
            return await super().answer(outgoing)

        async def check(self) -> None:
            return None

    dealer = await shop(options=NO_PACE)
    providers[dealer.connection.id] = provider = Resting()
    tried = await dealer.text()
    async with running(queue):
        await until(lambda: Connection.exists().where(Connection.rests_until.is_not_null()))
        waiting = await dealer.text()
        await asyncio.sleep(1.5)
        assert (await again(waiting)).attempts == 0
        Resting.rests = False
        monkeypatch.setattr(connecting, "adapter", lambda connection: provider)
        assert await connections.recheck(await connections.by_id(dealer.connection.id)) == ""
        await until(lambda: _accepted(dealer, 2), within=10)
    assert (await again(tried)).attempts == 2


async def test_every_dealership_gets_its_turn(house, queue, providers, monkeypatch):
    monkeypatch.setattr(dispatching, "OPEN_CALLS", 4)
    monkeypatch.setattr(dispatching, "OPEN_OF_ONE", 2)
    monkeypatch.setattr(dispatching, "HANDFUL", 2)
    several = [await shop(account=await make.account(), options=NO_PACE) for _ in range(5)]
    order: list[object] = []

    class Noting(Provider):
        async def answer(self, outgoing: Outgoing) -> Accepted:
            order.append(self)
            await asyncio.sleep(0.02)
            return await super().answer(outgoing)

    for each in several:
        providers[each.connection.id] = Noting()
        await each.texts(8)
    async with running(queue):
        await until(settled)
    assert len(order) == 40
    # Nobody is done before everybody has begun.
    assert len(set(order[:20])) == 5


async def test_a_fault_of_ours_in_a_call_leaves_its_fate_unknown(house, queue, providers):
    class Faulty(Provider):
        async def answer(self, outgoing: Outgoing) -> Accepted:
            raise KeyError("a bug")

    dealer = await shop(options=NO_PACE)
    providers[dealer.connection.id] = Faulty()
    message = await dealer.text()
    async with running(queue):
        await until(settled)
    assert ((await again(message)).state, (await again(message)).reason) == (State.UNKNOWN, delivery.LOST)


async def test_a_text_cancelled_while_its_sender_is_looked_up_never_leaves(house, queue, providers):
    dealer = await shop(options=NO_PACE)
    providers[dealer.connection.id] = provider = Hanging()
    await connections.SenderLink.delete().where(connections.SenderLink.id == dealer.link.id)
    message = await dealer.text()
    async with running(queue):
        await until(lambda: Message.exists().where(Message.state == State.CLAIMED))
        async with db.writing():
            await messages.cancel_for_listing(message.listing, "The listing was passed.")
        provider.freed.set()
        await asyncio.sleep(0.2)
    assert ((await again(message)).state, provider.taken) == (State.CANCELLED, [])


async def _accepted(dealer: Shop, number: int) -> bool:
    found = Message.count().where((Message.account == dealer.account.id) & (Message.state == State.ACCEPTED))
    return await found == number

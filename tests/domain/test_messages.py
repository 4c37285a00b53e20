"""What people do with a message after it was written: undo, cancel, try again, mark sent, answer."""

import asyncio
from datetime import timedelta

import pytest

from domain import clock, connections, db, delivery, messages
from domain.audit import AuditEntry
from domain.channels.base import Accepted, ChannelError, Kind
from domain.connections import ConnectionState
from domain.errors import NotFound, Refused
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.sending import again, attempts, end, put, shop, unknown

NOT_RETRIABLE = sorted(set(State) - {State.FAILED, State.UNDELIVERED, State.UNKNOWN})


async def test_a_message_is_undone_inside_its_window_once(house):
    dealer = await shop()
    message = await dealer.text(undoable=True, not_before=clock.now() + timedelta(seconds=10))
    assert await messages.undo(message)
    assert not await messages.undo(message)
    undone = await again(message)
    assert (undone.state, undone.code) == (State.CANCELLED, "undone")


async def test_undo_comes_too_late_once_the_window_closed(house, clock):
    dealer = await shop()
    message = await dealer.text(undoable=True, not_before=clock.now() + timedelta(seconds=10))
    clock.advance(seconds=10)
    assert not await messages.undo(message)
    assert (await again(message)).state == State.QUEUED


async def test_what_has_no_window_is_not_undone(house):
    dealer = await shop()
    message = await dealer.text(undoable=False, not_before=clock.now() + timedelta(seconds=10))
    assert not await messages.undo(message)


async def test_of_undo_and_the_worker_exactly_one_wins(house, clock):
    """At the very end of the window both reach for it, many times over."""
    dealer = await shop()
    for _ in range(15):
        message = await dealer.text(undoable=True, not_before=clock.now() + timedelta(milliseconds=3))
        await asyncio.sleep(0)
        undone, started = await asyncio.gather(messages.undo(message), _started_soon(dealer))
        assert undone != bool(started), (undone, started)
        assert len(await attempts(message)) == len(started)


async def _started_soon(dealer):
    for _ in range(100):
        if started := await dealer.start():
            return started
        if not await Message.exists().where(Message.state == State.QUEUED):
            return []
        await asyncio.sleep(0.001)
    raise AssertionError("It was neither undone nor started.")


async def test_cancelling_for_a_listing_ends_what_waits_there_and_nothing_else(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    waiting = [await dealer.text(listing, state=state) for state in (State.PENDING, State.QUEUED)]
    sent = await dealer.text(listing, state=State.ACCEPTED)
    asked = await make.message(listing, direction="in")
    elsewhere = await dealer.text()
    async with db.writing():
        assert await messages.cancel_for_listing(listing.id, "The listing was passed.", "stage_pass") == 2
    for message in waiting:
        assert ((await again(message)).state, (await again(message)).code) == (State.CANCELLED, "stage_pass")
    assert [(await again(each)).state for each in (sent, asked, elsewhere)] == ["accepted", "received", "queued"]


async def test_a_person_cancels_their_own_text_and_a_manager_anybodys(house):
    dealer = await shop()
    colleague, manager = await make.user(dealer.account), await make.user(dealer.account, role="manager")
    one, two = await dealer.texts(2)
    with pytest.raises(Refused):
        await messages.cancel(one, colleague)
    assert await messages.cancel(one, dealer.user)
    assert await messages.cancel(await again(one), dealer.user)
    assert await messages.cancel(two, manager)
    await dealer.start()
    gone = await dealer.accepted()
    assert not await messages.cancel(gone, dealer.user)
    with pytest.raises(Refused):
        await messages.cancel(await make.message(direction="in"), manager)


async def test_cancelling_a_retry_does_not_claim_that_the_first_call_never_left(house):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await delivery.end_dead_leases(lambda owner: True)
    assert await messages.retry(await again(message), dealer.user, 1)
    assert await messages.cancel(await again(message), dealer.user)
    cancelled = await again(message)
    assert (cancelled.state, cancelled.reason) == (State.UNKNOWN, f"Cancelled by {dealer.user.name}")
    assert await dealer.claim() == []
    await end(started, Accepted("1004"))
    assert (await again(message)).state == State.ACCEPTED


async def test_a_cancelled_retry_does_not_leave_because_the_first_call_was_told_to_wait(house):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await delivery.end_dead_leases(lambda owner: True)
    await messages.retry(await again(message), dealer.user, 1)
    await messages.cancel(await again(message), dealer.user)
    await end(started, ChannelError("Too many.", Kind.THROTTLED, retry_after=0.001))
    assert (await again(message)).state == State.UNKNOWN
    await asyncio.sleep(0.01)
    assert await dealer.claim() == []


@pytest.mark.parametrize("state", [State.FAILED, State.UNDELIVERED, State.UNKNOWN])
async def test_a_retry_asks_for_exactly_one_attempt_however_often_it_is_clicked(house, state):
    dealer = await shop()
    message = await dealer.unknown()
    message = await put(message, state=state, rank=5, provider_id="1", reason="…")
    clicks = await asyncio.gather(*(messages.retry(message, dealer.user, 1) for _ in range(10)))
    assert sorted(clicks) == [False] * 9 + [True]
    queued = await again(message)
    assert (queued.state, queued.rank, queued.reason, queued.provider_id) == (State.QUEUED, 0, "", "")
    await end(await dealer.start(), ChannelError("Refused.", Kind.PERMANENT))
    # The page still shows one attempt: a click there asks for nothing more.
    assert not await messages.retry(await again(message), dealer.user, 1)
    ended = await again(message)
    # The second call was refused, but nobody knows what became of the first.
    assert (ended.state, ended.reason) == (State.UNKNOWN, "Refused.")
    assert len(await attempts(message)) == 2
    assert await AuditEntry.count().where(AuditEntry.action == "message.retried") == 1


async def test_what_has_not_failed_is_not_retried(house):
    dealer = await shop()
    for state in NOT_RETRIABLE:
        message = await dealer.text(state=state, attempts=1)
        assert not await messages.retry(message, dealer.user, 1)
        assert (await again(message)).state == state


async def test_a_retry_leaves_by_the_connection_that_is_there_now(house):
    dealer = await shop(kind="dialpad")
    message = await dealer.unknown()
    await connections.disconnect(dealer.connection, None)
    simulator = await make.connection(dealer.account, "simulator")
    assert await messages.retry(message, dealer.user, 1)
    assert (await again(message)).connection == simulator.id
    assert await delivery.due_connections(10) == {simulator.id: 1}


async def test_a_retry_without_any_connection_waits_for_one(house):
    dealer = await shop()
    message = await dealer.unknown()
    await connections.Connection.update({connections.Connection.state: ConnectionState.DISCONNECTED}).where(
        connections.Connection.id == dealer.connection.id
    )
    assert await messages.retry(message, dealer.user, 1)
    assert (await again(message)).connection == dealer.connection.id


async def test_a_person_marks_a_message_of_unknown_fate_as_sent(house):
    dealer = await shop()
    message = await dealer.unknown()
    assert await messages.mark_sent(message, dealer.user)
    assert not await messages.mark_sent(message, dealer.user)
    sent = await again(message)
    assert (sent.state, sent.reason) == (State.ACCEPTED, f"Marked sent by {dealer.user.name}")
    assert await dealer.claim() == []
    assert await delivery.follow_up() == {message.listing}
    assert not await messages.retry(sent, dealer.user, 1)


async def test_only_a_message_of_unknown_fate_is_marked_sent(house):
    dealer = await shop()
    for state in sorted(set(State) - {State.UNKNOWN}):
        message = await dealer.text(state=state)
        assert not await messages.mark_sent(message, dealer.user)
        assert (await again(message)).state == state


async def test_what_the_provider_reports_later_overrules_the_mark(house):
    dealer = await shop()
    message = await dealer.unknown()
    await messages.mark_sent(message, dealer.user)
    payload = dealer.outbound(message.to_address, message.body, message_status="failed")
    await dealer.hook(**payload)
    assert ((await again(message)).state, await Message.count()) == (State.UNDELIVERED, 1)


async def test_marking_a_conversation_answered_marks_all_that_came_in(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, waiting_since=clock.now())
    for _ in range(3):
        await make.message(listing, direction="in")
    other = await make.message(direction="in")
    assert await messages.mark_responded(listing.id) == 3
    assert await messages.mark_responded(listing.id) == 0
    assert (await Listing.objects().get(Listing.id == listing.id)).waiting_since is None
    assert (await again(other)).responded_at is None


async def test_a_foreign_message_is_not_found(house):
    dealer, other = await shop(), await shop(account=await make.account())
    message = await dealer.text(nonce="n-1")
    assert (await messages.by_id(dealer.account.id, message.id)).id == message.id
    with pytest.raises(NotFound):
        await messages.by_id(other.account.id, message.id)
    assert await messages.by_nonce(other.account.id, "n-1") is None


async def test_a_message_is_in_exactly_one_known_state_whatever_happens_to_it(house):
    """A walk through life: at every step the state is a known one, and a row that nobody works on has no owner."""
    dealer = await shop()
    message = await dealer.text()
    seen = []

    async def look():
        now = await again(message)
        assert now.state in set(State)
        assert bool(now.owner) == (now.state in (State.CLAIMED, State.SENDING)), now.state
        assert bool(now.lease_until) == bool(now.owner)
        seen.append(now.state)

    for how in (ChannelError("…", Kind.THROTTLED, retry_after=0.001), unknown(), Accepted("1")):
        await asyncio.sleep(0.01)
        await put(message, not_before=clock.now() - timedelta(seconds=1))
        started = await dealer.start()
        await look()
        await end(started, how)
        await look()
        if isinstance(how, ChannelError) and how.kind is Kind.UNKNOWN:
            assert await messages.retry(await again(message), dealer.user, 2)
            await look()
    assert seen == ["sending", "queued", "sending", "unknown", "queued", "sending", "accepted"]

"""Out of the door, once: claims, permits, attempts, outcomes and leases, on both databases."""

import asyncio
import contextvars
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from domain import clock, connections, db, delivery, house_mail, inbox, messages, suppressions
from domain.attachments import MessageAttachment
from domain.attempts import Attempt
from domain.channels.base import Accepted, ChannelError, Kind, Outgoing, Sender
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink, senders
from domain.consents import Consent
from domain.delivery import Outcome, claiming, starting
from domain.errors import Refused
from domain.listings import Listing, Stage
from domain.messages import Message, State
from domain.suppressions import OptOut
from tests import make, sending
from tests.sending import OTHER, OWNER, Provider, again, attempts, end, put, shop, states, unknown
from workers.processes import identity, is_dead

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # by any machine's clock


def dead(*owners: str):
    return lambda owner: owner in owners


# Claims


async def test_a_claim_takes_what_is_due_oldest_first_and_nothing_else(house):
    dealer, other = await shop(), await shop(account=await make.account())
    late, early = await dealer.text(), await dealer.text(not_before=clock.now() - timedelta(minutes=5))
    await dealer.text(not_before=clock.now() + timedelta(seconds=5))
    await dealer.text(state=State.UNKNOWN)
    await dealer.text(state=State.CANCELLED)
    await other.text()
    assert await dealer.claim() == [early.id, late.id]
    assert await dealer.claim(OTHER) == []
    claimed = await again(early)
    assert (claimed.state, claimed.owner) == (State.CLAIMED, OWNER)
    assert claimed.lease_until is not None


async def test_what_goes_to_one_seller_passes_a_batch_that_waits(house):
    dealer = await shop()
    long_ago = clock.now() - timedelta(hours=1)
    many = [await dealer.text(kind="batch", not_before=long_ago) for _ in range(3)]
    planned = await dealer.text(kind="scheduled", not_before=clock.now() - timedelta(minutes=2))
    written = await dealer.text()
    answer = await dealer.text(kind="answer")
    assert await dealer.claim(limit=2) == [answer.id, written.id]
    assert await dealer.claim(limit=2) == [planned.id, many[0].id]
    assert await dealer.claim(limit=5) == [many[1].id, many[2].id]


async def test_a_claim_takes_no_more_than_it_asked_for(house):
    dealer = await shop()
    await dealer.texts(5)
    first, second = await dealer.claim(limit=2), await dealer.claim(limit=2)
    assert (len(first), len(second)) == (2, 2)
    assert not set(first) & set(second)


async def test_many_claimers_at_once_never_share_a_message(house):
    dealer = await shop()
    wanted = {message.id for message in await dealer.texts(60)}
    claims = await asyncio.gather(*(dealer.claim(f"host:boot:{n}:1", limit=7) for n in range(16)))
    taken = [each for claim in claims for each in claim]
    assert len(taken) == len(set(taken))
    taken += await dealer.claim(limit=100)
    assert sorted(taken) == sorted(wanted)


async def test_a_claimer_passes_over_rows_another_transaction_holds(house):
    if not db.on_postgres():
        return await _one_writer_waits_for_the_other()
    dealer = await shop()
    held, free = await dealer.texts(2)
    async with db.writing():
        await Message.raw("SELECT id FROM message WHERE id = {} FOR UPDATE", held.id)
        claim = asyncio.get_running_loop().create_task(dealer.claim(), context=_outside())
        assert await asyncio.wait_for(claim, 5) == [free.id]
    return None


async def _one_writer_waits_for_the_other():
    dealer = await shop()
    wanted = {message.id for message in await dealer.texts(2)}
    async with db.writing():
        claim = asyncio.get_running_loop().create_task(dealer.claim(), context=_outside())
        await asyncio.sleep(0.05)
        assert not claim.done()
    assert set(await asyncio.wait_for(claim, 5)) == wanted


def _outside():
    """A context that knows nothing of the transaction this one is in."""
    return contextvars.Context()


async def test_connections_that_have_something_due_are_known_with_how_much(house):
    dealer, idle = await shop(), await shop(account=await make.account())
    broken = await shop(account=await make.account(), state=ConnectionState.BROKEN)
    await dealer.texts(3)
    await idle.text(not_before=clock.now() + timedelta(hours=1))
    await broken.text()
    assert await delivery.due_connections(10) == {dealer.connection.id: 3}
    assert await delivery.due_connections(2) == {dealer.connection.id: 2}
    assert await delivery.due_connections(10, [dealer.connection.id]) == {}


async def test_the_next_due_moment_is_the_earliest_one_ahead_that_can_leave(house):
    dealer = await shop()
    broken = await shop(account=await make.account(), state=ConnectionState.BROKEN)
    assert await delivery.next_due() is None
    await dealer.text()
    soon = clock.now() + timedelta(seconds=30)
    await dealer.text(not_before=soon)
    await dealer.text(not_before=soon + timedelta(seconds=1))
    await broken.text(not_before=soon - timedelta(seconds=1))
    assert await delivery.next_due() == soon


async def test_what_a_leaving_worker_claimed_goes_back_and_what_it_sends_does_not(house):
    dealer = await shop()
    sent = await dealer.text()
    await dealer.start()
    claimed = await dealer.text()
    await dealer.claim()
    await delivery.give_back(OWNER)
    assert (await again(sent)).state == State.SENDING
    assert ((await again(claimed)).state, (await again(claimed)).owner) == (State.QUEUED, "")


# Starting: the gate, the permit, the attempt


async def test_the_attempt_is_in_the_database_before_the_provider_is_called(house):
    dealer = await shop()
    message = await dealer.text()

    class Curious(Provider):
        async def answer(self, outgoing: Outgoing) -> Accepted:
            # Another connection than ours would see it too: no transaction is open here.
            seen.extend(await Attempt.select().where(Attempt.message == outgoing.message_id))
            seen_state.append((await again(message)).state)
            assert not db.DB.transaction_exists()
            return await super().answer(outgoing)

    seen: list[dict] = []
    seen_state: list[str] = []
    (started,) = await dealer.start()
    await Curious().send(started.outgoing, started.permit)
    (attempt,) = seen
    assert (attempt["n"], attempt["outcome"], attempt["finished_at"]) == (1, "", None)
    assert (attempt["sender"], attempt["provider"]) == (sending.SENDER, "simulator")
    assert seen_state == [State.SENDING]


async def test_starting_rolls_back_whole_when_it_fails(house, monkeypatch):
    dealer = await shop()
    message = await dealer.text()
    claimed = await dealer.claim()

    async def full(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(starting, "refuse", full)
    await make.opt_out((await again(message)).to_address, dealer.account)
    with pytest.raises(OSError, match="disk is full"):
        await delivery.start(OWNER, claimed)
    assert (await again(message)).state == State.CLAIMED
    assert await attempts(message) == []


async def test_what_leaves_is_the_stored_body_byte_for_byte(house):
    dealer = await shop()
    body = "Hi José – “2019” Outback 🚙\nStill for sale?  {not a token}"
    message = await dealer.text(body=body)
    (started,) = await dealer.start()
    assert started.outgoing == Outgoing(message.id, "text", message.to_address, body, sending.SENDER)


async def test_the_permit_is_for_that_message_alone(house):
    dealer = await shop()
    await dealer.texts(2)
    first, second = await dealer.start()
    with pytest.raises(PermissionError):
        first.permit.spend(second.outgoing)
    first.permit.spend(first.outgoing)
    with pytest.raises(PermissionError):
        first.permit.spend(first.outgoing)


async def test_the_attempt_keeps_what_the_gate_saw_and_said(house):
    dealer = await shop()
    message = await dealer.text()
    await dealer.start()
    (attempt,) = await attempts(message)
    decision = json.loads(attempt.decision)
    assert decision["codes"] == []
    assert decision["facts"]["to"] == message.to_address
    assert decision["facts"]["sender"] == sending.SENDER
    assert decision["facts"]["opted_out"] is False


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("opted_out", "This number asked not to get texts."),
        ("stage_dnc", "This seller is marked Do not contact."),
        ("stage_pass", "This listing was passed."),
        ("tier", "Messaging is not part of this dealership's plan."),
        ("sender_not_linked", "No Dialpad account found"),
        ("sender_without_number", "Your Dialpad account has no phone number."),
        ("phone_invalid", "This phone number cannot exist."),
        ("no_contact", "This seller has no phone number."),
        ("no_connection", "You need an active DialPad connection to use this feature. Click here to connect."),
    ],
)
async def test_what_the_last_look_refuses_fails_with_its_sentence_and_is_never_called(house, code, sentence):
    dealer = await shop(kind="dialpad")
    listing = await make.listing(dealer.account)
    message = await dealer.text(listing)
    if code == "opted_out":
        await make.opt_out(message.to_address, dealer.account)
    elif code.startswith("stage_"):
        await Listing.update({Listing.stage: code.removeprefix("stage_")}).where(Listing.id == listing.id)
    elif code == "tier":
        await sending.without("messaging")
    elif code == "no_connection":
        await sending.without("dialpad")
    elif code == "sender_not_linked":
        await connections.SenderLink.update({connections.SenderLink.provider_id: ""}).where(
            connections.SenderLink.id == dealer.link.id
        )
    elif code == "sender_without_number":
        await connections.SenderLink.update({connections.SenderLink.numbers: ""}).where(
            connections.SenderLink.id == dealer.link.id
        )
    else:
        await put(message, to_address="" if code == "no_contact" else "+15550000000")
    assert await dealer.start() == []
    refused = await again(message)
    assert (refused.state, refused.code, refused.reason) == (State.FAILED, code, sentence)
    assert (refused.owner, refused.lease_until, refused.attempts) == ("", None, 0)
    assert await attempts(message) == []


async def test_somebody_deactivated_meanwhile_sends_nothing(house):
    dealer = await shop()
    message = await dealer.text()
    await dealer.user.update_self({type(dealer.user).active: False})
    assert await dealer.start() == []
    assert (await again(message)).reason == "No Dialpad account found"


async def test_a_recipient_of_a_batch_is_skipped_for_its_own_facts_and_fails_for_the_senders(house):
    dealer = await shop()
    own, senders = await dealer.text(kind="batch"), await dealer.text(kind="batch")
    await make.opt_out(own.to_address, dealer.account)
    claimed = await dealer.claim()
    await delivery.start(OWNER, [claimed[0]])
    await connections.SenderLink.delete().where(connections.SenderLink.id == dealer.link.id)
    await delivery.start(OWNER, [claimed[1]])
    assert ((await again(own)).state, (await again(own)).code) == (State.SKIPPED, "opted_out")
    assert ((await again(senders)).state, (await again(senders)).code) == (State.FAILED, "sender_not_linked")


async def test_a_batch_skips_who_opted_out_as_unsubscribed_from_text(house):
    dealer = await shop()
    message, single = await dealer.text(kind="batch"), await dealer.text()
    for each in (message, single):
        await make.opt_out(each.to_address, dealer.account)
    await dealer.start()
    assert (await again(message)).reason.startswith("Unsubscribed from Text")
    assert (await again(single)).reason == "This number asked not to get texts."


async def test_what_is_due_is_claimed_and_begun_in_one_step(house):
    dealer, other = await shop(), await shop(account=await make.account())
    late, early = await dealer.text(), await dealer.text(not_before=clock.now() - timedelta(minutes=5))
    await dealer.text(not_before=clock.now() + timedelta(seconds=5))
    await dealer.text(state=State.CANCELLED)
    await other.text()
    started, news = await delivery.take(OWNER, dealer.connection, 100)
    assert [each.outgoing.message_id for each in started] == [early.id, late.id]
    assert (news.looked_at, news.with_files, news.to_look_up) == (2, [], [])
    begun = await again(early)
    assert (begun.state, begun.owner, begun.attempts) == (State.SENDING, OWNER, 1)
    assert begun.lease_until is not None
    assert [(attempt.n, attempt.outcome) for attempt in await attempts(early)] == [(1, "")]
    assert await delivery.take(OTHER, dealer.connection, 100) == ([], delivery.News())


async def test_taken_is_what_leaves_first_and_no_more_than_was_asked_for(house):
    dealer = await shop()
    long_ago = clock.now() - timedelta(hours=1)
    await dealer.text(kind="batch", not_before=long_ago)
    written, answer = await dealer.text(), await dealer.text(kind="answer")
    started, news = await delivery.take(OWNER, dealer.connection, 2)
    assert {each.outgoing.message_id for each in started} == {written.id, answer.id}
    assert news.looked_at == 2


async def test_many_who_take_at_once_begin_each_message_once(house):
    dealer = await shop()
    wanted = {message.id for message in await dealer.texts(60)}
    takes = await asyncio.gather(*(delivery.take(f"host:boot:{n}:1", dealer.connection, 7) for n in range(16)))
    begun = [each.outgoing.message_id for started, _ in takes for each in started]
    assert len(begun) == len(set(begun))
    started, _ = await delivery.take(OWNER, dealer.connection, 100)
    assert {*begun, *(each.outgoing.message_id for each in started)} == wanted
    assert await Attempt.count() == 60


async def test_who_has_files_or_an_old_look_at_the_sender_is_claimed_alone(house):
    dealer = await shop()
    plain, pictured = await dealer.text(), await dealer.text()
    file = await make.attachment(dealer.account)
    await MessageAttachment.insert(MessageAttachment(message=pictured.id, attachment=file.id))
    colleague = await make.user(dealer.account)
    await make.sender_link(dealer.connection, colleague, checked_at=clock.now() - timedelta(hours=1))
    theirs = await dealer.text(user=colleague)
    started, news = await delivery.take(OWNER, dealer.connection, 100)
    assert [each.outgoing.message_id for each in started] == [plain.id]
    assert (news.with_files, news.to_look_up, news.looked_at) == ([pictured.id], [theirs.id], 3)
    for each in (pictured, theirs):
        kept = await again(each)
        assert (kept.state, kept.owner, await attempts(each)) == (State.CLAIMED, OWNER, [])
        assert kept.lease_until is not None
    assert (await delivery.take(OTHER, dealer.connection, 100))[1].looked_at == 0


@pytest.mark.parametrize("kind", ["batch", "scheduled", "automated"])
async def test_what_leaves_by_itself_asks_for_its_sender_when_its_time_has_come(house, kind):
    dealer = await shop()
    message = await dealer.text(kind=kind)
    seen: dict = {SenderLink.checked_at: clock.now() - timedelta(seconds=11)}
    await SenderLink.update(seen).where(SenderLink.id == dealer.link.id)
    _, news = await delivery.take(OWNER, dealer.connection, 100)
    assert news.to_look_up == [message.id]


async def test_nothing_is_taken_of_a_connection_that_broke_meanwhile(house):
    dealer = await shop()
    message = await dealer.text()
    await connections.broken(dealer.connection.id, "The key was refused.")
    started, _ = await delivery.take(OWNER, dealer.connection, 100)
    assert (started, (await again(message)).state) == ([], State.QUEUED)


@pytest.mark.parametrize("text", [{"origin": "app"}, {"user": None}, {"listing": None, "kind": "test"}])
async def test_what_nobody_here_wrote_to_a_seller_is_not_sent_again_from_here(house, text):
    dealer = await shop()
    message = await put(await dealer.text(), state=State.FAILED, **text)
    with pytest.raises(Refused, match=r"was not written here") as refused:
        await messages.retry(message, dealer.user, 0)
    assert refused.value.code == "not_ours"
    assert (await again(message)).state == State.FAILED


async def test_what_nobody_sends_ends_and_keeps_no_other_waiting(house):
    dealer = await shop()
    odd = await dealer.text(not_before=clock.now() - timedelta(hours=1))
    await put(odd, user=None)
    good = await dealer.text()
    begun = [started for started, _ in [await delivery.take(OWNER, dealer.connection, 1) for _ in range(2)]]
    assert [[each.outgoing.message_id for each in started] for started in begun] == [[], [good.id]]
    ended = await again(odd)
    assert (ended.state, ended.code, await attempts(odd)) == (State.FAILED, "no_sender", [])
    assert ended.reason.startswith("Nobody of yours sends this message")


async def test_nothing_begins_before_its_time_though_the_writer_was_waited_for(house):
    dealer = await shop()
    soon, now = await dealer.text(not_before=clock.now() + timedelta(seconds=0.3)), await dealer.text()
    held = asyncio.Event()

    async def slow():
        async with db.writing():
            await suppressions.wait_for_starts(dealer.account.id)
            held.set()
            await asyncio.sleep(0.6)

    writer = asyncio.get_running_loop().create_task(slow(), context=_outside())
    await held.wait()
    await delivery.take(OWNER, dealer.connection, 100)
    await writer
    assert [attempt.n for attempt in await attempts(now)] == [1]
    for attempt in await attempts(soon):
        assert attempt.started_at >= soon.not_before


@pytest.mark.parametrize("kind", ["scheduled", "batch"])
async def test_a_plan_for_the_minute_at_which_the_hours_begin_is_not_put_off(house, monkeypatch, clock, kind):
    clock.set(datetime(2026, 11, 24, 13, 59, 59, tzinfo=UTC))  # a second before nine in New York
    clock.freeze()
    dealer = await shop()
    nine = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    seller = {"mobile": "+12125550123", "postal_code": "10001"}
    listing = await make.listing(dealer.account, seller=seller)
    text = {"kind": kind, "to_address": seller["mobile"], "to_field": "mobile", "not_before": nine}
    planned = await dealer.text(listing, **text, scheduled_at=nine if kind == "scheduled" else None)
    await dealer.text()
    lock = claiming.lock_due

    async def a_little_later(*asked):
        clock.advance(seconds=2)
        return await lock(*asked)

    monkeypatch.setattr("domain.delivery.in_hand.lock_due", a_little_later)
    await delivery.take(OWNER, dealer.connection, 100)
    assert ((await again(planned)).state, (await again(planned)).code) == (State.QUEUED, "")
    await delivery.take(OWNER, dealer.connection, 100)
    assert (await again(planned)).state == State.SENDING


async def test_what_does_not_wait_any_more_is_not_put_aside(house):
    dealer = await shop()
    waiting, held = await dealer.texts(2)
    await put(held, state=State.PENDING)
    assert await claiming.put_aside(OWNER, [waiting.id, held.id]) == {waiting.id}
    assert await states() == {State.CLAIMED: 1, State.PENDING: 1}


async def test_a_message_cancelled_after_its_claim_is_not_started(house):
    dealer = await shop()
    message = await dealer.text()
    claimed = await dealer.claim()
    async with db.writing():
        assert await messages.cancel_for_listing(message.listing, "The listing was passed.") == 1
    assert await delivery.start(OWNER, claimed) == ([], delivery.News())
    assert (await again(message)).state == State.CANCELLED


async def test_nobody_starts_what_another_claimed(house):
    dealer = await shop()
    message = await dealer.text()
    claimed = await dealer.claim(OWNER)
    assert (await delivery.start(OTHER, claimed))[0] == []
    assert (await again(message)).owner == OWNER


async def test_starting_twice_begins_one_attempt(house):
    dealer = await shop()
    message = await dealer.text()
    claimed = await dealer.claim()
    both = await asyncio.gather(delivery.start(OWNER, claimed), delivery.start(OWNER, claimed))
    assert sum(len(started) for started, _ in both) == 1
    assert len(await attempts(message)) == 1


@pytest.mark.parametrize("state", [ConnectionState.BROKEN, ConnectionState.DISCONNECTED])
async def test_messages_wait_for_a_connection_that_broke_or_went_after_the_claim(house, state):
    dealer = await shop()
    message = await dealer.text()
    claimed = await dealer.claim()
    await Connection.update({Connection.state: state}).where(Connection.id == dealer.connection.id)
    assert (await delivery.start(OWNER, claimed))[0] == []
    assert ((await again(message)).state, (await again(message)).owner) == (State.QUEUED, "")
    assert await attempts(message) == []
    assert await delivery.due_connections(10) == {}


# Outcomes


async def test_an_accepted_message_keeps_who_has_it_and_from_which_number_it_left(house):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), Accepted("1004", from_address="+16195550142"))
    sent = await again(message)
    assert (sent.state, sent.provider_id, sent.from_address) == (State.ACCEPTED, "1004", "+16195550142")
    assert (sent.reason, sent.code, sent.owner, sent.lease_until) == ("", "", "", None)
    (attempt,) = await attempts(message)
    assert (attempt.outcome, attempt.provider_id) == ("accepted", "1004")
    assert attempt.finished_at is not None


async def test_a_provider_that_says_more_than_accepted_is_believed(house):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), Accepted("1004", "delivered"))
    assert (await again(message)).state == State.DELIVERED


@pytest.mark.parametrize(("kind", "code"), [(Kind.PERMANENT, "402"), (Kind.OUT_OF_CREDIT, "out_of_credit")])
async def test_a_refusal_for_good_fails_in_the_providers_words(house, kind, code):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), ChannelError("Your company has run out of credits.", kind, code="402"))
    failed = await again(message)
    assert (failed.state, failed.code, failed.reason) == (State.FAILED, code, "Your company has run out of credits.")
    (attempt,) = await attempts(message)
    assert (attempt.outcome, attempt.reason) == (kind, "Your company has run out of credits.")
    connection = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert connection.last_error == ("Your company has run out of credits." if code == "out_of_credit" else "")
    assert await dealer.claim() == []


async def test_a_throttled_message_waits_as_long_as_the_provider_says_and_its_connection_with_it(house):
    dealer = await shop()
    message = await dealer.text()
    news = await end(await dealer.start(), ChannelError("Too many.", Kind.THROTTLED, retry_after=30))
    waiting = await again(message)
    assert waiting.state == State.QUEUED
    assert 29 < (waiting.not_before - clock.now()).total_seconds() <= 30
    assert news.closed == {dealer.connection.id: 30}
    assert await dealer.claim() == []


async def test_throttling_without_a_time_waits_longer_each_time_but_not_for_ever(house):
    dealer = await shop()
    message = await dealer.text(attempts=2000)
    news = await end(await dealer.start(), ChannelError("Too many.", Kind.THROTTLED))
    assert 400 < news.closed[dealer.connection.id] <= 720
    assert (await again(message)).state == State.QUEUED


async def test_a_message_that_never_connected_is_tried_five_times_and_then_fails(house, clock):
    dealer = await shop()
    message = await dealer.text()
    waits = []
    for n in range(1, 6):
        assert (await again(message)).state == State.QUEUED, n
        await end(await dealer.start(), ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED))
        tried = await again(message)
        waits.append((tried.not_before - clock.now()).total_seconds())
        clock.advance(minutes=11)
    assert waits[:4] == sorted(waits[:4])
    assert (tried.state, tried.reason) == (State.FAILED, "dialpad.com was not found.")
    assert [each.outcome for each in await attempts(message)] == ["never_connected"] * 5


async def test_five_faults_in_a_row_are_counted_from_the_last_answer(house, clock):
    dealer = await shop()
    message = await dealer.text()
    for kind in [Kind.NEVER_CONNECTED] * 4 + [Kind.THROTTLED] + [Kind.NEVER_CONNECTED]:
        await end(await dealer.start(), ChannelError("…", kind))
        clock.advance(minutes=11)
    assert (await again(message)).state == State.FAILED
    # A person who asks for one more gets five tries again.
    assert await messages.retry(await again(message), dealer.user, 6)
    await end(await dealer.start(), ChannelError("…", Kind.NEVER_CONNECTED))
    assert (await again(message)).state == State.QUEUED


async def test_a_refused_key_pauses_the_connection_and_tells_each_admin_once(house, configure):
    configure(LOTWIRE_PUBLIC_URL="https://lots.example")
    dealer = await shop()
    boss = await make.user(dealer.account, role="admin")
    await make.user(await make.account(), role="admin")
    several = await dealer.texts(3)
    await end(await dealer.start(), ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN))
    connection = await connections.by_id(dealer.connection.id)
    assert (connection.state, connection.last_error) == (ConnectionState.BROKEN, "The key is not accepted.")
    assert [(await again(message)).state for message in several] == [State.QUEUED] * 3
    assert await delivery.due_connections(10) == {}
    (mail,) = await house_mail.Mail.objects()
    assert mail.recipient == boss.email
    assert "The key is not accepted." in mail.text
    assert "https://lots.example/apps/simulator" in mail.text


async def test_a_key_mended_while_refusals_are_recorded_stays_mended(house, monkeypatch):
    dealer = await shop()
    await dealer.texts(3)
    started = await dealer.start()
    broken = connections.broken

    async def mended_at_once(connection_id, reason):
        await broken(connection_id, reason)
        await Connection.update({Connection.state: ConnectionState.CONNECTED}).where(Connection.id == connection_id)
        monkeypatch.setattr(connections, "broken", broken)

    monkeypatch.setattr(connections, "broken", mended_at_once)
    await end(started, ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN))
    assert (await connections.by_id(dealer.connection.id)).state == ConnectionState.CONNECTED


async def test_a_mended_connection_goes_on_with_what_waited(house, monkeypatch):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN))
    monkeypatch.setitem(CHANNELS, "simulator", Provider)
    await connections.connect(dealer.account.id, None, "simulator", {"api_key": "a new key"}, "http://127.0.0.1:9")
    assert await delivery.due_connections(10) == {dealer.connection.id: 1}
    await make.sender_link(dealer.connection, dealer.user)
    await end(await dealer.start(), Accepted("7"))
    assert (await again(message)).state == State.ACCEPTED
    assert [each.outcome for each in await attempts(message)] == ["connection_broken", "accepted"]


async def test_a_call_of_unknown_fate_is_never_made_again_by_itself(house, clock):
    dealer = await shop()
    message = await dealer.unknown()
    assert (message.state, message.code) == (State.UNKNOWN, "unknown")
    for _ in range(3):
        clock.advance(hours=8)
        await delivery.sweep()
        await delivery.end_dead_leases(dead(OWNER))
        assert await dealer.claim() == []
    assert (await again(message)).state == State.UNKNOWN
    (attempt,) = await attempts(message)
    assert attempt.outcome == "unknown"


async def test_a_late_answer_counts_although_the_message_was_taken_for_unknown(house, clock):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    clock.advance(minutes=2)
    await Message.update({Message.lease_until: LONG_AGO}).where(Message.id == message.id)
    await delivery.sweep()
    assert (await again(message)).state == State.UNKNOWN
    await end(started, Accepted("1004"))
    assert ((await again(message)).state, (await again(message)).reason) == (State.ACCEPTED, "")
    assert [each.outcome for each in await attempts(message)] == ["accepted"]


async def test_a_late_word_that_nothing_was_sent_frees_a_message_taken_for_unknown(house):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await delivery.end_dead_leases(dead(OWNER))
    await end(started, ChannelError("Too many.", Kind.THROTTLED, retry_after=1))
    assert (await again(message)).state == State.QUEUED


async def test_a_late_answer_makes_a_retry_that_has_not_left_needless(house):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await delivery.end_dead_leases(dead(OWNER))
    assert await messages.retry(await again(message), dealer.user, 1)
    await end(started, Accepted("1004"))
    assert (await again(message)).state == State.ACCEPTED
    assert await dealer.claim() == []


async def test_an_answer_of_an_earlier_attempt_does_not_touch_a_later_one(house):
    dealer = await shop()
    message = await dealer.text()
    first = await dealer.start()
    await delivery.end_dead_leases(dead(OWNER))
    assert await messages.retry(await again(message), dealer.user, 1)
    await dealer.start(OTHER)
    await end(first, ChannelError("Refused.", Kind.PERMANENT))
    assert ((await again(message)).state, (await again(message)).owner) == (State.SENDING, OTHER)
    assert [each.outcome for each in await attempts(message)] == ["permanent", ""]


async def test_recording_an_outcome_again_changes_nothing(house):
    dealer = await shop()
    message = await dealer.text()
    started = await dealer.start()
    await end(started, Accepted("1004"))
    first = (await again(message)).to_dict()
    await end(started, Accepted("1004"))
    await end(started, unknown())
    assert {**(await again(message)).to_dict(), "changed_at": 0} == {**first, "changed_at": 0}
    assert [(each.outcome, each.provider_id) for each in await attempts(message)] == [("accepted", "1004")]


async def test_many_outcomes_of_all_kinds_are_recorded_together(house):
    dealer = await shop()
    several = await dealer.texts(7)
    ends = [
        Accepted("1"),
        Accepted("2", "sent"),
        *(ChannelError(kind, kind) for kind in (Kind.PERMANENT, Kind.THROTTLED, Kind.NEVER_CONNECTED)),
        unknown(),
        ChannelError("402", Kind.OUT_OF_CREDIT),
    ]
    by_id = {each.outgoing.message_id: each for each in await dealer.start()}
    await delivery.record(
        [
            Outcome(by_id[message.id], accepted=how)
            if isinstance(how, Accepted)
            else Outcome(by_id[message.id], error=how)
            for message, how in zip(several, ends, strict=True)
        ]
    )
    assert [(await again(message)).state for message in several] == [
        State.ACCEPTED,
        State.SENT,
        State.FAILED,
        State.QUEUED,
        State.QUEUED,
        State.UNKNOWN,
        State.FAILED,
    ]


async def test_words_no_database_can_hold_are_recorded_all_the_same(house):
    dealer = await shop()
    message = await dealer.text()
    await end(await dealer.start(), ChannelError("No\0 \ud800way", Kind.PERMANENT, code="a\0b"))
    assert ((await again(message)).reason, (await again(message)).code) == ("No ?way", "ab")


async def test_an_accepted_message_contacts_its_listing_and_answers_the_seller(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    asked = await make.message(listing, direction="in", at=clock.now() - timedelta(hours=1))
    await Listing.update({Listing.waiting_since: asked.at}).where(Listing.id == listing.id)
    await dealer.accepted(listing)
    assert await delivery.follow_up() == {listing.id}
    assert await delivery.follow_up() == set()
    changed = await Listing.objects().get(Listing.id == listing.id)
    assert (changed.stage, changed.waiting_since) == (Stage.CONTACTED, None)
    assert changed.last_contact_at is not None
    assert (await again(asked)).responded_at is not None


async def test_what_the_seller_wrote_after_the_text_still_waits(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    message = await dealer.text(listing)
    later = await make.message(listing, direction="in", at=message.at + timedelta(seconds=3))
    await end(await dealer.start(), Accepted("9"))
    await delivery.follow_up()
    assert (await again(later)).responded_at is None
    assert (await Listing.objects().get(Listing.id == listing.id)).waiting_since == later.at


# Leases


async def test_a_lease_that_ran_out_ends_claimed_as_queued_and_sending_as_unknown(house):
    dealer = await shop()
    sent = await dealer.text()
    await dealer.start()
    claimed = await dealer.text()
    await dealer.claim()
    assert await delivery.sweep() == delivery.News()
    for message in (sent, claimed):
        await put(message, lease_until=LONG_AGO)
    news = await delivery.sweep()
    assert news.listings == {sent.listing, claimed.listing}
    assert ((await again(sent)).state, (await again(sent)).reason) == (State.UNKNOWN, delivery.LOST)
    assert [each.outcome for each in await attempts(sent)] == ["unknown"]
    assert ((await again(claimed)).state, (await again(claimed)).owner) == (State.QUEUED, "")


async def test_a_lease_lasts_a_minute_by_the_databases_clock_where_machines_share_one(house, clock):
    dealer = await shop()
    message = await dealer.text()
    await dealer.claim()
    clock.advance(seconds=59)
    assert await delivery.sweep() == delivery.News()
    clock.advance(seconds=2)
    # A machine whose clock is wrong by a minute ends nobody's lease on PostgreSQL.
    await delivery.sweep()
    assert (await again(message)).state == (State.CLAIMED if db.on_postgres() else State.QUEUED)


async def test_a_renewed_lease_holds_and_one_lost_sight_of_runs_out(house):
    dealer = await shop()
    kept, lost = await dealer.texts(2)
    await dealer.start()
    for message in (kept, lost):
        await put(message, lease_until=LONG_AGO)
    await delivery.renew(OWNER, [kept.id])
    await delivery.renew(OTHER, [lost.id])
    await delivery.sweep()
    assert ((await again(kept)).state, (await again(lost)).state) == (State.SENDING, State.UNKNOWN)


async def test_the_leases_of_a_dead_worker_end_at_once_and_nobody_elses(house):
    dealer = await shop()
    mine = await dealer.text()
    await dealer.start(OWNER)
    claimed = await dealer.text()
    await dealer.claim(OWNER)
    theirs = await dealer.text()
    await dealer.start(OTHER)
    assert await delivery.end_dead_leases(dead()) == delivery.News()
    await delivery.end_dead_leases(dead(OWNER))
    assert (await again(mine)).state == State.UNKNOWN
    assert (await again(claimed)).state == State.QUEUED
    assert (await again(theirs)).state == State.SENDING


async def test_a_killed_process_is_known_dead_and_this_one_is_not(house):
    code = "from workers.processes import identity; print(identity())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    gone = (await process.communicate())[0].decode()
    dealer = await shop()
    message, ours = await dealer.texts(2)
    await delivery.claim(gone.strip(), dealer.connection.id, 1)
    await delivery.claim(identity(), dealer.connection.id, 1)
    await delivery.end_dead_leases(is_dead)
    assert ((await again(message)).state, (await again(ours)).state) == (State.QUEUED, State.CLAIMED)


async def test_on_sqlite_one_worker_dispatches_and_a_dead_one_is_succeeded_at_once(house, clock):
    if db.on_postgres():
        assert await delivery.take_turn(OWNER, 15, dead())
        assert await delivery.take_turn(OTHER, 15, dead())
        return
    assert await delivery.take_turn(OWNER, 15, dead())
    assert not await delivery.take_turn(OTHER, 15, dead())
    assert await delivery.take_turn(OWNER, 15, dead())
    assert await delivery.take_turn(OTHER, 15, dead(OWNER))
    assert not await delivery.take_turn(OWNER, 15, dead())
    clock.advance(seconds=16)
    assert await delivery.take_turn(OWNER, 15, dead())


# Senders


async def test_a_look_at_the_sender_that_is_old_is_made_again_before_the_call(house, monkeypatch, clock):
    dealer = await shop()
    provider = Provider()
    provider.senders = {dealer.user.email: Sender("77", "Robin", ("+16195550199",))}
    monkeypatch.setattr(senders, "adapter", lambda _: provider)
    await dealer.text()
    clock.advance(minutes=6)
    claimed = await dealer.claim()
    assert await delivery.look_up_senders(OWNER, claimed) == (claimed, delivery.News())
    (started,), _ = await delivery.start(OWNER, claimed)
    assert started.outgoing.sender == "77"


async def test_an_account_that_is_gone_at_the_hour_fails_with_exactly_the_known_words(house, monkeypatch, clock):
    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Provider())
    message = await dealer.text()
    clock.advance(minutes=6)
    claimed = await dealer.claim()
    await delivery.look_up_senders(OWNER, claimed)
    assert (await delivery.start(OWNER, claimed))[0] == []
    assert ((await again(message)).state, (await again(message)).reason) == (State.FAILED, "No Dialpad account found")


@pytest.mark.parametrize("kind", ["batch", "scheduled", "automated"])
async def test_the_sender_of_what_leaves_by_itself_is_asked_for_when_its_time_has_come(house, monkeypatch, clock, kind):
    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Provider())
    message = await dealer.text(kind=kind)
    clock.advance(seconds=30)  # the account was there half a minute ago
    claimed = await dealer.claim()
    await delivery.look_up_senders(OWNER, claimed)
    assert (await delivery.start(OWNER, claimed))[0] == []
    assert ((await again(message)).state, (await again(message)).reason) == (State.FAILED, "No Dialpad account found")


async def test_of_a_batch_each_sender_is_asked_for_once_in_some_seconds(house, monkeypatch, clock, count_queries):
    class Counting(Provider):
        async def find_sender(self, email: str):
            asked.append(email)
            return await super().find_sender(email)

    dealer = await shop()
    asked: list[str] = []
    provider = Counting()
    provider.senders = {dealer.user.email: Sender("77", "Robin", ("+16195550199",))}
    monkeypatch.setattr(senders, "adapter", lambda _: provider)
    for _ in range(5):
        await dealer.text(kind="batch")
    clock.advance(seconds=30)
    claimed = await dealer.claim()
    await delivery.look_up_senders(OWNER, claimed)
    with count_queries() as queries:
        await delivery.look_up_senders(OWNER, claimed)
    assert (len(claimed), len(asked), queries.count) == (5, 1, 1)
    clock.advance(seconds=11)
    await delivery.look_up_senders(OWNER, claimed)
    assert len(asked) == 2
    await dealer.text()  # a person's own trusts the look of the last minutes
    clock.advance(seconds=11)
    await delivery.look_up_senders(OWNER, await dealer.claim())
    assert len(asked) == 2


@pytest.mark.parametrize("kind", [Kind.NEVER_CONNECTED, Kind.THROTTLED, Kind.CONNECTION_BROKEN])
async def test_where_the_provider_cannot_say_who_sends_the_message_waits_untried(house, monkeypatch, clock, kind):
    class Mute(Provider):
        async def find_sender(self, email: str):
            raise ChannelError("Not now.", kind)

    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Mute())
    message = await dealer.text()
    clock.advance(minutes=6)
    claimed = await dealer.claim()
    ready, news = await delivery.look_up_senders(OWNER, claimed)
    assert ready == []
    waiting = await again(message)
    assert (waiting.state, waiting.owner) == (State.QUEUED, "")
    assert await attempts(message) == []
    connection = await connections.by_id(dealer.connection.id)
    assert (connection.state == ConnectionState.BROKEN) == (kind is Kind.CONNECTION_BROKEN)
    assert bool(news.closed) == (kind is Kind.THROTTLED)


async def test_a_provider_that_never_says_who_sends_ends_in_failure(house, monkeypatch, clock):
    class Mute(Provider):
        async def find_sender(self, email: str):
            raise ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED)

    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Mute())
    message = await dealer.text()
    for _ in range(5):
        clock.advance(minutes=11)
        await delivery.look_up_senders(OWNER, await dealer.claim())
    failed = await again(message)
    assert (failed.state, failed.reason) == (State.FAILED, "dialpad.com was not found.")


# The opt-out and the start, at the same moment


async def test_no_attempt_appears_once_an_opt_out_has_committed(house):
    """Starts and an opt-out race, many times over; the attempt rows that exist when the opt-out has committed are all
    there will ever be."""
    dealer = await shop()
    phone = make.phone()
    for _ in range(12):
        listings = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(3)]
        texts = [await dealer.text(listing) for listing in listings]
        claimed = await dealer.claim()
        starts = [asyncio.create_task(delivery.start(OWNER, [each])) for each in claimed]
        await dealer.hook(**dealer.inbound(phone, "STOP"))
        then = await Attempt.count().where(Attempt.message.is_in([text.id for text in texts]))
        ends = await asyncio.gather(*starts)
        assert await Attempt.count().where(Attempt.message.is_in([text.id for text in texts])) == then
        assert sum(len(started) for started, _ in ends) == then
        states = {(await again(text)).state for text in texts}
        assert states <= {State.SENDING, State.CANCELLED}, states
        await OptOut.delete().where(OptOut.account == dealer.account.id)


async def test_an_opt_out_waits_for_starts_under_way_and_shuts_out_later_ones(house):
    """The exact moment: a start has looked at the opt-outs and not yet written its attempt when STOP comes in."""
    dealer = await shop()
    message = await dealer.text()
    event = await dealer.stored(**dealer.inbound(message.to_address, "STOP"))
    (claimed,) = await dealer.claim()
    looked, go_on = asyncio.Event(), asyncio.Event()
    rows = starting.claimed_rows

    async def slowly(*arguments):
        found = await rows(*arguments)
        looked.set()
        await go_on.wait()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "claimed_rows", slowly)
        beginning = asyncio.create_task(delivery.start(OWNER, [claimed]))
        await looked.wait()
    stopping = asyncio.create_task(inbox.handle(event))
    await asyncio.sleep(0.2)
    assert not stopping.done(), "the opt-out did not wait for the start that was under way"
    go_on.set()
    started, _ = await beginning
    await stopping
    assert len(started) == 1
    opted_out = await OptOut.objects().get(OptOut.address == message.to_address)
    (attempt,) = await attempts(message)
    assert attempt.started_at < opted_out.at


async def test_a_text_written_while_an_opt_out_is_being_stored_does_not_slip_through(house):
    """STOP has cancelled what there was and has not committed; a new text to the number is written, claimed and looked
    at just then; STOP commits; only now the text's attempt would be written."""
    dealer = await shop()
    phone = make.phone()
    listing = await make.listing(dealer.account, seller={"mobile": phone})
    event = await dealer.stored(**dealer.inbound(phone, "STOP"))
    cancelled, commit, looked, write = (asyncio.Event() for _ in range(4))
    cancel, rows = messages.cancel_for_address, starting.claimed_rows

    async def cancel_and_wait(*arguments):
        await cancel(*arguments)
        cancelled.set()
        await commit.wait()

    async def look_and_wait(*arguments):
        found = await rows(*arguments)
        looked.set()
        await write.wait()
        return found

    async def late():
        message = await dealer.text(listing)
        return message, await dealer.start()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "cancel_for_address", cancel_and_wait)
        patch.setattr(starting, "claimed_rows", look_and_wait)
        stopping = asyncio.create_task(inbox.handle(event))
        await cancelled.wait()
        writing = asyncio.create_task(late())
        await asyncio.wait([asyncio.create_task(looked.wait())], timeout=0.4)
        commit.set()
        await stopping
        assert await OptOut.count() == 1
        write.set()
        message, started = await writing
    assert started == []
    assert await attempts(message) == []
    assert (await again(message)).code == "opted_out"


async def test_a_retry_the_gate_refuses_does_not_say_that_the_first_call_never_arrived(house):
    dealer = await shop()
    message = await dealer.unknown()
    await messages.retry(message, dealer.user, 1)
    await make.opt_out(message.to_address, dealer.account)
    assert await dealer.start() == []
    ended = await again(message)
    assert (ended.state, ended.code) == (State.UNKNOWN, "opted_out")


async def test_what_leaves_leaves_the_reason_why_with_the_ad_as_it_was_seen_once(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, description="One owner, no accidents", url="https://ads.example/7")
    await dealer.text(listing)
    await dealer.text(listing)
    assert len(await dealer.start()) == 2
    [consent] = await Consent.select()
    assert (consent["basis"], consent["source_url"]) == ("published_in_listing", "https://ads.example/7")
    assert consent["text_hash"] == hashlib.sha256(b"One owner, no accidents").hexdigest()
    assert consent["address"] == (await make.seller_of(listing)).mobile

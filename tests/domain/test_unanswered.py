"""Calls of unknown fate at a provider that tells what it took: settled by its word, never sent again."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import clock, inbox, messages, unanswered
from domain.channels.base import Accepted, ChannelError, HookEvent, Kind, Outgoing
from domain.channels.twilio import Twilio
from domain.channels.twilio_hooks import as_told, key, payload
from domain.connections import Connection, ConnectionState
from domain.messages import Message, State
from tests.sending import OUR_NUMBER, Shop, again, attempts, end, shop, unknown
from workers import asking

ACCOUNT = "AC00112233445566778899aabbccddeeff"
SID = "SM00112233445566778899aabbccddeeff"


class Knows:
    """Twilio, asked what it took: `listed` is what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Outgoing, datetime]] = []
        self.listed: dict[str, Any] | ChannelError | None = None
        self.at: datetime | None = None  # when it took it; else now

    async def took(self, outgoing: Outgoing, since: datetime) -> list[HookEvent]:
        self.asked.append((outgoing, since))
        if isinstance(self.listed, ChannelError):
            raise self.listed
        if self.listed is None:
            return []
        fields = as_told({"to": outgoing.to, "from": OUR_NUMBER, "body": outgoing.body, **self.listed}, ACCOUNT)
        ours = outgoing.message_id.hex
        at = self.at or clock.now()
        return [HookEvent(key(fields, ours), at, payload(fields, at, ours))]


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Knows:
    knows = Knows()
    monkeypatch.setattr(Twilio, "took", lambda _, outgoing, since: knows.took(outgoing, since))
    return knows


async def by_twilio() -> Shop:
    options = json.dumps({"account_sid": ACCOUNT, "from_number": OUR_NUMBER})
    return await shop(kind="twilio", secret=json.dumps({"auth_token": "token"}), options=options)


async def round_() -> None:
    if await unanswered.ask():
        for event in await inbox.due():
            await inbox.handle(event)


async def test_what_the_provider_took_is_settled_and_not_sent_again(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.unknown()
    twilio.listed = {"sid": SID, "status": "delivered"}

    await round_()
    assert not twilio.asked  # the answer may still be under way
    clock.advance(minutes=1, seconds=1)
    await round_()

    settled = await again(message)
    assert (settled.state, settled.provider_id, settled.attempts) == (State.DELIVERED, SID, 1)
    assert [each.outcome for each in await attempts(message)] == ["accepted"]
    assert await Message.count() == 1
    [(asked, since)] = twilio.asked
    assert (asked.to, asked.body) == (message.to_address, message.body)
    assert since < clock.now() - timedelta(minutes=2)


async def sent_again(dealer: Shop, clock: Any) -> Message:
    """A text whose two calls ended nobody knows how, five minutes apart."""
    message = await dealer.unknown()
    clock.advance(minutes=5)
    assert await messages.retry(message, dealer.user, 1)
    await end(await dealer.start(), unknown())
    clock.advance(minutes=1, seconds=1)
    return await again(message)


@pytest.mark.parametrize("n", [1, 2])
async def test_of_two_calls_the_one_that_the_provider_took_is_settled_and_with_it_the_message(
    house: None, twilio: Knows, clock: Any, n: int
) -> None:
    dealer = await by_twilio()
    message = await sent_again(dealer, clock)
    calls = await attempts(message)
    assert [each.outcome for each in calls] == ["unknown", "unknown"]
    twilio.listed = {"sid": SID, "status": "delivered"}
    twilio.at = calls[n - 1].started_at.replace(microsecond=0)  # Twilio tells whole seconds

    await round_()

    settled = await again(message)
    assert (settled.state, settled.provider_id, settled.attempts) == (State.DELIVERED, SID, 2)
    outcomes = [each.outcome for each in await attempts(message)]
    assert outcomes == (["accepted", "unknown"] if n == 1 else ["unknown", "accepted"])
    assert await dealer.claim() == []


async def test_of_two_calls_that_the_provider_took_both_are_settled_whichever_is_told_first(
    house: None, twilio: Knows, clock: Any
) -> None:
    dealer = await by_twilio()
    message = await sent_again(dealer, clock)
    calls = await attempts(message)
    for n in (2, 1):
        twilio.listed = {"sid": f"SM{n:032x}", "status": "sent"}
        twilio.at = calls[n - 1].started_at
        for event in await twilio.took(Outgoing(message.id, "text", message.to_address, message.body, ""), message.at):
            await inbox.store(dealer.connection.id, event)
    for event_id in await inbox.due():
        await inbox.handle(event_id)

    settled = await again(message)
    assert (settled.state, settled.attempts, await Message.count()) == (State.SENT, 2, 1)
    assert {each.provider_id for each in await attempts(message)} == {f"SM{n:032x}" for n in (1, 2)}
    assert [each.outcome for each in await attempts(message)] == ["accepted", "accepted"]


async def test_a_text_sent_again_whose_last_call_is_still_open_waits_for_its_answer(
    house: None, twilio: Knows, clock: Any
) -> None:
    dealer = await by_twilio()
    message = await dealer.unknown()
    clock.advance(minutes=1)
    await messages.retry(message, dealer.user, 1)
    await dealer.start()
    twilio.listed = {"sid": SID, "status": "sent"}
    for event in await twilio.took(Outgoing(message.id, "text", message.to_address, message.body, ""), message.at):
        await inbox.store(dealer.connection.id, event)
    for event_id in await inbox.due():
        await inbox.handle(event_id)

    assert [each.outcome for each in await attempts(message)] == ["unknown", ""]
    assert (await again(message)).state == State.SENDING


async def test_what_the_provider_took_and_lost_is_settled_too(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.unknown()
    twilio.listed = {"sid": SID, "status": "undelivered", "error_code": 30005}
    clock.advance(minutes=1, seconds=1)

    await round_()

    assert (await again(message)).state == State.UNDELIVERED


@pytest.mark.parametrize(
    "said",
    [
        None,
        ChannelError("…", Kind.NEVER_CONNECTED),
        ChannelError("…", Kind.THROTTLED),
        ChannelError("…", Kind.PERMANENT),
    ],
    ids=["nothing", "away", "busy", "refused"],
)
async def test_what_it_does_not_know_stays_with_a_person(house: None, twilio: Knows, clock: Any, said: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.unknown()
    twilio.listed = said
    clock.advance(minutes=1, seconds=1)

    await round_()

    assert (await again(message)).state == State.UNKNOWN
    assert len(await attempts(message)) == 1


async def test_a_call_whose_answer_came_is_not_asked_about(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    await dealer.accepted()
    failed = await dealer.text()
    await end(await dealer.start(), ChannelError("No.", Kind.PERMANENT))
    clock.advance(minutes=1, seconds=1)

    await round_()

    assert not twilio.asked
    assert (await again(failed)).state == State.FAILED


async def test_it_is_asked_a_few_times_a_day_and_then_no_more(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    await dealer.unknown()
    for _ in range(26 * 30):
        clock.advance(seconds=120)
        await unanswered.ask()
    assert len(twilio.asked) == 10
    ages = [timedelta(seconds=each) for each in range(0, 26 * 3600, 60)]
    assert sum(map(unanswered.is_time, ages)) <= 22


async def test_one_round_asks_a_few_at_most(house: None, twilio: Knows, clock: Any, monkeypatch: Any) -> None:
    dealer = await by_twilio()
    monkeypatch.setattr(unanswered, "MOST", 4)
    for _ in range(6):
        await dealer.unknown()
    clock.advance(minutes=1, seconds=30)

    await round_()

    assert len(twilio.asked) == unanswered.MOST


async def test_one_that_does_not_answer_is_not_asked_again_in_the_same_round(
    house: None, twilio: Knows, clock: Any
) -> None:
    dealer = await by_twilio()
    for _ in range(3):
        await dealer.unknown()
    twilio.listed = ChannelError("Away.", Kind.NEVER_CONNECTED)
    clock.advance(minutes=1, seconds=1)

    await round_()

    assert len(twilio.asked) == 1


async def test_a_refused_key_breaks_the_connection(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    await dealer.unknown()
    twilio.listed = ChannelError("The token is wrong.", Kind.CONNECTION_BROKEN)
    clock.advance(minutes=1, seconds=1)

    await round_()
    await round_()

    connection = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert connection
    assert connection.state == ConnectionState.BROKEN
    assert len(twilio.asked) == 1


async def test_of_two_workers_one_asks(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.unknown()
    twilio.listed = {"sid": SID, "status": "sent"}
    clock.advance(minutes=1, seconds=1)

    async def hint(_: Any) -> None:
        return None

    for owner in ("here:1:1:1", "there:2:2:2"):
        await asking.ask_about_unanswered({"owner": owner, "hint": hint})

    assert len(twilio.asked) == 1
    assert (await again(message)).state == State.SENT


async def test_a_text_that_was_answered_late_is_not_written_twice(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.text()
    started = await dealer.start()
    await end(started, ChannelError("…", Kind.UNKNOWN))
    twilio.listed = {"sid": SID, "status": "sent"}
    clock.advance(minutes=1, seconds=1)
    await round_()

    await end(started, Accepted(SID, from_address=OUR_NUMBER))

    assert (await again(message)).state == State.SENT
    assert await Message.count() == 1


async def test_a_connection_that_is_not_whole_keeps_nobody_else_from_an_answer(
    house: None, twilio: Knows, clock: Any
) -> None:
    bad, good = await by_twilio(), await by_twilio()
    for each in (good, bad):
        await each.unknown()
    await Connection.update({Connection.options: "{}"}).where(Connection.id == bad.connection.id)
    clock.advance(minutes=1, seconds=1)
    assert not await unanswered.ask()
    assert len(twilio.asked) == 1

"""Twilio's calls from the door to the history: signed for the address it was told, once, in any order."""

import asyncio
import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from domain import connections, delivery, inbox, messages, resting
from domain.batches.tables import Batch
from domain.channels.base import Accepted, ChannelError, Kind
from domain.channels.twilio import Twilio
from domain.channels.twilio_hooks import signature
from domain.connections import Connection, hook_url
from domain.inbox import ProviderEvent
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.receipts import Receipt
from domain.suppressions import OptOut
from tests import make
from tests.client import BASE, Client
from tests.sending import OUR_NUMBER, Shop, again, attempts, end, shop, standing_of

ACCOUNT = "AC00112233445566778899aabbccddeeff"
TOKEN = "token-4f9a8e"
SID = "SM00112233445566778899aabbccddeeff"
PHONE = "+15205550117"


@pytest.fixture
async def dealer(client: Client) -> Shop:
    options = json.dumps({"account_sid": ACCOUNT, "from_number": OUR_NUMBER})
    return await shop(kind="twilio", secret=json.dumps({"auth_token": TOKEN}), options=options)


def inbound(body: str = "Yes, it is still for sale.", n: int = 1, **values: str) -> dict[str, str]:
    return {
        "MessageSid": f"SM{n:032x}",
        "AccountSid": ACCOUNT,
        "From": PHONE,
        "To": OUR_NUMBER,
        "Body": body,
        "NumMedia": "0",
        "SmsStatus": "received",
        **values,
    }


def status(state: str, **values: str) -> dict[str, str]:
    return {
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "MessageStatus": state,
        "From": OUR_NUMBER,
        "To": PHONE,
        **values,
    }


async def call(
    client: Client,
    connection: Connection,
    fields: dict[str, str],
    about: Message | None = None,
    token: str = TOKEN,
    part: str = "",
) -> httpx.Response:
    """As Twilio calls. What it says is then handled."""
    path = hook_url(connection) + part + (f"?message={about.id.hex}" if about else "")
    headers = {
        "x-twilio-signature": signature(token, f"{BASE}{path}", list(fields.items())),
        "content-type": "application/x-www-form-urlencoded",
    }
    answer = await client.post(path, content=urlencode(fields), headers=headers)
    for event in await inbox.due():
        await inbox.handle(event)
    return answer


async def written() -> list[Message]:
    return await Message.objects().order_by(Message.at)


async def test_what_a_seller_writes_is_in_the_history_and_answered_with_nothing(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})

    answer = await call(client, dealer.connection, inbound())

    assert (answer.status_code, answer.headers["content-type"].split(";")[0], answer.text) == (
        200,
        "text/xml",
        "<Response/>",
    )
    [message] = await written()
    assert (message.direction, message.body, message.listing) == ("in", "Yes, it is still for sale.", listing.id)


async def test_a_hundred_replays_are_one_message(client: Client, dealer: Shop) -> None:
    answers = await asyncio.gather(*(call(client, dealer.connection, inbound()) for _ in range(100)))

    assert {each.status_code for each in answers} == {200}
    assert len(await written()) == await ProviderEvent.count() == 1


async def test_a_hundred_replays_of_a_state_are_one_receipt(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)

    await asyncio.gather(*(call(client, dealer.connection, status("sent"), message) for _ in range(100)))

    assert (await again(message)).state == State.SENT
    assert await ProviderEvent.count() == await Receipt.count() == 1


async def test_a_call_that_is_not_signed_is_refused_counted_and_not_kept(client: Client, dealer: Shop) -> None:
    answer = await call(client, dealer.connection, inbound(), token="another")

    assert answer.status_code == 401
    assert await ProviderEvent.count() == 0
    fresh = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert fresh
    assert fresh.refused_hooks == 1


STEPS = ("queued", "sent", "delivered")


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=["-".join(each) for each in permutations(STEPS)])
async def test_states_end_the_same_in_any_order(client: Client, dealer: Shop, order: tuple[str, ...]) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)

    for each in (*order, *order):
        await call(client, dealer.connection, status(each), message)

    assert (await again(message)).state == State.DELIVERED
    assert len(await written()) == 1


@pytest.mark.parametrize("part", ["", "/status"])
async def test_a_state_is_taken_at_the_hook_and_at_the_address_beneath_it(
    client: Client, dealer: Shop, part: str
) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.unknown(listing, to_address=PHONE)

    answer = await call(client, dealer.connection, status("sent"), message, part=part)

    assert (answer.status_code, (await again(message)).state) == (200, State.SENT)


async def test_a_state_signed_for_another_address_of_ours_is_refused(client: Client, dealer: Shop) -> None:
    fields = status("sent")
    signed = {"x-twilio-signature": signature(TOKEN, f"{BASE}{hook_url(dealer.connection)}", list(fields.items()))}
    answer = await client.post(f"{hook_url(dealer.connection)}/status", data=fields, headers=signed)

    assert (answer.status_code, await ProviderEvent.count()) == (401, 0)


async def test_a_state_that_comes_before_the_answer_waits_for_it(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.text(listing, to_address=PHONE)
    started = await dealer.start()

    await call(client, dealer.connection, status("delivered"), message)
    assert (await again(message)).state == State.SENDING
    await end(started, Accepted(SID, from_address=OUR_NUMBER))

    assert (await again(message)).state == State.DELIVERED
    assert len(await written()) == 1


async def test_a_state_that_names_a_message_of_unknown_fate_settles_it(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.unknown(listing, to_address=PHONE)

    await call(client, dealer.connection, status("sent"), message)

    now = await again(message)
    assert (now.state, now.provider_id) == (State.SENT, SID)
    [attempt] = await attempts(message)
    assert (attempt.outcome, attempt.provider_id) == ("accepted", SID)


async def test_a_state_of_somebody_elses_text_writes_nothing(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.unknown(listing, to_address=PHONE)
    other = await dealer.unknown(to_address=PHONE)

    await call(client, dealer.connection, status("delivered"))
    await call(client, dealer.connection, status("delivered", MessageSid="SM" + "9" * 32), other)

    assert (await again(message)).state == State.UNKNOWN
    assert (await again(other)).state == State.DELIVERED
    assert len(await written()) == 2


async def test_a_carrier_that_knows_no_such_number_is_believed(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)

    await call(client, dealer.connection, status("undelivered", ErrorCode="30005"), message)

    now = await again(message)
    assert (now.state, now.reason) == (
        State.UNDELIVERED,
        "No carrier knows this number. Try another number or email.",
    )
    assert (await standing_of(dealer.account.id, PHONE)).untextable


async def test_a_phone_that_is_off_is_no_reason_never_to_text_it(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)

    await call(client, dealer.connection, status("undelivered", ErrorCode="30003"), message)

    assert (await again(message)).state == State.UNDELIVERED
    assert await NumberFact.count() == 0


async def test_a_refusal_because_they_said_stop_is_on_our_list(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.text(listing, to_address=PHONE)

    await end(await dealer.start(), ChannelError("…", Kind.PERMANENT, code="21610", tells="opted_out"))

    assert (await again(message)).code == "opted_out"

    await delivery.follow_up()
    assert (await standing_of(dealer.account.id, PHONE)).opted_out


@pytest.mark.parametrize(("word", "opt"), [("STOP", ""), ("Stop", "STOP"), ("PARAR", "STOP")])
async def test_a_stop_that_twilio_answers_is_kept_and_not_answered_again(
    client: Client, dealer: Shop, word: str, opt: str
) -> None:
    await make.listing(dealer.account, seller={"mobile": PHONE})

    await call(client, dealer.connection, inbound(word, **({"OptOutType": opt} if opt else {})))

    assert (await standing_of(dealer.account.id, PHONE)).opted_out
    assert await OptOut.count() == 1
    assert [each.direction for each in await written()] == ["in"]


async def test_start_in_a_word_that_only_twilio_knows_lifts_the_stop(client: Client, dealer: Shop) -> None:
    await make.listing(dealer.account, seller={"mobile": PHONE})
    await call(client, dealer.connection, inbound("STOP", OptOutType="STOP"))

    await call(client, dealer.connection, inbound("SEGUIR", 2, OptOutType="START"))

    assert not (await standing_of(dealer.account.id, PHONE)).opted_out


async def test_a_stop_in_a_sentence_is_confirmed_by_us_from_the_same_number(client: Client, dealer: Shop) -> None:
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    await dealer.accepted(listing, SID, to_address=PHONE)

    await call(client, dealer.connection, inbound("Please stop texting me"))

    [answer] = [each for each in await written() if each.kind == "answer"]
    assert (answer.to_address, answer.from_address, answer.user) == (PHONE, OUR_NUMBER, dealer.user.id)
    [started] = await dealer.start()
    assert (started.outgoing.message_id, started.outgoing.from_address) == (answer.id, OUR_NUMBER)
    assert (await standing_of(dealer.account.id, PHONE)).opted_out


async def test_an_account_without_money_ends_the_batch_it_was_found_out_in(client: Client, dealer: Shop) -> None:

    batch = Batch(account=dealer.account.id, user=dealer.user.id, state="running", size=2, expanded=2)
    await Batch.insert(batch)
    first = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(first, SID, to_address=PHONE, batch=batch.id, kind="batch")
    waiting = await dealer.text(batch=batch.id, kind="batch")

    await call(client, dealer.connection, status("failed", ErrorCode="30002"), message)

    assert (await again(message)).state == State.UNDELIVERED
    left = await again(waiting)
    assert (left.state, left.code) == (State.FAILED, "out_of_credit")
    assert "Add money at Twilio" in left.reason


@pytest.mark.parametrize("code", ["30022", "30023", "30027"])
async def test_a_sender_whose_day_is_full_rests_until_carriers_count_anew_and_nothing_is_lost(
    client: Client, dealer: Shop, code: str, clock: Any
) -> None:
    clock.set(datetime(2026, 11, 24, 19, 0, tzinfo=UTC))  # 11:00 by the Pacific
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)
    waiting = await dealer.text(await make.listing(dealer.account))

    await call(client, dealer.connection, status("undelivered", ErrorCode=code), message)

    full = await again(message)
    assert (full.state, full.code) == (State.UNDELIVERED, "sender_full")
    assert full.reason == "Carriers take no more texts from your number today. Try again tomorrow."
    row = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert row is not None
    until = resting.until(row)
    assert until is not None
    assert until.replace(microsecond=0) == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert await delivery.due_connections(10) == {}
    assert await messages.retry(full, dealer.user, full.attempts)
    clock.set(datetime(2026, 11, 25, 19, 0, tzinfo=UTC))
    assert {each.outgoing.message_id for each in await dealer.start()} == {message.id, waiting.id}


async def test_a_full_day_that_is_over_when_it_is_heard_of_holds_nothing(
    client: Client, dealer: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(datetime(2026, 11, 25, 7, 59, 30, tzinfo=UTC))  # just before midnight by the Pacific
    listing = await make.listing(dealer.account, seller={"mobile": PHONE})
    message = await dealer.accepted(listing, SID, to_address=PHONE)
    due = inbox.due
    monkeypatch.setattr(inbox, "due", lambda: _later(clock, due))

    await call(client, dealer.connection, status("undelivered", ErrorCode="30023"), message)

    assert (await again(message)).code == "sender_full"
    row = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert row is not None
    assert row.rests_until is None


async def test_a_rest_that_somebody_ended_begins_again_only_by_what_left_since(
    client: Client, dealer: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(datetime(2026, 11, 24, 19, 0, tzinfo=UTC))
    monkeypatch.setattr(Twilio, "check", lambda _: asyncio.sleep(0))
    full = status("undelivered", ErrorCode="30023")

    async def rests() -> bool:
        row = await Connection.objects().get(Connection.id == dealer.connection.id)
        assert row is not None
        return resting.until(row) is not None

    async def taken(sid: str) -> Message:
        listing = await make.listing(dealer.account, seller={"mobile": make.phone()})
        message = await dealer.accepted(listing, sid)
        clock.advance(minutes=1)
        return message

    first, second, third = [await taken(f"SM{n:032x}") for n in range(1, 4)]
    await call(client, dealer.connection, {**full, "MessageSid": first.provider_id}, first)
    assert await rests()
    assert await connections.recheck(dealer.connection) == ""
    assert not await rests()
    await call(client, dealer.connection, {**full, "MessageSid": second.provider_id}, second)
    assert ((await again(second)).code, await rests()) == ("sender_full", False)
    await connections.recheck(dealer.connection)  # of one that does not rest: nothing was ended
    since = await taken(f"SM{4:032x}")
    await connections.recheck(dealer.connection)
    await call(client, dealer.connection, {**full, "MessageSid": since.provider_id}, since)
    assert await rests()
    clock.advance(minutes=1)
    given = {"auth_token": TOKEN, "account_sid": ACCOUNT, "from_number": OUR_NUMBER}
    await connections.connect(dealer.account.id, dealer.user.id, "twilio", given)
    await call(client, dealer.connection, {**full, "MessageSid": third.provider_id}, third)
    assert not await rests()


async def _later(clock: Any, due: Any) -> Any:
    clock.advance(seconds=31)
    return await due()

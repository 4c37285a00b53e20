"""Numbers are looked up before they are texted, once in 90 days, and a landline is passed over."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain import lookups
from domain.batches.tables import Batch, BatchListing
from domain.channels.base import ChannelError, Kind
from domain.channels.twilio import Twilio
from domain.connections import Connection, ConnectionState
from domain.messages import State
from domain.number_facts import NumberFact
from tests import make
from tests.sending import OUR_NUMBER, Shop, again, shop, standing_of
from workers import asking

ACCOUNT = "AC00112233445566778899aabbccddeeff"


class Knows:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lines: dict[str, Any] = {}

    async def line_of(self, number: str) -> tuple[str, str]:
        self.asked.append(number)
        said = self.lines.get(number, ("mobile", "Cell Co"))
        if isinstance(said, ChannelError):
            raise said
        return said


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Knows:
    knows = Knows()
    monkeypatch.setattr(Twilio, "line_of", lambda _, number: knows.line_of(number))
    return knows


async def by_twilio(lookups: str = "on") -> Shop:
    options = json.dumps({"account_sid": ACCOUNT, "from_number": OUR_NUMBER, "lookups": lookups})
    return await shop(kind="twilio", secret=json.dumps({"auth_token": "token"}), options=options)


async def round_() -> None:
    for each in await lookups.due():
        await lookups.look_up(each)


async def test_a_landline_in_a_batch_is_passed_over(house: None, twilio: Knows) -> None:
    dealer = await by_twilio()
    message = await dealer.text(kind="batch")
    other = await dealer.text(kind="batch")
    twilio.lines[message.to_address] = ("landline", "Copper Co")

    await round_()
    started = await dealer.start()

    assert [each.outgoing.message_id for each in started] == [other.id]
    ended = await again(message)
    assert (ended.state, ended.code) == (State.SKIPPED, "phone_landline")
    fact = await NumberFact.objects().get(NumberFact.address == message.to_address)
    assert fact
    assert (fact.line_type, fact.line_type_source, fact.carrier) == ("landline", "twilio", "Copper Co")


async def test_each_number_is_asked_for_once_in_ninety_days(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    message = await dealer.text(kind="scheduled", state=State.PENDING)
    await round_()
    await round_()
    assert twilio.asked == [message.to_address]
    clock.advance(days=91)
    await round_()
    assert twilio.asked == [message.to_address] * 2


async def test_the_numbers_of_a_batch_are_asked_for_while_it_is_written(house: None, twilio: Knows, clock: Any) -> None:
    dealer = await by_twilio()
    listing = await make.listing(dealer.account, seller={"mobile": "+15205550117", "phone": "+15205550118"})
    batch = Batch(account=dealer.account.id, user=dealer.user.id, state="draft", size=1)
    await Batch.insert(batch)
    await BatchListing.insert(BatchListing(batch=batch.id, n=0, listing=listing.id))

    await round_()
    assert twilio.asked == ["+15205550117"]
    await Batch.update({Batch.to_field: "phone", Batch.changed_at: clock.now() - timedelta(days=2)}).where(
        Batch.id == batch.id
    )
    await round_()

    assert twilio.asked == ["+15205550117"]


async def test_nothing_is_asked_unless_it_is_switched_on(house: None, twilio: Knows) -> None:
    dealer = await by_twilio("off")
    await dealer.text(kind="batch")
    await round_()
    assert not twilio.asked


async def test_a_number_that_nobody_has_gets_no_texts(house: None, twilio: Knows) -> None:
    dealer = await by_twilio()
    message = await dealer.text(kind="batch")
    twilio.lines[message.to_address] = ("invalid", "")
    await round_()
    assert (await standing_of(dealer.account.id, message.to_address)).untextable


async def test_a_kind_that_twilio_does_not_know_is_not_asked_for_again(house: None, twilio: Knows) -> None:
    dealer = await by_twilio()
    message = await dealer.text(kind="batch")
    twilio.lines[message.to_address] = ("", "")
    await round_()
    await round_()
    assert len(twilio.asked) == 1
    assert not (await standing_of(dealer.account.id, message.to_address)).landline


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Kind.THROTTLED, ConnectionState.CONNECTED),
        (Kind.PERMANENT, ConnectionState.CONNECTED),
        (Kind.CONNECTION_BROKEN, ConnectionState.BROKEN),
    ],
)
async def test_a_twilio_that_does_not_answer_is_asked_one_at_a_time(
    house: None, twilio: Knows, kind: Kind, state: ConnectionState
) -> None:
    dealer = await by_twilio()
    for message in await dealer.texts(3):
        twilio.lines[message.to_address] = ChannelError("No.", kind)
    await round_()
    assert len(twilio.asked) == 1
    connection = await Connection.objects().get(Connection.id == dealer.connection.id)
    assert connection
    assert connection.state == state
    assert await NumberFact.count() == 0


async def test_of_two_workers_one_asks_and_a_few_at_a_time(house: None, twilio: Knows) -> None:
    dealer = await by_twilio()
    await dealer.texts(lookups.AT_ONCE + 3)
    for owner in ("here:1:1:1", "there:2:2:2"):
        await asking.look_numbers_up({"owner": owner})
    assert len(twilio.asked) == lookups.AT_ONCE == len(set(twilio.asked))


async def test_a_connection_that_is_not_whole_keeps_nobody_else_from_looking_up(house: None, twilio: Knows) -> None:
    bad, good = await by_twilio(), await by_twilio()
    await Connection.update({Connection.options: "{}"}).where(Connection.id == bad.connection.id)
    assert await lookups.due() == [good.connection.id]

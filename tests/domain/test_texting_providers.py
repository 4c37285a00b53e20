"""Texting by Twilio beside Dialpad: which of the two carries a text, and whose words are said when it cannot."""

import json
from typing import Any

import pytest

from domain import composing, connections, gate, judging
from domain.batches import reasons
from domain.composing import GateRefused
from domain.connections import Connection, ConnectionState
from domain.messages import Message, State
from domain.users import User
from tests import make
from tests.sending import OUR_NUMBER, Shop, again, draft, shop, without

ACCOUNT = "AC00112233445566778899aabbccddeeff"
TWILIO = {
    "kind": "twilio",
    "secret": json.dumps({"auth_token": "token"}),
    "options": json.dumps({"account_sid": ACCOUNT, "from_number": OUR_NUMBER}),
}
NOT_CONNECTED = "Twilio is not connected."


async def by_twilio(**values: Any) -> Shop:
    return await shop(**TWILIO, **values)


async def set_state(connection: Connection, state: ConnectionState) -> None:
    await Connection.update({Connection.state: state}).where(Connection.id == connection.id)


async def refusal(dealer: Shop) -> gate.Refusal:
    with pytest.raises(GateRefused) as caught:
        await composing.send(await dealer.scene(await make.listing(dealer.account)), draft())
    return caught.value.refusals[0]


async def sent(dealer: Shop, user: User | None = None) -> Message:
    scene = await dealer.scene(await make.listing(dealer.account), user)
    return await composing.send(scene, draft())


async def test_everybody_texts_by_twilio_without_an_account_of_their_own(house: None) -> None:
    dealer = await by_twilio()
    message = await sent(dealer, await make.user(dealer.account))
    assert message.connection == dealer.connection.id


async def test_twilio_that_broke_is_spoken_of_as_twilio(house: None) -> None:
    dealer = await by_twilio()
    await set_state(dealer.connection, ConnectionState.BROKEN)
    refused = await refusal(dealer)
    assert (refused.code, refused.message) == ("no_connection", NOT_CONNECTED)
    assert refused.next_step == "Ask an administrator to connect it."
    offer = (await dealer.scene(await make.listing(dealer.account))).offers()["text"]
    assert offer.off == f"{NOT_CONNECTED} {refused.next_step}"


async def test_a_batch_says_the_same(house: None) -> None:
    dealer = await by_twilio()
    await without("twilio")
    judge = await judging.judge(dealer.account, dealer.user, "batch")
    assert judge.means["text"].provider == "Twilio"
    assert reasons.sentence("no_connection", NOT_CONNECTED) == NOT_CONNECTED
    assert reasons.sentence("sender_not_linked", gate.NO_DIALPAD_ACCOUNT) == gate.NO_DIALPAD_ACCOUNT
    assert reasons.sentence("sender_not_linked") == gate.NO_DIALPAD_ACCOUNT


async def test_at_the_last_look_the_words_are_twilios_too(house: None) -> None:
    dealer = await by_twilio()
    message = await dealer.text()
    await without("twilio")
    assert await dealer.start() == []
    ended = await again(message)
    assert (ended.state, ended.code, ended.reason) == (State.FAILED, "no_connection", NOT_CONNECTED)


async def test_who_left_the_dealership_sends_nothing_by_twilio(house: None) -> None:
    dealer = await by_twilio()
    message = await dealer.text()
    await User.update({User.active: False}).where(User.id == dealer.user.id)
    assert await dealer.start() == []
    ended = await again(message)
    assert (ended.state, ended.code) == (State.FAILED, "sender_not_linked")
    assert ended.reason == "Who sends this does not work here any more."


async def test_with_nothing_connected_dialpads_sentence_is_said(house: None) -> None:
    dealer = await by_twilio()
    await set_state(dealer.connection, ConnectionState.DISCONNECTED)
    assert (await refusal(dealer)).message == gate.NO_DIALPAD_CONNECTION


async def test_of_both_dialpad_carries_texts_as_long_as_it_works(house: None) -> None:
    dealer = await shop(kind="dialpad")
    twilio = await make.connection(dealer.account, **TWILIO)
    assert (await sent(dealer)).connection == dealer.connection.id
    await set_state(dealer.connection, ConnectionState.BROKEN)
    assert (await sent(dealer)).connection == twilio.id
    carrying = await connections.carrying(dealer.account.id, "text")
    assert carrying
    assert carrying.id == twilio.id


async def test_beside_dialpad_somebody_without_an_account_there_is_told_so(house: None) -> None:
    dealer = await shop(kind="dialpad")
    await make.connection(dealer.account, **TWILIO)
    await connections.SenderLink.update({connections.SenderLink.provider_id: ""}).where(
        connections.SenderLink.id == dealer.link.id
    )
    assert (await refusal(dealer)).message == gate.NO_DIALPAD_ACCOUNT

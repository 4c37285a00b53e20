"""Everything a carrier can do wrong, by Dialpad and by Twilio: each ends in the right state, with words on the page.

The real adapters, the delivery path, the hooks behind a proxy and the history's page, against the real simulator.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from aiohttp import web

from domain import connections, delivery, inbox, plans, unanswered
from domain.channels.base import Channel, ChannelError
from domain.channels.twilio_errors import MEANINGS
from domain.connections import Connection, ConnectionState
from domain.delivery import Outcome
from domain.inbox import ProviderEvent
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.conftest import MORNING, Clock
from tests.sending import OWNER, again, attempts
from tests.simulator import DANA, KEY, RunningSimulator, running_simulator
from workers.simulator.switches import DEFINITIONS
from workers.simulator.twilio import ACCOUNT, NUMBER, TOKEN

FAST = ("--receipt-delays", "0,0.03,0.06", "--retry-delays", "0.03,0.03")


def both(test: Any) -> Any:
    """By both providers, on one engine: what differs between databases is tested where it is written."""
    one_engine = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    return one_engine(pytest.mark.parametrize("kind", ["simulator", "twilio"])(test))


OF_THE_PROXY = ("host", "content-length")
TIMEOUT = 0.6  # seconds a call may take


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    offset = (MORNING - datetime.now(UTC)).total_seconds()
    environ = {"LOTWIRE_TEST": "1", "LOTWIRE_CLOCK": str(offset)}
    with running_simulator(tmp_path_factory.mktemp("simulator"), arguments=FAST, environ=environ) as simulator:
        yield simulator


@pytest.fixture
async def proxy(agent_client: Client, configure: Any) -> AsyncIterator[str]:
    """Where providers call: it hands everything on under another name, as a proxy does."""

    async def hand_on(request: web.Request) -> web.Response:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")
        }
        answer = await agent_client.post(str(request.rel_url), content=await request.read(), headers=headers)
        return web.Response(status=answer.status_code, text=answer.text)

    app = web.Application()
    app.router.add_post("/{path:.*}", hand_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}".format(*runner.addresses[0][:2])
    configure(LOTWIRE_PUBLIC_URL=url)
    yield url
    await runner.cleanup()


@dataclass
class Play:
    """One dealership, one provider, one text at a time."""

    kind: str
    simulator: RunningSimulator
    client: Client
    connection: Connection
    clock: Clock

    async def text(self, body: str = "Hi Sam, is the Civic still for sale?") -> tuple[Message, Listing]:
        number = make.phone()
        listing = await make.listing(self.connection.account, seller={"mobile": number, "phone": ""})
        message = await make.message(
            listing,
            state=State.QUEUED,
            not_before=self.clock.now(UTC),
            to_address=number,
            body=body,
            user=self.client.user,
            connection=self.connection.id,
        )
        return message, listing

    async def leave(self) -> None:
        """What is due leaves, each by one call of the real adapter, and it is written how the calls ended."""
        connection = await connections.by_id(self.connection.id)
        assert connection
        claimed, _ = await delivery.look_up_senders(OWNER, await delivery.claim(OWNER, connection.id, 10))
        started, _ = await delivery.start(OWNER, claimed)
        channel = connections.adapter(connection)
        await delivery.record([await self._call(channel, each) for each in started])
        await delivery.follow_up()

    async def _call(self, channel: Channel, started: Any) -> Outcome:
        try:
            return Outcome(started, accepted=await channel.send(started.outgoing, started.permit))
        except ChannelError as error:
            return Outcome(started, error=error)

    async def hear(self) -> None:
        """All that the provider still tells comes in, and is handled; also what waits for an answer."""
        await asyncio.to_thread(self.simulator.settle)  # it waits for the hooks, which this very loop answers
        for _ in range(3):
            for event in await inbox.due():
                await inbox.handle(event)
            self.clock.advance(seconds=5)

    async def play(self, **switches: Any) -> tuple[Message, Listing]:
        """A text leaves while these switches are on, and everything is heard."""
        message, listing = await self.text()
        self.simulator.switch(**switches)
        try:
            await self.leave()
        finally:
            await self.hear()
            self.simulator.as_usual()
        return await again(message), listing

    def arrived(self, message: Message) -> int:
        return len(self.simulator.messages(to=message.to_address))

    async def page(self, listing: Listing) -> str:
        answer = await self.client.get(f"/listings/{listing.id}")
        assert answer.status_code == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
async def played(
    kind: str, running: RunningSimulator, agent_client: Client, proxy: str, clock: Clock
) -> AsyncIterator[Play]:
    running.as_usual()
    await plans.seed()
    user = agent_client.user
    assert user
    await type(user).update({type(user).email: DANA["emails"][0]}).where(type(user).id == user.id)
    given: dict[str, str] = {"api_key": KEY}
    if kind == "twilio":
        given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER}
    connection, _ = await connections.connect(
        user.account, user.id, kind, given, running.url, {"timeout": str(TIMEOUT)}
    )
    assert connection.hook_id, connection.last_error
    yield Play(kind, running, agent_client, connection, clock)
    running.as_usual()
    await connections.disconnect(connection, user.id)


BROKE = "The connection to 127.0.0.1 broke before an answer came."
SLOW = "127.0.0.1 took too long to answer."
UNREADABLE = {"simulator": "Dialpad's answer could not be read.", "twilio": "Twilio's answer could not be read."}
OWN_ERROR = {
    "simulator": "Dialpad says: Internal error.",
    "twilio": "Twilio had an error of its own before it confirmed this.",
}
UNAVAILABLE = OWN_ERROR | {"simulator": "Dialpad says: Service unavailable."}
STOPPED = "This number asked not to get texts."
MONEY = {"simulator": "Dialpad says: Your company has run out of messaging credits.", "twilio": MEANINGS[20005].words}
LANDLINE = {"simulator": "This number cannot get texts. Try another number or email.", "twilio": MEANINGS[30006].words}


def says(words: str) -> dict[str, str]:
    """In the provider's own words."""
    return {"simulator": f"Dialpad says: {words}", "twilio": f"Twilio says: {words}"}


# Refused for good, and nothing was sent: switch -> what the page says.
REFUSED: dict[str, Any] = {
    "bad_request": says("A parameter is wrong."),
    "forbidden": says("You are not permitted to send on behalf of this user."),
    "not_found": says("Not found."),
    "conflict": says("This conflicts with what is there."),
    "too_large": {
        "simulator": "Dialpad took this for too large. Send the picture as a link, or shorten the text.",
        "twilio": "Twilio says: The request is too large.",
    },
    "unprocessable": says("This cannot be processed."),
    "opted_out": STOPPED,
    "out_of_credit": MONEY,
    "failed": LANDLINE,
}
# Nobody knows whether it was sent, and it was not.
UNKNOWN: dict[str, Any] = {
    "reset_before": BROKE,
    "hang": SLOW,
    "server_error": OWN_ERROR,
    "unavailable": UNAVAILABLE,
    "not_json": UNREADABLE,
}
# Nobody knows whether it was sent, and it was: what is told afterwards settles it.
TAKEN: dict[str, Any] = {
    "server_error_after": OWN_ERROR,
    "reset_after": BROKE,
    "hang_after": SLOW,
    "drip": SLOW,
    "empty": UNREADABLE,
    "garbage": UNREADABLE,
    "huge": UNREADABLE,
}
LATER = ("too_many_requests", "too_many_silent", "burst")  # nothing was sent: it leaves later
REPORTS = ("duplicate_receipts", "reordered_receipts", "replayed_receipts", "late_receipts")  # harm nothing
SILENT = ("no_receipts", "stuck_receipts", "unsigned_receipts", "badly_signed_receipts")  # the end is not heard
OTHERS = {"slow", "wrong_type", "unauthorized", "reject_percent", "invalid_destination", "honour_stop", "answer_words"}


def said(words: Any, kind: str) -> str:
    return words if isinstance(words, str) else words[kind]


def value(switch: str) -> Any:
    """Quick enough for a test."""
    return {"drip": 3.0, "late_receipts": 0.3}.get(switch, True)


def test_every_switch_of_the_simulator_is_tried():
    assert {*REFUSED, *UNKNOWN, *TAKEN, *LATER, *REPORTS, *SILENT, *OTHERS} == DEFINITIONS.keys()
    assert len(DEFINITIONS) >= 35


@both
@pytest.mark.parametrize("switch", REFUSED)
async def test_a_refusal_ends_it_in_words(played: Play, kind: str, switch: str) -> None:
    message, listing = await played.play(**{switch: True})

    assert message.state == State.FAILED
    assert message.reason == said(REFUSED[switch], kind)
    assert played.arrived(message) == 0
    assert message.reason in await played.page(listing)


@both
@pytest.mark.parametrize("switch", UNKNOWN)
async def test_what_may_have_been_sent_says_so_and_is_not_sent_again(played: Play, kind: str, switch: str) -> None:
    message, listing = await played.play(**{switch: True})
    played.clock.advance(minutes=1, seconds=1)
    if await unanswered.ask():
        await played.hear()
    await played.leave()

    message = await again(message)
    assert (message.state, message.reason) == (State.UNKNOWN, said(UNKNOWN[switch], kind))
    assert played.arrived(message) == 0
    assert len(await attempts(message)) == 1
    page = await played.page(listing)
    assert "It may have been sent" in page
    assert message.reason in page


@both
@pytest.mark.parametrize("switch", TAKEN)
async def test_what_was_taken_without_a_word_is_settled_by_its_reports(played: Play, kind: str, switch: str) -> None:
    message, _ = await played.play(**{switch: value(switch)})

    assert (message.state, message.reason) == (State.DELIVERED, "")
    assert played.arrived(message) == len(await attempts(message)) == 1
    assert await Message.count() == 1


@both
@pytest.mark.parametrize("switch", TAKEN)
async def test_without_reports_twilio_is_asked_and_dialpad_leaves_it_to_a_person(
    played: Play, kind: str, switch: str
) -> None:
    message, listing = await played.play(**{switch: value(switch), "no_receipts": True})
    assert (message.state, message.reason) == (State.UNKNOWN, said(TAKEN[switch], kind))
    played.clock.advance(minutes=1, seconds=1)
    if await unanswered.ask():
        await played.hear()
    await played.leave()

    message = await again(message)
    assert message.state == (State.DELIVERED if kind == "twilio" else State.UNKNOWN)
    assert played.arrived(message) == len(await attempts(message)) == 1
    assert await Message.count() == 1
    assert ("It may have been sent" in await played.page(listing)) is (kind != "twilio")


@both
@pytest.mark.parametrize("switch", LATER)
async def test_too_many_waits_and_leaves_later(played: Play, kind: str, switch: str) -> None:
    message, _ = await played.play(**{switch: True})

    assert message.state == State.QUEUED
    assert message.not_before is not None
    assert played.arrived(message) == 0
    played.clock.advance(minutes=11)
    await played.leave()
    await played.hear()
    assert (await again(message)).state == State.DELIVERED
    assert played.arrived(message) == 1


@both
@pytest.mark.parametrize("switch", REPORTS)
async def test_reports_in_any_order_and_number_end_in_the_same_state(played: Play, kind: str, switch: str) -> None:
    message, _ = await played.play(**{switch: value(switch)})

    assert message.state == State.DELIVERED
    assert played.arrived(message) == await Message.count() == 1
    assert await ProviderEvent.count() == 3


@both
@pytest.mark.parametrize("switch", SILENT)
async def test_without_a_report_that_can_be_believed_it_stays_accepted(played: Play, kind: str, switch: str) -> None:
    message, _ = await played.play(**{switch: True})

    assert message.state == State.ACCEPTED
    assert await ProviderEvent.count() == (switch == "stuck_receipts")
    connection = await connections.by_id(played.connection.id)
    assert connection
    assert (connection.refused_hooks > 0) is switch.endswith("signed_receipts")


@both
async def test_reports_before_the_answer_wait_for_it(played: Play, kind: str) -> None:
    message, _ = await played.play(slow=0.3)

    assert message.state == State.DELIVERED
    assert await Message.count() == 1


@both
async def test_a_right_answer_of_the_wrong_type_is_an_answer(played: Play, kind: str) -> None:
    message, _ = await played.play(wrong_type=True)

    assert message.state == State.DELIVERED
    assert len(await attempts(message)) == 1


@both
async def test_a_refused_key_pauses_everything_and_loses_nothing(played: Play, kind: str) -> None:
    message, _ = await played.play(unauthorized={"applies_to": "sms"})

    connection = await connections.by_id(played.connection.id)
    assert connection
    assert (message.state, connection.state) == (State.QUEUED, ConnectionState.BROKEN)
    assert await connections.recheck(connection) == ""
    await played.leave()
    await played.hear()
    assert (await again(message)).state == State.DELIVERED


@both
@pytest.mark.parametrize("switch", ["invalid_destination", "reject_percent"])
async def test_what_the_carriers_do_not_deliver_is_told_in_words(played: Play, kind: str, switch: str) -> None:
    message, listing = await played.play(**{switch: 100.0 if switch == "reject_percent" else True})

    assert message.state == State.UNDELIVERED
    assert message.reason
    assert message.reason in await played.page(listing)
    if switch == "invalid_destination":
        assert message.reason == LANDLINE[kind]


@both
async def test_a_stop_is_heard_and_nothing_reaches_that_phone_again(played: Play, kind: str) -> None:
    message, listing = await played.play()
    played.simulator.reply(message.to_address, "STOP")
    await played.hear()
    second = await make.message(
        listing,
        state=State.QUEUED,
        not_before=played.clock.now(UTC),
        to_address=message.to_address,
        user=played.client.user,
        connection=played.connection.id,
    )
    await played.leave()

    ended = await again(second)
    assert (ended.state, ended.code, ended.reason) == (State.FAILED, "opted_out", STOPPED)
    assert played.arrived(message) == 1
    assert not await Message.exists().where(Message.kind == "answer")  # the provider has answered


@both
async def test_an_answer_comes_back_into_the_history_once(played: Play, kind: str) -> None:
    message, listing = await played.play()
    played.simulator.reply(message.to_address, "Yes, come by today 🚗")
    await played.hear()

    [inbound] = await Message.objects().where(Message.direction == "in")
    assert (inbound.body, inbound.listing, inbound.from_address) == (
        "Yes, come by today 🚗",
        listing.id,
        message.to_address,
    )

"""The simulator as Lotwire meets it: the real Dialpad adapter, over HTTP, with everything going wrong in turn."""

import asyncio
import base64
import hashlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from http import client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from domain import ids
from domain.channels import http
from domain.channels.base import (
    Accepted,
    ChannelError,
    HookCall,
    HookEvent,
    Incoming,
    Kind,
    Media,
    Outgoing,
    PermitLike,
    Receipt,
    Said,
    Sender,
)
from domain.channels.dialpad import Dialpad
from tests.simulator import DANA, KEY, RunningSimulator, running_simulator
from workers.simulator.events import Events

CREDENTIALS = {"api_key": KEY}
SECRET = "webhook secret of the tests, long"
SELLER = "+16195550101"
FAST = ("--receipt-delays", "0,0.1,0.2", "--retry-delays", "0.05,0.05,0.05")


class Once(PermitLike):
    """A permit for whatever comes first."""

    def spend(self, outgoing: Outgoing) -> None:
        assert outgoing.to


class Hook:
    """Lotwire's side of the events: each is verified and parsed, and may be refused at first."""

    def __init__(self, dialpad: Dialpad) -> None:
        self.dialpad = dialpad
        self.url = ""
        self.refuse = 0
        self.bodies: list[bytes] = []
        self.events: list[HookEvent] = []
        self.read: list[Said] = []
        self.came = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(body)
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        for event in self.dialpad.verify(HookCall(str(request.url), body)):
            self.events.append(event)
            self.read += self.dialpad.parse(event.payload)
        self.came.set()
        return web.Response(status=204)

    @property
    def states(self) -> list[str]:
        return [read.state for read in self.read if isinstance(read, Receipt)]

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.read) < count:
                self.came.clear()
                await self.came.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), arguments=FAST) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.as_usual()


@pytest.fixture
async def dialpad(simulator: RunningSimulator) -> AsyncIterator[Dialpad]:
    yield Dialpad(simulator.url, CREDENTIALS, SECRET)
    await http.close()


@pytest.fixture
async def hook(dialpad: Dialpad) -> AsyncIterator[Hook]:
    hook = Hook(dialpad)
    app = web.Application()
    app.router.add_post("/hooks/dialpad/1", hook.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = "http://{}:{}/hooks/dialpad/1".format(*runner.addresses[0][:2])
    registered = await dialpad.register_hook(hook.url, SECRET)
    yield hook
    await dialpad.remove_hook(registered)
    await runner.cleanup()


numbers = iter(f"+1619{number}" for number in range(5_550_200, 5_559_999))


def outgoing(**changes: Any) -> Outgoing:
    given = {"message_id": ids.new(), "channel": "text", "to": next(numbers), "body": "Hi", "sender": str(DANA["id"])}
    return Outgoing(**given | changes)


async def send(dialpad: Dialpad, message: Outgoing | None = None) -> Accepted:
    return await dialpad.send(message or outgoing(), Once())


async def refusal(dialpad: Dialpad, message: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(dialpad, message)
    return caught.value


# As Dialpad


async def test_a_text_is_taken_and_kept_word_for_word(simulator: RunningSimulator, dialpad: Dialpad):
    message = outgoing(body="Olá “Sam” 👋🏽\nTwo lines ")

    accepted = await send(dialpad, message)

    [kept] = simulator.messages(to=message.to)
    assert accepted == Accepted(kept["id"], "accepted", "", "+16195550142")
    assert (kept["text"], kept["user_id"], kept["from"]) == (message.body, str(DANA["id"]), "+16195550142")
    assert kept["attempts"] == 1


async def test_the_same_words_sent_again_to_the_same_number_are_counted(simulator: RunningSimulator, dialpad: Dialpad):
    before = simulator.counts()
    message = outgoing()
    await send(dialpad, message)
    await send(dialpad, message)
    await send(dialpad, outgoing(body=message.body))

    after = simulator.counts()

    assert [each["attempts"] for each in simulator.messages(to=message.to)] == [2, 2]
    assert {name: after[name] - before[name] for name in after} == {"accepted": 3, "distinct": 2, "repeated": 1}


async def test_a_picture_is_kept_byte_for_byte_shown_and_counted(simulator: RunningSimulator, dialpad: Dialpad):
    mms = Dialpad(simulator.url, CREDENTIALS, mms=True)
    picture = Media("front.gif", "image/gif", b"GIF89a" + os.urandom(300_000))
    message = outgoing(body="", media=(picture,))
    counted = simulator.state()["pictures"]

    await send(mms, message)
    await send(mms, outgoing(to=message.to, body="", media=(Media("x.gif", "image/gif", b"GIF89a another"),)))

    kept, other = simulator.messages(to=message.to)
    assert kept["picture"] == f"{hashlib.sha256(picture.data).hexdigest()}.gif"
    assert kept["picture"] != other["picture"]
    assert [kept["attempts"], other["attempts"]] == [1, 1]
    assert (simulator.state_dir / "pictures" / kept["picture"]).read_bytes() == picture.data
    assert simulator.state()["pictures"] == counted + 2
    assert f'<img src="/pictures/{kept["picture"]}"' in simulator.request("GET", f"/phones/{message.to}")[1]


async def test_the_same_picture_many_times_at_once_is_kept_once(simulator: RunningSimulator):
    mms = Dialpad(simulator.url, CREDENTIALS, mms=True)
    picture = Media("front.gif", "image/gif", b"GIF89a" + os.urandom(200_000))
    try:
        taken = await asyncio.gather(*(send(mms, outgoing(media=(picture,))) for _ in range(24)))
    finally:
        await http.close()

    name = f"{hashlib.sha256(picture.data).hexdigest()}.gif"
    assert len({each.provider_id for each in taken}) == 24
    assert [path.name for path in (simulator.state_dir / "pictures").iterdir() if path.name.startswith(name)] == [name]


async def test_a_sender_is_found_by_email(dialpad: Dialpad):
    assert await dialpad.find_sender("DANA@example.com") == Sender(str(DANA["id"]), "Dana Reyes", ("+16195550142",))
    assert await dialpad.find_sender("nobody@example.com") is None


async def test_a_suspended_user_is_no_sender_and_cannot_send(simulator: RunningSimulator, dialpad: Dialpad):
    simulator.add_users({"id": 77, "emails": ["ben@example.com"], "phone_numbers": ["+16195550177"]})
    assert await dialpad.find_sender("ben@example.com") is not None
    simulator.add_users({"id": 77, "emails": ["ben@example.com"], "phone_numbers": [], "state": "suspended"})

    assert await dialpad.find_sender("ben@example.com") is None
    assert (await refusal(dialpad, outgoing(sender="77"))).reason == "No Dialpad account found"


async def test_a_user_who_is_not_there_has_no_account(dialpad: Dialpad):
    error = await refusal(dialpad, outgoing(sender="12345"))

    assert (error.kind, error.reason) == (Kind.PERMANENT, "No Dialpad account found")


async def test_users_come_in_pages(simulator: RunningSimulator):
    simulator.add_users(
        *({"id": 900_000 + n, "emails": [f"agent{n}@example.com"], "state": "pending"} for n in range(130))
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    _, first = simulator.request("GET", "/api/v2/users?state=pending", headers=headers)
    _, second = simulator.request(
        "GET", f"/api/v2/users?state=pending&cursor={json.loads(first)['cursor']}", headers=headers
    )

    pages = json.loads(first), json.loads(second)
    assert [len(page["items"]) for page in pages] == [100, 30]
    assert pages[1]["cursor"] is None
    assert isinstance(pages[0]["items"][0]["id"], str)


async def test_an_unknown_key_breaks_the_connection(simulator: RunningSimulator):
    stranger = Dialpad(simulator.url, {"api_key": "another-key"}, SECRET)
    try:
        assert (await refusal(stranger)).kind is Kind.CONNECTION_BROKEN
        with pytest.raises(ChannelError) as caught:
            await stranger.check()
        assert caught.value.kind is Kind.CONNECTION_BROKEN
    finally:
        await http.close()


async def test_a_revoked_key_breaks_the_connection_until_it_is_known_again(
    simulator: RunningSimulator, dialpad: Dialpad
):
    simulator.set_keys("other")
    assert (await refusal(dialpad)).kind is Kind.CONNECTION_BROKEN
    simulator.set_keys(KEY)

    assert (await send(dialpad)).state == "accepted"


GOOD = {"user_id": DANA["id"], "to_numbers": [SELLER], "text": "Hi", "infer_country_code": False}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("not json", "The body is not JSON."),
        ([], "The body must be a JSON object."),
        (GOOD | {"user_id": str(DANA["id"])}, "user_id must be an integer."),
        (GOOD | {"user_id": True}, "user_id must be an integer."),
        (GOOD | {"to_numbers": SELLER}, "to_numbers must be a list of 1 to 10 numbers."),
        (GOOD | {"to_numbers": []}, "to_numbers must be a list of 1 to 10 numbers."),
        (GOOD | {"to_numbers": ["6195550101"]}, "to_numbers: 6195550101 is not in E.164 format."),
        (GOOD | {"text": ""}, "text must be a string that is not empty."),
        (GOOD | {"text": "x" * 1501}, "text is longer than 1500 characters."),
        (GOOD | {"txt": "Hi"}, "Unknown field: txt."),
        (GOOD | {"media": "aGk="}, "media is no picture: send JPEG, PNG or GIF."),
        (GOOD | {"media": "not base64"}, "media must be a file in base64."),
        (GOOD | {"media": ""}, "media must be a file in base64."),
        (GOOD | {"media": 7}, "media must be a file in base64."),
        (GOOD | {"media": base64.b64encode(b"GIF89a" + b"x" * 512_000).decode()}, "media is larger than 500 KiB."),
        (GOOD | {"sender_group_id": 7}, "The simulator does not take sender_group_id."),
        (GOOD | {"infer_country_code": "no"}, "infer_country_code must be true or false."),
        (GOOD | {"from_number": "+19995550100"}, "from_number is not a number of this company."),
    ],
)
def test_a_text_that_is_not_as_documented_is_refused(simulator: RunningSimulator, body: Any, words: str):
    before = simulator.counts()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    status, answer = simulator.request("POST", "/api/v2/sms", body if body == "not json" else json.dumps(body), headers)

    assert (status, json.loads(answer)["error"]["message"]) == (400, words)
    assert simulator.counts() == before


def test_a_hook_that_is_not_as_documented_is_refused(simulator: RunningSimulator):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def status(path: str, body: dict[str, Any]) -> int:
        return simulator.request("POST", path, json.dumps(body), headers)[0]

    assert status("/api/v2/webhooks", {"hook_url": "nowhere"}) == 400
    assert status("/api/v2/webhooks", {"url": "http://127.0.0.1/"}) == 400
    assert status("/api/v2/subscriptions/sms", {"direction": "all"}) == 400
    assert status("/api/v2/subscriptions/sms", {"direction": "all", "endpoint_id": 1}) == 404
    assert status("/api/v2/subscriptions/sms", {"direction": "all", "endpoint_id": "1"}) == 400


async def test_webhooks_and_subscriptions_can_be_listed_changed_and_removed(
    simulator: RunningSimulator, dialpad: Dialpad, hook: Hook
):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    _, answer = simulator.request("GET", "/api/v2/subscriptions/sms", headers=headers)
    [subscription] = json.loads(answer)["items"]
    assert subscription["webhook"]["hook_url"] == hook.url
    assert subscription["webhook"]["signature"] == {"algo": "HS256", "type": "jwt", "secret": SECRET}
    path = f"/api/v2/subscriptions/sms/{subscription['id']}"

    status, answer = simulator.request("PATCH", path, json.dumps({"enabled": False}), headers)

    assert (status, json.loads(answer)["enabled"]) == (200, False)
    simulator.reply(SELLER, "Nobody hears this", "+16195550142")
    assert simulator.state()["events"]["waiting"] == 0
    assert hook.bodies == []


# Events


async def test_a_text_is_reported_step_by_step_with_what_it_was(simulator: RunningSimulator, dialpad, hook: Hook):
    message = outgoing(body="Is it sold?")
    accepted = await send(dialpad, message)
    await hook.wait_for(3)

    assert hook.states == ["accepted", "sent", "delivered"]
    first = hook.read[0]
    assert isinstance(first, Receipt)
    assert (first.provider_id, first.to, first.sender, first.from_address, first.body) == (
        accepted.provider_id,
        message.to,
        message.sender,
        "+16195550142",
        "Is it sold?",
    )
    assert len({event.key for event in hook.events}) == 3
    assert [event.at for event in hook.events] == sorted(event.at for event in hook.events)


async def test_events_look_like_dialpads(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    documented = json.loads((Path(__file__).parents[1] / "payloads" / "dialpad" / "inbound.json").read_text())

    simulator.reply(SELLER, "Hello", "+16195550142")
    await hook.wait_for(1)

    payload = hook.events[0].payload
    assert {name: type(value) for name, value in payload.items()} == {
        name: type(value) for name, value in documented.items()
    }
    assert payload["contact"].keys() == documented["contact"].keys()
    assert payload["target"] == {
        "id": DANA["id"], "name": "Dana Reyes", "phone_number": "(619) 555-0142", "type": "user",
    }  # fmt: skip


async def test_an_answer_of_the_seller_comes_in(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    message = outgoing()
    await send(dialpad, message)
    await hook.wait_for(3)

    reply_id = simulator.reply(message.to, "Yes, still here 👍")
    await hook.wait_for(4)

    read = hook.read[3]
    assert isinstance(read, Incoming)
    assert (read.provider_id, read.from_address, read.to_address, read.body) == (
        reply_id,
        message.to,
        "+16195550142",
        "Yes, still here 👍",
    )


async def test_an_event_that_is_not_taken_comes_again(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    hook.refuse = 2

    simulator.reply(SELLER, "Hello?", "+16195550142")
    await hook.wait_for(1)

    assert len(hook.bodies) == 3
    assert len(set(hook.bodies)) == 1


async def test_an_event_nobody_takes_is_given_up(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    hook.refuse = 100
    dropped = simulator.state()["events"]["dropped"]

    simulator.reply(SELLER, "Hello?", "+16195550142")
    await asyncio.to_thread(simulator.settle)

    assert len(hook.bodies) == 4
    assert simulator.state()["events"]["dropped"] == dropped + 1


async def test_a_text_typed_in_dialpads_own_app_is_reported_and_not_counted_as_ours(
    simulator: RunningSimulator, dialpad: Dialpad, hook: Hook
):
    before = simulator.counts()

    app_id = simulator.send_from_app(DANA["id"], SELLER, "From my phone")
    await hook.wait_for(3)

    assert hook.states == ["accepted", "sent", "delivered"]
    assert {read.provider_id for read in hook.read if read} == {app_id}
    assert simulator.counts() == before


# Switches: answers

NO_KEY = "Dialpad no longer accepts the API key. Ask an admin to connect Dialpad again."
NOT_THEIRS = "Dialpad says: You are not permitted to send on behalf of this user."
NO_MONEY = "Dialpad says: Your company has run out of messaging credits."


@pytest.mark.parametrize(
    ("switch", "value", "kind", "reason", "sent"),
    [
        ("unauthorized", True, Kind.CONNECTION_BROKEN, NO_KEY, False),
        ("forbidden", True, Kind.PERMANENT, NOT_THEIRS, False),
        ("forbidden", "SMS rate limit reached", Kind.THROTTLED, "Dialpad says: SMS rate limit reached", False),
        ("out_of_credit", True, Kind.OUT_OF_CREDIT, NO_MONEY, False),
        ("too_many_requests", 7, Kind.THROTTLED, "Dialpad says: Too many requests.", False),
        ("server_error", True, Kind.UNKNOWN, "Dialpad says: Internal error.", False),
        ("server_error_after", True, Kind.UNKNOWN, "Dialpad says: Internal error.", True),
        ("not_json", True, Kind.UNKNOWN, "Dialpad's answer could not be read.", False),
        ("reset_before", True, Kind.UNKNOWN, "The connection to 127.0.0.1 broke before an answer came.", False),
        ("reset_after", True, Kind.UNKNOWN, "The connection to 127.0.0.1 broke before an answer came.", True),
        ("failed", True, Kind.PERMANENT, "This number cannot get texts. Try another number or email.", False),
    ],
)  # fmt: skip
async def test_each_wrong_answer_is_told_apart_and_only_for_as_many_calls_as_asked(
    simulator: RunningSimulator, dialpad: Dialpad, switch: str, value: Any, kind: Kind, reason: str, sent: bool
):
    simulator.switch(**{switch: {"value": value, "calls": 2} if value is not True else {"calls": 2}})
    message = outgoing()

    first, second = await refusal(dialpad, message), await refusal(dialpad)

    assert (first.kind, first.reason) == (second.kind, second.reason) == (kind, reason)
    assert len(simulator.messages(to=message.to)) == sent
    assert (await send(dialpad)).state == "accepted"


async def test_a_429_says_how_long_to_wait(simulator: RunningSimulator, dialpad: Dialpad):
    simulator.switch(too_many_requests=7)

    assert (await refusal(dialpad)).retry_after == 7


async def test_a_hanging_call_is_unknown_and_nothing_was_sent(simulator: RunningSimulator):
    simulator.switch(hang=True)
    message = outgoing()
    try:
        error = await refusal(Dialpad(simulator.url, CREDENTIALS, timeout=0.3), message)
    finally:
        await http.close()

    assert (error.kind, error.reason) == (Kind.UNKNOWN, "127.0.0.1 took too long to answer.")
    assert simulator.messages(to=message.to) == []


async def test_a_slow_answer_comes_late_but_the_text_is_sent_at_once(simulator: RunningSimulator, dialpad: Dialpad):
    simulator.switch(slow={"value": 0.4, "calls": 1})
    message = outgoing()
    started = time.monotonic()
    sending = asyncio.create_task(send(dialpad, message))
    await asyncio.sleep(0.2)

    kept_meanwhile = len(simulator.messages(to=message.to))
    await sending

    assert kept_meanwhile == 1
    assert time.monotonic() - started >= 0.4


async def test_a_connection_refused_because_the_simulator_is_gone_never_connected(tmp_path: Path):
    with running_simulator(tmp_path) as gone:
        url = gone.url
    try:
        assert (await refusal(Dialpad(url, CREDENTIALS))).kind is Kind.NEVER_CONNECTED
    finally:
        await http.close()


async def test_a_switch_can_be_for_the_look_up_of_users_alone(simulator: RunningSimulator, dialpad: Dialpad):
    simulator.switch(server_error={"applies_to": "users"})

    with pytest.raises(ChannelError) as caught:
        await dialpad.find_sender("dana@example.com")

    assert caught.value.kind is Kind.NEVER_CONNECTED
    assert (await send(dialpad)).state == "accepted"


@pytest.mark.parametrize(
    "wrong",
    [
        {"no_such_switch": True},
        {"slow": "soon"},
        {"slow": -1},
        {"reject_percent": 101},
        {"hang": {"calls": 0}},
        {"hang": {"calls": "many"}},
        {"hang": {"applies_to": "everything"}},
        {"hang": {"colour": "red"}},
    ],
)
def test_a_switch_that_cannot_be_is_refused_in_a_sentence(simulator: RunningSimulator, wrong: dict[str, Any]):
    status, answer = simulator.request("PUT", "/control/switches", json.dumps(wrong))

    assert status == 422
    assert json.loads(answer)["error"].endswith(".")


def test_switches_go_back_to_usual_together(simulator: RunningSimulator):
    simulator.switch(slow=9, hang={"calls": 4}, honour_stop=False)
    simulator.as_usual()

    assert [name for name, each in simulator.switches().items() if each["on"]] == ["honour_stop", "answer_words"]


# Switches: receipts and carriers


async def test_duplicate_receipts_are_the_same_event_twice(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    simulator.switch(duplicate_receipts={"calls": 1})

    await send(dialpad)
    await hook.wait_for(6)

    assert sorted(Counter(event.key for event in hook.events).values()) == [2, 2, 2]


async def test_reordered_receipts_tell_the_end_before_the_beginning(
    simulator: RunningSimulator, dialpad: Dialpad, hook: Hook
):
    simulator.switch(reordered_receipts={"calls": 1})

    await send(dialpad)
    await hook.wait_for(3)

    assert hook.states == ["delivered", "sent", "accepted"]
    assert [event.at for event in hook.events] == sorted((event.at for event in hook.events), reverse=True)


async def test_no_receipts_come_when_they_are_off(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    simulator.switch(no_receipts={"calls": 1})

    await send(dialpad)
    await asyncio.to_thread(simulator.settle)
    assert hook.read == []

    await send(dialpad)
    await hook.wait_for(3)


async def test_a_share_of_the_texts_is_taken_and_not_delivered(
    simulator: RunningSimulator, dialpad: Dialpad, hook: Hook
):
    simulator.switch(reject_percent=50)

    await asyncio.gather(*(send(dialpad) for _ in range(40)))
    await asyncio.to_thread(simulator.settle)

    ends = Counter(hook.states)
    assert ends["delivered"] + ends["undelivered"] == 40
    assert 8 <= ends["undelivered"] <= 32
    assert all(read.reason for read in hook.read if isinstance(read, Receipt) and read.state == "undelivered")


async def test_after_stop_texts_to_that_phone_come_back_rejected_until_it_says_start(
    simulator: RunningSimulator, dialpad: Dialpad, hook: Hook
):
    message = outgoing()
    await send(dialpad, message)
    await hook.wait_for(3)

    async def ends(reply: str) -> str:
        simulator.reply(message.to, reply)
        await send(dialpad, message)
        await asyncio.to_thread(simulator.settle)
        return hook.states[-1]

    assert await ends("STOP please") == "delivered"  # carriers act on the exact word alone
    assert await ends("stop") == "undelivered"
    assert await ends("Hello?") == "undelivered"
    assert await ends("Start") == "delivered"
    simulator.switch(honour_stop=False)
    assert await ends("STOP") == "delivered"


# Who said stop to it


def phone_says(simulator: RunningSimulator, phone: str) -> str:
    return simulator.request("GET", f"/phones/{phone}")[1]


async def listed(dialpad: Dialpad) -> list[str]:
    return [number async for page in dialpad.opt_outs() for number in page]


async def test_whoever_said_stop_stands_on_its_list_until_they_take_it_back(
    simulator: RunningSimulator, dialpad: Dialpad
):
    one, two, other = next(numbers), next(numbers), next(numbers)
    for phone, words in ((one, "STOP"), (two, "stop"), (other, "STOP please"), (other, "STOP "), (other, "QUIT")):
        simulator.reply(phone, words, "+16195550142")

    assert {one, two} <= set(await listed(dialpad))
    assert other not in await listed(dialpad)
    simulator.reply(one, "UNSTOP", "+16195550142")
    assert one not in await listed(dialpad)
    back = simulator.request(
        "GET",
        "/api/v2/company/5000000000000001/smsoptout?opt_out_state=opted_back_in",
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert one in back[1]


async def test_a_long_list_comes_in_pages(simulator: RunningSimulator, dialpad: Dialpad):
    before = set(await listed(dialpad))
    many = [next(numbers) for _ in range(101)]
    for phone in many:
        simulator.reply(phone, "STOP", "+16195550142")

    pages = [page async for page in dialpad.opt_outs()]

    assert len(pages) >= 2
    assert {number for page in pages for number in page} == before | set(many)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v2/company/1/smsoptout?opt_out_state=opted_out", 404),
        ("/api/v2/company/5000000000000001/smsoptout", 400),
        ("/api/v2/company/5000000000000001/smsoptout?opt_out_state=maybe", 400),
        ("/api/v2/company/5000000000000001/smsoptout?opt_out_state=opted_out&limit=9", 400),
        ("/api/v2/company/5000000000000001/smsoptout?opt_out_state=opted_out&cursor=abc", 400),
        ("/api/v2/company", 200),
    ],
)
def test_the_list_takes_what_is_documented_alone(simulator: RunningSimulator, path: str, status: int):
    assert simulator.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})[0] == status


async def test_it_answers_its_three_words_itself_and_can_be_told_not_to(simulator: RunningSimulator, dialpad: Dialpad):
    for word, said in (("STOP", "You are unsubscribed"), ("HELP", "Reply STOP to end"), ("UNSTOP", "You will get")):
        phone = next(numbers)
        simulator.reply(phone, word.lower(), "+16195550142")
        assert said in phone_says(simulator, phone)
        assert dialpad.answers(word)
    for words in ("START", "STOP ", "take me off your list"):
        phone = next(numbers)
        simulator.reply(phone, words, "+16195550142")
        assert 'class="note"' not in phone_says(simulator, phone)
        assert not dialpad.answers(words)
    simulator.switch(answer_words=False)
    phone = next(numbers)
    simulator.reply(phone, "HELP", "+16195550142")
    assert 'class="note"' not in phone_says(simulator, phone)


async def test_it_refuses_a_recipient_who_opted_out_as_long_as_it_is_told_to(
    simulator: RunningSimulator, dialpad: Dialpad
):
    simulator.switch(opted_out={"calls": 1})

    error = await refusal(dialpad)

    assert (error.kind, error.tells) == (Kind.PERMANENT, "opted_out")
    assert error.reason == "Dialpad says: The recipient has opted out of your messages."
    await send(dialpad)


async def test_it_reports_that_a_number_gets_no_texts(simulator: RunningSimulator, dialpad: Dialpad, hook: Hook):
    simulator.switch(invalid_destination={"calls": 1})

    await send(dialpad)
    await hook.wait_for(2)

    last = hook.read[-1]
    assert isinstance(last, Receipt)
    assert (last.state, last.tells) == ("undelivered", "untextable")
    simulator.switch(failed={"calls": 1})
    assert (await refusal(dialpad)).tells == "untextable"


# Its own life


async def test_what_was_taken_and_set_up_survives_a_kill(tmp_path: Path):
    with running_simulator(tmp_path, arguments=FAST) as first:
        dialpad = Dialpad(first.url, CREDENTIALS, SECRET)
        registered = await dialpad.register_hook("http://127.0.0.1:9/", SECRET)
        first.reply(SELLER, "STOP", "+16195550142")
        message = outgoing()
        accepted = await send(dialpad, message)
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
    with (tmp_path / "messages.jsonl").open("a") as ledger:
        ledger.write('{"kind": "accepted", "id": "torn')

    with running_simulator(tmp_path, users=(), arguments=FAST) as second:
        again = Dialpad(second.url, CREDENTIALS, SECRET)
        later = await send(again, message)
        kept = second.messages()
        page = second.request("GET", f"/phones/{message.to}")[1]
        await again.remove_hook(registered)
        stopped = second.state()["stopped"]
        await http.close()

    assert [each["id"] for each in kept] == [accepted.provider_id, later.provider_id]
    assert [each["attempts"] for each in kept] == [2, 2]
    assert int(later.provider_id) > int(accepted.provider_id)
    assert page.count('class="bubble"') == 2
    assert stopped == [SELLER]


def test_it_ends_at_once_when_told_to_even_while_a_call_hangs(tmp_path: Path):
    with running_simulator(tmp_path) as simulator:
        simulator.switch(hang={"applies_to": "all"})
        with pytest.raises(OSError, match="timed out"):
            hanging_call(simulator)
        started = time.monotonic()
        simulator.process.terminate()
        assert simulator.process.wait(10) == 0
    assert time.monotonic() - started < 5


def hanging_call(simulator: RunningSimulator) -> None:
    connection = client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=0.3)
    try:
        connection.request("GET", "/api/v2/users", headers={"Authorization": f"Bearer {KEY}"})
        connection.getresponse()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--host", "0.0.0.0"), "The simulator is for this machine alone"),
        (("--receipt-delays", "1,2"), "--receipt-delays takes three numbers"),
        (("--users", "/nowhere/users.json"), "The simulator could not start"),
    ],
)
def test_a_start_that_cannot_be_ends_with_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
):
    with (
        pytest.raises(AssertionError, match="did not start"),
        running_simulator(tmp_path, arguments=arguments) as simulator,
    ):
        assert simulator is None
    assert sentence in capfd.readouterr().err


def test_users_can_be_given_as_a_file(tmp_path: Path):
    users = tmp_path / "users.json"
    users.write_text(json.dumps([DANA, {"emails": ["ben@example.com"]}]))

    with running_simulator(tmp_path / "state", users=(), arguments=("--users", str(users))) as simulator:
        known = simulator.call("GET", "/control/users")["users"]

    assert [(user["display_name"], user["emails"]) for user in known] == [
        ("Dana Reyes", ["dana@example.com"]),
        ("Ben", ["ben@example.com"]),
    ]
    assert all(user["id"].isdigit() for user in known)


async def test_a_text_costs_the_simulator_less_than_a_millisecond_of_processor(
    simulator: RunningSimulator, dialpad: Dialpad
):
    def cpu() -> float:
        fields = Path(f"/proc/{simulator.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    await asyncio.gather(*(send(dialpad) for _ in range(32)))
    before = cpu()

    for _ in range(30):
        await asyncio.gather(*(send(dialpad) for _ in range(32)))

    # It is a fifth of that on an idle machine; a crowded one must not fail this, a sync per text must.
    assert (cpu() - before) / 960 < 0.001


async def test_what_is_on_its_way_to_a_hook_that_was_taken_away_is_dropped() -> None:
    events = Events(retry_delays=(0.0, 0.0, 0.0))
    await events.start()
    try:
        events.plan(0.05, "http://127.0.0.1:9/hook", "", {})
        events.forget("http://127.0.0.1:9/hook")
        for _ in range(500):
            if events.waiting:
                await asyncio.sleep(0.01)
    finally:
        await events.stop()
    assert events.counts == {"planned": 1, "dropped": 1}

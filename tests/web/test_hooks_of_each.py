"""What holds of every provider's hook, whoever is at the other end of it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import clock, inbox
from domain.channels.registry import CHANNELS
from domain.channels.twilio_hooks import signature
from domain.connections import Connection
from domain.inbox import ProviderEvent
from domain.messages import Message
from tests import make
from tests.client import BASE, Client
from web.handlers import hooks

SECRET = "the-secret-by-which-each-of-them-signs-its-calls"
ACCOUNT, PAGE = "AC00112233445566778899aabbccddeeff", "102030405060708"
SELLER, OURS = "+15205550117", "+16195550142"

Call = tuple[bytes, dict[str, str]]  # body and headers


def dialpad(connection: Connection, n: int) -> Call:
    now = int(clock.now().timestamp() * 1000)
    target = {"id": 4693435745845248, "type": "user", "phone_number": OURS}
    told = {"id": 5594630000000000 + n, "event_timestamp": now, "direction": "inbound", "from_number": SELLER}
    told |= {"to_number": [OURS], "target": target, "text": f"Yes. {n}", "message_status": "pending"}
    return jwt.encode(told, SECRET, algorithm="HS256").encode(), {}


def twilio(connection: Connection, n: int) -> Call:
    fields = {"MessageSid": f"SM{n:032x}", "AccountSid": ACCOUNT, "From": SELLER, "To": OURS, "Body": f"Yes. {n}"}
    signed = signature(SECRET, f"{BASE}/hooks/twilio/{connection.id}", list(fields.items()))
    return urlencode(fields).encode(), {"X-Twilio-Signature": signed}


def facebook(connection: Connection, n: int) -> Call:
    now = int(clock.now().timestamp() * 1000)
    item = {"sender": {"id": "702030"}, "timestamp": now, "message": {"mid": f"m_{n}", "text": f"Yes. {n}"}}
    body = json.dumps({"object": "page", "entry": [{"id": PAGE, "time": now, "messaging": [item]}]}).encode()
    return body, {"X-Hub-Signature-256": f"sha256={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}"}


TOLD: dict[str, Callable[[Connection, int], Call]] = {"dialpad": dialpad, "twilio": twilio, "facebook": facebook}
CREDENTIALS: dict[str, dict[str, Any]] = {
    "dialpad": {"hook_secret": SECRET},
    "twilio": {
        "secret": json.dumps({"auth_token": SECRET}),
        "options": json.dumps({"account_sid": ACCOUNT, "from_number": OURS}),
    },
    "facebook": {
        "secret": json.dumps({"page_token": "page-token", "app_secret": SECRET}),
        "options": json.dumps({"page_id": PAGE}),
    },
}
KINDS = list(TOLD)
each_kind = pytest.mark.parametrize("kind", KINDS)


async def connected(kind: str) -> Connection:
    return await make.connection(kind=kind, **CREDENTIALS[kind])


def url(connection: Connection) -> str:
    return f"/hooks/{connection.kind}/{connection.id}"


async def refusals(connection: Connection) -> int:
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    return row.refused_hooks


def test_every_provider_that_calls_is_here() -> None:
    called = {kind for kind, provider in CHANNELS.items() if "hook" in provider.events}
    assert called - set(TOLD) == {"simulator"}  # which speaks as Dialpad does


@each_kind
async def test_a_hundred_replays_at_once_read_by_ten_at_once_are_one_message(client: Client, kind: str) -> None:
    connection = await connected(kind)
    body, headers = TOLD[kind](connection, 1)
    calls = (client.post(url(connection), content=body, headers=headers) for _ in range(100))
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    [event] = await inbox.due()
    await asyncio.gather(*(inbox.handle(event) for _ in range(10)))
    for _ in range(3):  # and once more when it was read already
        assert (await client.post(url(connection), content=body, headers=headers)).status_code == 200
    assert await inbox.due() == []
    assert (await ProviderEvent.count(), await Message.count()) == (1, 1)


@each_kind
async def test_a_hundred_at_once_are_a_hundred_messages(client: Client, kind: str) -> None:
    connection = await connected(kind)
    told = [TOLD[kind](connection, n) for n in range(1, 101)]
    calls = (client.post(url(connection), content=body, headers=headers) for body, headers in told)
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    assert await ProviderEvent.count() == 100


@each_kind
async def test_a_call_for_another_of_its_kind_is_refused(client: Client, kind: str) -> None:
    connection = await connected(kind)
    values = {**CREDENTIALS[kind], "account": await make.account()}
    other = await make.connection(
        kind=kind, **{name: _other(value) if isinstance(value, str) else value for name, value in values.items()}
    )
    body, headers = TOLD[kind](other, 1)
    assert (await client.post(url(other), content=body, headers=headers)).status_code == 401
    assert (await refusals(other), await refusals(connection)) == (1, 0)
    assert not await ProviderEvent.exists()


def _other(value: str) -> str:
    return value.replace(SECRET, "the-secret-of-another-connection-entirely")


NONSENSE = [b"", b"\xff\xfe\x00\x80", b"{", b"a=%ff&b=%00", b"[" * 50_000, b"a&" * 20_000]


@each_kind
@pytest.mark.parametrize("body", NONSENSE, ids=["nothing", "no text", "half", "half a character", "deep", "many"])
async def test_whatever_is_not_signed_is_refused_and_counted(client: Client, kind: str, body: bytes) -> None:
    connection = await connected(kind)
    _, signed = TOLD[kind](connection, 1)
    strange = {name: "sha256=é".encode("latin-1") for name in signed}
    for headers in ({}, signed, strange):
        assert (await client.post(url(connection), content=body, headers=headers)).status_code == 401
    assert await refusals(connection) == 3
    assert not await ProviderEvent.exists()


@each_kind
@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/form-data", "nonsense/\xff"])
async def test_a_signed_call_is_taken_whatever_it_says_that_it_is(client: Client, kind: str, content_type: str) -> None:
    connection = await connected(kind)
    body, headers = TOLD[kind](connection, 1)
    headers = {**headers, "Content-Type": content_type.encode("latin-1")}  # type: ignore[dict-item]  # httpx takes it
    assert (await client.post(url(connection), content=body, headers=headers)).status_code == 200
    assert await ProviderEvent.count() == 1


@each_kind
async def test_a_body_without_an_end_is_too_large(client: Client, kind: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            yield b"x" * 65_536
            sent += 65_536

    assert (await client.post(url(await connected(kind)), content=endless())).status_code == 413
    assert sent <= 2 * hooks.LARGEST_BODY


@each_kind
async def test_a_body_that_does_not_come_is_waited_for_a_moment_only(
    client: Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    async with asyncio.timeout(20):
        answer = await client.post(url(await connected(kind)), content=never())
    assert (answer.status_code, answer.text) == (408, "The event took too long to come.\n")


@each_kind
@pytest.mark.parametrize("host", ["lots.example:99999999", "[", "a b", "[::1", "é"])
async def test_who_calls_a_host_that_is_none_is_refused(client: Client, kind: str, host: str) -> None:
    connection = await connected(kind)
    answer = await client.post(url(connection), content=b"x=1", headers={"Host": host.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code in (400, 401)


ODD = ["", "0", "-1", "9" * 40, "STOP", "+15205550117", "https://[", "\0\udfff"]
WORDS = st.text(max_size=30) | st.sampled_from(ODD)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FORM = ["MessageSid", "SmsSid", "AccountSid", "MessageStatus", "ErrorCode", "From", "To", "Body", "OptOutType"]
FORM += ["NumMedia", "MediaUrl0", "MediaContentType0", "strange"]
ITEM = ["sender", "recipient", "timestamp", "message", "delivery", "read", "postback", "referral", "strange"]
SAID = ["mid", "text", "attachments", "is_echo", "is_deleted", "metadata", "referral", "mids", "watermark", "title"]
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzed
@given(st.dictionaries(st.sampled_from(FORM), WORDS, max_size=5), st.text("abc0123456789 -é&=%", max_size=40))
async def test_no_form_that_twilio_signs_is_an_error_of_ours(
    client: Client, changes: dict[str, str], reference: str
) -> None:
    connection = await Connection.objects().first() or await connected("twilio")
    fields = {"MessageSid": f"SM{1:032x}", "AccountSid": ACCOUNT, "From": SELLER, "To": OURS, "Body": "Yes.", **changes}
    body = urlencode(fields, errors="replace")
    query = urlencode({"message": reference}, errors="replace")
    pairs = parse_qsl(body, keep_blank_values=True)
    headers = {"X-Twilio-Signature": signature(SECRET, f"{BASE}{url(connection)}?{query}", pairs)}
    answer = await client.post(f"{url(connection)}?{query}", content=body, headers=headers)
    assert answer.status_code in (200, 400), answer.text
    await read_all()


@fuzzed
@given(
    st.dictionaries(st.sampled_from(ITEM), JSON, max_size=4),
    st.dictionaries(st.sampled_from(SAID), JSON, max_size=4),
    st.sampled_from(["message", "delivery", "read", "postback"]),
)
async def test_no_call_that_facebook_signs_is_an_error_of_ours(
    client: Client, changes: dict[str, Any], said: dict[str, Any], about: str
) -> None:
    connection = await Connection.objects().first() or await connected("facebook")
    now = int(clock.now().timestamp() * 1000)
    item = {"sender": {"id": "702030"}, "recipient": {"id": PAGE}, "timestamp": now, about: {"mid": "m", **said}}
    told = {"object": "page", "entry": [{"id": PAGE, "time": now, "messaging": [item | changes]}]}
    body = json.dumps(told).encode()
    signed = f"sha256={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}"
    answer = await client.post(url(connection), content=body, headers={"X-Hub-Signature-256": signed})
    assert answer.status_code == 200, answer.text
    await read_all()


async def read_all() -> None:
    """A fault of ours comes up here, which a worker would only put off."""
    for event in await inbox.due():
        await inbox.handle(event)


async def test_two_texts_that_twilio_names_by_their_old_name_are_two(client: Client, house: None) -> None:
    connection = await connected("twilio")
    for n in (1, 2):
        fields = {"SmsSid": f"SM{n:032x}", "AccountSid": ACCOUNT, "From": SELLER, "To": OURS, "Body": "Yes."}
        headers = {"X-Twilio-Signature": signature(SECRET, f"{BASE}{url(connection)}", list(fields.items()))}
        assert (await client.post(url(connection), content=urlencode(fields), headers=headers)).status_code == 200
    await read_all()
    assert await Message.count() == 2

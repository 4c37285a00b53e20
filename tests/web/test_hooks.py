"""What providers call: kept once, answered at once, and only when the signature holds."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from domain import clock, inbox
from domain.channels.base import BadSignature, HookAnswer, HookCall, HookEvent
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import Unavailable
from domain.inbox import ProviderEvent
from domain.messages import Message
from tests import make
from tests.client import Client
from tests.sending import Provider

SECRET = "the secret of this connection's hooks"


@pytest.fixture
async def connection(client: Client) -> Connection:
    return await make.connection(hook_secret=SECRET)


def event(clock: Any, **values: Any) -> dict[str, Any]:
    """A text of a seller's as Dialpad tells of it."""
    now = int(clock.now().timestamp() * 1000)
    return {
        "id": 5594630430703616,
        "created_date": now,
        "event_timestamp": now,
        "direction": "inbound",
        "from_number": "+15205550117",
        "to_number": ["+16195550142"],
        "is_internal": False,
        "target": {"id": 4693435745845248, "type": "user", "phone_number": "+16195550142"},
        "text": "Yes, it is still for sale.",
        "message_status": "pending",
        "message_delivery_result": None,
        **values,
    }


def signed(payload: dict[str, Any], secret: str = SECRET) -> bytes:
    return jwt.encode(payload, secret, algorithm="HS256").encode()


def url(connection: Connection) -> str:
    return f"/hooks/{connection.kind}/{connection.id}"


async def refusals(connection: Connection) -> int:
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    return row.refused_hooks


async def test_a_signed_event_is_kept_and_the_workers_hear_of_it(
    client: Client, connection: Connection, clock: Any
) -> None:
    payload = event(clock)
    answer = await client.post(url(connection), content=signed(payload))
    assert answer.status_code == 200
    [kept] = await ProviderEvent.objects()
    assert json.loads(kept.payload) == payload
    assert kept.handled_at is None
    assert [job.function for job in await client.app.state.redis.queued_jobs()] == ["handle_events"]


async def test_what_was_kept_becomes_a_message(client: Client, connection: Connection, clock: Any) -> None:
    listing = await make.listing(seller={"mobile": "+15205550117"})
    await client.post(url(connection), content=signed(event(clock)))
    for event_id in await inbox.due():
        assert await inbox.handle(event_id) == listing.id
    [message] = await Message.objects()
    assert (message.direction, message.body) == ("in", "Yes, it is still for sale.")


async def test_a_hundred_replays_at_once_are_kept_once(client: Client, connection: Connection, clock: Any) -> None:
    body = signed(event(clock))
    answers = await asyncio.gather(*(client.post(url(connection), content=body) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await ProviderEvent.count() == 1


async def test_another_state_of_the_same_message_is_another_event(
    client: Client, connection: Connection, clock: Any
) -> None:
    for status in ("pending", "success"):
        payload = event(clock, direction="outbound", message_status=status)
        assert (await client.post(url(connection), content=signed(payload))).status_code == 200
    assert await ProviderEvent.count() == 2


async def test_neither_a_session_nor_a_csrf_token_is_asked_for_or_given(
    client: Client, connection: Connection, clock: Any
) -> None:
    answer = await client.post(url(connection), content=signed(event(clock)))
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)


async def test_the_answer_comes_at_once_also_when_the_queue_is_gone(
    client: Client, connection: Connection, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.app.state, "redis", Redis(host="10.255.255.1", port=9, socket_connect_timeout=30))
    begun = time.monotonic()
    answer = await client.post(url(connection), content=signed(event(clock)))
    assert (answer.status_code, await ProviderEvent.count()) == (200, 1)
    assert time.monotonic() - begun < 1


async def test_without_the_database_the_provider_is_asked_to_try_again(
    client: Client, connection: Connection, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> bool:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr("domain.inbox.intake.keep", full)
    answer = await client.post(url(connection), content=signed(event(clock)))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_a_broken_connection_still_hears(client: Client, connection: Connection, clock: Any) -> None:
    await Connection.update({Connection.state: ConnectionState.BROKEN}).where(Connection.id == connection.id)
    assert (await client.post(url(connection), content=signed(event(clock)))).status_code == 200


# What is not taken


def _unsigned(payload: dict[str, Any]) -> bytes:
    def part(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    return part({"alg": "none", "typ": "JWT"}) + b"." + part(payload) + b"."


def _by_rsa(payload: dict[str, Any]) -> bytes:
    return jwt.encode(payload, rsa.generate_private_key(65537, 2048), algorithm="RS256").encode()


FORGERIES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "no algorithm": _unsigned,
    "no algorithm, with our signature": lambda payload: _unsigned(payload) + signed(payload).rsplit(b".", 1)[1],
    "RS256": _by_rsa,
    "HS384": lambda payload: jwt.encode(payload, SECRET.ljust(48), algorithm="HS384").encode(),
    "HS512": lambda payload: jwt.encode(payload, SECRET.ljust(64), algorithm="HS512").encode(),
    "another secret": lambda payload: signed(payload, "the secret of another connection entirely"),
    "truncated": lambda payload: signed(payload)[:-5],
    "two parts": lambda payload: signed(payload).rsplit(b".", 1)[0],
    "changed": lambda payload: signed(payload).replace(b".", b".e", 1),
    "plain JSON": lambda payload: json.dumps(payload).encode(),
    "nothing": lambda payload: b"",
    "no text": lambda payload: b"\xff\xfe\x00",
    "a form": lambda payload: b"Body=Hi&From=%2B15205550117",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_call_without_our_signature_is_refused_and_counted(
    client: Client, connection: Connection, clock: Any, forgery: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "web.handlers.hooks")
    answer = await client.post(url(connection), content=FORGERIES[forgery](event(clock)))
    assert answer.status_code == 401
    assert not await ProviderEvent.exists()
    assert await refusals(connection) == 1
    assert "hook call was refused" in caplog.text


async def test_the_event_of_another_connection_is_refused(client: Client, connection: Connection, clock: Any) -> None:
    other = await make.connection(await make.account(), hook_secret="the secret of another connection entirely")
    body = signed(event(clock))
    assert (await client.post(url(other), content=body)).status_code == 401
    assert (await client.post(url(connection), content=body)).status_code == 200


async def test_an_event_from_long_ago_is_no_longer_taken(client: Client, connection: Connection, clock: Any) -> None:
    body = signed(event(clock))
    clock.advance(days=30)
    assert (await client.post(url(connection), content=body)).status_code == 403
    assert await refusals(connection) == 1


async def test_a_signed_event_without_a_name_is_not_understood(
    client: Client, connection: Connection, clock: Any
) -> None:
    answer = await client.post(url(connection), content=signed(event(clock, id=None)))
    assert answer.status_code == 400
    assert await refusals(connection) == 0


async def test_a_call_beyond_a_megabyte_is_too_large(client: Client, connection: Connection, clock: Any) -> None:
    fits = signed(event(clock, text="x" * 190_000))
    assert (await client.post(url(connection), content=fits)).status_code == 200
    assert (await client.post(url(connection), content=b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_a_hook_that_is_not_there_is_not_found(client: Client, connection: Connection, clock: Any) -> None:
    gone = await make.connection(kind="simulator", state=ConnectionState.DISCONNECTED, hook_secret=SECRET)
    paths = [
        f"/hooks/dialpad/{uuid4()}",
        "/hooks/dialpad/nothing",
        f"/hooks/dialpad/{connection.id}0",
        f"/hooks/simulator/{connection.id}",
        f"/hooks/twilio/{connection.id}",
        url(gone),
    ]
    for path in paths:
        assert (await client.post(path, content=signed(event(clock)))).status_code == 404, path
    assert not await ProviderEvent.exists()


async def test_a_machine_reads_a_short_plain_answer_whatever_it_asks_beneath_the_hooks(
    client: Client, connection: Connection
) -> None:
    asked = [
        ("PUT", url(connection), 405),
        ("DELETE", url(connection), 405),
        ("GET", f"{url(connection)}/status", 405),
        ("POST", f"{url(connection)}/status", 404),  # Dialpad is told of no such address
        ("POST", f"{url(connection)}/status/more", 404),
        ("GET", "/hooks", 404),
    ]
    for method, path, status in asked:
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, "text/plain"), path
        assert len(answer.text) < 60


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(["id", "created_date", "event_timestamp", "direction", "from_number", "to_number", "text"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(FIELDS | st.text(max_size=8), JSON, max_size=5))
async def test_no_signed_event_whatever_it_says_is_an_error_of_ours(
    client: Client, connection: Connection, clock: Any, changes: dict[str, Any]
) -> None:
    answer = await client.post(url(connection), content=signed({**event(clock), **changes}))
    assert answer.status_code in (200, 400, 403), answer.text
    for event_id in await inbox.due():
        await inbox.handle(event_id)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=400) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
async def test_no_body_whatever_it_holds_is_an_error_of_ours(
    client: Client, connection: Connection, body: bytes
) -> None:
    assert (await client.post(url(connection), content=body)).status_code == 401


class Telling(Provider):
    """A provider with a question of its own, many events in a call and an answer of its own."""

    thanks = HookAnswer("<Response/>", "text/xml")
    calls: list[HookCall] = []  # noqa: RUF012

    def challenge(self, call: HookCall) -> str | None:
        query = dict(call.query)
        return query.get("hub.challenge") if query.get("hub.verify_token") == SECRET else None

    def verify(self, call: HookCall) -> list[HookEvent]:
        Telling.calls.append(call)
        if ("From", "+15205550117") not in call.form:
            raise BadSignature("No.")
        return [HookEvent(str(n), clock.now(), {"n": n}) for n in range(3)]


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch, configure: Any) -> None:
    monkeypatch.setitem(CHANNELS, "dialpad", Telling)
    configure(LOTWIRE_PUBLIC_URL="https://lots.example")
    Telling.calls.clear()


async def test_a_call_is_read_as_it_was_made_and_answered_as_its_provider_wants(
    client: Client, connection: Connection, telling: None
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        answer = await client.post(f"{url(connection)}?a=1%20b", content=b"From=%2B15205550117&Body=", headers=form)
        assert (answer.status_code, answer.text) == (200, "<Response/>")
        assert answer.headers["content-type"].startswith("text/xml")
    assert await ProviderEvent.count() == 3
    call = Telling.calls[0]
    assert call.url == f"https://lots.example{url(connection)}?a=1%20b"  # the proxy's view of it is another
    assert (call.method, call.query, call.form) == ("POST", [("a", "1 b")], [("From", "+15205550117"), ("Body", "")])
    refused = await client.post(url(connection), content=b"From=x", headers=form)
    assert refused.status_code == 401
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    assert (row.refused_hooks, row.last_event_at is not None) == (1, True)


async def test_a_question_whether_the_hook_is_ours_is_answered_to_who_knows_the_secret(
    client: Client, connection: Connection, telling: None
) -> None:
    asked = f"{url(connection)}?hub.challenge=42&hub.verify_token="
    answer = await client.get(f"{asked}{quote(SECRET)}")
    assert (answer.status_code, answer.text) == (200, "42")
    assert (await client.get(f"{asked}guess")).status_code == 401
    assert (await client.get(f"/hooks/dialpad/{uuid4()}?hub.challenge=42")).status_code == 404


async def test_a_provider_without_questions_answers_none(client: Client, connection: Connection) -> None:
    assert (await client.get(url(connection))).status_code == 401

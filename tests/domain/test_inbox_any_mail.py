"""Whatever lies in a mailbox: each mail becomes one message or none, and no mail is a fault of ours."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from domain import clock, connections, inbox
from domain.channels.base import HookEvent
from domain.channels.email.imap import Found
from domain.connections import Connection
from domain.inbox import ProviderEvent
from domain.messages import Message
from tests import make
from tests.domain.channels.test_email_reading import MAILS
from tests.domain.channels.test_kijiji_mail import OURS, RELAY
from tests.domain.channels.test_kijiji_mail import payload as passed_on

SELLER = b"From: dana.reed@mail.example\n"
RELAYED = f"Authentication-Results: {OURS}; dkim=pass header.d=kijiji.ca\nFrom: Dana <{RELAY}>\n".encode()
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Box:
    """A mailbox in which one mail lies."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def read(self, uid: int) -> Found:
        return Found(self._raw, len(self._raw), clock.now(), cut=False)


async def mailbox(kind: str) -> Connection:
    options = {"from_email": "sales@lots.example", "smtp_host": "mail.lots.example", "imap_host": "mail.lots.example"}
    options |= {"trusted_authserv": OURS} if kind == "kijiji" else {}
    account = await make.account(country="CA", kijiji=True)
    secret = json.dumps({"password": "secret"})
    return await make.connection(account, kind=kind, base_url="", secret=secret, options=json.dumps(options))


def told(connection: Connection, raw: bytes) -> HookEvent | None:
    """The event that the channel makes of a mail."""
    channel: Any = connections.adapter(connection)
    found: HookEvent | None = channel._event(Box(raw), "INBOX", 1, 1)
    return found


async def handled() -> bool:
    """Whether all that is kept was handled, without a fault, and made a message at most."""
    for event in await inbox.due():
        await inbox.handle(event)
    left = await ProviderEvent.exists().where(ProviderEvent.handled_at.is_null())
    return not left and await Message.count() <= await ProviderEvent.count()


@fuzzed
@given(some.one_of(some.binary(max_size=400), MAILS, MAILS.map(lambda each: SELLER + each)))
async def test_no_mail_in_the_mailbox_is_an_error_of_ours(house: None, raw: bytes) -> None:
    connection = await Connection.objects().first() or await mailbox("email")
    if event := told(connection, raw):
        await inbox.store(connection.id, event)
    assert await handled()


@fuzzed
@given(MAILS)
async def test_no_mail_that_the_relay_passed_on_is_an_error_of_ours(house: None, rest: bytes) -> None:
    connection = await Connection.objects().first() or await mailbox("kijiji")
    if event := told(connection, RELAYED + rest):
        await inbox.store(connection.id, event)
    assert await handled()


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("email", SELLER + b"Message-ID: <one@mail.example>\n\nStill there."), ("kijiji", passed_on("first"))],
    ids=["email", "kijiji"],
)
async def test_a_mail_told_a_hundred_times_and_read_by_ten_at_once_is_one_message(
    house: None, kind: str, raw: bytes
) -> None:
    connection = await mailbox(kind)
    event = told(connection, raw)
    assert event is not None
    await asyncio.gather(*(inbox.store(connection.id, event) for _ in range(100)))
    [kept] = await inbox.due()
    await asyncio.gather(*(inbox.handle(kept) for _ in range(10)))
    await inbox.store(connection.id, event)
    assert await inbox.due() == []
    assert (await ProviderEvent.count(), await Message.count()) == (1, 1)

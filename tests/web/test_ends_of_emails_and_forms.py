"""Every answer of a mail server and of a site's form ends in its state, and the page says it in words. What comes over
the wire is in tests/domain/channels; how texts and Messenger end is in tests/chaos/test_carrier_faults.py and
test_facebook.py."""

import re
from html import unescape
from typing import Any

import aiosmtplib
import pytest

from domain import clock, delivery, plans
from domain.channels import form_posts
from domain.channels.base import ChannelError, Kind
from domain.channels.email import servers, smtp
from domain.connections import Connection
from domain.form_transports import FormTransport
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.client import Client
from tests.sending import OWNER, again, end

MAIL = servers.Server("mail.lots.example", 465, "tls", False)
LABELS = {
    State.FAILED: "Not sent",
    State.QUEUED: "Waiting to leave",
    State.UNKNOWN: "It may have been sent",
}


async def ends(client: Client, kind: str, error: ChannelError) -> tuple[Message, str, Connection]:
    """A message of that channel after its call ended so, its entry on the vehicle's page, and the connection."""
    await plans.seed()
    assert client.user
    connection = await make.connection(client.user.account, kind=kind)
    listing = await make.listing(client.user.account, seller={"first_name": "Dana", "email": "dana@mail.example"})
    to = "dana@mail.example"
    if kind == "form":
        to = "https://site.example/contact"
        await Source.update({Source.form_transport: "http_form"}).where(Source.id == listing.source)
        form = {"account": listing.account, "source": listing.source, "kind": "http_form", "endpoint": to}
        await FormTransport.insert(FormTransport(**form))
    values = {"channel": kind, "to_address": to, "connection": connection.id, "user": client.user, "subject": "Civic"}
    message = await make.message(listing, state=State.QUEUED, not_before=clock.now(), **values)
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 1))
    assert len(started) == 1
    await end(started, error)
    page = (await client.get(f"/listings/{listing.id}")).text
    entry = page.partition(f'id="message-{message.id}"')[2].partition("</li>")[0]
    kept = await Connection.objects().get(Connection.id == connection.id)
    assert kept is not None
    return await again(message), " ".join(unescape(re.sub(r"<[^>]+>", " ", entry)).split()), kept


@pytest.mark.parametrize(
    ("answered", "code", "said", "state", "words", "broken"),
    [
        (smtp._refused, 550, "5.1.1 No such user", State.FAILED, "550 5.1.1 No such user", False),
        (smtp._refused, 550, "5.7.1 Looks like spam", State.FAILED, "550 5.7.1 Looks like spam", False),
        (smtp._refused, 552, "5.3.4 Too large", State.FAILED, "552 5.3.4 Too large", False),
        (smtp._refused, 554, "5.6.0 Cannot be read", State.FAILED, "554 5.6.0 Cannot be read", False),
        (smtp._refused, 450, "4.2.0 Greylisted", State.QUEUED, "450 4.2.0 Greylisted", False),
        (smtp._refused, 452, "4.2.2 Mailbox full", State.QUEUED, "452 4.2.2 Mailbox full", False),
        (smtp._refused, 421, "4.7.0 Slow down", State.QUEUED, "421 4.7.0 Slow down", False),
        (smtp._refused, 554, "5.7.1 Relay access denied", State.QUEUED, "passes on no emails of this account", True),
        (smtp._sender_refused, 553, "Not your address", State.QUEUED, "let this account send from your address", True),
        (smtp._not_let_in, 535, "5.7.8 Wrong password", State.QUEUED, "refused the user name or the password", True),
        (smtp._not_now, 454, "4.7.0 Not now", State.QUEUED, "takes no mail now: 454 4.7.0 Not now", False),
    ],
)
async def test_each_answer_of_a_mail_server_ends_in_its_state_and_words(
    house: None, agent_client: Client, answered: Any, code: int, said: str, state: State, words: str, broken: bool
) -> None:
    error = answered(MAIL, aiosmtplib.SMTPResponseException(code, said))
    message, entry, connection = await ends(agent_client, "email", error)
    assert message.state == state
    assert LABELS[state] in entry
    assert words in entry
    assert connection.state == ("broken" if broken else "connected")


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (ChannelError("The line broke.", Kind.UNKNOWN, code="broken"), State.UNKNOWN, "The line broke."),
        (servers.silent(MAIL), State.QUEUED, "said nothing on port 465"),
    ],
)
async def test_a_mail_server_that_falls_silent_ends_by_what_had_left(
    house: None, agent_client: Client, error: ChannelError, state: State, words: str
) -> None:
    message, entry, _ = await ends(agent_client, "email", error)
    assert message.state == state
    assert LABELS[state] in entry
    assert words in entry


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (500, State.UNKNOWN, "had an error before it confirmed the form."),
        (503, State.UNKNOWN, "had an error before it confirmed the form."),
        (408, State.UNKNOWN, "had an error before it confirmed the form."),
        (429, State.FAILED, "takes no more forms just now. Try later."),
        (400, State.FAILED, "refused the form."),
        (403, State.FAILED, "refused the form."),
        (404, State.FAILED, "refused the form."),
    ],
)
async def test_each_answer_of_a_form_ends_in_its_state_and_words(
    house: None, agent_client: Client, status: int, state: State, words: str
) -> None:
    with pytest.raises(ChannelError) as refused:
        form_posts._require_not_refused("AutoTrader", status)
    message, entry, connection = await ends(agent_client, "form", refused.value)
    assert message.state == state
    assert LABELS[state] in entry
    assert f"AutoTrader {words}" in entry
    assert connection.state == "connected"

"""A channel that sends by another one's provider gets it before every handful."""

import asyncio
import json
from collections.abc import AsyncIterator
from email import message_from_bytes

import pytest

from domain import ids, plans
from domain.channels.base import ChannelError, Form, Lender, Outgoing
from domain.channels.form import NO_MAIL, ContactForm
from domain.connections import Connection, ConnectionState
from tests import make
from tests.domain.channels.local_servers import Permit
from tests.domain.channels.smtp_server import Scripted
from workers.providers import Providers

VALUES = {
    "vehicle.year": "2019",
    "vehicle.make": "Subaru",
    "vehicle.model": "Outback",
    "agent.name": "Robin Agent",
    "agent.email": "robin@lots.example",
    "dealer.name": "Harbor Motors",
}


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    listening = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()


def lead() -> Outgoing:
    form = Form("adf_email", "leads@site.example", values=VALUES)
    return Outgoing(ids.new(), "form", "https://ads.example/9", "Is it still for sale?", "", form=form)


async def test_a_lead_leaves_by_the_dealerships_email_as_it_is_connected_now(house: None, server: Scripted) -> None:
    await plans.seed()
    account = await make.account()
    form = await make.connection(account, kind="form", base_url="")
    providers = Providers()
    options = {"from_email": "sales@lots.example", "smtp_host": "127.0.0.1", "smtp_port": str(server.port)}
    options |= {"smtp_security": "none", "own_network": "true"}
    secret = json.dumps({"password": "secret", "client_secret": "", "refresh_token": ""})

    async def send() -> None:
        found = await providers.of(form.id)
        assert found is not None
        assert isinstance(found[1], ContactForm)
        message = lead()
        await found[1].send(message, Permit(message))

    with pytest.raises(ChannelError, match=NO_MAIL):
        await send()
    email = await make.connection(account, kind="email", base_url="", secret=secret, options=json.dumps(options))
    await send()
    mail = message_from_bytes(server.mails[0])
    assert (mail["From"], mail["To"], mail.get_content_type()) == (
        *("sales@lots.example", "leads@site.example", "text/plain"),
    )
    assert b"<make>Subaru</make>" in server.mails[0]
    await Connection.update({Connection.state: ConnectionState.BROKEN}).where(Connection.id == email.id)
    with pytest.raises(ChannelError, match=NO_MAIL):
        await send()


async def test_another_dealerships_email_is_never_borrowed(house: None) -> None:
    await plans.seed()
    form = await make.connection(await make.account(), kind="form", base_url="")
    secret = json.dumps({"password": "secret", "client_secret": "", "refresh_token": ""})
    options = json.dumps({"from_email": "sales@other.example", "smtp_host": "mail.other.example"})
    await make.connection(await make.account(), kind="email", base_url="", secret=secret, options=options)
    assert await lent_to(form) is None


async def test_an_email_that_cannot_be_used_keeps_no_form_back(house: None) -> None:
    await plans.seed()
    account = await make.account()
    form = await make.connection(account, kind="form", base_url="")
    await make.connection(account, kind="email", base_url="", options="{}")  # nothing that it needs
    assert await lent_to(form) is None


async def lent_to(form: Connection) -> Lender | None:
    found = await Providers().of(form.id)
    assert found is not None
    assert isinstance(found[1], ContactForm)
    return found[1].lent

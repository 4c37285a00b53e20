"""A form that is emailed as a lead waits while the dealership's email is gone, and leaves once it is back."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, delivery
from domain.accounts import Account
from domain.channels.base import Accepted, ChannelError, Kind
from domain.connections import Connection, ConnectionState
from domain.form_transports import LEAD
from domain.messages import Message, State
from domain.sources import Source
from domain.users import User
from tests import make
from tests.sending import OWNER, again, attempts, end, shop, without


class Forms:
    """A dealership that fills in the forms of one site itself, and emails those of another as leads."""

    account: Account
    user: User
    form: Connection
    email: Connection
    lead_site: Source
    site: Source

    @classmethod
    async def ready(cls) -> "Forms":
        dealer, made = await shop(), cls()
        made.account, made.user = dealer.account, dealer.user
        made.form = await make.connection(made.account, kind="form", base_url="")
        made.email = await make.connection(made.account, kind="email", base_url="", options="{}")
        made.lead_site = await make.source(made.account, "kbb", form_transport=LEAD)
        made.site = await make.source(made.account, "autos", form_transport="http_form")
        return made

    async def message(self, site: Source, **values: Any) -> Message:
        listing = await make.listing(self.account, source=site)
        defaults = {"state": State.QUEUED, "not_before": clock.now() - timedelta(seconds=1), "user": self.user}
        defaults |= {"channel": "form", "to_field": "", "to_address": listing.url, "connection": self.form.id}
        return await make.message(listing, **{**defaults, **values})

    async def begin(self, limit: int = 100) -> list[delivery.Started]:
        started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, self.form.id, limit))
        return started

    async def email_is(self, state: ConnectionState) -> None:
        await Connection.update({Connection.state: state}).where(Connection.id == self.email.id)


async def test_a_lead_waits_while_the_email_is_disconnected_and_leaves_once_it_is_back(house: None, clock: Any) -> None:
    forms = await Forms.ready()
    lead, other = await forms.message(forms.lead_site), await forms.message(forms.site)
    await forms.email_is(ConnectionState.DISCONNECTED)
    [begun] = await forms.begin()
    assert begun.outgoing.message_id == other.id
    await end([begun], Accepted("form-1", "sent"))
    waits = await again(lead)
    assert (waits.state, waits.code, waits.owner, await attempts(lead)) == (State.QUEUED, "no_connection", "", [])
    assert waits.reason == (
        "Held, because leads leave by Email, which is not connected. It leaves once it is connected under Apps."
    )
    assert await forms.begin() == []
    await forms.email_is(ConnectionState.CONNECTED)
    clock.advance(minutes=1, seconds=1)
    [begun] = await forms.begin()
    await end([begun], Accepted("form-2", "sent"))
    left = await again(lead)
    assert (left.id, left.state, left.code, left.reason) == (begun.outgoing.message_id, State.SENT, "", "")


@pytest.mark.parametrize(
    ("state", "words"), [(ConnectionState.BROKEN, "refused your dealership's key"), (None, "which is not connected")]
)
async def test_it_says_what_it_waits_for(house: None, state: ConnectionState | None, words: str) -> None:
    forms = await Forms.ready()
    lead = await forms.message(forms.lead_site)
    if state:
        await forms.email_is(state)
    else:
        await Connection.delete().where(Connection.id == forms.email.id)
    assert await forms.begin() == []
    assert words in (await again(lead)).reason


async def test_the_leads_behind_it_wait_as_well_and_no_other_form_does(house: None) -> None:
    forms = await Forms.ready()
    leads = [await forms.message(forms.lead_site) for _ in range(5)]
    other = await forms.message(forms.site)
    later = await forms.message(forms.lead_site, not_before=clock.now() + timedelta(hours=1))
    await forms.email_is(ConnectionState.DISCONNECTED)
    assert await forms.begin(limit=1) == []
    assert {(await again(each)).code for each in leads} == {"no_connection"}
    assert [(await again(each)).code for each in (other, later)] == ["", ""]
    [begun] = await forms.begin(limit=1)
    assert begun.outgoing.message_id == other.id


async def test_another_dealerships_email_lets_no_lead_leave(house: None) -> None:
    forms = await Forms.ready()
    await forms.message(forms.lead_site)
    await Connection.update({Connection.account: (await make.account()).id}).where(Connection.id == forms.email.id)
    assert await forms.begin() == []


async def test_an_email_that_is_no_longer_in_the_plan_carries_no_lead(house: None) -> None:
    forms = await Forms.ready()
    lead, other = await forms.message(forms.lead_site), await forms.message(forms.site)
    await without("email")
    [begun] = await forms.begin()
    assert begun.outgoing.message_id == other.id
    ended = await again(lead)
    assert (ended.state, ended.code) == (State.FAILED, "no_connection")


async def test_a_refused_password_is_the_emails_and_the_forms_go_on(house: None) -> None:
    forms = await Forms.ready()
    lead = await forms.message(forms.lead_site)
    [begun] = await forms.begin()
    await end([begun], ChannelError("The mail server refused the password.", Kind.CONNECTION_BROKEN))
    states = {each.kind: each.state for each in await Connection.objects()}
    assert (states["form"], states["email"]) == (ConnectionState.CONNECTED, ConnectionState.BROKEN)
    assert await forms.begin() == []
    assert "refused your dealership's key" in (await again(lead)).reason

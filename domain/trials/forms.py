"""A test of one site's form: posted there with the data of whoever tries it, or a lead to their own address."""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain import carriage, connections, ids, mails, site_forms, users
from domain.accounts import Account
from domain.channels import form_posts
from domain.channels.base import Form, Mail, Outgoing
from domain.connections import Connection, ConnectionState
from domain.email_addresses import is_address
from domain.errors import Refused, Unavailable
from domain.site_forms import SiteForm
from domain.sources import Source
from domain.trials.sending import Trial, carry, words
from domain.users import Permission, User

UNCONFIRMED = "The site gets a form marked TEST. Tick the box to post it."
OF_A_PERSON = "A person fills in this form, so there is nothing to try."
NOT_CONNECTED = "Connect Contact forms under Apps first."
NO_VEHICLE = "There is no vehicle yet to try it with. Import one first."


async def of_site(account: UUID, form: SiteForm, user: User) -> str:
    """Where a test of this site's form would go; empty: nowhere."""
    if await connections.current(account, "form") is None:
        return ""
    return {"http_form": form.endpoint, "adf_email": user.email}.get(form.kind, "")


async def send_by_form(account: Account, source: Source, user: User, *, aware: bool, nonce: str = "") -> Trial:
    """Fills in the saved form of a site with the site's newest vehicle and the person's own name in the place of the
    seller's, once, also for a form pressed twice (`nonce`). A form is posted at the site only for somebody who is
    `aware` of it. Raises Refused."""
    users.require(user, Permission.MANAGE_CONNECTIONS)
    connection = await connections.current(account.id, "form")
    if connection is None:
        raise Refused(NOT_CONNECTED, code="no_connection")
    await connections.require_released("Contact forms")
    saved = await site_forms.of(source)
    if saved.kind not in ("http_form", "adf_email"):
        raise Refused(OF_A_PERSON, field="aware")
    if saved.kind == "http_form" and not aware:
        raise Refused(UNCONFIRMED, field="aware", code="unconfirmed")
    outgoing = await _outgoing(account, connection, source, user, saved)
    assert outgoing.form is not None
    valid = is_address(outgoing.to) if saved.kind == "adf_email" else not form_posts.problem(saved.endpoint)
    channel = connections.adapter(connection)
    channel.lend(await _lender(account.id, channel.borrows))
    trial = await carry(account, connection, user, outgoing, valid=valid, channel=channel, nonce=nonce)
    return trial or Trial(True, f"The test went to {outgoing.form.endpoint}. Look there whether it arrived.")


async def _outgoing(account: Account, connection: Connection, source: Source, user: User, saved: SiteForm) -> Outgoing:
    values = await site_forms.newest(account, source, user)
    if values is None:
        raise Refused(NO_VEHICLE)
    first, _, last = user.name.partition(" ")
    values |= {"seller.name": user.name, "seller.first_name": first, "seller.last_name": last}
    form = Form(saved.kind, saved.endpoint, saved.fields, saved.success, values)
    message, mail = ids.new(), None
    if saved.kind == "adf_email":
        form = replace(form, endpoint=user.email)
        mail = Mail(message_id=mails.rfc_id(message, carriage.domain_of(connections.options_of(connection))))
    body = words(account, "the contact form")
    return Outgoing(message, "form", form.endpoint[:254], body, "", mail=mail, form=form)


async def _lender(account: UUID, channel: str) -> Any:
    other = await connections.carrying(account, channel)
    if other is None or other.state != ConnectionState.CONNECTED:
        return None
    with suppress(Refused, Unavailable):
        return connections.adapter(other)
    return None

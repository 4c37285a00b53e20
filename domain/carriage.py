"""What travels with a message besides its words: an email's headers, and how the form of an ad's site is filled in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from domain import email_bodies, imprints, mails, wordings
from domain.accounts import Account
from domain.channels.base import Form, Mail
from domain.form_transports import FormTransport
from domain.listings import Listing
from domain.settings import settings
from domain.users import User

CHANNELS = ("email", "form", "kijiji")


@dataclass(frozen=True)
class Carriage:
    mail: Mail | None = None
    form: Form | None = None


NOTHING = Carriage()


async def of_rows(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Carriage]:
    """Message -> what goes along, of rows {id, kind, channel, account, listing, person, to_address, subject, body,
    options} with the columns of `renderings`. Texts need nothing. In the transaction that writes their attempts: an
    email's own Message-ID is kept before it leaves, so that an answer finds it whatever becomes of the call."""
    found = {}
    for row in rows:
        if row["channel"] == "email":
            found[row["id"]] = Carriage(mail=await _mail(row))
        elif row["channel"] == "kijiji":
            found[row["id"]] = Carriage(mail=await _relayed(row))
        elif row["channel"] == "form":
            form = await _form(row)
            found[row["id"]] = Carriage(await _relayed(row) if form.kind == "adf_email" else None, form)
    return found


async def _mail(row: Mapping[str, Any]) -> Mail:
    answered, references = await mails.last_of(row["listing"], row["to_address"])
    own = mails.rfc_id(row["id"], domain_of(json.loads(row["options"] or "{}")))
    if answered == own:  # it was tried before
        answered, references = references[-2] if len(references) > 1 else "", references[:-1]
    await mails.keep(row["id"], row["account"], own, references)
    return Mail(
        html=email_bodies.as_html(row["body"]),
        message_id=own,
        in_reply_to=answered,
        references=references,
        token=await mails.token_of(row["account"], row["listing"], row["to_address"]),
        unsubscribe=imprints.link(row["listing"], row["to_address"]) if imprints.wanted(row["kind"], "email") else "",
    )


async def _relayed(row: Mapping[str, Any]) -> Mail:
    """To a relay, or as a lead: only its own Message-ID, by which it is known when it comes back."""
    own = mails.rfc_id(row["id"], domain_of(json.loads(row["options"] or "{}")))
    await mails.keep(row["id"], row["account"], own)
    return Mail(message_id=own)


def domain_of(options: Mapping[str, Any]) -> str:
    """The right side of our Message-IDs: the connection's own mail domain, else where this installation is."""
    _, _, own = str(options.get("from_email") or "").rpartition("@")
    return own.strip().lower() or urlsplit(settings().public_url).hostname or "lotwire.invalid"


async def _form(row: Mapping[str, Any]) -> Form:
    transport = (
        await FormTransport.select(
            FormTransport.kind,
            FormTransport.endpoint,
            FormTransport.fields,
            FormTransport.success,
            FormTransport.source.name.as_alias("site"),
        )
        .where(FormTransport.source.is_in(Listing.select(Listing.source).where(Listing.id == row["listing"])))
        .first()
        .output(load_json=True)
    )
    account = await Account.objects().get(Account.id == row["account"])
    user = await User.objects().get(User.id == row["person"])
    values = wordings.of_row(row, account, wordings.ours(account, user)) if account and user else {}
    if transport is None:
        return Form("", "", values=values)
    return Form(**transport, values=values)

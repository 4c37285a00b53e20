"""How the contact form of each site is reached, as an administrator says it, and what would be sent through it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain import audit, clock, ids, wildcards, wordings
from domain.accounts import Account
from domain.channels import adf, form_posts
from domain.channels.base import Form, Outgoing
from domain.db import found, writing
from domain.email_addresses import is_address
from domain.errors import Refused
from domain.form_transports import ASSISTED, KINDS, FormTransport
from domain.listings import Listing
from domain.sellers import Seller
from domain.sources import Source
from domain.text import one_line, storable
from domain.users import User

PAGE = 50  # sites
MOST_FIELDS = 60
LONGEST = 2000  # characters of one field
NAMES = {
    "": "No form",
    "http_form": "Lotwire posts the form to an address",
    "adf_email": "Lotwire emails a lead (ADF)",
    ASSISTED: "A person fills in the form",
}
SUCCESS = ("status", "body", "redirect")  # by what a site says that it took a form
SAMPLE = "Is your {{vehicle.title}} still for sale?"


@dataclass(frozen=True)
class SiteForm:
    """How one site's form is reached."""

    kind: str = ""
    endpoint: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)  # the site's name of a field -> what goes in
    success: Mapping[str, str] = field(default_factory=dict)  # {status, body, redirect}
    permission: str = ""  # who allowed it


@dataclass(frozen=True)
class Preview:
    """What would be sent: where, and the fields of a form or the text of a lead; what is not known of the vehicle."""

    endpoint: str
    fields: list[tuple[str, str]]
    lead: str
    missing: list[str]
    about: str  # whose vehicle


async def sites(account: UUID, after: str = "") -> tuple[list[dict[str, Any]], str]:
    """{id, name, slug, form_transport, endpoint}, by name, and the name after which the next page begins; empty: the
    end."""
    rows = await Source.raw(
        """SELECT s.id, s.name, s.slug, s.form_transport, COALESCE(t.endpoint, '') AS endpoint
           FROM source s LEFT JOIN form_transport t ON t.source = s.id
           WHERE s.account = {} AND s.name > {} ORDER BY s.name, s.id LIMIT {}""",
        *(account, after, PAGE + 1),
    )
    return rows[:PAGE], rows[PAGE - 1]["name"] if len(rows) > PAGE else ""


async def site(account: UUID, source: UUID) -> Source:
    """Raises NotFound."""
    return await found(Source.objects().get((Source.id == source) & (Source.account == account)))


async def of(source: Source) -> SiteForm:
    row = (
        await FormTransport.select(
            FormTransport.endpoint, FormTransport.fields, FormTransport.success, FormTransport.permission
        )
        .where(FormTransport.source == source.id)
        .first()
        .output(load_json=True)
    )
    if row is None:
        return SiteForm(source.form_transport)
    return SiteForm(source.form_transport, row["endpoint"], row["fields"], row["success"], row["permission"])


async def change(account: UUID, source: Source, user: User, form: SiteForm) -> None:
    """Raises Refused at the field that cannot be right."""
    form = checked(form)
    async with writing():
        await Source.update({Source.form_transport: form.kind}).where(Source.id == source.id)
        await FormTransport.delete().where(FormTransport.source == source.id)
        if form.kind:
            row = FormTransport(
                account=account,
                source=source.id,
                kind=form.kind,
                endpoint=form.endpoint,
                fields=json.dumps(dict(form.fields)),
                success=json.dumps(dict(form.success)),
                permission=form.permission,
                changed_by=user.id,
                changed_at=clock.now(),
            )
            await FormTransport.insert(row)
        await audit.record(account, user.id, "form.changed", source.id, kind=form.kind, endpoint=form.endpoint)


def checked(form: SiteForm) -> SiteForm:
    """As it is kept. Raises Refused."""
    endpoint, permission = form.endpoint.strip(), storable(one_line(form.permission)).strip()[:500]
    if form.kind not in ("", *KINDS):
        raise Refused("Choose how this form is reached.", field="kind")
    if form.kind in ("", ASSISTED):
        return SiteForm(form.kind)
    if form.kind == "adf_email":
        if not is_address(endpoint) or not endpoint.isascii():
            raise Refused("Give the email address that takes the leads.", field="endpoint")
        return SiteForm(form.kind, endpoint, permission=permission)
    if against := form_posts.problem(endpoint):
        raise Refused(against, field="endpoint")
    if not permission:
        raise Refused("Say who allowed it, such as “Our own site” or the name of who agreed.", field="permission")
    fields = _fields(form.fields)
    success = {name: one_line(str(form.success.get(name) or "")).strip()[:200] for name in SUCCESS}
    statuses = success["status"].replace(",", " ").split()
    if not all(each.isascii() and each.isdigit() and 200 <= int(each) < 400 for each in statuses):
        raise Refused("A status is a number from 200 to 399, such as 200.", field="status")
    if not success["body"] and not success["redirect"]:
        raise Refused("Say how the site shows that it took the form: by words, or where it leads.", field="body")
    return SiteForm(form.kind, endpoint, fields, {name: each for name, each in success.items() if each}, permission)


def _fields(given: Mapping[str, str]) -> dict[str, str]:
    fields = {storable(name.strip()): storable(value) for name, value in given.items() if name.strip()}
    if len(fields) > MOST_FIELDS or any(len(each) > LONGEST for pair in fields.items() for each in pair):
        raise Refused(f"These are too many fields, or one is too long: {MOST_FIELDS} at most.", field="fields")
    if not any(form_posts.MESSAGE in each for each in fields.values()):
        raise Refused(f"One field has to hold the words: write {form_posts.MESSAGE} there.", field="fields")
    for name, value in fields.items():
        for problem in wildcards.problems(value.replace(form_posts.MESSAGE, "")):
            raise Refused(f"{name}: {problem.message}", field="fields")
    return fields


def read_fields(typed: str) -> dict[str, str]:
    """`name = what goes in`, a line each. Raises Refused."""
    fields: dict[str, str] = {}
    for number, line in enumerate(typed.splitlines(), 1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise Refused(f"Line {number} is not a field. Write it as name = what goes in.", field="fields")
        if name.strip() in fields:
            raise Refused(f"Line {number} names {name.strip()} a second time.", field="fields")
        fields[name.strip()] = value.strip()
    return fields


def write_fields(fields: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in fields.items())


async def preview(account: Account, source: Source, user: User, form: SiteForm) -> Preview | None:
    """What would be sent of the newest vehicle of this site, or of any; None when there is none. Nothing is called.
    Raises Refused."""
    form = checked(form)
    values = await newest(account, source, user)
    if values is None:
        return None
    body = wildcards.fill(SAMPLE, values).body
    filled = Form(form.kind, form.endpoint, form.fields, form.success, values)
    about = values.get("vehicle.title", "")
    labels = {token: each.label for token, each in wildcards.WILDCARDS.items()}
    if form.kind == "http_form":
        fields, missing = form_posts.filled(filled, body)
        return Preview(form.endpoint, fields, "", [labels.get(each, each) for each in missing], about)
    if form.kind == "adf_email":
        lead = adf.document(Outgoing(ids.new(), "form", "", body, ""), values, clock.now())
        return Preview(form.endpoint, [], lead, [labels.get(each, each) for each in adf.missing(values)], about)
    return Preview("", [], body, [], about)


async def newest(account: Account, source: Source, user: User) -> dict[str, str] | None:
    """The wildcards' values of the newest vehicle of this site, else of any; None when there is none."""
    mine = Listing.account == account.id
    for where in (mine & (Listing.source == source.id), mine):
        listing = await Listing.objects().where(where).order_by(Listing.created_at, ascending=False).first()
        if listing is not None:
            seller = await found(Seller.objects().get(Seller.listing == listing.id))
            return wordings.values(listing, seller, source.name, account, user)
    return None

"""All that is known of a seller, as rows: what an exported file tells, table by table, nothing left out."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from domain import same_seller
from domain.appointments import Appointment
from domain.appraisals import Appraisal
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.consents import Consent, Tombstone, digest
from domain.dealerships import DealershipReport, ReportedIdentity, ReportedListing
from domain.drafts import Draft
from domain.history import Event
from domain.installations import salt
from domain.listings import Listing, Picture, PriceChange
from domain.message_templates import TemplateVersion
from domain.messages import Message
from domain.number_facts import NumberFact
from domain.receipts import Receipt
from domain.reviews import Review
from domain.same_seller import Person
from domain.sellers import Seller
from domain.sources import Source
from domain.suppressions import Block, DoNotContact, FirstContact, OptOut
from domain.users import User

Rows = list[dict[str, Any]]


async def messages(ids: Iterable[UUID]) -> AsyncIterator[Rows]:
    """The messages in this order, some hundred at a time, each with its `attempts`, `receipts` and `files`.

    What the gate decided with which facts stands in `decision`: of a message that left in that of its attempts. A file
    has the columns of an attachment, and of its `link` when it went as one.
    """
    for part in same_seller.parts(list(ids)):
        rows = {row["id"]: row for row in await of(Message, Message.id, part)}
        for row in rows.values():
            row["attempts"], row["receipts"], row["files"] = [], [], []
        for attempt in await of(Attempt, Attempt.message, part):
            rows[attempt["message"]]["attempts"].append(attempt)
        for receipt in await of(Receipt, Receipt.message, part):
            rows[receipt["message"]]["receipts"].append(receipt)
        await _add_files(rows, part)
        yield [rows[each] for each in part if each in rows]


async def listings(person: Person) -> Rows:
    """Their ads, each with `source_name`, `seller`, `prices` and `pictures` (where those came from)."""
    rows = await of(Listing, Listing.id, person.listings)
    names = {row["id"]: row["name"] for row in await of(Source, Source.id, {row["source"] for row in rows})}
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        del row["search"]  # made of what stands beside it
        row |= {"source_name": names[row["source"]], "seller": None, "prices": [], "pictures": []}
    for seller in await of(Seller, Seller.listing, person.listings):
        by_id[seller["listing"]]["seller"] = seller
    for price in await of(PriceChange, PriceChange.listing, person.listings):
        by_id[price["listing"]]["prices"].append(price)
    for picture in await of(Picture, Picture.listing, person.listings):
        by_id[picture["listing"]]["pictures"].append(picture)
    return sorted(rows, key=lambda row: (row["id"] != person.listing, row["id"]))


async def beside(person: Person) -> dict[str, Rows]:
    """What else there is, each under the name of its file: lists, consents, appointments, history …"""
    return {
        "appointments": await of(Appointment, Appointment.listing, person.listings),
        "appraisals": await of(Appraisal, Appraisal.listing, person.listings),
        "blocks": await _by_address(Block, person),
        "consents": await _either(Consent, person),
        "dealership-reports": await _reports(person),
        "do-not-contact": await _by_address(DoNotContact, person),
        "drafts": await of(Draft, Draft.listing, person.listings),
        "erased-addresses": await _erased(person),
        "events": await of(Event, Event.listing, person.listings),
        "first-contacts": await _by_address(FirstContact, person),
        "number-facts": await _by_address(NumberFact, person),
        "opt-outs": await _by_address(OptOut, person),
        "reviews": await _either(Review, person),
    }


async def audit(account: UUID, subjects: Iterable[UUID]) -> Rows:
    """Who did what to these records, oldest first."""
    rows = await of(AuditEntry, AuditEntry.subject, subjects)
    return sorted((row for row in rows if row["account"] == account), key=lambda row: (row["at"], row["id"]))


async def templates(versions: Iterable[UUID]) -> Rows:
    """The wordings that messages were made of, as they were then."""
    return await of(TemplateVersion, TemplateVersion.id, versions)


async def people(account: UUID) -> Rows:
    """Who the users are that the other files name by their ids."""
    columns = (User.id, User.name, User.email, User.title, User.role)
    return await User.select(*columns).where(User.account == account).order_by(User.id)


async def of(table: Any, column: Any, values: Iterable[Any]) -> Rows:
    """The rows with one of these values, whole, in the order they were made."""
    found: Rows = []
    for part in same_seller.parts(sorted(set(values))):
        query = table.select().where(column.is_in(list(part))).order_by(table._meta.primary_key)
        found += await query.output(load_json=True)
    return found


async def _by_address(table: Any, person: Person) -> Rows:
    """Of the account, with one of the person's own addresses."""
    if not person.own:
        return []
    mine = (table.account == person.account) & table.address.is_in(list(person.own))
    return await table.select().where(mine).order_by(table._meta.primary_key)


async def _either(table: Any, person: Person) -> Rows:
    """About one of their listings, or with one of their own addresses."""
    about = {row["id"]: row for row in await of(table, table.listing, person.listings)}
    return list((about | {row["id"]: row for row in await _by_address(table, person)}).values())


async def _erased(person: Person) -> Rows:
    """Their addresses that were erased before and stay on a list."""
    secret = await salt()
    digests = {digest(secret, address): address for address in person.own}
    rows = [row for row in await of(Tombstone, Tombstone.digest, digests) if row["account"] == person.account]
    return [{**row, "address": digests[row["digest"]]} for row in rows]


async def _reports(person: Person) -> Rows:
    """Reports as a dealership that were made of or reached one of their listings, each with its `known_by`."""
    reached = {row["report"] for row in await of(ReportedListing, ReportedListing.listing, person.listings)}
    reached |= {row["id"] for row in await of(DealershipReport, DealershipReport.listing, person.listings)}
    known_by = await of(ReportedIdentity, ReportedIdentity.report, reached)
    return [
        {**row, "known_by": [each for each in known_by if each["report"] == row["id"]]}
        for row in await of(DealershipReport, DealershipReport.id, reached)
    ]


async def _add_files(rows: dict[UUID, dict[str, Any]], ids: Iterable[UUID]) -> None:
    went = sorted(await of(MessageAttachment, MessageAttachment.message, ids), key=lambda row: row["position"])
    files = {row["id"]: row for row in await of(Attachment, Attachment.id, {row["attachment"] for row in went})}
    links = {row["id"]: row for row in await of(FileLink, FileLink.id, {row["link"] for row in went if row["link"]})}
    for row in went:
        rows[row["message"]]["files"].append({**files[row["attachment"]], "link": links.get(row["link"])})

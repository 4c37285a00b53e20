"""A seller about whom everything is known that can be known, on two ads, beside a stranger: to export and to erase."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain import (
    address_marks,
    appraisals,
    attachments,
    audit,
    clock,
    db,
    history,
    inbox,
    mails,
    reviews,
    suppressions,
    threads,
)
from domain.accounts import Account
from domain.appointments import Appointment
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.channels.base import HookEvent
from domain.connections import Connection
from domain.consents import Consent
from domain.dealerships import DealershipReport, ReportedIdentity
from domain.listings import Listing
from domain.messages import Message, State
from domain.number_facts import NumberFact
from domain.opt_out_words import Outcome, Reading
from domain.receipts import Receipt
from domain.suppressions import FirstContact
from domain.users import User
from tests import make
from tests.files import picture

MOBILE, PHONE, OLD, EMAIL = "+14805550117", "+14805550118", "+14805550119", "dana@private.example"
STRANGER = "+14805550190"
NAME = ("Dana", "Quillfeather")
WORDS = (  # nothing of it may be left of somebody who was erased
    *("Quillfeather", "4805550117", "4805550118", "4805550119", EMAIL, "Nutmeg Lane", "K1A 0Q7", "(480) 555", "walnut"),
)


@dataclass
class Known:
    """The seller's two ads, the stranger's, and what is to be looked at."""

    account: Account
    admin: User
    connection: Connection
    listing: Listing
    other: Listing
    strangers: Listing
    sent: Message
    waiting: Message
    answer: Message
    photo: Attachment
    brochure: Attachment
    link: FileLink


async def known() -> Known:
    """All of it, in the test's first account."""
    account = await make.dealership()
    admin = await make.user(account, "admin", name="Ada Admin")
    connection = await make.connection(account)
    person = {"first_name": NAME[0], "last_name": NAME[1], "mobile": MOBILE, "street": "12 Nutmeg Lane"}
    listing = await make.listing(
        account,
        seller={**person, "phone": PHONE, "postal_code": "K1A 0Q7"},
        description="Runs great. Call Dana Quillfeather, (480) 555-0117.",
        search="2019 subaru outback dana quillfeather 14805550117",
    )
    other = await make.listing(account, model="Forester", seller={**person, "email": EMAIL})
    strangers = await make.listing(account, model="Crosstrek", seller={"mobile": STRANGER, "last_name": "Okafor"})
    sent, waiting, answer = await _messages(listing, other, strangers, admin, connection)
    photo, brochure, link = await _files(sent, strangers, admin)
    await _beside(listing, other, sent, answer, admin)
    await _lists(account, listing, admin)
    await _events(connection, answer)
    return Known(account, admin, connection, listing, other, strangers, sent, waiting, answer, photo, brochure, link)


async def _messages(
    listing: Listing, other: Listing, strangers: Listing, admin: User, connection: Connection
) -> tuple[Message, Message, Message]:
    ago = clock.now() - timedelta(hours=2)
    body = "Hi Dana, is the Outback with the walnut dash still for sale?"
    sent = await make.message(
        listing, user=admin, body=body, to_address=MOBILE, at=ago, reason="To (480) 555-0117", connection=connection.id
    )
    decision = {
        "at": ago.isoformat(),
        "facts": {"channel": "text", "to": MOBILE, "stage": "not_contacted", "evidence": _evidence(listing)},
        "codes": [],
    }
    attempt = await make.attempt(sent, connection, decision=json.dumps(decision), reason="Taken for (480) 555-0117")
    await Receipt.insert(
        Receipt(
            connection=connection.id,
            provider_id=attempt.provider_id,
            message=sent.id,
            state="delivered",
            reason="(480) 555-0117 has it",
            at=ago,
        )
    )
    refused = {"at": ago.isoformat(), "facts": {"to": MOBILE, "dnc": True}, "codes": ["phone_dnc"]}
    await make.message(
        listing, user=admin, state=State.FAILED, body="walnut?", to_address=MOBILE, decision=json.dumps(refused)
    )
    waiting = await make.message(other, user=admin, state=State.QUEUED, body="Dana, walnut?", to_address=PHONE)
    answer = await make.message(
        listing,
        direction="in",
        from_address=OLD,
        body="Walnut, yes. Dana",
        nonce=f"in:{connection.id.hex}:9",
        connection=connection.id,
    )
    # From the time before the ad had another number; and what nobody could match.
    await make.message(strangers, user=admin, body="Dana? walnut", to_address=PHONE)
    await make.unmatched(listing.account, from_address=MOBILE, body="Quillfeather here")
    await make.message(strangers, user=admin, body="Hello Mr Okafor", to_address=STRANGER)
    return sent, waiting, answer


def _evidence(listing: Listing) -> dict[str, str]:
    return {"listing_url": listing.url, "listing_hash": "ab" * 32, "seller_clock_by": "postal code K1A 0Q7"}


async def _files(sent: Message, strangers: Listing, admin: User) -> tuple[Attachment, Attachment, FileLink]:
    """A photo that only the seller got, and a brochure that went to the stranger as well."""
    photo = await attachments.add(admin.account, admin.id, "Quillfeather.jpg", picture((64, 48)))
    brochure = await attachments.add(admin.account, admin.id, "brochure.jpg", picture((48, 48)))
    link = FileLink(
        account=admin.account, attachment=photo.id, listing=sent.listing, expires_at=clock.now() + timedelta(days=30)
    )
    await FileLink.insert(link)
    elsewhere = await make.message(strangers, user=admin, to_address=STRANGER)
    await MessageAttachment.insert(
        MessageAttachment(message=sent.id, attachment=photo.id, link=link.id),
        MessageAttachment(message=sent.id, attachment=brochure.id, position=1),
        MessageAttachment(message=elsewhere.id, attachment=brochure.id),
    )
    return photo, brochure, link


async def _beside(listing: Listing, other: Listing, sent: Message, answer: Message, admin: User) -> None:
    await make.draft(listing, admin, body="Dana, about the walnut dash")
    await Consent.insert(
        Consent(
            account=listing.account,
            listing=listing.id,
            channel="text",
            address=MOBILE,
            basis="published_in_listing",
            source_url=listing.url,
            text_hash="ab" * 32,
            note="Quillfeather signed",
            message=sent.id,
        )
    )
    async with db.writing():
        await reviews.open_(
            listing.account, listing.id, answer.id, OLD, Reading(Outcome.REVIEW, rule="r", evidence="walnut")
        )
        await history.note(listing.account, other.id, "opted_out", address=MOBILE)
    account: Any = await make.dealership()
    await appraisals.create(account, listing, admin, "$14,500", "Mr Quillfeather wants more")
    await Appointment.insert(
        Appointment(account=listing.account, listing=listing.id, zone="UTC", place="12 Nutmeg Lane", at=clock.now())
    )
    await make.event(listing, "appointment", detail=json.dumps(_meeting("12 Nutmeg Lane")))
    async with db.writing():
        await audit.record(listing.account, admin.id, "appointment.created", listing.id, place="12 Nutmeg Lane")
        await audit.record(
            listing.account, admin.id, "stage.changed", listing.id, "Quillfeather asked", new="contacted"
        )


def _meeting(place: str) -> dict[str, str]:
    return {"at": clock.now().isoformat(), "zone": "UTC", "place": place, "what": "created"}


async def _lists(account: Account, listing: Listing, admin: User) -> None:
    """An opt-out that stands and one that was lifted, do not contact, and what else is kept by address."""
    await suppressions.agent_opt_out(account.id, admin, MOBILE, "text", "Quillfeather on the phone", listing.id)
    await make.opt_out(PHONE, account, lifted_at=clock.now(), lifted_by="START")
    await suppressions.dnc(account.id, [EMAIL], "Quillfeather is rude", user=admin)
    await suppressions.block(account.id, admin, OLD, "walnut threats")
    await suppressions.dnc(account.id, [STRANGER], "Not this one", user=admin)
    await NumberFact.insert(NumberFact(account=account.id, address=PHONE, landline=True))
    await FirstContact.insert(FirstContact(account=account.id, address=MOBILE, listing=listing.id))
    report = DealershipReport(account=account.id, listing=listing.id, name="Dana Quillfeather", undone_at=clock.now())
    await DealershipReport.insert(report)
    await ReportedIdentity.insert(
        ReportedIdentity(report=report.id, account=account.id, kind="phone", value=MOBILE),
        ReportedIdentity(report=report.id, account=account.id, kind="name", value="dana quillfeather"),
    )


async def _events(connection: Connection, answer: Message) -> None:
    """What came by hooks, and what other channels than texts keep."""
    assert answer.listing is not None
    await address_marks.bounced(answer.account, EMAIL, "Quillfeather unknown")
    await mails.token_of(answer.account, answer.listing, EMAIL)
    await mails.keep(answer.id, answer.account, "<quillfeather@mail.example>", (), "<p>walnut</p>", "Quillfeather")
    await threads.heard(
        *(answer.account, connection.id, "facebook", "psid-of-quillfeather", clock.now()),
        listing=answer.listing,
        name="Dana Quillfeather",
    )
    for payload in (
        {"id": 9, "from_number": OLD, "text": answer.body},
        {"id": 10, "from_number": MOBILE, "text": "Quillfeather here"},
        {"id": 11, "from_number": STRANGER, "text": "Okafor here"},
    ):
        await inbox.store(connection.id, HookEvent(f"{payload['id']:064}", clock.now(), payload))

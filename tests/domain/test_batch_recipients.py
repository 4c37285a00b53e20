"""By which channel each of a batch gets it, under which subject and with which files, and who gets nothing."""

from typing import Any
from uuid import UUID

import pytest

from domain import address_marks, dealerships, delivery, suppressions
from domain.attachments import Attachment, MessageAttachment
from domain.batches.tables import Batch
from domain.connections import Connection
from domain.departures import Plan
from domain.listings import Listing
from domain.messages import Message
from domain.number_facts import NumberFact
from domain.sources import Source
from tests import make
from tests.domain.test_batches import codes, draft, listings, look, sender, started, states, wall
from tests.sending import OWNER, Shop, again

DANA = "dana@mail.example"
EMAIL = {"from_email": "sales@lots.example", "smtp_host": "mail.lots.example", "imap_host": "mail.lots.example"}
PICTURES = '{"mms": true}'  # go along with a text
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"  # goes along with an email alone


async def mailing(**values: Any) -> tuple[Shop, Connection]:
    """A dealership that texts and mails; and by what it mails."""
    dealer = await sender(**values)
    return dealer, await make.connection(dealer.account, kind="email", options=EMAIL)


async def of(batch: Batch, listing: Listing) -> Message:
    found = await Message.objects().get((Message.batch == batch.id) & (Message.listing == listing.id))
    assert found is not None
    return found


# Once a number


async def test_of_two_listings_with_one_number_one_gets_the_text_whoever_else_they_are(house):
    dealer = await sender()
    phone = make.phone()
    same = [await make.listing(dealer.account, seller={"mobile": phone, "email": f"{n}@mail.example"}) for n in "ab"]
    batch = await draft(dealer, [*same, *await listings(dealer, 1)], channel="text")
    summary = await look(dealer, batch)
    assert await codes(batch) == ["", "duplicate_recipient", ""]
    assert (summary.channels, summary.codes) == ({"text": 2}, {"duplicate_recipient": 1})


async def test_the_number_that_was_not_chosen_makes_nobody_the_same(house):
    dealer = await sender()
    phone = make.phone()
    chosen = [await make.listing(dealer.account, seller={"phone": phone}) for _ in range(2)]
    assert (await look(dealer, await draft(dealer, chosen, channel="text"))).channels == {"text": 2}
    by_phone = await draft(dealer, chosen, channel="text", to_field="phone")
    assert (await look(dealer, by_phone)).codes == {"duplicate_recipient": 1}


# The table of cases of an email, and of Auto

CASES: dict[str, tuple[str, dict[str, Any], str, str]] = {  # channel, what they are -> by which it goes, or why not
    "has an address": ("email", {}, "email", ""),
    "has none": ("email", {"seller": {"email": ""}}, "", "no_contact"),
    "cannot exist": ("email", {"seller": {"email": "dana@"}}, "", "email_invalid"),
    "mail came back": ("email", {"bounced": True}, "", "email_invalid"),
    "asked not to get email": ("email", {"opted_out": "email"}, "", "opted_out"),
    "asked not to get texts": ("email", {"opted_out": "text"}, "", "opted_out"),
    "reported as a dealership": ("email", {"reported": True}, "", "dealership_reported"),
    "of a site that is closed": ("email", {"closed": True}, "", "source_not_messageable"),
    "of Facebook, no number": ("email", {"source": "facebook", "seller": {"mobile": ""}}, "", "facebook_without_phone"),
    "of Facebook, has both": ("email", {"source": "facebook"}, "email", ""),
    "auto, has both": ("auto", {}, "text", ""),
    "auto, has no number": ("auto", {"seller": {"mobile": ""}}, "email", ""),
    "auto, a landline": ("auto", {"landline": True}, "email", ""),
    "auto, no number and mail came back": ("auto", {"seller": {"mobile": ""}, "bounced": True}, "", "email_invalid"),
    "auto, a landline and mail came back": ("auto", {"landline": True, "bounced": True}, "", "phone_landline"),
    "auto, has neither": ("auto", {"seller": {"mobile": "", "email": ""}}, "", "no_contact"),
    "auto, asked not to get texts": ("auto", {"opted_out": "text"}, "", "opted_out"),
    "auto, its number is blocked": ("auto", {"blocked": True}, "", "phone_blocked"),
    "auto, its number is not to be contacted": ("auto", {"dnc": True}, "", "phone_dnc"),
    "auto, a landline that asked not to get texts": ("auto", {"landline": True, "opted_out": "text"}, "", "opted_out"),
    "auto, a landline and asked not to get email": ("auto", {"landline": True, "opted_out": "email"}, "", "opted_out"),
    "auto, of a site that is closed": ("auto", {"closed": True}, "", "source_not_messageable"),
    "auto, reported as a dealership": ("auto", {"reported": True}, "", "dealership_reported"),
    "text, reported as a dealership": ("text", {"reported": True}, "", "dealership_reported"),
}


@pytest.mark.parametrize("case", CASES)
async def test_by_which_channel_it_goes_or_why_by_none(house: None, case: str) -> None:
    channel, values, by, code = CASES[case]
    dealer, _ = await mailing()
    seller = {"email": DANA, **values.get("seller", {})}
    listing = await make.listing(dealer.account, source=values.get("source", "craigslist"), seller=seller)
    await _spoil(dealer, listing, values)
    batch = await draft(dealer, [listing], channel=channel)
    summary = await look(dealer, batch)
    assert (dict(summary.channels), dict(summary.codes)) == ({by: 1} if by else {}, {code: 1} if code else {})


async def _spoil(dealer: Shop, listing: Listing, how: dict[str, Any]) -> None:
    phone = (await make.seller_of(listing)).mobile
    if how.get("bounced"):
        await address_marks.bounced(dealer.account.id, DANA, "No such mailbox")
    if channel := how.get("opted_out"):
        address = DANA if channel == "email" else phone
        await suppressions.opt_out(dealer.account.id, address, "no more", None, channel)
    if how.get("landline"):
        await NumberFact.insert(NumberFact(account=dealer.account.id, address=phone, landline=True))
    if how.get("blocked"):
        await suppressions.block(dealer.account.id, dealer.user, phone, "Threats")
    if how.get("dnc"):
        await suppressions.dnc(dealer.account.id, [phone], "")
    if how.get("closed"):
        await Source.update({Source.messageable: False}).where(Source.id == listing.source)
    if how.get("reported"):
        await dealerships.report(dealer.account.id, listing, dealer.user, by_name=False)
        shown: dict[Any, Any] = {Listing.hidden: False, Listing.stage: "new"}  # by somebody who did not look why
        await Listing.update(shown).where(Listing.id == listing.id)


# An email's subject


@pytest.mark.parametrize(
    ("typed", "leaves"),
    [
        ("Your {{vehicle.make}} in {{seller.city}}", "Your Subaru in Tucson"),
        ("", "Inquiry about your 2019 Subaru Outback"),
    ],
)
async def test_an_email_leaves_under_its_subject_or_the_usual_one_and_a_text_has_none(
    house: None, typed: str, leaves: str
) -> None:
    dealer, post = await mailing()
    mailed = await make.listing(dealer.account, seller={"mobile": "", "email": DANA, "postal_code": "85701"})
    texted = await make.listing(dealer.account, seller={"email": ""})
    batch = await started(dealer, [mailed, texted], subject=typed)
    [begun], _ = await delivery.start(OWNER, await delivery.claim(OWNER, post.id, 10))
    assert begun.outgoing.subject == leaves
    assert (await of(batch, mailed)).subject == leaves
    await dealer.start()
    text = await of(batch, texted)
    assert (text.channel, text.state, text.subject, text.wording_subject) == ("text", "sending", "", "")


# Who writes before it leaves


@pytest.mark.parametrize(("stays", "state"), [(True, "pending"), (False, "cancelled")])
async def test_who_writes_before_a_planned_batch_leaves_gets_it_only_where_it_was_to_stay(
    house: None, stays: bool, state: str
) -> None:
    dealer = await sender()
    dealer.account.scheduled_messages = True
    [listing] = await listings(dealer, 1)
    plan = Plan("zone", wall("2026-11-30T09:00"), "America/Chicago")
    batch = await started(dealer, [listing], plan=plan, stays_on_reply=stays)
    planned = await of(batch, listing)
    assert (planned.state, planned.stays_on_reply) == ("pending", stays)
    await dealer.hook(**dealer.inbound(planned.to_address, "Yes, it is still here"))
    assert (await again(planned)).state == state


# Files


async def test_a_file_goes_along_with_each_who_gets_the_message(house):
    dealer, _ = await mailing(kind="dialpad", options=PICTURES)
    picture = await make.attachment(dealer.account)
    texted, mailed = await listings(dealer, 2), await listings(dealer, 1, seller={"mobile": "", "email": DANA})
    passed = await listings(dealer, 1, stage="pass")
    batch = await started(dealer, [*texted, *mailed, *passed], files=(picture.id,))
    assert await states(batch) == {"queued": 3, "skipped": 1}
    for listing in (*texted, *mailed):
        assert await files_of(await of(batch, listing)) == [(picture.id, None)]
    assert await files_of(await of(batch, passed[0])) == []


async def test_several_go_along_in_their_order(house):
    dealer, _ = await mailing()
    one, two, three = [await make.attachment(dealer.account, name=f"{name}.jpg") for name in ("front", "back", "seats")]
    listing = await make.listing(dealer.account, seller={"mobile": "", "email": DANA})
    batch = await started(dealer, [listing], files=(two.id, three.id, one.id))
    assert await files_of(await of(batch, listing)) == [(two.id, None), (three.id, None), (one.id, None)]


@pytest.mark.parametrize(
    ("choice", "code", "state"), [("skip", "attachment_unsupported", "skipped"), ("without", "", "queued")]
)
async def test_who_cannot_get_a_file_is_skipped_or_gets_the_words_alone_as_was_chosen(
    house: None, choice: str, code: str, state: str
) -> None:
    dealer, _ = await mailing(kind="dialpad", options=PICTURES)
    picture, word = await make.attachment(dealer.account), await word_file(dealer)
    texted = await make.listing(dealer.account)
    able = await listings(dealer, 1, seller={"mobile": "", "email": DANA})
    batch = await started(dealer, [texted, *able], files=(picture.id, word.id), file_choice=choice)
    assert await codes(batch) == [code, ""]
    without = await of(batch, texted)
    assert (without.state, without.code, await files_of(without)) == (state, code, [])
    assert await files_of(await of(batch, able[0])) == [(picture.id, None), (word.id, None)]


async def test_by_auto_who_can_have_the_file_by_email_gets_it_there(house):
    dealer, _ = await mailing()
    listing = await make.listing(dealer.account, seller={"email": DANA})
    word = await word_file(dealer)
    batch = await started(dealer, [listing], files=(word.id,))
    sent = await of(batch, listing)
    assert (sent.channel, sent.to_address, await files_of(sent)) == ("email", DANA, [(word.id, None)])


async def word_file(dealer: Shop) -> Attachment:
    return await make.attachment(dealer.account, name="offer.docx", media_type=WORD)


async def files_of(message: Message) -> list[tuple[UUID, UUID | None]]:
    """(attachment, link) of each that goes along, in order."""
    rows = await (
        MessageAttachment.select(MessageAttachment.attachment, MessageAttachment.link)
        .where(MessageAttachment.message == message.id)
        .order_by(MessageAttachment.position)
    )
    return [(row["attachment"], row["link"]) for row in rows]

"""Erasing a seller: nothing that tells of them is left anywhere, others keep everything, and nobody writes to them."""

import asyncio
import json
from typing import Any

import pytest

from domain import (
    ads,
    attachments,
    clock,
    composing,
    consents,
    db,
    delivery,
    erasures,
    facts,
    file_store,
    gate,
    inbox,
    installations,
    seller_files,
    suppressions,
)
from domain.appointments import Appointment
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.consents import Consent, Tombstone
from domain.erasures import Erased
from domain.errors import Refused
from domain.history import Event
from domain.listings import Listing
from domain.messages import Message, State
from domain.piccolo_app import TABLES
from domain.reviews import Review
from domain.same_seller import of
from domain.seller_hours import Hour
from domain.sellers import Seller
from domain.standing import Person, Standing
from domain.suppressions import Block, DoNotContact, OptOut
from tests import make, sending
from tests.conftest import Clock
from tests.known_seller import EMAIL, MOBILE, OLD, PHONE, STRANGER, WORDS, Known, known
from tests.sending import again

REASON = "Asked for it in a letter of 20 November."


async def erase(there: Known, reason: str = REASON, **values: Any) -> Erased:
    made = {"listing": there.listing, "user": there.admin, "confirm": "ERASE", **values}
    return await erasures.erase(there.account.id, reason=reason, **made)


async def everything() -> str:
    """Every row of every table, as text."""
    rows = [f"{table._meta.tablename} {row}" for table in TABLES for row in await table.select()]
    return "\n".join(rows)


def left_of(text: str) -> list[str]:
    return [line for line in text.splitlines() for word in WORDS if word.casefold() in line.casefold()]


async def statuses() -> dict[Any, str]:
    rows = await Message.select(Message.id, Message.state)
    return {row["id"]: row["state"] for row in rows}


# What goes


async def test_the_premise_everything_tells_of_them(house: None, data_dir: Any) -> None:
    await known()
    tables = {line.split()[0] for line in left_of(await everything())}
    assert tables >= {
        *(
            "seller",
            "listing",
            "message",
            "attempt",
            "receipt",
            "provider_event",
            "draft",
            "review",
            "consent",
            "event",
        ),
        *("opt_out", "do_not_contact", "block", "number_fact", "first_contact", "attachment", "audit_entry"),
        *("appointment", "appraisal", "dealership_report", "reported_identity"),
        *("address_mark", "email_thread", "email_header", "seller_thread"),
    }


async def test_no_table_tells_of_them_any_more(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    assert left_of(await everything()) == []


async def test_others_keep_everything(house: None, data_dir: Any) -> None:
    there = await known()
    strangers = (Message.listing == there.strangers.id) & (Message.to_address == STRANGER)
    before = await Message.select().where(strangers).order_by(Message.id)
    seller = await Seller.select().where(Seller.listing == there.strangers.id)
    assert len(before) == 2
    await erase(there)
    assert await Message.select().where(strangers).order_by(Message.id) == before
    assert await Seller.select().where(Seller.listing == there.strangers.id) == seller
    assert [row["address"] for row in await DoNotContact.select(DoNotContact.address)] == [STRANGER]
    [kept] = [row for row in await inbox.ProviderEvent.select() if STRANGER in row["payload"]]
    assert "Okafor here" in kept["payload"]
    assert kept["handled_at"] is None


async def test_of_another_dealership_nothing_is_touched(house: None, data_dir: Any) -> None:
    there = await known()
    elsewhere = await make.listing(await make.account(), seller={"mobile": MOBILE, "last_name": "Quillfeather"})
    message = await make.message(elsewhere, direction="in", from_address=MOBILE)
    await make.opt_out(MOBILE, elsewhere.account)
    await erase(there)
    assert (await make.seller_of(elsewhere)).mobile == MOBILE
    assert (await again(message)).from_address == MOBILE
    assert await suppressions.opted_out(elsewhere.account, MOBILE)
    assert await consents.tombstoned(elsewhere.account, [MOBILE]) == {}


async def test_what_stays_of_a_message_is_that_it_was_when_and_how_far_it_came(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    sent, answer = await again(there.sent), await again(there.answer)
    assert (sent.body, sent.subject, sent.to_address, sent.reason) == ("Erased on request.", "", "", "")
    assert (sent.state, sent.user, sent.at) == (there.sent.state, there.admin.id, there.sent.at)
    assert (answer.body, answer.from_address, answer.state) == ("Erased on request.", "", State.RECEIVED)
    assert answer.to_address == there.answer.to_address  # our own number
    assert answer.responded_at is not None
    [attempt] = await Attempt.select().where(Attempt.message == sent.id).output(load_json=True)
    assert attempt["decision"]["codes"] == []
    assert attempt["decision"]["facts"] == {
        "channel": "text",
        "stage": "not_contacted",
        "evidence": {"listing_url": there.listing.url, "listing_hash": "ab" * 32},
    }
    [refused] = await Message.select(Message.decision).where(Message.decision.is_not_null()).output(load_json=True)
    assert refused["decision"]["codes"] == ["phone_dnc"]
    assert refused["decision"]["facts"] == {"dnc": True, "evidence": {}}


async def test_what_was_about_to_leave_is_cancelled_first(house: None, data_dir: Any) -> None:
    there = await known()
    assert (await again(there.waiting)).state == State.QUEUED
    erased = await erase(there)
    waiting = await again(there.waiting)
    assert (waiting.state, waiting.code, erased.cancelled) == (State.CANCELLED, "erased", 1)


async def test_a_text_that_is_claimed_never_leaves(house: None) -> None:
    shop = await sending.shop()
    message = await shop.text(await make.listing(shop.account))
    claimed = await shop.claim()
    listing = await Listing.objects().get(Listing.id == message.listing)
    assert listing is not None
    admin = await make.user(shop.account, "admin")
    await erasures.erase(shop.account.id, listing, admin, "ERASE", REASON)
    started, _ = await delivery.start(sending.OWNER, claimed)
    assert started == []
    assert await Attempt.count() == 0


async def test_the_receipt_of_a_text_under_way_still_counts(house: None) -> None:
    """Its call began before; what it said and to whom is not in the rows any more."""
    shop = await sending.shop()
    message = await shop.text(await make.listing(shop.account))
    started = await shop.start()
    listing = await Listing.objects().get(Listing.id == message.listing)
    assert listing is not None
    await erasures.erase(shop.account.id, listing, await make.user(shop.account, "admin"), "ERASE", REASON)
    await sending.end(started, sending.Accepted("p-1", from_address=sending.OUR_NUMBER))
    found = await again(message)
    assert (found.state, found.body, found.to_address) == (State.ACCEPTED, "Erased on request.", "")


@pytest.mark.parametrize("overtakes", [True, False])
async def test_what_the_provider_tells_of_a_text_under_way_brings_nothing_back(
    house: None, clock: Clock, overtakes: bool
) -> None:
    """Its event says the number and the words once more, before the answer of the call or after it."""
    shop = await sending.shop()
    message = await shop.text(await make.listing(shop.account))
    started = await shop.start()
    listing = await Listing.objects().get(Listing.id == message.listing)
    assert listing is not None
    event = shop.outbound(message.to_address, message.body, id=1004, message_status="success")
    await erasures.erase(shop.account.id, listing, await make.user(shop.account, "admin"), "ERASE", REASON)
    if overtakes:
        await shop.hook(**event)
    await sending.end(started, sending.Accepted("1004", from_address=sending.OUR_NUMBER))
    clock.advance(minutes=1)
    for stored in [await shop.stored(**event)] if not overtakes else await sending.open_events():
        assert stored is not None
        await inbox.handle(stored)
    assert (await again(message)).state == State.SENT
    assert await Message.count() == 1
    left = await everything()
    assert [said for said in (message.to_address, message.body) if said in left] == []


async def test_only_files_that_nobody_else_got_go(house: None, data_dir: Any, clock: Clock) -> None:
    there = await known()
    erased = await erase(there)
    assert erased.files == 1
    assert await MessageAttachment.count().where(MessageAttachment.attachment == there.photo.id) == 0
    assert await MessageAttachment.count().where(MessageAttachment.attachment == there.brochure.id) == 2
    link = await FileLink.objects().get(FileLink.id == there.link.id)
    assert link is not None
    assert link.revoked_at is not None
    await attachments.tidy()
    with pytest.raises(FileNotFoundError):
        await file_store.get(there.photo.sha256)
    assert await file_store.get(there.brochure.sha256)
    assert await Attachment.count().where(Attachment.id == there.photo.id) == 0


async def test_nobody_waits_for_an_answer_or_a_look_or_a_visit_any_more(house: None, data_dir: Any) -> None:
    there = await known()
    for listing in (there.listing, there.strangers):
        await Listing.update({Listing.waiting_since: clock.now()}).where(Listing.id == listing.id)
    strangers_own = await make.message(there.strangers, direction="in", from_address=STRANGER)
    await erase(there)
    waiting = await Listing.select(Listing.id, Listing.waiting_since).where(Listing.waiting_since.is_not_null())
    assert waiting == [{"id": there.strangers.id, "waiting_since": strangers_own.at}]
    [review] = await Review.select()
    assert (review["decision"], review["settled_by"]) == ("dnc", there.admin.id)
    [appointment] = await Appointment.select()
    assert (appointment["state"], appointment["place"]) == ("cancelled", "")


async def test_the_vehicle_is_found_as_before_and_the_seller_is_not(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    listing = await Listing.objects().get(Listing.id == there.listing.id)
    assert listing is not None
    assert (listing.price, listing.url, listing.description) == (there.listing.price, there.listing.url, "")
    assert "subaru" in listing.search
    assert "quillfeather" not in listing.search


async def test_why_they_could_be_written_to_is_kept_under_a_digest(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    [consent] = await Consent.select()
    assert consent["address"] == f"erased:{consents.digest(await installations.salt(), MOBILE)}"
    assert (consent["basis"], consent["text_hash"], consent["note"]) == ("published_in_listing", "ab" * 32, "")
    assert consent["source_url"] == there.listing.url


async def test_the_history_says_that_and_by_whom(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    for listing in (there.listing, there.other):
        events = await Event.select().where((Event.listing == listing.id) & (Event.kind == "erased"))
        assert [event["user"] for event in events] == [there.admin.id]
    assert await Event.count().where(Event.listing == there.strangers.id) == 0


async def test_the_audit_log_says_who_when_why_and_how_much_and_no_name(house: None, data_dir: Any) -> None:
    there = await known()
    erased = await erase(there)
    [entry] = await AuditEntry.select().where(AuditEntry.action == "seller.erased").output(load_json=True)
    assert (entry["user"], entry["subject"], entry["reason"]) == (there.admin.id, there.listing.id, REASON)
    assert entry["detail"] == {
        "listings": 2,
        "messages": 6,
        "cancelled": 1,
        "files": 1,
        "drafts": 1,
        "kept": erased.kept,
    }
    added = await AuditEntry.select().where(AuditEntry.action == "block.added").output(load_json=True)
    assert [(row["reason"], row["detail"]) for row in added] == [("", {})]


async def test_an_exported_file_is_still_known_afterwards(house: None, data_dir: Any, tmp_path: Any) -> None:
    there = await known()
    made = await seller_files.export(there.account, there.listing, there.admin)
    with made.file:
        (tmp_path / "seller.zip").write_bytes(made.file.read())
    await erase(there)
    checked = await seller_files.check(tmp_path / "seller.zip")
    assert checked.known_at is not None


# Once, whole, by whom


async def test_a_second_time_changes_nothing(house: None, data_dir: Any) -> None:
    there = await known()
    assert not (await erase(there)).before
    rows = await everything()
    second = await erase(there)
    assert second.before
    assert await everything() == rows


async def test_two_at_once_erase_once(house: None, data_dir: Any) -> None:
    there = await known()
    done = await asyncio.gather(erase(there), erase(there, listing=there.other))
    assert sorted(each.before for each in done) == [False, True]
    assert await AuditEntry.count().where(AuditEntry.action == "seller.erased") == 1
    assert left_of(await everything()) == []


async def test_all_of_it_or_nothing(house: None, data_dir: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = await known()
    rows = await everything()

    async def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("domain.erasures.erasing.audit.record", fails)
    with pytest.raises(RuntimeError):
        await erase(there)
    after = await everything()
    assert [line for line in after.splitlines() if line not in rows.splitlines()] == [
        line for line in after.splitlines() if line.startswith("installation ")
    ]


@pytest.mark.parametrize("role", ["manager", "agent", "support"])
async def test_only_an_admin_erases(house: None, role: str) -> None:
    listing = await make.listing()
    with pytest.raises(Refused) as refused:
        await erasures.erase(listing.account, listing, await make.user(role=role), "ERASE", REASON)
    assert refused.value.code == "no_permission"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"confirm": ""}, "confirm"),
        ({"confirm": "erase"}, "confirm"),
        ({"reason": "  "}, "reason"),
        ({"reason": "Mr Quillfeather, asked."}, "reason"),
        ({"reason": "Letter from 480 555 0117"}, "reason"),
        ({"reason": f"Mail from {EMAIL.upper()}"}, "reason"),
    ],
)
async def test_what_is_missing_or_names_them_is_refused(
    house: None, data_dir: Any, values: dict[str, str], field: str
) -> None:
    there = await known()
    with pytest.raises(Refused) as refused:
        await erase(there, **values)
    assert refused.value.field == field
    assert (await make.seller_of(there.listing)).mobile == MOBILE


async def test_a_number_that_somebody_else_has_too_stays_theirs(house: None) -> None:
    """Two sellers have one number in common, and the second one a third person's."""
    first = await make.listing(seller={"mobile": MOBILE})
    second = await make.listing(seller={"mobile": MOBILE, "phone": PHONE})
    third = await make.listing(seller={"mobile": PHONE})
    message = await make.message(third, to_address=PHONE, body="Hello")
    await make.opt_out(PHONE)
    await erasures.erase(first.account, first, await make.user(role="admin"), "ERASE", REASON)
    assert (await make.seller_of(second)).phone == ""
    assert (await make.seller_of(third)).mobile == PHONE
    assert (await again(message)).body == "Hello"
    assert await OptOut.count() == 1
    assert (await consents.tombstoned(first.account, [PHONE, MOBILE])).keys() == {MOBILE}


# What would go


async def test_the_preview_says_what_goes(house: None, data_dir: Any, count_queries: Any) -> None:
    there = await known()
    with count_queries() as queries:
        preview = await erasures.preview(there.account.id, there.listing.id)
    assert queries.count == 5
    assert [row["id"] for row in preview.listings] == [there.listing.id, there.other.id]
    assert (preview.messages, preview.pending, preview.drafts, preview.visits) == (6, 1, 1, 1)
    assert set(preview.person.own) == {MOBILE, PHONE, EMAIL, OLD}
    assert not preview.nothing_left
    erased = await erase(there)
    assert (erased.messages, erased.cancelled, erased.drafts) == (6, 1, 1)
    after = await erasures.preview(there.account.id, there.listing.id)
    assert after.nothing_left
    assert (after.messages, after.pending) == (0, 0)


# That nobody writes to them


async def test_each_address_stays_on_its_list_and_the_others_are_not_contacted(house: None, data_dir: Any) -> None:
    there = await known()
    erased = await erase(there)
    assert await consents.tombstoned(there.account.id, [MOBILE, PHONE, EMAIL, OLD]) == {
        MOBILE: {("opt_out", "text")},
        PHONE: {("dnc", "text")},  # its opt-out was lifted: it stood on no list
        EMAIL: {("dnc", "email")},
        OLD: {("block", "text")},
    }
    assert erased.kept == await Tombstone.count() == 4
    assert await OptOut.count() == await Block.count() == 0


async def codes(there: Known, address: str) -> set[str]:
    """What the gate says of a text to this address, as the window, a batch and the worker ask it."""
    kept = (await consents.tombstoned(there.account.id, [address])).get(address, frozenset())
    seen = facts.of(
        None,
        "email" if "@" in address else "text",
        "one_to_one",
        address,
        facts.About("not_contacted"),
        facts.Means({"messaging"}, True, "1", str(gate.SenderState.LINKED)),
        consents.with_erased(Standing(), kept, "email" if "@" in address else "text"),
        Person(),
        Hour("", "", None),
    )
    return {refusal.code for refusal in gate.decide(seen, clock.now()).refusals}


async def test_the_same_ad_may_come_in_again_and_the_gate_still_says_no(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    fields = {"external_id": there.listing.external_id, "year": "2019", "make": "Subaru", "model": "Outback"}
    ad = ads.read({**fields, "mobile": MOBILE, "phone": OLD, "email": EMAIL, "name": "Dana Quillfeather"}, "US")
    async with db.writing():
        [outcome] = await ads.put_many(there.account.id, [ad], "craigslist")
    assert outcome.listing_id == there.listing.id
    seller = await make.seller_of(there.listing)
    assert (seller.mobile, seller.phone, seller.email) == (MOBILE, OLD, EMAIL)
    assert [await codes(there, each) for each in (MOBILE, OLD, EMAIL, PHONE)] == [
        {"opted_out"},
        {"phone_blocked"},
        {"phone_dnc"},
        {"phone_dnc"},
    ]
    assert await codes(there, "+14805550199") == set()
    assert not (await erase(there)).before  # and may be erased again
    assert left_of(await everything()) == []
    assert await Tombstone.count() == 4


async def test_the_window_and_the_workers_last_look_still_say_no(house: None) -> None:
    shop = await sending.shop()
    listing = await make.listing(shop.account, seller={"mobile": MOBILE})
    other = await make.listing(shop.account, seller={"mobile": STRANGER})
    admin = await make.user(shop.account, "admin")
    await erasures.erase(shop.account.id, listing, admin, "ERASE", REASON)
    await Seller.update({Seller.mobile: MOBILE}).where(Seller.listing == listing.id)  # typed by hand
    decision = await composing.judge(await shop.scene(listing), "text")
    assert [refusal.code for refusal in decision.refusals] == ["phone_dnc"]
    assert (await composing.judge(await shop.scene(other), "text")).allowed
    refused, sent = await shop.text(listing, to_address=MOBILE), await shop.text(other, to_address=STRANGER)
    assert [each.outgoing.message_id for each in await shop.start()] == [sent.id]
    assert ((await again(refused)).state, (await again(refused)).code) == (State.FAILED, "phone_dnc")


async def test_who_was_erased_and_says_start_may_be_written_to_again(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    async with db.writing():
        assert await suppressions.opt_in(there.account.id, MOBILE, "START", clock.now())
    assert await codes(there, MOBILE) == set()
    assert await codes(there, PHONE) == {"phone_dnc"}


async def test_a_decision_of_tomorrow_keeps_only_what_is_known_to_be_harmless() -> None:
    decision = {
        "at": "2026-11-29T16:00:00+00:00",
        "codes": ["opted_out"],
        "facts": {"to": MOBILE, "opted_out": True, "unanswered": 2, "nickname": "Dana", "evidence": {"who": "Dana"}},
    }
    left = erasures.conversations.bare(decision)
    assert "Dana" not in json.dumps(left)
    assert left["facts"] == {"opted_out": True, "unanswered": 2, "evidence": {}}
    assert left["codes"] == ["opted_out"]


async def test_whose_data_is_erased_is_nobody(house: None, data_dir: Any) -> None:
    there = await known()
    await erase(there)
    person = await of(there.account.id, there.listing.id)
    assert (person.listings, person.addresses) == ((there.listing.id,), ())

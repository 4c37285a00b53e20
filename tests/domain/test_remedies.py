"""What helps when a message did not arrive: the step that does, and another try only where it can succeed."""

from datetime import timedelta

import pytest

from domain import clock, gate, history, number_facts, remedies, suppressions
from domain.address_marks import bounced
from domain.gate import CODES
from domain.listings import Listing
from domain.messages import State
from tests import make

TRY = "Try again, or write another way."
NUMBER = "Correct the number, or write another way."
ADDRESS = "Correct the address, or write another way."
START = "Only the seller's START lifts that."
LOOK = "Look in Dialpad, or ask the seller, before you send it again."

CASES = [
    # state, code, channel, reason, what the lists say now, the step, another try
    ("failed", "404", "text", "Dialpad says: Not found.", "", TRY, True),
    ("failed", "400", "text", "Dialpad says: That is wrong. Try later.", "", TRY, True),
    ("failed", "broken", "text", "The connection broke.", "", TRY, True),
    ("failed", "", "text", "", "", TRY, True),
    ("undelivered", "provider", "text", "Dialpad could not deliver this text.", "", TRY, True),
    (
        "undelivered",
        "provider",
        "text",
        "The phone may be off. Try again later.",
        "",
        "",
        True,
    ),
    ("failed", "413", "text", "Dialpad took this for too large. Send the picture as a link.", "", "", True),
    ("failed", "out_of_credit", "text", "No money.", "", "Top up the credit at the provider, then try again.", True),
    ("failed", "no_connection", "text", "Dialpad is not connected.", "", "Once it is connected, try again.", True),
    ("failed", "sender", "text", "No Dialpad account found", "", CODES["sender_not_linked"].next_step, True),
    ("failed", "sender_not_linked", "text", "No Dialpad account found", "", CODES["sender_not_linked"].next_step, True),
    ("failed", "sender_not_linked", "text", "Who sends this left.", "", "Let a colleague send it.", False),
    ("failed", "over_quota", "text", "Full.", "", CODES["over_quota"].next_step, True),
    ("failed", "missing_wildcard:price", "form", "A blank.", "", "Fill in what is missing, then try again.", True),
    # The same message to the same address ends in the same way
    ("undelivered", "provider", "text", "This number cannot get texts.", "phone_untextable", NUMBER, False),
    ("failed", "phone_untextable", "text", "This number cannot get texts.", "", NUMBER, False),
    ("failed", "invalid_destination", "text", "This number cannot get texts.", "", NUMBER, False),
    ("failed", "phone_landline", "text", "A landline.", "", "Call it, or use another number.", False),
    ("failed", "phone_invalid", "text", "This phone number cannot exist.", "", "Correct the number.", False),
    ("failed", "phone_invalid", "kijiji", "It cannot be reached.", "", "Choose another channel.", False),
    ("undelivered", "provider", "email", "This email came back: 550 No such user.", "email_invalid", ADDRESS, False),
    ("undelivered", "provider", "email", "This email came back: 552 Full.", "", TRY, True),
    ("failed", "email_invalid", "email", "550 No such user", "", ADDRESS, False),
    ("failed", "address", "email", "This is not an email address.", "", ADDRESS, False),
    ("failed", "address", "text", "The call could not be made. Check its address.", "", "", True),
    ("failed", "no_contact", "email", "None.", "", "Add an email address.", False),
    ("failed", "thread_ended", "kijiji", "Over.", "", "Write another way.", False),
    ("failed", "too_long", "text", "Too long.", "", "Shorten the wording.", False),
    ("failed", "attachment_unsupported", "text", "No files.", "", "Send it as a link, or remove it.", False),
    ("failed", "spam", "text", "Spam.", "", "Change the words, or write another way.", False),
    # A list decides, as it stands now
    ("failed", "opted_out", "text", "This number asked not to get texts.", "opted_out", START, False),
    ("failed", "404", "text", "Dialpad says: Not found.", "opted_out", START, False),
    ("failed", "opted_out", "text", "This number asked not to get texts.", "", TRY, True),
    ("failed", "phone_dnc", "text", "Listed.", "phone_dnc", "Only a manager can lift that.", False),
    ("failed", "phone_blocked", "email", "Blocked.", "phone_blocked", "A manager can lift that.", False),
    ("failed", "stage_pass", "text", "Passed.", "stage_pass", "Change its stage first.", False),
    ("failed", "stage_pass", "text", "Passed.", "", TRY, True),
    # Nobody knows whether it arrived
    ("unknown", "unknown", "text", "It broke.", "", LOOK, True),
    ("unknown", "unknown", "email", "It broke.", "", LOOK.replace("Dialpad", "the mailbox"), True),
    ("unknown", "unknown", "text", "It broke.", "opted_out", f"Look in Dialpad whether it arrived. {START}", False),
    ("unknown", "unlike", "form", "site.example answered oddly. Look there before you send it again.", "", "", True),
    # Nothing is to be done
    ("delivered", "", "text", "", "", "", False),
    ("sent", "", "email", "", "opted_out", "", False),
    ("cancelled", "undone", "text", "", "", "", False),
]


@pytest.mark.parametrize(("state", "code", "channel", "reason", "barred", "step", "again"), CASES)
def test_the_step_is_the_one_that_helps_and_a_try_is_offered_where_it_can_succeed(
    state: str, code: str, channel: str, reason: str, barred: str, step: str, again: bool
):
    assert remedies.after(state, code, channel, reason, barred) == (step, again)


def test_whether_a_text_arrived_is_to_be_seen_at_the_provider_it_left_by():
    assert remedies.after("unknown", "unknown", "text", "It broke.", provider="Twilio").step.startswith(
        "Look in Twilio,"
    )
    assert remedies.after("unknown", "unknown", "email", "It broke.", provider="Email").step.startswith(
        "Look in the mail"
    )


@pytest.mark.parametrize("code", sorted(gate.CODES))
def test_whatever_the_gate_refused_has_a_step(code: str):
    for barred in ("", code):
        assert remedies.after("failed", code, "text", gate.CODES[code].sentence, barred).step.endswith(".")


# What the lists say


async def against(listing: Listing, **values: str) -> str:
    """What stands against a message to the mobile number (or what else is said) being tried again."""
    message = await make.message(listing, **{"state": "failed", **values})
    rows = (await history.page(listing.id)).rows
    return str(next(row["barred"] for row in rows if row["id"] == message.id))


async def test_each_list_stands_against_another_try_to_its_address_and_no_longer_than_it_stands(house):
    listing = await make.listing()
    seller, manager = await make.seller_of(listing), await make.user(listing.account, role="manager")
    account, mobile, elsewhere = listing.account, seller.mobile, make.phone()
    assert await against(listing) == ""

    await make.opt_out(mobile, account)
    assert await against(listing) == "opted_out"
    assert await against(listing, channel="email", to_address="dana@home.example") == "opted_out", "in every way"
    await make.message(listing, direction="in", at=clock.now() + timedelta(minutes=1))
    assert await against(listing) == "opted_out"
    assert await against(listing, to_address=elsewhere) == "", "they wrote again: a person may answer elsewhere"
    assert await against(listing, to_address=elsewhere, kind="batch") == "opted_out"

    await suppressions.block(account, manager, mobile, "Rude.")
    assert await against(listing) == "phone_blocked"
    await suppressions.unblock(account, manager, mobile, "It was somebody else.")
    await number_facts.cannot_get_texts(account, mobile, "No texts.")
    assert await against(listing) == "phone_untextable"
    await bounced(account, "dana@gone.example", "550 No such user")
    assert await against(listing, channel="email", to_address="dana@gone.example") == "email_invalid"
    assert await against(listing, state=State.DELIVERED) == "", "nobody asks of what arrived"

    await Listing.update({Listing.stage: "pass"}).where(Listing.id == listing.id)
    assert await against(listing) == "stage_pass"
    await Listing.update({Listing.hidden: True}).where(Listing.id == listing.id)
    assert await against(listing) == "hidden"


async def test_who_is_not_to_be_contacted_is_so_by_every_address(house):
    listing = await make.listing()
    seller = await make.seller_of(listing)
    assert await against(listing, channel="email", to_address="dana@home.example") == ""

    await suppressions.dnc(listing.account, [seller.mobile], "Asked us.")

    assert await against(listing, channel="email", to_address="dana@home.example") == "phone_dnc"

"""What is on record about a seller, in one query, and nothing of anybody else."""

from typing import Any

from domain import clock, dealerships, known, reviews, suppressions
from domain.listings import Listing
from domain.number_facts import NumberFact
from domain.opt_out_words import Outcome, Reading
from domain.suppressions import FirstContact
from domain.users import User
from tests import make

MOBILE, MAIL = "+15205550117", "dana@mail.example"


async def everything(listing: Listing, manager: User) -> None:
    """All that can be on record about Dana, by the manager."""
    account = listing.account
    await suppressions.dnc(account, [MAIL], "Wants no mail", user=manager, listing=listing.id)
    await suppressions.agent_opt_out(account, manager, MOBILE, "text", "Told me on the phone")
    await suppressions.block(account, manager, MOBILE, "Threats")
    message = await make.message(listing, direction="in", body="Not now", from_address=MOBILE)
    await reviews.open_(account, listing.id, message.id, MOBILE, Reading(Outcome.REVIEW, "not now", "Not now"))
    await NumberFact.insert(
        NumberFact(account=account, address=MOBILE, landline=True, untextable=True, reason="Landline, says Dialpad")
    )
    await dealerships.report(account, listing, manager, False)


async def test_everything_is_told_with_when_by_whom_and_why(house: None, count_queries: Any) -> None:
    account = await make.account()
    manager = await make.user(account, "manager", name="Mara Lindt")
    listing = await make.listing(account, seller={"mobile": MOBILE, "email": MAIL})
    await everything(listing, manager)
    with count_queries() as queries:
        found = {each.code: each for each in await known.of(listing, [MOBILE, MAIL, ""])}
    assert queries.count == 1
    told = {code: (each.address, each.channel, each.why, each.by) for code, each in found.items()}
    assert told == {
        "phone_dnc": (MAIL, "", "Wants no mail", "Mara Lindt"),
        "opted_out": (MOBILE, "text", "Told me on the phone", "Mara Lindt"),
        "phone_blocked": (MOBILE, "", "Threats", "Mara Lindt"),
        "review_open": (MOBILE, "text", "Not now", ""),
        "phone_landline": (MOBILE, "", "Landline, says Dialpad", ""),
        "phone_untextable": (MOBILE, "", "Landline, says Dialpad", ""),
        "dealership_reported": ("", "", found["dealership_reported"].why, "Mara Lindt"),
    }
    assert all(abs((clock.now() - each.at).total_seconds()) < 60 for each in found.values())
    assert (found["phone_dnc"].listing, found["phone_dnc"].source) == (listing.id, "manual")
    assert found["opted_out"].source == "agent"


async def test_what_was_lifted_settled_or_is_somebody_elses_is_not_told(house: None) -> None:
    account, other = await make.account(), await make.account()
    manager, stranger = await make.user(account, "manager"), await make.user(other, "manager")
    listing = await make.listing(account, seller={"mobile": MOBILE, "email": MAIL})
    await everything(await make.listing(other, seller={"mobile": MOBILE, "email": MAIL}), stranger)
    assert await known.of(listing, [MOBILE, MAIL]) == []
    assert await known.of(listing, []) == []

    await suppressions.dnc(account.id, [MOBILE], "Angry", user=manager)
    await suppressions.lift_dnc(account.id, manager, MOBILE, "Calm again")
    await suppressions.block(account.id, manager, MOBILE, "Threats")
    await suppressions.unblock(account.id, manager, MOBILE, "Said sorry")
    message = await make.message(listing, direction="in", body="Not now", from_address=MOBILE)
    await reviews.open_(account.id, listing.id, message.id, MOBILE, Reading(Outcome.REVIEW, "not now", "Not now"))
    [review] = await reviews.Review.objects().where(reviews.Review.account == account.id)
    await reviews.settle(review, manager, "carry_on")
    assert await known.of(listing, [MOBILE, MAIL]) == []


async def test_who_wrote_first_about_another_vehicle_is_told_until_they_answer(house: None, clock: Any) -> None:
    account = await make.account()
    ben = await make.user(account, name="Ben Carter")
    civic = await make.listing(account, make="Honda", model="Civic", seller={"mobile": MOBILE})
    outback = await make.listing(account, seller={"mobile": MOBILE})
    first = await make.message(civic, to_address=MOBILE, user=ben)
    await FirstContact.insert(
        FirstContact(account=account, address=MOBILE, listing=civic.id, user=ben.id, message=first.id, at=first.at)
    )
    [told] = await known.of(outback, [MOBILE])
    assert (told.code, told.why, told.by, told.listing) == ("recent_contact", "Honda Civic", "Ben Carter", civic.id)
    assert await known.of(civic, [MOBILE]) == []
    clock.advance(minutes=5)
    await make.message(civic, direction="in", from_address=MOBILE)
    assert await known.of(outback, [MOBILE]) == []

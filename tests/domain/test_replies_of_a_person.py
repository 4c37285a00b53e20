"""Whoever writes cancels what waits for them about all of their cars: a person is known by every number and address."""

from datetime import timedelta

import pytest

from domain import clock, external, same_seller, schedules
from domain.external import Contact
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from tests import make
from tests.sending import Shop, again, shop

MOBILE, PHONE, EMAIL = "+15205550111", "+15205550112", "kim@example.com"


async def plan(dealer: Shop, listing: Listing, to: str, channel: str = "text") -> Message:
    return await dealer.text(
        listing,
        kind="scheduled",
        channel=channel,
        to_address=to,
        state=State.PENDING,
        scheduled_at=clock.now() + timedelta(days=1),
    )


async def cars(dealer: Shop, *sellers: dict[str, str]) -> list[Listing]:
    return [
        await make.listing(dealer.account, seller={"mobile": "", "phone": "", "email": "", **each}) for each in sellers
    ]


async def states(*messages: Message) -> list[str]:
    return [(await again(each)).state for each in messages]


async def test_what_is_logged_about_one_car_cancels_what_waits_about_the_other_by_any_channel(house: None) -> None:
    dealer = await shop()
    one, other = await cars(dealer, {"mobile": MOBILE, "email": EMAIL}, {"phone": MOBILE, "email": EMAIL})
    text, email = await plan(dealer, other, MOBILE), await plan(dealer, other, EMAIL, "email")
    said = Contact("text", "in", clock.now() - timedelta(minutes=5), "reply")
    await external.log(dealer.account, one, dealer.user, said)
    assert await states(text, email) == ["cancelled", "cancelled"]


async def test_an_email_cancels_the_text_about_another_of_their_cars(house: None) -> None:
    dealer = await shop()
    one, other = await cars(dealer, {"email": EMAIL}, {"email": EMAIL, "mobile": MOBILE})
    text = await plan(dealer, other, MOBILE)
    changed = await schedules.seller_wrote(dealer.account.id, one.id, EMAIL)
    assert changed == {other.id}
    assert await states(text) == ["cancelled"]


async def test_what_nobody_could_match_cancels_by_the_address_alone(house: None) -> None:
    dealer = await shop()
    (car,) = await cars(dealer, {"mobile": MOBILE, "phone": PHONE})
    text = await plan(dealer, car, PHONE)
    await schedules.seller_wrote(dealer.account.id, None, MOBILE)
    assert await states(text) == ["cancelled"]


async def test_a_stranger_who_shares_nothing_and_another_dealership_are_left_alone(house: None) -> None:
    dealer, elsewhere = await shop(), await shop(account=await make.account())
    one, far, stranger = await cars(
        dealer, {"mobile": MOBILE, "phone": PHONE}, {"phone": PHONE, "email": EMAIL}, {"email": EMAIL}
    )
    (theirs,) = await cars(elsewhere, {"mobile": MOBILE})
    kept = [await plan(dealer, stranger, "+15205550199"), await plan(elsewhere, theirs, MOBILE)]
    gone = await plan(dealer, far, PHONE)
    await schedules.seller_wrote(dealer.account.id, one.id, MOBILE)
    # The one who shares a number is taken for them; whom only that one knows is not: a chain would reach strangers.
    assert await states(gone, *kept) == ["cancelled", "pending", "pending"]


async def test_a_number_of_hundreds_of_ads_is_no_person(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_seller, "MOST_LISTINGS", 3)
    dealer = await shop()
    ads = await cars(dealer, *[{"mobile": MOBILE, "phone": PHONE}] * 4)
    here, there = await plan(dealer, ads[0], MOBILE), await plan(dealer, ads[1], PHONE)
    await schedules.seller_wrote(dealer.account.id, ads[0].id, "")
    assert await states(here, there) == ["cancelled", "pending"]


async def test_it_is_one_question_however_many_cars(house: None) -> None:
    dealer = await shop()
    (car,) = await cars(dealer, {"mobile": MOBILE})
    assert await same_seller.whose(dealer.account.id, car.id, "") == ([car.id], [MOBILE])
    assert await same_seller.whose(dealer.account.id, None, "") == ([], [])
    await Seller.update({Seller.mobile: ""}).where(Seller.listing == car.id)
    assert await same_seller.whose(dealer.account.id, car.id, "") == ([car.id], [])

"""Ads are read the way people write them, and stored so that the same ad again is the same listing."""

import asyncio
from datetime import date
from typing import Any

import pytest

from domain import ad_values, ads, db
from domain.ads import Ad, Outcome
from domain.audit import AuditEntry
from domain.errors import Refused
from domain.listings import Listing, Picture, PriceChange, Stage
from domain.sellers import Seller
from domain.sources import Source
from tests import make

FIELDS = {
    "external_id": "A1",
    "year": "2019",
    "make": "Subaru",
    "model": "Outback",
    "price": "$18,900",
    "first_name": "Dana",
    "mobile": "(520) 555-0117",
}


def ad(**fields: str) -> Ad:
    return ads.read({**FIELDS, **fields}, "US")


def wrong(country: str = "US", **fields: str) -> dict[str, str]:
    return {error.field: error.message for error in ads.check({**FIELDS, **fields}, country)[1]}


async def put(*wanted: Ad, source: str = "craigslist") -> list[Outcome]:
    account = await make.dealership()
    async with db.writing():
        return await ads.put_many(account.id, wanted, source)


async def one_listing() -> Listing:
    [listing] = await Listing.objects()
    return listing


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("$21,900", 2_190_000),
        ("21.900,00 €", 2_190_000),
        ("CA$ 12 500", 1_250_000),
        ("12 500 $", 1_250_000),
        ("21900.00", 2_190_000),
        ("21900.5", 2_190_050),
        ("21.9k", 2_190_000),
        ("$1,234,567.89", 123_456_789),
        ("5000 OBO", 500_000),
        ("USD 5,000", 500_000),
        ("0", 0),
        ("", None),
        ("Call for price", None),
        ("n/a", None),
    ],
)
def test_a_price_is_read_however_it_is_written(typed: str, cents: int | None) -> None:
    assert ad_values.price(typed) == cents


@pytest.mark.parametrize("typed", ["-5", "abc", "1,2,3", "12.34.56", "999999999999", "$", "1 car", "١٢"])
def test_what_is_no_price_is_refused_in_its_own_words(typed: str) -> None:
    with pytest.raises(Refused, match="is not a price"):
        ad_values.price(typed)


@pytest.mark.parametrize(
    ("typed", "miles", "kilometres"),
    [
        ("48,210 mi", 48_210, 77_586),
        ("120 000 km", 74_565, 120_000),
        ("48k", 48_000, 48_000),
        ("48210.0", 48_210, 48_210),
        ("unknown", None, None),
    ],
)
def test_an_odometer_is_kept_in_the_unit_of_the_country(typed: str, miles: int, kilometres: int) -> None:
    assert ad_values.odometer(typed, "US") == miles
    assert ad_values.odometer(typed, "CA") == kilometres


@pytest.mark.parametrize(
    ("typed", "country", "day"),
    [
        ("2026-11-12", "US", date(2026, 11, 12)),
        ("2026-11-12T08:30:00Z", "US", date(2026, 11, 12)),
        ("11/12/2026", "US", date(2026, 11, 12)),
        ("11/12/2026", "CA", date(2026, 12, 11)),
        ("25/12/2026", "US", date(2026, 12, 25)),
        ("12-Nov-2026", "CA", date(2026, 11, 12)),
        ("Nov 12, 2026", "US", date(2026, 11, 12)),
        ("11/12/2026 10:33 AM", "US", date(2026, 11, 12)),
        ("20261112", "US", date(2026, 11, 12)),
        ("", "US", None),
    ],
)
def test_a_day_is_read_by_the_country(typed: str, country: str, day: date | None) -> None:
    assert ad_values.day(typed, country) == day


@pytest.mark.parametrize("typed", ["11/12/26", "12-Nov-26", "12 11 '26"])
def test_a_day_whose_year_has_two_digits_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="Write the year with four digits"):
        ad_values.day(typed, "US")


@pytest.mark.parametrize("typed", ["45000", "2026-13-01", "soon", "31/31/2026"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="is not a day"):
        ad_values.day(typed, "US")


def test_a_vin_has_seventeen_signs_and_three_letters_never() -> None:
    assert ad_values.vin("4s4bsanc7k3 000001", 2019) == "4S4BSANC7K3000001"
    with pytest.raises(Refused, match="it has 16 signs where a VIN has 17"):
        ad_values.vin("4S4BSANC7K300000", 2019)
    with pytest.raises(Refused, match="never I, O or Q"):
        ad_values.vin("4S4BSANC7K3OOOOO1", 2019)


def test_a_vin_from_before_1981_may_be_shorter() -> None:
    assert ad_values.vin("7T02J148320", 1977) == "7T02J148320"


@pytest.mark.parametrize("typed", ["19", "'19", "1850", "2199", "two", "20195"])
def test_a_year_of_other_than_four_digits_is_refused(typed: str) -> None:
    assert list(wrong(year=typed)) == ["year"]


@pytest.mark.parametrize(
    ("typed", "address"),
    [("Dana@Example.com ", "dana@example.com"), ("mailto:d.w+x@a.co.uk", "d.w+x@a.co.uk"), ("N/A", "")],
)
def test_an_email_address_is_kept_in_small_letters(typed: str, address: str) -> None:
    assert ad_values.email(typed) == address


@pytest.mark.parametrize("typed", ["dana", "dana@", "@example.com", "a b@example.com", "a@b", "a@b..com", "a@-b.com"])
def test_what_is_no_email_address_is_refused(typed: str) -> None:
    assert list(wrong(email=typed)) == ["email"]


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "ftp://a.example/1", "https://", "see below", "https://me@a.b"]
)
def test_what_is_no_web_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="is not a web address"):
        ad_values.web_address(typed)


def test_pictures_stand_apart_by_bars_spaces_commas_or_semicolons() -> None:
    typed = "https://a.example/1,2.jpg, https://a.example/3.jpg;https://a.example/4.jpg|https://a.example/3.jpg\n7"
    assert ad_values.pictures(typed) == (
        "https://a.example/1,2.jpg",
        "https://a.example/3.jpg",
        "https://a.example/4.jpg",
    )


def test_control_characters_and_halves_of_a_pair_never_reach_the_database() -> None:
    assert ad(make="Su\0ba\x07ru\ud800", description="a\0b\r\nc").make == "Subaru"
    assert ad(description="a\0b\r\n\x1bc").description == "ab\nc"


def test_a_full_name_is_split_unless_its_parts_are_given() -> None:
    nobody = {"first_name": "", "last_name": ""}
    assert (ad(name="Dana R. Whitfield", **nobody).first_name, ad(name="Dana Whitfield", **nobody).last_name) == (
        "Dana",
        "Whitfield",
    )
    assert ad(name="Whitfield, Dana", **nobody).first_name == "Dana"
    assert ad(name="Somebody Else").first_name == "Dana"


def test_every_wrong_field_is_told_at_once_in_order() -> None:
    found = wrong(year="19", make=" ", price="cheap", mobile="12", email="dana")
    assert list(found) == ["year", "make", "price", "mobile", "email"]
    assert found["make"] == "Give the make."
    assert "“12” is not a phone number" in found["mobile"]


def test_an_ad_without_an_id_is_known_by_its_link_and_then_by_its_vin() -> None:
    link, vin = "https://ads.example/1", "4S4BSANC7K3000001"
    assert ad(external_id="", url=link, vin=vin).external_id == link
    assert ad(external_id="", vin=vin).external_id == vin
    assert wrong(external_id="") == {
        "external_id": "Give a listing ID, a link to the ad or a VIN, so that it is known again."
    }
    assert len(ad(external_id="", url=link + "x" * 300).external_id) <= 200


async def test_an_ad_becomes_a_listing_with_its_seller_price_and_wanted_pictures(house: None) -> None:
    account = await make.dealership()
    outcome = await ads.put(account.id, "Kijiji", ad(pictures="https://a.example/1.jpg https://a.example/2.jpg"))
    assert outcome.result == "created"
    listing = await one_listing()
    assert (listing.id, listing.price, listing.stage) == (outcome.listing_id, 1_890_000, Stage.NOT_CONTACTED)
    [seller] = await Seller.objects()
    assert (seller.listing, seller.first_name, seller.mobile) == (listing.id, "Dana", "+15205550117")
    assert [p.url for p in await Picture.objects().order_by(Picture.position)] == [
        "https://a.example/1.jpg",
        "https://a.example/2.jpg",
    ]
    assert [change.price for change in await PriceChange.objects()] == [1_890_000]
    assert [source.slug for source in await Source.objects()] == ["kijiji"]


async def test_the_same_ad_again_changes_nothing(house: None) -> None:
    [first] = await put(ad())
    [second] = await put(ad())
    assert (second.listing_id, second.result) == (first.listing_id, "unchanged")
    assert (await one_listing()).revision == 0


async def test_a_new_price_is_kept_beside_the_old_one(house: None) -> None:
    await put(ad())
    [outcome] = await put(ad(price="17,500"))
    assert outcome.result == "updated"
    listing = await one_listing()
    assert (listing.price, listing.previous_price, listing.revision) == (1_750_000, 1_890_000, 1)
    changes = await PriceChange.objects().order_by(PriceChange.at, PriceChange.id)
    assert [change.price for change in changes] == [1_890_000, 1_750_000]


async def test_a_field_that_is_not_given_stays_and_one_given_empty_becomes_empty(house: None) -> None:
    await put(ad(trim="Premium", email="dana@example.com", pictures="https://a.example/1.jpg"))
    fields = {name: value for name, value in FIELDS.items() if name not in ("price", "mobile")}
    await put(ads.read({**fields, "email": ""}, "US"))
    listing = await one_listing()
    [seller] = await Seller.objects()
    assert (listing.trim, listing.price, seller.mobile, seller.email) == ("Premium", 1_890_000, "+15205550117", "")
    assert await Picture.count() == 1


async def test_what_the_dealership_decided_is_never_touched(house: None) -> None:
    await put(ad())
    user = await make.user()
    decided: dict[Any, Any] = {Listing.stage: Stage.DNC, Listing.hidden: True, Listing.main_user: user.id}
    await Listing.update(decided).where(Listing.external_id == "A1")
    await put(ad(price="1", model="Forester"))
    listing = await one_listing()
    assert (listing.model, listing.stage, listing.hidden, listing.main_user) == ("Forester", Stage.DNC, True, user.id)


async def test_of_an_ad_that_stands_twice_the_later_wins_and_both_are_accounted_for(house: None) -> None:
    outcomes = await put(ad(price="1"), ad(external_id="A2"), ad(price="2"))
    assert [outcome.result for outcome in outcomes] == ["created", "created", "updated"]
    prices = {row["external_id"]: row["price"] for row in await Listing.select(Listing.external_id, Listing.price)}
    assert prices == {"A1": 200, "A2": 1_890_000}


async def test_the_same_id_at_two_sources_is_two_listings(house: None) -> None:
    outcomes = await put(ad(), ad(source="Kijiji"))
    assert [outcome.result for outcome in outcomes] == ["created", "created"]


async def test_the_same_id_at_two_dealerships_is_two_listings(house: None) -> None:
    await put(ad())
    other = await make.account()
    assert (await ads.put(other.id, "craigslist", ad())).result == "created"
    assert await Listing.count() == 2


async def test_pictures_are_wanted_kept_and_dropped_as_the_ad_says(house: None) -> None:
    one, two, three = (f"https://a.example/{n}.jpg" for n in (1, 2, 3))
    await put(ad(pictures=f"{one} {two}"))
    await Picture.update({Picture.state: "kept"}).where(Picture.url == two)
    [outcome] = await put(ad(pictures=f"{two} {three}"))
    assert outcome.result == "updated"
    pictures = await Picture.objects().order_by(Picture.position)
    assert [(picture.url, picture.state) for picture in pictures] == [(two, "kept"), (three, "wanted")]


async def test_a_listing_is_found_by_vehicle_vin_seller_and_number(house: None) -> None:
    await put(ad(make="Citroën", model="F-150", vin="4S4BSANC7K3000001", last_name="O’Neil"))
    search = (await one_listing()).search.split()
    assert {"2019", "citroen", "f150", "4s4bsanc7k3000001", "dana", "oneil", "15205550117"} <= set(search)


async def test_what_is_done_by_hand_is_in_the_audit_trail(house: None) -> None:
    user = await make.user()
    account = await make.dealership()
    await ads.put(account.id, "own-site", ad(), user.id)
    await ads.put(account.id, "own-site", ad(), user.id)
    await ads.put(account.id, "own-site", ad(price="1"), user.id)
    entries = await AuditEntry.objects().order_by(AuditEntry.at)
    assert [(entry.action, entry.user) for entry in entries] == [
        ("listing.created", user.id),
        ("listing.updated", user.id),
    ]


async def test_a_large_chunk_is_written_with_few_queries(house: None, count_queries: Any) -> None:
    many = [ad(external_id=f"A{n}", pictures=f"https://a.example/{n}.jpg") for n in range(500)]
    with count_queries() as queries:
        outcomes = await put(*many)
    assert [outcome.result for outcome in outcomes] == ["created"] * 500
    assert queries.count <= 12
    assert await Seller.count() == await Picture.count() == 500


async def test_two_at_once_with_the_same_ad_make_one_listing(house: None) -> None:
    account = await make.dealership()
    outcomes = await asyncio.gather(*(ads.put(account.id, "kijiji", ad(price=str(n))) for n in range(1, 6)))
    assert sorted(outcome.result for outcome in outcomes) == ["created", "updated", "updated", "updated", "updated"]
    assert await Listing.count() == await Seller.count() == 1
    assert await PriceChange.count() == 5

"""Whose message it is that names an ad: by its address or number for sure, by its words only as a suggestion."""

from datetime import timedelta
from typing import Any

import pytest

from domain import clock, db, external, ids
from domain.channels.base import Incoming
from domain.external import Contact
from domain.inbox.matching import Match, match
from domain.listings import Listing
from tests import make

URL = "https://www.kijiji.ca/v-cars-trucks/toronto/outback/1700000001"


def said(about: str) -> Incoming:
    return Incoming(ids.new().hex, "s.1234@rts.kijiji.ca", "sales@lots.example", "Yes", clock.now(), about=about)


async def listing_of(**values: Any) -> Listing:
    return await make.listing(source="kijiji", **{"url": URL, "external_id": "1700000001", **values})


@pytest.mark.parametrize(
    "about", [URL, "kijiji:1700000001", "https://www.kijiji.ca/v-other/1700000001?siteLocale=en_CA"]
)
async def test_the_address_or_number_of_an_ad_is_sure(house: None, about: str) -> None:
    listing = await listing_of()
    assert await match(listing.account, "kijiji", said(about)) == Match(listing.id)


@pytest.mark.parametrize("about", ["", "kijiji:1700000002", "2019 Subaru Outback", f"{URL}9"])
async def test_anything_else_is_not(house: None, about: str) -> None:
    listing = await listing_of()
    assert await match(listing.account, "kijiji", said(about)) == Match()


async def test_the_number_counts_at_its_own_site_alone(house: None) -> None:
    listing = await make.listing(source="autotrader", external_id="1700000001")
    assert await match(listing.account, "kijiji", said("kijiji:1700000001")) == Match()


async def test_another_dealerships_ad_is_nobodys(house: None) -> None:
    await listing_of()
    other = await make.account()
    assert await match(other.id, "kijiji", said(URL)) == Match()


async def wrote_by_hand(listing: Listing, days_ago: float = 1) -> None:
    account = await make.dealership()
    at = clock.now() - timedelta(days=days_ago)
    contact = Contact("kijiji", "out", at, note="Is it still for sale?")
    await external.log(account, listing, await make.user(account), contact, assisted=True)


async def test_the_words_of_an_ad_suggest_whom_somebody_wrote_to_there(house: None) -> None:
    listing = await listing_of()
    await wrote_by_hand(listing)
    found = await match(listing.account, "kijiji", said("2019 SUBARU Outback, one owner"))
    assert (found.listing, found.suggestion) == (None, listing.id)
    assert found.why == "Its ad is a 2019 Subaru Outback, and you wrote to that seller by hand."
    assert await match(listing.account, "kijiji", said("2018 Subaru Outback")) == Match()


async def test_of_two_alike_the_newest_is_suggested_and_none_after_its_time(house: None) -> None:
    old, new, over = await listing_of(), await listing_of(external_id="2"), await listing_of(external_id="3")
    await wrote_by_hand(new)
    await wrote_by_hand(old, 2)
    await wrote_by_hand(over, 61)
    assert (await match(old.account, "kijiji", said("2019 Subaru Outback"))).suggestion == new.id


async def test_an_ad_is_found_by_an_index_while_its_message_is_stored(house: None, count_queries: Any) -> None:
    listing = await listing_of()
    with count_queries() as queries:
        await match(listing.account, "kijiji", said(URL))
    [query] = [each for each in queries.statements if "url" in each]
    async with db.writing() as transaction:
        if db.on_postgres():  # of a table this small it reads all, or the newest, once it knows how small it is
            await Listing.raw("SET LOCAL enable_seqscan = off")
            await Listing.raw("DROP INDEX listing_newest")
        plan = str(await Listing.raw(f"EXPLAIN {'' if db.on_postgres() else 'QUERY PLAN'} {query}"))
        await transaction.rollback()
    assert "listing_url" in plan, plan


async def test_an_address_may_be_as_long_as_any(house: None) -> None:
    listing = await listing_of(url="https://ads.example/" + "".join(chr(0x1F300 + n % 700) for n in range(1_980)))
    assert await match(listing.account, "kijiji", said(URL)) == Match(listing.id)  # by its number
